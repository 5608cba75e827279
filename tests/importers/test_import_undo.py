"""Taking an import back: what it wrote is gone, and what others made of it since stays and is named."""

import datetime as dt

import pytest
from sqlalchemy import event, func, select, text
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.cli.exit_status import PARTLY
from lmskit.errors import ImportRunNotFoundError, NotRecordedError, UndoneImportError
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import (
    Course,
    CourseStaff,
    Enrollment,
    ImportRun,
    OutboxMessage,
    Quiz,
    QuizAttempt,
    QuizException,
    Section,
    SectionMember,
    StaffSection,
    Term,
    User,
)
from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent
from lmskit.services.delivery import LEASE, claim_next
from lmskit.services.file_import import import_file, import_path
from lmskit.services.import_undo import undo_import
from lmskit.services.import_undo.report import Why
from lmskit.services.importing import ImportOptions
from lmskit.services.mastery import refresh
from lmskit.services.oulad import import_oulad
from lmskit.services.person_merge import merge_people, split_person
from lmskit.services.question_bank import forget_bank
from lmskit.services.quiz_exception import excuse, extend
from lmskit.services.term import close_term, open_term
from lmskit.vocabulary import EnrollmentStatus, SectionKind, StaffRole
from tests import factories
from tests.importers.plain import csv_file
from tests.importers.sample import SAMPLE

HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 Quiz (9201),Week 2 Quiz (9202)\n    Points Possible,,,,,10,10\n"
FIRST = f'{HEADER}"Vale, Ada",501,S501,ada,S,2,9\n"Orr, Ben",502,S502,ben,S,3,8'
SECOND = f'{HEADER}"Vale, Ada",501,S501,ada,S,4,9\n"Orr, Ben",502,S502,ben,S,3,8\n"Poe, Cy",503,S503,cy,S,7,6'
TITLE = "Quiz 1 (week 1)"
TOTALS = f'First name,Last name,Email address,"Quiz: {TITLE} (Real)","Quiz: {TITLE} (Percentage)",Last downloaded from this course\n'
TOTALS += 'Ada,Vale,ada@example.org,1.00,"50.00 %",1791795600\n'
ANSWERS = "Last name,First name,Email address,Status,Started,Completed,Duration,Grade/2.00,Question 1,Response 1,Right answer 1\n"
TIMES = "Finished,7 September 2026  9:00 AM,7 September 2026  10:00 AM,1 hour"
ANSWERS += f"Vale,Ada,ada@example.org,{TIMES},1.00,Is it?,True,False\nOrr,Ben,ben@example.org,{TIMES},2.00,Is it?,False,False\n"
APART = {"import_runs", "audit_log", "alembic_version"}
"""Tables that an undo adds to."""


COLUMNS = text("""
    SELECT c.relname, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' AND has_column_privilege(c.oid, a.attnum, 'SELECT')
        AND a.attname <> 'computed_at'
    GROUP BY c.relname
""")
"""What an administrator can read; estimates that are made again are made at another time."""


def content(session):
    """Every row of every table but those that record what was done."""
    return {
        table: session.scalars(text(f"SELECT (ROW({columns}))::text FROM lms.{table} AS t ORDER BY 1")).all()
        for table, columns in session.execute(COLUMNS).all()
        if table not in APART
    }


def last_run(session):
    return session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc()).limit(1)).one()


@pytest.fixture
def gradebook(session, tmp_path):
    def import_(rows, course, **options):
        report = import_file(
            session, CANVAS.open(csv_file(tmp_path / "gradebook.csv", rows), ReadOptions()), ImportOptions(course=course.code, **options)
        )
        refresh(session, touched=report.touched)
        return last_run(session)

    return import_


@pytest.fixture
def take(session, tmp_path):
    """Import a file of this name and content, as the form does."""

    def import_(name, content, course, **options):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        report = import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code, **options))
        assert report.rejections == ()
        refresh(session, touched=report.touched)
        return last_run(session)

    return import_


