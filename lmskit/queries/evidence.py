"""The evidence that mastery is estimated from, in the order that rules need.

`course_evidence` is for rules that need only scores; `course_responses` has more columns, for rules that need single answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from psycopg import sql

from lmskit.db.bulk import block_ranges, packed_rows, unpacked
from lmskit.queries.row_keys import row_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import numpy.typing as npt
    from sqlalchemy.orm import Session

    Integers: TypeAlias = npt.NDArray[np.int64]
    Columns: TypeAlias = dict[str, npt.NDArray[Any]]

_STATEMENT = files("lmskit.queries").joinpath("evidence.sql").read_text(encoding="utf-8")


def course_evidence(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All evidence of the courses with these ids, oldest to newest within each (course, student, week).

    ============  ===================  ==========================================================
    student_id    int64
    course_id     int64
    week_number   int64                of the syllabus
    score         float64              0 or more; may exceed `max_score` (extra credit)
    max_score     float64              above 0
    submitted_at  datetime64[us, UTC]  NaT = unknown
    ============  ===================  ==========================================================

    Rows are ordered by course, student and week, then by time, number and id of their attempt (unknown times first), then by question.
    Students of every status are included; attempts without an enrollment do not exist. All rows at once, not a page: an estimate needs
    all of them.

    With `most`, for courses of open terms that have most of all attempts, the whole table is read instead of course by course; archived
    attempts are not in it.
    """
    return _read(session, _WHOLE_TABLE if most else _BY_COURSE, courses).frame()


