"""Days and times in cells: their order, their zone, and what they do not say."""

import datetime as dt

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.times import DayOrder, TimeReader, proved_order, zone_named

EVENING = dt.datetime(2026, 9, 10, 20, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-09-10 20:15",
        "2026-09-10T20:15:00Z",
        "2026-09-10 20:15:00 UTC",
        "2026-09-10 22:15:00+02:00",
        "2026-09-10 14:15 -0600",
        "2026/9/10 20:15",
        "10.09.2026 20:15",
        "10.9.26, 20:15 Uhr",
        "10.09.2026 8:15 PM",
        "10. September 2026, 20:15",
        "September 10, 2026 8:15 PM",
        "10-Sep-2026 20:15",
        "10 sept. 2026 20:15",
        "10 de septiembre de 2026 20:15",
        "20260910 20:15",
    ],
)
def test_a_time_keeps_its_clock(cell):
    assert TimeReader().instant(cell) == EVENING


@pytest.mark.parametrize(
    "cell",
    [
        "2026-02-30 20:15",
        "2026-09-10 24:15",
        "2026-09-10 20:60",
        "10.13.2026",
        "13:15 PM",
        "2026-09-10 13:15 PM",
        "soon",
        "1.2.3",
        "10. Octember 2026",
        "20261310",
        "46115",
    ],
)
def test_what_is_no_time_is_rejected(cell):
    with pytest.raises(UnreadableCellError):
        TimeReader().instant(cell)


def test_the_order_of_day_and_month_is_given_or_proved_and_never_guessed():
    with pytest.raises(UnreadableCellError, match="--day-order"):
        TimeReader().instant("09/10/2026 20:15")
    assert TimeReader(DayOrder.MONTH_FIRST).instant("09/10/2026 20:15") == EVENING
    assert TimeReader(DayOrder.DAY_FIRST).instant("10-09-2026 20:15") == EVENING
    assert proved_order(["09/10/2026", "", "28/09/2026"]) is DayOrder.DAY_FIRST
    assert proved_order(["28/09/2026", "09/28/2026"]) is None, "two orders prove none"
    assert TimeReader().day("10/10/2026") == dt.date(2026, 10, 10)


@pytest.mark.parametrize("cell", ["26-09-14", "26-09-14 20:15", "10-09-26"])
@pytest.mark.parametrize("order", DayOrder)
def test_a_year_of_two_digits_stands_behind_strokes_and_dots_only(cell, order):
    with pytest.raises(UnreadableCellError, match="is not a date"):
        TimeReader(order).instant(cell)


@pytest.mark.parametrize(
    ("cell", "order"),
    [
        ("26/9/14", None),
        ("28/09/26", None),
        ("28/09/32", DayOrder.DAY_FIRST),
        ("28/09/2026", DayOrder.DAY_FIRST),
        ("9/28/26", DayOrder.MONTH_FIRST),
    ],
)
def test_a_date_that_may_begin_with_its_year_proves_no_order(cell, order):
    assert proved_order([cell]) is order
    if order is None:
        with pytest.raises(UnreadableCellError, match=r"the day, the month or the year first; .*--day-order"):
            TimeReader().instant(cell)


def test_a_time_without_a_zone_is_in_the_one_that_is_given():
    reader = TimeReader(time_zone="Europe/Berlin")
    assert reader.instant("2026-09-10 22:15") == EVENING, "summer time"
    assert reader.instant("2026-12-10 21:15") == EVENING.replace(month=12), "standard time"
    assert reader.instant("2026-09-10 20:15 UTC") == EVENING
    assert reader.instant("2026-09-10") == dt.datetime(2026, 9, 9, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc/passwd", "/etc/localtime", "Europe"])
def test_a_zone_that_there_is_not_is_refused(name):
    with pytest.raises(ImportFileError, match="There is no time zone"):
        zone_named(name)
