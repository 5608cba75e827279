"""Files that lmskit wrote and that name a person: reports, copies of notebooks with their outputs, and messages written as files."""

from __future__ import annotations

import email
import email.policy
import html
import re
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LARGEST_FILE = 200 * 1024 * 1024
"""Bytes of a file, or of a member of an archive, that are read; a larger one is listed as unread."""
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def files_naming(folders: Iterable[Path], pattern: str) -> tuple[list[Path], list[Path]]:
    """The files in these folders, however deep, in which the pattern finds something, and those that could not be read.

    HTML and JSON are read with their escapes resolved, messages decoded, and archives such as workbooks member by member. Links are not
    followed: what they lead to is not lmskit's.
    """
    wanted = re.compile(pattern, re.IGNORECASE)
    naming: list[Path] = []
    unread: list[Path] = []
    for path in sorted({path for folder in folders if folder.is_dir() for path in folder.rglob("*")}):
        if path.is_symlink() or not path.is_file():
            continue
        if wanted.search(path.name):
            naming.append(path)
            continue
        try:
            if any(wanted.search(written) for written in _texts(path)):
                naming.append(path)
        except (OSError, zipfile.BadZipFile, RuntimeError, ValueError):
            unread.append(path)
    return naming, unread


def _texts(path: Path) -> Iterator[str]:
    """What is written in a file, in each form in which a name could be."""
    if path.stat().st_size > LARGEST_FILE:
        message = "too large to read"
        raise ValueError(message)
    if path.suffix.lower() == ".eml":
        yield from _of_message(path.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.file_size > LARGEST_FILE:
                    message = "too large to read"
                    raise ValueError(message)
                yield from _forms(archive.read(member).decode("utf-8", errors="replace"))
    else:
        yield from _forms(path.read_bytes().decode("utf-8", errors="replace"))


def _of_message(content: bytes) -> Iterator[str]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    yield "\n".join(str(value) for value in message.values())
    for part in message.walk():
        if part.get_content_maintype() == "text":
            yield from _forms(str(part.get_content()))


def _forms(written: str) -> Iterator[str]:
    r"""A text as it is, with the escapes of JSON resolved, and with those of HTML and without its tags.

    Examples
    --------
    >>> any("Zoë Q" in form for form in _forms('"Zo\\u00eb Q"')), any("Zoë Q" in form for form in _forms("<b>Zo&euml;</b> Q"))
    (True, True)
    """
    yield written
    resolved = ESCAPED.sub(lambda found: chr(int(found[1], 16)), written)
    if resolved != written:
        yield resolved
    if "<" in resolved or "&" in resolved:
        yield html.unescape(re.sub(r"<[^<>]*>", "", resolved))
