"""Files made to break, mislead or take over who reads them, each with what has to become of it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.materials.office_files import changed, notebook, presentation, with_macros, word_document
from tests.materials.pdf_files import Text, assembled, pdf, prose, stream
from tests.materials.words import ENGLISH, numbered

MIB = 1024**2


@dataclass(frozen=True)
class HostileFile:
    """A file, and what is expected: a refusal with these words, or a text with these words."""

    id: str
    name: str
    make: Callable[[], bytes]
    refused: str | None = None
    """A regular expression for the whole message."""
    text: str | None = None
    """Words that are read."""
    never: str = "SECRET"
    """What is in no passage and no title."""
    finding: str | None = None
    is_slow: bool = False
    """Whether it takes seconds until a limit ends it."""


def hostile_files(address: str) -> Iterator[HostileFile]:
    """Give out all of them; some would connect to the address."""
    yield from _pdf_files(address)
    yield from _office_files(address)
    yield from _web_pages(address)
    yield from _texts()
    yield from _captions()
    yield from _notebooks()
    yield from _others()


# --- PDF ------------------------------------------------------------------------------------------


def _pdf_files(address: str) -> Iterator[HostileFile]:
    yield HostileFile("encrypted", "exam.pdf", _encrypted, refused=r"exam\.pdf: it is protected with a password\. Save it without one\.")
    yield HostileFile(
        "corrupt", "script.pdf", lambda: b"%PDF-1.7\n" + b"\x93garbage" * 999, refused=r"script\.pdf: it is a damaged or cut-off PDF"
    )
    yield HostileFile("cut off", "script.pdf", lambda: _ordinary()[:700], refused=r"script\.pdf.*(damaged|no pages)")
    yield HostileFile("wrong positions", "script.pdf", lambda: _ordinary().replace(b"00000 n", b"00001 n"), text="body0")
    script = "/OpenAction << /S /JavaScript /JS (alert\\('SECRET'\\)) >> "
    script += "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (1) >>] >> >>"
    yield HostileFile("scripts", "script.pdf", lambda: _ordinary(catalog=script), text="body0", finding="scripts, which were not run")
    launch = "/OpenAction << /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) /P (/c echo SECRET) >> >>"
    yield HostileFile("launch", "script.pdf", lambda: _ordinary(catalog=launch), text="body0")
    links = f"/OpenAction << /S /GoToR /F << /FS /URL /F (http://{address}/SECRET) >> /D [0 /Fit] >> "
    links += "/AA << /WC << /S /URI /URI (file:///etc/passwd) >> >>"
    yield HostileFile("remote actions", "script.pdf", lambda: _ordinary(catalog=links), text="body0")
    yield HostileFile("10,000 pages", "book.pdf", lambda: _many_pages(10_000), text="", finding="There is no text in it", is_slow=True)
    yield HostileFile(
        "10,001 pages", "book.pdf", lambda: _many_pages(10_001), refused=r"book\.pdf: it has 10,001 pages, and at most 10,000 are read"
    )
    yield HostileFile("page tree that is its own child", "loop.pdf", _own_child, refused=r"loop\.pdf.*(damaged|no pages|page)")
    yield HostileFile(
        "billions of pages claimed", "claim.pdf", lambda: _ordinary().replace(b"/Count 1 ", b"/Count 2147483647 "), text="body0"
    )
    yield HostileFile("outline in a circle", "circle.pdf", _circular_outline, text="body0")
    yield HostileFile(
        "stream that unpacks to 1 GiB",
        "bomb.pdf",
        unpacking_stream,
        refused=r"bomb\.pdf, page 1:.*(MiB of memory|ended the process|computing|longer)",
        is_slow=True,
    )
    yield HostileFile(
        "forms within forms", "slow.pdf", forms_in_forms, refused=r"slow\.pdf, page 2:.*(computing|longer than|MiB of memory)", is_slow=True
    )
    yield HostileFile(
        "invisible instructions",
        "sneaky.pdf",
        lambda: pdf([[Text("body0 words"), Text("SECRET", 600, mode=3), Text("SECRET", 500, size=0.01)]]),
        text="body0",
    )
    yield HostileFile(
        "a web page too",
        "both.pdf",
        lambda: b"<html><script>SECRET</script>" + _ordinary(),
        refused="a PDF and another kind of file at the same time",
    )


def _ordinary(*, catalog: str = "") -> bytes:
    return pdf([prose(numbered(90, "body"))], catalog=catalog)


def _encrypted() -> bytes:
    unknown = "41" * 32
    return pdf(
        [prose(["SECRET"])],
        further=[f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{unknown}> /U <{unknown}> >>".encode()],
        trailer=f"/Encrypt 10 0 R /ID [<{unknown}> <{unknown}>]",
    )


def _many_pages(count: int) -> bytes:
    kids = " ".join(["3 0 R"] * count)
    return assembled(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode(),
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        }
    )


def _own_child() -> bytes:
    return assembled({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Count 3 /Kids [2 0 R 2 0 R 2 0 R] /Parent 2 0 R >>"})


def _circular_outline() -> bytes:
    return _ordinary(catalog="/Outlines 10 0 R").replace(
        b"endobj\n",
        b"endobj\n10 0 obj\n<< /First 11 0 R /Last 11 0 R >>\nendobj\n11 0 obj\n<< /Title (a) /Next 11 0 R /First 10 0 R >>\nendobj\n",
        1,
    )


def _packed_zeros(size: int, content: bytes = b" ") -> bytes:
    compressor = zlib.compressobj(9)
    return b"".join([*(compressor.compress(content * MIB) for _ in range(size // MIB)), compressor.flush()])


def unpacking_stream() -> bytes:
    data = _packed_zeros(1024 * MIB, b"q")
    return assembled(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            4: b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(data) + data + b"\nendstream",
        }
    )


def forms_in_forms() -> bytes:
    """A page whose forms draw others eight times each: more drawings than anything can follow."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 2 /Kids [3 0 R 4 0 R] >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /XObject << /F 10 0 R >> >> >>",
        5: stream(b"/F Do"),
        29: stream(b"0 0 m 1 1 l S", "/Type /XObject /Subtype /Form /BBox [0 0 1 1]"),
    }
    for number in range(10, 29):
        inner = f"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /F {number + 1} 0 R >> >>"
        objects[number] = stream(b"/F Do " * 8, inner)
    return assembled(objects)


