"""How well each passage of some courses suits a search, by its words and by its meaning.

Row security allows no index on words or vectors, so all words and vectors of the courses are read. The server finds the searched words and
computes the products of the vectors, and returns them as arrays; what follows is computed here, in a tenth of the time that the server
would take to join so many rows.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from lmskit.db.bulk import connection_of
from lmskit.text_search import configuration_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any, LiteralString

    from sqlalchemy.orm import Session

Integers: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

_TOGETHER = 64
"""Passages whose words lie in one row."""
_BLOCK_BITS = 14
"""Bits of the number of a block in its material: a passage has at most the number 1,000,000."""
_BLOCKS = """
SELECT
    w.language,
    array_send(array_agg(w.material_id)) AS material_ids,
    array_send(array_agg(w.after_ordinal)) AS after_ordinals,
    array_send(array_agg(array_replace(w.sizes, NULL, 0))) AS sizes
FROM passage_words AS w
WHERE w.course_id = ANY(CAST(%(courses)s AS bigint []))
GROUP BY w.language
"""
_LEXEMES = """
SELECT spoken.language, tsvector_to_array(to_tsvector(CAST(spoken.configuration AS regconfig), wished.body)) AS lexemes
FROM unnest(CAST(%(languages)s AS text []), CAST(%(configurations)s AS text [])) AS spoken (language, configuration)
CROSS JOIN unnest(CAST(%(wished)s AS text [])) WITH ORDINALITY AS wished (body, number)
ORDER BY spoken.language, wished.number
"""
# A function that returns rows is faster among the columns than in FROM, where its rows are stored first.
_APPEARANCES = """
WITH searched AS MATERIALIZED (
    SELECT word.language, array_agg(word.lexeme) AS lexemes
    FROM unnest(CAST(%(languages)s AS text []), CAST(%(lexemes)s AS text [])) AS word (language, lexeme)
    GROUP BY word.language
)
SELECT
    appearance.language,
    appearance.lexeme,
    array_send(array_agg(appearance.material_id)) AS material_ids,
    array_send(array_agg(appearance.after_ordinal)) AS after_ordinals,
    array_send(array_agg(appearance.position)) AS positions