def touched_evidence(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The evidence of the keys in a staging table, with the columns and order of `course_evidence`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    courses
        Ids of the courses; keys of other courses are ignored.
    """
    return _read(session, _touched(keys), courses).frame()


def course_responses(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All evidence of the courses with these ids, in the order of `course_evidence`, with the columns that rules about answers need.

    ============  ===================  ===============================================================================
    …                                  the columns of `course_evidence`
    attempt       int64                the same for rows of one attempt
    question      int64                the same for all answers of a course to one question; unique if only the total of
                                       the attempt is known
    mixed         bool                 the question belongs to a quiz whose questions have two topics or more
    ============  ===================  ===============================================================================

    Questions without a topic do not make a quiz mixed. There is no column for hints, because no imported format has them. A total is
    never mixed, because it does not show which answers were right.
    """
    return _read(session, _WHOLE_TABLE if most else _BY_COURSE, courses).responses()


def touched_responses(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The evidence of the keys in a staging table, with the parameters of `touched_evidence` and the columns of `course_responses`."""
    return _read(session, _touched(keys), courses).responses()


_BY_COURSE = {
    "quizzes": sql.SQL("q.course_id = ANY(%(courses)s::bigint[])"),
    "blocks": sql.SQL("unnest(%(courses)s::bigint[]) AS block (course_id)"),
    "attempts": sql.SQL("quiz_attempts AS a"),
    "of_block": sql.SQL("a.course_id = block.course_id"),
}
_RANGES, _IN_RANGE = block_ranges("quiz_attempts")
_WHOLE_TABLE = {
    **_BY_COURSE,
    "blocks": _RANGES,
    "attempts": sql.SQL("ONLY quiz_attempts AS a"),
    "of_block": sql.SQL("{} AND a.course_id = ANY(%(courses)s::bigint[])").format(_IN_RANGE),
}


def _touched(keys: str) -> Mapping[str, sql.Composable]:
    table = sql.Identifier("pg_temp", keys)
    return {
        "quizzes": sql.SQL(
            "q.course_id = ANY(%(courses)s::bigint[]) AND (q.course_id, q.week_number) IN (SELECT k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
        "blocks": sql.SQL("(SELECT DISTINCT k.course_id FROM {} AS k) AS block").format(table),
        "attempts": sql.SQL(
            "{} AS k JOIN quiz USING (course_id, week_number)"
            " JOIN quiz_attempts AS a ON a.quiz_id = quiz.id AND a.course_id = k.course_id AND a.student_id = k.student_id"
        ).format(table),
        "of_block": sql.SQL("k.course_id = block.course_id"),
    }


def _read(session: Session, parts: Mapping[str, sql.Composable], courses: Collection[int]) -> Units:
    """Read all rows with one statement, so that quizzes and attempts are from one snapshot."""
    return units_of(packed_rows(session, sql.SQL(_STATEMENT).format(**parts), {"courses": list(courses)}))


# The numbers that the statement packs, the most significant first; none is null.
_QUIZ = np.dtype([(name, ">i8") for name in ("id", "course", "week", "n_topics")])
_QUESTION = np.dtype([("quiz", ">i8"), ("name", ">i8"), ("position", ">i8"), ("points", ">f8")])
_ATTEMPT = np.dtype(
    [
        ("quiz", ">i8"), ("student", ">i8"), ("attempt", ">i8"), ("n_answers", ">i4"), ("number", ">i4"),
        ("score", ">f8"), ("max_score", ">f8"), ("submitted_at", ">i8"),
    ]
)  # fmt: skip
_ANSWER = np.dtype([("question", ">i8"), ("score", ">f8")])
ORDER = ("submitted_at", "number", "attempt", "position")
"""What the evidence of a student in a week is ordered by, which `lmskit.queries.attempt.OLDEST_FIRST` says in SQL. An unknown time is the
smallest number, so that such attempts come first, by their numbers and then by their ids."""
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
"""PostgreSQL counts microseconds from this time; `-infinity`, its smallest number, is NaT to numpy."""
_MOST_BITS = 62
_MOST_APART = 1 << 22


@dataclass(frozen=True)
class Units:
    """Units of evidence in order, shape (units,), with the index `of_quiz` of their quiz; and the quizzes by id, shape (quizzes,)."""

    student: Integers
    attempt: Integers
    number: npt.NDArray[np.int32]
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
        # A question is numbered by its quiz and its position there, with more bits than a quiz has questions; a total is a question of its
        # own.
        single = self.position > 0
        question = np.where(single, (self.quiz[self.of_quiz] << 24) + self.position, -self.attempt)
        return self.frame().assign(attempt=self.attempt, question=question, mixed=single & (self.n_topics[self.of_quiz] > 1))


def units_of(rows: Iterable[tuple[bool, bytes | None, bytes | None]]) -> Units:
    """Make units of evidence from the rows of the statement, and put them in order.

    If at least one answer of an attempt is graded, its graded answers are units, whatever its total is; otherwise the attempt as a whole
    (position 0) is a unit if it is graded. Answers to questions that the quiz does not have or that are worth 0 points are ignored, and
    so are attempts with a maximum score of 0, or at a quiz without a week. Of several answers to one question in an attempt, the first
    counts. Scores above the maximum are not capped.
    """
    strings: dict[np.dtype[Any], list[bytes | None]] = {kind: [] for kind in (_QUIZ, _QUESTION, _ATTEMPT, _ANSWER)}
    for of_quizzes, first, second in rows:
        strings[_QUIZ if of_quizzes else _ATTEMPT].append(first)
        strings[_QUESTION if of_quizzes else _ANSWER].append(second)
    quizzes, questions, attempts, answers = (unpacked(pieces, kind) for kind, pieces in strings.items())
    by_id = np.argsort(quizzes["id"])
    quiz, course, week, n_topics = (column[by_id] for column in quizzes.values())
    n_answers = attempts.pop("n_answers")
    attempts["of_quiz"] = _indices(quiz, attempts.pop("quiz"))
    of_attempt = np.repeat(np.arange(len(n_answers)), n_answers)
    position, points = _questions_of(quiz, questions, attempts["of_quiz"][of_attempt], answers["question"])
    has_week = week[attempts["of_quiz"]] > 0
    graded = (points > 0) & ~np.isnan(answers["score"]) & has_week[of_attempt]
    of_attempt = of_attempt[graded]
    whole = (attempts["max_score"] > 0) & ~np.isnan(attempts["score"]) & has_week
    whole[of_attempt] = False
    answered = {"position": position[graded], "score": answers["score"][graded], "max_score": points[graded]}
    attempts["position"] = np.zeros(len(n_answers), dtype=np.int64)
    units = attempts
    if not whole.all():
        for name, column in units.items():  # one after the other: two copies of all columns would be the peak of memory of a refresh
            units[name] = np.concatenate([column[whole], answered[name] if name in answered else column[of_attempt]])
    of_quiz = units["of_quiz"]
    key = row_keys(course[of_quiz], units["student"], week[of_quiz])
    order = order_by(key, *(units[name] for name in ORDER))
    if len(of_attempt):
        attempt, question = units["attempt"][order], units["position"][order]
        order = np.delete(order, np.flatnonzero((question[1:] == question[:-1]) & (attempt[1:] == attempt[:-1])) + 1)
    for name, column in units.items():
        units[name] = column[order]
    return Units(**units, quiz=quiz, course=course, week=week, n_topics=n_topics)


def _indices(ids: Integers, wanted: Integers) -> Integers:
    """The index of each wanted id in the sorted `ids`, which contain all of them and are mostly close together."""
    lowest = int(ids[0]) if len(ids) else 0
    if not len(ids) or int(ids[-1]) - lowest >= _MOST_APART:
        return np.searchsorted(ids, wanted)
    index = np.zeros(int(ids[-1]) - lowest + 1, dtype=np.int64)
    index[ids - lowest] = np.arange(len(ids))
    return index[wanted - lowest]


def _questions_of(quiz: Integers, questions: Columns, of_quiz: Integers, name: Integers) -> tuple[Integers, npt.NDArray[np.float64]]:
    """For each answer the position of its question in its quiz, from 1, and its points; 0 and 0 if the quiz does not have it."""
    names = np.unique(questions["name"])
    if not len(names) or not len(name):
        return np.zeros(len(name), dtype=np.int64), np.zeros(len(name))
    known = np.searchsorted(quiz, questions["quiz"]) * len(names) + np.searchsorted(names, questions["name"])
    last = np.lexsort((questions["position"], known))  # of several questions with the same name the last one counts
    last = last[np.append(known[last][1:] != known[last][:-1], True)]
    of_name = np.minimum(np.searchsorted(names, name), len(names) - 1)
    wanted = np.where(names[of_name] == name, of_quiz * len(names) + of_name, -1)
    nearest = np.minimum(np.searchsorted(known[last], wanted), len(last) - 1)
    found = known[last][nearest] == wanted
    question = last[nearest]
    return np.where(found, questions["position"][question], 0), np.where(found, questions["points"][question], 0.0)


def order_by(key: Integers, *then: Integers) -> Integers:
    """The indices that sort rows by key and, within a key, by `then`.

    Attempts are mostly stored in the order in which they are submitted, so within a key they are mostly in order. Sorting whole numbers
    is several times as fast as finding their order, so each row's index is made part of its number.
    """
    bits = max(len(key) - 1, 1).bit_length()
    if int(key.max(initial=0)).bit_length() + bits <= _MOST_BITS:
        both = np.sort((key << bits) | np.arange(len(key)))
        order, sorted_key = both & ((1 << bits) - 1), both >> bits
    else:
        order = np.argsort(key, kind="stable")
        sorted_key = key[order]
    later = np.zeros(max(len(key) - 1, 0), dtype=bool)
    alike = sorted_key[1:] == sorted_key[:-1]
    for column in then:
        if not alike.any():
            break
        values = column[order]
        later |= alike & (values[1:] < values[:-1])
        alike &= values[1:] == values[:-1]
    if not later.any():
        return order
    wrong = np.flatnonzero(np.isin(sorted_key, np.unique(sorted_key[1:][later])))
    rows = order[wrong]
    order[wrong] = rows[np.lexsort((*(column[rows] for column in reversed(then)), key[rows]))]
    return order
