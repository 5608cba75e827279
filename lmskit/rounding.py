"""Numbers as people read them: rounded half away from zero, on display only, and counts with their noun."""

from __future__ import annotations

import decimal
import math
import numbers
from typing import TYPE_CHECKING, cast, overload

if TYPE_CHECKING:
    import pandas as pd

MISSING = "–"
"""What is shown instead of a missing value."""
MINUS = "−"
"""The sign of a negative number, as on the axes of figures; text for a program has a hyphen."""
_MEGABYTE = 1024**2


def _decimal(value: float, digits: int) -> decimal.Decimal:
    # 15 significant digits, as when PostgreSQL casts a double to numeric: later digits are left by arithmetic and mean nothing.
    exact = decimal.Decimal(format(value, ".15g"))
    with decimal.localcontext(prec=400):
        return exact.quantize(decimal.Decimal(1).scaleb(-digits), rounding=decimal.ROUND_HALF_UP)


def _rounded(value: float, digits: int) -> float:
    return float(_decimal(value, digits)) if math.isfinite(value) else value


@overload
def round_half_up(value: float, digits: int = 2) -> float: ...
@overload
def round_half_up(value: pd.Series, digits: int = 2) -> pd.Series: ...
def round_half_up(value: float | pd.Series, digits: int = 2) -> float | pd.Series:
    """Round half away from zero, as people do and as PostgreSQL's ``round(numeric, n)`` does.

    Parameters
    ----------
    value
        A number, or a Series of numbers. NaN and infinities stay what they are.
    digits
        Digits after the decimal point.

    Returns
    -------
    float or Series of float64
        Of the same kind and, for a Series, with the same index and name.

    Examples
    --------
    >>> round_half_up(4.125), round(4.125, 2)
    (4.13, 4.12)
    >>> round_half_up(-0.5, 0)
    -1.0
    >>> import pandas as pd
    >>> round_half_up(pd.Series([1.005, 2.675])).tolist()
    [1.01, 2.68]
    """
    if isinstance(value, numbers.Real):
        return _rounded(float(value), digits)
    floats = cast("pd.Series", value).astype("float64")
    return floats.map({number: _rounded(float(number), digits) for number in floats.dropna().unique()}).astype("float64")


def number_text(value: float | None, digits: int = 2) -> str:
    """Write a number with exactly `digits` digits after the decimal point; a dash for a missing number.

    Examples
    --------
    >>> number_text(4.125), number_text(-0.8), number_text(float("nan"))
    ('4.13', '−0.80', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = _decimal(value, digits)
    below = MINUS if rounded.is_signed() and not rounded.is_zero() else ""
    return f"{below}{rounded.copy_abs():f}"


def percent_text(share: float | None, digits: int = 0) -> str:
    """Write a share (0 to 1) as a percentage; a dash for a missing share.

    Examples
    --------
    >>> percent_text(0.125), percent_text(0.3333, 1), percent_text(None)
    ('13 %', '33.3 %', '–')
    """
    if share is None or not math.isfinite(share):
        return MISSING
    return f"{number_text(share * 100, digits)} %"


def count_text(n: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun; the plural takes an s unless it is given.

    Examples
    --------
    >>> count_text(1, "week"), count_text(0, "week"), count_text(1200, "quiz", "quizzes")
    ('1 week', '0 weeks', '1,200 quizzes')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def evidence_text(n: int) -> str:
    """Write a number of units of evidence in the words that say what one is.

    Examples
    --------
    >>> evidence_text(1), evidence_text(2000)
    ('1 graded question or attempt', '2,000 graded questions and attempts')
    """
    return count_text(n, "graded question or attempt", "graded questions and attempts")


def size_text(size: int) -> str:
    """Write a size, given in bytes.

    Examples
    --------
    >>> size_text(0), size_text(700), size_text(40_000), size_text(3_000_000_000)
    ('0 kB', '1 kB', '40 kB', '2,861.0 MB')
    """
    return f"{size / _MEGABYTE:,.1f} MB" if size > _MEGABYTE // 10 else f"{-(-size // 1024)} kB"
