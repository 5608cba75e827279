"""Simulated terms: courses, students, quizzes and attempts by a known response model, with the truth beside the data.

No real person is described. The names of students, courses and titles say that they are simulated.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.errors import InputError
from lmskit.simulation.question_bank import Module, bank_modules
from lmskit.simulation.quizzes import Flaw, SimulatedQuiz, module_quizzes

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

DEMONSTRATION_SEED = 2026
DEMONSTRATION_FLAWS = (
    Flaw("PROG", 4, "Check", "q2", wrong_key=True),
    Flaw("PROG", 4, "Check", "q5", harder=-2.0),
)
"""In the current term, one key is wrong, and students know the answer to another question of that quiz from each other."""


@dataclass(frozen=True)
class TermDesign:
    """The properties of a simulated term; the defaults are those of the demonstration term.

    Attributes
    ----------
    code, name, first_day
        Of the term. Courses are named after module and term, for example ``SIM-PROG-2026B``.
    n_students, first_number
        The number of students, and the number of the first student: terms whose numbers do not overlap share no student.
    share_in_two_courses
        The share of students who take two courses instead of one.
    n_weeks
        Weeks of each course, 1 to 12.
    growth
        Growth of ability a week, in standard deviations of ability.
    stopping
        The chance that a student stops submitting after a week drawn at random.
    skipping
        The chance that a student who has not stopped skips a quiz.
    max_attempts
        The most attempts of a student on one quiz.
    modules
        The modules taught, one course each; by default all of the question bank.
    flaws
        Flaws of questions; by default none.
    """

    code: str = "2026B"
    name: str = "Autumn 2026 (simulated)"
    first_day: dt.date = dt.date(2026, 8, 24)
    n_students: int = 300
    first_number: int = 1
    share_in_two_courses: float = 0.2
    n_weeks: int = 12
    growth: float = 0.08
    stopping: float = 0.15
    skipping: float = 0.05
    max_attempts: int = 5
    modules: tuple[Module, ...] = field(default_factory=bank_modules, repr=False)
    flaws: tuple[Flaw, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a term that cannot be simulated."""
        weeks = min(len(module.topics) for module in self.modules) if self.modules else 0
        shares = (self.share_in_two_courses, self.stopping, self.skipping)
        if self.n_students < 1 or not 1 <= self.n_weeks <= weeks or self.max_attempts < 1 or not all(0 <= share <= 1 for share in shares):
            message = f"A simulated term needs a module, a student, an attempt, 1 to {weeks or 12} weeks, and shares from 0 to 1."
            raise InputError(message)


@dataclass(frozen=True)
class Truth:
    """The parameters of the simulation, which the data does not contain.

    Attributes
    ----------
    mastery
        student, course, week_number, ability (θ + growth), and true_score: the expected fraction of the maximum over all
        questions of the week, which is what an estimate of the week estimates.
    items
        course, week_number, quiz, question, discrimination, difficulty, guessing, wrong_key.
    stops
        student, course, last_week: the last week in which the student submits; the last week of the course for a student who never stops.
    """

    mastery: pd.DataFrame
    items: pd.DataFrame
    stops: pd.DataFrame


@dataclass(frozen=True)
class SimulatedTerm:
    """A term as frames; `course` is a course code, `student` a number, `quiz` a text unique in the term.

    Attributes
    ----------
    design, seed
        The same design and seed give the same term.
    last_day
        Of the term.
    courses
        course, module, title.
    students
        student, given_name, family_name, email (in the reserved domain ``.invalid``).
    enrollments
        student, course.
    syllabus
        course, week_number, topic, objectives.
    quizzes
        quiz, course, week_number, title, questions (list of objects), answer_key (object by question id), max_score.
    attempts
        quiz, course, student, number, score, max_score, started_at, submitted_at (UTC), answers (list of objects with
        question, response, score); one row per (quiz, student, number), by submitted_at.
    truth
        The parameters of the simulation.
    """

    design: TermDesign
    seed: int
    last_day: dt.date
    courses: pd.DataFrame
    students: pd.DataFrame
    enrollments: pd.DataFrame
    syllabus: pd.DataFrame
    quizzes: pd.DataFrame
    attempts: pd.DataFrame
    truth: Truth


