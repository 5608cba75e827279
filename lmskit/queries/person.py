"""People: all of them, one by address, number or id, and the lecturers who can own a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from lmskit.errors import LecturerNotFoundError, UnknownPersonError
from lmskit.listings import LECTURERS, PEOPLE
from lmskit.models import Course, CourseStaff, Enrollment, ExternalId, User
from lmskit.queries.frame import frame, rows
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, RowOrder, page_of
from lmskit.queries.person_search import found_by
from lmskit.vocabulary import FORMER_ADDRESS, EntityKind, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from lmskit.queries.frame import Rows

_BY_SYSTEM = aggregate_order_by(literal(", "), ExternalId.source.collate("C"), ExternalId.external_id.collate("C"))
BY_NAME = RowOrder(User.id, (User.sort_name.collate("C"), User.id))
HAS_INVENTED_ADDRESS = User.email.regexp_match("[.@]invalid$")
"""The condition that an import invented the address of a person; SQL's form of `lmskit.schemas.text.is_invented`."""


def person_by_email(session: Session, email: str) -> User | None:
    """The person who has this address, or had it before a merge or a change; capitals are written in any form.

    None if there is no such person. For administrators: lecturers may not read addresses (`lms.addresses_in` has those of their courses).
    """
    return people_by_email(session, [email]).get(_as_stored(email))


def people_by_email(session: Session, emails: Collection[str]) -> dict[str, User]:
    """The people who have these addresses, or had them before, by the address in lower case; see `person_by_email`."""
    wanted = {_as_stored(email) for email in emails if "\0" not in email}
    found = {str(person.email): person for person in session.scalars(select(User).where(User.email.in_(wanted)))}
    rest = wanted - found.keys()
    if rest and session.scalar(select(func.has_table_privilege(f"lms.{ExternalId.__tablename__}", "SELECT"))):
        former = select(ExternalId.external_id, User).join(User, User.id == ExternalId.person_id)
        aliases = session.execute(former.where(*_of_system(FORMER_ADDRESS), ExternalId.external_id.in_(rest)))
        found |= dict(aliases.all())
    return found


def lecturer_by_email(session: Session, email: str, *, option: str = "--lecturer EMAIL") -> User:
    """The lecturer with this address, as `person_by_email` finds people.

    Raises
    ------
    LecturerNotFoundError
        No person has the address, or the person is not a lecturer. It names `option`.
    """
    person = person_by_email(session, email)
    if person is None or person.role is not Role.LECTURER:
        raise LecturerNotFoundError(email=email, option=option, is_student=person is not None and person.role is Role.STUDENT)
    return person


def lecturers_known_as(session: Session, ids: Mapping[str, Collection[str]], addresses: Collection[str]) -> list[User]:
    """The lecturers who have one of the ids of other systems, given by system, or one of the addresses; by id."""
    by_id = (and_(*_of_system(source), ExternalId.external_id.in_(of_source)) for source, of_source in ids.items())
    with_id = select(ExternalId.person_id).where(or_(false(), *by_id))
    known = or_(User.id.in_(with_id), User.email.in_([_as_stored(address) for address in addresses]))
    return list(session.scalars(select(User).where(User.role == Role.LECTURER, known).order_by(User.id)))


def found_person(session: Session, who: str) -> User:
    """The person with this address, this number, or this id of another system, written SYSTEM:ID.

    Raises
    ------
    UnknownPersonError
        There is no such person.
    """
    typed = who.strip()
    found: User | None = None
    if typed.isascii() and typed.isdecimal():
        found = session.get(User, int(typed)) if int(typed) <= LAST_ROW else None
    elif "@" in typed:
        found = person_by_email(session, typed)
    if found is None and ":" in typed and "\0" not in typed:
        source, _, external_id = typed.partition(":")
        found = _by_outside_id(session, source, external_id)
    if found is None:
        raise UnknownPersonError(person=who)
    return found


def _by_outside_id(session: Session, source: str, external_id: str) -> User | None:
    if "\0" in external_id:
        return None
    named = select(User).join(ExternalId, ExternalId.person_id == User.id)
    return session.scalars(named.where(*_of_system(source), ExternalId.external_id == external_id)).one_or_none()


def _of_system(source: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ExternalId.kind == EntityKind.PERSON, ExternalId.source == source


def _as_stored(email: str) -> str:
    return email.strip().lower()


@PEOPLE.documented
def people(
    session: Session,
    *,
    search: str | None = None,
    role: Role | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> pd.DataFrame:
    """Everyone in lmskit, by family name; only administrators see all of them.

    {columns}

    `search` keeps those whom `found_by` finds, `role` those of one role. `after` begins the page after the person with this number,
    instead of at `offset`.

    Raises
    ------
    SearchTextError
        The search is too long.
    """
    return PEOPLE.table(person_rows(session, search=search, role=role, limit=limit, offset=offset, after=after))


def person_rows(
    session: Session,
    *,
    search: str | None = None,
    role: Role | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> Rows:
    """The rows of `people`, for a list in the terminal."""
    ids = select(func.string_agg(ExternalId.source + ":" + ExternalId.external_id, _BY_SYSTEM)).where(ExternalId.person_id == User.id)
    statement = select(
        User.id.label("person_id"),
        User.name.label("name"),
        User.email,
        User.role,
        ids.scalar_subquery().label("ids"),
        (_count(Enrollment.student_id) + _count(Course.lecturer_id) + _count(CourseStaff.person_id)).label("n_courses"),
    ).where(*_wanted(search, role))
    return rows(session, page_of(session, statement, BY_NAME, limit=limit, offset=offset, after=after))


def count_people(session: Session, *, search: str | None = None, role: Role | None = None) -> int:
    """The number of rows on all pages of `people`."""
    return session.scalar(select(func.count()).select_from(User).where(*_wanted(search, role))) or 0


def _wanted(search: str | None, role: Role | None) -> list[ColumnElement[bool]]:
    return [found_by(search), *([] if role is None else [User.role == role])]


def _count(person: InstrumentedAttribute[int]) -> ColumnElement[int]:
    return select(func.count()).where(person == User.id).scalar_subquery()


@LECTURERS.documented
def lecturers(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: int | None = None) -> pd.DataFrame:
    """The people who can own a course, by family name.

    {columns}

    `after` begins the page after the person with this number, instead of at `offset`.
    """
    columns = select(User.id.label("person_id"), User.name.label("name"), User.email, User.db_role.is_not(None).label("has_login"))
    statement = columns.where(User.role == Role.LECTURER)
    return frame(session, page_of(session, statement, BY_NAME, limit=limit, offset=offset, after=after), LECTURERS)
