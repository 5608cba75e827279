"""How well search finds the passages that answer questions, by words, by meaning and by both; and from where a hit is worth advising.

Run it with: python -m benchmarks.search_quality [--cisi] [--picture docs/pictures/search_threshold.svg] [--embedder MODULE:OBJECT]

The questions are those of tests/materials/questions.toml about the real materials beside the checkout, all of which are searched at once.
Every second question is held out: the weight of the words and the threshold are chosen by the others. With --cisi, searches of a published
collection too, by which nothing is chosen.

recall@5    share of the answerable questions with an answering passage among the first five
recall@1    the same among the first one
MRR         mean of 1 / rank of the first answering passage
advice      share of the answerable questions with an answering passage among the first five that are suitable
false       share of the questions without an answer that get advice
"""

from __future__ import annotations

import argparse
import importlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.scratch import scratch_cluster
from benchmarks.search_picture import threshold_picture
from tests.materials.questions import labelled_questions
from tests.real_data import REAL_DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.materials.vectors.embedder import Embedder

Numbers: TypeAlias = npt.NDArray[np.float64]
EVERY = 1_000_000
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
THRESHOLDS = np.arange(0, 1.0, 0.005)
MOST_FALSE = 0.2
"""The threshold is the lowest one at which at most this share of the questions without an answer gets advice."""


@dataclass(frozen=True)
class Scores:
    """What the words and the meaning of every passage say about every search; shape (searches, passages)."""

    words: Numbers
    meaning: Numbers
    answers: Sequence[set[int]]
    """Numbers of the passages that answer each search; none if nothing does."""
    held_out: npt.NDArray[np.bool_]


def stored(
    session: Session,
    texts: Mapping[str, Sequence[Any]],
    embedders: Iterable[Embedder],
    weeks: Mapping[str, int | None] = MappingProxyType({}),
) -> tuple[str, dict[tuple[int, int], int]]:
    """Store passages by material, with vectors of every embedder; return the course and the number of each passage by its key.

    A material is of the whole course unless `weeks` has its week.
    """
    from lmskit.materials.vectors.embedder import passage_text, vectors_of
    from lmskit.models import EmbeddingModel
    from lmskit.vocabulary import EmbeddingModelState
    from tests import factories

    course = factories.course(session, weeks=max((week or 1 for week in weeks.values()), default=1))
    numbers: dict[tuple[int, int], int] = {}
    passages = []
    for title, found in texts.items():
        material = factories.material(session, course, week_number=weeks.get(title), title=title, language=None)
        for ordinal, passage in enumerate(found, start=1):
            numbers[material.id, ordinal] = len(numbers)
            headings = list(passage.location.headings)
            row = factories.passage(session, material, ordinal, body=passage.body, language=passage.language, headings=headings)
            passages.append((row, passage_text(headings, passage.body)))
    for embedder in embedders:
        model = session.get(EmbeddingModel, embedder.name)
        if model is None:
            model = EmbeddingModel(
                name=embedder.name, dimension=embedder.dimension, checksum=embedder.checksum, state=EmbeddingModelState.IN_USE
            )
            session.add(model)
        for start in range(0, len(passages), 32):
            part = passages[start : start + 32]
            for (row, _), vector in zip(part, vectors_of(embedder, [text for _, text in part]), strict=True):
                factories.vector(session, row, model, vector.tolist())
    session.commit()
    return course.code, numbers


def scores_of(
    session: Session, course: str, numbers: Mapping[tuple[int, int], int], searches: Sequence[str], embedder: Embedder
) -> tuple[Numbers, Numbers]:
    """The two parts of the score of every passage for every search, as the search computes them."""
    from lmskit.queries.course import course_by_code
    from lmskit.queries.material_search import best_passages
    from lmskit.queries.search_words import plain_words
    from lmskit.read_models.passage_search import prepared_search

    ids = [course_by_code(session, course).id]
    words, meaning = np.zeros((len(searches), len(numbers))), np.zeros((len(searches), len(numbers)))
    for number, text in enumerate(searches):
        prepared = prepared_search(plain_words(text), embedder)
        for row in best_passages(session, ids, prepared.words, prepared.vector, most=EVERY):
            position = numbers[row["material_id"], row["ordinal"]]
            words[number, position], meaning[number, position] = row["by_words"], row["by_meaning"]
    return words, meaning


def ranked(scores: Numbers) -> Numbers:
    """The rank, from 1, of every passage for every search."""
    return np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1).astype(np.float64) + 1


