"""Logins of lecturers and administrators: create, close, open, rename, set a password.

The role in the server and the columns in `users` change in one statement, by functions of the database. A password reaches the
database only as verifier and hash.
"""

import psycopg
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import (
    FamilyNameNeededError,
    LastAdministratorError,
    LeadsCoursesError,
    LoginClosedError,
    LoginExistsError,
    NoLoginError,
    OtherRoleError,
    OwnLoginError,
    PersonExistsError,
    PersonNotFoundError,
)
from lmskit.models import User
from lmskit.queries.login import courses_in_open_terms, login_is_open
from lmskit.queries.person import lecturer_by_email, person_by_email
from lmskit.schemas.login import ChangeAddress, CreateLogin
from lmskit.schemas.staff import HandOver
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person, set_password, stored_form
from lmskit.services.staff import hand_over
from lmskit.vocabulary import Role


@administrators_only("create logins")
def create_login(session: Session, request: CreateLogin, *, password: str) -> User:
    """Create a login for a lecturer or an administrator; a person who is not in lmskit yet is added, by default as a lecturer.

    Raises
    ------
    FamilyNameNeededError
        No person has the address, and the request has no family name.
    OtherRoleError
        The person is a student, or has another role than the request.
    LoginExistsError
        The person has a login, open or closed.
    """
    person = person_by_email(session, request.email)
    if person is None:
        if not request.family_name:
            raise FamilyNameNeededError(email=request.email)
        person = add_person(
            session,
            email=request.email,
            family_name=request.family_name,
            given_name=request.given_name,
            role=request.role or Role.LECTURER,
        )
    elif person.role is Role.STUDENT or request.role not in {None, person.role}:
        raise OtherRoleError(email=request.email, role=person.role)
    elif login_is_open(session, person) is False:
        raise LoginClosedError(email=request.email)
    elif person.db_role is not None:
        raise LoginExistsError(email=request.email)
    set_password(session, person, password)
    return person


@administrators_only("close logins")
def close_login(session: Session, email: str, *, courses_to: str | None = None, keep_courses: bool = False) -> User:
    """Close a login: it loses its password and its rights. The person and their work stay.

    The person's courses of open terms go to the lecturer `courses_to` first. Open sessions lose their rights once this is committed;
    `end_sessions` ends them. With `keep_courses` it is closed even if the person is responsible for courses, as at once after a password
    became known.

    Raises
    ------
    PersonNotFoundError, NoLoginError, LoginClosedError
        The address belongs to no open login.
    LastAdministratorError
        It is the only open login of an administrator.
    LeadsCoursesError
        The person is responsible for courses of terms that are open, which no other person would lead.
    LecturerNotFoundError, IsResponsibleError
        The courses cannot go to `courses_to`, who is not a lecturer, or the same person.
    """
    person = _person_with_login(session, email)
    if courses_to is not None:  # a mistyped address is refused, though there may be no course to hand over
        lecturer_by_email(session, courses_to, option="")
    courses = [] if keep_courses else courses_in_open_terms(session, person)
    if courses and courses_to is None:
        raise LeadsCoursesError(email=email, courses=courses)
    for course in courses:
        hand_over(session, HandOver(course=course, email=str(courses_to)))
    try:
        with session.begin_nested():
            closed = session.scalar(text("SELECT lms.close_login(:person)"), {"person": person.id})
    except IntegrityError as error:
        if violated_constraint(error) != "an_administrator_remains":
            raise
        raise LastAdministratorError(email=email) from error
    if not closed:
        raise LoginClosedError(email=email)
    return person


@administrators_only("end the sessions of others")
def end_sessions(session: Session, person: User) -> int | None:
    """End the open sessions of a person except this one; return how many, or None if the server does not allow it."""
    ended: int | None = session.scalar(text("SELECT lms.end_sessions(:person)"), {"person": person.id})
    return ended


def sessions_ended(n_ended: int | None) -> str:
    """Describe what `end_sessions` returned.

    Examples
    --------
    >>> sessions_ended(1)
    '1 open session was ended.'
    """
    if n_ended is None:
        return "The server does not let lmskit end its open sessions. They have no rights any more; a superuser can end them."
    return f"{n_ended} open session{'s were' if n_ended != 1 else ' was'} ended." if n_ended else "It had no open session."


@administrators_only("open logins")
def open_login(session: Session, email: str, *, password: str) -> User:
    """Open a closed login with a new password; for an open login, set a new password.

    Raises
    ------
    PersonNotFoundError, NoLoginError
        The address belongs to no login.
    """
    person = _person_with_login(session, email)
    set_password(session, person, password)
    return person


@administrators_only("set the passwords of others")
def give_password(session: Session, email: str, *, password: str) -> User:
    """Set a new password for another person's login.

    Raises
    ------
    PersonNotFoundError, NoLoginError, LoginClosedError
        The address belongs to no open login.
    """
    person = _person_with_login(session, email)
    if not login_is_open(session, person):
        raise LoginClosedError(email=email)
    set_password(session, person, password)
    return person


def change_own_password(session: Session, *, password: str) -> None:
    """Set a new password for the login that this session uses; no further right is needed."""
    session.execute(text("SELECT lms.set_my_password(:verifier, :hash)"), stored_form(password))


@administrators_only("change addresses")
def change_address(session: Session, request: ChangeAddress) -> User:
    """Change the address of a lecturer or an administrator; the login is renamed with it and keeps its password.

    The person's open sessions end with the commit.

    Raises
    ------
    PersonNotFoundError
        No lecturer or administrator has the old address.
    PersonExistsError
        The new address belongs to a person already.
    OwnLoginError
        It is the login that this session uses.
    """
    person = _staff_member(session, request.old)
    set_address(session, person, request.new)
    return person


def set_address(session: Session, person: User, address: str) -> None:
    """Give anyone another address; a login is renamed with it.

    Raises
    ------
    PersonExistsError
        The address belongs to another person.
    OwnLoginError
        It is the login that this session uses.
    """
    try:
        with session.begin_nested():
            session.execute(update(User).where(User.id == person.id).values(email=address))
    except IntegrityError as error:
        match violated_constraint(error):
            case "uq_users_email":
                raise PersonExistsError(email=address) from error
            case "not_the_own_login":
                raise OwnLoginError(email=person.email or address) from error
        raise
    except ProgrammingError as error:  # a login of the new address exists, so the address is taken
        if not isinstance(error.orig, psycopg.errors.DuplicateObject):
            raise
        raise PersonExistsError(email=address) from error
    session.refresh(person, ["email", "db_role"])


def _person_with_login(session: Session, email: str) -> User:
    person = _staff_member(session, email)
    if person.db_role is None:
        raise NoLoginError(email=email)
    return person


def _staff_member(session: Session, email: str) -> User:
    person = person_by_email(session, email)
    if person is None or person.role is Role.STUDENT:
        raise PersonNotFoundError(email=email)
    return person