@pytest.fixture
def roster(session, tmp_path):
    def import_(rows, course, **options):
        path = csv_file(tmp_path / "roster.csv", rows)
        import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code, **options))
        return last_run(session)

    return import_


def undone(session, run):
    report = undo_import(session, run)
    refresh(session, touched=report.touched)
    return report


def test_after_an_undo_of_oulad_every_table_is_as_before(session):
    before = content(session)
    refresh(session, touched=import_oulad(session, SAMPLE).touched)
    assert content(session) != before
    report = undone(session, last_run(session))
    assert (content(session), report.rest) == (before, "")


def test_a_file_imported_into_the_wrong_course_can_be_imported_into_the_right_one(session, gradebook):
    wrong, right = factories.course(session), factories.course(session)
    before = content(session)
    run = gradebook(FIRST, wrong)
    undone(session, run)
    assert content(session) == before
    gradebook(FIRST, right)
    assert set(session.scalars(select(QuizAttempt.course_id).where(QuizAttempt.course_id.in_([wrong.id, right.id])))) == {right.id}


def test_an_import_on_top_is_taken_back_alone_and_then_the_one_below(session, gradebook):
    course = factories.course(session)
    before = content(session)
    first = gradebook(FIRST, course)
    between = content(session)
    second = gradebook(SECOND, course)
    undone(session, second)
    assert content(session) == between
    undone(session, first)
    assert content(session) == before


def test_a_quiz_is_in_its_former_week_again_and_the_week_that_it_leaves_loses_its_estimates(session, gradebook):
    course = factories.course(session, weeks=14)
    final = FIRST.replace("Week 2 Quiz", "Final")
    gradebook(final, course, without_week=True)
    between = content(session)
    second = gradebook(f'{final}\n"Poe, Cy",503,S503,cy,S,7,6', course, weeks={"Final": 14})
    assert content(session)["topic_performance"] != between["topic_performance"]
    undone(session, second)
    assert content(session) == between


def test_with_newer_evidence_on_top_the_rest_is_taken_back_and_what_stays_is_named(session, gradebook):
    course = factories.course(session)
    first = gradebook(FIRST, course)
    gradebook(SECOND, course)
    report = undone(session, first)
    assert [(each.kind, each.why, each.n_rows) for each in report.kept] == [("attempts", Why.CHANGED, 1)]
    assert report.kept[0].names[0].startswith("Vale, Ada · Week 1 Quiz – ")
    stays = {(each.kind, each.why): each.names for each in report.impossible}
    assert stays[("people", Why.USED)] == ("Vale, Ada – enrollments",)
    assert ("ids of other systems", Why.BELONGS) in stays
    # Ada's changed attempt, and all of Cy's.
    names = select(User.family_name, QuizAttempt.score).join(User, User.id == QuizAttempt.student_id).order_by(QuizAttempt.id)
    of_course = names.where(QuizAttempt.course_id == course.id)
    assert [(name, int(score)) for name, score in session.execute(of_course)] == [("Vale", 4), ("Poe", 7), ("Poe", 6)]
    enrolled = select(User.family_name).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == course.id)
    assert set(session.scalars(enrolled)) == {"Vale", "Poe"}


def test_whom_an_administrator_merged_since_is_named_with_the_receipt(session, gradebook):
    course = factories.course(session)
    run = gradebook(FIRST, course)
    receipt = merge_people(session, "sis:S501", "sis:S502").receipt
    assert receipt is not None
    report = undo_import(session, run)
    merged = {each.kind: (each.n_rows, each.names) for each in report.impossible if each.why is Why.MERGED}
    assert merged == dict.fromkeys(
        ("people", "enrollments", "memberships of sections and groups"), (1, (f"Vale, Ada – receipt {receipt}",))
    )
    assert not [each for each in report.impossible if each.why is Why.GONE]
    split_person(session, receipt)