def by_reciprocal_rank(words: Numbers, meaning: Numbers) -> Numbers:
    """The two rankings fused by reciprocal rank (k = 60), for comparison."""
    fused: Numbers = np.where(words > 0, 1 / (60 + ranked(words)), 0.0) + 1 / (60 + ranked(meaning))
    return fused


def found(scores: Numbers, answers: Sequence[set[int]], chosen: npt.NDArray[np.bool_], among: int = 5) -> tuple[float, float]:
    """recall@5, or among as many first ones as given, and MRR of the chosen searches that have an answer."""
    ranks = ranked(scores)
    first = [
        min(ranks[number, passage] for passage in answer if scores[number, passage] != 0)
        if any(scores[number, passage] != 0 for passage in answer)
        else np.inf
        for number, answer in enumerate(answers)
        if answer and chosen[number]
    ]
    return float(np.mean([rank <= among for rank in first])), float(np.mean([1 / rank for rank in first]))


def mean_average_precision(scores: Numbers, answers: Sequence[set[int]]) -> float:
    """MAP of the searches that have an answer."""
    ranks = ranked(scores)
    precisions = []
    for number, answer in enumerate(answers):
        if answer:
            of_answers = sorted(ranks[number, passage] for passage in answer if scores[number, passage] != 0)
            precisions.append(sum(n / rank for n, rank in enumerate(of_answers, start=1)) / len(answer))
    return float(np.mean(precisions))


