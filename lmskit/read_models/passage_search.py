"""Searching the materials of courses: the passages that suit a search, each with its location, a snippet and a link."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from lmskit.errors import EmbedderUnavailableError
from lmskit.materials.location import Location
from lmskit.materials.vectors.choice import embedder_named
from lmskit.materials.vectors.embedder import vector_of
from lmskit.queries.course import course_by_code, narrow
from lmskit.queries.material_search import PassageFilter, best_passages, found_words, is_in_use
from lmskit.queries.material_vectors import model_in_use
from lmskit.queries.page import check_page
from lmskit.queries.passage_scores import SearchVector
from lmskit.queries.search_words import SearchWords, search_words
from lmskit.read_models.material_link import link_to
from lmskit.read_models.snippet import snippet_of, words_of
from lmskit.vocabulary import MaterialKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sqlalchemy.orm import Session

    from lmskit.materials.vectors.embedder import Embedder
    from lmskit.queries.frame import Rows
    from lmskit.read_models.snippet import Snippet
    from lmskit.settings import Settings

DEFAULT_HITS = 10
_NEIGHBOURS = 2
"""Passages that overlap with one: the one before it and the one after it."""
LEAST_DISTINCTION: Mapping[str | None, float] = MappingProxyType(
    {None: 0.215, "character-hash-384": 0.18, "universal-sentence-encoder-multilingual-3": 0.195}
)
"""By model, by how much the score of a passage has to exceed the typical one for the passage to be advice; None is for words alone.

Chosen by `python -m benchmarks.search_quality` (docs/search.md). A model that is not in it has the value of `OF_OTHER_MODELS`.
"""
OF_OTHER_MODELS = 0.2
BY_WORDS_ALONE = "The passages were compared by their words alone"
_TO_EMBED = "An administrator computes vectors: lmskit material embed"


@dataclass(frozen=True, slots=True)
class PreparedSearch:
    """A search with its vector, which is computed before a transaction opens."""

    words: SearchWords
    vector: SearchVector | None


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A passage that a search found.

    Attributes
    ----------
    course
        Code of its course.
    material_id, ordinal
        Of the passage, which together are its key.
    title, kind, week
        Of the material; a material of the whole course has no week.
    file_name
        Of the material, if it came from a file.
    location
        Where in the material the passage is.
    language
        ISO 639-1; None if it was not detected.
    body
        All of the passage.
    snippet
        A part of it, with the found words marked.
    score
        How well it suits the search; `by_words` and `by_meaning` are its parts, see `lmskit.queries.material_search.best_passages`.
    link
        The address that opens the material at the passage; None for a material without an address.
    is_notes
        Whether it is what a speaker says and the audience does not see.
    overlapping
        Ordinals of neighbours that were found too, with a lower score, and share text with this passage.
    """

    course: str
    material_id: int
    ordinal: int
    title: str
    kind: MaterialKind
    week: int | None
    file_name: str | None
    location: Location
    language: str | None
    body: str
    snippet: Snippet
    score: float
    by_words: float
    by_meaning: float | None
    link: str | None
    is_notes: bool
    overlapping: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PassageSearch:
    """The result of a search.

    Attributes
    ----------
    hits
        The best one first.
    caveat
        A sentence, where the meaning could not be compared; None otherwise.
    model
        The model by which the meaning was compared; None if it was not.
    typical
        Mean score of all passages of the courses: what stands out has a much higher one. 0 without hits.
    """

    hits: tuple[PassageHit, ...]
    caveat: str | None = None
    model: str | None = None
    typical: float = 0.0

    @property
    def suitable(self) -> tuple[PassageHit, ...]:
        """The hits that stand out far enough to be given as advice; the others have something to do with the search at best."""
        return tuple(hit for hit in self.hits if hit.score - self.typical >= least_distinction(self.model))


def embedder_in_use(session: Session, settings: Settings) -> Embedder | None:
    """The embedder that made the vectors which are in use; None where there are none, or this process does not have it."""
    model = model_in_use(session)
    if model is None:
        return None
    with suppress(EmbedderUnavailableError):
        return embedder_named(model.name, settings)
    return None


def prepared_search(search: str | SearchWords, embedder: Embedder | None) -> PreparedSearch:
    """Compute the vector of a search; without an embedder, words alone are compared.

    Parameters
    ----------
    search
        What a person typed, or `plain_words` of any text.
    embedder
        The one by which the stored vectors were made.

    Raises
    ------
    SearchTextError
        What the person typed has no word, or is too long.
    EmbedderError
        The embedder does not answer.
    """
    words = search_words(search) if isinstance(search, str) else search
    if embedder is None:
        return PreparedSearch(words, None)
    numbers = vector_of(embedder, words.wished).tolist()
    return PreparedSearch(words, SearchVector(embedder.name, embedder.checksum, tuple(numbers)))


