"""Terms, courses and their lecturers, from files of a student-information system."""

import datetime as dt

import pytest
from sqlalchemy import select

from lmskit.errors import LecturerNotFoundError, TermNotFoundError
from lmskit.importers.canvas.sis import FORMAT
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import TEACHER_LEFT
from lmskit.models import Course, CourseStaff, Enrollment, ExternalId, ImportRun, Term, User
from lmskit.schemas.staff import AddStaff, HandOver, RemoveStaff
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo import undo_import
from lmskit.services.staff import add_staff, hand_over, remove_staff
from lmskit.vocabulary import Origin, Role, StaffRole
from tests import factories
from tests.importers.plain import csv_file, reasons, warnings_of

FILES = {
    "terms": "term_id,name,status,start_date,end_date\nT1,Autumn 2031,active,2031-09-01,2031-12-20\nT2,Undated,active,,",
    "courses": "course_id,short_name,long_name,term_id,status\nXLOG-2031,LOG,Logic,T1,active\nXSET-2031,SET,Sets,T1,active",
    "users": """user_id,login_id,first_name,last_name,email,status
        U1,ada,Ada,Lovelace,ada@sis.example.org,active
        U2,grace,Grace,Hopper,grace@sis.example.org,active
        U3,emmy,Emmy,Noether,emmy@sis.example.org,active""",
    "enrollments": """course_id,user_id,role,status
        XLOG-2031,U1,student,active
        XLOG-2031,U2,teacher,active
        XLOG-2031,U3,teacher,active
        XSET-2031,U3,teacher,active""",
}


@pytest.fixture
def sis(session, tmp_path):
    def run(files=FILES, **options):
        folder = tmp_path / "sis"
        folder.mkdir(exist_ok=True)
        for name, lines in files.items():
            csv_file(folder / f"{name}.csv", lines)
        return import_file(session, FORMAT.open(folder, ReadOptions()), ImportOptions(**options))

    return run


def changed(file, old, new):
    return {**FILES, file: FILES[file].replace(old, new)}


def course_named(session, code):
    return session.scalars(select(Course).where(Course.code == code).execution_options(populate_existing=True)).one_or_none()


def test_terms_courses_teachers_and_students_are_imported_together(session, sis):
    report = sis()
    logic = course_named(session, "XLOG-2031")
    assert (logic.title, logic.origin) == ("Logic", Origin.IMPORT)
    term = session.get(Term, logic.term_id)
    assert (term.name, term.starts_on, term.ends_on) == ("Autumn 2031", dt.date(2031, 9, 1), dt.date(2031, 12, 20))
    assert session.get(User, logic.lecturer_id).family_name == "Hopper"
    assert session.scalars(select(Enrollment).where(Enrollment.course_id == logic.id)).one().started_on == term.starts_on
    assert {counts.kind: counts.added for counts in report.entities if counts.added} == {
        "terms": 1,
        "courses": 2,
        "lecturers": 2,
        "students": 1,
        "enrollments": 1,
    }
    ids = select(ExternalId.external_id).where(ExternalId.course_id == logic.id)
    assert session.scalars(ids).all() == ["XLOG-2031"]


def test_the_first_of_several_teachers_is_responsible_for_a_new_course_and_the_others_are_co_lecturers(session, sis):
    becomes = "teaches a course that another lecturer is responsible for: becomes co-lecturer"
    rehearsal, report = sis(dry_run=True), sis()
    assert [row for row, warning in warnings_of(report) if warning == becomes] == [4]
    assert rehearsal.outcomes == report.outcomes
    staff = select(CourseStaff.person_id, CourseStaff.role).join(Course, Course.id == CourseStaff.course_id)
    (person, role) = session.execute(staff.where(Course.code.in_(["XLOG-2031", "XSET-2031"]))).one()
    assert (session.get_one(User, person).role, role) == (Role.LECTURER, StaffRole.CO_LECTURER)
    assert becomes not in [warning for _, warning in warnings_of(sis())]


def test_a_teacher_of_a_known_course_is_its_co_lecturer_and_an_earlier_role_stays(session, sis):
    known = factories.course(session, code="XLOG-2031")
    of_course = select(CourseStaff).where(CourseStaff.course_id == known.id)
    sis()
    stored = session.scalars(of_course).all()
    assert stored
    assert {member.role for member in stored} == {StaffRole.CO_LECTURER}
    stored[0].role = StaffRole.OBSERVER
    session.flush()
    sis()
    assert StaffRole.OBSERVER in {member.role for member in session.scalars(of_course.execution_options(populate_existing=True))}


