"""DOCX: headings, paragraphs and tables in their order, without hidden and deleted text, headers, footers and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from lmskit.errors import MaterialFileError
from lmskit.materials.block import Block, BlockRole, one_line
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.extraction.office_archive import office_parts

if TYPE_CHECKING:
    from docx.document import Document

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""The same content again, for old programs."""
_MATHEMATICS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_NOT_SHOWN = {f"{_WORD}{name}" for name in ("del", "moveFrom", "instrText", "delText", "pPr")} | {_COMPATIBILITY}
_CONTENTS = re.compile(r"(?i)(toc|table of|index) ?(heading|\d)")
_HEADING = re.compile(r"(?i)heading (\d)")
_OFF = {"0", "false", "off", "none"}


def read_word_document(content: bytes, at: At) -> Extracted:
    """Read a Word document."""
    import docx

    at("the archive")
    office = office_parts(content)
    try:
        document = docx.Document(office.archive())
        levels, hidden = _styles(document)
        properties = document.core_properties
        title, language = one_line(properties.title or "", 300), properties.language
    except (KeyError, ValueError, AttributeError, TypeError, etree.LxmlError) as error:
        raise MaterialFileError(f"its parts do not fit together ({type(error).__name__}). Save it again as .docx.") from error
    at("word/document.xml")
    blocks = list(_blocks(document.element.body, levels, hidden))
    for name in ("word/footnotes.xml", "word/endnotes.xml"):
        if name in office.parts:
            at(name)
            root = etree.fromstring(office.parts[name], parser=etree.XMLParser(resolve_entities=False, no_network=True))
            notes = [block for block in _blocks(root, {}, hidden) if block.text.strip()]
            blocks += [Block("", role=BlockRole.HEADING, level=1), *notes] if notes else []
    return Extracted(blocks, title=title or None, language=language or None, findings=list(office.findings))


def _styles(document: Document) -> tuple[dict[str, int], set[str]]:
    """Return the levels of styles of headings (1 is the title's), and the styles that are not shown or list the contents."""
    levels: dict[str, int] = {}
    hidden: set[str] = set()
    for style in document.styles:
        name = style.name or ""
        outline = style.element.find(f"{_WORD}pPr/{_WORD}outlineLvl")
        if found := _HEADING.match(name):
            levels[style.style_id] = int(found[1]) + 1
        elif name.casefold() == "title":
            levels[style.style_id] = 1
        elif outline is not None and outline.get(f"{_WORD}val", "9").isdigit() and int(outline.get(f"{_WORD}val")) < 9:  # noqa: PLR2004
            levels[style.style_id] = int(outline.get(f"{_WORD}val")) + 2
        if _CONTENTS.match(name) or _is_vanished(style.element.find(f"{_WORD}rPr")):
            hidden.add(style.style_id)
    return levels, hidden


def _is_vanished(properties: etree._Element | None) -> bool:
    found = None if properties is None else properties.find(f"{_WORD}vanish")
    return found is not None and found.get(f"{_WORD}val", "1") not in _OFF


def _blocks(root: etree._Element, levels: dict[str, int], hidden: set[str]) -> Iterator[Block]:
    for element in root:
        if element.tag == f"{_WORD}p":
            yield from _paragraph(element, levels, hidden)
        elif element.tag == f"{_WORD}tbl":
            yield from _table(element, hidden)
        elif element.tag not in _NOT_SHOWN and isinstance(element.tag, str) and not _is_contents(element):
            yield from _blocks(element, levels, hidden)


def _is_contents(element: etree._Element) -> bool:
    gallery = element.find(f"{_WORD}sdtPr/{_WORD}docPartObj/{_WORD}docPartGallery")
    return gallery is not None and gallery.get(f"{_WORD}val") == "Table of Contents"


def _paragraph(element: etree._Element, levels: dict[str, int], hidden: set[str]) -> Iterator[Block]:
    properties = element.find(f"{_WORD}pPr")
    style = "" if properties is None else _value(properties.find(f"{_WORD}pStyle"))
    if style in hidden:
        return
    text = "".join(_texts(element, hidden))
    outline = None if properties is None else properties.find(f"{_WORD}outlineLvl")
    level = levels.get(style) or (int(_value(outline)) + 2 if _value(outline) in set("012345678") else 0)
    is_item = properties is not None and properties.find(f"{_WORD}numPr") is not None
    if text.strip():
        yield Block(text, role=BlockRole.HEADING, level=level) if level else Block(text, joint="\n" if is_item else "\n\n")


def _value(element: etree._Element | None) -> str:
    return "" if element is None else element.get(f"{_WORD}val", "")


def _table(table: etree._Element, hidden: set[str]) -> Iterator[Block]:
    for row in table.iter(f"{_WORD}tr"):
        cells = ("\n".join("".join(_texts(part, hidden)) for part in cell.iter(f"{_WORD}p")) for cell in row.iter(f"{_WORD}tc"))
        text = "\t".join(cells)
        if text.strip():
            yield Block(text, joint="\n")


def _texts(element: etree._Element, hidden: set[str]) -> Iterator[str]:
    for child in element:
        if child.tag in _NOT_SHOWN or (child.tag == f"{_WORD}r" and _is_hidden_run(child, hidden)):
            continue
        if child.tag in {f"{_WORD}t", _MATHEMATICS}:
            yield child.text or ""
        elif child.tag == f"{_WORD}tab":
            yield "\t"
        elif child.tag in {f"{_WORD}br", f"{_WORD}cr"}:
            yield "\n"
        elif child.tag == f"{_WORD}noBreakHyphen":
            yield "-"
        elif child.tag == f"{_WORD}txbxContent":
            yield "\n"
            yield "\n".join("".join(_texts(part, hidden)) for part in child.iter(f"{_WORD}p"))
            yield "\n"
        else:
            yield from _texts(child, hidden)


def _is_hidden_run(run: etree._Element, hidden: set[str]) -> bool:
    properties = run.find(f"{_WORD}rPr")
    return _is_vanished(properties) or (properties is not None and _value(properties.find(f"{_WORD}rStyle")) in hidden)
