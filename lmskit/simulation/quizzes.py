"""Quizzes for simulated courses: questions from the question bank, in the schema of quizzes, with the key apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.simulation.question_bank import AnswerValue, DrawnQuestion, Module, Topic

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

QUIZ_KINDS = ("Practice", "Check")
"""Every week has one quiz of each kind."""

_NEXT_LIKELY = 0.5  # wrong answers are in the order of their appeal; each attracts this share of the one before it
_PER_TEMPLATE = 2  # questions from each template of the topic
_OPEN_POINTS = 2.0  # for a question without options to guess among; the others give 1


@dataclass(frozen=True)
class Flaw:
    """A flaw of one question in a term.

    Attributes
    ----------
    module, week_number, kind, question
        The question: code of the module, week, one of `QUIZ_KINDS`, and id in its quiz.
    wrong_key
        The key contains the most appealing wrong answer, which earns the points.
    harder
        How much harder than in other terms, in standard deviations of ability; below 0 it is easier.
    """

    module: str
    week_number: int
    kind: str
    question: str
    wrong_key: bool = False
    harder: float = 0.0


@dataclass(frozen=True)
class SimulatedQuiz:
    """One quiz of one week, the same in every term of its module.

    Attributes
    ----------
    questions, answer_key
        As stored: a list of question objects, and an object by question id.
    answers
        Per question, the right answer and then the wrong ones, as an attempt stores them.
    points, discrimination, difficulty, guessing
        One number per question; the last three are the truth of the response model.
    keyed
        Per question, the index in `answers` of the answer in the key: 0, unless the key is wrong.
    """

    week_number: int
    title: str
    questions: list[dict[str, Any]]
    answer_key: dict[str, dict[str, Any]]
    answers: list[list[Any]]
    points: Floats
    discrimination: Floats
    difficulty: Floats
    guessing: Floats
    keyed: Integers

    @property
    def max_score(self) -> float:
        """The sum of the points of its questions."""
        return float(self.points.sum())

    def chosen(self, right: npt.NDArray[np.bool_], slip: Floats) -> Integers:
        """Each attempt's answer to each question, as an index in `answers`: the right one, or a wrong one by its appeal and `slip`."""
        wrong = np.empty(slip.shape, dtype=np.int64)
        for position, answers in enumerate(self.answers):
            wrong[:, position] = 1 + np.searchsorted(np.cumsum(_appeal(len(answers) - 1))[:-1], slip[:, position], side="right")
        return np.where(right, 0, wrong)

    def chances_of_points(self, chances: Floats) -> Floats:
        """From the chances of right answers to the chances of the answers in the key."""
        keyed = np.array([_appeal(len(answers) - 1)[0] for answers in self.answers])
        earning: Floats = np.where(self.keyed == 0, chances, (1 - chances) * keyed)
        return earning


def _appeal(n_wrong: int) -> Floats:
    """The share of each wrong answer among all wrong answers."""
    weights = _NEXT_LIKELY ** np.arange(n_wrong)
    shares: Floats = weights / weights.sum()
    return shares


def module_quizzes(module: Module, *, growth: float, seed: int, flaws: tuple[Flaw, ...] = ()) -> list[SimulatedQuiz]:
    """Make all quizzes of a module.

    Parameters
    ----------
    module
        Topics with their questions.
    growth
        Growth of ability per week; questions of later weeks are harder by as much, so that scores neither rise nor fall.
    seed
        The same seed gives the same quizzes, on every platform.
    flaws
        Flaws of questions; those of other modules are ignored.

    Returns
    -------
    list of SimulatedQuiz
        By week, `QUIZ_KINDS` within the week.
    """
    quizzes = []
    for week, topic in enumerate(module.topics, start=1):
        generator = np.random.default_rng([seed, week, *module.code.encode()])
        asked: set[str] = set()
        for number, kind in enumerate(QUIZ_KINDS):
            chosen = _choose_questions(topic, number, asked, generator)
            quiz = _quiz(week, f"{kind}: {topic.title}", topic.title, chosen, harder=growth * (week - 1), generator=generator)
            own = [flaw for flaw in flaws if (flaw.module, flaw.week_number, flaw.kind) == (module.code, week, kind)]
            quizzes.append(_with_flaws(quiz, own))
    return quizzes


