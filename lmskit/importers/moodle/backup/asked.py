"""What a quiz of a backup asks: which question stands in each slot, what the reports call it, and the answers to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmskit.importers.matching.question_text import drawn_prompt
from lmskit.importers.moodle.backup.quiz import shown
from lmskit.importers.moodle.backup.responses import stored_answer
from lmskit.importers.question_banks.bank import Draft
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from lmskit.importers.moodle.backup.questions import QuestionVersion
    from lmskit.importers.moodle.backup.quiz import BackedUpAttempt, BackedUpQuiz, QuizSlot

DESCRIPTION = "description"
"""Moodle's type of what is shown between questions and asks nothing."""
OTHER_VERSION = "answers to earlier versions of a question, kept as texts"
DRAWN = "answers to questions drawn at random, kept as texts with the question that each student got"
UNKNOWN = "answers to questions that are not in the backup, which are not imported"
TRIES = "earlier tries of answers, of which the last one is imported"


@dataclass(frozen=True, slots=True)
class AskedQuiz:
    """A quiz with its questions.

    Attributes
    ----------
    quiz
        What it is.
    at
        The version of the question in each slot; None for one that is drawn at random.
    names
        What the reports call the question of each slot; descriptions are not there.
    """

    quiz: BackedUpQuiz
    at: Mapping[int, QuestionVersion | None]
    names: Mapping[int, str]

    def drafts(self, file: str) -> list[Draft]:
        """Return the questions in their order, under their names, with their points in the quiz."""
        return [self._draft(slot, file) for slot in self.quiz.slots if slot.number in self.names]

    def _draft(self, slot: QuizSlot, file: str) -> Draft:
        name, version, points = self.names[slot.number], self.at[slot.number], slot.points * self.quiz.ratio
        if version is None:
            return Draft(file, self.quiz.line, name, {"type": QuestionType.ESSAY, "prompt": drawn_prompt(name), "points": points})
        draft = version.draft
        return replace(draft, name=name, fields=draft.fields | {"points": points}, warnings=list(draft.warnings))

    def answers(self, attempt: BackedUpAttempt, versions: Mapping[int, QuestionVersion], counts: Counter[str]) -> list[dict[str, Any]]:
        """Return the answers of an attempt in their stored form, and count what is special about them."""
        found = []
        counts[UNKNOWN] += attempt.n_unknown
        for answer in attempt.answers:
            asked, seen = self.at.get(answer.slot), versions[answer.question]
            if answer.slot not in self.names or seen.kind == DESCRIPTION:
                continue
            is_same = asked is not None and asked.id == seen.id
            counts[OTHER_VERSION] += asked is not None and not is_same
            counts[DRAWN] += asked is None
            counts[TRIES] += max(answer.n_tries - 1, 0)
            has_own_text = not is_same or seen.kind.startswith("calculated")
            options = set() if asked is None else {option["id"] for option in asked.draft.fields.get("options", ())}
            name, ratio = self.names[answer.slot], self.quiz.ratio
            found.append(stored_answer(answer, name, ratio, options=options, is_same=is_same, has_own_text=has_own_text))
        return found


def asked_in(quiz: BackedUpQuiz, of_entry: Mapping[int, Sequence[QuestionVersion]]) -> AskedQuiz:
    """Return a quiz with its questions, by the versions of each entry of the question bank.

    A question has the number of the reports, which descriptions have none of, or what a person called it instead. Where two were called the
    same, all keep their numbers.
    """
    at = {slot.number: shown(slot, of_entry.get(slot.entry or 0, ())) for slot in quiz.slots}
    asked = [slot for slot in quiz.slots if (version := at[slot.number]) is None or version.kind != DESCRIPTION]
    numbers = {slot.number: str(number) for number, slot in enumerate(asked, 1)}
    names = {slot.number: slot.called or numbers[slot.number] for slot in asked}
    return AskedQuiz(quiz, at, names if len(set(names.values())) == len(names) else numbers)
