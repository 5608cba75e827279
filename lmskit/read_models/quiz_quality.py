"""The quality of a quiz and of its items, from the answers that the signed-in person can see."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.analytics.items import (
    NO_ANSWER,
    OTHER,
    ItemDrift,
    RunScores,
    counted_attempts,
    item_analysis,
    item_drift,
    option_statistics,
    quiz_analysis,
)
from lmskit.errors import QuestionNotFoundError, QuizUnreadableError
from lmskit.queries.page import all_pages
from lmskit.queries.quiz_answers import QuizAnswers, answered_quizzes, quiz_answers
from lmskit.queries.quiz_runs import QuizRun, quiz_runs
from lmskit.schemas.quiz import ChoiceQuestion, MultipleQuestion, TrueFalseQuestion
from lmskit.vocabulary import CountedAttempts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.quiz import Question, QuizContent

TRUE_AND_FALSE = {"true": "true", "false": "false"}
"""Texts of the options of a true/false question, by id."""


@dataclass(frozen=True)
class QuizQuality:
    """One quiz with its statistics, from one snapshot.

    Attributes
    ----------
    answers
        The answers of the attempts that count.
    attempts
        Which attempts count.
    students
        The student of each attempt if a student may have several; otherwise None.
    quiz
        Statistics of the quiz, as `lmskit.analytics.items.analysis.quiz_analysis` gives them.
    items
        Statistics of the items, as `lmskit.analytics.items.analysis.item_analysis` gives them, after number (from 1, in the order of the
        quiz), type, prompt and points.
    totals
        Total score of each attempt.
    """

    answers: QuizAnswers
    attempts: CountedAttempts
    students: pd.Series | None
    quiz: pd.DataFrame
    items: pd.DataFrame
    totals: pd.Series

    @property
    def n_attempts(self) -> int:
        """Number of attempts that count."""
        return len(self.answers.attempts)

    @property
    def n_students(self) -> int:
        """Number of students who made these attempts."""
        return int(self.answers.attempts["student_id"].nunique())

    @property
    def has_statistics(self) -> bool:
        """Whether there is a question and an attempt that counts."""
        return len(self.items) > 0 and self.n_attempts > 0


@dataclass(frozen=True)
class QuizDrift:
    """The items of a quiz from run to run, from one snapshot.

    Attributes
    ----------
    runs
        The runs of the quiz that have graded answers, oldest first.
    drift
        Statistics and changes of the items, as `lmskit.analytics.items.item_drift` gives them.
    """

    runs: tuple[QuizRun, ...]
    drift: ItemDrift


@dataclass(frozen=True)
class QuizPage:
    """One quiz with its statistics and its comparison with other runs, from one snapshot.

    Attributes
    ----------
    quality
        Statistics of the quiz and its items.
    drift
        Comparison with the runs in other courses.
    """

    quality: QuizQuality
    drift: QuizDrift

    @property
    def numbers(self) -> dict[str, int]:
        """Number of each question in the quiz, by id."""
        return {str(item): int(number) for item, number in self.quality.items["number"].items()}


def quizzes_with_answers(session: Session, course: str) -> pd.DataFrame:
    """List the quizzes of a course with the number of their answers, as `lmskit.queries.quiz_answers.answered_quizzes` gives them."""
    return all_pages(lambda limit, offset: answered_quizzes(session, course, limit=limit, offset=offset))


def quiz_page(session: Session, quiz_id: int, *, attempts: CountedAttempts) -> QuizPage:
    """Analyse a quiz, and compare it with its runs in the other courses that the signed-in person can see.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The stored questions of the quiz cannot be read.
    """
    return QuizPage(quiz_quality(session, quiz_id, attempts=attempts), quiz_drift(session, quiz_id, attempts=attempts))


def quiz_quality(session: Session, quiz_id: int, *, attempts: CountedAttempts = CountedAttempts.FIRST, seed: int = 0) -> QuizQuality:
    """Analyse a quiz and its items.

    Parameters
    ----------
    session
        Of a lecturer or administrator; the quizzes of others are not found.
    quiz_id
        Number of the quiz.
    attempts
        Which attempts count.
    seed
        Seed of the bootstrap.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The stored questions of the quiz cannot be read.
    """
    answers = counted(quiz_answers(session, quiz_id), attempts)
    students = _students(answers, attempts)
    items = item_analysis(answers.scores, answers.max_scores, students=students, seed=seed)
    questions = answers.content.questions
    items.insert(0, "number", pd.Series(range(1, len(questions) + 1), index=items.index, dtype="int64"))
    items.insert(1, "type", pd.Series([question.type.value for question in questions], index=items.index, dtype="str"))
    items.insert(2, "prompt", pd.Series([question.prompt for question in questions], index=items.index, dtype="str"))
    items.insert(3, "points", pd.Series([question.points for question in questions], index=items.index, dtype="float64"))
    return QuizQuality(
        answers=answers,
        attempts=attempts,
        students=students,
        quiz=quiz_analysis(answers.scores, answers.max_scores, students=students, seed=seed),
        items=items,
        totals=answers.scores.sum(axis=1).rename("total"),
    )


def question_options(quality: QuizQuality, question_id: str, *, seed: int = 0) -> pd.DataFrame:
    """Count how often each option of a question is chosen.

    Returns
    -------
    DataFrame
        As `lmskit.analytics.items.option_statistics` gives it, after a column text with the options' texts; empty, with these
        columns, for questions without options.

    Raises
    ------
    QuestionNotFoundError
        The quiz has no such question.
    """
    texts = option_texts(question_named(quality.answers.content, question_id))
    scores, responses = quality.answers.scores, quality.answers.responses
    rest = scores.drop(columns=question_id).sum(axis=1)
    table = option_statistics(
        responses[question_id].tolist(),
        rest.to_numpy(),
        options=list(texts),
        right=_right(quality.answers.content, question_id),
        students=quality.students,
        seed=seed,
    )
    table.insert(0, "text", pd.Series([*texts.values(), NO_ANSWER, OTHER], index=table.index, dtype="str"))
    return table if texts else table.head(0)


def option_texts(question: Question) -> dict[str, str]:
    """Texts of the options of a question, by id; empty for questions that are answered by writing, matching or ordering."""
    if isinstance(question, TrueFalseQuestion):
        return dict(TRUE_AND_FALSE)
    return {option.id: option.text for option in question.options} if isinstance(question, ChoiceQuestion | MultipleQuestion) else {}


def quiz_drift(session: Session, quiz_id: int, *, attempts: CountedAttempts = CountedAttempts.FIRST, seed: int = 0) -> QuizDrift:
    """Follow the questions of a quiz over the courses of its module that the signed-in person can see.

    Runs without an attempt that counts are left out, and so are runs whose questions cannot be read.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The stored questions of the quiz cannot be read.
    """
    followed: list[tuple[QuizRun, RunScores]] = []
    for run in quiz_runs(session, quiz_id):
        try:
            answers = counted(quiz_answers(session, run.quiz_id), attempts)
        except QuizUnreadableError:
            if run.quiz_id == quiz_id:
                raise
            continue
        if len(answers.attempts):
            # No id of a question contains a control character, so a name made this way is never the id of a shared question.
            names = {item: run.shared.get(item, f"{item}\x1f{run.quiz_id}") for item in answers.scores.columns}
            scores = answers.scores.rename(columns=names)
            max_scores = {names[item]: points for item, points in answers.max_scores.items()}
            followed.append((run, RunScores(run.course, scores, max_scores, _students(answers, attempts))))
    own = next((run for run, _ in followed if run.quiz_id == quiz_id), None)
    items = list(own.shared) if own else sorted({item for run, _ in followed for item in run.shared.values()})
    return QuizDrift(tuple(run for run, _ in followed), item_drift([scores for _, scores in followed], items=items, seed=seed))


def counted(answers: QuizAnswers, attempts: CountedAttempts) -> QuizAnswers:
    """Keep only the attempts that count."""
    kept = counted_attempts(answers.attempts, answers.scores.sum(axis=1).to_numpy(), attempts)
    return dataclasses.replace(
        answers,
        attempts=answers.attempts[kept].reset_index(drop=True),
        scores=answers.scores[kept].reset_index(drop=True),
        responses=answers.responses[kept].reset_index(drop=True),
    )


def _students(answers: QuizAnswers, attempts: CountedAttempts) -> pd.Series | None:
    return answers.attempts["student_id"] if attempts is CountedAttempts.ALL else None


def question_named(content: QuizContent, name: str) -> Question:
    """Find a question by its id, or by its number in the quiz, counted from 1.

    Raises
    ------
    QuestionNotFoundError
        The quiz has no such question.
    """
    by_id = {question.id: question for question in content.questions}
    if name in by_id:
        return by_id[name]
    numbered = {str(number): question for number, question in enumerate(content.questions, start=1)}
    if name not in numbered:
        raise QuestionNotFoundError(question=name)
    return numbered[name]


def _right(content: QuizContent, question_id: str) -> list[str]:
    entry = content.answer_key.get(question_id)
    answer = entry.answer if entry else None
    if isinstance(answer, bool):
        return [str(answer).lower()]
    if isinstance(answer, str):
        return [answer]
    return list(answer) if isinstance(answer, list) else []
