"""Special cases of Canvas SIS files; a whole sample is in test_golden.py."""

import shutil
import zipfile

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.sis import FORMAT
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import EnrollmentRecord, PersonRecord
from tests.importers.golden import SAMPLES, result

SAMPLE = SAMPLES / "canvas-sis" / "university"
ENROLLMENTS = "course_id,user_id,role,section_id,status\n"


def folder_of(tmp_path, **files):
    tmp_path.mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def opened(path):
    return FORMAT.open(path, ReadOptions())


def reasons(source):
    list(source.records())
    return [(rejection.column, rejection.reason) for part in source.parts for rejection in part.rejections]


def test_a_zip_archive_is_read_like_a_folder(tmp_path):
    shutil.make_archive(str(tmp_path / "sis"), "zip", SAMPLE)
    in_folder, packed = opened(SAMPLE), opened(tmp_path / "sis.zip")
    assert result(packed) == result(in_folder)
    assert packed.sha256 == in_folder.sha256


def test_the_unpacked_files_exist_as_long_as_the_source(tmp_path):
    with zipfile.ZipFile(tmp_path / "sis.zip", "w") as target:
        target.write(SAMPLE / "users.csv", "users.csv")
    source = opened(tmp_path / "sis.zip")
    path = source.folder["users.csv"]
    assert list(source.records())
    del source
    assert not path.exists()


def test_files_are_recognised_by_their_header_and_there_may_be_several_of_a_kind(tmp_path):
    users = "user_id,login_id,first_name,last_name,status\n"
    path = folder_of(tmp_path / "sis", first=users + "1,a,A,B,active\n", second=users + "2,c,C,D,active\n")
    assert [record.key.source_id for record in opened(path).records()] == ["1", "2"]
    assert FORMAT.detect(path / "first.csv")
    assert [part.name for part in opened(path / "second.csv").parts] == ["second.csv"]


def test_ids_keep_their_leading_zeros(tmp_path):
    path = folder_of(tmp_path, enrollments=ENROLLMENTS + "007,0042,student,,active\n")
    (enrollment,) = opened(path).records()
    assert (enrollment.course, enrollment.person.source_id) == ("007", "0042")


def test_the_course_of_an_enrollment_may_be_that_of_its_section(tmp_path):
    sections = "section_id,course_id,name,status\nS1,C1,One,active\n"
    path = folder_of(
        tmp_path, sections=sections, enrollments=ENROLLMENTS + ",1,student,S1,active\n,1,student,S2,active\nC2,1,student,S1,active\n"
    )
    source = opened(path)
    assert [record.course for record in source.records()] == ["C1"]
    assert reasons(source) == [
        ("section_id", "names a section that is not in sections.csv"),
        ("section_id", "names a section of another course"),
    ]


def test_without_a_file_of_sections_the_enrollment_must_name_its_course(tmp_path):
    path = folder_of(tmp_path, enrollments=ENROLLMENTS + "C1,1,student,S1,active\n,1,student,S1,active\n")
    source = opened(path)
    assert [record.course for record in source.records()] == ["C1"]
    assert reasons(source) == [("section_id", "does not identify a course, since there is no sections.csv")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("active", "active"), ("inactive", "withdrawn"), ("deleted", "withdrawn"), ("completed", "completed"), ("concluded", "completed")],
)
def test_each_status_of_canvas_becomes_one_of_lmskit(tmp_path, status, expected):
    path = folder_of(tmp_path, enrollments=ENROLLMENTS + f"C1,1,student,,{status}\n")
    assert [record.status for record in opened(path).records() if isinstance(record, EnrollmentRecord)] == [expected]


@pytest.mark.parametrize("role", ["ta", "designer", "observer", "admin", "", "Student"])
def test_only_students_and_teachers_are_imported(tmp_path, role):
    assert [column for column, _ in reasons(opened(folder_of(tmp_path, enrollments=ENROLLMENTS + f"C1,1,{role},,active\n")))] == ["role"]


def test_a_teacher_is_a_lecturer_even_if_the_enrollment_is_rejected_and_an_observer_is_rejected(tmp_path):
    users = "user_id,login_id,first_name,last_name,status\n1,a,A,B,active\n2,c,C,D,active\n3,e,E,F,active\n4,g,G,H,active\n"
    enrollments = ENROLLMENTS + ",1,teacher,,active\nC1,1,student,,active\nC1,2,observer,,active\nC1,3,ta,,active\nC1,3,student,,active\n"
    source = opened(folder_of(tmp_path, users=users, enrollments=enrollments))
    people = [record for record in source.records() if isinstance(record, PersonRecord)]
    assert [(person.key.source_id, person.role) for person in people] == [("1", "lecturer"), ("3", None), ("4", None)]
    assert ("user_id", "is enrolled, but neither as student nor as teacher") in reasons(source)


def test_a_login_is_never_used_as_an_address(tmp_path):
    path = folder_of(tmp_path, users="user_id,login_id,first_name,last_name,status\n1,someone@uni-beispiel.de,A,B,active\n")
    (person,) = (record for record in opened(path).records() if isinstance(record, PersonRecord))
    assert person.key.email is None


def test_a_folder_without_any_of_the_files_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match=r"has none of terms\.csv, courses\.csv, users\.csv, enrollments\.csv"):
        opened(folder_of(tmp_path, accounts="account_id,parent_account_id,name,status\nA,,B,active\n"))
    assert not FORMAT.detect(tmp_path)
    assert not FORMAT.detect(tmp_path / "nowhere")
