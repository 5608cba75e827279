"""Twelve administrators do the same at the same moment, as commands and forms do it: one has done it, and each other one reads why not."""

from __future__ import annotations

from functools import partial
from itertools import cycle

import pytest
from sqlalchemy import delete, func, select

from lmskit.db import PATIENT, engine_for, retried, transaction
from lmskit.errors import CannotMergeError, ChangedMeanwhileError, ConflictError, CopiedAlreadyError, LmskitError, QuizNotFoundInCourseError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import Course, Enrollment, ImportRun, PersonMerge, Quiz, Term, User
from lmskit.schemas.course_copy import CopyCourse
from lmskit.schemas.enrollment import WithdrawSeveral
from lmskit.services.bulk_withdrawal import WithdrawalReport, withdraw_several
from lmskit.services.course_copy import copy_course
from lmskit.services.deletion import delete_course, delete_quiz, delete_term
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo import UndoReport, undo_import
from lmskit.services.person_merge import merge_people
from lmskit.services.person_merge.merge import MergeReport
from lmskit.services.previewed import as_previewed
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.importers.plain import csv_file
from tests.services.test_double_click import CLICKS, at_once


@pytest.fixture
def course(admin_engine):
    """A course with a quiz and three students, until the test ends."""
    with transaction(admin_engine) as session:
        made = factories.course(session, weeks=1)
        factories.quiz(session, made, title="Sets")
        for _ in range(3):
            factories.enrollment(session, made)
        lecturer, term = made.lecturer_id, session.get_one(Term, made.term_id).code
    yield made
    with transaction(admin_engine) as session:
        people = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == made.id)))
        delete_course(session, made.code)
        delete_term(session, term)
        session.execute(delete(User).where(User.id.in_([*people, lecturer])))


@pytest.fixture
def begin(administrators):
    """A transaction of the next administrator."""
    engines = cycle([engine_for(email) for email in administrators])

    def begin_as_next():
        return transaction(next(engines))

    return begin_as_next


@pytest.fixture
def at_the_same_moment(begin):
    """Do work in a transaction of each administrator; return what the one got whose work counts, and the refusals of the others."""

    def run(work, *, is_done=lambda _result: True, **how):
        def click():
            def attempt():
                with begin() as session:
                    return work(session)

            return retried(attempt, **how)

        results = at_once(click)
        (done,) = [result for result in results if not isinstance(result, LmskitError) and is_done(result)]
        return done, [result for result in results if result is not done]

    return run


def test_two_people_are_merged_once(admin_engine, course, at_the_same_moment):
    with transaction(admin_engine) as session:
        kept, removed = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id).limit(2)).all()
        address = factories.address(session.get_one(User, removed))
    done, others = at_the_same_moment(lambda session: merge_people(session, str(kept), address), lock_attempts=PATIENT)
    assert isinstance(done, MergeReport)
    assert {type(other) for other in others} == {CannotMergeError}
    assert str(others[0]) == f"{kept} and {address} are one person already, number {kept}. Nothing was changed."
    with transaction(admin_engine) as session:
        assert session.scalar(select(func.count()).select_from(PersonMerge).where(PersonMerge.kept_id == kept)) == 1


def test_an_import_is_taken_back_once(admin_engine, course, at_the_same_moment, tmp_path):
    path = csv_file(tmp_path / "roster.csv", f"email,family_name\n{factories.unique('late')}@example.org,Late")
    with transaction(admin_engine) as session:
        import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code))
        run = session.scalars(select(func.max(ImportRun.id))).one()
    done, others = at_the_same_moment(
        lambda session: undo_import(session, run), is_done=lambda report: report.undone_by is not None, lock_attempts=PATIENT
    )
    assert done.n_taken_back == 2
    assert [(type(other), other.n_taken_back, other.rest) for other in others] == [(UndoReport, 0, "")] * (CLICKS - 1)
    with transaction(admin_engine) as session:
        assert session.scalar(select(func.count()).select_from(ImportRun).where(ImportRun.undoes == run)) == 1


def test_a_course_is_copied_once(admin_engine, course, at_the_same_moment):
    with transaction(admin_engine) as session:
        term = factories.term(session).code
    request = CopyCourse.model_validate({"course": course.code, "term": term, "staff": "none"})
    copied, others = at_the_same_moment(lambda session: copy_course(session, request), lock_attempts=PATIENT, idempotent=False)
    assert [type(other) for other in others] == [CopiedAlreadyError] * (CLICKS - 1)
    with transaction(admin_engine) as session:
        assert session.scalar(select(func.count()).select_from(Quiz).join(Course).where(Course.code == copied.code)) == 1
        delete_course(session, copied.code)
        delete_term(session, term)


def test_a_quiz_is_deleted_once(course, at_the_same_moment):
    done, others = at_the_same_moment(lambda session: delete_quiz(session, course.code, "Sets"), idempotent=False)
    assert done.what == f"the quiz Sets of {course.code}"
    assert {type(other) for other in others} <= {ConflictError, QuizNotFoundInCourseError}
    at_that_moment = {str(other) for other in others if type(other) is ConflictError}
    assert at_that_moment <= {f"Another person deleted {done.what} at the same moment. Nothing is left to delete."}


def test_a_list_is_withdrawn_once(admin_engine, begin, course):
    request = WithdrawSeveral(course=course.code, everyone=True, at_most=3)
    with transaction(admin_engine) as session:
        preview = withdraw_several(session, request, dry_run=True)

    def click():
        return as_previewed(begin, partial(withdraw_several, request=request), preview, what="the students of the course")

    results = at_once(click)
    assert sum(type(result) is ChangedMeanwhileError for result in results) == CLICKS - 1
    assert [result.n_done for result in results if isinstance(result, WithdrawalReport)] == [3]
    with transaction(admin_engine) as session:
        statuses = session.scalars(select(Enrollment.status).where(Enrollment.course_id == course.id)).all()
    assert statuses == [EnrollmentStatus.WITHDRAWN] * 3
