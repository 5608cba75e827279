"""The kind of a material's file, detected from its content: a name can be wrong, and a web address often has none."""

from __future__ import annotations

import enum
import io
import json
import re
import zipfile
from pathlib import PurePath

from lmskit.errors import MaterialFileError
from lmskit.materials.extraction.encoding import is_wide
from lmskit.vocabulary import MaterialKind

_HEAD = 4096
"""Bytes at the start of a file that are looked at."""
_PDF_HEAD = 1024
"""Bytes within which PDF readers accept the mark of a PDF."""


class DocumentKind(enum.StrEnum):
    """What a file is; each kind has a reader in `lmskit.materials.extraction`."""

    PDF = "pdf"
    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    PPTX = "pptx"
    DOCX = "docx"
    NOTEBOOK = "notebook"
    VTT = "vtt"
    SRT = "srt"

    @property
    def media_type(self) -> str:
        """As web servers name it."""
        return _MEDIA_TYPES[self]

    @property
    def material_kind(self) -> MaterialKind:
        """The kind of a material that has such a file; captions are those of a video."""
        return _MATERIAL_KINDS[self]

    @property
    def counted(self) -> str | None:
        """What its length is counted in: `pages`, `slides`, `cells` or `seconds`; None if it has no parts with a number."""
        return _COUNTED.get(self)


_OFFICE = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES = {
    DocumentKind.PDF: "application/pdf",
    DocumentKind.HTML: "text/html",
    DocumentKind.MARKDOWN: "text/markdown",
    DocumentKind.TEXT: "text/plain",
    DocumentKind.PPTX: f"{_OFFICE}presentationml.presentation",
    DocumentKind.DOCX: f"{_OFFICE}wordprocessingml.document",
    DocumentKind.NOTEBOOK: "application/x-ipynb+json",
    DocumentKind.VTT: "text/vtt",
    DocumentKind.SRT: "application/x-subrip",
}
_MATERIAL_KINDS = {
    DocumentKind.PDF: MaterialKind.PDF,
    DocumentKind.HTML: MaterialKind.PAGE,
    DocumentKind.MARKDOWN: MaterialKind.MARKDOWN,
    DocumentKind.TEXT: MaterialKind.TEXT,
    DocumentKind.PPTX: MaterialKind.PRESENTATION,
    DocumentKind.DOCX: MaterialKind.DOCUMENT,
    DocumentKind.NOTEBOOK: MaterialKind.NOTEBOOK,
    DocumentKind.VTT: MaterialKind.VIDEO,
    DocumentKind.SRT: MaterialKind.VIDEO,
}
_COUNTED = {
    DocumentKind.PDF: "pages",
    DocumentKind.PPTX: "slides",
    DocumentKind.NOTEBOOK: "cells",
    DocumentKind.VTT: "seconds",
    DocumentKind.SRT: "seconds",
}

_HTML = re.compile(
    rb"(?is)\A[\s\x00\xef\xbb\xbf\xff\xfe]*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->).)*-->\s*)*<(!doctype\s+html|html|head|body|meta|title)\b"
)
_ELEMENT = re.compile(rb"(?is)\A[\s\xef\xbb\xbf]*<(div|p|h[1-6]|section|article|main|ul|ol|table|span|header|nav|style|script)[\s>]")
_VTT = re.compile(r"\A\ufeff?WEBVTT(?=[ \t\r\n]|\Z)")
_SRT = re.compile(
    r"\A[\ufeff\s]*(?:\d{1,9}[ \t]{0,9}\r?\n[ \t]{0,9})?(?:\d{1,9}:)?\d{1,2}:\d{1,2}[,.]\d{1,3}[ \t]{0,9}-->"
    r"[ \t]{0,9}(?:\d{1,9}:)?\d{1,2}:\d{1,2}[,.]\d{1,3}"
)
_MARKDOWN = re.compile(r"(?m)\A---[ \t]*$|^(#{1,6} \S|```|~~~|(\*|-|\d+\.) +\[.+\]\(|:::)|^(=+|-{4,})[ \t]*$")
_MARKDOWN_SUFFIXES = {".md", ".markdown", ".qmd", ".rmd"}
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Office file (such as .ppt or .doc), or an Office file with a password. Save it without a password as "
    ".pptx, .docx or PDF",
    b"\x89PNG": "a picture. Add the document that shows it",
    b"\xff\xd8\xff": "a picture. Add the document that shows it",
    b"GIF8": "a picture. Add the document that shows it",
    b"\x1f\x8b": "a compressed file. Unpack it, and add the files in it",
    b"Rar!": "an archive. Unpack it, and add the files in it",
    b"7z\xbc\xaf": "an archive. Unpack it, and add the files in it",
    b"ID3": "a sound file. Add its captions (VTT or SRT)",
    b"\x1aE\xdf\xa3": "a video. Add its captions (VTT or SRT), with the address of the video",
    b"{\\rtf": "a rich text file. Save it as .docx or PDF",
}


