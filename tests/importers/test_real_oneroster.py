"""OneRoster bundles of other projects: the records of each file, with a result for every row."""

from collections import Counter

import pytest

from lmskit.importers.formats import ReadOptions
from lmskit.importers.oneroster.bundle import FORMAT
from tests import factories
from tests.importers.golden import result, row_counts
from tests.importers.real_import import added, entities, imported_twice
from tests.real_data import REAL_DATA

ONEROSTER = REAL_DATA / "oneroster"

pytestmark = pytest.mark.skipif(not ONEROSTER.is_dir(), reason=f"the data set is not there: {ONEROSTER}")

ROW_COUNTS = {
    "OneRosterv1p1BaseCSV": {
        "academicSessions.csv": (0, 0, 0),
        "classes.csv": (3, 3, 0),
        "users.csv": (2, 2, 0),
        "enrollments.csv": (3, 3, 0),
    },
    "Test_minimal_data_set": {
        "academicSessions.csv": (3, 3, 0),
        "classes.csv": (2, 2, 0),
        "users.csv": (6, 5, 1),
        "enrollments.csv": (6, 6, 0),
    },
    "oneroster_test_data": {
        "academicSessions.csv": (1, 1, 0),
        "classes.csv": (1, 1, 0),
        "users.csv": (1, 1, 0),
        "enrollments.csv": (1, 1, 0),
    },
}
"""By bundle and file: rows that were read, those of which there is a record, those that are rejected."""


def opened(name):
    return FORMAT.open(ONEROSTER / name, ReadOptions())


@pytest.mark.parametrize("name", ROW_COUNTS)
def test_every_row_has_a_record_or_is_rejected(name):
    assert FORMAT.detect(ONEROSTER / name)
    assert row_counts(opened(name)) == ROW_COUNTS[name]


def test_the_archive_is_read_like_the_folder():
    packed, folder = opened("Test_minimal_data_set.zip"), opened("Test_minimal_data_set")
    assert result(packed) == result(folder)
    assert packed.sha256 == folder.sha256


def test_a_parent_is_rejected():
    assert result(opened("Test_minimal_data_set"))["parts"]["users.csv"]["rejections"] == [
        "users.csv, row 4, column role: is a role that is not imported: only students and teachers are ('parent')"
    ]


def test_sessions_of_other_types_are_counted_in_the_notes():
    source = opened("Test_minimal_data_set")
    list(source.records())
    assert [note for note in source.notes if note.startswith("Academic sessions")] == [
        "Academic sessions of type gradingPeriod, which are not imported (terms and semesters are): 1.",
        "Academic sessions of type schoolYear, which are not imported (terms and semesters are): 1.",
    ]


def test_extension_columns_are_skipped_and_listed():
    skipped = opened("OneRosterv1p1BaseCSV").csv["users"].skipped_columns
    assert {"ext_imagineLearning_databaseId", "ext_imagineLearning_studentPassword", "ext_tao_userMotherName"} <= set(skipped)


def test_only_the_delta_is_partial_and_no_password_is_repeated():
    assert [opened(name).is_partial for name in ROW_COUNTS] == [False, False, True]
    assert not any(password in str(result(opened(name))) for name in ROW_COUNTS for password in ("Password1-", "Batman.Ru1ez"))


def test_each_bundle_is_imported_and_a_second_import_changes_nothing(session):
    taught_by, term = factories.lecturer(session), factories.term(session)
    base = imported_twice(session, FORMAT, ONEROSTER / "OneRosterv1p1BaseCSV", lecturer=taught_by.email, term=term.code)
    assert added(base) == {"academicSessions.csv": (0, 0), "classes.csv": (3, 0), "users.csv": (2, 0), "enrollments.csv": (3, 0)}
    assert entities(base) == {"courses": 3, "students": 2, "enrollments": 3}
    delta = imported_twice(session, FORMAT, ONEROSTER / "oneroster_test_data", lecturer=taught_by.email)
    assert added(delta) == {"academicSessions.csv": (1, 0), "classes.csv": (1, 0), "users.csv": (1, 0), "enrollments.csv": (1, 0)}
    assert entities(delta) == {"terms": 1, "courses": 1, "students": 1, "enrollments": 1}


def test_lecturers_without_an_address_are_rejected_and_so_are_rows_that_name_them(session):
    taught_by = factories.lecturer(session)
    report = imported_twice(session, FORMAT, ONEROSTER / "Test_minimal_data_set.zip", lecturer=taught_by.email)
    assert added(report) == {"academicSessions.csv": (3, 0), "classes.csv": (2, 0), "users.csv": (3, 3), "enrollments.csv": (2, 4)}
    assert entities(report) == {"terms": 3, "courses": 2, "students": 3, "enrollments": 2}
    assert Counter((rejection.file, rejection.reason) for rejection in report.rejections) == {
        ("users.csv", "is a lecturer without an e-mail address, and lecturers need one"): 2,
        ("users.csv", "is a role that is not imported: only students and teachers are"): 1,
        ("enrollments.csv", "names a person who is neither in lmskit nor in an imported row"): 2,
        ("enrollments.csv", "is a person who is not a student in lmskit"): 2,
    }
