"""What goes with a quiz, a course, a term or a person that is deleted, also by cascades of the database; never more than was shown.

Rows that are computed from others are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.errors import MoreWouldGoError
from lmskit.models import (
    BankQuestion,
    CourseStaff,
    Enrollment,
    ExternalId,
    Invitation,
    MessageText,
    OutboxMessage,
    PersonMerge,
    QuestionSlot,
    Quiz,
    QuizAttempt,
    QuizException,
    Section,
    SectionMember,
    StaffSection,
    StudentActivity,
    Syllabus,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.models import Base

    Kinds = dict[str, tuple[type[Base], ColumnElement[bool]]]
    """Tables, and which of their rows, by what these are called in the plural."""
    Going = tuple[tuple[str, int], ...]
    """How many rows go, by kind."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is deleted, and how much goes with it.

    Attributes
    ----------
    what
        Such as "the course CS101".
    going
        Rows that go with it, by kind in the plural; none that are 0.
    """

    what: str
    going: Going = ()

    @property
    def n_going(self) -> int:
        """How many rows go with it."""
        return sum(count for _, count in self.going)

    @property
    def sentence(self) -> str:
        """What goes with it.

        Examples
        --------
        >>> Deletion("the course CS101", (("weeks", 12), ("enrollments", 1))).sentence
        'With the course CS101 go: weeks: 12, enrollments: 1.'
        >>> Deletion("the term T").sentence
        'Nothing else goes with the term T.'
        """
        if not self.going:
            return f"Nothing else goes with {self.what}."
        return f"With {self.what} go: {', '.join(f'{kind}: {count:,}' for kind, count in self.going)}."


def of_quiz(quiz_id: int) -> Kinds:
    """What goes with a quiz."""
    return {
        "attempts that were taken back": (QuizAttempt, QuizAttempt.quiz_id == quiz_id),
        "excuses and more time": (QuizException, QuizException.quiz_id == quiz_id),
        "numbered questions of reports": (QuestionSlot, QuestionSlot.quiz_id == quiz_id),
        "ids of other systems": (ExternalId, ExternalId.quiz_id == quiz_id),
    }


def of_course(course_id: int) -> Kinds:
    """What goes with a course."""
    return {
        "enrollments": (Enrollment, Enrollment.course_id == course_id),
        "weeks": (Syllabus, Syllabus.course_id == course_id),
        "quizzes": (Quiz, Quiz.course_id == course_id),
        "attempts that were taken back": (QuizAttempt, QuizAttempt.course_id == course_id),
        "excuses and more time": (QuizException, QuizException.course_id == course_id),
        "numbered questions of reports": (QuestionSlot, QuestionSlot.course_id == course_id),
        "records of activity": (StudentActivity, StudentActivity.course_id == course_id),
        "sections and groups": (Section, Section.course_id == course_id),
        "memberships of sections and groups": (SectionMember, SectionMember.course_id == course_id),
        "staff": (CourseStaff, CourseStaff.course_id == course_id),
        "sections of assistants": (StaffSection, StaffSection.course_id == course_id),
        "questions of banks": (BankQuestion, BankQuestion.course_id == course_id),
        "messages": (OutboxMessage, OutboxMessage.course_id == course_id),
        "texts of messages": (MessageText, MessageText.course_id == course_id),
        "ids of other systems": (ExternalId, ExternalId.course_id == course_id),
    }


def of_term(term_id: int) -> Kinds:
    """What goes with a term."""
    return {"ids of other systems": (ExternalId, ExternalId.term_id == term_id)}


def of_person(person_id: int) -> Kinds:
    """What goes with a person."""
    return {
        "attempts that were taken back": (QuizAttempt, QuizAttempt.student_id == person_id),
        "excuses and more time": (QuizException, QuizException.student_id == person_id),
        "records of activity": (StudentActivity, StudentActivity.student_id == person_id),
        "messages": (OutboxMessage, OutboxMessage.student_id == person_id),
        "roles in courses": (CourseStaff, CourseStaff.person_id == person_id),
        "sections of assistants": (StaffSection, StaffSection.person_id == person_id),
        "memberships of sections and groups": (SectionMember, SectionMember.student_id == person_id),
        "enrollments": (Enrollment, Enrollment.student_id == person_id),
        "ids of other systems": (ExternalId, ExternalId.person_id == person_id),
        "invitations": (Invitation, Invitation.person_id == person_id),
        "receipts of merges": (PersonMerge, PersonMerge.kept_id == person_id),
    }


def n_rows(session: Session, model: type[Base], condition: ColumnElement[bool]) -> int:
    """How many rows of a table a condition is true of."""
    return session.scalar(select(func.count()).select_from(model).where(condition)) or 0


def counted(session: Session, what: str, kinds: Kinds, *, shown: Going | None) -> Deletion:
    """Count what goes.

    Raises
    ------
    MoreWouldGoError
        There is more of a kind than a person was shown.
    """
    counts = ((kind, n_rows(session, model, condition)) for kind, (model, condition) in kinds.items())
    going = tuple((kind, count) for kind, count in counts if count)
    if shown is not None:
        before = dict(shown)
        more = [f"{kind}: {count:,} instead of {before.get(kind, 0):,}" for kind, count in going if count > before.get(kind, 0)]
        if more:
            raise MoreWouldGoError(what=what, more=", ".join(more))
    return Deletion(what, going)
