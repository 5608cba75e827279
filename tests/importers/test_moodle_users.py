"""Special cases of Moodle's file of users; a whole sample is in test_golden.py."""

import json

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.users import FORMAT
from lmskit.importers.record import EnrollmentRecord, PersonRecord
from lmskit.vocabulary import EnrollmentStatus, Role
from tests.importers.golden import result, row_counts


def opened(tmp_path, header, *rows):
    path = tmp_path / "users.csv"
    path.write_text("\r\n".join([f"username,firstname,lastname,{header}", *(f"ida,Ida,Ober,{row}" for row in rows), ""]), encoding="utf-8")
    return FORMAT.open(path, ReadOptions())


def enrollments(source):
    return [(record.course, record.role, record.status) for record in source.records() if isinstance(record, EnrollmentRecord)]


@pytest.mark.parametrize(
    ("column", "cell", "role"),
    [
        ("role1", "", Role.STUDENT),
        ("role1", "Student", Role.STUDENT),
        ("role1", "editingteacher", Role.LECTURER),
        ("role1", "teacher", Role.LECTURER),
        ("type1", "1", Role.STUDENT),
        ("type1", "2", Role.LECTURER),
        ("type1", "3", Role.LECTURER),
    ],
)
def test_a_role_has_a_name_or_a_number(tmp_path, column, cell, role):
    assert enrollments(opened(tmp_path, f"course1,{column}", f"B1,{cell}")) == [("B1", role, EnrollmentStatus.ACTIVE)]


@pytest.mark.parametrize(("column", "cell"), [("role1", "manager"), ("role1", "observer"), ("type1", "4")])
def test_a_role_that_lmskit_does_not_have_is_rejected(tmp_path, column, cell):
    source = opened(tmp_path, f"course1,{column}", f"B1,{cell}")
    assert enrollments(source) == []
    assert [(rejection.column, rejection.value) for rejection in source.file.rejections] == [(column, cell)]


def test_a_person_may_be_enrolled_in_several_courses_by_one_row(tmp_path):
    source = opened(tmp_path, "course1,course2,course10,course3", "B1,B2,B10,", "B1,B1,,")
    assert [course for course, _, _ in enrollments(source)] == ["B1", "B2", "B10", "B1"]
    assert row_counts(source) == {"users.csv": (2, 2, 0)}


def test_a_row_without_a_course_is_only_a_person(tmp_path):
    assert enrollments(opened(tmp_path, "course1", "")) == []


def test_a_file_without_courses_is_about_the_course_of_the_import(tmp_path):
    assert enrollments(opened(tmp_path, "cohort1", "B")) == [(None, Role.STUDENT, EnrollmentStatus.ACTIVE)]


def test_a_suspended_person_is_withdrawn_and_a_deleted_person_is_rejected(tmp_path):
    header = "course1,enrolstatus1,suspended,deleted"
    source = opened(tmp_path, header, "B1,1,,", "B1,0,1,", "B1,,,0", "B1,,,1", "B1,,maybe,")
    assert [status for _, _, status in enrollments(source)] == [EnrollmentStatus.WITHDRAWN] * 2 + [EnrollmentStatus.ACTIVE]
    assert [(rejection.row, rejection.column) for rejection in source.file.rejections] == [(5, "deleted"), (6, "suspended")]


def test_a_user_name_is_never_used_as_an_address(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("username,firstname,lastname\nIda@Example.org,Ida,Ober\n", encoding="utf-8")
    (person,) = [record for record in FORMAT.open(path, ReadOptions()).records() if isinstance(record, PersonRecord)]
    assert (person.key.source_id, person.key.email) == ("ida@example.org", None)


@pytest.mark.parametrize("row", ["geheim,nobody@localhost,B1", "geheim", 'geheim,"x"y,B1', "geheim\0,x@example.org,B1"])
def test_no_report_repeats_a_password(tmp_path, row):
    source = opened(tmp_path, "password,email,course1", row)
    reported = json.dumps(result(source))
    assert source.file.rejections
    assert "geheim" not in reported
    assert "password" in source.file.skipped_columns


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("username,lastname", "lacks firstname, which a file of users for Moodle has"),
        ("username,firstname,lastname,UserName ", "has the column username more than once"),
        ("username,firstname,lastname,course1,Course01", "has the column Course01 more than once"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(tmp_path, header, sentence):
    path = tmp_path / "users.csv"
    path.write_text(header + "\n", encoding="utf-8")
    with pytest.raises(ImportFileError, match=sentence):
        FORMAT.open(path, ReadOptions())