def test_what_a_person_changed_since_stays(session, roster):
    course = factories.course(session)
    run = roster("id,email,last name\n1,ada@example.org,Lovelace\n2,bob@example.org,Babbage", course)
    ada = session.scalars(select(User).where(User.family_name == "Lovelace")).one()
    ada.given_name = "Ada"
    session.flush()
    report = undone(session, run)
    assert [(each.kind, each.n_rows) for each in report.kept] == [("people", 1)]
    assert session.scalars(select(User.family_name).where(User.family_name.in_(["Lovelace", "Babbage"]))).all() == ["Lovelace"]
    assert undo_import(session, run).n_taken_back == 0


def test_students_whom_an_import_withdrew_are_enrolled_again(session, roster):
    course = factories.course(session)
    roster("id,email,last name\n1,ada@example.org,Lovelace\n2,bob@example.org,Babbage", course)
    before = content(session)
    run = roster("id,email,last name\n1,ada@example.org,Lovelace", course, withdraw_missing=True, withdraw_at_most=1)
    assert EnrollmentStatus.WITHDRAWN in session.scalars(select(Enrollment.status).where(Enrollment.course_id == course.id)).all()
    undone(session, run)
    assert content(session) == before


EXCUSED = 'Student,ID,Section,Week 1 Quiz (9201)\n    Points Possible,,,10\n"Vale, Ada",501,S,{}\n"Orr, Ben",502,S,{}'


def test_excuses_that_an_import_brought_or_ended_are_as_before(session, gradebook):
    course = factories.course(session)
    gradebook(EXCUSED.format("2", "9"), course)
    before = content(session)
    excusing = gradebook(EXCUSED.format("EX", "9"), course)
    excused = content(session)
    ending = gradebook(EXCUSED.format("5", "EX"), course)
    report = undone(session, ending)
    counts = {each.kind: (each.removed, each.put_back) for each in report.taken_back}
    assert counts["excuses and more time"] == (1, 1)
    assert (content(session), report.rest) == (excused, "")
    report = undone(session, excusing)
    assert (content(session), report.rest) == (before, "")


def test_an_excuse_stays_as_a_person_or_a_later_file_left_it(session, gradebook):
    course = factories.course(session)
    gradebook(EXCUSED.format("2", "9"), course)
    excusing = gradebook(EXCUSED.format("EX", "EX"), course)
    quiz = session.scalars(select(Quiz.id).where(Quiz.course_id == course.id)).one()
    enrolled = select(User.id).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == course.id)
    ben, ada = session.scalars(enrolled.order_by(User.family_name)).all()
    excuse(session, QuizOfStudent(course=course.code, quiz=str(quiz), student=str(ada)))
    ending = gradebook(EXCUSED.format("EX", "7"), course)
    report = undone(session, excusing)
    of_excuses = [each for each in (*report.kept, *report.impossible) if each.kind == "excuses and more time"]
    assert [(str(each.why), each.n_rows) for each in of_excuses] == [("changed since", 1), ("no longer in lmskit", 1)]
    assert session.scalars(select(QuizException.student_id).where(QuizException.quiz_id == quiz)).all() == [ada]
    extend(session, ExtendQuiz(course=course.code, quiz=str(quiz), student=str(ben), due_on=dt.date(2031, 5, 1)))
    report = undone(session, ending)
    assert [each.why for each in report.kept if each.kind == "excuses and more time"] == ["changed since"]


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0)], ids=["the middle one first", "the newest first"])
def test_an_excuse_is_gone_once_its_import_is_taken_back_in_any_order(session, gradebook, order):
    course = factories.course(session)
    runs = [gradebook(EXCUSED.format(*cells), course) for cells in (("4", "9"), ("EX", "8"), ("5", "8"))]
    for nth in order:
        undone(session, runs[nth])
    assert not session.scalars(select(QuizException.student_id).where(QuizException.course_id == course.id)).all()


ROSTER = "id,email,last name,section\n"


