"""Reading advice as it is shown: passages with their reasons, decisions, and gaps in the materials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.materials.location import Location
    from lmskit.read_models.snippet import Snippet
    from lmskit.vocabulary import Decision, MaterialKind


_MAIN_QUESTIONS = 3
"""Questions that are named where there is little room."""
_BEGINNING = 100
"""Characters of a prompt that say what is asked."""


@dataclass(frozen=True, slots=True)
class MissedQuestion:
    """A question that was missed, or a quiz of which only totals are known.

    Attributes
    ----------
    quiz_id, quiz_title
        Of the quiz.
    number
        Of the question in its quiz, from 1; 0 for a quiz of which only totals are known.
    prompt
        Of the question; empty for a quiz of which only totals are known.
    n_students, n_missed
        Whose last attempt counts, and those of them who did not earn all points.
    weight
        How much it counts, as `lmskit.analytics.reading_advice.question_weights` has it.
    of_one
        Whether they are one student, for whom advice was asked.
    """

    quiz_id: int
    quiz_title: str
    number: int
    prompt: str
    n_students: int
    n_missed: int
    weight: float
    of_one: bool

    @property
    def name(self) -> str:
        """Which question it is.

        >>> MissedQuestion(1, "Quiz 2", 3, "Which?", 20, 12, 0.4, False).name
        'question 3 of Quiz 2'
        """
        return f"question {self.number} of {self.quiz_title}" if self.number else f"{self.quiz_title} (only totals are known)"

    @property
    def reason(self) -> str:
        """Why its passages should be read.

        >>> MissedQuestion(1, "Quiz 2", 3, "Which?", 20, 12, 0.4, False).reason
        'question 3 of Quiz 2, missed by 12 of 20 students'
        """
        lost = "missed" if self.number else "not all points"
        if self.of_one:
            return f"{self.name}, {lost}"
        who = f"{self.n_missed:,} of {self.n_students:,} student{'s' if self.n_students != 1 else ''}"
        return f"{self.name}, missed by {who}" if self.number else f"{self.name}, not all points for {who}"

    @property
    def about(self) -> str:
        """The reason with the beginning of the prompt, from which a person sees what a material has to explain.

        >>> MissedQuestion(1, "Quiz 2", 3, "Which is a  tuple?", 20, 12, 0.4, False).about
        'question 3 of Quiz 2, missed by 12 of 20 students: “Which is a tuple?”'
        """
        prompt = " ".join(self.prompt.split())
        shown = prompt if len(prompt) <= _BEGINNING else f"{prompt[:_BEGINNING].rstrip()}…"
        return f"{self.reason}: “{shown}”" if shown else self.reason


def question_names(questions: Iterable[MissedQuestion]) -> str:
    """Name questions in few words, together those of a quiz.

    >>> two = [MissedQuestion(1, "Quiz 2", number, "Which?", 20, 12, 0.4, False) for number in (3, 1)]
    >>> question_names(two)
    'questions 1 and 3 of Quiz 2'
    >>> question_names([*two, MissedQuestion(2, "Test", 5, "Why?", 20, 12, 0.4, False)])
    'questions 1 and 3 of Quiz 2; question 5 of Test'
    """
    of_quiz: dict[int, list[MissedQuestion]] = {}
    for question in questions:
        of_quiz.setdefault(question.quiz_id, []).append(question)
    names = []
    for asked in of_quiz.values():
        numbers = [str(number) for number in sorted(question.number for question in asked)]
        several = f"questions {', '.join(numbers[:-1])} and {numbers[-1]} of {asked[0].quiz_title}"
        names.append(several if len(numbers) > 1 else asked[0].name)
    return "; ".join(names)


@dataclass(frozen=True, slots=True)
class AdvisedPassage:
    """A passage to read again, with its neighbours in the same section.

    Attributes
    ----------
    material_id, ordinals
        The material, and the numbers of the passages in it.
    ordinal
        The one of them that suits best, to which location and link lead.
    title, kind, file_name
        Of the material.
    location
        Where in the material the passage is.
    link
        The address that opens the material at the passage; None for a material without an address.
    snippet
        A part of the passage, with the words marked that the questions share with it.
    questions
        The questions that it helps with, the one that counts most first; none for a pinned passage that was not found for any.
    score
        As `lmskit.analytics.reading_advice.RankedPassages` has it.
    decision_id
        The decision by which it is pinned; None for a passage that is not.
    """

    material_id: int
    ordinals: tuple[int, ...]
    ordinal: int
    title: str
    kind: MaterialKind
    file_name: str | None
    location: Location
    link: str | None
    snippet: Snippet
    questions: tuple[MissedQuestion, ...]
    score: float
    decision_id: int | None

    @property
    def pinned(self) -> bool:
        """Whether a lecturer put it here."""
        return self.decision_id is not None

    @property
    def where(self) -> str:
        """Where in the material it is; empty for a material of one piece."""
        more = len(self.ordinals) - 1
        further = f"{more} more passage{'s' if more > 1 else ''} beside it" if more else ""
        return ", ".join(part for part in (self.location.within(self.title), further) if part)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it should be read, a phrase each."""
        chosen = ("pinned by the lecturer",) if self.pinned else ()
        return (*chosen, *(question.reason for question in self.questions))

    @property
    def main_reasons(self) -> str:
        """The first reasons, which count most, on one line."""
        further = len(self.questions) - _MAIN_QUESTIONS
        shown = self.reasons[:-further] if further > 0 else self.reasons
        return "; ".join((*shown, *_and_more(further)))


