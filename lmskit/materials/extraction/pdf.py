"""PDF: the visible text of each page. No script or action of the file is run: this build of PDFium has no interpreter."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from contextlib import closing

import pypdfium2
from pypdfium2 import raw

from lmskit.errors import MaterialFileError
from lmskit.limits import MOST_PAGES
from lmskit.materials.block import one_line
from lmskit.materials.extraction.extracted import At, Extracted, ranges
from lmskit.materials.extraction.pdf_layout import HYPHEN, Line, OutlineEntry, Page, blocks_of_pages

_SMALLEST = 1.0
"""Height of a character, in points of 1/72 inch, below which it cannot be seen."""
_HYPHENS_AT_LINE_END = {0x02, 0xFFFE}
"""What PDFium gives for a hyphen that it takes for one at the end of a line; which one depends on its version."""
_LINE_ENDS = {0x0A, 0x0D}
_LINE = re.compile("[^\r\n\x02\ufffe]+[\x02\ufffe]?")
_SURROGATES = range(0xD800, 0xE000)
"""Halves of characters, in damaged fonts."""
_INVISIBLE = {raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP}
_MOST_OUTLINE = 20_000


def read_pdf(content: bytes, at: At) -> Extracted:
    """Read a PDF."""
    try:
        document = pypdfium2.PdfDocument(content)
        n_pages = len(document)
    except pypdfium2.PdfiumError as error:
        raise MaterialFileError(_reason(error)) from error
    with closing(document):
        if n_pages > MOST_PAGES:
            raise MaterialFileError(f"it has {n_pages:,} pages, and at most {MOST_PAGES:,} are read. Split it.")
        if n_pages <= 0:
            raise MaterialFileError("it has no pages. Save it again with the program that made it.")
        pages = []
        for number in range(1, n_pages + 1):
            at(f"page {number}")
            pages.append(_page(document, number))
        at("the outline")
        outline = list(_outline(document))
        blocks = blocks_of_pages(pages, outline)
        title = one_line(document.get_metadata_dict().get("Title") or "", 300)
        return Extracted(blocks, title=title or None, length=n_pages, findings=[*_findings(document, pages)])


def _reason(error: pypdfium2.PdfiumError) -> str:
    text = str(error).lower()
    if "password" in text or "security" in text:
        return "it is protected with a password. Save it without one."
    return "it is a damaged or cut-off PDF. Get it again, or save it again with the program that made it."


def _page(document: pypdfium2.PdfDocument, number: int) -> Page:
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise MaterialFileError("the page is damaged. Save the file again.", where=f"page {number}") from error
    with closing(page), closing(page.get_textpage()) as textpage:
        width, height = page.get_size()
        lines, hidden = _lines(page, textpage)
        has_content = raw.FPDFPage_CountObjects(page) > 0
        recognised = not lines and bool(hidden)
        return Page(number, width, height, hidden if recognised else lines, has_content=has_content, is_recognised=recognised)


def _lines(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> tuple[list[Line], list[Line]]:
    """Return the visible and the invisible lines of a page."""
    box = page.get_bbox()
    text = textpage.get_text_range()
    if len(text) != raw.FPDFText_CountChars(textpage) or _may_hide(page, box):
        return _lines_by_character(textpage, box)
    lines: list[Line] = []
    for found in _LINE.finditer(text):
        _add_line(textpage, found.group().replace("\x02", HYPHEN), range(*found.span()), lines)
    return lines, []


def _may_hide(page: pypdfium2.PdfPage, box: tuple[float, float, float, float]) -> bool:
    """Whether a text of the page is not drawn, tiny or outside of it, or is in a form, where it can be all of that."""
    left, bottom, right, top = box
    edges = [ctypes.c_float() for _ in range(4)]
    for number in range(raw.FPDFPage_CountObjects(page)):
        handle = raw.FPDFPage_GetObject(page, number)
        kind = raw.FPDFPageObj_GetType(handle)
        if kind == raw.FPDF_PAGEOBJ_FORM:
            return True
        if kind != raw.FPDF_PAGEOBJ_TEXT:
            continue
        if raw.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE or not raw.FPDFPageObj_GetBounds(handle, *edges):
            return True
        west, south, east, north = (edge.value for edge in edges)
        if north - south < _SMALLEST or east < left or west > right or north < bottom or south > top:
            return True
    return False


def _lines_by_character(textpage: pypdfium2.PdfTextPage, box: tuple[float, float, float, float]) -> tuple[list[Line], list[Line]]:
    """Return the visible and the invisible lines of a page, looking at each character."""
    shown: list[Line] = []
    hidden: list[Line] = []
    characters: list[str] = []
    indexes: list[int] = []
    hides = False
    last_object = None

    def end_line() -> None:
        _add_line(textpage, "".join(characters), indexes, hidden if hides else shown)
        characters.clear()
        indexes.clear()

    for index in range(raw.FPDFText_CountChars(textpage)):
        code = raw.FPDFText_GetUnicode(textpage, index)
        handle = raw.FPDFText_GetTextObject(textpage, index)
        address = ctypes.cast(handle, ctypes.c_void_p).value
        if address is not None and address != last_object:
            last_object = address
            if (now_hides := _is_hidden(textpage, index, handle, box)) != hides:
                end_line()
                hides = now_hides
        if code and code not in _SURROGATES and code not in _LINE_ENDS:
            characters.append(HYPHEN if code in _HYPHENS_AT_LINE_END else chr(code))
            indexes.append(index)
        if code in _LINE_ENDS or code in _HYPHENS_AT_LINE_END:
            end_line()
    end_line()
    return shown, hidden


def _is_hidden(textpage: pypdfium2.PdfTextPage, index: int, handle: object, box: tuple[float, float, float, float]) -> bool:
    if raw.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE:
        return True
    rectangle = _rectangle(textpage, index)
    left, bottom, right, top = box
    outside = rectangle.right < left or rectangle.left > right or rectangle.top < bottom or rectangle.bottom > top
    return bool(outside or abs(rectangle.top - rectangle.bottom) < _SMALLEST)


def _rectangle(textpage: pypdfium2.PdfTextPage, index: int) -> raw.FS_RECTF:
    rectangle = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, index, rectangle)
    return rectangle


def _add_line(textpage: pypdfium2.PdfTextPage, text: str, indexes: Sequence[int], lines: list[Line]) -> None:
    """Add a line of characters, whose indexes on the page are given, unless it is blank."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip(f" \t\n{HYPHEN}"))
    if start >= end:
        return
    middle = next(number for number in range((start + end) // 2, end) if not text[number].isspace())
    at_start, at_middle, at_end = (_rectangle(textpage, indexes[number]) for number in (start, middle, end - 1))
    lines.append(
        Line(
            text.strip(),
            height=round(abs(at_middle.top - at_middle.bottom), 1),
            top=at_middle.top,
            left=min(at_start.left, at_end.left),
            right=max(at_start.right, at_end.right),
        )
    )


def _outline(document: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    for number, bookmark in enumerate(document.get_toc()):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination is not None else None
        title = one_line(bookmark.get_title())
        if index is not None and title:
            yield OutlineEntry(page=index + 1, level=bookmark.level + 1, title=title)
        if number >= _MOST_OUTLINE:
            return


def _findings(document: pypdfium2.PdfDocument, pages: list[Page]) -> Iterator[str]:
    without = [page.number for page in pages if not page.lines and page.has_content]
    if without:
        which = "" if len(without) == len(pages) else f" ({ranges(without)})"
        yield (
            f"No text on {len(without):,} of {len(pages):,} pages{which}: they seem to be scanned, and cannot be searched. "
            "Have their text recognised (OCR), and add the file again."
        )
    recognised = [page.number for page in pages if page.is_recognised]
    if recognised:
        yield f"The text of {len(recognised):,} of {len(pages):,} pages was recognised in scans, and can contain mistakes."
    if raw.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        yield "It contains scripts, which were not run."
    attached = raw.FPDFDoc_GetAttachmentCount(document)
    if attached > 0:
        yield f"It has {attached:,} attached files, which were not read."
