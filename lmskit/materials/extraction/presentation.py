"""PPTX: titles, texts and tables of each slide in reading order, and the speaker's notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from lmskit.errors import MaterialFileError
from lmskit.limits import MOST_PAGES
from lmskit.materials.block import Block, BlockRole, one_line
from lmskit.materials.extraction.extracted import At, Extracted, ranges
from lmskit.materials.extraction.office_archive import office_parts
from lmskit.materials.location import Location

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PICTURED = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_SURROUNDINGS = {"dt", "ftr", "hdr", "sldNum", "sldImg"}
"""Placeholders for date, footer, header, the slide's number, and its picture in the notes."""
_TITLES = {"title", "ctrTitle"}
_FEWEST_REPEATS = 3
_DIAGRAM = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"


def read_presentation(content: bytes, at: At) -> Extracted:
    """Read a presentation."""
    import pptx

    at("the archive")
    office = office_parts(content)
    try:
        presentation = pptx.Presentation(office.archive())
        slides = list(presentation.slides)
    except (KeyError, ValueError, AttributeError, TypeError, etree.LxmlError) as error:
        raise MaterialFileError(f"its parts do not fit together ({type(error).__name__}). Save it again as .pptx.") from error
    if len(slides) > MOST_PAGES:
        raise MaterialFileError(f"it has {len(slides):,} slides, and at most {MOST_PAGES:,} are read. Split it.")
    found: list[list[Block]] = []
    hidden: list[int] = []
    for number, slide in enumerate(slides, start=1):
        at(f"slide {number}")
        found.append(list(_slide(slide, number)))
        if slide.element.get("show") in {"0", "false"}:
            hidden.append(number)
    findings = list(office.findings)
    if hidden:
        findings.append(f"{len(hidden):,} of {len(slides):,} slides are hidden, and were read too: {ranges(hidden)}.")
    without = [number for number, blocks in enumerate(found, start=1) if not any(block.text.strip() for block in blocks)]
    if without:
        findings.append(f"No text on {len(without):,} of {len(slides):,} slides: {ranges(without)}.")
    title, language = _properties(presentation)
    blocks = [block for slide_blocks in _without_repeated(found) for block in slide_blocks]
    return Extracted(blocks, title=title, language=language, length=len(slides), findings=findings)


def _properties(presentation: Presentation) -> tuple[str | None, str | None]:
    properties = presentation.core_properties
    title = one_line(properties.title or "", 300)
    return (None if title.casefold() in {"", "powerpoint presentation", "powerpoint-präsentation"} else title), properties.language or None


def _slide(slide: Slide, number: int) -> Iterator[Block]:
    location = Location(slide=number)
    title = ""
    blocks: list[Block] = []
    for shape in slide.element.iter(f"{_PICTURED}sp", f"{_PICTURED}graphicFrame"):
        placeholder = _placeholder(shape)
        if placeholder in _SURROUNDINGS or _is_hidden(shape):
            continue
        if placeholder in _TITLES and not title:
            title = " ".join(block.text for block in _texts(shape, location))
        else:
            blocks += _texts(shape, location)
    yield Block(title, location, BlockRole.HEADING, level=1)
    yield from blocks
    yield from _diagrams(slide, location)
    if slide.has_notes_slide:
        for shape in slide.notes_slide.element.iter(f"{_PICTURED}sp"):
            if _placeholder(shape) not in _SURROUNDINGS:
                yield from (Block(block.text, location, BlockRole.NOTES) for block in _texts(shape, location))


def _placeholder(shape: etree._Element) -> str | None:
    found = shape.find(f".//{_PICTURED}nvPr/{_PICTURED}ph")
    return None if found is None else found.get("type", "obj")


def _is_hidden(shape: etree._Element) -> bool:
    found = shape.find(f".//{_PICTURED}cNvPr")
    return found is not None and found.get("hidden") in {"1", "true"}


def _texts(shape: etree._Element, location: Location) -> list[Block]:
    """The paragraphs of a shape; of a table, its rows."""
    rows = list(shape.iter(f"{_DRAWING}tr"))
    if rows:
        cells = (("\t".join(_inner(cell) for cell in row.iter(f"{_DRAWING}tc"))) for row in rows)
        return [Block(text, location, joint="\n") for text in cells if text.strip()]
    paragraphs = (_paragraph(paragraph) for paragraph in shape.iter(f"{_DRAWING}p"))
    return [Block(text, location, joint="\n") for text in paragraphs if text.strip()]


def _inner(cell: etree._Element) -> str:
    return " ".join(_paragraph(paragraph) for paragraph in cell.iter(f"{_DRAWING}p"))


def _paragraph(paragraph: etree._Element) -> str:
    elements = paragraph.iter(f"{_DRAWING}t", f"{_DRAWING}br", f"{_DRAWING}tab")
    parts = ((element.text or "") if element.tag == f"{_DRAWING}t" else " " for element in elements)
    return re.sub(r"[\x0b\s]+", " ", "".join(parts)).strip()


def _diagrams(slide: Slide, location: Location) -> Iterator[Block]:
    """The words of diagrams (SmartArt), which are in parts of their own."""
    for relation in slide.part.rels.values():
        if relation.reltype == _DIAGRAM and not relation.is_external:
            root = etree.fromstring(relation.target_part.blob, parser=etree.XMLParser(resolve_entities=False, no_network=True))
            yield from (Block(text, location, joint="\n") for part in root.iter(f"{_DRAWING}p") if (text := _paragraph(part)))


def _without_repeated(slides: list[list[Block]]) -> list[list[Block]]:
    """Drop texts that stand on most slides, such as the name of the institution; titles stay."""
    counts = Counter(text for blocks in slides for text in {block.text for block in blocks if block.role is BlockRole.TEXT})
    repeated = {text for text, count in counts.items() if count >= _FEWEST_REPEATS and 2 * count > len(slides)}
    return [[block for block in blocks if block.role is not BlockRole.TEXT or block.text not in repeated] for blocks in slides]
