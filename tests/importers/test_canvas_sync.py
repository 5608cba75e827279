"""Syncing a course with a Canvas that the tests serve: people, attempts and grades, and what goes wrong on the way."""

import datetime as dt

import pytest
from sqlalchemy import select

from lmskit.errors import InputError, LmsAnswerError, LmsError, LmsRightsError, LmsTokenError, LmsUnavailableError
from lmskit.importers.canvas.web_service.reading import CanvasReading
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.web_service import reading
from lmskit.importers.web_service.known import KnownCourse
from lmskit.importers.web_service.whole_report import whole_report
from lmskit.models import Enrollment, ExternalId, Quiz, QuizException, SectionMember, User
from lmskit.progress import silent
from lmskit.services.course_sync import sync_course
from lmskit.services.importing import ImportOptions
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.canvas_server import (
    BEGIN,
    TOKEN,
    Submission,
    Version,
    attempt,
    data,
    question,
    small_course,
    taken,
    throttled,
    unauthorized,
)
from tests.importers.synced import attempts_of, canvas_client_of, written
from tests.importers.synced import synced_with_canvas as synced
from tests.lms_server import Answer


@pytest.fixture
def canvas():
    with small_course().served() as server:
        yield server


@pytest.fixture
def course(session):
    return factories.course(session, weeks=4)


def test_the_first_sync_brings_people_sections_assignments_attempts_grades_and_excuses(session, canvas, course):
    report = synced(session, canvas, course)
    assert report.rejections == ()
    assert {file.file: file.rows_in for file in report.files} == {"people": 5, "attempts": 3, "grades": 2}
    enrolled = select(User.family_name, Enrollment.status).join(User, User.id == Enrollment.student_id)
    assert dict(session.execute(enrolled.where(Enrollment.course_id == course.id)).all()) == {
        "Lovelace": EnrollmentStatus.ACTIVE,
        "Turing": EnrollmentStatus.ACTIVE,
        "Hopper-Lang": EnrollmentStatus.WITHDRAWN,
        "Noether": EnrollmentStatus.ACTIVE,
    }
    assert len(session.scalars(select(SectionMember).where(SectionMember.course_id == course.id)).all()) == 5
    quizzes = select(Quiz.title, Quiz.week_number, Quiz.max_score, Quiz.due_on).where(Quiz.course_id == course.id)
    assert {tuple(row) for row in session.execute(quizzes)} >= {
        ("Means & modes", 2, 10, dt.date(2026, 10, 1)),
        ("Essay, second draft", 3, 20, None),
    }
    keys = select(ExternalId.external_id).where(ExternalId.course_id == course.id, ExternalId.source == "canvas")
    assert {"501", "502"} <= set(session.scalars(keys))
    found = attempts_of(session, course)
    assert len(found) == 4
    second = found["Lovelace", "Means & modes", 2]
    assert (second.submitted_at, float(second.score)) == (BEGIN + dt.timedelta(hours=30), 8.0)
    assert {answer["question"]: (answer.get("raw", answer["response"]), answer["score"]) for answer in second.answers} == {
        "101": ("5", 1.0),
        "102": (["red, deep", "blue"], 2.0),
        "103": ({"France": "Paris", "Italy": "Paris"}, 0.5),
        "104": ({"a": "sky", "b": ""}, 1.0),
        "105": ("Because", 2.5),
        "107": ("3.14", 1.0),
    }
    assert (float(found["Lovelace", "Essay, second draft", 1].score), found["Lovelace", "Means & modes", 1].score) == (17.5, 6)
    excused = select(User.family_name).join(QuizException, QuizException.student_id == User.id).where(QuizException.excused)
    assert session.scalars(excused.where(QuizException.course_id == course.id)).all() == ["Turing"]
    assert any("Teachers whose address Canvas does not show" in note for note in report.notes)
    assert any("without points possible" in note and "Reading log" in note for note in report.notes)


