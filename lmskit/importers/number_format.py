"""How a file writes numbers: with a decimal point or a decimal comma.

That is a property of the file and is decided once, from all its cells that look like numbers, before the first of them
is read. `12.5` and `1,234.5` speak for the point, `12,5` and `1.234,5` for the comma; `1234` says nothing, nor do
`1,234` and `1.234`, which may be whole thousands or have three decimals.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column, UnreadableCellError
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MARKS = {".": "point", ",": "comma"}
SPACE = " \u00a0\u2009\u202f"  # also those that do not break, which French and German systems write
APOSTROPHE = "'\u2019"

_ENDS_IN_ONE_MARK = re.compile(
    rf"[+-]?(?:\d+|\d{{1,3}}(?:(?P<group>[.,{APOSTROPHE}{SPACE}])\d{{3}}(?:(?P=group)\d{{3}})*)?)(?P<mark>[.,])\d+", re.ASCII
)
_GROUPS_OF_ONE_MARK = re.compile(r"[+-]?\d{1,3}(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_LETTER_GRADE = re.compile(r"[A-Za-z][+-]?|[A-Za-z]{2,20}", re.ASCII)
_PERCENTAGE = re.compile(rf"[+-]?[\d.,{SPACE}{APOSTROPHE}]+%", re.ASCII)


@dataclass(frozen=True, slots=True)
class DecimalMark:
    """The decimal mark of a file, and how many cells speak for it and against it."""

    mark: str
    said: bool = False
    """Whether somebody said so, and nothing had to be found out."""
    for_it: int = 0
    against_it: int = 0

    @property
    def name(self) -> str:
        """`point` or `comma`."""
        return MARKS[self.mark]

    @property
    def is_certain(self) -> bool:
        """Whether anything tells it; if not, `1,234` cannot be read."""
        return self.said or self.for_it > 0

    def note(self, file: str) -> str | None:
        """What a report should say of it; nothing where no number has one."""
        if self.said:
            return f"{file} was read with the decimal {self.name}, as asked for."
        if self.against_it:
            return (
                f"{file} was read with the decimal {self.name}, which {self.for_it:,} cells speak for and {self.against_it:,} against; "
                "--decimal says it otherwise."
            )
        return f"{file} was read with the decimal {self.name}." if self.for_it else None


def decimal_mark(cells: Iterable[str], *, asked_for: str | None = None) -> DecimalMark:
    """Find out the decimal mark of a file from its cells that should hold numbers.

    The mark that more cells speak for is the file's; the point where they are equally many or none.

    Parameters
    ----------
    cells
        All cells of the columns with numbers. They are looked at once and not kept.
    asked_for
        `.` or `,`, where somebody says so. The cells are not looked at then.

    Raises
    ------
    ImportFileError
        Something else than a point or a comma is asked for.

    Examples
    --------
    >>> decimal_mark(["7", "1.234,5", "8,25"])
    DecimalMark(mark=',', said=False, for_it=2, against_it=0)
    >>> decimal_mark(["7.5", "8,25"]).mark, decimal_mark(["1.000"]).is_certain
    ('.', False)
    """
    if asked_for is not None:
        if asked_for not in MARKS:
            raise ImportFileError(f"{asked_for!r} is no decimal mark. Ask for . or , instead.")
        return DecimalMark(asked_for, said=True)
    spoken_for = Column(_spoken_for)
    counts = dict.fromkeys(MARKS, 0)
    for text in cells:
        if mark := spoken_for[text]:
            counts[mark] += 1
    mark = "," if counts[","] > counts["."] else "."
    return DecimalMark(mark, for_it=counts[mark], against_it=sum(counts.values()) - counts[mark])


def _spoken_for(text: str) -> str | None:
    """Return the decimal mark that a cell speaks for; None where it says nothing."""
    number = text.strip().removesuffix("%").rstrip()
    if _GROUPS_OF_ONE_MARK.fullmatch(number):
        return "," if "." in number else "."
    found = _ENDS_IN_ONE_MARK.fullmatch(number)
    if not found or _AMBIGUOUS.fullmatch(number) or found["group"] == found["mark"]:
        return None
    return found["mark"]


def marks(decimal: DecimalMark, *, low: float = 0, high: float = LARGEST_SCORE) -> Callable[[str], float]:
    """Return a reader of marks between two bounds.

    Thousands may be grouped by blanks, apostrophes, or whichever of point and comma is not the decimal mark. Anything
    else raises `UnreadableCellError` with the reason; what stands for a missing mark is the caller's to know.

    Examples
    --------
    >>> read = marks(DecimalMark(",", said=True))
    >>> read("1.234,5"), read("8"), read("1'000,25")
    (1234.5, 8.0, 1000.25)
    >>> read("7.5")
    Traceback (most recent call last):
    lmskit.importers.cell.UnreadableCellError: has a decimal point, and the file's decimal mark is the comma
    """
    point = re.escape(decimal.mark)
    other = "," if decimal.mark == "." else "."
    form = re.compile(
        rf"[+-]?(?:\d{{1,18}}|\d{{1,3}}(?:(?P<group>[{other}{APOSTROPHE}{SPACE}])\d{{3}}(?:(?P=group)\d{{3}}){{0,4}})?)(?:{point}\d{{1,18}})?",
        re.ASCII,
    )
    groups = str.maketrans(dict.fromkeys(other + APOSTROPHE + SPACE))

    def read(text: str) -> float:
        number = text.strip()
        if not form.fullmatch(number):
            raise UnreadableCellError(_why_not(number, decimal))
        if not decimal.is_certain and other == "," and _AMBIGUOUS.fullmatch(number) and "," in number:
            raise UnreadableCellError("may be thousands or decimals, and no other number of the file tells; say which with --decimal")
        value = float(number.translate(groups).replace(decimal.mark, ".")) + 0.0  # no negative zero
        if not low <= value <= high:
            raise UnreadableCellError(f"is not between {low:,g} and {high:,}" if math.isfinite(high) else f"is below {low:,g}")
        return value

    return read


def _why_not(text: str, decimal: DecimalMark) -> str:
    if _PERCENTAGE.fullmatch(text):
        return "is a percentage and no number of points"
    if text.lower().lstrip("+-") in {"inf", "infinity", "nan"}:
        return "is not a finite number"
    if _LETTER_GRADE.fullmatch(text):
        return "is a grade in letters and no number of points"
    other = DecimalMark("," if decimal.mark == "." else ".")
    if _spoken_for(text) == other.mark:
        return f"has a decimal {other.name}, and the file's decimal mark is the {decimal.name}"
    return "is not a number"
