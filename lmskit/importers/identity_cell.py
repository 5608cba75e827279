"""Ids and addresses of people as they stand in the cells of a file, mended where it is certain what they were."""

from __future__ import annotations

import re
from typing import NamedTuple

from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.spreadsheet_damage import IN_FORMULA, WHOLE_AS_DECIMAL, refuse_damaged_id
from lmskit.importers.text_cell import identifier, optional_address
from lmskit.limits import LONGEST_EXTERNAL_ID

SUSPECT = re.compile(r"[=\"'\u2018\u2019#.,+:?/\u2013\u2014-]|nan|none|null", re.IGNORECASE)
"""What a damaged id contains, besides others that are as they should be."""
NO_ID = frozenset({"-", "--", "\u2013", "\u2014", "?", "n/a", "nan", "none", "null"})
"""Words for a missing id, in lower case."""
APOSTROPHES = "'\u2018\u2019"
BESIDE_ADDRESSES = re.compile(r"[<>;,: \t\n]")
BETWEEN_ADDRESSES = re.compile(r"[;,|\s]")

FROM_FORMULA = "is a formula that keeps a spreadsheet from changing the id, and was read as the text in it"
FROM_TEXT_MARK = "began with the apostrophe by which spreadsheets mark texts, and was read without it"
FROM_DECIMAL = "was written as a decimal number by a spreadsheet, and was read as the whole number"
IS_NO_ID = "means that there is no id, and was read so"
IS_NO_ADDRESS = "means that there is no address, and was read so"
FIRST_ADDRESS = "has several addresses, and the first was taken"
ADDRESS_ALONE = "has more than the address, and only that was read"


class ReadCell(NamedTuple):
    """The value of a cell, None if it is missing, and what was mended about it; None if nothing was."""

    value: str | None
    mended: str | None


def is_plain_id(text: str) -> bool:
    """Whether a text is an id as it stands: letters and digits in ASCII, and no word for a missing one. Most are."""
    return text.isascii() and text.isalnum() and len(text) <= LONGEST_EXTERNAL_ID and text.lower() not in NO_ID


def read_id(text: str) -> ReadCell:
    """Read an id of a person, which may be missing.

    Raises
    ------
    UnreadableCellError
        It is not an id, or a spreadsheet has changed it and what it was is not certain.

    Examples
    --------
    >>> [read_id(text).value for text in ('="00078"', "'00079", "120451.0", " 00078 ", "N/A")]
    ['00078', '00079', '120451', '00078', None]
    """
    text = text.strip()
    if not text:
        return ReadCell(None, None)
    if is_plain_id(text):
        return ReadCell(text, None)
    if not SUSPECT.search(text):
        return ReadCell(identifier(text), None)
    if text.casefold() in NO_ID:
        return ReadCell(None, IS_NO_ID)
    mended = None
    if found := IN_FORMULA.fullmatch(text):
        text, mended = found[1].strip(), FROM_FORMULA
    elif text[0] in APOSTROPHES and len(text) > 1:
        text, mended = text[1:].rstrip(APOSTROPHES), FROM_TEXT_MARK
    refuse_damaged_id(text)
    if mended is None and (decimal := WHOLE_AS_DECIMAL.fullmatch(text)):
        text, mended = decimal[1], FROM_DECIMAL
    return ReadCell(identifier(text), mended)


def id_of(text: str) -> str:
    """Read an id of a person that refers to another row, where it was mended with a warning.

    Raises
    ------
    UnreadableCellError
        As `read_id`, and if it is missing.
    """
    value = read_id(text).value
    if value is None:
        raise UnreadableCellError("is empty")
    return value


def read_address(text: str) -> ReadCell:
    """Read the e-mail address of a person, which may be missing; of several the first counts.

    Raises
    ------
    UnreadableCellError
        It is not an address that can receive mail.

    Examples
    --------
    >>> [read_address(text).value for text in ("mailto:B@uni.example", "Cat Row <c@uni.example>", "a@uni.example; a2@home.example")]
    ['b@uni.example', 'c@uni.example', 'a@uni.example']
    """
    text = text.strip()
    if not text or (text.count("@") == 1 and not BESIDE_ADDRESSES.search(text)):
        return ReadCell(optional_address(text), None)
    if text.casefold() in NO_ID:
        return ReadCell(None, IS_NO_ADDRESS)
    parts = [part for part in BETWEEN_ADDRESSES.split(text) if "@" in part] if text.count("@") > 1 else [text.strip(" ;,")]
    first = _bare(parts[0]) if parts else text
    if "@" not in first or any(character.isspace() for character in first):
        return ReadCell(optional_address(text), None)
    return ReadCell(optional_address(first), FIRST_ADDRESS if len(parts) > 1 else ADDRESS_ALONE)


def _bare(text: str) -> str:
    """Return an address without the name before it and the scheme of a link."""
    address = text.rpartition("<")[2].strip().removesuffix(">").strip()
    scheme, colon, rest = address.partition(":")
    return rest.partition("?")[0].strip() if colon and scheme.casefold() == "mailto" else address
