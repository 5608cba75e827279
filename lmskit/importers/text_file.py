"""A text file from elsewhere: its encoding is detected, its size is limited, it is read line by line."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE = 2 * 1024**3
"""Bytes of the largest file that is read."""
MAX_LINE = 16 * 1024**2
"""Characters of one line. A row may be longer, since a quoted cell can contain line breaks."""
CHUNK = 1024**2
GZIP = b"\x1f\x8b"
ASCII = bytes(range(128))
NOT_IN_WINDOWS_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
ENCODING_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with byte-order mark", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
ENCODING_NAMES |= {"cp1250": "Windows-1250", "mac_roman": "Mac Roman", "cp850": "code page 850 of DOS"}
OTHERS = ("cp1250", "mac_roman", "cp850")
"""Encodings that are tried where the file would have words with signs in them as Windows-1252."""
BESIDE_LETTER = re.compile(rb"(?:(?<=([A-Za-z\x80-\xff]))|)([\x80-\xff])(?=([A-Za-z\x80-\xff])?)")
SIGNS_IN_WORDS = frozenset("\u2019\u2018\u2013\u2014\u00a0\u00b0\u00ba\u00aa\u00ad")
"""Signs that texts have beside letters."""
SIGNS_BEFORE_WORDS = frozenset("\u201c\u201e\u00ab\u00bb\u2039\u00bf\u00a1\u00a7\u2022\u00b7\u00d7\u00bd\u00bc")
"""Signs that texts have right before a word and not behind a letter."""
SIGNS_BEHIND_WORDS = frozenset("\u201d\u201c\u2026\u00ab\u00bb\u203a\u2122\u00ae\u20ac\u00b7\u00d7")
"""Signs that texts have right behind a word and not before a letter."""
RAISED = frozenset("\u00b2\u00b3")
RAISED_BEHIND = frozenset("mnx")
"""Letters of measures and formulas that have a raised number behind them; no Polish word ends in one of them and the \u0142 for it."""
USUAL = frozenset("äöüßéèêëàâçñáíóúîïôûùåæøœÄÖÜÉÀÇÑÁÓÅÆØŒ")
"""The most frequent letters beyond ASCII of western languages."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that was read through once, with its encoding."""

    path: Path
    encoding: str
    sha256: str
    n_lines: int

    @property
    def name(self) -> str:
        """The file's name without its path."""
        return self.path.name

    @property
    def encoding_name(self) -> str:
        """The encoding in the words of a report."""
        return ENCODING_NAMES[self.encoding]

    def open(self) -> IO[str]:
        """Open the file for reading; line ends are left as they are."""
        return self.path.open(encoding=self.encoding, newline="")


_scanned: ContextVar[dict[tuple[Path, int, int], TextFile] | None] = ContextVar("scanned", default=None)
"""The files that were read through in the block of `scanned_once`, by path, time of the last change and size."""


@contextmanager
def scanned_once() -> Iterator[None]:
    """Let `scan` read a file through once in the block, however many readers try whether it is theirs, unless it changes meanwhile."""
    token = _scanned.set({})
    try:
        yield
    finally:
        _scanned.reset(token)


def scan(path: Path) -> TextFile:
    """Read a file through once, for its encoding and its SHA-256.

    The encoding is UTF-8 with or without byte-order mark, or UTF-16 with one, or Windows-1252 if it is not valid UTF-8. If words
    would then have signs in them, other than those that texts have before, between or behind words, it is Windows-1250, Mac Roman or
    code page 850 if they have none in that.

    Raises
    ------
    ImportFileError
        There is no such file, it is empty, too large, not text in one of these encodings, or text in either of two.
    """
    name = path.name
    try:
        if not path.exists():
            raise ImportFileError(f"There is no file {path}. Check the path.")
        if not path.is_file():
            raise ImportFileError(f"{path} is not a file.")
        status = path.stat()
        if status.st_size > MAX_FILE:
            raise _too_large(name)
        known, state = _scanned.get(), (path, status.st_mtime_ns, status.st_size)
        if known is not None and state in known:
            return known[state]
        with path.open("rb") as stream:
            file = _scan(path, stream)
    except OSError as error:
        raise ImportFileError(f"{name} cannot be read: {error.strerror or error}.") from error
    if known is not None:
        known[state] = file
    return file


def _too_large(name: str) -> ImportFileError:
    return ImportFileError(f"{name} is larger than 2 GiB, which is the most that is read. Import it in parts.")


def _scan(path: Path, stream: IO[bytes]) -> TextFile:
    digest = hashlib.sha256()
    chunk = stream.read(CHUNK)
    if not chunk:
        raise ImportFileError(f"{path.name} is empty. Get the file again from the system it comes from.")
    if chunk.startswith(GZIP):
        raise ImportFileError(f"{path.name} is packed with gzip, and not text. Unpack it, and import the file that is in it.")
    detector = _EncodingDetector(path.name, chunk)
    size = 0
    while chunk:
        digest.update(chunk)
        size += len(chunk)
        if size > MAX_FILE:
            raise _too_large(path.name)  # it grew while it was read
        detector.feed(chunk)
        chunk = stream.read(CHUNK)
    return TextFile(path=path, encoding=detector.finish(size), sha256=digest.hexdigest(), n_lines=detector.lines)


