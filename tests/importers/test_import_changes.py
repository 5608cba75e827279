"""What an import changes is listed with the old and the new value."""

import pytest

from lmskit.services.file_import import report as report_step
from tests import factories

HEADER = "email,family_name,given_name,status,started_on,ended_on,quiz,score,max_score,attempt,submitted_at\n"


@pytest.fixture
def ada(session, course):
    """A student of the course from an import, with an attempt."""
    return factories.student(session, email="ada@example.org", family_name="Lovelace", given_name="Ada")


def row(**cells):
    names = HEADER.strip().split(",")
    return ",".join({"email": "ada@example.org", **cells}.get(name, "") for name in names)


@pytest.fixture
def changes(imported, ada):
    """The changes of a second file after a first one, each as reason, old and new value."""

    def run(first, second):
        imported(HEADER + first)
        return [(found.reason, found.before, found.after) for found in imported(HEADER + second).outcomes if found.state == "changed"]

    return run


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [
        ({}, {"family_name": "King", "given_name": "Ada"}, ("name", "Lovelace, Ada", "King, Ada")),
        ({}, {"status": "completed"}, ("status of enrollment", "active", "completed")),
        (
            {"started_on": "2026-09-20"},
            {"started_on": "2026-09-21"},
            ("days of enrollment", "from 2026-09-20", "from 2026-09-21"),
        ),
        (
            {"status": "withdrawn", "started_on": "2026-09-20", "ended_on": "2026-10-01"},
            {"status": "withdrawn", "started_on": "2026-09-20", "ended_on": "2026-10-02"},
            ("days of enrollment", "from 2026-09-20 to 2026-10-01", "from 2026-09-20 to 2026-10-02"),
        ),
        (
            {"quiz": "Week 1", "score": "2", "max_score": "10", "attempt": "1", "submitted_at": "2026-10-01 10:00:00"},
            {"quiz": "Week 1", "score": "3.5", "max_score": "10", "attempt": "1", "submitted_at": "2026-10-01 10:00:00"},
            ("score", "2 of 10", "3.5 of 10"),
        ),
        (
            {"quiz": "Week 1", "score": "2", "max_score": "10", "attempt": "1", "submitted_at": "2026-10-01 10:00:00"},
            {"quiz": "Week 1", "score": "2", "max_score": "10", "attempt": "1", "submitted_at": "2026-10-01 11:00:00"},
            ("times", "2026-10-01 10:00", "2026-10-01 11:00"),
        ),
    ],
)
def test_a_change_has_the_old_and_the_new_value(changes, first, second, change):
    assert changes(row(**first), row(**second)) == [change]


def test_a_row_with_several_changes_lists_them_in_one_order(session, course, imported, ada):
    factories.enrollment(session, course, ada)
    [found] = imported(HEADER + row(family_name="King", given_name="Ada", status="completed")).outcomes
    assert (found.state, found.reason) == ("changed", "name; status of enrollment")
    assert (found.before, found.after) == ("Lovelace, Ada; active", "King, Ada; completed")
    assert str(found) == (
        f"file.csv, row 2: King, Ada · {course.code}: name; status of enrollment (Lovelace, Ada; active → King, Ada; completed)"
    )


def test_a_new_or_unchanged_row_has_no_values(imported):
    for _ in range(2):
        [found] = imported("email,family_name\nben@example.org,Babbage").outcomes
        assert (found.before, found.after) == ("", "")


def test_of_too_many_rows_those_that_change_something_are_listed(monkeypatch, imported):
    names = [f"name{number}" for number in range(6)]
    imported("email,family_name\n" + "\n".join(f"{name}@example.org,{name}" for name in names))
    monkeypatch.setattr(report_step, "MAX_OUTCOMES", 3)
    rows = [f"{name}@example.org,{name}{'x' * (name == 'name4')}" for name in names]
    found = imported("email,family_name\n" + "\n".join([*rows, "new@example.org,New", "no address,Nobody"])).outcomes
    assert [(outcome.row, outcome.state) for outcome in found] == [(6, "changed"), (8, "added"), (9, "rejected")]