def advice(scores: Numbers, answers: Sequence[set[int]], chosen: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Advice and false advice of the chosen searches, for each of `THRESHOLDS` of the difference to the mean score."""
    above = scores - scores.mean(axis=1, keepdims=True)
    ranks = ranked(scores)
    right, wrong = [], []
    for number in np.flatnonzero(chosen).tolist():
        if answers[number]:
            right.append(max((above[number, passage] for passage in answers[number] if ranks[number, passage] <= 5), default=-1))  # noqa: PLR2004
        else:
            wrong.append(above[number].max())
    kept, false = (np.array([np.mean(np.array(values) >= threshold) for threshold in THRESHOLDS]) for values in (right, wrong))
    return kept, false


def report(name: str, scores: Scores, picture: Path | None) -> None:
    """Print the figures of one embedder, with the weight and the threshold that the questions which are not held out choose."""
    words, meaning, answers, held = scores.words, scores.meaning, scores.answers, scores.held_out
    tune = ~held
    print(f"\n{name:34} {'chosen by: recall@5  MRR':>26} {'held out: recall@5  MRR':>26}")
    rows = {f"weight of words {weight:.1f}": weight * words + (1 - weight) * meaning for weight in WEIGHTS}
    for title, of_all in {**rows, "reciprocal rank": by_reciprocal_rank(words, meaning)}.items():
        figures = [f"{recall:.3f}  {rank:.3f}" for recall, rank in (found(of_all, answers, part) for part in (tune, held))]
        print(f"  {title:32} {figures[0]:>26} {figures[1]:>26}")
    from lmskit.queries.material_search import WEIGHT_OF_WORDS, WEIGHTS_OF_WORDS

    for title, weight in (("words alone", 1.0), ("meaning alone", 0.0), ("both", WEIGHTS_OF_WORDS.get(name, WEIGHT_OF_WORDS))):
        of_all = weight * words + (1 - weight) * meaning
        kept, false = advice(of_all, answers, tune)
        best = int(np.argmax(false <= MOST_FALSE))
        kept_held, false_held = advice(of_all, answers, held)
        print(
            f"  {title:14} threshold {THRESHOLDS[best]:.3f}: advice {kept[best]:.2f}, false {false[best]:.2f};"
            f" held out: advice {kept_held[best]:.2f}, false {false_held[best]:.2f}"
        )
        if picture is not None and title == "both":
            curves = {"advice": (kept, kept_held), "false advice": (false, false_held)}
            picture.write_text(threshold_picture(THRESHOLDS, curves, float(THRESHOLDS[best]), name), encoding="utf-8")


def by_language(name: str, scores: Scores, languages: Sequence[str]) -> None:
    """Print recall@1, recall@5 and MRR of all questions in English, and of those in other languages than the materials."""
    from lmskit.queries.material_search import WEIGHT_OF_WORDS, WEIGHTS_OF_WORDS

    english = np.array([language == "en" for language in languages])
    for title, weight in (("words alone", 1.0), ("meaning alone", 0.0), ("both", WEIGHTS_OF_WORDS.get(name, WEIGHT_OF_WORDS))):
        of_all = weight * scores.words + (1 - weight) * scores.meaning
        first, others_first = (found(of_all, scores.answers, part, 1)[0] for part in (english, ~english))
        (recall, rank), (other, other_rank) = (found(of_all, scores.answers, part) for part in (english, ~english))
        print(
            f"  {title:14} English {first:.3f} / {recall:.3f} / {rank:.3f}"
            f"   other languages {others_first:.3f} / {other:.3f} / {other_rank:.3f}"
        )


def cisi() -> tuple[list[str], list[str], list[set[int]]]:
    """The abstracts, searches and verdicts of the collection CISI."""

    def texts(name: str) -> dict[int, str]:
        found: dict[int, list[str]] = defaultdict(list)
        number, within = 0, False
        for line in (REAL_DATA / "search" / name).read_text(encoding="latin-1").splitlines():
            if line.startswith(".I"):
                number, within = int(line.split()[1]), False
            elif line.startswith("."):
                within = line.startswith(".W")
            elif within:
                found[number].append(line.strip())
        return {number: " ".join(lines) for number, lines in found.items()}

    documents, searches = texts("CISI.ALL"), texts("CISI.QRY")
    position = {number: n for n, number in enumerate(documents)}
    relevant: dict[int, set[int]] = defaultdict(set)
    for line in (REAL_DATA / "search" / "CISI.REL").read_text().splitlines():
        if line.strip():
            search, document = line.split()[:2]
            relevant[int(search)].add(position[int(document)])
    asked = [number for number in searches if relevant[number]]
    return list(documents.values()), [searches[number] for number in asked], [relevant[number] for number in asked]


def on_materials(session: Session, embedders: Sequence[Embedder], picture: Path | None) -> None:
    """Report the labelled questions."""
    from lmskit.materials.reading import MaterialReader

    folder = REAL_DATA / "materials"
    with MaterialReader() as reader:
        files = sorted(path for path in folder.rglob("*.*") if path.is_file())
        passages = {path.relative_to(folder).as_posix(): reader.read(path.read_bytes(), name=path.name).passages for path in files}
    course, numbers = stored(session, passages, embedders)
    keys = [(name, ordinal) for name in passages for ordinal in range(1, len(passages[name]) + 1)]
    positions = {key: n for n, key in enumerate(keys)}
    questions = labelled_questions()
    answers = [{positions[key] for key in question.passages(passages)} for question in questions]
    print(f"{len(numbers)} passages; {len(questions)} questions, {sum(map(bool, answers))} of them with an answer")
    held = np.array([question.held_out for question in questions])
    for embedder in embedders:
        scores = Scores(*scores_of(session, course, numbers, [question.text for question in questions], embedder), answers, held)
        report(embedder.name, scores, picture if embedder is embedders[-1] else None)
        by_language(embedder.name, scores, [question.language for question in questions])


def on_cisi(session: Session, embedders: Sequence[Embedder]) -> None:
    """Report the searches of CISI."""
    from lmskit.materials.location import Location
    from lmskit.materials.passages import Passage
    from lmskit.queries.material_search import WEIGHT_OF_WORDS, WEIGHTS_OF_WORDS

    documents, searches, relevant = cisi()
    course, numbers = stored(session, {"CISI": [Passage(body, Location(), language="en") for body in documents]}, embedders)
    print(f"\nCISI: {len(documents)} abstracts, {len(searches)} searches; MAP")
    for embedder in embedders:
        words, meaning = scores_of(session, course, numbers, [search[:2000] for search in searches], embedder)
        weight = WEIGHTS_OF_WORDS.get(embedder.name, WEIGHT_OF_WORDS)
        both = weight * words + (1 - weight) * meaning
        figures = {"words": words, "meaning": meaning, "both": both, "reciprocal rank": by_reciprocal_rank(words, meaning)}
        print(f"  {embedder.name:34}", ", ".join(f"{title} {mean_average_precision(of, relevant):.3f}" for title, of in figures.items()))


def main() -> None:
    """Measure in a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cisi", action="store_true")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--embedder", action="append", default=[], metavar="MODULE:OBJECT")
    arguments = parser.parse_args()
    with scratch_cluster():
        import psycopg
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session

        from lmskit.db import access, revision
        from lmskit.materials.vectors.character_hash import CharacterHash
        from lmskit.materials.vectors.choice import chosen_embedder

        endpoint = access().server.start()
        revision.upgrade()
        named = [name.partition(":") for name in arguments.embedder]
        others = [getattr(importlib.import_module(module), member) for module, _, member in named]
        embedders = list({each.name: each for each in (CharacterHash(), *others, chosen_embedder(access().settings).embedder)}.values())
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")))
        with Session(engine) as session:
            on_materials(session, embedders, arguments.picture)
            if arguments.cisi:
                on_cisi(session, embedders)
        engine.dispose()


if __name__ == "__main__":
    main()
