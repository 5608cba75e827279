"""Days and JSON that Python cannot hold are read as the nearest that it can, and values beyond a bound are refused in a sentence."""

import datetime as dt

import pytest
from sqlalchemy import text

from lmskit.db import transaction
from lmskit.db.bulk import connection_of
from lmskit.db.values import UNREADABLE
from lmskit.errors import RefusedValueError
from lmskit.readable import FIRST_DAY, LAST_DAY

EARLY, LATE = ("-infinity", "4713-01-01 BC", "0001-01-01 BC"), ("infinity", "10000-01-01", "290000-01-01")
READABLE = ("0001-01-03", "1999-12-31", "2000-01-01", "9999-12-29")


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_a_day_that_no_calendar_has_stays_before_or_after_all_others(session, kind, binary):
    connection = connection_of(session)
    for written, expected in (*((day, FIRST_DAY) for day in EARLY), *((day, LAST_DAY) for day in LATE), *((day, None) for day in READABLE)):
        row = connection.cursor(binary=binary).execute(f"SELECT '{written}'::{kind}").fetchone()
        assert row is not None
        found = row[0]
        day = found.date() if isinstance(found, dt.datetime) else found
        assert day == (expected or dt.date.fromisoformat(written))
        assert (getattr(found, "tzinfo", None) is not None) == (kind == "timestamptz")


def test_json_of_any_depth_and_with_numbers_of_any_length_is_read(session):
    deep = "[" * 3000 + "]" * 3000
    found = session.execute(text("SELECT CAST(:deep AS jsonb), CAST(:long AS jsonb)"), {"deep": deep, "long": "9" * 5000}).one()
    assert set(found[0]) == {UNREADABLE}
    assert found[1] == float("inf")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE terms SET code = E'T\\u200b'", "The database refuses a row of terms: code has a character that cannot be seen"),
        ("UPDATE terms SET ends_on = starts_on", "a row of terms, since it breaks the rule: ends after it starts"),
        ("SELECT CAST(4000000000 AS integer)", "integer out of range. Nothing was changed"),
        ("SELECT CAST(1e9 AS numeric(12, 4))", "numeric field overflow. A field with precision 12, scale 4"),
        ("SELECT DATE '2026-02-30'", "date/time field value out of range"),
        (r"""SELECT CAST('{"a": "\u0000"}' AS jsonb)""", "unsupported Unicode escape sequence"),
    ],
)
def test_a_value_that_a_column_does_not_take_is_refused_in_a_sentence(admin_engine, statement, sentence):
    with pytest.raises(RefusedValueError) as refused, transaction(admin_engine) as session:  # noqa: PT012 - the row has to be there first
        session.execute(text("INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('VALUES', 'A', '2026-01-01', '2026-06-30')"))
        session.connection().exec_driver_sql(statement)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
