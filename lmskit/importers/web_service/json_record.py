"""Fields of records in answers of a learning management system, which may be anything at all."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from lmskit.errors import LmsAnswerError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.text_cell import optional_instant
from lmskit.limits import LATEST_YEAR

LONGEST_NUMBER, LARGEST_NUMBER = 19, 2**63


def field_of(record: object, name: str, about: str) -> Any:  # noqa: ANN401 - JSON
    """Return a field of a record in an answer; None if it has no value.

    Raises
    ------
    LmsAnswerError
        The record is not an object of JSON.
    """
    if not isinstance(record, dict):
        raise LmsAnswerError(f"{about}: the answer does not have the form that its documentation says.")
    return record.get(name)


def object_in(document: object, about: str) -> dict[str, Any]:
    """Return an answer that has to be an object.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    if not isinstance(document, dict):
        raise LmsAnswerError(f"{about}: the answer does not have the form that its documentation says.")
    return document


def records_of(listed: object, about: str) -> list[dict[str, Any]]:
    """Return a list of records in an answer; empty where there is no value.

    Raises
    ------
    LmsAnswerError
        It is not a list of objects.
    """
    found = [] if listed is None else listed
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise LmsAnswerError(f"{about}: the answer does not have the form that its documentation says.")
    return found


def text_of(record: object, name: str, about: str) -> str:
    """Return a text, without blanks around it; empty where there is none.

    Raises
    ------
    LmsAnswerError
        It is something else than a text or a number.
    """
    found = field_of(record, name, about)
    if found is None:
        return ""
    if not isinstance(found, str | int | float) or isinstance(found, bool):
        raise LmsAnswerError(f"{about}: {name} is not a text.")
    return str(found).strip()


def integer_of(record: object, name: str, about: str) -> int:
    """Return a whole number; 0 where there is none.

    Raises
    ------
    LmsAnswerError
        It is something else, or does not fit into a bigint.
    """
    found = field_of(record, name, about)
    if isinstance(found, str) and found.isascii() and found.removeprefix("-").isdecimal() and len(found) <= LONGEST_NUMBER:
        found = int(found)
    if found in (None, "", False, True):
        return int(bool(found))
    if not isinstance(found, int) or abs(found) >= LARGEST_NUMBER:
        raise LmsAnswerError(f"{about}: {name} is not a whole number.")
    return found


def decimal_of(record: object, name: str, about: str) -> float | None:
    """Return a number; None where there is none.

    Raises
    ------
    LmsAnswerError
        It is something else.
    """
    found = field_of(record, name, about)
    if found is None or found == "":
        return None
    try:
        number = float(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise LmsAnswerError(f"{about}: {name} is not a number.")
    return number


def instant_of(record: object, name: str, about: str) -> dt.datetime | None:
    """Return a time in UTC, which the system has in the form of ISO 8601; None where there is none.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    try:
        return optional_instant(text_of(record, name, about))
    except UnreadableCellError:
        raise LmsAnswerError(f"{about}: {name} is not a time.") from None


def moment_of(record: object, name: str, about: str) -> dt.datetime | None:
    """Return a time in UTC, which the system has as seconds since 1970; None for 0 and where there is none.

    Raises
    ------
    LmsAnswerError
        It is not such a number.
    """
    seconds = integer_of(record, name, about)
    try:
        found = dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        found = dt.datetime.max.replace(tzinfo=dt.UTC)
    if found is not None and (seconds < 0 or found.year > LATEST_YEAR):
        raise LmsAnswerError(f"{about}: {name} is not a time.")
    return found
