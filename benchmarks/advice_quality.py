"""How well reading advice leads from the questions of quizzes to the passages to read again.

Run it with: python -m benchmarks.advice_quality [--picture docs/pictures/advice_threshold.svg] [--listed COURSE]

The quizzes are those of tests/materials/quizzes.toml, about the real lesson beside the checkout and about the materials of the
demonstration. Every second question is held out: the thresholds are chosen by the others.

advice      share of the questions with an answer for which a passage is advised that answers it
false       share of the questions without an answer for which any passage is advised
right       share of the advised passages that answer their question
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.scratch import scratch_cluster
from benchmarks.search_picture import threshold_picture
from benchmarks.search_quality import EVERY, MOST_FALSE, stored
from tests.materials.quizzes import QuizQuestion, course_materials, quiz_questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.materials.vectors.embedder import Embedder

Evidence: TypeAlias = "dict[tuple[str, int], float]"
OWN = tuple(round(float(value), 3) for value in np.arange(0, 0.2, 0.025))
OTHER = tuple(round(float(value), 3) for value in np.arange(-0.1, 0.25, 0.025))
SHIFTS = np.arange(0, 0.6, 0.01)
"""Thresholds for a passage of no known week, of which the others keep their distance."""
WORDS_ALONE = "words alone"


@dataclass(frozen=True)
class Asked:
    """A question, what answers it, and by how much each passage of its course stands out for it."""

    question: QuizQuestion
    answers: set[tuple[str, int]]
    evidence: Mapping[str, Evidence]
    """By the name of the model, or `WORDS_ALONE`."""
    weeks: Mapping[str, int | None]

    def advised(self, model: str, own: float, unknown: float, other: float) -> list[tuple[str, int]]:
        """The passages that the question leads to, with thresholds for its own week, for no week and for other weeks."""
        from lmskit.analytics.reading_advice import FoundPassage, head_starts, ranked_passages

        names = sorted(self.weeks)
        numbers = {name: number for number, name in enumerate(names)}
        weeks = {number: self.weeks[name] for number, name in enumerate(names)}
        starts = head_starts(weeks, self.question.week, unknown, own_week=own, another_week=other - unknown)
        found = [
            FoundPassage(None, (numbers[name], ordinal), value + starts.get(numbers[name], 0.0))
            for (name, ordinal), value in self.evidence[model].items()
        ]
        items = ranked_passages({None: 1.0}, [hit for hit in found if hit.score >= unknown]).items
        return [(names[number], ordinal) for item in items for number, ordinal in item.passages]


def asked(session: Session, course: str, embedders: Sequence[Embedder]) -> list[Asked]:
    """Search the materials of a course for the questions of its quizzes."""
    from lmskit.queries.course import course_by_code
    from lmskit.queries.material_search import best_passages, share_of_words
    from lmskit.queries.search_words import plain_words
    from lmskit.read_models.passage_search import prepared_search

    materials = course_materials(course)
    weeks = {name: material.week for name, material in materials.items()}
    code, numbers = stored(session, {name: material.passages for name, material in materials.items()}, embedders, weeks)
    keys = [(name, ordinal) for name, material in materials.items() for ordinal, _ in enumerate(material.passages, start=1)]
    ids = [course_by_code(session, code).id]
    found = []
    for question in (question for question in quiz_questions() if question.course == course):
        evidence: dict[str, Evidence] = defaultdict(dict)
        for embedder in embedders:
            search = prepared_search(plain_words(question.search_text), embedder)
            rows = best_passages(session, ids, search.words, search.vector, most=EVERY)
            words = share_of_words(search.vector)
            for model, share in ((embedder.name, words), (WORDS_ALONE, 1.0)):
                scores = {
                    keys[numbers[row["material_id"], row["ordinal"]]]: share * row["by_words"] + (1 - share) * row["by_meaning"]
                    for row in rows
                }
                typical = sum(scores.values()) / len(numbers)
                evidence[model] = {key: score - typical for key, score in scores.items() if model != WORDS_ALONE or score > 0}
        found.append(Asked(question, question.passages(materials), evidence, weeks))
    return found


def figures(questions: Sequence[Asked], model: str, own: float, unknown: float, other: float) -> tuple[float, float, float]:
    """Advice, false advice, and the share of advised passages that are right."""
    kept, false, right = [], [], []
    for each in questions:
        passages = each.advised(model, own, unknown, other)
        right += [passage in each.answers for passage in passages]
        if each.answers:
            kept.append(any(passage in each.answers for passage in passages))
        else:
            false.append(bool(passages))
    return float(np.mean(kept)), float(np.mean(false)), float(np.mean(right)) if right else 1.0


def report(questions: Sequence[Asked], model: str, picture: Path | None) -> None:
    """Print the figures of a model without and with what the week of a material says, and what the questions that choose would choose."""
    from lmskit.analytics.reading_advice import OF_ANOTHER_WEEK
    from lmskit.read_models.passage_search import least_distinction

    parts = {
        "chosen by": [each for each in questions if not each.question.held_out],
        "held out": [each for each in questions if each.question.held_out],
    }
    for each in questions:
        parts.setdefault(each.question.course, []).append(each)
    least = least_distinction(None if model == WORDS_ALONE else model)

    def line(title: str, own: float, other: float) -> None:
        print(f"  {title}: own week {own:.3f}, no week {least:.3f}, another week {other:.3f}")
        for name, part in parts.items():
            kept, false, right = figures(part, model, own, least, other)
            print(f"    {name:20} advice {kept:.2f}, false {false:.2f}, right {right:.2f}")

    print(f"\n{model}")
    line("without weeks", least, least)
    line("in use", 0.0, least + OF_ANOTHER_WEEK)
    choices = []
    for own in OWN:
        for more in OTHER:
            kept, false, right = figures(parts["chosen by"], model, own, least, least + more)
            if false <= MOST_FALSE:
                choices.append((kept, right, own, least + more))
    line("most advice", *max(choices)[2:])
    if picture is not None:

        def curve(part: str, position: int) -> npt.NDArray[np.float64]:
            shifts = SHIFTS - least
            found = [figures(parts[part], model, shift, least + shift, least + OF_ANOTHER_WEEK + shift) for shift in shifts.tolist()]
            return np.array([shares[position] for shares in found])

        curves = {
            name: (curve("chosen by", position), curve("held out", position)) for position, name in enumerate(("advice", "false advice"))
        }
        axis = "score above the mean of all passages, with the head start of the material"
        picture.write_text(threshold_picture(SHIFTS, curves, least, model, axis=axis), encoding="utf-8")


def main() -> None:
    """Measure in a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--listed", metavar="COURSE", help="print every question of this course with what is advised")
    arguments = parser.parse_args()
    with scratch_cluster():
        import psycopg
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session

        from lmskit.analytics.reading_advice import OF_ANOTHER_WEEK
        from lmskit.db import access, revision
        from lmskit.materials.vectors.character_hash import CharacterHash
        from lmskit.materials.vectors.choice import chosen_embedder
        from lmskit.read_models.passage_search import least_distinction

        endpoint = access().server.start()
        revision.upgrade()
        shipped = chosen_embedder(access().settings).embedder
        embedders = list({each.name: each for each in (CharacterHash(), shipped)}.values())
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")))
        with Session(engine) as session:
            courses = dict.fromkeys(question.course for question in quiz_questions())
            questions = [each for course in courses for each in asked(session, course, embedders)]
        engine.dispose()
    print(f"{len(questions)} questions, {sum(bool(each.answers) for each in questions)} of them with an answer")
    for model in dict.fromkeys((WORDS_ALONE, *(each.name for each in embedders))):
        report(questions, model, arguments.picture if model == shipped.name else None)
    least = least_distinction(shipped.name)
    for each in questions:
        if each.question.course == arguments.listed:
            print(f"\nweek {each.question.week}: {each.question.search_text}")
            for title, thresholds in (("without weeks", (least,) * 3), ("in use", (0.0, least, least + OF_ANOTHER_WEEK))):
                advised = [f"{name} {ordinal}" for name, ordinal in each.advised(shipped.name, *thresholds)]
                print(f"  {title}: {', '.join(advised) or 'nothing'}")
            print(f"  labelled: {', '.join(f'{name} {ordinal}' for name, ordinal in sorted(each.answers)) or 'nothing'}")


if __name__ == "__main__":
    main()