def test_questions_have_their_type_their_options_and_their_key_and_answers_are_those_of_options(session, canvas, course):
    synced(session, canvas, course)
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one()
    assert {each["id"]: each["type"] for each in quiz.questions} == {
        "101": "choice", "102": "multiple", "103": "match", "104": "match", "105": "essay", "107": "numeric"
    }  # fmt: skip
    assert {name: entry["answer"] for name, entry in quiz.answer_key.items()} == {
        "101": "B", "102": ["A", "B"], "103": {"A": "1", "B": "2"}, "104": {"A": "1", "B": "2"}, "107": 3.14
    }  # fmt: skip
    answers = {each["question"]: each["response"] for each in attempts_of(session, course)["Lovelace", "Means & modes", 2].answers}
    assert answers == {"101": "B", "102": ["A", "B"], "103": {"A": "1", "B": "1"}, "104": {"A": "1"}} | {
        "105": "Because", "107": 3.14
    }  # fmt: skip


def test_an_attempt_that_goes_on_waits_and_one_that_waits_for_a_mark_has_no_score(session, canvas, course):
    waiting = attempt(1, 7, data(2, "3.14", essay=None), "pending_review")
    canvas.submissions[1] = taken(12, Version(2, None, None, {"question_101": "2"}, "untaken"), waiting)
    report = synced(session, canvas, course)
    found = attempts_of(session, course)
    assert ("Turing", "Means & modes", 2) not in found
    assert found["Turing", "Means & modes", 1].score is None
    assert {answer["question"]: answer["score"] for answer in found["Turing", "Means & modes", 1].answers}["105"] is None
    assert any("Attempts that are going on" in note for note in report.notes)


def test_of_an_attempt_that_was_marked_again_the_newest_version_counts(session, canvas, course):
    canvas.submissions[1].versions.insert(0, attempt(1, 6, data(2, "3", essay=3.0)))
    synced(session, canvas, course)
    assert float(attempts_of(session, course)["Turing", "Means & modes", 1].score) == 7.5


def test_questions_that_were_drawn_or_have_left_the_quiz_are_asked_for_once(session, canvas, course):
    versions = [attempt(2, 30, data(2, "3.14", drawn=888)), attempt(1, 5, data(1, "3", drawn=888))]
    canvas.submissions[0] = taken(11, *versions)
    canvas.drawn[canvas.submissions[0].number, 1] = [question(888, "true_false", "Is it?", 1, [{"id": 1, "text": "yes", "weight": 100}])]
    synced(session, canvas, course)
    assert canvas.calls("/questions") == 2
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one()
    assert {each["id"]: each["prompt"] for each in quiz.questions}["888"] == "Is it?"
    assert {answer["question"]: answer["response"] for answer in attempts_of(session, course)["Lovelace", "Means & modes", 1].answers}[
        "888"
    ] == "yes"


def test_a_quiz_that_was_graded_without_an_attempt_has_its_grade(session, canvas, course):
    canvas.submissions[1] = Submission(501, 12, 4.0, None, BEGIN)
    synced(session, canvas, course)
    assert float(attempts_of(session, course)["Turing", "Means & modes", 1].score) == 4


def test_a_dry_run_gives_the_same_report_and_writes_nothing(session, canvas, course):
    before = written(session)
    rehearsed = synced(session, canvas, course, dry_run=True)
    assert written(session) == before
    assert rehearsed.total == synced(session, canvas, course).total


def test_a_sync_in_several_imports_has_the_report_of_one_in_a_single_import(session, canvas, course, monkeypatch):
    canvas.enrollments[2]["user"]["sortable_name"] = canvas.enrollments[2]["user"]["name"] = ""  # Turing, who cannot be imported
    reader, options = CanvasReading(canvas_client_of(canvas), "SYNC"), ImportOptions(course=course.code)

    def imported(*, whole):
        with session.begin_nested() as undone:
            parts = list(reader.batches(KnownCourse(), whole=whole, progress=silent))
            reports = [sync_course(session, part.source, options, lacking=part.lacking, known_until=part.known_until) for part in parts]
            undone.rollback()
        return reports

    [at_once] = imported(whole=True)
    monkeypatch.setattr(reading, "BATCH", 1)
    in_parts = imported(whole=False)
    assert len(in_parts) == 2
    report = whole_report(in_parts)
    assert (report.total, set(report.files), report.entities) == (at_once.total, set(at_once.files), at_once.entities)
    assert report.total.rejected == 3
    assert sorted(report.rejections, key=str) == sorted(at_once.rejections, key=str)


