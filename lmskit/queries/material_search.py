"""Search in the passages of materials: by their words, and by their meaning where they have vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.queries.frame import rows
from lmskit.text_search import CONFIGURATIONS, configuration_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows
    from lmskit.queries.search_words import SearchWords
    from lmskit.vocabulary import MaterialKind

WEIGHT_OF_WORDS = 0.4
"""Share of the words in a score, the rest being that of the meaning: chosen by `python -m benchmarks.search_quality`."""
WEIGHTS_OF_WORDS: Mapping[str, float] = MappingProxyType({"character-hash-384": 0.8})
"""Of models with another share: runs of characters say less than words."""

_STATEMENT = text(files("lmskit.queries").joinpath("material_search.sql").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class SearchVector:
    """The vector of a search, and the model that made it."""

    model: str
    checksum: str
    numbers: tuple[float, ...]
    """Of the length 1."""


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
    model is not found. No passage of another course has an influence.
    """
    with _by_course(session):
        return rows(
            session,
            _STATEMENT,
            {
                "courses": sorted(set(courses)),
                "languages": list(CONFIGURATIONS),
                "configurations": list(CONFIGURATIONS.values()),
                "wished": words.wished,
                "demanded": words.demanded,
                "excluded": list(words.excluded),
                "vector": None if vector is None else "[" + ",".join(f"{number:.6g}" for number in vector.numbers) + "]",
                "model": None if vector is None else vector.model,
                "weight": share_of_words(vector) if weight_of_words is None else weight_of_words,
                "weighed": list(head_starts),
                "head_starts": list(head_starts.values()),
                "filtered": bool(only) or bool(words.demanded),
                "week": only.week,
                "kind": None if only.kind is None else only.kind.value,
                "language": only.language,
                "most": most,
            },
        )


_PLAN = ["enable_seqscan", "enable_nestloop"]
"""Ways of reading that a search is better off without.

The planner does not know how few courses the policies leave: it would read all of a table, and expects so few passages of a course that it
would go through them again for each hit.
"""


@contextmanager
def _by_course(session: Session) -> Iterator[None]:
    """Read the tables by their indexes on the course, and each once."""
    asked = text("SELECT current_setting(name) FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS s (name, number) ORDER BY number")
    before = list(session.scalars(asked, {"names": _PLAN}))
    setting = text("SELECT set_config(name, value, true) FROM unnest(CAST(:names AS text[]), CAST(:settings AS text[])) AS s (name, value)")
    session.execute(setting, {"names": _PLAN, "settings": ["off"] * len(_PLAN)})
    yield
    session.execute(setting, {"names": _PLAN, "settings": before})


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