@pytest.fixture
def in_sections(session, roster):
    """A course with Ada in section A and Bob in section B, by their first file."""
    course = factories.course(session)
    run = roster(f"{ROSTER}1,ada@example.org,Lovelace,A\n2,bob@example.org,Babbage,B", course)
    return course, run


def members(session, course):
    found = text("""
        SELECT u.family_name || ' ' || s.name FROM section_members AS m
        JOIN sections AS s ON s.id = m.section_id JOIN users AS u ON u.id = m.student_id WHERE m.course_id = :course ORDER BY 1
    """)
    return session.scalars(found, {"course": course.id}).all()


def test_students_are_in_the_sections_again_out_of_which_a_wrong_file_took_them(session, roster, in_sections):
    course, _ = in_sections
    before = content(session)
    run = roster(f"{ROSTER}1,ada@example.org,Lovelace,B\n2,bob@example.org,Babbage,C\n3,cy@example.org,Poe,C", course)
    assert members(session, course) == ["Babbage C", "Lovelace B", "Poe C"]
    planned = undo_import(session, run, dry_run=True)
    report = undone(session, run)
    counts = {each.kind: (each.removed, each.put_back) for each in report.taken_back}
    assert counts["memberships of sections and groups"] == (3, 2)
    assert counts["sections and groups"] == (1, 0)
    assert (content(session), report.rest, report.taken_back) == (before, "", planned.taken_back)
    assert undone(session, run).n_taken_back == 0


def test_sections_that_a_later_import_changed_stay_and_are_named(session, roster, in_sections):
    course, _ = in_sections
    run = roster(f"{ROSTER}1,ada@example.org,Lovelace,B", course)
    roster(f"{ROSTER}1,ada@example.org,Lovelace,C", course)
    report = undone(session, run)
    assert members(session, course) == ["Babbage B", "Lovelace C"]
    assert [(each.kind, each.names) for each in report.kept] == [
        ("memberships of sections and groups", (f"Lovelace · A · {course.code}",)),
    ]


def test_a_section_stays_with_whom_another_import_put_there_and_with_its_assistant(session, roster, in_sections):
    course, run = in_sections
    roster(f"{ROSTER}3,cy@example.org,Poe,A", course)
    tutor = factories.lecturer(session)
    session.add(CourseStaff(course_id=course.id, person_id=tutor.id, role=StaffRole.ASSISTANT, limited=True))
    session.flush()
    section = session.scalar(select(Section.id).where(Section.course_id == course.id, Section.name == "B"))
    session.add(StaffSection(course_id=course.id, person_id=tutor.id, section_id=section))
    session.flush()
    report = undone(session, run)
    assert members(session, course) == ["Poe A"]
    assert [(each.kind, each.why, each.names) for each in report.impossible] == [
        (
            "sections and groups",
            Why.USED,
            (f"A · {course.code} – memberships of sections and groups", f"B · {course.code} – assistants of sections"),
        ),
    ]


def test_who_stays_because_of_later_evidence_stays_in_the_section(session, in_sections):
    course, run = in_sections
    ada = session.scalars(select(User).where(User.family_name == "Lovelace")).one()
    factories.attempt(session, factories.quiz(session, course, week_number=None), ada.id)
    session.flush()
    undone(session, run)
    assert members(session, course) == ["Lovelace A"]


def test_of_an_import_before_sections_were_recorded_those_go_that_lose_their_last_student(session, roster):
    course = factories.course(session)
    before = content(session)
    run = roster("id,email,last name\n1,ada@example.org,Lovelace", course)
    section = Section(course_id=course.id, kind=SectionKind.SECTION, name="A", source="csv")
    session.add(section)
    session.flush()
    ada = session.scalars(select(User.id).where(User.family_name == "Lovelace")).one()
    session.add(SectionMember(course_id=course.id, section_id=section.id, student_id=ada))
    session.flush()
    undone(session, run)
    assert content(session) == before