def _choose_questions(topic: Topic, number: int, asked: set[str], generator: np.random.Generator) -> list[DrawnQuestion]:
    """One concept, and from each template questions that no quiz of the topic has asked yet."""
    chosen = [topic.concepts[number % len(topic.concepts)]]
    for template in topic.templates:
        n_new = 0
        while n_new < _PER_TEMPLATE:
            question = template.draw(generator)
            if question.prompt not in asked:
                asked.add(question.prompt)
                chosen.append(question)
                n_new += 1
    return chosen


def _quiz(
    week: int, title: str, topic: str, chosen: list[DrawnQuestion], *, harder: float, generator: np.random.Generator
) -> SimulatedQuiz:
    from scipy.special import ndtri  # takes long to import, so that only simulating pays for it

    questions, key, answers = [], {}, []
    for position, question in enumerate(chosen, start=1):
        identifier = f"q{position}"
        shuffled = [question.options[index] for index in np.argsort(generator.random(len(question.options)), kind="stable")]
        options = {text: letter for letter, text in zip("abcdefgh", shuffled, strict=False)}
        questions.append(
            {
                "id": identifier,
                "type": question.type.value,
                "prompt": question.prompt,
                "points": 1.0 if question.options or question.type is QuestionType.TRUE_FALSE else _OPEN_POINTS,
                "options": [{"id": letter, "text": text} for text, letter in options.items()],
                "topic": topic,
            }
        )
        answers.append([_as_stored(answer, options) for answer in (question.answer, *question.wrong)])
        # Several spellings of a word may be right, so the key of a short text is a list.
        keyed = [question.answer] if question.type is QuestionType.SHORT_TEXT else answers[-1][0]
        key[identifier] = {"answer": keyed} | ({"tolerance": question.tolerance} if question.type is QuestionType.NUMERIC else {})
    size = len(chosen)
    return SimulatedQuiz(
        week_number=week,
        title=title,
        questions=questions,
        answer_key=key,
        answers=answers,
        points=np.array([question["points"] for question in questions], dtype=np.float64),
        discrimination=np.exp(0.25 * ndtri(generator.random(size)) + 0.25),
        difficulty=harder - 0.8 + 0.8 * ndtri(generator.random(size)),
        guessing=np.array([question.guessing for question in chosen]),
        keyed=np.zeros(size, dtype=np.int64),
    )


def _with_flaws(quiz: SimulatedQuiz, flaws: list[Flaw]) -> SimulatedQuiz:
    """The quiz with its flaws; questions and prompts are unchanged."""
    key, keyed, difficulty = dict(quiz.answer_key), quiz.keyed.copy(), quiz.difficulty.copy()
    for flaw in flaws:
        position = [question["id"] for question in quiz.questions].index(flaw.question)
        difficulty[position] += flaw.harder
        if flaw.wrong_key:
            keyed[position] = 1
            wrong = quiz.answers[position][1]
            key[flaw.question] = key[flaw.question] | {"answer": [wrong] if isinstance(wrong, str) and _is_text(quiz, position) else wrong}
    return replace(quiz, answer_key=key, keyed=keyed, difficulty=difficulty)


def _is_text(quiz: SimulatedQuiz, position: int) -> bool:
    return bool(quiz.questions[position]["type"] == QuestionType.SHORT_TEXT.value)


def _as_stored(answer: AnswerValue, options: dict[str, str]) -> Any:  # noqa: ANN401  # JSON
    if not options:
        return answer
    if isinstance(answer, list):
        return sorted(options[text] for text in answer)
    return options[str(answer)]
