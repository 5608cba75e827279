"""The first people of a database, and new passwords when the old ones are lost."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from lmskit.db import access, engine_for, login_name, transaction
from lmskit.errors import PersonExistsError, UnreachableError
from lmskit.models import User
from lmskit.queries.person import person_by_email
from lmskit.schemas.person import CreatePerson
from lmskit.services import seed as service
from lmskit.services.login import close_login
from lmskit.services.person import create_person, set_password
from lmskit.services.seed import DEMO_LECTURER, DEMO_LECTURERS, SECOND_LECTURER
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Role
from tests import factories


class NewDatabase:
    """A database of its own, and the passwords that were stored for it."""

    def __init__(self, name, migrator):
        self.name, self.migrator = name, migrator
        self.passwords: dict[str, str] = {}

    def engine(self, email):
        login = login_name(self.name, email)
        url = self.migrator.url.difference_update_query(["passfile"])
        return access().engine_at(url.set(username=login, password=self.passwords[email], database=self.name))

    def seed(self):
        with transaction(self.migrator) as session:
            founded = service.seed_administrator(session, self.passwords.__setitem__)
        with transaction(self.engine(DEMO_ADMIN)) as session:
            return founded, service.seed(session, self.passwords.__setitem__)

    def who(self, email):
        with self.engine(email).connect() as connection:
            return connection.scalar(text("SELECT my_address()"))


@pytest.fixture
def database(migrated_database, request):
    name = f"seed_{abs(hash(request.node.name)) % 10**9}"
    return NewDatabase(name, migrated_database(name))


def test_an_empty_database_gets_its_people_and_each_can_sign_in(database):
    assert database.seed() == (True, list(DEMO_LECTURERS))
    for email in (DEMO_ADMIN, *DEMO_LECTURERS):
        assert database.who(email) == email
    assert len(set(database.passwords.values())) == 3


def test_a_second_seed_changes_nothing(database):
    database.seed()
    before = dict(database.passwords)
    assert database.seed() == (False, [])
    assert database.passwords == before


def test_only_the_first_administrator_is_created_by_the_migrator(database):
    database.seed()
    with transaction(database.migrator) as session:
        second = session.scalar(text("SELECT lms.found_administrator('second@example.org', 'S', '', 's', 'x', 'y')"))
    assert second is None
    with transaction(database.engine(DEMO_ADMIN)) as session:
        assert person_by_email(session, "second@example.org") is None


def test_the_owner_of_the_database_resets_lost_passwords(database):
    database.seed()
    old = database.engine(DEMO_LECTURER).url
    with transaction(database.migrator) as session:
        assert service.reset_passwords(session, database.passwords.__setitem__) == [DEMO_ADMIN, *DEMO_LECTURERS]
    for email in (DEMO_ADMIN, *DEMO_LECTURERS):
        assert database.who(email) == email
    access().engine_at(old).dispose()
    with pytest.raises(UnreachableError, match="does not accept the login"):
        access().engine_at(old).connect()


def test_a_closed_login_stays_closed_when_passwords_are_reset(database):
    database.seed()
    with transaction(database.engine(DEMO_ADMIN)) as session:
        close_login(session, DEMO_LECTURER)
    before = database.passwords[DEMO_LECTURER]
    with transaction(database.migrator) as session:
        assert service.reset_passwords(session, database.passwords.__setitem__) == [DEMO_ADMIN, SECOND_LECTURER]
    assert database.passwords[DEMO_LECTURER] == before
    assert database.who(SECOND_LECTURER) == SECOND_LECTURER
    with database.migrator.connect() as connection:
        state = "SELECT rolcanlogin FROM pg_roles WHERE rolname = :login"
        assert connection.scalar(text(state), {"login": login_name(database.name, DEMO_LECTURER)}) is False
    with pytest.raises(UnreachableError, match=r"does not accept the login .*or the login was closed"):
        database.who(DEMO_LECTURER)


def test_in_an_empty_database_no_password_is_reset(database):
    with transaction(database.migrator) as session:
        assert service.reset_passwords(session, database.passwords.__setitem__) == []
    assert database.passwords == {}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT lms.found_administrator('x@example.org', 'x', '', 'x', 'x', 'x')",
        "SELECT lms.recover_login('demo.admin@example.org', 'x', 'x')",
    ],
)
def test_administrators_and_lecturers_cannot_use_the_functions_of_the_owner(database, statement):
    database.seed()
    for email in (DEMO_ADMIN, DEMO_LECTURER):
        with pytest.raises(ProgrammingError) as caught, database.engine(email).connect() as connection:
            connection.execute(text(statement))
        assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege)


def test_a_seed_that_fails_leaves_no_person_and_can_be_repeated(database):
    def keep_and_fail(email, password):
        database.passwords[email] = password
        raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError), transaction(database.migrator) as session:
        service.seed_administrator(session, keep_and_fail)
    assert database.seed()[0]
    assert database.who(DEMO_ADMIN) == DEMO_ADMIN


def test_a_person_and_the_login_are_created_together(session):
    email = f"{factories.unique('new')}@example.org"
    person = create_person(session, CreatePerson(email=email, family_name="Å"), password="a long enough one")
    assert (person.role, person.sort_name, person.db_role) == (Role.LECTURER, "a", login_name("lmskit", email))
    assert session.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :name"), {"name": person.db_role}) == 1


def test_an_address_belongs_to_one_person(session):
    student = factories.student(session)
    with pytest.raises(PersonExistsError, match="Nothing was changed"):
        create_person(session, CreatePerson(email=factories.address(student), family_name="B"), password="a long enough one")


def test_what_is_stored_of_a_password_is_an_argon2_hash_and_a_verifier(admin_engine, endpoint):
    email = f"{factories.unique('kept')}@example.org"
    with transaction(admin_engine) as session:
        person = create_person(session, CreatePerson(email=email, family_name="Kept"), password="correct horse battery")
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        kept = connection.execute(
            "SELECT password_hash, rolpassword FROM users JOIN pg_authid ON rolname = db_role WHERE id = %s", [person.id]
        ).fetchone()
        connection.execute("DELETE FROM users WHERE id = %s", [person.id])  # and their login with them
    assert kept is not None
    assert kept[0].startswith("$argon2id$")
    assert kept[1].startswith("SCRAM-SHA-256$")


def test_a_student_cannot_be_given_a_password(session):
    with pytest.raises(ProgrammingError, match="only lecturers and administrators"), session.begin_nested():
        set_password(session, factories.student(session), "a long enough one")


def test_the_hash_is_not_read_with_the_person(admin_engine):
    with Session(admin_engine) as session:
        person = person_by_email(session, DEMO_ADMIN)
        assert isinstance(person, User)
        with pytest.raises(ProgrammingError, match="permission denied"):
            _ = person.password_hash


def test_the_fixture_for_tests_keeps_its_login_where_the_seed_would(admin_engine):
    assert access().server.has_login(DEMO_ADMIN)
    assert engine_for(DEMO_ADMIN) is admin_engine
