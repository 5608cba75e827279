"""The objects of a JSON file one by one: in one list, in one object after the other, or in the list of a wrapping object.

A file may have millions of them, so it is never in memory as a whole.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.text_file import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.importers.text_file import TextFile

LARGEST_OBJECT = 8 * 1024**2
"""Characters of one object, or of a list that one object wraps."""
_BLANK = " \t\n\r\ufeff"


def json_objects(file: TextFile, wrapped_in: str) -> Iterator[tuple[int, object]]:
    """Give out the values of a file with their numbers from 1; of an object with a list under `wrapped_in`, those of that list.

    Raises
    ------
    ImportFileError
        It is not JSON, is cut off, or one of its objects is larger or more nested than is read.
    """
    number = 0
    try:
        with file.open() as stream:
            for value in _Values(file.name, stream):
                inner = value.get(wrapped_in) if isinstance(value, dict) else None
                for each in inner if isinstance(inner, list) else (value,):
                    number += 1
                    yield number, each
    except (UnicodeError, OSError) as error:
        raise ImportFileError(f"{file.name} cannot be read: {error}. Get it again.") from error


class _Values:
    """The values of a stream; of a list, its elements."""

    def __init__(self, name: str, stream: IO[str]) -> None:
        self._name, self._stream = name, stream
        self._text, self._position = "", 0
        # No number is needed, and one of thousands of digits cannot be converted.
        self._decoder = json.JSONDecoder(parse_int=str, parse_float=str)

    def __iter__(self) -> Iterator[object]:
        is_list = self._next() == "["
        if is_list:
            self._position += 1
        is_first = True
        while True:
            found = self._next()
            if is_list and found == "]":
                self._position += 1
                break
            if is_list and not is_first:
                self._expect(",", found)
                found = self._next()
            if not found:
                break
            is_first = False
            yield self._value()
        if is_list and self._next():
            raise self._refusal("has more behind its list")
        if is_first and not is_list:
            raise self._refusal("has no objects")

    def _next(self) -> str:
        """Return the next character that is not blank, without going beyond it; empty at the end."""
        while True:
            while self._position < len(self._text) and self._text[self._position] in _BLANK:
                self._position += 1
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._more():
                return ""

    def _expect(self, wanted: str, found: str) -> None:
        if found != wanted:
            raise self._refusal("is cut off" if not found else f"has {found!r} where {wanted!r} belongs")
        self._position += 1

    def _value(self) -> object:
        """Return the value at the position, for which more is read as long as it is not whole."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                self._require_limit(len(self._text))
                if not self._more():
                    raise self._refusal(f"is not JSON, or is cut off ({error.msg})") from None
            except RecursionError:
                raise self._refusal("has lists or objects that are nested too deeply") from None
            else:
                self._require_limit(end)
                self._position = end
                return value

    def _require_limit(self, end: int) -> None:
        if end - self._position > LARGEST_OBJECT:
            raise self._refusal(f"has an object of more than {LARGEST_OBJECT // 1024**2} MiB; save one object in each line")

    def _more(self) -> bool:
        """Read on, and forget what was read; False at the end."""
        # Twice as much each time, since a value that is not whole is decoded from its beginning again.
        chunk = self._stream.read(max(CHUNK, len(self._text) - self._position))
        self._text, self._position = self._text[self._position :] + chunk, 0
        return bool(chunk)

    def _refusal(self, what: str) -> ImportFileError:
        return ImportFileError(f"{self._name} {what}. Get it again.")
