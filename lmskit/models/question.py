"""Questions before and beside those of a quiz: what banks have, and what reports say about the questions that they number."""

from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, ForeignKeyConstraint, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import DEEPEST_JSON, LARGEST_QUIZ, LARGEST_SCORE, LONGEST_FILE_NAME, LONGEST_QUESTION_ID
from lmskit.models.base import Base, JsonObject, one_line, shallow


class BankQuestion(Base):
    """A question of a bank that was imported into a course. It belongs to no quiz; the reports on quizzes say which are in them."""

    __tablename__ = "bank_questions"
    __table_args__ = (
        CheckConstraint(f"length(bank) BETWEEN 1 AND {LONGEST_FILE_NAME}", name="bank_has_a_length"),
        CheckConstraint(one_line("bank"), name="bank_is_one_line"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint("jsonb_typeof(question) = 'object'", name="question_is_an_object"),
        CheckConstraint(shallow("question", empty="{}", levels=DEEPEST_JSON, size=LARGEST_QUIZ), name="question_is_shallow"),
        CheckConstraint("jsonb_typeof(answer_key) = 'object'", name="answer_key_is_an_object"),
        CheckConstraint(shallow("answer_key", empty="{}", levels=DEEPEST_JSON, size=LARGEST_QUIZ), name="answer_key_is_shallow"),
        {"comment": "Questions of banks, from which the reports on quizzes get types, options and keys"},
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    bank: Mapped[str] = mapped_column(primary_key=True, comment="Name of its file or folder")
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="Its position in the bank, from 1")
    question: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="As lmskit.schemas.quiz.Question")
    answer_key: Mapped[JsonObject] = mapped_column(comment="As lmskit.schemas.quiz.KeyEntry; never shown to students")


class QuestionSlot(Base):
    """A question that the reports on a quiz number, with what they say about it; the question of the quiz has this id."""

    __tablename__ = "question_slots"
    __table_args__ = (
        ForeignKeyConstraint(["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], ondelete="CASCADE"),
        CheckConstraint(f"length(slot) BETWEEN 1 AND {LONGEST_QUESTION_ID}", name="slot_has_a_length"),
        CheckConstraint(one_line("slot"), name="slot_is_one_line"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint(f"points BETWEEN 0 AND {LARGEST_SCORE}", name="points_are_a_score"),
        CheckConstraint("decimals BETWEEN 0 AND 18", name="decimals_are_a_count"),
        CheckConstraint("jsonb_typeof(seen) = 'object'", name="seen_is_an_object"),
        CheckConstraint(shallow("seen", empty="{}", levels=DEEPEST_JSON, size=LARGEST_QUIZ), name="seen_is_shallow"),
        {"comment": "Questions that the reports on a quiz number, with what the reports say about them"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quiz_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slot: Mapped[str] = mapped_column(primary_key=True, comment="The number or id in the reports, and the id of the question in the quiz")
    number: Mapped[int] = mapped_column(Integer, comment="Its position in the reports, from 1")
    points: Mapped[float | None] = mapped_column(Float(53), comment="As the report has them; null = no report with points so far")
    decimals: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="With which the points are written")
    shows_options: Mapped[bool] = mapped_column(server_default=text("false"), comment="Whether answers are the texts of options")
    seen: Mapped[JsonObject] = mapped_column(
        comment="Object of texts and right_answers: arrays, each text once whatever its order; question and answer_key, as those of a quiz:"
        " its own question of this number, if it has one"
    )
