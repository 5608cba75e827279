"""What a spreadsheet makes of ids and names: errors, numbers in powers of ten, formulas and apostrophes around texts."""

from __future__ import annotations

import re

from lmskit.importers.cell import UnreadableCellError

ERRORS = frozenset(
    "#N/A #REF! #NAME? #VALUE! #DIV/0! #NULL! #NUM! #SPILL! #CALC! #FIELD! #BLOCKED! #UNKNOWN! #CONNECT! #BUSY! #GETTING_DATA"  # noqa: SIM905 - words
    " #NV #BEZUG! #WERT! #ZAHL! #\u00dcBERLAUF! #N/D #NOM? #VALEUR! #NOMBRE! #NUL!"
    " #\u00a1REF! #\u00a1VALOR! #\u00a1NUM! #\u00a1NULO! #\u00a1DIV/0! #\u00bfNOMBRE?".split()
)
"""Errors of formulas in English, German, French and Spanish."""
NUMBERED_ERROR = re.compile(r"Err:[0-9]{3}", re.ASCII)
"""One of LibreOffice."""
POWER_OF_TEN = re.compile(r"[0-9]{1,20}(?:[.,][0-9]{1,20}E[+-]?|E\+)[0-9]{1,3}", re.ASCII | re.IGNORECASE)
IN_FORMULA = re.compile(r'=[ ]?"([^"]*)"')
LOST_DIGITS = "was shortened to a power of ten by a spreadsheet, so its digits are lost: get the file again, with this column as text"
IS_FORMULA = "is a formula of a spreadsheet and not its value: save the file with its values, as XLSX"
IS_HIDDEN = "is what a spreadsheet shows in a column that is too narrow: widen the column, or get the file again"
IS_ERROR = "is an error of a spreadsheet"
WHOLE_AS_DECIMAL = re.compile(r"([0-9]{1,40})[.,]0{1,2}", re.ASCII)


def refuse_error(text: str) -> None:
    """Refuse the error of a formula.

    Raises
    ------
    UnreadableCellError
        The text is one.

    Examples
    --------
    >>> refuse_error("#REF!")
    Traceback (most recent call last):
    lmskit.importers.cell.UnreadableCellError: is an error of a spreadsheet
    """
    if text in ERRORS or (text[:1] == "E" and NUMBERED_ERROR.fullmatch(text)):
        raise UnreadableCellError(IS_ERROR)


def refuse_damaged_id(text: str) -> None:
    """Refuse an id that a spreadsheet has made a number in a power of ten, or an error.

    Raises
    ------
    UnreadableCellError
        The text is one.

    Examples
    --------
    >>> refuse_damaged_id("1.23457E+08")
    Traceback (most recent call last):
    lmskit.importers.cell.UnreadableCellError: was shortened to a power of ten by a spreadsheet, so its digits are lost: ...
    """
    refuse_error(text)
    if text[:1] == "=":
        raise UnreadableCellError(IS_FORMULA)
    if len(text) > 1 and not text.strip("#"):
        raise UnreadableCellError(IS_HIDDEN)
    if text[:1].isdigit() and POWER_OF_TEN.fullmatch(text):
        raise UnreadableCellError(LOST_DIGITS)