def test_messages_that_were_not_sent_are_withdrawn_and_a_sent_one_keeps_its_student(session, roster):
    course = factories.course(session)
    run = roster("id,email,last name\n1,ada@example.org,Lovelace\n2,bob@example.org,Babbage", course, notify=True)
    sent = session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == "ada@example.org")).one()
    session.execute(text("UPDATE outbox SET status = 'sent', sent_at = now() WHERE id = :id"), {"id": sent.id})
    report = undone(session, run)
    assert ("messages", Why.SENT, 1) in [(each.kind, each.why, each.n_rows) for each in report.impossible]
    assert session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.course_id == course.id)).all() == ["ada@example.org"]
    assert session.scalars(select(User.family_name).where(User.family_name.in_(["Lovelace", "Babbage"]))).all() == ["Lovelace"]


def test_a_message_that_may_have_arrived_keeps_its_enrollment(session, roster):
    course = factories.course(session)
    eve = factories.student(session, email="eve@example.org", family_name="Eve")
    factories.enrollment(session, course, eve, status=EnrollmentStatus.WITHDRAWN, ended_on=factories.FIRST_DAY)
    names = ("ada", "bob", "cy", "dee", "eve")
    run = roster("id,email,last name\n" + "\n".join(f"{name},{name}@example.org,{name.title()}" for name in names), course, notify=True)
    messages = {each.recipient.partition("@")[0]: each.id for each in session.scalars(select(OutboxMessage))}
    assert set(messages) == set(names)
    for name, lease in (("ada", LEASE), ("bob", LEASE), ("cy", -LEASE), ("eve", LEASE)):
        assert claim_next(session, lease=lease, wanted=messages[name]) is not None
    session.execute(text("SELECT postpone_message(:id, 1, '1 hour', 'no answer', true)"), {"id": messages["bob"]})
    report = undone(session, run)
    stays = {(each.kind, each.why): each.n_rows for each in report.impossible}
    for kind in ("messages", "enrollments"):
        assert (stays[kind, Why.SENDING], stays[kind, Why.IN_DOUBT]) == (2, 2)
    session.execute(text("SELECT settle_message(:id, 1, 'sent', NULL)"), {"id": messages["ada"]})
    found = session.execute(
        text("SELECT u.email, e.status::text FROM student_enrollments AS e JOIN users AS u ON u.id = e.student_id ORDER BY 1")
    )
    of = {"ada": "active", "bob": "pending", "cy": "pending", "eve": "pending"}
    assert {email.partition("@")[0]: status for email, status in found} == of


def test_one_address_that_another_person_has_by_now_keeps_one_person_and_costs_few_tries(session, roster):
    course = factories.course(session)
    people = [f"{n},old{n}@example.org,Person" for n in range(32)]
    roster("\n".join(("id,email,last name", *people)), course)
    run = roster("\n".join(("id,email,last name", *(each.replace("old", "new") for each in people))), course, rename=True)
    factories.student(session, email="old20@example.org")
    tries = []
    event.listen(session.connection(), "savepoint", lambda *_: tries.append(1))
    report = undone(session, run)
    assert [(each.kind, each.why, each.n_rows) for each in report.impossible if each.kind == "people"] == [("people", Why.TAKEN, 1)]
    assert session.scalars(select(User.email).where(User.email.like("new%"))).all() == ["new20@example.org"]
    assert len(tries) < len(people)


def test_ids_of_quizzes_that_go_are_not_named_among_those_that_stay(session):
    import_oulad(session, SAMPLE)
    run = last_run(session)
    course = session.scalars(select(Course).order_by(Course.id).limit(1)).one()
    factories.enrollment(session, course, factories.student(session))
    report = undone(session, run)
    stays = {(each.kind, each.why): each.n_rows for each in report.impossible}
    assert session.scalar(select(func.count()).select_from(Quiz)) == 0
    assert stays["ids of other systems", Why.BELONGS] == session.scalar(text("SELECT count(*) FROM external_ids"))


def test_an_undo_in_another_time_zone_finds_times_unchanged(session, with_report):
    before, run = with_report
    session.execute(text("SET LOCAL TIME ZONE 'Pacific/Auckland'"))
    report = undone(session, run)
    session.execute(text("SET LOCAL TIME ZONE 'UTC'"))
    assert (content(session), report.rest) == (before, "")


