"""Moodle's own rosters, imported twice."""

import pytest
from sqlalchemy import select

from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.users import FORMAT
from lmskit.importers.registry import FORMATS, detected
from lmskit.models import Course, Enrollment, User
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.importers.golden import row_counts
from tests.real_data import REAL_DATA

MOODLE = REAL_DATA / "moodle"

pytestmark = pytest.mark.skipif(not MOODLE.is_dir(), reason=f"the files are not there: {MOODLE}")

ROSTERS = {"upload_users.csv": 2, "upload_users_cohorts.csv": 4, "upload_users_profile.csv": 2}
SKIPPED = {
    "upload_users.csv": ("password", "group1"),
    "upload_users_cohorts.csv": ("password", "cohort1"),
    "upload_users_profile.csv": ("password", "profile_field_superfield"),
}


def roster(name):
    return FORMAT.open(MOODLE / "rosters" / name, ReadOptions())


def outcomes(report):
    return [(outcome.row, outcome.state) for outcome in report.outcomes]


@pytest.mark.parametrize("name", ROSTERS)
def test_each_roster_is_recognised_and_each_row_is_a_record(name):
    assert detected(MOODLE / "rosters" / name) is FORMAT
    assert row_counts(roster(name)) == {name: (ROSTERS[name], ROSTERS[name], 0)}
    assert roster(name).file.skipped_columns == SKIPPED[name]


def test_all_persons_are_enrolled_in_the_course_that_the_file_names(session):
    course = factories.course(session, code="math102")
    first = import_file(session, roster("upload_users.csv"))
    assert outcomes(first) == [(2, "added"), (3, "added")]
    names = session.scalars(
        select(User.family_name).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == course.id)
    )
    assert sorted(names) == ["Jones", "Reznor"]
    second = import_file(session, roster("upload_users.csv"))
    assert outcomes(second) == [(2, "unchanged"), (3, "unchanged")]


def test_rows_with_an_unknown_course_are_rejected(session):
    assert session.scalar(select(Course).where(Course.code == "math102")) is None
    report = import_file(session, roster("upload_users.csv"))
    assert outcomes(report) == [(2, "rejected"), (3, "rejected")]
    assert all("math102" in str(rejection) for rejection in report.rejections)


@pytest.mark.parametrize("name", ["upload_users_cohorts.csv", "upload_users_profile.csv"])
def test_a_roster_without_courses_creates_persons_or_enrols_them_in_the_given_course(session, name):
    report = import_file(session, roster(name))
    assert (report.total.added, report.total.rejected) == (ROSTERS[name], 0)
    assert report.entity("enrollments").total == 0
    course = factories.course(session)
    enrolled = import_file(session, roster(name), ImportOptions(course=course.code))
    assert enrolled.entity("enrollments").added == ROSTERS[name]
    assert import_file(session, roster(name), ImportOptions(course=course.code)).total.unchanged == ROSTERS[name]


def test_the_same_user_with_another_address_is_changed_and_not_created_again(session):
    factories.course(session, code="math102")
    import_file(session, roster("upload_users.csv"))
    report = import_file(session, roster("upload_users_profile.csv"))
    assert outcomes(report) == [(2, "changed"), (3, "added")]


@pytest.mark.parametrize("name", ["results00.csv", "steps00.csv", "qstats00.csv", "questions00.csv", "responsecounts00.csv"])
def test_the_tables_of_moodles_own_tests_name_no_people_and_have_no_format(name):
    path = MOODLE / "quiz_statistics" / name
    assert [form.name for form in FORMATS if form.detect(path)] == []
