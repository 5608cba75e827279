"""How a file writes numbers: with a decimal point or a decimal comma.

That is a property of the file and is detected once, from all its cells that look like numbers, before the first of them
is read. `12.5` and `1,234.5` have a decimal point, `12,5` and `1.234,5` a decimal comma. `1234` shows neither, nor do
`1,234` and `1.234`, which may be whole thousands or have three decimals. A file that does not show its mark is not guessed
at: it is refused until a person says the mark.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.cell import ColumnValues, UnreadableCellError
from lmskit.importers.report import shortened
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMES = {".": "point", ",": "comma"}
OPTION = str(advice.DECIMAL_MARK)
UNDECIDED = f"may be thousands or decimals, and no other number of the file shows which; {advice.DECIMAL_MARK_OF_CELL}"
SPACE = " \u00a0\u2009\u202f"  # with the non-breaking ones that French and German systems write
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
    """The decimal mark of a file, and how many cells have it or the other one."""

    mark: str
    is_given: bool = False
    """Whether a person gave it, so that it was not detected."""
    cells_with_it: int = 0
    cells_with_other: int = 0

    @property
    def name(self) -> str:
        """`point` or `comma`."""
        return NAMES[self.mark]

    @property
    def is_certain(self) -> bool:
        """Whether it was given or any cell has it; if not, neither `1,234` nor `1.234` can be read."""
        return self.is_given or self.cells_with_it > 0

    def note(self, file: str) -> str | None:
        """Return a note on the decimal mark; None if no number has one."""
        if self.is_given:
            return f"{file} was read with the decimal {self.name}, as asked for."
        if self.cells_with_other:
            return (
                f"{file} was read with the decimal {self.name}; cells with it: {self.cells_with_it:,}, "
                f"with the other mark: {self.cells_with_other:,}. {advice.OTHER_DECIMAL_MARK}."
            )
        return f"{file} was read with the decimal {self.name}." if self.cells_with_it else None


@dataclass
class _Evidence:
    """Cells that have one mark as their decimal mark."""

    cells: int = 0
    first: str = ""

    def see(self, cell: str) -> None:
        self.cells += 1
        self.first = self.first or cell.strip()

    def __str__(self) -> str:
        return f"{self.cells:,} {'cell' if self.cells == 1 else 'cells'} such as {shortened(self.first)!r}"


def decimal_mark(
    cells: Iterable[str], *, given: str | None = None, file: str = "The file", delimiter: str = ",", groups_thousands: bool = True
) -> DecimalMark:
    """Detect the decimal mark of a file from its cells that should be numbers.

    It is the mark that more cells have; the point if no cell has a mark. Semicolons between columns show a decimal comma, so a few
    commas among more points are not clear there.

    Parameters
    ----------
    cells
        All cells of the columns with numbers. They are read once and not kept.
    given
        `.` or `,` if a person gave it. The cells are not read then.
    file
        Its name, for a refusal.
    delimiter
        The character between its columns.
    groups_thousands
        Whether the system that wrote it may group thousands, so that `1.500` has two senses. Otherwise it has three decimals.

    Raises
    ------
    ImportFileError
        The cells do not show which mark is the decimal mark, or another text than a point or a comma was given.

    Examples
    --------
    >>> decimal_mark(["7", "1.234,5", "8,25"])
    DecimalMark(mark=',', is_given=False, cells_with_it=2, cells_with_other=0)
    >>> decimal_mark(["8,5", "9,5", "7.5"]).mark, decimal_mark(["7", "8"]).is_certain
    (',', False)
    """
    if given is not None:
        if given not in NAMES:
            raise ImportFileError(f"{given!r} is not a decimal mark. Use . or , instead.")
        return DecimalMark(given, is_given=True)
    mark_of = ColumnValues(_mark_of)
    found = {mark: _Evidence() for mark in NAMES}
    ambiguous = ""
    for text in cells:
        if mark := mark_of[text]:
            found[mark].see(text)
        elif (number := _without_sign(text)) and _AMBIGUOUS.fullmatch(number):
            if groups_thousands:
                ambiguous = ambiguous or number
            else:
                found["," if "," in number else "."].see(text)
    points, commas = found["."], found[","]
    if ambiguous and not (points.cells or commas.cells):
        raise ImportFileError(
            f"{file}: {ambiguous!r} may be thousands or have three decimals, and no other number of the file shows which. {OPTION}"
        )
    mark = "," if commas.cells > points.cells else "."
    if commas.cells and (points.cells == commas.cells or (mark == "." and delimiter == ";")):
        raise ImportFileError(f"{file} has a decimal comma in {commas}, and a decimal point in {points}. {OPTION}")
    return DecimalMark(mark, cells_with_it=found[mark].cells, cells_with_other=points.cells + commas.cells - found[mark].cells)


def _without_sign(text: str) -> str:
    return text.strip().removesuffix("%").rstrip()


def _mark_of(text: str) -> str | None:
    """Return the decimal mark in a cell; None if it has none, or if it may group thousands."""
    number = _without_sign(text)
    if _GROUPS_OF_ONE_MARK.fullmatch(number):
        return "," if "." in number else "."
    found = _ENDS_IN_ONE_MARK.fullmatch(number)
    if not found or _AMBIGUOUS.fullmatch(number) or found["group"] == found["mark"]:
        return None
    return found["mark"]


def score_reader(decimal: DecimalMark, *, low: float = 0, high: float = LARGEST_SCORE) -> Callable[[str], float]:
    """Return a reader of scores between two bounds.

    Thousands may be grouped by blanks, by apostrophes, or by the one of point and comma that is not the decimal mark. Other
    texts raise `UnreadableCellError` with the reason; the caller handles cells without a score.

    Examples
    --------
    >>> read = score_reader(DecimalMark(",", is_given=True))
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
        if not decimal.is_certain and _AMBIGUOUS.fullmatch(number):
            raise UnreadableCellError(UNDECIDED)
        value = float(number.translate(groups).replace(decimal.mark, ".")) + 0.0  # no negative zero
        if not low <= value <= high:
            above = math.isfinite(high) and value > high
            raise UnreadableCellError(f"is above {high:,}, the most that is read" if above else f"is below {low:,g}")
        return value

    return read


def _why_not(text: str, decimal: DecimalMark) -> str:
    if _PERCENTAGE.fullmatch(text):
        return "is a percentage and not a number of points"
    if text.lower().lstrip("+-") in {"inf", "infinity", "nan"}:
        return "is not a finite number"
    if _LETTER_GRADE.fullmatch(text):
        return "is a grade in letters and not a number of points"
    other = DecimalMark("," if decimal.mark == "." else ".")
    if _mark_of(text) == other.mark:
        return f"has a decimal {other.name}, and the file's decimal mark is the {decimal.name}"
    return "is not a number"
