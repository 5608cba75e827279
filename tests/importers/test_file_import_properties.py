"""For any file: every row has a result, a second import changes nothing, a dry run reports the same."""

import itertools
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.examples import share
from tests.importers.plain import content, csv_file

NASTY = [
    "Ada",
    "O'Neill",
    "=HYPERLINK(1)",
    "<img src=x onerror=alert(1)>",
    "\u202eevil\u202c",
    "A\u0301da",
    "Ångström",
    "NaN",
    "",
    "x" * 201,
    "two\nlines",
    "王, 小",
]
ID = st.sampled_from(["", "", "1", "2", "3", "01"])
SIS = st.sampled_from(["", "", "S1", "S2"])
ADDRESS = st.sampled_from(["", "a@example.org", "b@example.org", "C@Example.org", "d@x.invalid", "no address"])
NAME = st.sampled_from(NASTY)
ROSTER = st.tuples(
    ID,
    SIS,
    ADDRESS,
    NAME,
    NAME,
    st.sampled_from(["", "", "student", "teacher", "parent"]),
    st.sampled_from(["", "active", "withdrawn", "completed", "asleep"]),
    st.sampled_from(["", "2026-09-20", "2027-01-01", "soon"]),
    st.sampled_from(["", "2026-09-19", "2027-02-01"]),
    st.sampled_from(["", "", "", "NO-SUCH-COURSE"]),
)
ROSTER_HEADER = ("id", "sis_id", "email", "family_name", "given_name", "role", "status", "started_on", "ended_on", "course")
RESULTS = st.tuples(
    ID,
    SIS,
    ADDRESS,
    st.sampled_from(["Ada", "Ben, B", ""]),
    st.sampled_from(["Week 1", "Week 2", "Final", ""]),
    st.sampled_from(["", "0", "5", "10.5", "x", "-1", "EX"]),
    st.sampled_from(["10", "10", "20", ""]),
    st.sampled_from(["", "", "1", "2", "0"]),
    st.sampled_from(["", "", "2026-10-01", "2026-10-01 12:00:00", "2026-10-02 08:00:00", "late"]),
)
RESULTS_HEADER = ("id", "sis_id", "email", "name", "quiz", "score", "max_score", "attempt", "submitted_at")
FILES = st.lists(
    st.one_of(
        st.lists(ROSTER, min_size=1, max_size=7).map(lambda rows: [ROSTER_HEADER, *rows]),
        st.lists(RESULTS, min_size=1, max_size=7).map(lambda rows: [RESULTS_HEADER, *rows]),
    ),
    min_size=1,
    max_size=3,
)
_runs = itertools.count()


def check(session, tmp_path, files):
    course = factories.course(session).code
    for rows in files:
        path = csv_file(tmp_path / f"{next(_runs)}.csv", rows)

        def run(path=path, **options):
            return import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course, **options))

        before = content(session)
        rehearsed = run(dry_run=True)
        assert content(session) == before
        first = run()
        assert replace(rehearsed, dry_run=False, touched=()) == replace(first, touched=())
        of_rows = [outcome for outcome in first.outcomes if outcome.row is not None]
        assert first.total.rows_in == len(rows) - 1 == len(of_rows)
        assert all(outcome.state == "missing" for outcome in first.outcomes if outcome.row is None)
        rejected = [rejection.row for rejection in first.rejections]
        assert len(rejected) == len(set(rejected)) == first.total.rejected
        assert sorted(rejected) == sorted(outcome.row for outcome in first.outcomes if outcome.state == "rejected")
        after = content(session)
        second = run()
        assert (second.total.added, second.total.changed, second.touched) == (0, 0, ())
        assert second.rejections == first.rejections
        assert content(session) == after


@contextmanager
def rolled_back(session):
    """Roll back all changes within, whether or not they succeed."""
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


@given(files=FILES)
@settings(max_examples=share(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_has_a_result_and_a_second_import_changes_nothing(session, tmp_path, files):
    with rolled_back(session):
        check(session, tmp_path, files)


@pytest.mark.exhaustive
@given(files=FILES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_of_many_more_files_has_a_result(session, tmp_path, files):
    with rolled_back(session):
        check(session, tmp_path, files)
