"""Special cases of OneRoster bundles; whole samples are in test_golden.py."""

import shutil

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.oneroster.bundle import FORMAT
from lmskit.importers.record import CourseRecord, EnrollmentRecord, PersonRecord
from lmskit.importers.registry import detected
from tests.importers.golden import SAMPLES, result

CLASSES = "sourcedId,title,classCode,courseSourcedId,termSourcedIds\n"
USERS = "sourcedId,status,role,givenName,familyName,email\n"
ENROLLMENTS = "sourcedId,status,classSourcedId,userSourcedId,role,primary,beginDate,endDate\n"


def bundle(folder, version="1.1", content="bulk", **files):
    folder.mkdir(exist_ok=True)
    declared = "".join(f"file.{name},{content}\n" for name in files)
    (folder / "manifest.csv").write_text(f"propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n{declared}")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def opened(path):
    return FORMAT.open(path, ReadOptions())


def of_kind(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


def test_a_zip_archive_is_read_like_a_folder(tmp_path):
    shutil.make_archive(str(tmp_path / "bundle"), "zip", SAMPLES / "oneroster", "version_1_1")
    in_folder, packed = opened(SAMPLES / "oneroster" / "version_1_1"), opened(tmp_path / "bundle.zip")
    assert result(packed) == result(in_folder)
    assert packed.sha256 == in_folder.sha256


def test_demographics_and_user_profiles_are_not_even_unpacked(tmp_path):
    shutil.make_archive(str(tmp_path / "bundle"), "zip", SAMPLES / "oneroster" / "version_1_1")
    assert "demographics.csv" not in opened(tmp_path / "bundle.zip").folder


def test_a_missing_declared_file_is_an_error_and_an_undeclared_file_a_note(tmp_path):
    folder = bundle(tmp_path, users=USERS, classes=CLASSES)
    (folder / "extra.csv").write_text("id\n")
    assert "Not read, since manifest.csv does not declare them: extra.csv." in opened(folder).notes
    (folder / "classes.csv").unlink()
    with pytest.raises(ImportFileError, match=r"manifest\.csv declares classes\.csv, which is missing"):
        opened(folder)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("propertyname,value\noneroster.version,1.1\n", "lacks the column propertyName"),
        ("propertyName,value\noneroster.version,1.0\n", r"is of OneRoster 1\.0; versions 1\.1 and 1\.2 are read"),
        ("propertyName,value\nfile.users,bulk\n", r"has no oneroster\.version"),
        ("propertyName,value\noneroster.version,\nfile.users,bulk\n", r"has no value for oneroster\.version"),
        ("propertyName,value\noneroster.version,1.1\nfile.users,\n", r"has no value for file\.users; it must be bulk, delta or absent"),
        ("propertyName,value\noneroster.version,1.1\nfile.users,Bulk\n", "must be bulk, delta or absent"),
        ("propertyName,value\noneroster.version,1.1\noneroster.version,1.2\n", "is declared twice, with different values"),
        ("propertyName,value\noneroster.version,1.1\nfile.users\n", "A manifest is read only if all its rows can be read"),
        ("propertyName,value\noneroster.version,1.1\nfile.orgs,bulk\n", "declares neither terms nor classes nor users nor enrollments"),
    ],
)
def test_a_manifest_must_be_exact(tmp_path, manifest, message):
    bundle(tmp_path, users=USERS, orgs="sourcedId\n")
    (tmp_path / "manifest.csv").write_text(manifest)
    assert detected(tmp_path) is FORMAT
    with pytest.raises(ImportFileError, match=message):
        opened(tmp_path)


def test_empty_header_names_at_the_end_of_the_manifest_and_of_a_file_are_not_read(tmp_path):
    users = "sourcedId,status,role,givenName,familyName,email,,\nu1,,student,Ada,Vale,,,\nu2,,student,Ben,Orr,,\n"
    bundle(tmp_path, users=users)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("".join(f"{line},,\n" for line in manifest.read_text().splitlines()))
    assert detected(tmp_path) is FORMAT
    source = opened(tmp_path)
    assert [person.key.source_id for person in of_kind(source, PersonRecord)] == ["u1", "u2"]
    assert source.parts[0].rejections == []


ROLES = "sourcedId,userSourcedId,roleType,role,orgSourcedId\nr1,u1,primary,student,o1\nr2,u2,primary,student,o1\n"


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (0, r"roles\.csv is empty"),
        (ROLES.index("role,orgSourcedId"), r"roles\.csv lacks the column role; it has sourcedId, userSourcedId, roleType"),
        (ROLES.index("u1,"), r"roles\.csv, row 2: the file ends after 2 of 5 cells: it seems to be cut off"),
        (ROLES.index("primary,student,o1\nr2"), r"roles\.csv, row 2: the file ends after 3 of 5 cells"),
        (ROLES.index("u2"), r"roles\.csv, row 3: the file ends after 2 of 5 cells"),
    ],
)
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_file_of_roles_that_is_cut_off_is_named(tmp_path, version, kept, message):
    users = f"{USERS}u1,,student,Ada,Vale,\nu2,,student,Ben,Orr,\n"
    bundle(tmp_path, version=version, users=users, roles=ROLES[:kept])
    assert detected(tmp_path) is FORMAT
    with pytest.raises(ImportFileError, match=message):
        list(opened(tmp_path).records())


def test_headers_must_be_exact(tmp_path):
    with pytest.raises(ImportFileError, match=r"users\.csv lacks the columns? .*sourcedId"):
        opened(bundle(tmp_path, users="SourcedID,status,role,givenName,familyName\n"))