def test_a_dry_run_names_the_same_and_leaves_nothing(session, gradebook):
    course = factories.course(session)
    run = gradebook(FIRST, course)
    before, entries = content(session), session.scalar(text("SELECT count(*) FROM audit_log"))
    planned = undo_import(session, run, dry_run=True)
    assert (content(session), last_run(session)) == (before, run)
    assert session.scalar(text("SELECT count(*) FROM audit_log")) == entries
    assert undone(session, run).taken_back == planned.taken_back


def test_what_is_in_a_closed_term_stays(session, gradebook):
    course = factories.course(session)
    run = gradebook(FIRST, course)
    session.execute(text("SELECT close_term(:term)"), {"term": course.term_id})
    before = content(session)
    report = undone(session, run)
    assert {each.why for each in report.impossible} == {Why.CLOSED, Why.USED, Why.BELONGS}
    assert content(session)["quiz_attempts"] == before["quiz_attempts"]


def test_a_term_that_was_closed_by_mistake_and_opened_again_leaves_nothing_changed(session, gradebook):
    course = factories.course(session)
    before = content(session)
    run = gradebook(FIRST, course)
    code = session.get_one(Term, course.term_id).code
    close_term(session, code)
    open_term(session, code)
    report = undone(session, run)
    assert report.rest == ""
    assert content(session) == before


def test_an_undo_and_an_import_that_is_not_recorded_cannot_be_undone(session, roster):
    course = factories.course(session)
    run = roster("id,email,last name\n1,ada@example.org,Lovelace", course)
    undone(session, run)
    with pytest.raises(UndoneImportError):
        undo_import(session, last_run(session))
    session.execute(text("UPDATE import_runs SET audit_from = NULL WHERE id = :run"), {"run": run})
    session.expire_all()
    with pytest.raises(NotRecordedError):
        undo_import(session, run)
    with pytest.raises(ImportRunNotFoundError):
        undo_import(session, 2**62)


@pytest.fixture
def with_report(session, take):
    """A course with a quiz of totals, before a report brings its questions and answers; and the run of the report."""
    course = factories.course(session, weeks=1)
    for name, family in (("ada", "Vale"), ("ben", "Orr")):
        student = factories.student(session, email=f"{name}@example.org", family_name=family, given_name=name.title())
        factories.enrollment(session, course, student)
    take("gradebook.csv", TOTALS, course)
    before = content(session)
    run = take("responses.csv", ANSWERS, course, reading=ReadOptions(title=TITLE), week=1)
    found = session.execute(text("SELECT count(*), count(*) FILTER (WHERE answers <> '[]') FROM quiz_attempts")).one()
    assert (tuple(found), session.scalar(select(Quiz.questions)) != []) == ((2, 2), True)
    return before, run


def test_a_report_with_answers_leaves_neither_questions_nor_answers_behind(session, with_report):
    before, run = with_report
    report = undone(session, run)
    assert (content(session), report.rest) == (before, "")


def test_a_question_stays_with_an_answer_that_stays(session, with_report):
    _, run = with_report
    questions, slots = session.scalar(select(Quiz.questions)), content(session)["question_slots"]
    session.execute(text("UPDATE quiz_attempts SET score = 1.5 WHERE score = 2"))
    planned = undo_import(session, run, dry_run=True)
    report = undone(session, run)
    assert (report.taken_back, report.kept, report.impossible) == (planned.taken_back, planned.kept, planned.impossible)
    why = {each.kind: each.why for each in (*report.kept, *report.impossible)}
    assert (why["quizzes"], why["numbered questions of reports"]) == (Why.ANSWERED, Why.ANSWERED)
    session.expire_all()
    assert (session.scalar(select(Quiz.questions)), content(session)["question_slots"]) == (questions, slots)