def search_passages(
    session: Session,
    courses: str | Sequence[str],
    search: PreparedSearch,
    *,
    limit: int = DEFAULT_HITS,
    only: PassageFilter = PassageFilter(),  # noqa: B008 - it cannot change
) -> PassageSearch:
    """Find the passages of one or several courses that suit a search best.

    Of neighbours that share text, the better one is a hit, and names the other. Of passages of a course with the same text, one is a hit.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    PageLimitError
        `limit` is not a whole number from 1 to `MAX_PAGE`.
    """
    check_page(limit, 0)
    codes = list(dict.fromkeys([courses] if isinstance(courses, str) else courses))
    narrow(session, codes[0] if len(codes) == 1 else "")
    ids = [course_by_code(session, code).id for code in codes]
    vector = search.vector
    if vector is not None and not is_in_use(session, vector.model, vector.checksum):
        vector = None
    found = best_passages(session, ids, search.words, vector, only=only, most=limit * (1 + _NEIGHBOURS))
    kept = without_overlaps(_without_copies(found))[:limit]
    written: dict[str | None, set[str]] = defaultdict(set)
    for row, _ in kept:
        written[row["language"]] |= words_of(row["body"], search.words.wished)
    marked = found_words(session, search.words, written)
    hits = tuple(_hit(row, overlapping, marked[row["language"]]) for row, overlapping in kept)
    return PassageSearch(
        hits,
        caveat=_caveat(search.vector, vector, hits),
        model=None if vector is None else vector.model,
        typical=found[0]["typical"] if found else 0.0,
    )


def least_distinction(model: str | None) -> float:
    """By how much a score has to exceed the typical one for the passage to be advice, with the vectors of a model."""
    return LEAST_DISTINCTION.get(model, OF_OTHER_MODELS)


def _without_copies(found: Rows) -> Rows:
    """The rows without those whose text a better one of the course has, as where two materials quote the same."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in found:
        best.setdefault((row["course"], row["body"]), row)
    return list(best.values())


def without_overlaps(found: Rows) -> list[tuple[Mapping[str, Any], tuple[int, ...]]]:
    """The rows without those that share text with a better one, each with the ordinals of such neighbours."""
    kept: list[tuple[Mapping[str, Any], list[int]]] = []
    by_key: dict[tuple[int, int], tuple[Mapping[str, Any], list[int]]] = {}
    for row in found:
        material, ordinal = row["material_id"], row["ordinal"]
        before, after = by_key.get((material, ordinal - 1)), by_key.get((material, ordinal + 1))
        neighbour = before if before is not None and row["overlap"] else after if after is not None and after[0]["overlap"] else None
        if neighbour is not None:
            neighbour[1].append(ordinal)
        else:
            by_key[material, ordinal] = (row, [])
            kept.append(by_key[material, ordinal])
    return [(row, tuple(sorted(overlapping))) for row, overlapping in kept]


def _hit(row: Mapping[str, Any], overlapping: tuple[int, ...], marked: set[str]) -> PassageHit:
    location = Location(row["page"], row["slide"], row["cell"], row["seconds"], tuple(row["headings"]))
    return PassageHit(
        course=row["course"],
        material_id=row["material_id"],
        ordinal=row["ordinal"],
        title=row["title"],
        kind=MaterialKind(row["kind"]),
        week=row["week_number"],
        file_name=row["file_name"],
        location=location,
        language=row["language"],
        body=row["body"],
        snippet=snippet_of(row["body"], marked, row["overlap"]),
        score=row["score"],
        by_words=row["by_words"],
        by_meaning=row["by_meaning"],
        link=link_to(row["url"], location),
        is_notes=row["is_notes"],
        overlapping=overlapping,
    )


def _caveat(asked: SearchVector | None, used: SearchVector | None, hits: Iterable[PassageHit]) -> str | None:
    if asked is None:
        return f"{BY_WORDS_ALONE}: none of them has a vector of a model that this process can ask. {_TO_EMBED}"
    if used is None:
        return f"{BY_WORDS_ALONE}: the model {asked.model} is not the one whose vectors are in use."
    waiting = [hit for hit in hits if hit.by_meaning is None]
    return f"Some passages wait for their vector, and were compared by their words alone. {_TO_EMBED}" if waiting else None
