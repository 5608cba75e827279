"""The audit trail: who changed what, newest first. Administrators read it; nobody writes it by hand."""

from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import Session

from lmskit.db import login_name
from lmskit.models import AuditEntry, Course, User
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page


def audit_entries(
    session: Session,
    *,
    course: str | None = None,
    actor: str | None = None,
    table: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
) -> pd.DataFrame:
    """Changes, newest first; those of one course (code), by one person (address, now or then), to one table.

    ============  =========  ==========================================================
    entry_id      int64
    at            object     moment of the change
    actor         str        the login it was made with
    person        str        address of whose login that is; NaN where it is nobody's
    action        str        insert, update, delete, or what happened to a login
    table_name    str
    row_key       str        of the changed row; "*" for rows that were only counted
    course        str        code; NaN where it concerns none, or one that is gone
    old           object     the changed columns before, as a dictionary, or None
    new           object     the changed columns after
    ============  =========  ==========================================================
    """
    check_page(limit, offset)
    statement = (
        _chosen(
            session,
            select(
                AuditEntry.id.label("entry_id"),
                AuditEntry.at,
                AuditEntry.actor,
                User.email.label("person"),
                AuditEntry.action,
                AuditEntry.table_name,
                AuditEntry.row_key,
                Course.code.label("course"),
                AuditEntry.old,
                AuditEntry.new,
            ),
            course=course,
            actor=actor,
            table=table,
        )
        .order_by(AuditEntry.id.desc())
        .limit(limit)
        .offset(offset)
    )
    texts = dict.fromkeys(("actor", "person", "action", "table_name", "row_key", "course"), "str")
    return frame(session, statement, {"entry_id": "int64", "at": "object", **texts, "old": "object", "new": "object"})


def count_audit_entries(session: Session, *, course: str | None = None, actor: str | None = None, table: str | None = None) -> int:
    """How many entries `audit_entries` lists."""
    return session.scalar(_chosen(session, select(func.count()), course=course, actor=actor, table=table)) or 0


def _chosen(session: Session, statement: Select[Any], *, course: str | None, actor: str | None, table: str | None) -> Select[Any]:
    statement = statement.select_from(AuditEntry)
    statement = statement.outerjoin(User, User.db_role == AuditEntry.actor).outerjoin(Course, Course.id == AuditEntry.course_id)
    if course is not None:
        statement = statement.where(Course.code == course)
    if actor is not None:
        statement = statement.where(_by(session, actor))
    if table is not None:
        statement = statement.where(AuditEntry.table_name == table)
    return statement


def _by(session: Session, actor: str) -> ColumnElement[bool]:
    """A person by address, also by one they had when the change was made; or a login by its name."""
    database = str(session.scalar(text("SELECT current_database()")))
    return or_(User.email == actor.strip().lower(), AuditEntry.actor.in_([login_name(database, actor), actor]))
