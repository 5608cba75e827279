"""Units of evidence, made of what `evidence.sql` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.db.bulk import unpacked
from lmskit.queries.row_keys import row_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Integers: TypeAlias = npt.NDArray[np.int64]
    Columns: TypeAlias = dict[str, npt.NDArray[Any]]

# What the statement packs: numbers of eight bytes, the most significant first. None is ever null.
_QUIZ = np.dtype([(name, ">i8") for name in ("id", "course", "week", "n_topics")])
_QUESTION = np.dtype([("quiz", ">i8"), ("name", ">i8"), ("position", ">i8"), ("points", ">f8")])
_ATTEMPT = np.dtype(
    [
        ("quiz", ">i8"), ("student", ">i8"), ("attempt", ">i8"), ("n_answers", ">i8"),
        ("score", ">f8"), ("max_score", ">f8"), ("submitted_at", ">i8"),
    ]
)  # fmt: skip
_ANSWER = np.dtype([("question", ">i8"), ("score", ">f8")])
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
"""PostgreSQL counts microseconds from here."""
_MOST_BITS = 62
_MOST_APART = 1 << 22


@dataclass(frozen=True)
class Units:
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


def units_of(rows: Iterable[tuple[bool, bytes | None, bytes | None]]) -> Units:
    """Make units of evidence of the statement's rows, and put them in order.

    A unit is a graded question where at least one answer of the attempt is graded, whatever its total says, otherwise the attempt as
    a whole (position 0) if it is graded. Answers to questions that the quiz does not have, or that are worth no points, are passed
    over, and so are attempts with a maximum of 0. Of several answers to one question in an attempt the first counts. Marks above the
    maximum are passed on as they are.
    """
    strings: dict[np.dtype[Any], list[bytes | None]] = {kind: [] for kind in (_QUIZ, _QUESTION, _ATTEMPT, _ANSWER)}
    for of_quizzes, first, second in rows:
        strings[_QUIZ if of_quizzes else _ATTEMPT].append(first)
        strings[_QUESTION if of_quizzes else _ANSWER].append(second)
    quizzes, questions, attempts, answers = (unpacked(pieces, kind) for kind, pieces in strings.items())
    by_id = np.argsort(quizzes["id"])
    quiz, course, week, n_topics = (column[by_id] for column in quizzes.values())
    n_answers = attempts.pop("n_answers")
    attempts["of_quiz"] = _places(quiz, attempts.pop("quiz"))
    of_attempt = np.repeat(np.arange(len(n_answers)), n_answers)
    position, points = _asked(quiz, questions, attempts["of_quiz"][of_attempt], answers["question"])
    graded = (points > 0) & ~np.isnan(answers["score"])
    of_attempt = of_attempt[graded]
    whole = (attempts["max_score"] > 0) & ~np.isnan(attempts["score"])
    whole[of_attempt] = False
    single = {"position": position[graded], "score": answers["score"][graded], "max_score": points[graded]}
    attempts["position"] = np.zeros(len(n_answers), dtype=np.int64)
    units = attempts
    if not whole.all():
        for name, column in units.items():  # one after the other: two copies of all would be the most memory that a refresh takes
            units[name] = np.concatenate([column[whole], single[name] if name in single else column[of_attempt]])
    of_quiz = units["of_quiz"]
    key = row_keys(course[of_quiz], units["student"], week[of_quiz])
    order = in_order(key, units["submitted_at"], units["attempt"], units["position"])
    if len(of_attempt):
        attempt, place = units["attempt"][order], units["position"][order]
        order = np.delete(order, np.flatnonzero((place[1:] == place[:-1]) & (attempt[1:] == attempt[:-1])) + 1)
    for name, column in units.items():
        units[name] = column[order]
    return Units(**units, quiz=quiz, course=course, week=week, n_topics=n_topics)


def _places(ids: Integers, wanted: Integers) -> Integers:
    """Where each wanted id, all of which are there, stands among the sorted `ids`, which mostly lie close together."""
    lowest = int(ids[0]) if len(ids) else 0
    if not len(ids) or int(ids[-1]) - lowest >= _MOST_APART:
        return np.searchsorted(ids, wanted)
    place = np.zeros(int(ids[-1]) - lowest + 1, dtype=np.int64)
    place[ids - lowest] = np.arange(len(ids))
    return place[wanted - lowest]


def _asked(quiz: Integers, questions: Columns, of_quiz: Integers, name: Integers) -> tuple[Integers, npt.NDArray[np.float64]]:
    """For each answer the position of its question in its quiz, from 1, and what it is worth: 0 where the quiz does not have it."""
    names = np.unique(questions["name"])
    if not len(names) or not len(name):
        return np.zeros(len(name), dtype=np.int64), np.zeros(len(name))
    known = np.searchsorted(quiz, questions["quiz"]) * len(names) + np.searchsorted(names, questions["name"])
    last = np.lexsort((questions["position"], known))  # of several questions with one name the last one counts
    last = last[np.append(known[last][1:] != known[last][:-1], True)]
    at = np.minimum(np.searchsorted(names, name), len(names) - 1)
    wanted = np.where(names[at] == name, of_quiz * len(names) + at, -1)
    place = np.minimum(np.searchsorted(known[last], wanted), len(last) - 1)
    found = known[last][place] == wanted
    question = last[place]
    return np.where(found, questions["position"][question], 0), np.where(found, questions["points"][question], 0.0)


def in_order(key: Integers, *then: Integers) -> Integers:
    """The order by key and, within a key, by `then`.

    Attempts are mostly stored as they come in, so within a key they mostly are in order. Whole numbers are sorted several times as fast as
    their places are, hence each row's place is made part of its number.
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
