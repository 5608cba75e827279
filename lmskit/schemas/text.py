"""The types of text in requests, each as strict as the column that stores it."""

import datetime as dt
import re
import unicodedata
from typing import Annotated

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from lmskit.limits import (
    EARLIEST_YEAR,
    INVISIBLE_CHARACTERS,
    LATEST_YEAR,
    LONGEST_ADDRESS,
    LONGEST_CODE,
    LONGEST_NAME,
    LONGEST_PROSE,
    LONGEST_TITLE,
)

_INVISIBLE = re.compile(INVISIBLE_CHARACTERS)
_INVENTED = re.compile(r"[.@]invalid$", re.IGNORECASE)
_ONE_ADDRESS = re.compile(rf"^[^@\s]{{1,64}}@[^@\s]{{1,{LONGEST_ADDRESS - 65}}}$")


def _without_control_characters(text: str) -> str:
    """Refuse control characters, line breaks included: people cannot see them, and PostgreSQL (NUL) and file names cannot hold them."""
    if not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("This must be one line of visible characters.")
    return text


def _with_line_breaks_only(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in lines):
        raise ValueError("This must be made of visible characters and line breaks.")
    return lines


def _storable(text: str) -> str:
    if "\0" in text or any(unicodedata.category(character) == "Cs" for character in text):
        raise ValueError("This holds characters that cannot be stored.")
    return text


def _readable_day(day: dt.date) -> dt.date:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValueError(f"This must be a day of the years {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return day


def visible_text(text: str) -> str:
    """Return a text without characters that cannot be seen.

    Raises
    ------
    ValueError
        It has some.
    """
    if not text.isascii() and _INVISIBLE.search(text):
        raise ValueError("This contains characters that cannot be seen. Type it instead of pasting it.")
    return text


def _plain_code(code: str) -> str:
    if "/" in code or "\\" in code or code.startswith("."):
        raise ValueError("A code names files too: it must not contain / or \\ and must not begin with a dot.")
    return code


def _is_not_nan(text: str) -> str:
    if text == "NaN":
        raise ValueError("“NaN” is what a missing value looks like in a spreadsheet. Type the name.")
    return text


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def is_invented(address: str) -> bool:
    """Whether an import invented the address, for a lecturer whose file has none: no message reaches it.

    Examples
    --------
    >>> is_invented("lecturer@aaa.oulad.invalid"), is_invented("lecturer@example.org")
    (True, False)
    """
    return _INVENTED.search(address) is not None


def _known_address(text: str) -> str:
    return text.lower() if is_invented(text) and _ONE_ADDRESS.match(text) else _address(text)


def _address(text: str) -> str:
    if text.rstrip(".").rpartition(".")[2].rpartition("@")[2].lower() in SPECIAL_USE_DOMAIN_NAMES:
        raise ValueError("No mail can be delivered to this address. Type one that receives mail.")
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        reason = str(error)
        raise ValueError(f"This is not an e-mail address: {reason[:1].lower()}{reason[1:]}") from None


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_without_control_characters)]
"""One line of text, trimmed."""
Storable = Annotated[str, AfterValidator(_storable)]
"""Any text that PostgreSQL can hold."""
Code = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_CODE), AfterValidator(_plain_code), AfterValidator(visible_text)]
"""The code of a course, module or term; it also names files."""
Title = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_TITLE)]
"""What a course, quiz or week is called."""
Name = Annotated[Line, StringConstraints(max_length=LONGEST_NAME), AfterValidator(_is_not_nan)]
"""A given name, which a person may lack."""
FamilyName = Annotated[Name, StringConstraints(min_length=1)]
"""A family name, or the only name a person has."""
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_PROSE), AfterValidator(_with_line_breaks_only)]
"""Several lines of text."""
Address = Annotated[
    str,
    BeforeValidator(_trimmed),
    StringConstraints(min_length=1),
    AfterValidator(_address),
    AfterValidator(visible_text),
    WithJsonSchema({"type": "string", "format": "email"}),
]
"""An e-mail address that could receive mail, in lower case; no network is asked."""
KnownAddress = Annotated[
    str,
    BeforeValidator(_trimmed),
    StringConstraints(min_length=1),
    AfterValidator(_known_address),
    AfterValidator(visible_text),
    WithJsonSchema({"type": "string", "format": "email"}),
]
"""The address by which a person in lmskit is named: an `Address`, or one that an import invented."""
Day = Annotated[dt.date, AfterValidator(_readable_day)]
"""A day that the database stores."""