# --- presentations and documents ----------------------------------------------------------------------


def _office_files(address: str) -> Iterator[HostileFile]:
    bomb = b"<a>" + b" " * (4 * MIB) + b"</a>"
    yield HostileFile(
        "zip bomb as document",
        "bomb.docx",
        lambda: changed(_document(), {"word/document.xml": bomb}),
        refused=r"bomb\.docx, word/document\.xml: the part unpacks to more",
    )
    yield HostileFile(
        "zip bomb as presentation",
        "bomb.pptx",
        lambda: changed(_slides(), {"ppt/slides/slide1.xml": bomb}),
        refused=r"bomb\.pptx, ppt/slides/slide1\.xml: the part unpacks to more",
    )
    entity = b'<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    yield HostileFile(
        "external entity in a document",
        "x.docx",
        lambda: changed(_document(), {"word/document.xml": _after_declaration(entity)}),
        refused=r"x\.docx, word/document\.xml: the part has a document type",
    )
    yield HostileFile(
        "external entity in a presentation",
        "x.pptx",
        lambda: changed(_slides(), {"ppt/slides/slide1.xml": _after_declaration(entity)}),
        refused=r"x\.pptx, ppt/slides/slide1\.xml: the part has a document type",
    )
    laughs = (
        b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10)) + b"]>"
    )
    yield HostileFile(
        "billion laughs in a document",
        "x.docx",
        lambda: changed(_document(), {"word/styles.xml": _after_declaration(laughs)}),
        refused=r"x\.docx, word/styles\.xml: the part has a document type",
    )
    yield HostileFile(
        "macros in a document", "x.docm", lambda: with_macros(_document()), text="body0", finding="macros, which were neither read nor run"
    )
    yield HostileFile(
        "macros in a presentation",
        "x.pptm",
        lambda: with_macros(_slides()),
        text="body0",
        finding="macros, which were neither read nor run",
    )
    deep = b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    yield HostileFile(
        "100,000 nested elements",
        "deep.docx",
        lambda: changed(_document(), {"word/document.xml": deep + b"<w:sdt>" * 100_000}),
        refused=r"deep\.docx, word/document\.xml: its elements are nested more than 200 deep",
    )
    yield HostileFile(
        "embedded program",
        "x.docx",
        lambda: changed(_document(), {"word/embeddings/oleObject1.bin": b"MZ SECRET"}),
        text="body0",
        finding="1 embedded files, which were not read",
    )
    remote = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="http://' + address.encode() + b'/SECRET.dotm" TargetMode="External"/>'
    )
    yield HostileFile(
        "remote template",
        "x.docx",
        lambda: changed(
            _document(),
            {
                "word/_rels/document.xml.rels": lambda rels: rels.replace(
                    rels[: rels.index(b"<Relationship ")], rels[: rels.index(b"<Relationships")] + remote, 1
                )
            },
        ),
        text="body0",
    )
    yield HostileFile(
        "part that is not XML",
        "x.pptx",
        lambda: changed(_slides(), {"ppt/slides/slide1.xml": b"\x00\x01SECRET"}),
        refused=r"x\.pptx, ppt/slides/slide1\.xml: the part is not well-formed XML",
    )
    yield HostileFile(
        "no main part",
        "x.docx",
        lambda: _without(_document(), "word/document.xml"),
        refused=r"x\.docx, the archive: its parts do not fit together",
    )
    yield HostileFile("cut-off archive", "x.pptx", lambda: _slides()[:-300], refused=r"x\.pptx: it is a damaged or cut-off Office file")
    yield HostileFile("flipped bytes", "x.docx", lambda: _flipped(_document()), refused=r"x\.docx.*(damaged|not well-formed)")
    yield HostileFile("archive in an archive", "x.docx", _nested_archive, refused=r"x\.docx: it is a zip archive\. Unpack it")
    hebrew = "\u05de\u05de\u05d5\u05e6\u05e2 \u05d4\u05d5\u05d0 \u05e1\u05db\u05d5\u05dd"
    yield HostileFile("right-to-left document", "x.docx", lambda: word_document([("Normal", f"\u200f{hebrew}")]), text=hebrew)


