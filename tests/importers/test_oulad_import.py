"""Imports of OULAD's files."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from lmskit.errors import ImportFileError, NotPermittedError
from lmskit.models import Course, Enrollment, ExternalId, ImportRun, Quiz, QuizAttempt, Syllabus, User
from lmskit.names import sort_name
from lmskit.schemas.person import ChangePerson
from lmskit.services.importing import ImportOptions
from lmskit.services.mastery import refresh
from lmskit.services.oulad import import_oulad
from lmskit.services.person_change import change_person
from lmskit.vocabulary import Role
from tests import factories
from tests.examples import share
from tests.importers.sample import EXPECTED, SAMPLE, copy_of_sample, sample

TABLES = ("terms", "users", "courses", "syllabi", "quizzes", "student_enrollments", "quiz_attempts", "external_ids", "import_runs")


# No login may select the hash of a password.
COLUMNS = {"users": "ROW(t.id, t.email, t.family_name, t.given_name, t.sort_name, t.role)"}


def content(session):
    """Every row of the tables that an import writes."""
    return {
        table: session.execute(text(f"SELECT {COLUMNS.get(table, 't')}::text FROM {table} AS t ORDER BY 1")).scalars().all()
        for table in TABLES
    }


def test_the_sample_gives_the_report_beside_it(session):
    report = import_oulad(session, SAMPLE)
    assert json.loads(json.dumps(report.as_json())) == json.loads(EXPECTED.read_text(encoding="utf-8"))


def test_new_courses_are_imported_without_reading_the_attempts_of_others(session):
    course = factories.course(session)
    factories.week(session, course, 1)
    student = factories.enrollment(session, course).student_id
    factories.attempt(session, factories.quiz(session, course), student)
    session.execute(text("""
        INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
        SELECT quiz_id, course_id, student_id, n, score, max_score, submitted_at, origin FROM quiz_attempts, generate_series(2, 8000) AS n
        WHERE student_id = :student"""), {"student": student})  # fmt: skip
    scans = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'quiz_attempts'::regclass")
    before = session.scalar(scans)
    import_oulad(session, SAMPLE)
    assert session.scalar(scans) == before


def test_enrollments_have_their_status_and_dates(session):
    import_oulad(session, SAMPLE)
    statement = (
        select(Course.code, User.family_name, Enrollment.status, Enrollment.started_on, Enrollment.ended_on, Enrollment.origin)
        .join(Course, Course.id == Enrollment.course_id)
        .join(User, User.id == Enrollment.student_id)
        .where(Course.code.like("X%"))
        .order_by(Course.code, User.family_name)
    )
    assert [" ".join(str(cell) for cell in row) for row in session.execute(statement)] == [
        "XAA-2031J Student 900001 completed 2031-04-25 None import",
        "XAA-2031J Student 900002 withdrawn 2031-08-09 None import",
        "XAA-2031J Student 900003 withdrawn 2031-08-09 2032-01-09 import",
        "XAA-2032B Student 900001 completed 2032-02-01 None import",
        "XAA-2032B Student 900004 withdrawn 2032-01-27 2032-01-27 import",
        "XBB-2031J Student 900005 withdrawn 2031-09-21 2031-11-01 import",
        "XBB-2031J Student 900006 completed 2031-10-01 None import",
        "XBB-2031J Student 900007 completed 2031-10-01 None import",
    ]


def test_an_assessment_is_a_quiz_of_the_week_it_is_due_in(session):
    import_oulad(session, SAMPLE)
    statement = select(Course.code, Quiz.title, Quiz.week_number, Quiz.due_on, Quiz.max_score).join(Course, Course.id == Quiz.course_id)
    rows = session.execute(statement.where(Course.code.like("X%")).order_by(Course.code, Quiz.week_number, Quiz.title))
    assert [" ".join(str(cell) for cell in row) for row in rows] == [
        "XAA-2031J TMA 1 3 2031-10-20 100.0000",
        "XAA-2031J TMA 2 8 2031-11-24 100.0000",
        "XAA-2031J Exam 39 None 100.0000",
        "XAA-2032B TMA 1 1 2032-02-01 100.0000",
        "XAA-2032B CMA 1 35 2032-09-29 100.0000",
        "XAA-2032B Exam 35 2032-09-28 100.0000",
        "XBB-2031J Exam 1 4 2031-10-29 100.0000",
        "XBB-2031J Exam 2 5 2031-10-31 100.0000",
    ]


def test_attempts_keep_their_score_their_noon_and_whether_they_are_banked(session):
    import_oulad(session, SAMPLE)
    statement = (
        select(
            ExternalId.external_id, User.family_name, QuizAttempt.score, QuizAttempt.submitted_at, QuizAttempt.banked, QuizAttempt.number
        )
        .join(ExternalId, ExternalId.quiz_id == QuizAttempt.quiz_id)
        .join(User, User.id == QuizAttempt.student_id)
        .where(ExternalId.source == "oulad")
        .order_by(ExternalId.external_id, User.family_name)
    )
    assert [" ".join(str(cell) for cell in row) for row in session.execute(statement)] == [
        "901752 Student 900001 78.0000 2031-10-19 12:00:00+00:00 False 1",
        "901752 Student 900002 70.0000 2031-09-30 12:00:00+00:00 True 1",
        "901752 Student 900003 None 2032-01-10 12:00:00+00:00 False 1",
        "901753 Student 900001 82.5000 2031-11-24 12:00:00+00:00 False 1",
        "901757 Student 900001 100.0000 2032-10-03 12:00:00+00:00 False 1",
        "901758 Student 900005 0.0000 2031-10-29 12:00:00+00:00 False 1",
        "901759 Student 900006 61.1235 2031-10-29 12:00:00+00:00 False 1",
    ]


def test_a_term_whose_code_has_another_case_is_the_term(session):
    term = factories.term(session, code="2031j", starts_on=dt.date(2031, 10, 1))
    import_oulad(session, SAMPLE)
    named = select(ExternalId.term_id).where(ExternalId.source == "oulad", ExternalId.external_id == "2031J")
    assert session.scalar(named) == term.id


def test_a_term_ends_with_its_longest_course_and_a_course_has_all_its_weeks(session):
    import_oulad(session, SAMPLE)
    assert session.execute(
        text("SELECT code, name, starts_on::text, ends_on::text FROM terms WHERE code LIKE '203%' ORDER BY code")
    ).all() == [
        ("2031J", "October 2031", "2031-10-01", "2032-06-25"),
        ("2032B", "February 2032", "2032-02-01", "2032-09-28"),
    ]
    weeks = select(Course.code, func.count(), func.max(Syllabus.week_number)).join(Syllabus).where(Course.code.like("X%"))
    assert session.execute(weeks.group_by(Course.code).order_by(Course.code)).all() == [
        ("XAA-2031J", 39, 39),
        ("XAA-2032B", 35, 35),
        ("XBB-2031J", 5, 5),
    ]


def test_people_have_sort_names_and_cannot_sign_in(session):
    import_oulad(session, SAMPLE)
    people = session.scalars(select(User).where(User.email.like("%@oulad.invalid"))).all()
    assert {person.email for person in people if person.role is Role.LECTURER} == {
        "lecturer.xaa@oulad.invalid",
        "lecturer.xbb@oulad.invalid",
    }
    assert all(person.sort_name == sort_name(person.family_name, person.given_name) for person in people)
    assert all(person.db_role is None for person in people)


def test_a_second_import_changes_nothing(session):
    first = import_oulad(session, SAMPLE)
    before = content(session) | {"import_runs": []}
    second = import_oulad(session, SAMPLE)
    assert (second.total.added, second.total.changed, second.total.unchanged) == (0, 0, first.total.added)
    assert all((thing.added, thing.changed) == (0, 0) for thing in second.entities)
    assert (second.rejections, second.warnings, second.touched) == (first.rejections, first.warnings, ())
    assert content(session) | {"import_runs": []} == before


def test_a_dry_run_reports_the_same_and_writes_nothing(session):
    before = content(session)
    rehearsed = import_oulad(session, SAMPLE, ImportOptions(dry_run=True))
    assert content(session) == before
    real = import_oulad(session, SAMPLE)
    assert replace(rehearsed, dry_run=False, touched=()) == replace(real, touched=())
    assert len(rehearsed.touched) == len(real.touched)


def test_an_edited_score_is_one_change_and_touches_one_week(session, tmp_path):
    import_oulad(session, SAMPLE)
    edited = copy_of_sample(tmp_path, studentAssessment=sample("studentAssessment").replace('"82.5"', '"90"'))
    report = import_oulad(session, edited)
    assert (report.total.added, report.total.changed) == (0, 1)
    assert [week for _, _, week in report.touched] == [8]


@pytest.mark.parametrize(
    ("file", "edit", "changed"),
    [
        ("studentInfo", ('"10-20","Pass"', '"10-20","Withdrawn"'), {"studentInfo.csv": 1}),
        ("studentRegistration", ('"-159","?"', '"-160","?"'), {"studentRegistration.csv": 1}),
        ("studentRegistration", ('"-159","?"', '"-159","4"'), {"studentInfo.csv": 1, "studentRegistration.csv": 1}),
        ("courses", ('"30"', '"40"'), {"courses.csv": 1}),
        ("assessments", ('"TMA","19"', '"TMA","26"'), {"assessments.csv": 1}),
        ("studentAssessment", ('"54","0","82.5"', '"55","0","82.5"'), {"studentAssessment.csv": 1}),
        ("studentAssessment", ('"54","0","82.5"', '"54","1","82.5"'), {"studentAssessment.csv": 1}),
    ],
)
def test_each_change_is_counted_in_the_file_with_the_change(session, tmp_path, file, edit, changed):
    import_oulad(session, SAMPLE)
    before = content(session)
    edited = copy_of_sample(tmp_path, **{file: sample(file).replace(edit[0], edit[1], 1)})
    report = import_oulad(session, edited)
    gone = {table: set(before[table]) - set(rows) for table, rows in content(session).items()}
    assert max(len(rows) for rows in gone.values()) <= 1
    assert {counts.file: counts.changed for counts in report.files if counts.changed} == changed
    assert report.total.added == 0
    assert import_oulad(session, edited).total.changed == 0


def test_an_assessment_that_moves_touches_its_former_and_its_new_week(session, tmp_path):
    import_oulad(session, SAMPLE)
    report = import_oulad(session, copy_of_sample(tmp_path, assessments=sample("assessments").replace('"TMA","19"', '"TMA","26"')))
    assert sorted(week for _, _, week in report.touched) == [3, 3, 3, 4, 4, 4]


def test_a_refresh_of_the_touched_weeks_is_complete(session):
    report = import_oulad(session, SAMPLE)
    some = refresh(session, touched=report.touched)
    assert some.added == 5  # of 7 attempts one is banked and one not graded
    codes = session.scalars(select(Course.code).where(Course.code.like("X%"))).all()
    assert refresh(session, courses=codes).n_rows == 0


def test_attempts_that_a_file_does_not_name_stay(session, tmp_path):
    import_oulad(session, SAMPLE)
    before = session.scalar(select(func.count()).select_from(QuizAttempt))
    header = sample("studentAssessment").splitlines()[0]
    report = import_oulad(session, copy_of_sample(tmp_path, studentAssessment=header + "\n"))
    assert report.total.rejected == 15
    assert session.scalar(select(func.count()).select_from(QuizAttempt)) == before


def test_an_invented_title_or_lecturer_can_be_changed_and_stays_changed(session):
    import_oulad(session, SAMPLE)
    course = session.scalars(select(Course).where(Course.code == "XBB-2031J")).one()
    owner = factories.lecturer(session)
    course.title, course.lecturer_id = "Statistics", owner.id
    session.flush()
    assert import_oulad(session, SAMPLE).total.changed == 0
    session.refresh(course)
    assert (course.title, course.lecturer_id) == ("Statistics", owner.id)


def test_a_lecturer_who_got_a_real_address_leads_the_later_courses_of_the_module(session):
    import_oulad(session, SAMPLE)
    last = session.scalars(select(Course).where(Course.module_code == "XBB").order_by(Course.code.desc()).limit(1)).one()
    lecturer = last.lecturer_id
    change_person(session, ChangePerson(person=str(lecturer), email="real@example.org"))
    session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == last.id))
    session.delete(last)
    session.flush()
    import_oulad(session, SAMPLE)
    assert session.scalar(select(Course.lecturer_id).where(Course.code == last.code)) == lecturer


def test_a_course_of_the_same_code_that_was_not_imported_is_not_changed(session):
    factories.course(session, code="XBB-2031J")
    report = import_oulad(session, SAMPLE)
    assert ("courses.csv", 4, "is the code of a course in lmskit that was not imported from OULAD") in {
        (rejection.file, rejection.row, rejection.reason) for rejection in report.rejections
    }
    assert report.total.added > 0


def test_a_person_of_another_role_is_not_made_a_student(session):
    factories.lecturer(session, email="student.900001@oulad.invalid")
    report = import_oulad(session, SAMPLE)
    reasons = [
        (rejection.file, rejection.row)
        for rejection in report.rejections
        if rejection.reason == "is a person in lmskit who is not a student"
    ]
    assert reasons == [("studentInfo.csv", 2), ("studentInfo.csv", 6)]


def test_a_student_who_has_the_address_already_is_the_same_person(session):
    known = factories.student(session, email="student.900001@oulad.invalid", family_name="Known")
    report = import_oulad(session, SAMPLE)
    assert report.entity("students").added == 6
    named = select(ExternalId.person_id).where(ExternalId.source == "oulad", ExternalId.external_id == "900001")
    assert session.scalar(named) == known.id
    assert known.family_name == "Known"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"courses": "a,b\n"}, "courses.csv lacks the columns code_module, code_presentation, module_presentation_length; it has a, b."),
        ({"studentAssessment": sample("studentAssessment")[:-30]}, "studentAssessment.csv, row 17: "),
        (
            {"studentInfo": sample("studentInfo")[:-3]},
            "studentInfo.csv, row 15: a quoted cell is never closed: the file seems to be cut off.",
        ),
        ({"assessments": b""}, "assessments.csv is empty."),
    ],
)
def test_a_broken_file_is_refused_with_one_sentence_and_changes_nothing(admin_engine, tmp_path, changed, sentence):
    with Session(admin_engine) as reading:
        before = content(reading)
    with pytest.raises(ImportFileError) as refusal, Session(admin_engine) as session, session.begin():
        import_oulad(session, copy_of_sample(tmp_path, **changed))
    assert str(refusal.value).startswith(sentence)
    with Session(admin_engine) as reading:
        assert content(reading) == before


def test_an_interrupted_import_changes_nothing(admin_engine):
    class PulledPlugError(Exception):
        pass

    def pull(step, _done, _total):
        if step == "Counting":
            raise PulledPlugError

    with Session(admin_engine) as reading:
        before = content(reading)
    with pytest.raises(PulledPlugError), Session(admin_engine) as session, session.begin():
        import_oulad(session, SAMPLE, progress=pull)
    with Session(admin_engine) as reading:
        assert content(reading) == before


def test_only_an_administrator_imports(lecturer_engine):
    with pytest.raises(NotPermittedError, match="Only an administrator can import files"), Session(lecturer_engine) as session:
        import_oulad(session, SAMPLE)


def test_the_run_is_recorded_with_its_counts_and_its_findings(session):
    report = import_oulad(session, SAMPLE)
    run = session.scalars(select(ImportRun).order_by(ImportRun.id.desc())).first()
    assert run is not None
    assert (run.format, run.name, run.sha256, run.status) == ("oulad", "oulad", report.sha256, "done")
    assert run.rows_in == run.added + run.changed + run.unchanged + run.rejected == 56
    assert run.report["rejections"][0]["row"] == 5


def test_progress_reports_every_row_of_the_largest_file(session):
    steps = []
    import_oulad(session, SAMPLE, progress=lambda *step: steps.append(step))
    assert ("Reading studentAssessment.csv", 11, 11) in steps
    assert [step for step, _, _ in steps][-1] == "Counting"


CELL = st.sampled_from(["0", "1", "2", "?", "-1", "100", "101", "x", "", "2.5"])
PRESENTATION = st.sampled_from(["XAA,2031J", "XAA,2032B", "XBB,2031J", "XBB,1J"])
STUDENT, ASSESSMENT = st.sampled_from(["900001", "900002", "90000x"]), st.sampled_from(["901", "902", "903", "y"])


def lines(*cells):
    return st.lists(st.tuples(*cells).map(",".join), max_size=6)


FOLDERS = st.fixed_dictionaries(
    {
        "courses": lines(PRESENTATION, st.sampled_from(["7", "30", "420", "421", "?"])),
        "assessments": lines(PRESENTATION, ASSESSMENT, st.sampled_from(["TMA", "Exam", "Quiz"]), CELL, CELL),
        "studentInfo": lines(PRESENTATION, STUDENT, st.sampled_from(["Pass", "Withdrawn", "?"])),
        "studentRegistration": lines(PRESENTATION, STUDENT, CELL, CELL),
        "studentAssessment": lines(ASSESSMENT, STUDENT, CELL, st.sampled_from(["0", "1", "2"]), CELL),
    }
)
HEADERS = {
    "courses": "code_module,code_presentation,module_presentation_length",
    "assessments": "code_module,code_presentation,id_assessment,assessment_type,date,weight",
    "studentInfo": "code_module,code_presentation,id_student,final_result",
    "studentRegistration": "code_module,code_presentation,id_student,date_registration,date_unregistration",
    "studentAssessment": "id_assessment,id_student,date_submitted,is_banked,score",
}


@given(folders=st.lists(FOLDERS, min_size=1, max_size=2))
@settings(max_examples=share(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_of_any_files_has_a_result_and_a_second_import_changes_nothing(session, tmp_path, folders):
    savepoint = session.begin_nested()
    for rows in folders:
        files = {name: "\n".join([HEADERS[name], *rows[name], ""]) for name in HEADERS}
        folder = copy_of_sample(tmp_path, **files)
        first = import_oulad(session, folder)
        assert [file.rows_in for file in first.files] == [len(rows[name]) for name in HEADERS]
        positions = [(rejection.file, rejection.row) for rejection in first.rejections]
        assert len(positions) == len(set(positions)) == first.total.rejected
        second = import_oulad(session, folder)
        assert (second.total.added, second.total.changed) == (0, 0)
        assert second.total.unchanged == first.total.added + first.total.changed + first.total.unchanged
        assert (second.rejections, second.touched) == (first.rejections, ())
    savepoint.rollback()
