"""From the lines of PDF pages to paragraphs and headings: without repeated headers and footers, with words that were cut mended."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lmskit.materials.block import Block, BlockRole
from lmskit.materials.location import Location

_EDGE = 3
"""Lines at the top, and at the bottom, of a page that can be a header or footer."""
_REACH = 5
"""Pages before and after in which a header is looked for again; the title of a chapter is not on all pages."""
_FEWEST_REPEATS = 3
"""Pages of these on which a line has to be, to be a header or footer."""
_LARGER = 1.12
"""Height of a heading relative to that of the text."""
_LONGEST_HEADING_LINE = 150
_PARAGRAPH_GAP = 1.45
"""Distance of two lines, relative to the usual one, from which a new paragraph begins."""
_FULL = 0.9
"""Share of the text's width from which a line is full, so that its sentence goes on in the next one."""
_FOLIO = re.compile(
    r"(?i)^[\W_]{0,5}(?:page|seite|p\.|s\.)?[\W_]{0,5}(?P<number>\d{1,5})(?:[\W_]{0,5}(?:of|von|/)[\W_]{0,5}\d{1,5})?[\W_]{0,5}$"
)
"""A line with a page's number alone."""
_MOST_NUMBERS, _LONGEST_NUMBER = 4, 6
"""Numbers of a line that are tried as the page's, and their digits."""
HYPHEN = "\ufffe"
"""Stands for a hyphen at the end of a line."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page."""

    text: str
    height: float
    """Of its characters, in points."""
    top: float
    left: float
    right: float


@dataclass(slots=True)
class Page:
    """One page with its lines in the order of the file."""

    number: int
    width: float
    height: float
    lines: list[Line] = field(default_factory=list)
    has_content: bool = True
    is_recognised: bool = False
    """Whether its text is the invisible layer that was recognised in a scan."""

    @property
    def is_slide(self) -> bool:
        """Whether it is wider than high, as pages of presentations are."""
        return self.width > self.height


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """An entry of a PDF's outline."""

    page: int
    level: int
    title: str


def blocks_of_pages(pages: Sequence[Page], outline: Iterable[OutlineEntry]) -> list[Block]:
    """Return the paragraphs and headings of a document."""
    body = _body_height(pages)
    without_repeated(pages, body)
    words = _vocabulary(pages)
    entries: dict[int, list[OutlineEntry]] = defaultdict(list)
    for entry in outline:
        entries[entry.page].append(entry)
    levels = {} if entries else _levels(pages, body)
    blocks: list[Block] = []
    for page in pages:
        if page.is_slide:
            blocks += _slide(page, body, words)
        else:
            blocks += _prose(page, levels, entries.get(page.number, []), words)
    return blocks


def _body_height(pages: Sequence[Page]) -> float:
    heights: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            heights[line.height] += len(line.text)
    return heights.most_common(1)[0][0] if heights else 0.0


# --- headers and footers --------------------------------------------------------------------------


def without_repeated(pages: Sequence[Page], body: float) -> None:
    """Remove headers, footers and page numbers from pages.

    A line is one if it is among the first or last ones of its page, is not larger than the text, and stands on at least three of the pages
    around it; a number in it may grow with the pages.
    """
    where: dict[str, list[int]] = defaultdict(list)
    for index, page in enumerate(pages):
        for key in {key for line in _edges(page) for key in _keys(line, index)}:
            where[key].append(index)
    fewest = min(_FEWEST_REPEATS, max(2, len(pages) - 1))
    for index, page in enumerate(pages):
        edges = set(map(id, _edges(page)))
        page.lines = [line for line in page.lines if not (id(line) in edges and _is_repeated(line, index, where, body, fewest))]


def _edges(page: Page) -> list[Line]:
    ordered = sorted(page.lines, key=lambda line: -line.top)
    return ordered if len(ordered) <= 2 * _EDGE else ordered[:_EDGE] + ordered[-_EDGE:]


def _keys(line: Line, index: int) -> set[str]:
    """What is the same on pages with the same header: the text, or the text with one number that grows with the pages."""
    keys = {line.text}
    for found in list(_NUMBER.finditer(line.text))[:_MOST_NUMBERS]:
        if len(found.group()) <= _LONGEST_NUMBER:
            rest = line.text[: found.start()] + "#" + line.text[found.end() :]
            keys.add(f"{rest.strip(' #|·–-')}\0{int(found.group()) - index}")
    return keys


def _is_repeated(line: Line, index: int, where: dict[str, list[int]], body: float, fewest: int) -> bool:
    if line.height > body * _LARGER:
        return False
    if (folio := _FOLIO.match(line.text)) and folio["number"] == str(index + 1):
        return True
    return any(_count_near(where[key], index, fewest) >= fewest for key in _keys(line, index))


def _count_near(indexes: list[int], index: int, fewest: int) -> int:
    if len(indexes) < fewest:
        return 0
    return bisect_right(indexes, index + _REACH) - bisect_left(indexes, index - _REACH)


