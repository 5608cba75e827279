"""The JSON that Moodle writes of a table: an object for each row, in one list for each sheet.

Moodle leaves nothing of a header but its letters, digits, - and _, in lower case: `Q. 1 /2.00` becomes `q1200`. The
headers of quiz reports and lists of people are restored, in English, from what the keys can be; other keys stay.

Source of the format: `dataformat/json/classes/writer.php` of Moodle.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.moodle.words import HEADERS
from lmskit.importers.report import shortened
from lmskit.importers.tables.rows import MAX_COLUMNS
from lmskit.importers.tables.sheets import SheetRows, notes_on
from lmskit.importers.text_file import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MAX_FILE = 32 * 1024**2
"""Bytes of the largest file; other than a CSV file it is in memory as a whole."""
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*+")
_BARE = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?|true|false|null", re.ASCII)
_TWO_DECIMALS = re.compile(r"-?[0-9]{1,9}(?:[.,]([0-9]{1,9}))?", re.ASCII)
_GRADE = re.compile(r"(grade|bewertung|note|calificacin)([0-9]{1,12})", re.ASCII)
_MARK = re.compile(r"[qfp]([0-9]{1,16})", re.ASCII)
_TEXT = re.compile(r"([a-z]{1,30})([0-9]{1,4})", re.ASCII)
_TEXT_WORDS: Mapping[str, str] = {
    "question": "Question", "frage": "Question", "pregunta": "Question",
    "response": "Response", "antwort": "Response", "rponse": "Response", "respuesta": "Response",
    "rightanswer": "Right answer", "richtigeantwort": "Right answer", "bonnerponse": "Right answer", "rponsecorrecte": "Right answer",
    "respuestacorrecta": "Right answer",
}  # fmt: skip
_FIELD_NAMES: Mapping[str, str] = {
    "given_name": "First name", "family_name": "Last name", "username": "Username", "sis_id": "ID number", "email": "Email address",
    "suspended": "Suspended", "state": "Status", "started": "Started", "completed": "Completed", "duration": "Duration",
}  # fmt: skip


def looks_like_json(text: str) -> bool:
    r"""Return whether a text begins like a list of rows or of sheets.

    Examples
    --------
    >>> looks_like_json('[[{\\n"lastname": "Roe"'), looks_like_json("[1, 2]"), looks_like_json("id,name")
    (True, False, False)
    """
    return re.match(r"\s{0,100}\[\s{0,100}(?:\[\s{0,100})?\{", text) is not None


def read_json(path: Path) -> SheetRows:
    """Read a file; the header is row 1, and its first object row 2, as in a CSV file of the table.

    Raises
    ------
    ImportFileError
        It is larger than is read, or not such a table.
    """
    file = scan(path)
    if path.stat().st_size > MAX_FILE:
        raise ImportFileError(f"{file.name} is larger than {MAX_FILE // 1024**2} MiB, which is the most that is read of JSON. Export CSV.")
    with file.open() as stream:
        table = _Table(file.name, stream.read())
    return table.sheet()


class _Table:
    """The objects of a file, read one by one."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.position = 0
        self.has_more_sheets = False

    def sheet(self) -> SheetRows:
        objects = self._objects()
        first = next(objects, None)
        if first is None:
            raise ImportFileError(f"{self.name} has no rows. Is it the right file?")
        keys = list(first)
        headers = restored_headers(keys, list(first.values()))
        rows = SheetRows(self.name, "", self._rows(keys, headers, first, objects))
        rows.notes = notes_on(self.name, "list", "1", ["2 …"] if self.has_more_sheets else [], {})
        return rows.checked()

    def _rows(
        self, keys: Sequence[str], headers: Sequence[str], first: dict[str, str], others: Iterator[dict[str, str]]
    ) -> Iterator[tuple[int, list[str]]]:
        yield 1, list(headers)
        yield 2, list(first.values())
        known = set(keys)
        for number, found in enumerate(others, 3):
            if unknown := [key for key in found if key not in known]:
                raise self._refusal(f"row {number} has the field {shortened(unknown[0])!r}, which the first row lacks")
            yield number, [found.get(key, "") for key in keys]

    def _objects(self) -> Iterator[dict[str, str]]:
        self._expect("[")
        nested = self._next() == "["
        if nested:
            self._expect("[")
        while self._next() == "{":
            yield self._object()
            if self._next() != ",":
                break
            self.position += 1
        self._expect("]")
        if nested:
            self.has_more_sheets = self._next() == ","
            if not self.has_more_sheets:
                self._expect("]")

    def _object(self) -> dict[str, str]:
        found: dict[str, str] = {}
        self._expect("{")
        while self._next() == '"':
            key = self._string()
            self._expect(":")
            if key in found:
                raise self._refusal(f"the field {shortened(key)!r} is in a row twice, so that one of them is lost")
            found[key] = self._string() if self._next() == '"' else self._bare()
            if len(found) > MAX_COLUMNS:
                raise self._refusal(f"a row has more than {MAX_COLUMNS:,} fields")
            if self._next() != ",":
                break
            self.position += 1
        self._expect("}")
        return found

    def _next(self) -> str:
        space = _SPACE.match(self.text, self.position)
        self.position = space.end() if space else self.position
        return self.text[self.position : self.position + 1]

    def _expect(self, character: str) -> None:
        if self._next() != character:
            line = self.text.count("\n", 0, self.position) + 1
            raise self._refusal(f"line {line} is not what a table as JSON has there: {character!r} is missing")
        self.position += 1

    def _string(self) -> str:
        try:
            text, self.position = _DECODER.raw_decode(self.text, self.position)
        except ValueError as error:
            raise self._refusal("a text is not ended or has characters that are not allowed") from error
        return str(text)

    def _bare(self) -> str:
        found = _BARE.match(self.text, self.position)
        if not found:
            raise self._refusal("a field is neither a text nor a number; rows within rows are not read")
        self.position = found.end()
        return {"null": "", "true": "TRUE", "false": "FALSE"}.get(found[0], found[0])

    def _refusal(self, reason: str) -> ImportFileError:
        return ImportFileError(f"{self.name}: {reason}. Export the table as CSV.")