def response_probability(
    ability: npt.ArrayLike, discrimination: npt.ArrayLike, difficulty: npt.ArrayLike, guessing: npt.ArrayLike = 0.0
) -> Floats:
    """The chance of a right answer by the 2PL model, with guessing for choice questions.

    P = g + (1 - g) / (1 + exp(-a(θ - b)))

    Parameters
    ----------
    ability, discrimination, difficulty, guessing
        θ, a, b and g; arrays are broadcast against each other.

    Returns
    -------
    array
        Probabilities, `guessing` to 1.

    References
    ----------
    Birnbaum (1968), Some latent trait models and their use in inferring an examinee's ability.

    Examples
    --------
    >>> float(response_probability(0.0, 1.0, 0.0)), float(response_probability(0.0, 1.0, 0.0, 0.25))
    (0.5, 0.625)
    """
    from scipy.special import expit  # takes long to import, so that only simulating pays for it

    chance = np.asarray(guessing, dtype=np.float64)
    logit = np.asarray(discrimination, dtype=np.float64) * (
        np.asarray(ability, dtype=np.float64) - np.asarray(difficulty, dtype=np.float64)
    )
    probability: Floats = chance + (1 - chance) * expit(logit)
    return probability


def demonstration_terms(seed: int = DEMONSTRATION_SEED) -> tuple[SimulatedTerm, SimulatedTerm]:
    """Simulate the demonstration: an earlier term, and the current one with about 20,000 attempts, of the same three modules.

    The quizzes of the two terms are the same; their students are not.
    """
    current = TermDesign(flaws=DEMONSTRATION_FLAWS)
    earlier = TermDesign(
        code="2026A", name="Spring 2026 (simulated)", first_day=dt.date(2026, 2, 23), n_students=120, first_number=current.n_students + 1
    )
    return simulate_term(earlier, seed=seed), simulate_term(current, seed=seed)


def simulate_term(design: TermDesign, *, seed: int) -> SimulatedTerm:
    """Simulate one term.

    Everything is computed from a stream of uniform random numbers, which is the same on every platform. Quizzes depend on the seed and
    the module alone, so that terms with the same seed ask the same questions.

    Parameters
    ----------
    design
        Properties of the term.
    seed
        0 or more.

    Returns
    -------
    SimulatedTerm
        The frames and the truth.
    """
    from scipy.special import ndtri  # takes long to import, so that only simulating pays for it

    if seed < 0:
        message = f"The seed of a simulation is 0 or more, not {seed}."
        raise InputError(message)
    generator = np.random.default_rng([seed, *design.code.encode()])
    numbers = np.arange(design.first_number, design.first_number + design.n_students)
    ability = ndtri(generator.random(design.n_students))
    codes = {module.code: f"SIM-{module.code}-{design.code}" for module in design.modules}
    enrolled = _enrolled(design, generator)

    attempts, quiz_rows, mastery, items, stops = [], [], [], [], []
    for position, module in enumerate(design.modules):
        course = codes[module.code]
        students = np.flatnonzero(enrolled[:, position])
        # The last week of a student who stops is drawn at random; that of the others is the last week of the course.
        stops_early = generator.random(len(students)) < design.stopping
        last_week = np.where(stops_early, (generator.random(len(students)) * design.n_weeks).astype(np.int64), design.n_weeks)
        stops.append(pd.DataFrame({"student": numbers[students], "course": course, "last_week": last_week}))
        for number, quiz in enumerate(module_quizzes(module, growth=design.growth, seed=seed, flaws=design.flaws)):
            if quiz.week_number > design.n_weeks:
                break
            name = f"{course}-{number + 1:02d}"
            grown = ability[students] + design.growth * (quiz.week_number - 1)
            chances = response_probability(grown[:, None], quiz.discrimination, quiz.difficulty, quiz.guessing)
            takes = (quiz.week_number <= last_week) & (generator.random(len(students)) >= design.skipping)
            attempts.append(_attempts(design, quiz, chances[takes], numbers[students][takes], generator).assign(quiz=name, course=course))
            mastery.append(_true_scores(quiz, course, numbers[students], grown, quiz.chances_of_points(chances)))
            items.append(_true_items(quiz, course, name))
            quiz_rows.append((name, course, quiz.week_number, quiz.title, quiz.questions, quiz.answer_key, quiz.max_score))

    return SimulatedTerm(
        design=design,
        seed=seed,
        last_day=design.first_day + dt.timedelta(weeks=design.n_weeks, days=-1),
        courses=pd.DataFrame(
            [(codes[module.code], module.code, f"{module.title} (simulated)") for module in design.modules],
            columns=["course", "module", "title"],
        ),
        students=_students(numbers),
        enrollments=pd.concat([frame[["student", "course"]] for frame in stops], ignore_index=True),
        syllabus=_syllabus(design, codes),
        quizzes=pd.DataFrame(quiz_rows, columns=["quiz", "course", "week_number", "title", "questions", "answer_key", "max_score"]),
        attempts=_by_time(attempts),
        truth=Truth(
            mastery=_mean_over_quizzes(mastery), items=pd.concat(items, ignore_index=True), stops=pd.concat(stops, ignore_index=True)
        ),
    )