# --- words that were cut at the end of a line -------------------------------------------------------


def _vocabulary(pages: Sequence[Page]) -> set[str]:
    return {
        word.strip(".,;:!?()\"'“”") for page in pages for line in page.lines for word in line.text.lower().split() if HYPHEN not in word
    }


def mended(text: str, following: str, words: set[str]) -> str | None:
    """Return a line that ends with a hyphen, joined with the next one; None if the hyphen does not cut a word.

    The hyphen goes, unless the document has the word with a hyphen elsewhere, or what follows is a name or a number.
    """
    start, rest = text[:-1], following.lstrip()
    if not start or not rest or not start[-1].isalnum():
        return None
    before = re.split(r"[\s(„“\"']", start)[-1]
    after = re.split(r"[\s.,;:!?)“”\"']", rest)[0]
    if not after:
        return None
    keeps = not after[0].islower() or before[-1:].isdigit() or f"{before}-{after}".lower() in words
    if keeps and (before + after).lower() in words and after[0].islower():
        keeps = False
    return f"{start}-{rest}" if keeps else f"{start}{rest}"


# --- paragraphs -----------------------------------------------------------------------------------


def _levels(pages: Sequence[Page], body: float) -> dict[float, int]:
    """The level of a heading by its height: the highest characters are level 1."""
    heights: Counter[float] = Counter()
    for page in pages:
        if not page.is_slide:
            heights.update(line.height for line in page.lines if _is_large(line, body))
    return {height: level for level, height in enumerate(sorted(heights, reverse=True)[:4], start=1)}


def _is_large(line: Line, body: float) -> bool:
    text = line.text
    letters = sum(character.isalpha() for character in text)
    ends = text.endswith((".", ",", ";")) and not text[:1].isdigit()
    return line.height > body * _LARGER and len(text) <= _LONGEST_HEADING_LINE and letters * 2 >= len(text) and letters > 2 and not ends  # noqa: PLR2004


def _slide(page: Page, body: float, words: set[str]) -> Iterator[Block]:
    """A page of a presentation: its title, if the first line is larger than the text, and its paragraphs."""
    location = Location(page=page.number)
    lines = list(page.lines)
    title: list[str] = []
    while lines and _is_large(lines[0], body) and (not title or lines[0].height == page.lines[0].height):
        title.append(lines.pop(0).text)
    yield Block(" ".join(title), location, BlockRole.HEADING, level=1)
    yield from _paragraphs(page, lines, words)


def _prose(page: Page, levels: dict[float, int], entries: list[OutlineEntry], words: set[str]) -> Iterator[Block]:
    location = Location(page=page.number)
    titles = {_letters(entry.title): entry.level for entry in entries if _letters(entry.title)}
    waiting: list[Line] = []
    heading: list[Line] = []
    level = 0
    for line in page.lines:
        found = (titles.get(_letters(line.text), 0) if titles else 0) or (levels.get(line.height, 0) if _is_large(line, 0) else 0)
        if found and found == level and heading and abs(heading[-1].top - line.top) < 2 * line.height and not titles:
            heading.append(line)
            continue
        if heading:
            yield Block(" ".join(part.text for part in heading), location, BlockRole.HEADING, level=level)
            heading = []
        if found:
            yield from _paragraphs(page, waiting, words)
            waiting, heading, level = [], [line], found
        else:
            waiting.append(line)
    if heading:
        yield Block(" ".join(part.text for part in heading), location, BlockRole.HEADING, level=level)
    yield from _paragraphs(page, waiting, words)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalpha())


def _paragraphs(page: Page, lines: Sequence[Line], words: set[str]) -> Iterator[Block]:
    if not lines:
        return
    location = Location(page=page.number)
    pitch = _pitch(lines)
    right = sorted(line.right for line in lines)[int(0.9 * (len(lines) - 1))]
    left = min(line.left for line in lines)
    text = lines[0].text
    for line, following in pairwise(lines):
        joined = mended(text, following.text, words) if text.endswith((HYPHEN, "-")) else None
        if joined is not None:
            text = joined
        elif abs(line.top - following.top) > _PARAGRAPH_GAP * pitch or following.top > line.top + pitch:
            yield Block(_without_hyphen(text), location)
            text = following.text
        else:
            full = right > left and (line.right - left) / (right - left) >= _FULL
            text = f"{_without_hyphen(text)}{' ' if full else chr(10)}{following.text}"
    yield Block(_without_hyphen(text), location)


def _without_hyphen(text: str) -> str:
    return text.replace(HYPHEN, "-")


def _pitch(lines: Sequence[Line]) -> float:
    """The usual distance of two lines."""
    distances = sorted(first.top - second.top for first, second in pairwise(lines) if first.top > second.top)
    return distances[len(distances) // 2] if distances else max(line.height for line in lines)