def restored_headers(keys: Sequence[str], first: Sequence[str]) -> list[str]:
    """Return the headers from which Moodle made keys, or the keys where they are not known.

    Parameters
    ----------
    keys
        The keys of a row.
    first
        The cells of the first row, which show with how many decimals points are written.

    Examples
    --------
    >>> restored_headers(["lastname", "grade2000", "q1200", "q21800"], ["Roe", "8.00", "-", "4.00"])
    ['Last name', 'Grade/20.00', 'Q. 1 /2.00', 'Q. 2 /18.00']
    >>> restored_headers(["vorname", "e-mail-adresse", "begonnenam", "antwort1", "gruppen"], [""] * 5)
    ['First name', 'Email address', 'Started', 'Response 1', 'gruppen']
    """
    decimals = _decimals(keys, first)
    headers, n_questions = [], 0
    for key in keys:
        if key in _FIELDS:
            headers.append(_FIELDS[key])
        elif (grade := _GRADE.fullmatch(key)) and decimals is not None:
            headers.append(f"Grade/{_points(grade[2], decimals)}")
        elif (mark := _MARK.fullmatch(key)) and decimals is not None and mark[1].startswith(str(n_questions + 1)):
            n_questions += 1
            headers.append(f"Q. {n_questions} /{_points(mark[1].removeprefix(str(n_questions)), decimals)}")
        elif (text := _TEXT.fullmatch(key)) and text[1] in _TEXT_WORDS:
            headers.append(f"{_TEXT_WORDS[text[1]]} {text[2]}")
        else:
            headers.append(key)
    return headers


def _decimals(keys: Sequence[str], first: Sequence[str]) -> int | None:
    """Return how many decimals points have; 2, as Moodle writes by default, if no cell shows it; None without a grade."""
    if not any(_GRADE.fullmatch(key) for key in keys):
        return None
    for key, cell in zip(keys, first, strict=True):
        if (_GRADE.fullmatch(key) or _MARK.fullmatch(key)) and (shown := _TWO_DECIMALS.fullmatch(cell.strip())):
            return len(shown[1] or "")
    return 2


def _points(digits: str, decimals: int) -> str:
    whole = digits[: len(digits) - decimals] or "0"
    return f"{whole}.{digits[len(digits) - decimals :]}" if decimals else digits or "0"


def _as_key(header: str) -> str:
    return "".join(character for character in header if character.isascii() and (character.isalnum() or character in "-_")).lower()


_FIELDS = {_as_key(word): _FIELD_NAMES[field] for field, words in HEADERS.items() if field in _FIELD_NAMES for word in words}