def kind_of(content: bytes, name: str | None = None) -> DocumentKind:
    """Return what kind of file this is.

    Parameters
    ----------
    content
        All bytes of the file.
    name
        Its name, which decides only between Markdown and text, whose contents can be the same.

    Raises
    ------
    MaterialFileError
        It is empty, of a kind that is not read, or of two kinds at once.
    """
    head = content[:_HEAD]
    if not content.strip(b"\x00 \t\r\n"):
        raise MaterialFileError("it is empty. If it should not be, save or download it again; otherwise leave it out.")
    if _is_pdf(head):
        return DocumentKind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_archive(content)
    for start, what in _OTHERS.items():
        if head.startswith(start):
            raise MaterialFileError(f"it is {what}.")
    if head[4:8] == b"ftyp":
        raise MaterialFileError("it is a video. Add its captions (VTT or SRT), with the address of the video.")
    return _kind_of_text(content, name)


def _is_pdf(head: bytes) -> bool:
    mark = head.find(b"%PDF-", 0, _PDF_HEAD)
    if mark > 0 and (_HTML.match(head) or _ELEMENT.match(head) or head.startswith(b"PK")):
        raise MaterialFileError("it is a PDF and another kind of file at the same time. Save it again with the program that made it.")
    return mark >= 0


def _kind_of_archive(content: bytes) -> DocumentKind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("[Content_Types].xml") as stream:
            types = stream.read(1024**2).decode("utf-8", errors="replace")
    except KeyError:
        raise MaterialFileError("it is a zip archive. Unpack it, and add the files in it.") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise MaterialFileError(f"it is a damaged or cut-off Office file or zip archive: {error}. Get it again.") from error
    if re.search(r"(presentation|slideshow|template)(\.macroEnabled)?\.main\+xml", types) and "ppt/" in types:
        return DocumentKind.PPTX
    if re.search(r"(document|template|word\.\w+)(\.macroEnabled\w*)?\.main\+xml", types) and "word/" in types:
        return DocumentKind.DOCX
    raise MaterialFileError("it is an Office file, but not a presentation or a text document. Save it as PDF.")


def _kind_of_text(content: bytes, name: str | None) -> DocumentKind:
    head = content[:_HEAD]
    ascii_head = head.replace(b"\x00", b"").lstrip(b"\xff\xfe") if is_wide(head) else head
    text = ascii_head.decode("utf-8", errors="replace")
    if (certain := _certain_kind(ascii_head, text, content)) is not None:
        return certain
    if ascii_head.count(0) > len(ascii_head) // 20:
        raise MaterialFileError("it is not text, and not a kind of file that is read. Save it as PDF.")
    suffix = PurePath(name or "").suffix.lower()
    if suffix in _MARKDOWN_SUFFIXES:
        return DocumentKind.MARKDOWN
    if _ELEMENT.match(ascii_head):
        return DocumentKind.HTML
    return DocumentKind.MARKDOWN if not suffix and _MARKDOWN.search(text) else DocumentKind.TEXT


def _certain_kind(head: bytes, text: str, content: bytes) -> DocumentKind | None:
    """A kind of text file that begins as only this kind does."""
    if _HTML.match(head):
        return DocumentKind.HTML
    if text.lstrip("\ufeff \t\r\n").startswith("{") and _is_notebook(content):
        return DocumentKind.NOTEBOOK
    if _VTT.match(text):
        return DocumentKind.VTT
    return DocumentKind.SRT if _SRT.match(text) else None


def _is_notebook(content: bytes) -> bool:
    """Whether a JSON file is a notebook; a cut-off one is recognised by its first key or by its last known ones."""
    ends = content[:_HEAD] + content[-_HEAD:]
    if b'"nbformat"' in ends or b'"cell_type"' in ends:
        return True
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "nbformat" in found
