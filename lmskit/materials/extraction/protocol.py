"""How the process that reads files and its parent talk: lines of JSON on the child's output.

The parent sends a line with name and length of a file, and its bytes. The child answers with any number of `at` (what it reads next) and
`passage`, and ends with `done` or `refused`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from lmskit.materials.kinds import DocumentKind
from lmskit.materials.location import Location
from lmskit.materials.material_text import MaterialText
from lmskit.materials.page_links import PageLink, PageLinks
from lmskit.materials.passages import Passage

MIB = 1024**2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What reading one file may take; at a limit the child is killed, and the file is refused."""

    memory: int = 1024 * MIB
    """Bytes beyond what the libraries take by themselves."""
    computing: int = 120
    """Seconds of the processor."""
    seconds: int = 180
    """Seconds on the clock."""


def line(message: Sequence[object]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace") + b"\n"


def passage_to_json(passage: Passage) -> list[object]:
    """Return a passage as a message carries it."""
    at = passage.location
    return [
        passage.body,
        [at.page, at.slide, at.cell, at.seconds, list(at.headings)],
        passage.overlap,
        passage.prose,
        passage.is_notes,
    ]


def passage_from_json(message: list[object]) -> Passage:
    """Return a passage from its message; the child may have been taken over, so that each type is checked."""
    body, where, overlap, prose, is_notes = message
    page, slide, cell, seconds, headings = _typed(where, list)
    return Passage(
        body=_typed(body, str),
        location=Location(
            _optional(page, int),
            _optional(slide, int),
            _optional(cell, int),
            _optional(seconds, float),
            tuple(_typed(part, str) for part in headings),
        ),
        overlap=_typed(overlap, int),
        prose=_optional(prose, str),
        is_notes=_typed(is_notes, bool),
    )


def facts_to_json(text: MaterialText) -> list[object]:
    """Return what is known of a material, without its passages."""
    facts = [text.kind.value, text.title, text.language, text.length, list(text.findings), text.licence, text.week]
    return [*facts, _page_to_json(text.page), text.names_title, text.names_language]


def text_from_json(message: list[object], passages: Sequence[Passage]) -> MaterialText:
    """Return a material's text from the last message and its passages."""
    kind, title, language, length, findings, licence, week, page, names_title, names_language = message
    return MaterialText(
        kind=DocumentKind(_typed(kind, str)),
        title=_typed(title, str),
        language=_optional(language, str),
        length=_optional(length, int),
        passages=tuple(passages),
        findings=tuple(_typed(finding, str) for finding in _typed(findings, list)),
        licence=_optional(licence, str),
        week=_optional(week, int),
        page=None if page is None else _page_from_json(_typed(page, list)),
        names_title=_typed(names_title, bool),
        names_language=_typed(names_language, bool),
    )


def _page_to_json(page: PageLinks | None) -> list[object] | None:
    if page is None:
        return None
    links = [[link.href, link.text] for link in page.links]
    return [page.base, page.canonical, page.moved_to, links, list(page.robots), page.asks_for_password]


def _page_from_json(message: list[object]) -> PageLinks:
    base, canonical, moved_to, links, robots, asks_for_password = message
    return PageLinks(
        base=_optional(base, str),
        canonical=_optional(canonical, str),
        moved_to=_optional(moved_to, str),
        links=tuple(PageLink(_typed(href, str), _typed(text, str)) for href, text in _typed(links, list)),
        robots=tuple(_typed(word, str) for word in _typed(robots, list)),
        asks_for_password=_typed(asks_for_password, bool),
    )


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _optional(value: object, kind: type[T]) -> T | None:
    return None if value is None else _typed(value, kind)
