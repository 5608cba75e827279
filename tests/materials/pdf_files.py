"""PDF files of a few lines, written object by object, so that each test can break what it is about."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One line on a page."""

    text: str
    y: float = 700
    x: float = 72
    size: float = 11
    mode: int = 0
    """How it is drawn; 3 is not at all."""


def prose(words: Sequence[str], *, per_line: int = 12, top: float = 720, size: float = 11) -> list[Text]:
    """Words as lines of a page."""
    lines = [" ".join(words[start : start + per_line]) for start in range(0, len(words), per_line)]
    return [Text(line, top - 14 * number, size=size) for number, line in enumerate(lines)]


def pdf(
    pages: Sequence[Sequence[Text]],
    *,
    box: tuple[int, int] = (595, 842),
    title: str | None = None,
    catalog: str = "",
    further: Sequence[bytes] = (),
    trailer: str = "",
    outline: Sequence[tuple[str, int]] = (),
) -> bytes:
    """A PDF; `further` objects are numbered from 10."""
    objects: dict[int, bytes] = {3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"}
    font, unicode_font = "3 0 R", _unicode_font(objects, pages)
    objects |= dict(enumerate(further, start=10))
    first = 10 + len(further)
    kids = []
    for number, page in enumerate(pages):
        content = "\n".join(_drawn(line) for line in page).encode("latin-1")
        kids.append(first + 2 * number)
        objects[first + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box[0]} {box[1]}] /Contents {first + 2 * number + 1} 0 R "
            f"/Resources << /Font << /F1 {font} /F2 {unicode_font} >> >> >>"
        ).encode()
        objects[first + 2 * number + 1] = stream(content)
    objects[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    if outline:
        catalog += f" /Outlines {_outline(objects, outline, kids)} 0 R"
    objects[1] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode()
    if title is not None:
        number = max(objects) + 1
        objects[number] = b"<< /Title <feff" + title.encode("utf-16-be").hex().encode() + b"> >>"
        trailer += f" /Info {number} 0 R"
    return assembled(objects, trailer)


def stream(content: bytes, further: str = "", *, packed: bool = True) -> bytes:
    """A stream object."""
    data = zlib.compress(content) if packed else content
    how = "/Filter /FlateDecode" if packed else ""
    return f"<< /Length {len(data)} {how} {further} >>\nstream\n".encode() + data + b"\nendstream"


def assembled(objects: dict[int, bytes], trailer: str = "") -> bytes:
    """Objects as a file with its table of positions."""
    result = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    positions: dict[int, int] = {}
    for number, content in sorted(objects.items()):
        positions[number] = len(result)
        result += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(result)
    size = max(objects) + 1
    result += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        result += f"{positions[number]:010} 00000 n \n".encode() if number in positions else b"0000000000 65535 f \n"
    return bytes(result) + f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()


def _drawn(line: Text) -> str:
    if all(ord(character) < 256 for character in line.text):
        shown = "(" + line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ")"
        font = "F1"
    else:
        shown, font = "<" + "".join(f"{ord(character):04x}" for character in line.text) + ">", "F2"
    return f"BT /{font} {line.size} Tf {line.mode} Tr 1 0 0 1 {line.x} {line.y} Tm {shown} Tj ET"


def _unicode_font(objects: dict[int, bytes], pages: Sequence[Sequence[Text]]) -> str:
    """A font whose codes are the characters themselves, as drawn from left to right."""
    characters = sorted({ord(character) for page in pages for line in page for character in line.text if ord(character) > 255} | {32})
    pairs = "\n".join(f"<{code:04x}> <{code:04x}>" for code in characters)
    mapping = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(characters)} beginbfchar\n{pairs}\nendbfchar\nendcmap end end"
    )
    objects[4] = stream(mapping.encode())
    objects[5] = (
        b"<< /Type /FontDescriptor /FontName /Made /Flags 4 /FontBBox [0 -200 1000 900] /Ascent 900 /Descent -200 /ItalicAngle 0 "
        b"/CapHeight 700 /StemV 80 >>"
    )
    objects[6] = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Made /DW 500 /FontDescriptor 5 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    objects[7] = b"<< /Type /Font /Subtype /Type0 /BaseFont /Made /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 4 0 R >>"
    return "7 0 R"


def _outline(objects: dict[int, bytes], entries: Sequence[tuple[str, int]], kids: Sequence[int]) -> int:
    root = max(objects) + 1
    first = root + 1
    for number, (title, page) in enumerate(entries):
        following = f"/Next {first + number + 1} 0 R" if number + 1 < len(entries) else ""
        objects[first + number] = f"<< /Title ({title}) /Parent {root} 0 R {following} /Dest [{kids[page - 1]} 0 R /Fit] >>".encode()
    objects[root] = f"<< /Type /Outlines /First {first} 0 R /Last {first + len(entries) - 1} 0 R /Count {len(entries)} >>".encode()
    return root
