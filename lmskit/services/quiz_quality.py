"""How good a quiz and its items are, from the answers that the signed-in person may see. Nothing is written."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.analytics.items.analysis import item_analysis, quiz_analysis
from lmskit.analytics.items.attempts import counted_attempts
from lmskit.analytics.items.drift import ItemDrift, TermMarks, item_drift
from lmskit.analytics.items.options import NO_ANSWER, OTHER, option_statistics
from lmskit.errors import QuestionNotFoundError, QuizUnreadableError
from lmskit.queries.quiz_answers import QuizAnswers, quiz_answers
from lmskit.queries.quiz_runs import QuizRun, quiz_runs
from lmskit.schemas.quiz import ChoiceQuestion, MultipleQuestion, TrueFalseQuestion
from lmskit.vocabulary import CountedAttempts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.quiz import Question, QuizContent

TRUE_AND_FALSE = {"true": "true", "false": "false"}
"""The options of a statement, by id."""


@dataclass(frozen=True)
class JudgedQuiz:
    """One quiz with its statistics.

    Attributes
    ----------
    answers
        Of the attempts that count, and only those.
    attempts
        Which count.
    students
        Who made each of them, where a student may have several; otherwise None.
    quiz
        `lmskit.analytics.items.quiz_analysis`.
    items
        `lmskit.analytics.items.item_analysis`, with number (from 1, in the order of the quiz), type, prompt and points before it.
    totals
        What each attempt earned in all.
    """

    answers: QuizAnswers
    attempts: CountedAttempts
    students: pd.Series | None
    quiz: pd.DataFrame
    items: pd.DataFrame
    totals: pd.Series

    @property
    def n_attempts(self) -> int:
        """How many attempts count."""
        return len(self.answers.attempts)

    @property
    def n_students(self) -> int:
        """How many students made them."""
        return int(self.answers.attempts["student_id"].nunique())


@dataclass(frozen=True)
class QuizDrift:
    """The items of a quiz from run to run."""

    runs: tuple[QuizRun, ...]
    drift: ItemDrift


def quiz_quality(session: Session, quiz_id: int, *, attempts: CountedAttempts = CountedAttempts.FIRST, seed: int = 0) -> JudgedQuiz:
    """Judge a quiz and its items.

    Parameters
    ----------
    session
        Of a lecturer or administrator; the quizzes of others are not found.
    quiz_id
        Which quiz.
    attempts
        Which attempts count.
    seed
        Of the bootstrap.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The database holds something else as its questions.
    """
    answers = counted(quiz_answers(session, quiz_id), attempts)
    students = _students(answers, attempts)
    items = item_analysis(answers.scores, answers.max_scores, students=students, seed=seed)
    questions = answers.content.questions
    items.insert(0, "number", pd.Series(range(1, len(questions) + 1), index=items.index, dtype="int64"))
    items.insert(1, "type", pd.Series([one.type.value for one in questions], index=items.index, dtype="str"))
    items.insert(2, "prompt", pd.Series([one.prompt for one in questions], index=items.index, dtype="str"))
    items.insert(3, "points", pd.Series([one.points for one in questions], index=items.index, dtype="float64"))
    return JudgedQuiz(
        answers=answers,
        attempts=attempts,
        students=students,
        quiz=quiz_analysis(answers.scores, answers.max_scores, students=students, seed=seed),
        items=items,
        totals=answers.scores.sum(axis=1).rename("total"),
    )


def question_options(quality: JudgedQuiz, question_id: str, *, seed: int = 0) -> pd.DataFrame:
    """Say who chooses which option of a question.

    Returns
    -------
    DataFrame
        `lmskit.analytics.items.option_statistics` with the options' texts in a column text before it; empty, with these columns,
        for questions without options to choose from.

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
    """What can be chosen in answer to a question, text by id; empty where nothing is chosen but written, matched or ordered."""
    if isinstance(question, TrueFalseQuestion):
        return dict(TRUE_AND_FALSE)
    return {option.id: option.text for option in question.options} if isinstance(question, ChoiceQuestion | MultipleQuestion) else {}


def quiz_drift(session: Session, quiz_id: int, *, attempts: CountedAttempts = CountedAttempts.FIRST, seed: int = 0) -> QuizDrift:
    """Follow the questions of a quiz over the courses of its module that the signed-in person can see.

    Runs of which no attempt counts are left out, and so are runs whose questions cannot be read.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The database holds something else as its questions.
    """
    followed: list[tuple[QuizRun, TermMarks]] = []
    for run in quiz_runs(session, quiz_id):
        try:
            answers = counted(quiz_answers(session, run.quiz_id), attempts)
        except QuizUnreadableError:
            if run.quiz_id == quiz_id:
                raise
            continue
        if len(answers.attempts):
            # No id of a question holds a control character, so what is not shared cannot be taken for what is.
            names = {one: run.shared.get(one, f"{one}\x1f{run.quiz_id}") for one in answers.scores.columns}
            scores = answers.scores.rename(columns=names)
            maxima = {names[one]: points for one, points in answers.max_scores.items()}
            followed.append((run, TermMarks(run.course, scores, maxima, _students(answers, attempts))))
    own = next((run for run, _ in followed if run.quiz_id == quiz_id), None)
    items = list(own.shared) if own else sorted({item for run, _ in followed for item in run.shared.values()})
    return QuizDrift(tuple(run for run, _ in followed), item_drift([marks for _, marks in followed], items=items, seed=seed))


def counted(answers: QuizAnswers, attempts: CountedAttempts) -> QuizAnswers:
    """Keep the attempts that count."""
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
    """The question that a person means by its id, or by its number in the quiz, counted from 1.

    Raises
    ------
    QuestionNotFoundError
        There is none.
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
