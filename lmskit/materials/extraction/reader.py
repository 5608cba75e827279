"""From the bytes of a file to its text: detect the kind, extract the blocks, make passages.

It runs in the child process (`lmskit.materials.extraction.child`), since any step can meet a hostile file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import PurePath

from lmskit.limits import LONGEST_TITLE
from lmskit.materials.block import Block, BlockRole, cleaned, one_line
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.kinds import DocumentKind, kind_of
from lmskit.materials.material_text import MaterialText
from lmskit.materials.passages import passages_of

_READERS = {
    DocumentKind.PDF: ("pdf", "read_pdf"),
    DocumentKind.HTML: ("web_page", "read_web_page"),
    DocumentKind.MARKDOWN: ("markdown_text", "read_markdown"),
    DocumentKind.TEXT: ("markdown_text", "read_plain_text"),
    DocumentKind.PPTX: ("presentation", "read_presentation"),
    DocumentKind.DOCX: ("word_document", "read_word_document"),
    DocumentKind.NOTEBOOK: ("notebook", "read_notebook"),
    DocumentKind.VTT: ("captions", "read_vtt"),
    DocumentKind.SRT: ("captions", "read_srt"),
}
_NO_TITLES = {
    *("untitled", "untitled document", "untitled presentation", "unbenannt", "unbenanntes dokument", "unbenannte präsentation"),
    *("document", "document1", "word document", "dokument", "dokument1", "word-dokument", "index", "home", "title"),
    *("presentation", "presentation1", "powerpoint presentation", "präsentation1", "powerpoint-präsentation", "slide 1"),
}
"""What programs write where a person gave no title."""
_FIRST = 20
"""Blocks in which the first heading is looked for."""


def reader_of(kind: DocumentKind) -> Callable[[bytes, At], Extracted]:
    """Return the reader of a kind; its libraries are imported now."""
    module, name = _READERS[kind]
    reader: Callable[[bytes, At], Extracted] = getattr(import_module(f"lmskit.materials.extraction.{module}"), name)
    return reader


def read(content: bytes, name: str | None, at: At) -> MaterialText:
    """Return the text of a file, with the language that it names, and passages without one.

    Raises
    ------
    MaterialFileError
        It cannot be read; what was called with `at` last says where.
    """
    kind = kind_of(content, name)
    extracted = reader_of(kind)(content, at)
    at("the passages")
    blocks = [replace(block, text=cleaned(block.text)) for block in extracted.blocks]
    passages = list(passages_of(blocks))
    if not passages and not extracted.findings:
        extracted.findings.append("There is no text in it.")
    title = _title(extracted.title, blocks)
    return MaterialText(
        kind=kind,
        title=title or one_line(PurePath(name or "").stem.replace("_", " "), LONGEST_TITLE) or "Untitled",
        language=extracted.language,
        length=extracted.length,
        passages=tuple(passages),
        findings=tuple(extracted.findings),
        licence=extracted.licence,
        week=extracted.week,
        page=extracted.page,
        names_title=title is not None,
        names_language=bool(extracted.language),
    )


def _title(title: str | None, blocks: list[Block]) -> str | None:
    """The title that stands in a file; None without one."""
    headings = (one_line(block.text, LONGEST_TITLE) for block in blocks[:_FIRST] if block.role is BlockRole.HEADING and block.text.strip())
    for candidate in (title, next(headings, None)):
        shown = one_line(candidate or "", LONGEST_TITLE)
        if shown and shown.casefold() not in _NO_TITLES and not shown.startswith("Microsoft "):
            return shown
    return None
