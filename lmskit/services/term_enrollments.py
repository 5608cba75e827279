"""What becomes of the enrollments of a term that is closed, or opened again.

Active ones are completed; a pending one is withdrawn, and its message is not sent, since nobody joins a course of a term that is over.
Opening the term makes those active again that closing completed, which the audit trail says; what was withdrawn stays withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, and_, case, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import DATE, distinct_on

from lmskit.errors import TermStateError
from lmskit.models import AuditEntry, Course, Enrollment, OutboxMessage, Term
from lmskit.queries.term_closing import completed_on
from lmskit.rounding import count_text
from lmskit.services.enrollment import ENDED_BEFORE
from lmskit.services.outbox import CLOSED_FIRST
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement, Select, Update
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class EndedEnrollments:
    """How many enrollments of a term were completed, and how many pending ones were withdrawn."""

    completed: int
    withdrawn: int

    @property
    def sentence(self) -> str:
        """Both numbers in words; empty where no enrollment ended.

        Examples
        --------
        >>> EndedEnrollments(completed=40, withdrawn=1).sentence
        '40 enrollments are completed, and 1 pending enrollment is withdrawn.'
        """
        parts = []
        if self.completed:
            parts.append(f"{count_text(self.completed, 'enrollment')} {_are(self.completed)} completed")
        if self.withdrawn:
            parts.append(f"{count_text(self.withdrawn, 'pending enrollment')} {_are(self.withdrawn)} withdrawn")
        return f"{', and '.join(parts)}." if parts else ""


def end_enrollments(session: Session, term: Term, *, today: dt.date) -> EndedEnrollments:
    """Complete the active enrollments of a term with its last day, or today if that comes first, and withdraw the pending ones.

    Nobody else writes in the term: the transaction holds its row.

    Raises
    ------
    TermStateError
        The message of a pending enrollment is being sent at this moment.
    """
    pending = select(Enrollment).where(_in_term(term), Enrollment.status == EnrollmentStatus.PENDING)
    in_order = pending.with_only_columns(Enrollment.student_id).order_by(Enrollment.course_id, Enrollment.student_id)
    session.execute(in_order.with_for_update(key_share=True))
    messages = _messages_of_pending(term).where(OutboxMessage.status == OutboxStatus.WAITING)
    cancelled = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(messages.with_only_columns(OutboxMessage.id)), OutboxMessage.status == OutboxStatus.WAITING)
        .where(or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < func.clock_timestamp()))
        .values(status=OutboxStatus.REFUSED, last_error=CLOSED_FIRST, leased_until=None)
    )
    _count(session, cancelled)
    n_being_sent = session.scalar(messages.with_only_columns(func.count())) or 0
    if n_being_sent:
        verb = "is" if n_being_sent == 1 else "are"
        raise TermStateError(
            f"The term {term.code} cannot be closed: {count_text(n_being_sent, 'message')} to students whose enrollment is pending "
            f"{verb} being sent at this moment. Nothing was changed; try again in a minute."
        )
    withdrawn = _count(session, _withdrawal(term, today))
    completion = (
        update(Enrollment)
        .where(_in_term(term), Enrollment.status == EnrollmentStatus.ACTIVE)
        .values(status=EnrollmentStatus.COMPLETED, ended_on=func.greatest(completed_on(term, today), Enrollment.started_on))
    )
    return EndedEnrollments(completed=_count(session, completion), withdrawn=withdrawn)


def resume_enrollments(session: Session, term: Term) -> int:
    """Make active again what closing the term completed, as the audit trail has it; return how many enrollments.

    An enrollment that a file or an import completed stays completed, and so does one whose entry is kept no longer.
    """
    courses = select(Course.id).where(Course.term_id == term.id)
    latest = (
        select(AuditEntry.course_id, AuditEntry.row_key, AuditEntry.old, AuditEntry.new, AuditEntry.import_run_id)
        .where(
            AuditEntry.table_name == Enrollment.__tablename__,
            AuditEntry.action == "update",
            AuditEntry.course_id.in_(courses),
            AuditEntry.new.has_key("status"),
        )
        .ext(distinct_on(AuditEntry.course_id, AuditEntry.row_key))
        .order_by(AuditEntry.course_id, AuditEntry.row_key, AuditEntry.id.desc())
        .cte("latest")
    )
    statement = (
        update(Enrollment)
        .where(
            Enrollment.course_id == latest.c.course_id,
            latest.c.row_key == func.concat_ws(":", Enrollment.course_id, Enrollment.student_id),
            Enrollment.status == EnrollmentStatus.COMPLETED,
            latest.c.old["status"].astext == EnrollmentStatus.ACTIVE.value,
            latest.c.new["status"].astext == EnrollmentStatus.COMPLETED.value,
            latest.c.import_run_id.is_(None),
        )
        .values(status=EnrollmentStatus.ACTIVE, ended_on=None)
    )
    return _count(session, statement)


def _withdrawal(term: Term, today: dt.date) -> Update:
    """Withdraw what is pending: a student who had left before gets the earlier last day back."""
    ended_before = (
        select(cast(OutboxMessage.context[ENDED_BEFORE].astext, DATE))
        .where(_is_message_of_enrollment())
        .correlate(Enrollment)
        .scalar_subquery()
    )
    had_left = Enrollment.previous_status == EnrollmentStatus.WITHDRAWN
    return (
        update(Enrollment)
        .where(_in_term(term), Enrollment.status == EnrollmentStatus.PENDING)
        .values(
            status=EnrollmentStatus.WITHDRAWN,
            previous_status=None,
            ended_on=func.greatest(func.coalesce(case((had_left, ended_before)), today), Enrollment.started_on),
        )
    )


def _messages_of_pending(term: Term) -> Select[OutboxMessage]:
    """The messages of the latest requests of pending enrollments."""
    waits = Enrollment.status == EnrollmentStatus.PENDING
    return select(OutboxMessage).join(Enrollment, _is_message_of_enrollment()).where(_in_term(term), waits)


def _is_message_of_enrollment() -> ColumnElement[bool]:
    return and_(
        OutboxMessage.course_id == Enrollment.course_id,
        OutboxMessage.student_id == Enrollment.student_id,
        OutboxMessage.request_sequence == Enrollment.request_sequence,
    )


def _in_term(term: Term) -> ColumnElement[bool]:
    return Enrollment.course_id.in_(select(Course.id).where(Course.term_id == term.id))


def _count(session: Session, statement: Update) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
