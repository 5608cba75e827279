"""Days and times as spreadsheets and people write them: in what order, in which zone, with or without seconds.

`10.09.2026` has the day first. `09/10/2026` may have either first: the order is given, or proved by another cell of the file.
A time without a zone is in the zone that is given, or in UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.month_names import MONTHS
from lmskit.limits import EARLIEST_YEAR, LATEST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = (
    r"(?:(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"|(?P<dotted_day>[0-9]{1,2})\.[ ]?(?P<dotted_month>[0-9]{1,2})\.[ ]?(?P<dotted_year>[0-9]{4}|[0-9]{2})"
    r"|(?P<first>[0-9]{1,2})(?P<stroke>[/-])(?P<second>[0-9]{1,2})(?P=stroke)(?P<last>[0-9]{4}|(?<=/)[0-9]{2}(?![0-9]))"
    r"|(?P<named_day>[0-9]{1,2})(?:\.|st|nd|rd|th|er)?[ -]?(?:de[ ])?(?P<named_month>[^\W\d_]{3,12})\.?,?[ -]?(?:del?[ ])?"
    r"(?P<named_year>[0-9]{4})"
    r"|(?P<month_before>[^\W\d_]{3,12})\.?[ ](?P<day_behind>[0-9]{1,2})(?:st|nd|rd|th)?,?[ ](?P<year_behind>[0-9]{4})"
    r"|(?P<joined>(?:19|20)[0-9]{6}))"
)
_TIME = (
    r"(?:T|,?[ ]{1,3})(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<seconds>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:[ ]?(?P<half>[ap])\.?m\.?|[ ]Uhr)?(?:[ ]?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_WRITTEN = re.compile(rf"{_DAY}(?:{_TIME})?", re.IGNORECASE)
NO_TIME = frozenset({"", "-", "\u2013", "\u2014"})
"""Cells without a day or a time."""
HALF_A_DAY = 12
MONTHS_OF_A_YEAR = 12
LONGEST_MONTH = 31
"""Days of the longest month."""
LONGEST = 60
"""Characters that are read; no time is longer."""
NOT_A_DAY = "is not a date such as 2026-09-14"
NOT_A_TIME = "is not a date and time such as 2026-09-25 20:00"
EITHER_ORDER = f"can be read as a time with the day or with the month first; {advice.DAY_ORDER}"
ANY_ORDER = f"can be read as a time with the day, the month or the year first; {advice.DAY_ORDER}"


class DayOrder(StrEnum):
    """What a date such as 09/10/2026 begins with."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A day as a cell has it, perhaps with a time."""

    day: dt.date
    time: dt.time | None
    """None for a day alone; it has the zone that is written beside it."""
    is_short: bool
    """Whether the year has two digits."""


@dataclass(frozen=True)
class TimeReader:
    """Reads the days and times of one file."""

    order: DayOrder | None = None
    """None if neither the file nor a person says what dates with strokes begin with."""
    time_zone: str | None = None
    """The zone of times without one; None for UTC."""

    @cached_property
    def zone(self) -> dt.tzinfo:
        """The zone of times without one.

        Raises
        ------
        ImportFileError
            There is no such zone.
        """
        return zone_named(self.time_zone)

    def written(self, text: str, reason: str = NOT_A_TIME) -> WrittenTime:
        """Read a day, perhaps with a time.

        Examples
        --------
        >>> TimeReader(DayOrder.MONTH_FIRST).written("9/10/2026 8:15 PM").day, TimeReader().written("3.4.26").day
        (datetime.date(2026, 9, 10), datetime.date(2026, 4, 3))
        """
        found = _WRITTEN.fullmatch(text.strip()) if len(text) <= LONGEST else None
        if found is None:
            raise UnreadableCellError(reason)
        try:
            day = dt.date(*self._parts_of_day(found))
            time = _time_in(found)
        except UnreadableCellError:
            raise
        except ValueError:
            raise UnreadableCellError(reason) from None
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise UnreadableCellError(reason)
        return WrittenTime(day, time, is_short=len(found["dotted_year"] or found["last"] or "2026") == len("26"))

    def day(self, text: str) -> dt.date | None:
        """Read a day that may be missing; of a day with a time only the day is kept."""
        return None if text.strip() in NO_TIME else self.written(text, NOT_A_DAY).day

    def instant(self, text: str) -> dt.datetime | None:
        """Read a time that may be missing, in UTC; a day alone is its beginning.

        Examples
        --------
        >>> print(TimeReader(time_zone="Europe/London").instant("2026-09-10 20:15"))
        2026-09-10 19:15:00+00:00
        >>> print(TimeReader(time_zone="Europe/London").instant("2026-09-10 20:15:00 -0600"))
        2026-09-11 02:15:00+00:00
        """
        if text.strip() in NO_TIME:
            return None
        written = self.written(text)
        time = written.time or dt.time()
        zone = time.tzinfo or self.zone
        try:
            instant = dt.datetime.combine(written.day, time.replace(tzinfo=None), tzinfo=zone).astimezone(dt.UTC)
        except OverflowError:
            raise UnreadableCellError(NOT_A_TIME) from None
        if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
            raise UnreadableCellError(NOT_A_TIME)
        return instant

    def _parts_of_day(self, found: re.Match[str]) -> tuple[int, int, int]:
        if found["year"]:
            return int(found["year"]), int(found["month"]), int(found["day"])
        if year := found["dotted_year"]:
            return _full(year), int(found["dotted_month"]), int(found["dotted_day"])
        if joined := found["joined"]:
            return int(joined[:4]), int(joined[4:6]), int(joined[6:])
        if name := found["named_month"] or found["month_before"]:
            month = MONTHS.get(name.casefold(), 0)
            return int(found["named_year"] or found["year_behind"]), month, int(found["named_day"] or found["day_behind"])
        first, second = int(found["first"]), int(found["second"])
        order = self.order or (DayOrder.DAY_FIRST if first == second else None)
        if order is None:
            raise UnreadableCellError(EITHER_ORDER if len(found["last"]) == len("2026") else ANY_ORDER)
        day, month = (first, second) if order is DayOrder.DAY_FIRST else (second, first)
        return _full(found["last"]), month, day