def members(session, code):
    found = select(User.email).join(CourseStaff, CourseStaff.person_id == User.id).join(Course, Course.id == CourseStaff.course_id)
    return session.scalars(found.where(Course.code == code)).all()


def test_whom_an_administrator_removed_gets_no_role_back_from_a_file_until_it_is_given_again(session, sis):
    gets_none = (
        "teaches a course in the file from whose staff the person was removed: gets no role there; to give one: lmskit staff add CODE EMAIL"
    )
    sis()
    emmy = session.scalars(select(User.email).where(User.family_name == "Noether")).one()
    assert members(session, "XLOG-2031") == [emmy]
    remove_staff(session, RemoveStaff(course="XLOG-2031", email=emmy))
    report = sis()
    assert (members(session, "XLOG-2031"), (4, gets_none) in warnings_of(report)) == ([], True)
    add_staff(session, AddStaff(course="XLOG-2031", email=emmy))
    assert gets_none not in [warning for _, warning in warnings_of(sis())]
    hand_over(session, HandOver(course="XLOG-2031", email=emmy))
    report = sis()
    assert (members(session, "XLOG-2031"), (3, gets_none) in warnings_of(report)) == ([], True)


def test_what_an_undo_took_back_the_next_import_gives_again(session, sis):
    factories.course(session, code="XLOG-2031")
    sis()
    given = members(session, "XLOG-2031")
    undo_import(session, session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc()).limit(1)).one())
    assert (len(given), members(session, "XLOG-2031")) == (2, [])
    sis()
    assert members(session, "XLOG-2031") == given


def test_a_teacher_who_left_keeps_the_role_and_is_named_with_what_ends_it(session, imported, course):
    left, stays, never = (factories.lecturer(session, given_name=name) for name in ("Left", "Stays", "Never"))
    responsible = session.get_one(User, course.lecturer_id)
    for person in (left, stays):
        add_staff(session, AddStaff(course=course.code, email=factories.address(person)))
    rows = [
        (person.email, person.family_name, person.given_name, "lecturer", status)
        for person, status in (
            (left, "withdrawn"), (stays, "withdrawn"), (stays, "active"), (never, "withdrawn"), (responsible, "withdrawn"),
        )
    ]  # fmt: skip
    report = imported([("email", "family_name", "given_name", "role", "status"), *rows])
    assert [(row, reason) for row, reason in warnings_of(report) if "the course in the file" in reason] == [
        (2, "left the course in the file and is still on its staff in lmskit; to end that: lmskit staff remove CODE EMAIL"),
        (6, "left the course in the file and is still responsible for it in lmskit; to end that: lmskit course hand-over CODE EMAIL"),
    ]
    assert len(members(session, course.code)) == 2


def test_a_teacher_whom_canvas_marks_as_deleted_is_rejected_with_what_ends_a_role(sis):
    report = sis(changed("enrollments", "XLOG-2031,U3,teacher,active", "XLOG-2031,U3,teacher,deleted"))
    assert (4, TEACHER_LEFT) in reasons(report)


def test_a_repeat_changes_nothing(sis):
    first = sis()
    second = sis()
    assert (second.total.added, second.total.changed) == (0, 0)
    assert second.rejections == first.rejections
    assert second.warnings == ()  # the co-lecturer of the first import is one


def test_a_term_without_dates_is_rejected_unless_it_is_in_lmskit(session, sis):
    assert (3, "has no first or last day, and lmskit has no term with this code or id yet") in reasons(sis())
    code = session.scalars(select(Term.code).where(Term.name == "Autumn 2031")).one()
    factories.term(session, code=code.replace("T1", "T2").replace("Autumn 2031", "Undated"))
    assert reasons(sis()) == []