def test_a_module_is_moved_to_another_week(session, canvas, course):
    synced(session, canvas, course, sections={2: ChosenWeek(4)})
    assert session.scalars(select(Quiz.week_number).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one() == 4


def test_results_in_an_assignment_that_is_not_graded_are_counted(session, canvas, course):
    canvas.submissions.append(Submission(505, 11, 5.0, BEGIN, BEGIN))
    report = synced(session, canvas, course)
    assert "Results in assignments that are not published or not graded, and that are not imported: 1." in report.notes


@pytest.mark.parametrize("size", [1, 2])
def test_all_pages_are_read_and_items_that_a_list_of_modules_leaves_out(session, canvas, course, size):
    canvas.page, canvas.items_of_a_module = size, 1
    report = synced(session, canvas, course)
    assert {file.file: file.rows_in for file in report.files} == {"people": 5, "attempts": 3, "grades": 2}
    assert session.scalars(select(Quiz.week_number).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one() == 2


def test_a_course_is_named_by_its_code_or_by_the_number_of_its_address(session, canvas, course):
    assert synced(session, canvas, course, name="17", is_number=True, dry_run=True).total.rows_in == 10
    for name, number, sentence in [("OTHER", False, "has no course with the code 'OTHER'"), ("18", True, "whether the course is still")]:
        with pytest.raises(LmsError, match=sentence):
            synced(session, canvas, course, name=name, is_number=number)


def test_a_course_of_canvas_is_synced_into_one_course_of_lmskit(session, canvas, course):
    synced(session, canvas, course)
    before, other = written(session), factories.course(session, weeks=4)
    with pytest.raises(InputError, match=rf"is the course {course.code} in lmskit, and not {other.code}"), session.begin_nested():
        synced(session, canvas, other)
    canvas.course["id"] = 18
    refused = rf"/courses/18, and {course.code} in lmskit is .*/courses/17; nothing was written\. .*--same-course"
    with pytest.raises(InputError, match=refused), session.begin_nested():
        synced(session, canvas, course)
    assert written(session) == before
    synced(session, canvas, course, same_course=True)
    assert synced(session, canvas, course).rejections == ()


def test_ids_with_more_digits_than_a_number_is_exact_for_are_kept(session, canvas, course):
    large = 10_000_000_000_000_777
    canvas.enrollments[2]["user_id"] = canvas.enrollments[2]["user"]["id"] = canvas.submissions[1].user = canvas.submissions[3].user = large
    assert synced(session, canvas, course).rejections == ()
    assert str(large) in set(session.scalars(select(ExternalId.external_id).where(ExternalId.source == "canvas")))


# What goes wrong --------------------------------------------------------------------------------------------------


def test_missing_rights_and_scopes_are_all_named_before_anything_is_written(session, canvas, course):
    before = written(session)
    refused = ("/enrollments", "/questions")
    canvas.fault = lambda path, _nth: unauthorized("user not authorized to perform that action") if path.endswith(refused) else None
    with pytest.raises(LmsRightsError) as raised:
        synced(session, canvas, course)
    assert "url:GET|/api/v1/courses/:course_id/enrollments (401: user not authorized" in str(raised.value)
    assert "url:GET|/api/v1/courses/:course_id/quizzes/:quiz_id/questions (401" in str(raised.value)
    assert "nothing was written" in str(raised.value)
    assert written(session) == before


def test_a_right_that_is_lost_meanwhile_and_a_course_that_may_not_be_seen_are_sentences(session, canvas, course):
    refusal = unauthorized("user not authorized to perform that action")
    canvas.fault = lambda path, nth: refusal if path.endswith("/submissions") and nth > 2 else None
    with pytest.raises(LmsRightsError, match=r"does not let the user of the token go on reading SYNC \(url:GET.*sync again later"):
        synced(session, canvas, course)
    canvas.fault = lambda path, _nth: refusal if path.endswith("/courses/17") else None
    with pytest.raises(LmsRightsError, match=r"needs; nothing was written\. url:GET\|/api/v1/courses/:course_id \(401"):
        synced(session, canvas, course)


def test_an_expired_token_is_refused_in_plain_words_and_never_shown(session, canvas, course):
    with pytest.raises(LmsTokenError, match=r"does not accept the token \(401: Invalid access token") as raised:
        synced(session, canvas, course, client=canvas_client_of(canvas, token="secret-canary"))
    assert "secret-canary" not in str(raised.value)


def test_a_canvas_that_was_asked_too_much_is_asked_again_later_and_more_slowly(session, canvas, course):
    faults = {1: throttled(), 2: Answer(b"busy", 503, {"Retry-After": "7"}), 3: Answer(b'[{"id":')}
    canvas.fault = lambda path, nth: faults.get(nth) if path.endswith("/assignments") else None
    waits: list[float] = []
    assert synced(session, canvas, course, client=canvas_client_of(canvas, waits=waits)).total.rows_in == 10
    assert [1 <= waits[0] <= 1.5, waits[1], 4 <= waits[2] <= 6, len(waits)] == [True, 7, True, 3]
    canvas.quota, canvas.fault, waits = 12.5, lambda _path, _nth: None, []
    synced(session, canvas, course, client=canvas_client_of(canvas, waits=waits))
    assert len(waits) == len(canvas.asked)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (throttled(), (LmsUnavailableError, r"was asked too much \(403\)")),
        (Answer(b"busy", 503), (LmsUnavailableError, r"cannot answer now \(503\)")),
        (Answer(b'[{"assignment_id"'), (LmsUnavailableError, "an answer broke off, or is not JSON")),
        (Answer(b"", 302, {"Location": "http://127.0.0.2/elsewhere"}), (LmsError, "to which the token is not sent")),
        (Answer(b"[]", headers={"Link": '<https://elsewhere.example.org/api/v1/x>; rel="next"'}), (LmsError, "the token is not sent")),
        (Answer(b'{"errors":[{"message":"gone"}]}', 404), (LmsError, "whether the course is still there")),
        (Answer(b'{"errors":[{"message":"no"}]}', 400), (LmsError, "refuses url:GET")),
        (Answer(b"{}"), (LmsAnswerError, "does not have the form that its documentation says")),
        (Answer(b'[{"assignment_id": "501", "user_id": "x"}]'), (LmsAnswerError, "user_id is not an id")),
        (Answer(b'[{"assignment_id": 501, "user_id": 11, "submitted_at": "now"}]'), (LmsAnswerError, "submitted_at is not a time")),
        (Answer(b'[{"assignment_id": 501, "user_id": 11, "submission_history": 5}]'), (LmsAnswerError, "does not have the form")),
    ],
)
def test_what_cannot_be_read_ends_the_sync_with_a_sentence_and_nothing_half_done(session, canvas, course, fault, expected):
    before = written(session)
    canvas.fault = lambda path, nth: fault if path.endswith("/submissions") and nth > 2 else None
    with pytest.raises(expected[0], match=expected[1]) as raised:
        synced(session, canvas, course)
    assert TOKEN not in str(raised.value)
    assert written(session) == before


def test_a_list_whose_pages_do_not_end_is_none(session, canvas, course):
    link = f'<{canvas.url}/api/v1/courses/17/sections?per_page=100>; rel="next"'
    canvas.fault = lambda path, _nth: Answer(b"[]", headers={"Link": link}) if path.endswith("/sections") else None
    with pytest.raises(LmsAnswerError, match="the pages of the list do not end"):
        synced(session, canvas, course)


def test_texts_of_strangers_become_plain_text(session, canvas, course):
    canvas.assignments[0]["name"] = "Quiz\nwith\x00 lines"
    canvas.questions[91][0]["question_text"] = "<script>alert(1)</script>Is <b>it</b>?"
    synced(session, canvas, course)
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title.like("Quiz%"))).one()
    assert quiz.title == "Quiz with lines"
    assert {each["id"]: each["prompt"] for each in quiz.questions}["101"] == "Is it?"