@dataclass(frozen=True, slots=True)
class DecidedPassage:
    """A decision whose passage is not among the advice: it is banned, or its text is gone.

    Attributes
    ----------
    decision_id
        Of the decision.
    decision
        What was decided.
    material_id, title
        Of the material.
    location
        Where the passage is; None if no passage of the material has the text any more.
    beginning
        The first words of the passage; empty if it is gone.
    """

    decision_id: int
    decision: Decision
    material_id: int
    title: str
    location: Location | None
    beginning: str

    @property
    def gone(self) -> bool:
        """Whether no passage of the material has the text any more."""
        return self.location is None


@dataclass(frozen=True, slots=True)
class ReadingAdvice:
    """What to read again in one week, for a class or one student.

    Attributes
    ----------
    week, topic
        Of the syllabus.
    passages
        Pinned ones in the lecturer's order, then the others, the best ones first.
    unanswered
        Questions that were missed and for which nothing in the materials is suitable.
    decided
        Decisions whose passages are not shown: banned ones, and those whose text is gone.
    n_questions
        Questions that were asked and answered.
    n_missed
        Those of them that count as missed.
    share_unanswered
        Weight of the unanswered questions as a share of the weight of all that count, 0-1.
    n_materials
        Materials of this week and of the whole course.
    caveat
        A sentence about what the advice rests on; None if there is nothing to add.
    of_one
        Whether it is for one student.
    """

    week: int
    topic: str
    passages: tuple[AdvisedPassage, ...]
    unanswered: tuple[MissedQuestion, ...]
    decided: tuple[DecidedPassage, ...]
    n_questions: int
    n_missed: int
    share_unanswered: float
    n_materials: int
    caveat: str | None
    of_one: bool = False

    @property
    def nothing(self) -> str | None:
        """Why there is no passage to read; None if there is one."""
        if self.passages:
            return None
        if not self.n_questions:
            who = "this student" if self.of_one else "the class"
            return f"No question of this week has been answered by {who} yet, so there is nothing to advise."
        if not self.n_missed:
            missed = "missed by this student" if self.of_one else "missed often"
            return f"No question of this week was {missed}, so there is nothing to read again."
        return "Nothing suitable here: no passage of the materials fits the questions that were missed."


@dataclass(frozen=True, slots=True)
class MaterialGap:
    """A weak topic for which the materials of the course lack something.

    Attributes
    ----------
    week, topic
        Of the syllabus.
    mean_value
        Mean mastery value of the assessed students, 0-1.
    n_assessed
        Assessed students.
    n_materials
        Materials of this week.
    n_missed
        Questions that were missed often.
    unanswered
        Those of them for which nothing is suitable.
    """

    week: int
    topic: str
    mean_value: float
    n_assessed: int
    n_materials: int
    n_missed: int
    unanswered: tuple[MissedQuestion, ...]

    @property
    def nothing_at_all(self) -> bool:
        """Whether nothing is suitable for any of the questions."""
        return len(self.unanswered) == self.n_missed

    @property
    def main_questions(self) -> str:
        """The first of the unanswered questions, which count most, on one line."""
        shown = [question.about for question in self.unanswered[:_MAIN_QUESTIONS]]
        return "; ".join((*shown, *_and_more(len(self.unanswered) - _MAIN_QUESTIONS)))

    @property
    def finding(self) -> str:
        """What is missing, as a sentence."""
        materials = f"{self.n_materials:,} material{'s' if self.n_materials != 1 else ''}" if self.n_materials else "no material"
        if self.nothing_at_all:
            return f"Nothing suitable for any question that was missed often ({self.n_missed:,}); the week has {materials}."
        return f"Nothing suitable for {len(self.unanswered):,} of {self.n_missed:,} questions that were missed often."


@dataclass(frozen=True, slots=True)
class CourseAdvice:
    """The advice for several weeks of a course.

    Attributes
    ----------
    n_materials
        Materials of the course.
    weeks
        The advice for each, by week.
    gaps
        Weak topics for which something is missing: first those for which nothing is suitable, then the weakest first.
    """

    n_materials: int
    weeks: tuple[ReadingAdvice, ...]
    gaps: tuple[MaterialGap, ...]


def _and_more(further: int) -> tuple[str, ...]:
    """Say how many questions are not named, if any."""
    return (f"and {further} more question{'s' if further > 1 else ''}",) if further > 0 else ()
