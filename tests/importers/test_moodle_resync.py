"""Syncing a course again: what has changed since, with few requests, and nobody withdrawn by a list that lacks people."""

import dataclasses
import datetime as dt
import json

import pytest
from sqlalchemy import select

from lmskit.errors import ImportFileError
from lmskit.models import Course, Enrollment, ImportRun, User
from lmskit.services.import_undo import undo_import
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.importers.synced import attempts_of, synced
from tests.importers.test_import_undo import content
from tests.moodle_server import attempt, person, small_course


@pytest.fixture(scope="module")
def served():
    with small_course().served() as server:
        yield server


@pytest.fixture(scope="module")
def first_sync(module_session, served):
    """The course after its first sync, and what was in the database before."""
    made = factories.course(module_session, weeks=4)
    before = content(module_session)
    synced(module_session, served, made)
    module_session.commit()
    return made.id, before


@pytest.fixture
def connection(part_of_module, first_sync):
    return part_of_module


@pytest.fixture
def course(session, first_sync):
    return session.get(Course, first_sync[0])


@pytest.fixture
def before_sync(first_sync):
    return first_sync[1]


@pytest.fixture
def moodle(served):
    """The Moodle as it was at the first sync."""
    fresh = small_course()
    for each in dataclasses.fields(fresh):
        if each.name != "url":
            setattr(served, each.name, getattr(fresh, each.name))
    return served


def test_a_second_sync_changes_nothing_and_asks_for_little(session, moodle, course):
    before = content(session)
    report = synced(session, moodle, course)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged"}
    assert content(session) == before
    assert moodle.calls("mod_quiz_get_attempt_review") + moodle.calls("mod_quiz_get_user_attempts") == 0
    assert len(moodle.asked) <= 12


def test_one_new_attempt_costs_one_request_and_a_regrade_one(session, moodle, course):
    synced(session, moodle, course)
    n_calls = len(moodle.asked)
    now = int(dt.datetime.now(dt.UTC).timestamp())
    new = attempt(4, 11, 2, "4", 0.0, "3.14")
    new.start, new.finish = now - 60, now
    moodle.attempts.append(new)
    report = synced(session, moodle, course)
    assert report.entity("attempts").added == 1
    assert len(moodle.asked) == n_calls + 1
    moodle.attempts[1] = attempt(2, 12, 1, "5", 1.0, "3.14")
    moodle.attempts[1].changed = now + 1
    moodle.attempts.remove(new)
    report = synced(session, moodle, course)
    assert report.entity("attempts").changed == 1
    assert len(moodle.asked) == n_calls + 1
    assert float(attempts_of(session, course)["Turing", "Means & modes", 1].score) == pytest.approx(3.66667 * 5, abs=1e-4)


def test_an_attempt_that_is_gone_from_lmskit_is_found_by_the_gradebook(session, moodle, course):
    session.delete(attempts_of(session, course)["Lovelace", "Means & modes", 1])
    session.flush()
    report = synced(session, moodle, course)
    assert report.entity("attempts").added == 1
    assert (moodle.calls("mod_quiz_get_user_attempts"), moodle.calls("mod_quiz_get_attempt_review")) == (1, 1)


def test_an_undo_takes_the_sync_back_and_the_next_one_reads_everything_again(session, moodle, course, before_sync):
    undo_import(session, session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc())).first())
    assert content(session) == before_sync
    synced(session, moodle, course)
    assert len(attempts_of(session, course)) == 5
    assert moodle.calls("mod_quiz_get_attempt_review") == 3


def test_a_student_who_left_is_withdrawn_only_if_all_people_were_read(session, moodle, course):
    moodle.people += [person(number, "Student", f"Number{number}") for number in range(50, 70)]
    synced(session, moodle, course)
    gone = moodle.people.pop()
    assert synced(session, moodle, course).entity("withdrawn").changed == 0
    with pytest.raises(ImportFileError, match=r"does not say how many people the course has .*, so nobody can be withdrawn"):
        synced(session, moodle, course, withdraw_missing=True)
    moodle.count = len(moodle.people) + 1
    with pytest.raises(ImportFileError, match=r"has 24 people, and has listed 23, so nobody can be withdrawn; nothing was written"):
        synced(session, moodle, course, withdraw_missing=True)
    assert any("nobody is taken for missing" in note for note in synced(session, moodle, course).notes)
    moodle.count -= 1
    assert synced(session, moodle, course, withdraw_missing=True).entity("withdrawn").changed == 1
    status = session.scalar(select(Enrollment.status).join(User, User.id == Enrollment.student_id).where(User.email == gone["email"]))
    assert status is EnrollmentStatus.WITHDRAWN


def test_a_list_of_people_that_lacks_students_of_the_gradebook_withdraws_nobody(session, moodle, course):
    moodle.recorded["gradereport_user_get_grade_items"] = json.loads(json.dumps(moodle.gradereport_user_get_grade_items({})))
    moodle.people.pop(0)
    moodle.count = len(moodle.people)
    with pytest.raises(ImportFileError, match="gradebook has 1 students who are not in its list of people"):
        synced(session, moodle, course, withdraw_missing=True)


def test_a_token_whose_user_is_not_enrolled_withdraws_nobody(session, moodle, course):
    moodle.recorded["core_enrol_get_users_courses"] = [{"id": 3, "enrolledusercount": 4}]
    moodle.people.pop(0)
    moodle.count = len(moodle.people)
    with pytest.raises(ImportFileError, match=r"does not say how many people .*, so nobody can be withdrawn; nothing was written"):
        synced(session, moodle, course, withdraw_missing=True)


def test_a_student_in_a_role_of_the_site_s_own_is_there_and_withdraws_nobody(session, moodle, course):
    moodle.count = len(moodle.people)
    moodle.people[0]["roles"] = [{"roleid": 12, "shortname": "student_ext"}]
    with pytest.raises(ImportFileError, match="lists 1 person who is a student in lmskit, and neither as student nor as teacher"):
        synced(session, moodle, course, withdraw_missing=True)
    moodle.people[0]["roles"] = [{"roleid": 5, "shortname": "student"}]
    assert synced(session, moodle, course, withdraw_missing=True).entity("withdrawn").changed == 0


def test_a_mark_that_lmskit_has_with_more_decimals_stays_and_others_are_counted(session, moodle, course):
    stored = attempts_of(session, course)["Lovelace", "Means & modes", 1]
    stored.answers = [each | {"score": {"1": 2.02, "3": 3.33335}.get(each["question"], each["score"])} for each in stored.answers]
    session.flush()
    first = moodle.attempts[0]
    for question, mark in zip(first.questions, (0.404, 2.0, 0.66667), strict=True):
        question.mark, question.state = mark, "mangrpartial"
    first.total, first.changed = 3.07067, int(dt.datetime.now(dt.UTC).timestamp())
    report = synced(session, moodle, course)
    scores = [each["score"] for each in attempts_of(session, course)["Lovelace", "Means & modes", 1].answers]
    assert scores == [pytest.approx(2.02), pytest.approx(10), pytest.approx(3.33335)]
    assert not any("shows rounded" in note for note in report.notes)
    first.questions[0].mark, first.total, first.changed = 0.90, 3.56667, first.changed + 1
    assert any(note.endswith("by half of the last decimal: 1.") for note in synced(session, moodle, course).notes)
