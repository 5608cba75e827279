"""Quizzes for simulated courses: drawn from the item bank, in the question schema, the key apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.itembank.item import Item, Module, Response, Topic

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

QUIZ_KINDS = ("Practice", "Check")
"""Every week has one quiz of each kind."""

_NEXT_LIKELY = 0.5  # of the wrong responses, which stand in the order of their appeal, each draws this share of the one before
_INSTANCES = 2  # questions from each template of the topic
_HARD_POINTS = 2.0  # for a question that cannot be guessed among options; the others give 1


@dataclass(frozen=True)
class Flaw:
    """What is the matter with one question of a term.

    Attributes
    ----------
    module, week_number, kind, question
        Which one: code of the module, week, one of `QUIZ_KINDS`, and id in its quiz.
    wrong_key
        The key names the most appealing wrong response, and that is what earns the points.
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
    responses
        Per question, the right response and then the wrong ones, as an attempt stores them.
    points, discrimination, difficulty, guessing
        One number per question; the last three are the truth of the response model.
    keyed
        Per question, which of its responses the key names: 0, unless the key is wrong.
    """

    week_number: int
    title: str
    questions: list[dict[str, Any]]
    answer_key: dict[str, dict[str, Any]]
    responses: list[list[Any]]
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
        """Which response each attempt gives to each question: the right one, or a wrong one by its appeal and `slip` (0 to 1)."""
        wrong = np.empty(slip.shape, dtype=np.int64)
        for position, responses in enumerate(self.responses):
            wrong[:, position] = 1 + np.searchsorted(np.cumsum(_appeal(len(responses) - 1))[:-1], slip[:, position], side="right")
        return np.where(right, 0, wrong)

    def chances_of_marks(self, chances: Floats) -> Floats:
        """From the chances of right responses to those of what the key names."""
        keyed = np.array([_appeal(len(responses) - 1)[0] for responses in self.responses])
        marked: Floats = np.where(self.keyed == 0, chances, (1 - chances) * keyed)
        return marked


def _appeal(n_wrong: int) -> Floats:
    """The share of each wrong response among those who are wrong."""
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
        Growth of ability per week; the items of a later week are harder by as much, so that scores neither climb nor fall.
    seed
        The same seed gives the same quizzes, on every platform.
    flaws
        What is the matter with some questions; those of other modules are passed over.

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
            items = _items(topic, number, asked, generator)
            quiz = _quiz(week, f"{kind}: {topic.title}", topic.title, items, harder=growth * (week - 1), generator=generator)
            here = [flaw for flaw in flaws if (flaw.module, flaw.week_number, flaw.kind) == (module.code, week, kind)]
            quizzes.append(_flawed(quiz, here))
    return quizzes


def _items(topic: Topic, number: int, asked: set[str], generator: np.random.Generator) -> list[Item]:
    """One concept, and questions from each template that the topic has not asked yet."""
    items = [topic.concepts[number % len(topic.concepts)]]
    for template in topic.templates:
        fresh = 0
        while fresh < _INSTANCES:
            item = template(generator)
            if item.prompt not in asked:
                asked.add(item.prompt)
                items.append(item)
                fresh += 1
    return items


def _quiz(week: int, title: str, topic: str, items: list[Item], *, harder: float, generator: np.random.Generator) -> SimulatedQuiz:
    questions, key, responses = [], {}, []
    for position, item in enumerate(items, start=1):
        identifier = f"q{position}"
        shuffled = [item.options[index] for index in np.argsort(generator.random(len(item.options)), kind="stable")]
        options = {text: letter for letter, text in zip("abcdefgh", shuffled, strict=False)}
        questions.append(
            {
                "id": identifier,
                "type": item.type.value,
                "prompt": item.prompt,
                "points": 1.0 if item.options or item.type is QuestionType.TRUE_FALSE else _HARD_POINTS,
                "options": [{"id": letter, "text": text} for text, letter in options.items()],
                "topic": topic,
            }
        )
        responses.append([_as_stored(response, options) for response in (item.answer, *item.wrong)])
        # Several spellings of a word may be right, so the key of a short text is a list.
        answer = [item.answer] if item.type is QuestionType.SHORT_TEXT else responses[-1][0]
        key[identifier] = {"answer": answer} | ({"tolerance": item.tolerance} if item.type is QuestionType.NUMERIC else {})
    size = len(items)
    return SimulatedQuiz(
        week_number=week,
        title=title,
        questions=questions,
        answer_key=key,
        responses=responses,
        points=np.array([question["points"] for question in questions], dtype=np.float64),
        discrimination=np.exp(0.25 * ndtri(generator.random(size)) + 0.25),
        difficulty=harder - 0.8 + 0.8 * ndtri(generator.random(size)),
        guessing=np.array([item.guessing for item in items]),
        keyed=np.zeros(size, dtype=np.int64),
    )


def _flawed(quiz: SimulatedQuiz, flaws: list[Flaw]) -> SimulatedQuiz:
    """The quiz with what is the matter with it; questions and prompts stay as they are."""
    key, keyed, difficulty = dict(quiz.answer_key), quiz.keyed.copy(), quiz.difficulty.copy()
    for flaw in flaws:
        position = [question["id"] for question in quiz.questions].index(flaw.question)
        difficulty[position] += flaw.harder
        if flaw.wrong_key:
            keyed[position] = 1
            wrong = quiz.responses[position][1]
            key[flaw.question] = key[flaw.question] | {"answer": [wrong] if isinstance(wrong, str) and _is_text(quiz, position) else wrong}
    return replace(quiz, answer_key=key, keyed=keyed, difficulty=difficulty)


def _is_text(quiz: SimulatedQuiz, position: int) -> bool:
    return bool(quiz.questions[position]["type"] == QuestionType.SHORT_TEXT.value)


def _as_stored(response: Response, options: dict[str, str]) -> Any:  # noqa: ANN401  # JSON
    if not options:
        return response
    if isinstance(response, list):
        return sorted(options[text] for text in response)
    return options[str(response)]