@pytest.mark.parametrize(("content", "is_partial"), [("bulk", False), ("delta", True)])
def test_a_delta_contains_changes_only(tmp_path, content, is_partial):
    assert opened(bundle(tmp_path, users=USERS, content=content)).is_partial is is_partial


@pytest.mark.parametrize(
    ("classes", "codes"),
    [
        ("c1,A,PHY,,\nc2,B,HIS,,\n", ["PHY", "HIS"]),
        ("c1,A,PHY,,\nc2,B,PHY,,\n", ["c1", "c2"]),
        ("c1,A,PHY/1,,\nc2,B,,,\n", ["c1", "c2"]),
    ],
)
def test_the_code_of_a_class_is_used_if_no_other_class_has_it(tmp_path, classes, codes):
    assert [course.code for course in of_kind(opened(bundle(tmp_path, classes=CLASSES + classes)), CourseRecord)] == codes


def test_a_class_of_a_grading_period_belongs_to_the_term_in_which_it_is(tmp_path):
    sessions = "sourcedId,title,type,startDate,endDate,parentSourcedId\n"
    sessions += "y,Year,schoolYear,2031-09-01,2032-07-01,\nt,Term,term,2031-09-01,2031-12-01,y\nq,Q,gradingPeriod,2031-09-01,2031-10-01,t\n"
    sessions += "loop,L,gradingPeriod,2031-09-01,2031-10-01,loop\n"
    classes = CLASSES + "c1,A,,,q\nc2,B,,,y\nc3,C,,,loop\nc4,D,,,from an earlier import\n"
    source = opened(bundle(tmp_path, academicSessions=sessions, classes=classes))
    assert [course.term for course in of_kind(source, CourseRecord)] == ["t", None, None, "from an earlier import"]
    assert [warning.reason for warning in source.warnings if warning.column == "termSourcedIds"] == ["is not within a term or semester"] * 2


@pytest.mark.parametrize("role", ["administrator", "aide", "guardian", "parent", "proctor", "relative", "Student"])
def test_only_students_and_teachers_are_imported(tmp_path, role):
    source = opened(bundle(tmp_path, users=USERS + f"u1,,{role},A,B,\nu2,,student,C,D,\n"))
    assert [person.key.source_id for person in of_kind(source, PersonRecord)] == ["u2"]
    assert [(rejection.column, rejection.value) for rejection in source.csv["users"].rejections] == [("role", role)]


def test_an_enrollment_to_be_deleted_is_withdrawn_and_nothing_else_is_deleted(tmp_path):
    users = USERS + "u1,tobedeleted,student,A,B,\n"
    enrollments = ENROLLMENTS + "e1,tobedeleted,c1,u1,student,,2031-09-01,2031-10-01\n"
    source = opened(bundle(tmp_path, content="delta", users=users, enrollments=enrollments))
    (enrollment,) = source.records()
    assert (enrollment.status, str(enrollment.ended_on)) == ("withdrawn", "2031-10-01")
    assert [rejection.reason for rejection in source.csv["users"].rejections] == ["is to be deleted; an import deletes nothing"]


def test_the_primary_teacher_of_a_class_is_the_first(tmp_path):
    enrollments = ENROLLMENTS + "e1,,c1,u1,teacher,false,,\ne2,,c1,u2,teacher,true,,\ne3,,c1,u3,student,,,\n"
    records = of_kind(opened(bundle(tmp_path, enrollments=enrollments)), EnrollmentRecord)
    assert [record.person.source_id for record in records if record.role == "lecturer"] == ["u2", "u1"]


def test_in_version_1_2_roles_have_a_file_of_their_own_and_a_person_has_one(tmp_path):
    users = "sourcedId,givenName,familyName\nu1,A,B\nu2,C,D\nu3,E,F\nu4,G,H\n"
    roles = "userSourcedId,roleType,role\nu1,primary,teacher\nu1,secondary,parent\nu2,primary,teacher\nu2,primary,student\n"
    roles += "u4,secondary,student\n"
    source = opened(bundle(tmp_path, version="1.2", users=users, roles=roles))
    assert [(person.key.source_id, person.role) for person in of_kind(source, PersonRecord)] == [("u1", "lecturer")]
    no_role = "has no primary role that can be read in roles.csv, so it is not known whether the user is a student or a teacher"
    assert [(rejection.row, rejection.value, rejection.reason) for rejection in source.csv["users"].rejections] == [
        (3, "teacher,student", "is more than one primary role, and a person has one"),
        (4, "", no_role),
        (5, "", no_role),
    ]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_user_without_a_role_is_rejected_and_made_no_student(tmp_path, version):
    source = opened(bundle(tmp_path, version=version, users=USERS + "u1,,,A,B,\n"))
    assert of_kind(source, PersonRecord) == []
    assert [rejection.column for rejection in source.csv["users"].rejections] == ["role"]


def test_a_delta_may_leave_the_role_to_an_earlier_import(tmp_path):
    users = "sourcedId,givenName,familyName\nu1,A,B\n"
    [person] = of_kind(opened(bundle(tmp_path, version="1.2", content="delta", users=users)), PersonRecord)
    assert (person.role, person.needs_role) == (None, True)


def test_a_password_that_is_in_the_wrong_column_is_not_repeated(tmp_path):
    users = "sourcedId,role,givenName,familyName,password\nu1,student,A,B,geheim,x\nu2,student,A,B,ge\0heim\n"
    source = opened(bundle(tmp_path, users=users))
    assert of_kind(source, PersonRecord) == []
    assert [rejection.value for rejection in source.csv["users"].rejections] == ["***", "***"]
