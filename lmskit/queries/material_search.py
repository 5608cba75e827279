"""Search in the passages of materials: by their words, and by their meaning where they have vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from lmskit.queries.course_plan import read_by_course
from lmskit.queries.frame import rows
from lmskit.queries.passage_scores import Integers, PassageCollection, SearchVector, integers_of, packed_arrays
from lmskit.text_search import configuration_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows
    from lmskit.queries.passage_scores import ScoredPassages
    from lmskit.queries.search_words import SearchWords
    from lmskit.vocabulary import MaterialKind

WEIGHT_OF_WORDS = 0.4
"""Share of the words in a score, the rest being that of the meaning: chosen by `python -m benchmarks.search_quality`."""
WEIGHTS_OF_WORDS: Mapping[str, float] = MappingProxyType({"character-hash-384": 0.8})
"""Of models with another share: runs of characters say less than words."""

_ALLOWED = """
WITH spoken AS MATERIALIZED (
    SELECT
        language,
        websearch_to_tsquery(CAST(configuration AS regconfig), %(demanded)s) AS demanded,
        websearch_to_tsquery(CAST(configuration AS regconfig), %(unwanted)s) AS unwanted
    FROM unnest(CAST(%(languages)s AS text []), CAST(%(configurations)s AS text [])) AS known (language, configuration)
)
SELECT array_send(array_agg(p.material_id)) AS material_ids, array_send(array_agg(p.ordinal)) AS ordinals
FROM material_passages AS p
JOIN materials AS m ON m.id = p.material_id AND m.course_id = p.course_id
JOIN spoken ON spoken.language = coalesce(p.language, '')
WHERE
    p.course_id = ANY(CAST(%(courses)s AS bigint []))
    AND (
        numnode(spoken.demanded) = 0
        OR p.body_vector @@ spoken.demanded
        OR (p.body ~* %(quoted)s AND (numnode(spoken.unwanted) = 0 OR p.body_vector @@ spoken.unwanted))
    )
    AND NOT p.body ~* ANY(CAST(%(excluded)s AS text []))
    AND (CAST(%(week)s AS integer) IS NULL OR m.week_number = %(week)s)
    AND (CAST(%(kind)s AS text) IS NULL OR m.kind::text = %(kind)s)
    AND (CAST(%(language)s AS text) IS NULL OR p.language = %(language)s)
"""
_HITS = text("""
SELECT
    c.code AS course,
    p.material_id,
    p.ordinal,
    m.title,
    m.kind,
    m.week_number,
    m.url,
    m.file_name,
    p.page,
    p.slide,
    p.cell,
    p.seconds,
    p.headings,
    p.body,
    p.language,
    p.is_notes,
    p.overlap
