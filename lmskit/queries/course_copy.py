"""What a copied course has, and which other courses of its module there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.models import BankQuestion, Course, Material, MaterialPassage, PassageVector, Quiz, ReadingDecision, Syllabus
from lmskit.rounding import count_text

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ScalarSelect
    from sqlalchemy.orm import InstrumentedAttribute, Session


@dataclass(frozen=True)
class CopiedRows:
    """How much a copy has.

    Attributes
    ----------
    weeks, quizzes, questions, bank_questions, materials, passages, vectors, decisions
        Numbers of each; questions are those of the quizzes, decisions those about reading advice.
    due, first_due, last_due
        How many quizzes have a day on which they are due, the first of these days and the last.
    due_late
        How many are due after the last day of the term.
    """

    weeks: int
    quizzes: int
    questions: int
    bank_questions: int
    materials: int
    passages: int
    vectors: int
    decisions: int
    due: int
    first_due: dt.date | None
    last_due: dt.date | None
    due_late: int

    @property
    def text(self) -> str:
        """How much of each kind, in words."""
        parts = [
            count_text(self.weeks, "week"),
            f"{count_text(self.quizzes, 'quiz', 'quizzes')} with {count_text(self.questions, 'question')} and their keys",
            f"{count_text(self.materials, 'material')} with {count_text(self.passages, 'passage')}",
            count_text(self.vectors, "vector of passages", "vectors of passages"),
            count_text(self.bank_questions, "question of banks", "questions of banks"),
            count_text(self.decisions, "decision about advice", "decisions about advice"),
        ]
        return f"{', '.join(parts[:-1])} and {parts[-1]}"


def copied_rows(session: Session, course_id: int, *, last_day: dt.date) -> CopiedRows:
    """How much a course has of what is copied; `last_day` is that of its term."""

    def n_rows(course: InstrumentedAttribute[int]) -> ScalarSelect[int]:
        return select(func.count()).where(course == course_id).scalar_subquery()

    def of_quizzes(value: object) -> ScalarSelect[object]:
        return select(value).where(Quiz.course_id == course_id).scalar_subquery()  # type: ignore[call-overload,no-any-return]

    found = session.execute(
        select(
            n_rows(Syllabus.course_id).label("weeks"),
            n_rows(Quiz.course_id).label("quizzes"),
            of_quizzes(func.coalesce(func.sum(func.jsonb_array_length(Quiz.questions)), 0)).label("questions"),
            n_rows(BankQuestion.course_id).label("bank_questions"),
            n_rows(Material.course_id).label("materials"),
            n_rows(MaterialPassage.course_id).label("passages"),
            n_rows(PassageVector.course_id).label("vectors"),
            n_rows(ReadingDecision.course_id).label("decisions"),
            of_quizzes(func.count(Quiz.due_on)).label("due"),
            of_quizzes(func.min(Quiz.due_on)).label("first_due"),
            of_quizzes(func.max(Quiz.due_on)).label("last_due"),
            of_quizzes(func.count().filter(Quiz.due_on > last_day)).label("due_late"),
        )
    ).one()
    return CopiedRows(**found._asdict())


def courses_of_module(session: Session, *, module_code: str, term_id: int) -> tuple[str, ...]:
    """The codes of the courses of a module in a term."""
    found = select(Course.code).where(Course.module_code == module_code, Course.term_id == term_id)
    return tuple(session.scalars(found.order_by(Course.code.collate("C"))))