def _enrolled(design: TermDesign, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Whether each student takes each course, shape (students, modules); all take one course, some two."""
    preference = generator.random((design.n_students, len(design.modules)))
    courses = 1 + (generator.random(design.n_students) < design.share_in_two_courses)
    rank = preference.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.asarray(rank < courses[:, None], dtype=np.bool_)


def _attempts(design: TermDesign, quiz: SimulatedQuiz, chances: Floats, students: Integers, generator: np.random.Generator) -> pd.DataFrame:
    """All attempts on one quiz: each student has a first, and the lower its score, the likelier another attempt."""
    monday = dt.datetime.combine(design.first_day + dt.timedelta(weeks=quiz.week_number - 1), dt.time(8), tzinfo=dt.UTC)
    # Seconds since the Monday of the week, 8 hours UTC: a day, and a time between 8 and 22 hours UTC.
    begin = np.floor(generator.random(len(students)) * 5) * 86_400 + np.floor(generator.random(len(students)) * 50_400)
    attempting = np.arange(len(students))
    rounds = []
    for number in range(1, design.max_attempts + 1):
        right = generator.random((len(attempting), len(quiz.points))) < chances[attempting]
        chosen = quiz.chosen(right, generator.random(right.shape))
        score = (chosen == quiz.keyed) @ quiz.points
        end = begin[attempting] + 300 + np.floor(generator.random(len(attempting)) * 1_200)
        rounds.append((attempting, np.full(len(attempting), number), chosen, score, begin[attempting], end))
        again = generator.random(len(attempting)) < 0.97 - 0.55 * (score / quiz.max_score) ** 2
        pause = 600 + np.floor(generator.random(len(attempting)) * 28_800)
        begin[attempting] = end + pause
        attempting = attempting[again]
    student, number_of, chosen, score, started, ended = (np.concatenate(parts) for parts in zip(*rounds, strict=True))
    return pd.DataFrame(
        {
            "student": students[student],
            "number": number_of.astype(np.int64),
            "score": score,
            "max_score": quiz.max_score,
            "started_at": pd.Timestamp(monday) + pd.to_timedelta(started, unit="s"),
            "submitted_at": pd.Timestamp(monday) + pd.to_timedelta(ended, unit="s"),
            "answers": _answers(quiz, chosen),
        }
    )


def _answers(quiz: SimulatedQuiz, chosen: Integers) -> list[list[dict[str, Any]]]:
    """The answers of each attempt, as an attempt stores them."""
    per_question = []
    for position, question in enumerate(quiz.questions):
        answers, keyed = quiz.answers[position], quiz.keyed[position]
        per_question.append(
            [
                {"question": question["id"], "response": answers[index], "score": question["points"] if index == keyed else 0.0}
                for index in chosen[:, position]
            ]
        )
    return [list(attempt) for attempt in zip(*per_question, strict=True)]


def _true_scores(quiz: SimulatedQuiz, course: str, students: Integers, ability: Floats, chances: Floats) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "student": students,
            "course": course,
            "week_number": quiz.week_number,
            "ability": ability,
            "expected": chances @ quiz.points,
            "max_score": quiz.max_score,
        }
    )


def _mean_over_quizzes(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The true score of each student and week over all quizzes of the week: expected points / maximum points."""
    keys = ["student", "course", "week_number"]
    total = (
        pd.concat(frames, ignore_index=True)
        .groupby(keys, as_index=False, sort=True)
        .agg(ability=("ability", "first"), expected=("expected", "sum"), max_score=("max_score", "sum"))
    )
    total["true_score"] = total["expected"] / total["max_score"]
    return total[[*keys, "ability", "true_score"]]


def _true_items(quiz: SimulatedQuiz, course: str, name: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "course": course,
            "week_number": quiz.week_number,
            "quiz": name,
            "question": [question["id"] for question in quiz.questions],
            "discrimination": quiz.discrimination,
            "difficulty": quiz.difficulty,
            "guessing": quiz.guessing,
            "wrong_key": quiz.keyed > 0,
        }
    )


def _students(numbers: Integers) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "student": numbers,
            "given_name": "Simulated",
            "family_name": [f"Student {number:03d}" for number in numbers],
            "email": [f"student.{number:03d}@simulated.invalid" for number in numbers],
        }
    )


def _syllabus(design: TermDesign, codes: dict[str, str]) -> pd.DataFrame:
    rows = [
        (codes[module.code], week, topic.title, topic.objectives)
        for module in design.modules
        for week, topic in enumerate(module.topics[: design.n_weeks], start=1)
    ]
    return pd.DataFrame(rows, columns=["course", "week_number", "topic", "objectives"])


def _by_time(frames: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["quiz", "course", "student", "number", "score", "max_score", "started_at", "submitted_at", "answers"]
    return pd.concat(frames, ignore_index=True)[columns].sort_values(["submitted_at", "quiz", "student"], kind="stable", ignore_index=True)
