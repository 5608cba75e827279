"""The encoding of a text as its server names it."""

from __future__ import annotations

import codecs

from lmskit.materials.extraction.encoding import encoding_named, is_wide

_AS_BROWSERS_DO = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def in_utf8(content: bytes, charset: str | None) -> bytes:
    """Return a text in UTF-8 where only its server says in which encoding it is; otherwise as it is.

    What the bytes themselves show comes first: a byte-order mark, or that they are valid UTF-8, which no other text is by chance. A server
    that names an encoding for all its files, whatever they contain, is not worth more.

    >>> in_utf8("für".encode("latin-1"), "ISO-8859-1") == codecs.BOM_UTF8 + "für".encode()
    True
    >>> in_utf8("für".encode(), "ISO-8859-1") == "für".encode()
    True
    """
    if charset is None or content.startswith(codecs.BOM_UTF8) or is_wide(content):
        return content
    try:
        content.decode("utf-8")
    except UnicodeError:
        pass
    else:
        return content
    encoding = encoding_named(charset)
    if encoding is None:
        return content
    try:
        text = content.decode(_AS_BROWSERS_DO.get(encoding, encoding))
    except UnicodeError:
        return content
    return codecs.BOM_UTF8 + text.encode("utf-8", errors="replace")