class _EncodingDetector:
    """Detects the encoding of a file from its bytes: that of its byte-order mark, else UTF-8 until decoding fails."""

    def __init__(self, name: str, first: bytes) -> None:
        self.name = name
        self.encoding = "utf-8"
        if first.startswith(codecs.BOM_UTF8):
            self.encoding = "utf-8-sig"
        elif first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.encoding = "utf-16"
        self.lines = 0
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._characters = 0
        self._unreadable: str | None = None
        self._in_words: Counter[tuple[bytes, bytes, bytes]] = Counter()
        """Bytes beyond ASCII with the letters of ASCII before and behind them, if there are any."""
        self._beyond_ascii: set[int] = set()

    def feed(self, chunk: bytes) -> None:
        if self.encoding != "cp1252":
            try:
                self._characters += len(self._decoder.decode(chunk))
            except UnicodeError as error:
                if self.encoding != "utf-8":
                    raise ImportFileError(f"{self.name} is not valid {ENCODING_NAMES[self.encoding]}. Save it as UTF-8.") from error
                self.encoding = "cp1252"
        if self._unreadable is None and (found := NOT_IN_WINDOWS_1252.search(chunk)):
            row = self.lines + chunk.count(b"\n", 0, found.start()) + 1
            self._unreadable = f"row {row} contains the byte 0x{found.group()[0]:02x}"
        if self.encoding == "cp1252":
            self._in_words.update(found for found in BESIDE_LETTER.findall(chunk) if found[0] or found[2])
        self._beyond_ascii.update(chunk.translate(None, ASCII))
        self.lines += chunk.count(b"\n")

    def finish(self, size: int) -> str:
        unfinished = b"" if self.encoding == "cp1252" else self._decoder.getstate()[0]
        if unfinished and self.encoding == "utf-8" and self._characters + len(unfinished) == size:
            self.encoding = "cp1252"  # its only character beyond ASCII is its last
        elif unfinished:
            raise ImportFileError(f"{self.name} ends in the middle of a character: the file seems to be cut off. Get it again.")
        if self.encoding == "cp1252":
            self.encoding = self._likely_encoding()
        if self.encoding == "cp1252" and self._unreadable:
            raise ImportFileError(f"{self.name} is neither UTF-8 nor Windows-1252: {self._unreadable}. Save it as UTF-8.")
        return self.encoding

    def _likely_encoding(self) -> str:
        """Return Windows-1252, or another encoding in which the words are better: none has signs, and as many have usual letters.

        Raises
        ------
        ImportFileError
            Two other encodings are equally good, and the words are different in them.
        """
        strange, usual = self._letters_in("cp1252")
        if not strange and not self._unreadable:
            return "cp1252"
        others = {other: self._letters_in(other) for other in OTHERS if self._in_words and self._is_readable_in(other)}
        fitting = {other: found[1] for other, found in others.items() if not found[0] and found[1] >= usual}
        best = [other for other in fitting if fitting[other] == max(fitting.values())]
        beyond_ascii = b"".join({found[1] for found in self._in_words})
        if len({beyond_ascii.decode(other) for other in best}) > 1:
            raise ImportFileError(
                f"{self.name} may be in {' or in '.join(ENCODING_NAMES[other] for other in best)}, in which its letters beyond ASCII are "
                "different ones. Save it as UTF-8."
            )
        return best[0] if best else "cp1252"

    def _is_readable_in(self, encoding: str) -> bool:
        """Return whether an encoding has a character for every byte of the file, also for those beside no letter."""
        try:
            bytes(self._beyond_ascii).decode(encoding)
        except UnicodeDecodeError:
            return False
        return True

    def _letters_in(self, encoding: str) -> tuple[int, int]:
        """Return how many characters beside letters no word has in an encoding, and how many are usual letters."""
        strange = usual = 0
        for (before, byte, behind), times in self._in_words.items():
            character = byte.decode(encoding, errors="replace")
            is_inside = character.isupper() and before and (before.islower() or behind.islower())
            strange += times if is_inside or not (character.isalpha() or _is_usual_sign(before, character, behind, encoding)) else 0
            usual += times if character in USUAL else 0
        return strange, usual


def _is_usual_sign(before: bytes, sign: str, behind: bytes, encoding: str) -> bool:
    """Return whether texts have a sign between what is before and behind it: a byte or nothing, which is a letter of ASCII or beyond it."""
    if sign in SIGNS_IN_WORDS:
        return True
    letter_before, letter_behind = (each.decode(encoding, errors="replace").isalpha() for each in (before, behind))
    return (
        (sign in SIGNS_BEFORE_WORDS and not letter_before)
        or (sign in SIGNS_BEHIND_WORDS and not letter_behind)
        or (sign in RAISED and not letter_behind and before.decode(encoding, errors="replace").lower() in RAISED_BEHIND)
    )


class LineFlags:
    """What was seen on the way: `has_nul`, a NUL character, until it is reset; `is_cut_off`, that the last line has no line end."""

    def __init__(self) -> None:
        self.has_nul = False
        self.is_cut_off = False


class Lines(LineFlags):
    """The lines of a stream, each with its line end, for `csv.reader`."""

    def __init__(self, name: str, stream: IO[str]) -> None:
        super().__init__()
        self.name = name
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        """Give out line after line."""
        readline = self._stream.readline
        number = 0
        try:
            while line := readline(MAX_LINE):
                number += 1
                if not line.endswith(("\n", "\r")):
                    if len(line) == MAX_LINE:
                        raise ImportFileError(f"{self.name}, row {number}: the line is longer than {MAX_LINE:,} characters.")
                    self.is_cut_off = True
                if "\0" in line:
                    self.has_nul = True
                yield line
        except UnicodeError as error:
            raise ImportFileError(f"{self.name} changed while it was read. Import it again.") from error
        except OSError as error:
            raise ImportFileError(f"{self.name} cannot be read: {error.strerror or error}.") from error
