"""From blocks to passages: stretches of text of a length that suits search, which never cross a heading or a slide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from lmskit.limits import FEWEST_PASSAGE_WORDS, MOST_HEADINGS_DEEP, MOST_PASSAGE_WORDS
from lmskit.materials.block import Block, BlockRole, one_line
from lmskit.materials.location import Location

MOST_OVERLAP = 40
"""Words at the end of a passage that the next one repeats, so that a thought across the cut is found whole in one of them."""
_SHORT_OVERLAP = 20
"""Words that are repeated where no sentence begins in reach."""
_TARGET = 160
"""Words of a passage, if the text can be cut anywhere."""
_WINDOW = 2 * MOST_PASSAGE_WORDS
"""Words that are looked at to decide on a cut."""

_IDEOGRAPHS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
LONGEST_WORD = 50
"""Characters; a longer run without a space counts as several words."""
_WORD = re.compile(rf"[{_IDEOGRAPHS}]{{1,2}}|[^\s{_IDEOGRAPHS}]{{1,{LONGEST_WORD}}}")
_ENDS_A_SENTENCE = re.compile("[.!?\u2026\u0589\u061f\u0964\u3002\uff01\uff1f][\"'\u201d\u2019»)\\]]*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a material's text, which search finds and shows."""

    body: str
    location: Location
    """Where the first word stands that the passage before it does not have."""
    overlap: int = 0
    """Characters at its start that repeat the end of the passage before it."""
    prose: str | None = None
    """The body without code, from which its language is detected; None if there is no code in it."""
    is_notes: bool = False
    """Whether it is what a speaker says and the audience does not see."""
    language: str | None = None
    """ISO 639-1, as `de`; None if it could not be detected."""


@dataclass(frozen=True, slots=True)
class _Word:
    block: Block
    start: int
    end: int
    after: float
    """How well the text can be cut behind it, from 0 to 1."""


def count_words(text: str) -> int:
    """How many words a text has: what stands between spaces; in scripts without spaces, two characters are a word.

    >>> count_words("one two  three"), count_words("统计学入门")
    (3, 3)
    """
    return sum(1 for _ in _WORD.finditer(text))


def passages_of(blocks: Iterable[Block]) -> Iterator[Passage]:
    """Give out the passages of a material in their order.

    A passage has from 80 to 250 words, its overlap included; the text of a section with fewer words is one passage. A heading without
    any text, below which there is no other heading either, is a passage of its own, so that it can be found.
    """
    for path, section in _sections(blocks):
        yield from _cut(path, section)


def _sections(blocks: Iterable[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Give out each section with the headings above it. Long ones come in several pieces of whole pages or paragraphs."""
    path: list[str] = []
    section: list[Block] = []
    bare: Block | None = None  # a heading below which nothing stands yet
    for block in blocks:
        if section and (
            block.role in {BlockRole.HEADING, BlockRole.BREAK} or (block.role is BlockRole.NOTES) != (section[-1].role is BlockRole.NOTES)
        ):
            yield _named(path), section
            section = []
        if block.role is BlockRole.HEADING:
            deeper = bare is not None and block.level > bare.level
            if bare is not None and not deeper:
                yield _named(path), [replace(bare, role=BlockRole.TEXT)]
            level = min(max(block.level, 1), MOST_HEADINGS_DEEP)
            path = [*path[: level - 1], *([""] * (level - 1 - len(path))), one_line(block.text)]
            bare = block if block.text.strip() else None
        elif block.role is not BlockRole.BREAK and block.text.strip():
            section.append(block)
            bare = None
    if section:
        yield _named(path), section
    elif bare is not None:
        yield _named(path), [replace(bare, role=BlockRole.TEXT)]


def _named(path: list[str]) -> tuple[str, ...]:
    return tuple(heading for heading in path if heading)


def _cut(path: tuple[str, ...], section: list[Block]) -> Iterator[Passage]:
    window: list[_Word] = []
    repeated: list[_Word] = []

    def next_passage() -> Passage:
        nonlocal window, repeated
        cut = _best_cut(window, len(repeated))
        passage = _passage(path, repeated, window[:cut])
        repeated, window = _overlap(window[:cut]), window[cut:]
        return passage

    for word in _words(section):
        window.append(word)
        if len(window) > _WINDOW:
            yield next_passage()
    while window:
        yield next_passage()


def _words(section: list[Block]) -> Iterator[_Word]:
    for block, following in zip_longest(section, section[1:]):
        found = None
        for word in _WORD.finditer(block.text):
            if found is not None:
                yield _Word(block, *found.span(), _cut_quality(block.text, *found.span(), word.start()))
            found = word
        if found is not None:
            sentence = _cut_quality(block.text, *found.span(), len(block.text) + 1)
            yield _Word(block, *found.span(), sentence if following is None else _quality_between(block, following, sentence))


def _cut_quality(text: str, start: int, end: int, following: int) -> float:
    """How well a text can be cut between a word and the one that follows it."""
    gap = text[end:following]
    if not gap:
        return 0.0 if end - start >= LONGEST_WORD else 0.05
    sentence = 0.5 if _ENDS_A_SENTENCE.search(text, start, end) else 0.0
    return max(sentence, 0.7 if "\n\n" in gap else 0.3 if "\n" in gap else 0.1)


def _quality_between(block: Block, following: Block, sentence: float) -> float:
    if following.location.order[0] != block.location.order[0]:
        return 1.0
    return 0.7 if "\n" in following.joint else max(sentence, 0.3)


def _best_cut(words: list[_Word], repeated: int) -> int:
    """After how many of the words the passage ends, if it begins with so many repeated ones."""
    most = MOST_PASSAGE_WORDS - repeated
    left = len(words)
    if left <= most:
        pages = [cut for cut in range(FEWEST_PASSAGE_WORDS, left - FEWEST_PASSAGE_WORDS + 1) if words[cut - 1].after >= 1]
        return min(pages, key=lambda cut: abs(cut - left / 2)) if pages else left
    last = min(most, left - FEWEST_PASSAGE_WORDS)
    return max(range(FEWEST_PASSAGE_WORDS, last + 1), key=lambda cut: words[cut - 1].after - abs(cut - _TARGET) / _TARGET)


def _overlap(words: list[_Word]) -> list[_Word]:
    """Return the last words of a passage that the next one repeats: whole sentences, if any fit."""
    starts = [
        start
        for start in range(max(1, len(words) - MOST_OVERLAP), len(words) - _SHORT_OVERLAP // 2)
        if words[start - 1].after >= 0.5  # noqa: PLR2004 - the end of a sentence or more
    ]
    return words[starts[0] if starts else max(1, len(words) - _SHORT_OVERLAP) :]


def _passage(path: tuple[str, ...], repeated: list[_Word], words: list[_Word]) -> Passage:
    first = words[0].block
    head = _text(repeated)
    body, prose = _text([*repeated, *words]), _text([word for word in words if word.block.role is not BlockRole.CODE])
    return Passage(
        body=body,
        location=replace(first.location, headings=path),
        overlap=len(head),
        prose=None if prose == body else prose,
        is_notes=first.role is BlockRole.NOTES,
    )


def _text(words: list[_Word]) -> str:
    """Join words as they stand in their blocks."""
    pieces: list[str] = []
    start = 0
    for number, word in enumerate(words):
        if number == 0 or words[number - 1].block is not word.block:
            if number:
                pieces.append(word.block.joint)
            start = word.start
        if number + 1 == len(words) or words[number + 1].block is not word.block:
            pieces.append(word.block.text[start : word.end])
    return "".join(pieces)
