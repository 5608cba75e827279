"""The evidence that mastery is estimated from: which there is, and in which order.

Rules that look at scores read `course_evidence`; those that look at single answers read `course_responses`, which tells more of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from psycopg import sql

from lmskit.db.packed import packed_rows, stretches, unpacked
from lmskit.queries.row_keys import row_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt
    from sqlalchemy.orm import Session

    Integers: TypeAlias = npt.NDArray[np.int64]

_STATEMENT = files("lmskit.queries").joinpath("evidence.sql").read_text(encoding="utf-8")

# What the statement packs: numbers of eight bytes, the most significant first. None is ever null.
_QUIZ = np.dtype([(name, ">i8") for name in ("id", "course", "week", "n_topics")])
_UNIT = np.dtype(
    [
        ("quiz", ">i8"), ("student", ">i8"), ("attempt", ">i8"), ("position", ">i8"),
        ("score", ">f8"), ("max_score", ">f8"), ("submitted_at", ">i8"),
    ]
)  # fmt: skip
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
"""PostgreSQL counts microseconds from here."""
_MOST_BITS = 62


def course_evidence(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All evidence of the courses with these ids, oldest to newest within each (course, student, week).

    ============  ===================  ==========================================================
    student_id    int64
    course_id     int64
    week_number   int64                of the syllabus
    score         float64              0 or more; may exceed `max_score` (extra credit)
    max_score     float64              above 0
    submitted_at  datetime64[us, UTC]
    ============  ===================  ==========================================================

    Rows are ordered by course, student, week, time, attempt and question. Students of every status are there, and only they:
    who has no place in the course has no attempts in it. Not a list but all rows at once: what is estimated needs them all.

    With `most`, for courses that have most of all attempts, the table is read from end to end instead of course by course.
    """
    return _read(session, _FROM_END_TO_END if most else _BY_COURSE, courses).frame()