LONG, SHORT = (f"::a::Is it?{{T}}\n\n::b::What?{{=x ~y}}\n\n{rest}" for rest in ("::c::And?{T}\n\n::d::Then?{F}\n", ""))


def bank_questions(session):
    return session.execute(text("SELECT bank || number FROM bank_questions ORDER BY number")).scalars().all()


def test_the_questions_that_a_shorter_bank_removed_come_back_once(session, take):
    course = factories.course(session)
    take("bank.gift", LONG, course)
    before = content(session)
    run = take("bank.gift", SHORT, course)
    undone(session, run)
    assert content(session) == before
    assert undone(session, run).n_taken_back == 0


def test_questions_do_not_come_back_into_a_bank_that_was_changed_or_forgotten_since(session, take):
    course = factories.course(session)
    take("bank.gift", LONG, course)
    run = take("bank.gift", SHORT, course)
    take("bank.gift", "::a::Is it?{T}\n", course)
    report = undone(session, run)
    assert bank_questions(session) == ["bank.gift1"]
    assert [(each.why, each.names) for each in report.kept] == [(Why.CHANGED, ("bank.gift, question 3", "bank.gift, question 4"))]
    forget_bank(session, course.code, "bank.gift")
    assert (undone(session, run).n_taken_back, bank_questions(session)) == (0, [])


def test_the_trail_counts_what_an_undo_removes_and_copies_no_student(session, roster):
    course = factories.course(session)
    undone(session, roster("id,email,last name\n1,ada@example.org,Lovelace", course))
    found = session.execute(
        text("SELECT table_name, row_key, old FROM audit_log WHERE import_run_id = :run AND action = 'delete' ORDER BY 1"),
        {"run": last_run(session)},
    ).all()
    assert [tuple(row) for row in found] == [
        ("external_ids", "*", {"rows": 1}),
        ("student_enrollments", "*", {"rows": 1}),
        ("users", "*", {"rows": 1}),
    ]


def test_the_command_asks_in_numbers_and_names_what_stays(session, begin, gradebook, monkeypatch):
    course = factories.course(session)
    run = gradebook(FIRST, course)
    session.execute(text("UPDATE quiz_attempts SET score = 1 WHERE score = 2"))
    monkeypatch.setattr("lmskit.cli.estimated.transaction", begin)
    refused = CliRunner().invoke(app, ["import", "undo", str(run)], input="n\n")
    assert refused.exit_code != 0
    assert "rows? These stay: 1 changed since and" in refused.output
    assert session.scalars(select(Course.id).where(Course.id == course.id)).one()
    done = CliRunner().invoke(app, ["import", "undo", str(run), "--yes"])
    assert done.exit_code == PARTLY, done.output
    assert "Vale, Ada · Week 1 Quiz" in done.output
    assert f"Import {run} was taken back by run" in done.output


def test_the_command_says_that_an_import_was_taken_back_while_it_asked(session, begin, gradebook, monkeypatch):
    course = factories.course(session)
    run = gradebook(FIRST, course)
    monkeypatch.setattr("lmskit.cli.estimated.transaction", begin)
    others = []
    monkeypatch.setattr("lmskit.cli.import_undo.confirmed", lambda *_, **__: others.append(undo_import(session, run)))
    late = CliRunner().invoke(app, ["import", "undo", str(run)])
    assert f"Nothing of import {run} is left to take back: run {others[0].undone_by} took it back." in late.output


def test_the_command_names_a_course_whose_mastery_it_could_not_estimate_again(session, begin, gradebook, monkeypatch):
    course = factories.course(session)
    gradebook(FIRST, course)
    run = gradebook(SECOND, course)
    course.mastery_rule = "palm reading"
    monkeypatch.setattr("lmskit.cli.estimated.transaction", begin)
    done = CliRunner().invoke(app, ["import", "undo", str(run), "--yes"])
    assert done.exit_code == PARTLY, done.output
    assert f"Mastery of {course.code} was left as it is: " in done.output
    assert "These stay" not in done.output
