"""Which backups prune keeps: 7 daily, 4 weekly, 12 monthly, the newest, and never without the last verified one."""

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lmskit.backups.retention import DAILY, MONTHLY, WEEKLY, Dated, kept

HOURS = 3 * 365 * 24
TIMES = st.integers(0, HOURS).map(lambda hours: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hours))
BACKUPS = st.lists(st.builds(Dated, TIMES, st.uuids().map(str), st.booleans()), max_size=120)


def newest(backups):
    return max(backups).name


@given(BACKUPS)
def test_the_law(backups):
    stay = kept(backups)
    remaining = [backup for backup in backups if backup.name in stay]
    assert stay <= {backup.name for backup in backups}
    assert len(stay) <= DAILY + WEEKLY + MONTHLY + 2
    if not backups:
        return
    assert newest(backups) in stay
    verified = [backup for backup in backups if backup.is_verified]
    if verified:
        assert newest(verified) in stay, "never without the last verified one"
    periods = (
        (DAILY, lambda at: at.date()),
        (WEEKLY, lambda at: at.isocalendar()[:2]),
        (MONTHLY, lambda at: (at.year, at.month)),
    )
    for most, period in periods:
        with_any = sorted({period(backup.taken_at) for backup in backups})
        assert set(with_any[-most:]) <= {period(backup.taken_at) for backup in remaining}
        for of_period in with_any[-most:]:
            if any(period(backup.taken_at) == of_period for backup in verified):
                assert any(period(backup.taken_at) == of_period and backup.is_verified for backup in remaining)
    assert kept(remaining) == stay, "pruning twice removes no more"


@given(st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), st.integers(1, 430))
def test_pruned_every_night_there_is_always_one_of_each_of_the_last_days_weeks_and_months(first, nights):
    there: list[Dated] = []
    for night in range(nights):
        taken_at = dt.datetime.combine(first, dt.time(1, 30), dt.UTC) + dt.timedelta(days=night)
        there.append(Dated(taken_at, str(night), is_verified=True))
        stay = kept(there)
        there = [backup for backup in there if backup.name in stay]
    days = [backup.taken_at.date() for backup in there]
    past = [first + dt.timedelta(days=night) for night in range(nights)]
    assert days[-min(nights, DAILY) :] == past[-DAILY:]
    assert len({day.isocalendar()[:2] for day in days}) >= min(WEEKLY, len({day.isocalendar()[:2] for day in past}))
    months = sorted({(day.year, day.month) for day in days})
    assert len(months) == min(MONTHLY, len({(day.year, day.month) for day in past}))
    assert all(late[0] * 12 + late[1] - early[0] * 12 - early[1] == 1 for early, late in pairwise(months))