def _full(year: str) -> int:
    """Return a year, which may be written with two digits."""
    return int(year) + (2000 if len(year) == len("26") else 0)


def _time_in(found: re.Match[str]) -> dt.time | None:
    """Return the time that a text has beside its day, with its zone if it has one."""
    if found["hour"] is None:
        return None
    hour = int(found["hour"])
    if half := found["half"]:
        if not 1 <= hour <= HALF_A_DAY:
            raise ValueError(NOT_A_TIME)
        hour = hour % HALF_A_DAY + (HALF_A_DAY if half in "pP" else 0)
    microseconds = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    return dt.time(hour, int(found["minute"]), int(found["seconds"] or 0), microseconds, tzinfo=_offset(found["zone"]))


def _offset(zone: str | None) -> dt.tzinfo | None:
    """Return the zone that is written beside a time; None if there is none."""
    if zone is None:
        return None
    if zone[0] not in "+-":
        return dt.UTC
    hours, minutes = int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)
    return dt.timezone((1 if zone[0] == "+" else -1) * dt.timedelta(hours=hours, minutes=minutes))


def zone_named(name: str | None) -> dt.tzinfo:
    """Return the time zone of a name such as `Europe/Berlin`; UTC without a name.

    Raises
    ------
    ImportFileError
        There is no such zone.
    """
    if name is None:
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ImportFileError(f"There is no time zone {name[:100]!r}. Name the one in which the file was written, {advice.ZONE}") from None


def proved_order(cells: Iterable[str]) -> DayOrder | None:
    """Return the order of dates with strokes that the cells of a file prove: a number above 12 cannot be a month. None without proof.

    `26/9/14` proves nothing, since it may begin with the year.

    Examples
    --------
    >>> proved_order(["09/10/2026", "09/28/2026 20:15"]), proved_order(["09/10/2026"])
    (<DayOrder.MONTH_FIRST: 'month-first'>, None)
    >>> proved_order(["9/28/26"]), proved_order(["26/9/14"])
    (<DayOrder.MONTH_FIRST: 'month-first'>, None)
    """
    proved: set[DayOrder] = set()
    for cell in cells:
        found = _WRITTEN.fullmatch(cell.strip()) if len(cell) <= LONGEST else None
        if found is not None and found["first"]:
            if int(found["first"]) > MONTHS_OF_A_YEAR:
                if len(found["last"]) == len("2026") or int(found["last"]) > LONGEST_MONTH:
                    proved.add(DayOrder.DAY_FIRST)
            elif int(found["second"]) > MONTHS_OF_A_YEAR:
                proved.add(DayOrder.MONTH_FIRST)
    return proved.pop() if len(proved) == 1 else None


def note_on_zone(name: str | None) -> str:
    """Return the note on the zone in which times without one are read."""
    if name is not None:
        return f"times without a zone are read as those of {name}."
    return (
        "the times have no zone and are read as UTC; if the person who made the file has another zone, its hours are wrong: "
        f"give it, {advice.ZONE}"
    )
