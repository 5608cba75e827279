"""The audit trail: who changed what, newest first. Only administrators can read it; only triggers write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from lmskit.columns import Column, Columns
from lmskit.db import login_name
from lmskit.models import AuditEntry, Course, User
from lmskit.queries.course import has_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.queries.person import person_by_email

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from lmskit.queries.frame import Rows

LONGEST_VALUE = 2_000
"""Characters of a changed value that are read whole: a page of changes of large quizzes would need gigabytes."""

AUDIT_ENTRIES = Columns(
    Column("entry_id", "int64"),
    Column("at", "object", "`datetime` of the change"),
    Column("actor", "str", "the login that made it"),
    Column("person", "str", "address of the owner of that login; NaN if it belongs to no person"),
    Column("action", "str", "insert, update, delete, archive or restore (of a term), or the change of a login"),
    Column("table_name", "str"),
    Column("row_key", "str", 'of the changed row; "*" for rows that were only counted'),
    Column("course", "str", "code; NaN where it concerns no course, or one that was deleted"),
    Column("old", "object", "the changed columns before, as a dictionary, or None"),
    Column("new", "object", "the changed columns after"),
)

NEWEST_FIRST = RowOrder(AuditEntry.id, (AuditEntry.id,), descending=1)


@AUDIT_ENTRIES.documented
def audit_entries(
    session: Session,
    *,
    course: str | None = None,
    actor: str | None = None,
    table: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> pd.DataFrame:
    """Changes, newest first; `course` (code), `actor` (address, current or earlier) and `table` keep only those.

    {columns}

    `after` begins the page after the entry with this number, instead of at `offset`.

    Of a value that has more than `LONGEST_VALUE` characters as JSON, there is a text with its beginning and its length.
    """
    return AUDIT_ENTRIES.table(audit_rows(session, course=course, actor=actor, table=table, limit=limit, offset=offset, after=after))


def audit_rows(
    session: Session,
    *,
    course: str | None = None,
    actor: str | None = None,
    table: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> Rows:
    """The rows of `audit_entries`, for a list in the terminal."""
    columns = select(
        AuditEntry.id.label("entry_id"),
        AuditEntry.at,
        AuditEntry.actor,
        User.email.label("person"),
        AuditEntry.action,
        AuditEntry.table_name,
        AuditEntry.row_key,
        Course.code.label("course"),
        _bounded(AuditEntry.old).label("old"),
        _bounded(AuditEntry.new).label("new"),
    )
    statement = _filtered(session, columns, course=course, actor=actor, table=table)
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def count_audit_entries(session: Session, *, course: str | None = None, actor: str | None = None, table: str | None = None) -> int:
    """The number of rows on all pages of `audit_entries`."""
    return session.scalar(_filtered(session, select(func.count()), course=course, actor=actor, table=table)) or 0


def _filtered(session: Session, statement: Select[Any], *, course: str | None, actor: str | None, table: str | None) -> Select[Any]:
    statement = statement.select_from(AuditEntry)
    statement = statement.outerjoin(User, User.db_role == AuditEntry.actor).outerjoin(Course, Course.id == AuditEntry.course_id)
    if course is not None:
        statement = statement.where(has_code(course))
    if actor is not None:
        statement = statement.where(_by(session, actor))
    if table is not None:
        statement = statement.where(AuditEntry.table_name == table)
    return statement


def _bounded(changed: InstrumentedAttribute[dict[str, Any] | None]) -> ColumnElement[dict[str, Any] | None]:
    """The changed columns, in which no value is longer than a person reads; the server cuts those that are."""
    column = func.jsonb_each(changed).table_valued("key", "value", joins_implicitly=True)
    written = cast(column.c.value, Text)
    beginning = func.format("%s… (%s characters)", func.left(written, LONGEST_VALUE), func.to_char(func.length(written), "FM999,999,999"))
    value = case((func.length(written) > LONGEST_VALUE, func.to_jsonb(beginning)), else_=column.c.value)
    return select(func.jsonb_object_agg(column.c.key, value, type_=JSONB)).select_from(column).scalar_subquery()


def _by(session: Session, actor: str) -> ColumnElement[bool]:
    """The condition that a change was made by a person, under their address of now or of then, or by a login of this name."""
    database = str(session.scalar(text("SELECT current_database()")))
    person = person_by_email(session, actor)
    return or_(false() if person is None else User.id == person.id, AuditEntry.actor.in_([login_name(database, actor), actor]))
