"""Bytes to text: by byte-order mark, as UTF-8, as the file declares, or as its bytes suggest."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from lmskit.errors import MaterialFileError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024
"""Bytes from which an encoding is guessed."""
_DECLARED = re.compile(rb"(?i)(?:<meta[^<>]{0,500}?charset|<\?xml[^<>]{0,200}?encoding)\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})")
_NOT_TEXT = frozenset("base64 bz2 hex idna punycode quopri raw-unicode-escape rot13 undefined unicode-escape uu zlib".split())  # noqa: SIM905
"""Codecs of Python that are not encodings of text files."""

_NO_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
"""Control characters of ASCII, and what could not be decoded. Form feeds and escapes of terminals are in old texts; what is a control
character above ASCII is often a letter of an encoding that was not recognised."""
_MOST_WITHOUT_MEANING = 0.05
"""The share of them in a text; a tenth of random bytes are such control characters."""


class Decoded(NamedTuple):
    """A text with the encoding it was in."""

    text: str
    findings: list[str]


def decoded(content: bytes, *, is_html: bool = False) -> Decoded:
    """Return the text of a file.

    Raises
    ------
    MaterialFileError
        It has a byte-order mark, and is not valid in that encoding; or it is not text in any.
    """
    found = _decoded(content, is_html=is_html)
    if len(_NO_CHARACTER.findall(found.text)) > len(found.text) * _MOST_WITHOUT_MEANING:
        raise MaterialFileError(
            "it is not text: in no encoding do its bytes make up words. Save it as PDF, or as UTF-8 if the program that made it can do so."
        )
    return found


def _decoded(content: bytes, *, is_html: bool) -> Decoded:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return Decoded(content.decode(encoding), [])
            except UnicodeError as error:
                name = encoding.removesuffix("-sig").upper()
                raise MaterialFileError(f"it begins as {name} and is not valid {name}. Save it as UTF-8.") from error
    if wide := _wide(content):
        return Decoded(content.decode(wide, errors="replace"), [])
    declared = _declared(content) if is_html else None
    try:
        text = content.decode("utf-8")
    except UnicodeError:
        return _other_encoding(content, declared)
    if declared not in {None, "utf-8", "ascii"} and not text.isascii():
        return Decoded(text, [f"It declares the encoding {declared}, and is UTF-8; it was read as UTF-8."])
    return Decoded(text, [])


def is_wide(content: bytes) -> bool:
    """Whether a text begins in UTF-16 or UTF-32."""
    return content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) or _wide(content) is not None


def _wide(content: bytes) -> str | None:
    """UTF-16 without a byte-order mark, in a text most of whose characters are Latin ones."""
    sample = content[:2000]
    zeros = [sample[parity::2].count(0) / max(1, len(sample[parity::2])) for parity in (0, 1)]
    if zeros[1] > 0.4 and zeros[0] < 0.05:  # noqa: PLR2004 - half of the bytes
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.4 and zeros[1] < 0.05 else None  # noqa: PLR2004


def _declared(content: bytes) -> str | None:
    found = _DECLARED.search(content[:4096])
    return None if found is None else encoding_named(found[1].decode("latin-1"))


def encoding_named(label: str) -> str | None:
    """Return Python's name for the encoding that a page or its server names; None if there is no such encoding, or none of text.

    UTF-16 and UTF-32 are recognised from the bytes alone.
    """
    try:
        name = codecs.lookup(label).name
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if name in _NOT_TEXT or name.startswith(("utf-7", "utf-16", "utf-32")) else name


def _other_encoding(content: bytes, declared: str | None) -> Decoded:
    if declared not in {None, "utf-8", "ascii"}:
        try:
            return Decoded(content.decode(declared or ""), [])
        except UnicodeError:
            pass
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_SAMPLE]).best()
    encoding = best.encoding if best is not None else "cp1252"
    text = content.decode(encoding, errors="replace")
    if encoding in {"cp1252", "latin_1"} and declared is None:
        return Decoded(text, [])
    said = f"It declares the encoding {declared}, and is not in it" if declared else "Its encoding is not declared"
    return Decoded(text, [f"{said}; it was read as {encoding.replace('_', '-')}. Save it as UTF-8 if words are wrong."])
