"""People who sign in: the person, the Argon2id hash and the database login are created together or not at all."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import login_name, scram_verifier, violated_constraint
from lmskit.errors import LoginClosedError, PersonExistsError
from lmskit.models import User
from lmskit.names import sort_name
from lmskit.schemas.person import AddLecturer, CreatePerson
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import Role

FORMER_ADDRESS = text("""
    INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('address', 'person', :address, :person)
    ON CONFLICT (source, kind, external_id) DO UPDATE SET person_id = excluded.person_id
""")

_hashes = PasswordHash((Argon2Hasher(),))


@administrators_only("add people")
def create_person(session: Session, request: CreatePerson, *, password: str) -> User:
    """Add a lecturer or an administrator who can sign in with `password`.

    Raises
    ------
    PersonExistsError
        The address belongs to a person already.
    """
    person = add_person(session, email=request.email, family_name=request.family_name, given_name=request.given_name, role=request.role)
    set_password(session, person, password)
    return person


@administrators_only("add people")
def add_lecturer(session: Session, request: AddLecturer, *, password: str) -> User:
    """Add a lecturer; `password` is that of the login, and is ignored if the request is without a login.

    Raises
    ------
    PersonExistsError
        The address belongs to a person already.
    """
    names = {"family_name": request.family_name, "given_name": request.given_name}
    person = add_person(session, email=request.email, role=Role.LECTURER, **names)
    if request.with_login:
        set_password(session, person, password)
    return person


def add_person(session: Session, *, email: str | None, family_name: str, given_name: str, role: Role) -> User:
    """Add a person without a login.

    Raises
    ------
    PersonExistsError
        The address belongs to a person already.
    """
    # Not by `session.add`, which would name every column: only the owner of logins may write the columns of a login.
    statement = insert(User).values(
        email=email, family_name=family_name, given_name=given_name, sort_name=sort_name(family_name, given_name), role=role
    )
    try:
        with session.begin_nested():
            return session.scalars(statement.returning(User)).one()
    except IntegrityError as error:
        if email is None or violated_constraint(error) != "uq_users_email":
            raise
        raise PersonExistsError(email=email) from error


def keep_former_address(session: Session, person_id: int, address: str) -> None:
    """Let imports and commands find the person by an address that was theirs; of several who had it, it means the last one."""
    session.execute(FORMER_ADDRESS, {"address": address, "person": person_id})


def set_password(session: Session, person: User, password: str) -> None:
    """Set a lecturer's or administrator's password: the server's verifier and our hash, in one statement."""
    statement = text("SELECT lms.set_login(:person, :verifier, :hash)")
    session.execute(statement, {"person": person.id, **stored_form(password)})
    session.refresh(person, ["db_role"])


def found_administrator(session: Session, request: CreatePerson, *, password: str) -> bool:
    """Create the first administrator; False, with nothing changed, if an administrator can sign in already.

    `session` is the migrator's: while there is no administrator, no other login may add people.
    """
    statement = text("SELECT lms.found_administrator(:address, :family, :given, :sorted_as, :verifier, :hash)")
    name = {"family": request.family_name, "given": request.given_name, "sorted_as": sort_name(request.family_name, request.given_name)}
    return session.scalar(statement, {"address": request.email, **name, **stored_form(password)}) is not None


def recover_login(session: Session, email: str, *, password: str) -> bool:
    """Set a new password for an open login of a lecturer or an administrator; False if the address has no login.

    `session` is the migrator's: the operator of the database uses it when an administrator's password is lost. The audit trail has it
    with the migrator as its actor.

    Raises
    ------
    LoginClosedError
        The login is closed, and stays so.
    """
    open_login = "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = :login"
    is_open = session.scalar(text(open_login), {"login": login_name(str(session.scalar(text("SELECT current_database()"))), email)})
    if is_open is None:
        return False
    if not is_open:
        raise LoginClosedError(email=email)
    statement = text("SELECT lms.recover_login(:address, :verifier, :hash)")
    return session.scalar(statement, {"address": email, **stored_form(password)}) is not None


def stored_form(password: str) -> dict[str, str]:
    """What is stored of a password: the server's verifier and our hash, neither of which is enough to sign in."""
    return {"verifier": scram_verifier(password), "hash": _hashes.hash(password)}
