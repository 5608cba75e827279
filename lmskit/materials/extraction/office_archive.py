"""The text parts of a presentation or Word document, which is a zip archive: no macros, pictures, embedded files or links to others.

What the readers of python-pptx and python-docx get is an archive of these parts alone, of checked size and without document types.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from lxml import etree

from lmskit.errors import MaterialFileError
from lmskit.limits import (
    DEEPEST_MARKUP,
    LARGEST_OFFICE_PART,
    LARGEST_OFFICE_TEXT,
    MOST_OFFICE_PARTS,
    MOST_UNPACKED_RATIO,
    UNPACKED_RATIO_FLOOR,
)

CONTENT_TYPES = "[Content_Types].xml"
_PARTS = re.compile(
    r"(\[Content_Types\]\.xml|(_rels/\.rels)|docProps/core\.xml"
    r"|ppt/(presentation|slides/[^/]+|notesSlides/[^/]+)\.xml|ppt/(_rels|slides/_rels|notesSlides/_rels)/[^/]+\.rels|ppt/diagrams/data[^/]*\.xml"
    r"|word/(document\w*|styles\w*|footnotes|endnotes)\.xml|word/_rels/document\w*\.xml\.rels)\Z"
)
_MAIN = {
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
}
_ENCRYPTED = 0x1
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class OfficeParts:
    """The parts that are read."""

    parts: Mapping[str, bytes]
    findings: list[str] = field(default_factory=list)

    def archive(self) -> io.BytesIO:
        """Return an archive of these parts for the libraries that read them."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in self.parts.items():
                if name == CONTENT_TYPES:
                    content = _ordinary_types(content)  # noqa: PLW2901 - the same part
                elif name.endswith(".rels"):
                    content = _to_kept_parts(name, content, self.parts)  # noqa: PLW2901
                archive.writestr(name, content)
        stream.seek(0)
        return stream


def office_parts(content: bytes) -> OfficeParts:
    """Unpack the text parts.

    Raises
    ------
    MaterialFileError
        A part is too large, damaged, encrypted, or contains a document type.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_OFFICE_PARTS:
                raise MaterialFileError(f"it has {len(entries):,} parts, and at most {MOST_OFFICE_PARTS:,} are read. Split it.")
            parts = _unpacked(archive, [entry for entry in entries if _PARTS.match(entry.filename)])
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise MaterialFileError(f"it is damaged or cut off: {str(error).rstrip('.')}. Get it again.") from error
    names = {entry.filename.lower() for entry in entries}
    findings = []
    if any(name.endswith("vbaproject.bin") for name in names):
        findings.append("It contains macros, which were neither read nor run.")
    embedded = sum("/embeddings/" in name for name in names)
    if embedded:
        findings.append(f"It contains {embedded:,} embedded files, which were not read.")
    return OfficeParts(parts, findings)


def _unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    left = LARGEST_OFFICE_TEXT
    for entry in entries:
        name = entry.filename
        if name in parts:
            raise MaterialFileError("the part is in the archive twice. Save the file again.", where=name)
        if entry.flag_bits & _ENCRYPTED:
            raise MaterialFileError("the part is encrypted. Save the file without a password.", where=name)
        allowed = min(left, LARGEST_OFFICE_PART, max(UNPACKED_RATIO_FLOOR, MOST_UNPACKED_RATIO * entry.compress_size))
        try:
            with archive.open(entry) as stream:
                parts[name] = _read(stream, allowed)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise MaterialFileError(f"the part is damaged: {str(error).rstrip('.')}. Get the file again.", where=name) from error
        if len(parts[name]) > allowed:
            raise MaterialFileError(
                f"the part unpacks to more than {MOST_UNPACKED_RATIO} times its packed size, or more than "
                f"{LARGEST_OFFICE_PART // 1024**2} MiB. The file is not read.",
                where=name,
            )
        left -= len(parts[name])
        _check_markup(name, parts[name])
    return parts


def _read(stream: IO[bytes], allowed: int) -> bytes:
    """Unpack to just beyond the allowed size, whatever size the archive states."""
    content = io.BytesIO()
    while content.tell() <= allowed and (chunk := stream.read(_CHUNK)):
        content.write(chunk)
    return content.getvalue()


def _check_markup(name: str, content: bytes) -> None:
    """Refuse document types, whose entities can refer to other files or unfold endlessly, and elements that are nested too deep."""
    parser = expat.ParserCreate()
    depth = 0

    def refuse(*_: object) -> None:
        raise MaterialFileError("the part has a document type or entities, which are not read. Save the file again.", where=name)

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST_MARKUP:
            raise MaterialFileError(f"its elements are nested more than {DEEPEST_MARKUP} deep. Save the file again.", where=name)

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the end of the content
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise MaterialFileError(f"the part is not well-formed XML: {error}. Save the file again.", where=name) from error


def _ordinary_types(content: bytes) -> bytes:
    """Return the content types with those of templates, shows and files with macros replaced by the ordinary ones."""
    root = _tree(content)
    for element in root:
        name, kind = element.get("PartName", "").lstrip("/"), element.get("ContentType", "")
        folder = next((start for start in _MAIN if name.startswith(start)), None)
        if folder and kind.endswith(".main+xml"):
            element.set("ContentType", _MAIN[folder])
    return bytes(etree.tostring(root))


def _to_kept_parts(name: str, content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return relations without those to parts that are not read."""
    folder = posixpath.dirname(posixpath.dirname(name))
    root = _tree(content)
    for relation in list(root):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        if relation.get("TargetMode") == "External" or path not in parts:
            root.remove(relation)
    return bytes(etree.tostring(root))


def _tree(content: bytes) -> etree._Element:
    return etree.fromstring(content, parser=etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