FROM passages_at(CAST(:courses AS bigint []), CAST(:material_ids AS bigint []), CAST(:ordinals AS integer [])) AS p
JOIN materials AS m ON m.id = p.material_id AND m.course_id = p.course_id
JOIN courses AS c ON c.id = p.course_id
""")


@dataclass(frozen=True, slots=True)
class PassageFilter:
    """Which of the passages of the chosen courses are shown."""

    week: int | None = None
    """Only materials of this week."""
    kind: MaterialKind | None = None
    """Only materials of this kind."""
    language: str | None = None
    """Only passages in this language, as ISO 639-1."""

    def __bool__(self) -> bool:
        """Whether it leaves any passage out."""
        return self != PassageFilter()


def best_passages(
    session: Session,
    courses: Collection[int],
    words: SearchWords,
    vector: SearchVector | None = None,
    *,
    only: PassageFilter = PassageFilter(),
    most: int,
    weight_of_words: float | None = None,
    head_starts: Mapping[int, float] = MappingProxyType({}),
) -> Rows:
    """The passages of the courses with these ids that suit a search best.

    ============  ==================  ===============================================================
    course        str                 code
    material_id   int
    ordinal       int                 of the passage in its material, from 1
    title, kind, week_number, url, file_name           of the material
    page, slide, cell, seconds, headings               where the passage is
    body, language, is_notes, overlap                  the passage
    score         float               weighted mean of the next two, or `by_words` without a vector
    by_words      float               0-1: BM25, as a share of what a passage could reach
    by_meaning    float or None       cosine between passage and search, -1 to 1
    head_start    float               of the material, as it was given; 0 without one
    typical       float               mean score of all passages of the courses; the same in every row
    ============  ==================  ===============================================================

    The best ones first, by score plus head start, then by material and ordinal; at most `most`. `head_starts` has, by the id of a
    material, what is known in its favour, or against it, besides the search. A passage that has neither a searched word nor a vector of the
    model is not found. No passage of another course has an influence. A filter decides which passages are shown; scores stay the same.
    """
    [found] = best_passages_of_each(
        session, courses, [(words, vector)], only=only, most=most, weight_of_words=weight_of_words, head_starts=head_starts
    )
    return found


def best_passages_of_each(
    session: Session,
    courses: Collection[int],
    searches: Sequence[tuple[SearchWords, SearchVector | None]],
    *,
    only: PassageFilter = PassageFilter(),
    most: int,
    weight_of_words: float | None = None,
    head_starts: Mapping[int, float] = MappingProxyType({}),
) -> list[Rows]:
    """What `best_passages` returns for each of several searches; their words are looked up together, and their hits read together."""
    with read_by_course(session):
        collection = PassageCollection(session, courses, [words.wished for words, _ in searches])
        best: list[list[dict[str, Any]]] = []
        for number, (words, vector) in enumerate(searches):
            weight = share_of_words(vector) if weight_of_words is None else weight_of_words
            scored = collection.scored(number, vector, weight)
            among = _allowed(session, collection, words, only) if only or words.demanded else None
            best.append(list(_chosen(scored, scored.best(most, head_starts, among), head_starts)))
    hits = _hits(session, courses, {(row["material_id"], row["ordinal"]) for found in best for row in found})
    return [[{**hits[key], **row} for row in found if (key := (row["material_id"], row["ordinal"])) in hits] for found in best]


def _allowed(session: Session, collection: PassageCollection, words: SearchWords, only: PassageFilter) -> Integers:
    """Positions of the passages that filter, quotations and exclusions leave; for them, all passages are read."""
    asked = {
        "courses": collection.courses,
        "languages": collection.languages,
        "configurations": [configuration_of(language) for language in collection.languages],
        "demanded": words.demanded,
        "unwanted": words.unwanted,
        "quoted": words.quoted,
        "excluded": list(words.excluded),
        "week": only.week,
        "kind": None if only.kind is None else only.kind.value,
        "language": only.language,
    }
    [(material_ids, ordinals)] = packed_arrays(session, _ALLOWED, asked)
    if ordinals is None:
        return np.zeros(0, dtype=np.int64)
    position, _ = collection.positions(integers_of(material_ids), integers_of(ordinals))
    return position


def _chosen(scored: ScoredPassages, positions: Integers, head_starts: Mapping[int, float]) -> Iterator[dict[str, Any]]:
    typical = scored.typical
    for position in positions.tolist():
        material_id, by_meaning = int(scored.material_id[position]), float(scored.by_meaning[position])
        yield {
            "material_id": material_id,
            "ordinal": int(scored.ordinal[position]),
            "score": float(scored.score[position]),
            "by_words": float(scored.by_words[position]),
            "by_meaning": None if math.isnan(by_meaning) else by_meaning,
            "head_start": head_starts.get(material_id, 0.0),
            "typical": typical,
        }


def _hits(session: Session, courses: Collection[int], keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """The passages with these keys, of material and ordinal; one that another transaction has just deleted is missing."""
    ordered = sorted(keys)
    asked = {"courses": sorted(set(courses)), "material_ids": [key[0] for key in ordered], "ordinals": [key[1] for key in ordered]}
    return {(row["material_id"], row["ordinal"]): row for row in rows(session, _HITS, asked)} if ordered else {}


def share_of_words(vector: SearchVector | None) -> float:
    """The share of the words in the scores of a search with this vector, from 0 to 1."""
    return 1.0 if vector is None else WEIGHTS_OF_WORDS.get(vector.model, WEIGHT_OF_WORDS)


def is_in_use(session: Session, model: str, checksum: str) -> bool:
    """Whether the passages have the vectors of this model, and searches are to ask them."""
    statement = text("SELECT EXISTS (SELECT FROM embedding_models WHERE name = :model AND checksum = :checksum AND state = 'in use')")
    return bool(session.scalar(statement, {"model": model, "checksum": checksum}))


def found_words(session: Session, words: SearchWords, written: Mapping[str | None, Collection[str]]) -> dict[str | None, set[str]]:
    """Which words of passages a search has found.

    Parameters
    ----------
    session
        The caller's.
    words
        The search.
    written
        Words as they are written in passages, by the language of the passages.

    Returns
    -------
    Those of the words, by language, that are the same as a searched one in the text search of the language, such as `lists` for `list`.
    """
    statement = text(
        "SELECT word.written FROM unnest(CAST(:written AS text[])) AS word (written)"
        " WHERE tsvector_to_array(to_tsvector(CAST(:configuration AS regconfig), word.written))"
        " && tsvector_to_array(to_tsvector(CAST(:configuration AS regconfig), :wished))"
    )
    return {
        language: set(
            session.scalars(statement, {"written": sorted(these), "configuration": configuration_of(language), "wished": words.wished})
        )
        for language, these in written.items()
    }
