"""Quizzes and the attempts of students."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import (
    DEEPEST_JSON,
    EARLIEST_YEAR,
    LARGEST_ANSWERS,
    LARGEST_QUIZ,
    LATEST_YEAR,
    LONGEST_PROSE,
    LONGEST_TITLE,
    MOST_ATTEMPTS,
)
from lmskit.models.base import Base, CreatedAt, Id, JsonArray, Score, WeekNumber, one_line, shallow
from lmskit.models.course import RowOrigin
from lmskit.vocabulary import Origin


class Quiz(Base):
    """An assessment of one week of a course. The answer key is apart from the questions, which can be shown without it.

    Attempts at a quiz without a week are stored and are not evidence, since mastery is that of a week.
    """

    __tablename__ = "quizzes"
    __table_args__ = (
        ForeignKeyConstraint(["course_id"], ["courses.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        UniqueConstraint("id", "course_id", name="uq_quizzes_id_course_id"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", name="title_has_a_length"),
        CheckConstraint("jsonb_typeof(questions) = 'array'", name="questions_is_an_array"),
        CheckConstraint("jsonb_typeof(answer_key) = 'object'", name="answer_key_is_an_object"),
        CheckConstraint("max_score >= 0 AND max_score < 'Infinity'", name="max_score_is_a_mark"),
        CheckConstraint(one_line("title"), name="title_is_one_line"),
        CheckConstraint(shallow("questions", empty="[]", levels=DEEPEST_JSON, size=LARGEST_QUIZ), name="questions_is_shallow"),
        CheckConstraint(shallow("answer_key", empty="{}", levels=DEEPEST_JSON, size=LARGEST_QUIZ), name="answer_key_is_shallow"),
        CheckConstraint(f"due_on BETWEEN '{EARLIEST_YEAR}-01-01' AND '{LATEST_YEAR}-12-31'", name="due_on_is_a_readable_day"),
        Index("ix_quizzes_course_id_week_number", "course_id", "week_number"),
        {"comment": "Assessments of a course week"},
    )

    id: Mapped[Id]
    course_id: Mapped[int]
    week_number: Mapped[WeekNumber | None] = mapped_column(comment="Teaching week, 1-60; null = no week, so its attempts are not evidence")
    title: Mapped[str]
    questions: Mapped[JsonArray] = mapped_column(comment="Array of lmskit.schemas.quiz.Question")
    answer_key: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'::jsonb"), comment="Object by question id; never shown to students"
    )
    max_score: Mapped[Score] = mapped_column(comment="Marks a perfect attempt earns")
    due_on: Mapped[dt.date | None]
    created_at: Mapped[CreatedAt]


class AttemptColumns:
    """The columns of an attempt, live or archived, but for its number."""

    quiz_id: Mapped[int]
    course_id: Mapped[int]
    student_id: Mapped[int]
    number: Mapped[int] = mapped_column(Integer, comment="First attempt 1, second 2, …")
    score: Mapped[Score | None] = mapped_column(comment="Marks; null = not graded; extra credit may exceed max_score")
    max_score: Mapped[Score]
    feedback: Mapped[str | None]
    answers: Mapped[JsonArray] = mapped_column(comment="Array of lmskit.schemas.quiz.Answer; empty where only the total is known")
    started_at: Mapped[dt.datetime | None]
    submitted_at: Mapped[dt.datetime | None] = mapped_column(comment="Null = unknown, as of results imported without a time")
    origin: Mapped[Origin] = mapped_column(RowOrigin)
    banked: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Carried over from an earlier course: stored, but no evidence"
    )
    is_total: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Imported from a file with totals alone: an attempt of a report replaces it"
    )
    taken_back_at: Mapped[dt.datetime | None] = mapped_column(
        comment="When a file had no score for it any more; since then it does not count"
    )
    created_at: Mapped[CreatedAt]


class QuizAttempt(AttemptColumns, Base):
    """One attempt of one student at one quiz.

    It is evidence about a person: neither its quiz nor its enrollment can be deleted before it. A query reads the attempts of archived
    terms too.
    """

    __tablename__ = "quiz_attempts"
    __table_args__ = (
        ForeignKeyConstraint(["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="RESTRICT"
        ),
        UniqueConstraint("quiz_id", "student_id", "number", name="uq_quiz_attempts_quiz_id_student_id_number"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint("score >= 0 AND score < 'Infinity'", name="score_is_a_mark"),
        CheckConstraint("max_score >= 0 AND max_score < 'Infinity'", name="max_score_is_a_mark"),
        CheckConstraint("jsonb_typeof(answers) = 'array'", name="answers_is_an_array"),
        CheckConstraint("submitted_at >= started_at", name="is_submitted_after_it_starts"),
        CheckConstraint("isfinite(submitted_at) AND isfinite(coalesce(started_at, submitted_at))", name="times_are_finite"),
        CheckConstraint(f"number <= {MOST_ATTEMPTS}", name="number_has_an_end"),
        CheckConstraint(f"length(feedback) <= {LONGEST_PROSE}", name="feedback_has_a_length"),
        CheckConstraint(shallow("answers", empty="[]", levels=DEEPEST_JSON, size=LARGEST_ANSWERS), name="answers_is_shallow"),
        CheckConstraint(
            f"submitted_at >= '{EARLIEST_YEAR}-01-01 00:00:00+00' AND submitted_at < '{LATEST_YEAR + 1}-01-01 00:00:00+00'"
            f" AND started_at >= '{EARLIEST_YEAR}-01-01 00:00:00+00'",
            name="times_are_readable",
        ),
        CheckConstraint(f"started_at < '{LATEST_YEAR + 1}-01-01 00:00:00+00'", name="start_is_readable"),
        Index("ix_quiz_attempts_course_id_student_id", "course_id", "student_id"),
        {"comment": "Attempts of students at quizzes"},
    )

    id: Mapped[Id]


class ArchivedAttempt(AttemptColumns, Base):
    """An attempt of an archived term; its table inherits from that of the live ones, which reads it under its own policies.

    Only the functions that archive and restore a term write it. The checks are inherited.
    """

    __tablename__ = "archived_attempts"
    __table_args__ = (
        ForeignKeyConstraint(["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="RESTRICT"
        ),
        UniqueConstraint("quiz_id", "student_id", "number", name="uq_archived_attempts_quiz_id_student_id_number"),
        Index("ix_archived_attempts_course_id_student_id", "course_id", "student_id"),
        {"comment": "Attempts of archived terms; quiz_attempts reads them too", "postgresql_inherits": "quiz_attempts"},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
