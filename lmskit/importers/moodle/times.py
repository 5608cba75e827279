"""Times and durations as Moodle writes them, in English, German, French and Spanish."""

from __future__ import annotations

import datetime as dt
import re

from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.month_names import MONTHS
from lmskit.limits import EARLIEST_YEAR, LATEST_YEAR

SECONDS = {
    word: seconds
    for seconds, words in (
        (1, "sec secs s second seconds sekunde sekunden seconde secondes segundo segundos seg segs"),
        (60, "min mins minute minutes minuten minuto minutos"),
        (3600, "hour hours h hr hrs stunde stunden heure heures hora horas"),
        (86_400, "day days d tag tage tagen jour jours día días"),
        (365 * 86_400, "year years jahr jahre jahren an ans année années año años"),
    )
    for word in words.split()
}
_MONTH = r"(?P<month>[^\W\d_]{3,12})"
_TIME = (
    r"[,\s]+(?:(?:at|um|à|a las)\s+)?(?P<hour>[0-9]{1,2})[:.h](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?(?:\s?Uhr)?"
)
_DAY_FIRST = re.compile(
    rf"(?:[^\W\d_]{{2,12}}\.?,?\s+)?(?P<day>[0-9]{{1,2}})\.?\s+(?:de\s+)?{_MONTH}\.?,?\s+(?:de\s+)?(?P<year>[0-9]{{4}}){_TIME}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?:[^\W\d_]{{2,12}}\.?,\s+)?{_MONTH}\.?\s+(?P<day>[0-9]{{1,2}}),?\s+(?P<year>[0-9]{{4}}){_TIME}", re.IGNORECASE
)
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[T ](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?P<half>)",
    re.ASCII,
)
_PIECE = re.compile(r"([0-9]{1,6})\s*([^\W\d_]+)\.?[\s,]*", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_PIECE.pattern}){{1,5}}", re.IGNORECASE)
_UNIX = re.compile(r"[0-9]{9,11}", re.ASCII)
HALF_A_DAY = 12
LONGEST = 100
"""Characters that are read; no time is longer."""
UNREADABLE = "is not a time such as 12 October 2026 9:00 AM"
NOT_A_DURATION = "is not a duration such as 12 mins 5 secs"
TOO_LONG = "is too long for an attempt"


def instant(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """Read a day and a time, in UTC. Moodle does not write the time zone: it is that of the person who made the file.

    Examples
    --------
    >>> print(instant("12 October 2026  9:05 PM"), instant("Montag, 12. Oktober 2026, 21:05"), sep=", ")
    2026-10-12 21:05:00+00:00, 2026-10-12 21:05:00+00:00
    >>> print(instant("12 de octubre de 2026  21:05"), instant("October 12 2026 12:30 AM"), sep=", ")
    2026-10-12 21:05:00+00:00, 2026-10-12 00:30:00+00:00
    >>> from zoneinfo import ZoneInfo
    >>> print(instant("12 October 2026  9:05 PM", ZoneInfo("Europe/London")))
    2026-10-12 20:05:00+00:00
    """
    text = text.strip()[:LONGEST]
    found = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text) or _ISO.fullmatch(text)
    if not found:
        raise UnreadableCellError(UNREADABLE)
    month = int(found["month"]) if found["month"].isdecimal() else MONTHS.get(found["month"].casefold(), 0)
    hour = int(found["hour"])
    if half := found["half"]:
        if not 1 <= hour <= HALF_A_DAY:
            raise UnreadableCellError(UNREADABLE)
        hour = hour % HALF_A_DAY + (HALF_A_DAY if half in "pP" else 0)
    try:
        timestamp = dt.datetime(
            int(found["year"]), month, int(found["day"]), hour, int(found["minute"]), int(found["second"] or 0), tzinfo=zone
        ).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise UnreadableCellError(UNREADABLE) from None
    if not EARLIEST_YEAR <= timestamp.year <= LATEST_YEAR:
        raise UnreadableCellError(UNREADABLE)
    return timestamp


def duration(text: str) -> dt.timedelta:
    """Read a duration.

    Examples
    --------
    >>> duration("1 hour 2 mins") == duration("1 Stunde 2 Minuten") == duration("62 min")
    True
    """
    text = text.strip()[:LONGEST]
    if not _DURATION.fullmatch(text):
        raise UnreadableCellError(NOT_A_DURATION)
    total = 0
    for number, word in _PIECE.findall(text):
        if word.casefold() not in SECONDS:
            raise UnreadableCellError(NOT_A_DURATION)
        total += int(number) * SECONDS[word.casefold()]
    try:
        return dt.timedelta(seconds=total)
    except OverflowError:
        raise UnreadableCellError(TOO_LONG) from None


def unix_time(text: str) -> dt.datetime:
    """Read seconds since 1970.

    Examples
    --------
    >>> print(unix_time("1791795600"))
    2026-10-12 09:00:00+00:00
    """
    if _UNIX.fullmatch(text.strip()):
        timestamp = dt.datetime.fromtimestamp(int(text), tz=dt.UTC) if int(text) < 10**10 else None
        if timestamp and timestamp.year <= LATEST_YEAR:
            return timestamp
    raise UnreadableCellError("is not a Unix time")