def _document() -> bytes:
    return word_document([("Normal", " ".join(numbered(90, "body")))])


def _slides() -> bytes:
    return presentation([("Title", numbered(90, "body"))])


def _after_declaration(more: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        end = content.index(b"?>") + 2
        return content[:end] + more + content[end:]

    return change


def _without(content: bytes, part: str) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(result, "w") as after:
        for name in before.namelist():
            if name != part:
                after.writestr(name, before.read(name))
    return result.getvalue()


def _flipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("word/document.xml").header_offset + 60
    return content[:start] + bytes(byte ^ 0xFF for byte in content[start : start + 40]) + content[start + 40 :]


def _nested_archive() -> bytes:
    content = b"SECRET" * 1000
    for level in range(5):
        result = io.BytesIO()
        with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{level}.zip", content)
        content = result.getvalue()
    return content


# --- web pages and texts ---------------------------------------------------------------------------------


def _web_pages(address: str) -> Iterator[HostileFile]:
    page = (
        f"<html><head><meta http-equiv=refresh content='0;url=http://{address}/SECRET'><script src='http://{address}/SECRET.js'></script></head>"
        f"<body onload='SECRET()'><h1>Means</h1><p>{ENGLISH}</p>"
        f"<form action='http://{address}/SECRET'><input value='SECRET'><p>kept</p></form>"
        f"<img src='http://{address}/x' onerror='SECRET()' alt='SECRET'><iframe src='file:///etc/passwd'></iframe>"
        "<object data='SECRET'>SECRET</object></body></html>"
    )
    yield HostileFile("scripts, forms and refreshes", "x.html", page.encode, text="residual")
    yield HostileFile(
        "a million nested elements",
        "deep.html",
        lambda: b"<html><body>" + b"<div>" * 1_000_000 + b"SECRET",
        refused=r"deep\.html.*(nested|not HTML|MiB|longer|computing)",
    )
    yield HostileFile("5,000 unclosed links", "a.html", lambda: b"<html><body><p>body0" + b"<a href='x'>" * 5_000, text="body0")
    declared = "<html><head><meta charset='{}'></head><body><p>Gr\u00f6\u00dfe und Ausrei\u00dfer sind body0.</p></body></html>"
    yield HostileFile(
        "declared as Latin-1, but UTF-8",
        "x.html",
        lambda: declared.format("iso-8859-1").encode(),
        text="Gr\u00f6\u00dfe",
        finding="It declares the encoding iso8859-1, and is UTF-8",
    )
    yield HostileFile(
        "declared as UTF-8, but Windows-1252",
        "x.html",
        lambda: declared.format("utf-8").encode("cp1252"),
        text="Ausrei\u00dfer",
        finding="It declares the encoding utf-8, and is not in it",
    )
    yield HostileFile(
        "declared as UTF-7",
        "x.html",
        lambda: declared.format("utf-7").replace("body0", "+ADw-script+AD4-SECRE body0").encode(),
        text="+ADw-script+AD4-",
    )
    yield HostileFile("UTF-16 web page", "x.html", lambda: declared.format("utf-16").encode("utf-16"), text="Ausrei\u00dfer")
    yield HostileFile(
        "NUL bytes in a web page",
        "x.html",
        lambda: b"<html><body><p>bo\x00dy0</p><scr\x00ipt>SECRET</scr\x00ipt></body></html>",
        text="body0",
    )
    yield HostileFile(
        "internal subset",
        "x.html",
        lambda: b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><p>body0 &x;</p></body></html>',
        text="body0",
        never="root:",
    )
    yield HostileFile("a comment that never ends", "x.html", lambda: b"<html><body><p>body0</p>" + b"<!--" * 200_000, text="body0")


def _texts() -> Iterator[HostileFile]:
    yield HostileFile("one line of 500,000 letters", "long.txt", lambda: b"x" * 500_000, text="xxxx")
    yield HostileFile("NUL bytes in a text", "nul.txt", lambda: b"bo\x00dy0 " + b"words " * 100, text="body0")
    yield HostileFile(
        "front matter with laughs",
        "x.md",
        lambda: (
            b"---\na: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9))
            + b"---\nbody0"
        ),
        text="body0",
    )
    yield HostileFile(
        "front matter with a program",
        "x.md",
        lambda: b"---\ntitle: !!python/object/apply:os.system ['echo SECRET']\n---\nbody0",
        text="body0",
        finding="front matter is not valid YAML",
    )
    yield HostileFile("100,000 nested quotations", "x.md", lambda: b">" * 100_000 + b" body0", text="", finding="There is no text in it")
    yield HostileFile("10,000 brackets", "x.md", lambda: b"[" * 10_000 + b" body0", text="body0")
    yield HostileFile("invisible and turning characters", "x.txt", "body0 a\u200bb\u00ad\u2060c \u202egnip\u202c".encode, text="abc")
    yield HostileFile("a program", "x.txt", lambda: b"\x7fELF\x02\x01\x01" + bytes(500), refused=r"x\.txt: it is not text")
    yield HostileFile("nothing", "x.pdf", lambda: b"", refused=r"x\.pdf: it is empty\. ")


# --- captions and notebooks ---------------------------------------------------------------------------------


def _captions() -> Iterator[HostileFile]:
    yield HostileFile(
        "overlapping captions",
        "x.vtt",
        lambda: b"WEBVTT\n\n00:01.000 --> 00:09.000\nbody0 first\n\n00:02.000 --> 00:03.000\nsecond\n",
        text="body0 first second",
    )
    yield HostileFile(
        "captions that run backwards",
        "x.srt",
        lambda: b"1\n00:00:09,000 --> 00:00:08,000\nlast\n\n2\n00:00:01,000 --> 00:00:02,000\nbody0\n",
        text="body0\n\nlast",
        finding="1 captions begin before the one above",
    )
    yield HostileFile(
        "captions without hours",
        "x.vtt",
        lambda: b"WEBVTT\n\n59:59.999 --> 60:00.000\nnever\n\n00:01.000 --> 00:02.000\nbody0",
        text="body0",
    )
    yield HostileFile(
        "captions with tags",
        "x.srt",
        lambda: b"1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color='red' onload='SECRET()'><b>body0</b></font> p < 0.05 &lt;i&gt;\n",
        text="body0 p < 0.05 <i>",
    )
    yield HostileFile(
        "captions of another age",
        "x.vtt",
        lambda: b"WEBVTT\n\n99999:00:01.000 --> 99999:00:02.000\nSECRET\n\n00:01.000 --> 00:02.000\nbody0",
        text="body0",
        finding="1 captions are later than seven days",
    )
    yield HostileFile(
        "arrows without times", "x.vtt", lambda: b"WEBVTT\n\n" + b"--> -->\n" * 1000, refused=r"x\.vtt, the captions: it has no captions"
    )


def _notebooks() -> Iterator[HostileFile]:
    shown: dict[str, object] = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": "SECRET" * 500_000, "text/html": "<script>SECRET</script>"},
    }
    yield HostileFile("huge outputs", "x.ipynb", lambda: notebook([("code", "body0 = 1")], outputs=[shown]), text="body0 = 1")
    yield HostileFile(
        "cut-off notebook",
        "x.ipynb",
        lambda: notebook([("markdown", "SECRET " * 99)])[:-40],
        refused=r"x\.ipynb, the notebook: it is not valid JSON",
    )
    yield HostileFile(
        "nested lists",
        "x.ipynb",
        lambda: b'{"nbformat": 4, "cells": ' + b"[" * 200_000,
        refused=r"x\.ipynb, the notebook: it is not valid JSON",
    )
    yield HostileFile(
        "cells that are not cells",
        "x.ipynb",
        lambda: json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, None, {"cell_type": []}]}).encode(),
        refused=r"x\.ipynb.*(not a notebook|cannot be read)",
    )
    yield HostileFile(
        "notebook of the future",
        "x.ipynb",
        lambda: b'{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}',
        refused=r"x\.ipynb.*(not a notebook|not valid)",
    )
    yield HostileFile(
        "a web page in a cell",
        "x.ipynb",
        lambda: notebook([("markdown", "body0 <script>SECRET()</script>\n\n<script>\nSECRET()\n</script>\n")]),
        text="body0",
        never="<script",
    )


def _others() -> Iterator[HostileFile]:
    yield HostileFile("archive that is also a PDF", "x.pdf", lambda: _ordinary() + _nested_archive(), text="body0")
    yield HostileFile("a name to lead astray", "../../etc/passwd", lambda: b"\x89PNG", refused=r"passwd: it is a picture")