FROM (
    SELECT word.language, word.material_id, word.after_ordinal, (word.entry).lexeme AS lexeme, unnest((word.entry).positions) AS position
    FROM (
        SELECT
            w.language,
            w.material_id,
            w.after_ordinal,
            unnest(ts_filter(setweight(w.words, 'A', searched.lexemes), '{a}')) AS entry
        FROM searched
        JOIN passage_words AS w ON w.language = searched.language
        WHERE w.course_id = ANY(CAST(%(courses)s AS bigint []))
    ) AS word
) AS appearance
GROUP BY appearance.language, appearance.lexeme
"""
_PRODUCTS = """
SELECT
    array_send(array_agg(v.material_id)) AS material_ids,
    array_send(array_agg(v.ordinal)) AS ordinals,
    array_send(array_agg(-(v.embedding <#> CAST(%(vector)s AS halfvec)))) AS products
FROM passage_vectors AS v
WHERE v.course_id = ANY(CAST(%(courses)s AS bigint [])) AND v.model = %(model)s
"""


@dataclass(frozen=True, slots=True)
class SearchVector:
    """The vector of a search, and the model that made it."""

    model: str
    checksum: str
    numbers: tuple[float, ...]
    """Of the length 1."""

    def __str__(self) -> str:
        """As pgvector reads it."""
        return "[" + ",".join(f"{number:.6g}" for number in self.numbers) + "]"


@dataclass(frozen=True)
class ScoredPassages:
    """What one search finds in all passages of some courses, by material and ordinal; arrays of the shape (passages,).

    Attributes
    ----------
    material_id, ordinal
        Which passage it is.
    by_words
        0-1: Okapi BM25 (k1 = 1.2, b = 0.75), divided by the limit that a passage approaches which repeats every searched word without end.
        A word is compared as the language of the passage has it; how rare it is follows from the chosen courses alone.
    by_meaning
        Cosine between passage and search, -1 to 1; NaN where the passage has no vector of the model.
    score
        Weighted mean of both, or `by_words` without a vector; NaN where there is neither a searched word nor a vector.
    """

    material_id: Integers
    ordinal: Integers
    by_words: Numbers
    by_meaning: Numbers
    score: Numbers

    @property
    def typical(self) -> float:
        """The mean score of all passages, 0 for one that has none."""
        return float(np.nansum(self.score)) / max(len(self.score), 1)

    def best(self, most: int, head_starts: Mapping[int, float], among: Integers | None = None) -> Integers:
        """The positions of the passages with the highest sums of score and head start of the material, then by material and ordinal.

        Parameters
        ----------
        most
            How many at most.
        head_starts
            By the id of a material.
        among
            Positions of the passages that may be shown; by default all.
        """
        total = self.score + self.head_start(head_starts)
        candidates = np.flatnonzero(~np.isnan(total)) if among is None else among[~np.isnan(total[among])]
        if len(candidates) > most:
            last = np.partition(total[candidates], len(candidates) - most)[len(candidates) - most]
            candidates = candidates[total[candidates] >= last]
        order = np.lexsort((self.ordinal[candidates], self.material_id[candidates], -total[candidates]))
        return candidates[order][:most]

    def head_start(self, head_starts: Mapping[int, float]) -> Numbers:
        """The head start of the material of each passage; 0 for one without."""
        if not head_starts:
            return np.zeros(len(self.material_id))
        materials, position = np.unique(self.material_id, return_inverse=True)
        return np.array([head_starts.get(material, 0.0) for material in materials.tolist()])[position]


class PassageCollection:
    """The passages of some courses, and the words of some searches in them.

    Attributes
    ----------
    courses
        The ids.
    languages
        Of the passages; empty for one whose language was not detected.
    material_id, ordinal
        Of each passage, in this order; shape (passages,).
    """

    def __init__(self, session: Session, courses: Collection[int], wished: Sequence[str]) -> None:
        """Read what is needed to score the passages by each text of `wished`."""
        self._session, self.courses = session, sorted(set(courses))
        blocks = packed_arrays(session, _BLOCKS, {"courses": self.courses})
        self.languages: list[str] = [block[0] for block in blocks]
        material_id, after, sizes = (_joined([integers_of(block[column]) for block in blocks]) for column in (1, 2, 3))
        self._blocks, block = np.unique(_block(material_id, after), return_inverse=True)
        size = np.zeros((len(self._blocks), _TOGETHER), dtype=np.int64)
        np.add.at(size, block, sizes.reshape(-1, _TOGETHER))  # each passage is in one row, with its size, and 0 in the others
        here = size.ravel() > 0
        self._position: Integers = np.where(here, np.cumsum(here) - 1, -1)
        """Of the passages of each block; -1 for none."""
        row, column = np.nonzero(size)
        self.material_id: Integers = self._blocks[row] >> _BLOCK_BITS
        self.ordinal: Integers = (self._blocks[row] & ((1 << _BLOCK_BITS) - 1)) * _TOGETHER + column + 1
        mean = max(float(size[row, column].mean()), 1.0) if len(row) else 1.0
        self._lengthy: Numbers = np.asarray(1.2 * (0.25 + 0.75 * size[row, column] / mean), dtype=np.float64)
        self._lexemes = self._read_lexemes(wished)
        """By language, the lexemes of each text."""
        self._appearances = self._read_appearances() if any(map(any, self._lexemes.values())) else {}
        """By lexeme and language, which passages have the lexeme, and how many times."""

    def scored(self, number: int, vector: SearchVector | None, weight_of_words: float) -> ScoredPassages:
        """Score all passages by text `number` and, unless it is None, by a vector."""
        by_words = self._by_words(number)
        by_meaning = np.full(len(by_words), np.nan)
        if vector is not None:
            asked = {"courses": self.courses, "model": vector.model, "vector": str(vector)}
            [(material_ids, ordinals, products)] = packed_arrays(self._session, _PRODUCTS, asked)
            if products is not None:
                position, known = self.positions(integers_of(material_ids), integers_of(ordinals))
                by_meaning[position] = _values(products, "f")[known]
        by_both = weight_of_words * by_words + (1 - weight_of_words) * by_meaning
        alone = np.where(by_words > 0, by_words, np.nan)
        return ScoredPassages(self.material_id, self.ordinal, by_words, by_meaning, np.where(np.isnan(by_meaning), alone, by_both))

    def positions(self, material_id: Integers, ordinal: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Where passages are among all, and which of them are there: another transaction may just have added one."""
        if not len(self._blocks):
            return np.zeros(0, dtype=np.int64), np.zeros(len(material_id), dtype=np.bool_)
        wanted = _block(material_id, ordinal - 1)
        block = np.minimum(np.searchsorted(self._blocks, wanted), len(self._blocks) - 1)
        position = self._position[block * _TOGETHER + (ordinal - 1) % _TOGETHER]
        known = (self._blocks[block] == wanted) & (position >= 0)
        return position[known], known

    def _read_lexemes(self, wished: Sequence[str]) -> dict[str, list[list[str]]]:
        configurations = [configuration_of(language) for language in self.languages]
        found: dict[str, list[list[str]]] = defaultdict(list)
        asked = {"languages": self.languages, "configurations": configurations, "wished": list(wished)}
        for language, lexemes in packed_arrays(self._session, _LEXEMES, asked):
            found[language].append(lexemes)
        return found

    def _read_appearances(self) -> dict[tuple[str, str], tuple[Integers, Integers]]:
        words = sorted({(language, lexeme) for language, texts in self._lexemes.items() for lexemes in texts for lexeme in lexemes})
        asked = {"courses": self.courses, "languages": [word[0] for word in words], "lexemes": [word[1] for word in words]}
        found = {}
        for language, lexeme, material_ids, after_ordinals, positions in packed_arrays(self._session, _APPEARANCES, asked):
            n, number = np.divmod(integers_of(positions) - 1, _TOGETHER)
            position, known = self.positions(integers_of(material_ids), integers_of(after_ordinals) + number + 1)
            found[lexeme, language] = (position, n[known] + 1)
        return found

    def _by_words(self, number: int) -> Numbers:
        searched = {language: texts[number] for language, texts in self._lexemes.items()}
        n_passages: Counter[str] = Counter()
        for language, lexemes in searched.items():
            for lexeme in lexemes:
                n_passages[lexeme] += len(self._appearances.get((lexeme, language), ((), ()))[0])
        rarity = {lexeme: math.log(1 + (len(self.material_id) - n + 0.5) / (n + 0.5)) for lexeme, n in n_passages.items()}
        score = np.zeros(len(self.material_id))
        for language, lexemes in searched.items():
            reach = 2.2 * math.fsum(rarity[lexeme] for lexeme in lexemes)
            for lexeme in lexemes:
                if (lexeme, language) in self._appearances:
                    position, n = self._appearances[lexeme, language]
                    score[position] += rarity[lexeme] * 2.2 * n / (n + self._lengthy[position]) / reach
        return score


def packed_arrays(session: Session, statement: LiteralString, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement, with parameters as psycopg writes them, and return its rows; a string of bytes comes as it is."""
    with connection_of(session).cursor(binary=True) as cursor:
        return cast("list[tuple[Any, ...]]", cursor.execute(statement, parameters).fetchall())


def _block(material_id: Integers, after_ordinal: Integers) -> Integers:
    return (material_id << _BLOCK_BITS) + after_ordinal // _TOGETHER


def _joined(parts: Sequence[Integers]) -> Integers:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def integers_of(packed: bytes) -> Integers:
    """The elements of an array of integers without nulls, of any size, that the server packed with `array_send`."""
    return _values(packed, "i").astype(np.int64)


def _values(packed: bytes, kind: str) -> npt.NDArray[Any]:
    """The elements of an array without nulls: after a head, each is preceded by its length in bytes."""
    head = 12 + 8 * int.from_bytes(packed[:4], "big")
    size = int.from_bytes(packed[head : head + 4], "big")
    return np.frombuffer(packed, [("length", ">i4"), ("value", f">{kind}{size}")], offset=head)["value"]
