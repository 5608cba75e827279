"""The questions of a Moodle quiz, as far as its reports tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmskit.importers.moodle.words import NO_GRADE
from lmskit.importers.text_cell import visible_lines
from lmskit.schemas.quiz import QuizContent, ShortTextQuestion
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.importers.moodle.quiz_layout import ReportLayout


class Questions:
    """Gathers the questions while the attempts are read; a question drawn at random asks different things of different students."""

    def __init__(self, layout: ReportLayout) -> None:
        self.layout = layout
        self._prompts: dict[str, str] = {}
        self._random: set[str] = set()

    def see(self, cells: Sequence[str]) -> None:
        """Look at what one student was asked."""
        for each in self.layout.questions:
            if each.prompt is None or cells[each.prompt].strip() in NO_GRADE:
                continue
            prompt = visible_lines(cells[each.prompt])
            if prompt and self._prompts.setdefault(each.number, prompt) != prompt:
                self._random.add(each.number)

    @staticmethod
    def response(cell: str) -> str | None:
        """Return a student's answer; a dash is none."""
        return None if cell.strip() in NO_GRADE else visible_lines(cell) or None

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The questions in their stored form."""
        asked = [
            ShortTextQuestion(
                id=each.number,
                type=QuestionType.SHORT_TEXT,
                prompt=self._prompts.get(each.number, f"Question {each.number}"),
                points=each.points or 0,
            )
            for each in self.layout.questions
        ]
        return QuizContent(questions=tuple(asked)).stored_questions()

    @property
    def notes(self) -> list[str]:
        """What a report should say of them."""
        notes = []
        if self.layout.questions:
            notes.append("Moodle does not tell what kind the questions are; new ones are kept as short texts without a key.")
        if any(each.points is None for each in self.layout.questions):
            notes.append(
                "the report does not tell what the questions are worth; new ones have 0 points, so import the grades report first."
            )
        if self.layout.questions and not self._prompts:
            notes.append("the report does not tell what the questions ask; new ones are called 'Question 1' and so on.")
        if self._random:
            numbers = ", ".join(sorted(self._random))
            notes.append(f"questions drawn at random, of which the first text is kept: {numbers}.")
        return notes
