"""Logins of lecturers and administrators: create, close, open, rename, set a password.

The role in the server and the columns in `users` change in one statement, by functions of the database. A password reaches the
database only as verifier and hash.
"""

from collections.abc import Sequence

import psycopg
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import (
    ChangedMeanwhileError,
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
from lmskit.schemas.login import ChangeAddress, CloseLogin, CreateLogin
from lmskit.schemas.staff import HandOver
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person, keep_former_address, set_password, stored_form
from lmskit.services.staff import cannot_sign_in, hand_over
from lmskit.vocabulary import Role

NOT_FORMER = text("DELETE FROM external_ids WHERE source = 'address' AND kind = 'person' AND external_id = :address")


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
def asked_before_closing(session: Session, request: CloseLogin) -> str:
    """The question to ask before a login is closed, which says what becomes of the person's courses. Errors as in `close_login`."""
    person = _person_with_login(session, request.email)
    return _question(session, request, person, courses_in_open_terms(session, person))


def _question(session: Session, request: CloseLogin, person: User, courses: Sequence[str]) -> str:
    if not login_is_open(session, person):
        raise LoginClosedError(email=request.email)
    taker = None if request.courses_to is None else lecturer_by_email(session, request.courses_to, option="")
    if courses and taker is None and not request.keep_courses:
        raise LeadsCoursesError(email=request.email, courses=courses)
    then, warning = "the person and the courses stay", ""
    if courses:
        who = "nobody else" if taker is None else request.courses_to
        then = f"{who} is responsible for {', '.join(courses)} then"
        warning = "" if taker is None else cannot_sign_in(session, taker)
    return f"Close the login of {person.email}? Open sessions are ended; {then}. {warning}".rstrip()


@administrators_only("close logins")
def close_login(
    session: Session, email: str, *, courses_to: str | None = None, keep_courses: bool = False, asked: str | None = None
) -> User:
    """Close a login: it loses its password and its rights. The person and their work stay.

    The person's courses of open terms go to the lecturer `courses_to` first. Open sessions lose their rights once this is committed;
    `end_sessions` ends them. With `keep_courses` it is closed even if the person is responsible for courses, as at once after a password
    became known. `asked` is the question that was answered with yes, if one was asked.

    Raises
    ------
    ChangedMeanwhileError
        The question would be another one by now, such as about other courses.
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
    request = CloseLogin(email=email, courses_to=courses_to, keep_courses=keep_courses)
    courses = courses_in_open_terms(session, person, locked=courses_to is not None)
    if asked not in {None, _question(session, request, person, courses)}:
        raise ChangedMeanwhileError(what=f"the courses of {email}")
    for course in [] if keep_courses else courses:
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
    """Give anyone another address; a login is renamed with it. By the former one, imports and commands still find the person.

    Raises
    ------
    PersonExistsError
        The address belongs to another person.
    OwnLoginError
        It is the login that this session uses.
    """
    former = person.email
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
    session.execute(NOT_FORMER, {"address": address})
    if former not in {None, address}:
        keep_former_address(session, person.id, str(former))


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