def touched_evidence(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The evidence of the keys in a staging table, in the columns and order of `course_evidence`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    courses
        Ids of the courses whose keys are meant.
    """
    return _read(session, _touched(keys), courses).frame()


def course_responses(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All evidence of the courses with these ids, in the order of `course_evidence`, with what rules about single answers need.

    ============  ===================  ===============================================================================
    …                                  the columns of `course_evidence`
    attempt       int64                the same for what was handed in together
    question      int64                the same for all answers of a course to one question; where only the total of an
                                       attempt is known, a number that no other row has
    mixed         bool                 the question belongs to a quiz whose questions name two topics or more
    ============  ===================  ===============================================================================

    Questions that name no topic do not make a quiz mixed. Nothing here tells of hints: no format that is imported does. A total is never
    mixed, as it does not tell which answers were right.
    """
    return _read(session, _FROM_END_TO_END if most else _BY_COURSE, courses).responses()


def touched_responses(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The responses of the keys in a staging table: asked for as `touched_evidence`, answered as `course_responses`."""
    return _read(session, _touched(keys), courses).responses()


@dataclass(frozen=True)
class _Units:
    """Units of evidence, shape (units,), in order; the quizzes they belong to, shape (quizzes,), by id; and which quiz is whose."""

    student: Integers
    attempt: Integers
    position: Integers
    score: npt.NDArray[np.float64]
    max_score: npt.NDArray[np.float64]
    submitted_at: Integers
    of_quiz: Integers
    quiz: Integers
    course: Integers
    week: Integers
    n_topics: Integers

    def frame(self) -> pd.DataFrame:
        """Return the columns of `course_evidence`."""
        return pd.DataFrame(
            {
                "student_id": self.student,
                "course_id": self.course[self.of_quiz],
                "week_number": self.week[self.of_quiz],
                "score": self.score,
                "max_score": self.max_score,
                "submitted_at": pd.Series(_EPOCH + self.submitted_at.view("timedelta64[us]")).dt.tz_localize("UTC"),
            },
            copy=False,
        )

    def responses(self) -> pd.DataFrame:
        """Return the columns of `course_responses`."""
        # A question is the one at its place in its quiz, which has room for more than a quiz can hold; a total is a question of its own.
        single = self.position > 0
        question = np.where(single, (self.quiz[self.of_quiz] << 24) + self.position, -self.attempt)
        return self.frame().assign(attempt=self.attempt, question=question, mixed=single & (self.n_topics[self.of_quiz] > 1))


_BY_COURSE = {
    "quizzes": sql.SQL("q.course_id = ANY(%(courses)s::bigint[])"),
    "places": sql.SQL("unnest(%(courses)s::bigint[]) AS place (course_id)"),
    "attempts": sql.SQL("quiz_attempts AS a"),
    "of_place": sql.SQL("a.course_id = place.course_id"),
}
_STRETCHES, _OF_STRETCH = stretches("quiz_attempts")
_FROM_END_TO_END = {
    **_BY_COURSE,
    "places": _STRETCHES,
    "of_place": sql.SQL("{} AND a.course_id = ANY(%(courses)s::bigint[])").format(_OF_STRETCH),
}


def _touched(keys: str) -> Mapping[str, sql.Composable]:
    table = sql.Identifier("pg_temp", keys)
    return {
        "quizzes": sql.SQL(
            "q.course_id = ANY(%(courses)s::bigint[]) AND (q.course_id, q.week_number) IN (SELECT k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
        "places": sql.SQL("(SELECT DISTINCT k.course_id FROM {} AS k) AS place").format(table),
        "attempts": sql.SQL(
            "{} AS k JOIN quiz USING (course_id, week_number)"
            " JOIN quiz_attempts AS a ON a.quiz_id = quiz.id AND a.course_id = k.course_id AND a.student_id = k.student_id"
        ).format(table),
        "of_place": sql.SQL("k.course_id = place.course_id"),
    }


def _read(session: Session, parts: Mapping[str, sql.Composable], courses: Collection[int]) -> _Units:
    """Read all rows of one statement, so that quizzes and attempts are of one moment."""
    quizzes: list[bytes | None] = []
    pieces: list[bytes | None] = []
    for of_quizzes, packed in packed_rows(session, sql.SQL(_STATEMENT).format(**parts), {"courses": list(courses)}):
        (quizzes if of_quizzes else pieces).append(packed)
    about = unpacked(quizzes, _QUIZ)
    by_id = np.argsort(about["id"])
    quiz, course, week, n_topics = (column[by_id] for column in about.values())
    units = unpacked(pieces, _UNIT)
    of_quiz = np.searchsorted(quiz, units.pop("quiz"))
    key = row_keys(course[of_quiz], units["student"], week[of_quiz])
    order = _in_order(key, units["submitted_at"], units["attempt"], units["position"])
    for name in list(units):
        units[name] = units[name][order]
    return _Units(**units, of_quiz=of_quiz[order], quiz=quiz, course=course, week=week, n_topics=n_topics)


def _in_order(key: Integers, *then: Integers) -> Integers:
    """The order by key and, within a key, by `then`.

    Attempts are mostly stored as they come in, so within a key they mostly are in order. Whole numbers are sorted several times as fast as
    their places are, hence each row's place is made part of its number.
    """
    bits = max(len(key) - 1, 1).bit_length()
    if int(key.max(initial=0)).bit_length() + bits <= _MOST_BITS:
        order = np.sort((key << bits) | np.arange(len(key))) & ((1 << bits) - 1)
    else:
        order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    later = np.zeros(max(len(key) - 1, 0), dtype=bool)
    alike = sorted_key[1:] == sorted_key[:-1]
    for column in then:
        values = column[order]
        later |= alike & (values[1:] < values[:-1])
        alike &= values[1:] == values[:-1]
    if not later.any():
        return order
    wrong = np.flatnonzero(np.isin(sorted_key, np.unique(sorted_key[1:][later])))
    rows = order[wrong]
    order[wrong] = rows[np.lexsort((*(column[rows] for column in reversed(then)), key[rows]))]
    return order
