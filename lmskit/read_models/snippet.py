"""A short part of a passage around the words that a search found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

WORD = re.compile(r"\w+")
"""What can be a word of a search; `hour` and `wise` of `hour-wise` each."""
SNIPPET_WORDS = 40
_LEAD = 8
"""Words before the first found one."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Some words of a passage in a row, on one line.

    What shows it has to escape each piece: they are what a file contains.
    """

    pieces: tuple[tuple[str, bool], ...]
    """Texts in their order, each with whether the search found it; joined they are the snippet."""

    def __str__(self) -> str:
        """The snippet as plain text."""
        return "".join(text for text, _ in self.pieces)

    def marked(self, before: str, after: str) -> str:
        """The snippet with something before and after each found word, such as the signs of a terminal."""
        return "".join(f"{before}{text}{after}" if found else text for text, found in self.pieces)


def words_of(body: str, search: str) -> set[str]:
    """The words of a passage that may be marked, once each, as they are written.

    Numbers and single letters say little, so they are left out, unless the search has nothing else.

    >>> sorted(words_of("In 3 of 4 loops, i is 3.", "loops with 3 steps"))
    ['In', 'is', 'loops', 'of']
    >>> sorted(words_of("In 3 of 4 loops, i is 3.", "3"))
    ['3', '4', 'In', 'i', 'is', 'loops', 'of']
    """
    words = set(WORD.findall(body))
    if not any(map(_says_something, WORD.findall(search))):
        return words
    return set(filter(_says_something, words))


def snippet_of(body: str, found: Collection[str], overlap: int = 0) -> Snippet:
    """Cut the part of a passage that has most of the found words.

    Parameters
    ----------
    body
        The passage.
    found
        Those of its words (`words_of`) that the search found. Without any, the part is the beginning of what is new in the passage.
    overlap
        Characters at its start that repeat the passage before it.

    Examples
    --------
    >>> str(snippet_of("A list is a way to store values.", {"list"}))
    'A list is a way to store values.'
    >>> snippet_of("A list is a way.", {"list"}).marked("*", "*")
    'A *list* is a way.'
    """
    words = list(re.finditer(r"\S+", body))
    if not words:
        return Snippet(())
    hits = [[part for part in WORD.findall(word.group()) if part in found] for word in words]
    first = _best_start(hits) if any(hits) else next((n for n, word in enumerate(words) if word.start() >= overlap), 0)
    last = min(first + SNIPPET_WORDS, len(words))
    first = max(0, last - SNIPPET_WORDS)
    pieces: list[tuple[str, bool]] = [("… ", False)] if first else []
    for number in range(first, last):
        text = words[number].group()
        pieces += [*_parts(text, found), (" ", False)] if number + 1 < last else _parts(text, found)
    if last < len(words):
        pieces.append((" …", False))
    return Snippet(_joined(pieces))


def _says_something(word: str) -> bool:
    """Whether a reader sees from the word what it is about; a single letter of Chinese or Japanese is a word."""
    return not word.isnumeric() and (len(word) > 1 or unicodedata.category(word) == "Lo")


def _best_start(hits: list[list[str]]) -> int:
    """The number of the word with which the part begins that has most different found words; a little before the first of them."""
    best, best_count = 0, -1
    for start, here in enumerate(hits):
        if here:
            count = len({part for parts in hits[start : start + SNIPPET_WORDS - _LEAD] for part in parts})
            if count > best_count:
                best, best_count = start, count
    return max(0, best - _LEAD)


def _parts(text: str, found: Collection[str]) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    end = 0
    for word in WORD.finditer(text):
        parts += [(text[end : word.start()], False), (word.group(), word.group() in found)]
        end = word.end()
    return [*parts, (text[end:], False)]


def _joined(pieces: list[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """Join neighbours that are marked alike."""
    joined: list[tuple[str, bool]] = []
    for text, marked in pieces:
        if joined and joined[-1][1] == marked:
            joined[-1] = (joined[-1][0] + text, marked)
        elif text:
            joined.append((text, marked))
    return tuple(joined)