def test_a_course_without_a_teacher_needs_a_lecturer_of_lmskit(session, sis):
    files = changed("enrollments", "XSET-2031,U3,teacher,active", "XSET-2031,U1,student,active")
    report = sis(files)
    assert (3, "has no teacher in the file: choose a lecturer with --lecturer EMAIL") in reasons(report)
    assert (5, "names a course that is neither in lmskit nor in an imported row") in reasons(report)
    assert course_named(session, "XSET-2031") is None
    owner = factories.lecturer(session)
    sis(files, lecturer=factories.address(owner))
    assert course_named(session, "XSET-2031").lecturer_id == owner.id


def test_a_teacher_whose_row_is_rejected_owns_no_course(session, sis):
    report = sis(changed("users", "grace@sis.example.org", ""))
    assert (3, "is a lecturer without an e-mail address, and lecturers need one") in reasons(report)
    assert session.get(User, course_named(session, "XLOG-2031").lecturer_id).family_name == "Noether"


def test_a_course_whose_term_is_not_imported_needs_a_term_of_lmskit(session, sis):
    files = changed("courses", "XSET-2031,SET,Sets,T1", "XSET-2031,SET,Sets,T2")
    reason = "names a term that is neither in lmskit nor in an imported row: choose one with --term CODE"
    assert (3, reason) in reasons(sis(files))
    term = factories.term(session)
    sis(files, term=term.code)
    assert course_named(session, "XSET-2031").term_id == term.id


def test_a_course_of_the_same_code_is_the_same_course_and_keeps_its_lecturer(session, sis):
    owner = factories.lecturer(session)
    known = factories.course(session, code="XLOG-2031", taught_by=owner)
    report = sis()
    assert course_named(session, "XLOG-2031").id == known.id
    assert (known.title, known.lecturer_id) == ("Logic", owner.id)
    assert report.entity("courses").changed == 1
    assert sis().total.changed == 0


def test_a_second_row_for_a_course_is_rejected(sis):
    assert (3, "names a course that an earlier row names") in reasons(sis(changed("courses", "XSET-2031", "XLOG-2031")))


def test_a_new_title_and_new_days_are_changes(session, sis):
    sis()
    report = sis({**changed("courses", "Logic", "Formal logic"), "terms": FILES["terms"].replace("2031-12-20", "2031-12-21")})
    assert report.total.changed == 2
    assert course_named(session, "XLOG-2031").title == "Formal logic"


def test_options_with_an_unknown_lecturer_or_term_are_refused_first(sis):
    with pytest.raises(LecturerNotFoundError):
        sis(lecturer="nobody@example.org")
    with pytest.raises(TermNotFoundError):
        sis(term="NO-SUCH-TERM")


def test_changes_of_terms_and_courses_have_the_old_and_the_new_value(sis):
    sis()
    files = changed("terms", "Autumn 2031", "Fall 2031")
    files["terms"] = files["terms"].replace("2031-12-20", "2031-12-19")
    files["courses"] = files["courses"].replace(",Logic,", ",Proofs,")
    found = [(outcome.what, outcome.reason, outcome.before, outcome.after) for outcome in sis(files).outcomes if outcome.state == "changed"]
    assert found == [
        ("T1", "name, days of the term", "Autumn 2031; 2031-09-01 to 2031-12-20", "Fall 2031; 2031-09-01 to 2031-12-19"),
        ("XLOG-2031", "title", "Logic", "Proofs"),
    ]


def test_a_course_and_a_term_that_a_file_writes_in_another_case_are_those_in_lmskit(session, sis):
    term = factories.term(session, code="t1")
    course = factories.course(session, code="xlog-2031", in_term=term)
    report = sis()
    assert [each.value for each in report.rejections] == ["T2"]
    assert session.scalars(select(Course.code).where(Course.code.ilike("xlog-2031"))).all() == ["xlog-2031"]
    assert session.scalars(select(Term.code).where(Term.code.ilike("t1"))).all() == ["t1"]
    enrolled = select(Enrollment.student_id).join(User, User.id == Enrollment.student_id)
    assert len(session.scalars(enrolled.where(Enrollment.course_id == course.id, User.family_name == "Lovelace")).all()) == 1


def test_a_file_has_no_two_courses_whose_codes_differ_only_in_case(session, sis):
    report = sis(changed("courses", "XSET-2031", "xlog-2031"))
    assert ("xlog-2031", "has the code of a course in an earlier row") in [(each.value, each.reason) for each in report.rejections]
    assert session.scalars(select(Course.code).where(Course.code.ilike("xlog-2031"))).all() == ["XLOG-2031"]
