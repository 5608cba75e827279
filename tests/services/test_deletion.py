"""What was made by mistake is deleted as long as no evidence rests on it; the refusal says what can be done instead."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import load_only

from lmskit.db import transaction
from lmskit.db.failure import translated_errors
from lmskit.errors import AttemptNotFoundError, InUseError, MoreWouldGoError, NotPermittedError, PersonGoneError, TermClosedError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import (
    AuditEntry,
    Course,
    CourseStaff,
    Enrollment,
    ExternalId,
    ImportRun,
    PersonMerge,
    Quiz,
    QuizAttempt,
    QuizException,
    Term,
    User,
)
from lmskit.queries.attempt_list import attempts
from lmskit.services.deletion import delete_attempt, delete_course, delete_person, delete_quiz, delete_term
from lmskit.services.deletion_counts import of_course, of_person, of_quiz, of_term
from lmskit.services.erasure import erase_person
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo.written import DERIVED
from lmskit.services.term import close_term
from lmskit.vocabulary import EntityKind, StaffRole
from tests import factories
from tests.conftest import DEMO_LECTURER
from tests.importers.plain import csv_file

TAKEN_BACK = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def course(session):
    made = factories.course(session, weeks=2)
    factories.quiz(session, made, title="Sets")
    factories.enrollment(session, made)
    session.flush()
    return made


@pytest.fixture
def attempt(session, course):
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id)).one()
    student = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id)).one()
    made = factories.attempt(session, quiz, student)
    session.flush()
    return made


def audited(session, table, key):
    entry = select(AuditEntry.action).where(AuditEntry.table_name == table, AuditEntry.row_key == str(key))
    return session.scalars(entry.order_by(AuditEntry.id.desc())).first()


def n_rows(session, model, *conditions):
    return session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_a_quiz_without_attempts_is_deleted_and_the_trail_says_so(session, course):
    (quiz,) = session.scalars(select(Quiz.id).where(Quiz.course_id == course.id))
    assert delete_quiz(session, course.code.lower(), "Sets").what == f"the quiz Sets of {course.code}"
    assert n_rows(session, Quiz, Quiz.course_id == course.id) == 0
    assert audited(session, "quizzes", quiz) == "delete"


def test_a_quiz_with_attempts_stays_unless_a_file_took_all_of_them_back(session, course, attempt):
    with pytest.raises(InUseError, match=r"^The quiz Sets of \S+ has 1 attempt\. Nothing was deleted\. .*lmskit archive create --term"):
        delete_quiz(session, course.code, "Sets")
    attempt.taken_back_at = TAKEN_BACK
    session.flush()
    assert delete_quiz(session, course.code, "Sets").going == (("attempts that were taken back", 1),)
    assert n_rows(session, QuizAttempt, QuizAttempt.course_id == course.id) == 0


def test_a_refusal_names_the_import_that_brought_the_results(session, course, tmp_path):
    path = csv_file(tmp_path / "results.csv", "email,family_name,quiz,score,max_score\nada@example.org,Lovelace,Maps,4,5")
    import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
    run = session.scalar(select(func.max(ImportRun.id)))
    (number,) = session.scalars(select(QuizAttempt.id).where(QuizAttempt.course_id == course.id))
    for delete, given in ((delete_quiz, (course.code, "Maps")), (delete_course, (course.code,)), (delete_attempt, (number,))):
        with pytest.raises(InUseError, match=rf"lmskit import undo {run}\b"):
            delete(session, *given)


@pytest.mark.parametrize(
    ("changed", "evidence"),
    [({"taken_back_at": TAKEN_BACK}, "no: taken back"), ({"banked": True}, "no: banked"), ({"score": None}, "no: not graded")],
)
def test_an_attempt_is_deleted_only_if_it_is_no_evidence(session, course, attempt, changed, evidence):
    assert attempts(session, course.code)["evidence"].tolist() == ["yes"]
    with pytest.raises(InUseError, match=r"is evidence of mastery in week 1\. Nothing was deleted\. .*--remove-missing"):
        delete_attempt(session, attempt.id)
    for name, value in changed.items():
        setattr(attempt, name, value)
    session.flush()
    number = attempt.id
    assert attempts(session, course.code, quiz="Sets", student_id=attempt.student_id)["evidence"].tolist() == [evidence]
    delete_attempt(session, number)
    assert (n_rows(session, QuizAttempt, QuizAttempt.id == number), audited(session, "quiz_attempts", number)) == (0, "delete")
    with pytest.raises(AttemptNotFoundError):
        delete_attempt(session, number)


def test_an_attempt_of_an_excused_student_waits_until_the_excuse_is_taken_back(session, course, attempt):
    session.add(QuizException(course_id=course.id, quiz_id=attempt.quiz_id, student_id=attempt.student_id, excused=True))
    session.flush()
    with pytest.raises(InUseError, match=rf"not excused any more\. Nothing was deleted\. .*lmskit exception list {course.code}"):
        delete_attempt(session, attempt.id)


def test_a_course_without_results_goes_with_all_that_belongs_to_it(session, course):
    factories.material(session, course)
    with pytest.raises(InUseError, match=rf"has 1 material\. Nothing was deleted\. .*lmskit material list {course.code}"):
        delete_course(session, course.code)
    session.execute(text("DELETE FROM materials WHERE course_id = :course"), {"course": course.id})
    session.add(CourseStaff(course_id=course.id, person_id=factories.lecturer(session).id, role=StaffRole.CO_LECTURER))
    session.flush()
    number, code = course.id, course.code
    planned = delete_course(session, code, dry_run=True)
    assert dict(planned.going) == {"enrollments": 1, "weeks": 2, "quizzes": 1, "staff": 1}
    assert n_rows(session, Course, Course.id == number) == 1
    assert delete_course(session, code) == planned
    session.expunge_all()
    assert [n_rows(session, model, model.course_id == number) for model in (Enrollment, Quiz, CourseStaff)] == [0, 0, 0]
    assert (n_rows(session, Course, Course.id == number), audited(session, "courses", number)) == (0, "delete")


def test_nothing_of_a_closed_term_is_deleted(session, course, attempt):
    attempt.banked = True
    session.flush()
    number, empty = attempt.id, factories.course(session, in_term=session.get_one(Term, course.term_id)).code
    close_term(session, session.get_one(Term, course.term_id).code)
    with pytest.raises(TermClosedError), translated_errors(), session.begin_nested():
        delete_attempt(session, number, dry_run=True)
    with pytest.raises(TermClosedError), translated_errors(), session.begin_nested():
        delete_course(session, empty, dry_run=True)


def test_a_term_with_courses_stays_and_one_without_goes(session, course):
    term = session.get_one(Term, course.term_id)
    with pytest.raises(InUseError, match=rf"has 1 course, {course.code}\. Nothing was deleted\. .*lmskit term close {term.code}"):
        delete_term(session, term.code)
    empty = factories.term(session)
    number = empty.id
    session.add(ExternalId(source="canvas", kind=EntityKind.TERM, external_id="t", term_id=number))
    session.flush()
    delete_term(session, empty.code)
    assert (n_rows(session, ExternalId, ExternalId.term_id == number), audited(session, "terms", number)) == (0, "delete")


def test_a_person_without_results_goes_with_enrollments_and_ids(session, course):
    (number,) = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id))
    session.add(ExternalId(source="canvas", kind=EntityKind.PERSON, external_id="7", person_id=number))
    session.flush()
    assert dict(delete_person(session, number, dry_run=True).going) == {"enrollments": 1, "ids of other systems": 1}
    assert n_rows(session, User, User.id == number) == 1
    delete_person(session, number)
    assert n_rows(session, Enrollment, Enrollment.course_id == course.id) == 0
    assert (n_rows(session, User, User.id == number), audited(session, "users", number)) == (0, "delete")
    with pytest.raises(PersonGoneError):
        delete_person(session, number)


def test_all_that_cascades_of_the_database_delete_is_shown_before(session):
    """Whatever refers to a quiz, a course, a term or a person, directly or not, and would go with it."""
    cascades = text("""
        WITH RECURSIVE reference AS (
            SELECT c.conrelid, c.confrelid FROM pg_constraint AS c
            WHERE c.contype = 'f' AND c.confdeltype = 'c' AND c.connamespace = CAST('lms' AS regnamespace)
        ), going AS (
            SELECT r.conrelid AS id FROM reference AS r WHERE r.confrelid = CAST(:table AS regclass)
            UNION
            SELECT r.conrelid FROM going AS g JOIN reference AS r ON r.confrelid = g.id
        )
        SELECT c.relname FROM going AS g JOIN pg_class AS c ON c.oid = g.id
    """)
    refused = {"materials", "material_crawls"}
    for table in tuple(refused):
        refused |= set(session.scalars(cascades, {"table": f"lms.{table}"}))
    for table, kinds in {"quizzes": of_quiz(1), "courses": of_course(1), "terms": of_term(1), "users": of_person(1)}.items():
        going = set(session.scalars(cascades, {"table": f"lms.{table}"}))
        shown = {model.__tablename__ for model, _ in kinds.values()}
        assert going - shown <= DERIVED | (refused if table == "courses" else set())


def test_what_goes_with_a_quiz_and_a_person_is_shown_by_kind(session, course):
    (quiz,) = session.scalars(select(Quiz.id).where(Quiz.course_id == course.id))
    (student,) = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id))
    session.add(QuizException(course_id=course.id, quiz_id=quiz, student_id=student, excused=True))
    session.add(PersonMerge(kept_id=student, removed_id=student + 1_000_000, picture={}))
    session.flush()
    assert delete_quiz(session, course.code, "Sets", dry_run=True).going == (("excuses and more time", 1),)
    going = dict(delete_person(session, student, dry_run=True).going)
    assert going == {"excuses and more time": 1, "enrollments": 1, "receipts of merges": 1}


def test_nothing_is_deleted_if_more_would_go_than_was_shown(session, course):
    shown = delete_course(session, course.code, dry_run=True).going
    factories.enrollment(session, course)
    session.flush()
    refusal = rf"^More would go with the course {course.code} than was shown: enrollments: 2 instead of 1\. Nothing was deleted\."
    with pytest.raises(MoreWouldGoError, match=refusal):
        delete_course(session, course.code, shown=shown)
    assert n_rows(session, Enrollment, Enrollment.course_id == course.id) == 2
    delete_course(session, course.code, shown=delete_course(session, course.code, dry_run=True).going)


def test_a_deleted_person_can_still_be_erased_from_the_trail(session, course):
    (number,) = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id))
    delete_person(session, number)
    erase_person(session, number)
    left = select(AuditEntry.old["family_name"].astext).where(AuditEntry.table_name == "users", AuditEntry.row_key == str(number))
    assert session.scalars(left.where(AuditEntry.action == "delete")).all() == ["[…]"]


def test_a_person_with_results_courses_or_a_login_stays(session, course, attempt):
    erasing = rf"lmskit person erase {attempt.student_id}"
    with pytest.raises(InUseError, match=rf"has 1 attempt\. Nothing was deleted\. .*{erasing}"):
        delete_person(session, attempt.student_id)
    with pytest.raises(InUseError, match=rf"is responsible for {course.code}\. .*lmskit course hand-over"):
        delete_person(session, course.lecturer_id)
    (own,) = session.execute(text("SELECT id FROM users WHERE db_role = session_user")).scalars()
    with pytest.raises(InUseError, match=r"has a login\."):
        delete_person(session, own)


def test_a_lecturer_deletes_nothing(lecturer_engine, admin_engine):
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == DEMO_LECTURER).options(load_only(User.id))).one()
        made = factories.course(session, weeks=1)
        made.lecturer_id, code, number = lecturer.id, made.code, made.id
        factories.quiz(session, made, title="Sets")
    try:
        with pytest.raises(NotPermittedError, match="Only an administrator can delete quizzes"), transaction(lecturer_engine) as session:
            delete_quiz(session, code, "Sets")
        with pytest.raises(NotPermittedError, match="Only an administrator can delete courses"), transaction(lecturer_engine) as session:
            delete_course(session, code)
    finally:
        with transaction(admin_engine) as session:
            delete_course(session, code)
            assert session.get(Course, number) is None
