"""Syncing a course with a Moodle that the tests serve: people, attempts and grades, and as few requests as are needed."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from lmskit.errors import InputError, LmsAnswerError, LmsError, LmsRightsError, LmsTokenError, LmsUnavailableError
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.moodle.backup.course import course_id
from lmskit.importers.moodle.web_service.reading import MoodleReading
from lmskit.importers.moodle.web_service.source import MoodleCourse
from lmskit.importers.web_service.client import LIMITS, service_address
from lmskit.importers.web_service.known import KnownCourse
from lmskit.importers.web_service.whole_report import whole_report
from lmskit.models import Enrollment, ExternalId, Quiz, SectionMember, User
from lmskit.progress import silent
from lmskit.queries.external_id import entity_named
from lmskit.services.course_sync import sync_course
from lmskit.services.importing import ImportOptions
from lmskit.vocabulary import EnrollmentStatus, EntityKind
from tests import factories
from tests.importers.synced import attempts_of, client_of, synced, written
from tests.lms_server import Answer
from tests.moodle_server import TOKEN, attempt, quiz, refusal, small_course


@pytest.fixture
def moodle():
    with small_course().served() as server:
        yield server


@pytest.fixture
def course(session):
    return factories.course(session, weeks=4)


def test_the_first_sync_brings_people_groups_quizzes_attempts_and_grades(session, moodle, course):
    report = synced(session, moodle, course)
    assert report.rejections == ()
    assert {file.file: file.rows_in for file in report.files} == {"people": 4, "attempts": 3, "grades": 2}
    enrolled = (
        select(User.family_name, Enrollment.status).join(User, User.id == Enrollment.student_id).where(Enrollment.course_id == course.id)
    )
    assert dict(session.execute(enrolled).all()) == {
        "Lovelace": EnrollmentStatus.ACTIVE,
        "Turing": EnrollmentStatus.ACTIVE,
        "Hopper-Lang": EnrollmentStatus.WITHDRAWN,
    }
    assert len(session.scalars(select(SectionMember).where(SectionMember.course_id == course.id)).all()) == 2
    quizzes = {quiz.title: quiz for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course.id))}
    assert {title: (quiz.week_number, float(quiz.max_score)) for title, quiz in quizzes.items()} == {
        "Means & modes": (2, 20.0),
        "Assignment: Essay & notes": (3, 100.0),
    }
    keys = select(ExternalId.external_id).where(ExternalId.course_id == course.id, ExternalId.source == "moodle")
    assert set(session.scalars(keys)) == {"quiz:7", "assign:31", f"{moodle.url.removeprefix('http://')}/course/view.php?id=2"}
    found = attempts_of(session, course)
    assert len(found) == 5
    first = found["Lovelace", "Means & modes", 1]
    assert (first.started_at.timestamp(), first.submitted_at.timestamp()) == (moodle.attempts[0].start, moodle.attempts[0].finish)
    assert float(first.score) == pytest.approx(3.66667 * 5, abs=1e-4)
    answers = {answer["question"]: (answer["response"], answer["score"]) for answer in first.answers}
    assert answers == {"1": ("5", 5.0), "2": ("3.14", 10.0), "3": ("Because\n<b>so</b>", pytest.approx(0.66667 * 5, abs=1e-6))}
    assert float(found["Turing", "Assignment: Essay & notes", 1].score) == 40


def test_each_grade_item_of_an_activity_is_a_quiz_of_its_own_and_outcomes_are_none(session, moodle, course):
    (essay,) = moodle.items
    moodle.items = [essay | {"id": 40 + number, "itemname": f"Item {number}", "itemnumber": number} for number in (1, 0, 1000)]
    synced(session, moodle, course)
    keys = select(Quiz.title, ExternalId.external_id).join(ExternalId, ExternalId.quiz_id == Quiz.id)
    assert dict(session.execute(keys.where(Quiz.course_id == course.id, Quiz.title != "Means & modes")).all()) == {
        "Assignment: Item 1": "assign:31:1",
        "Assignment: Item 0": "assign:31",
    }


def test_unfinished_attempts_and_previews_come_in_once_they_are_finished_or_never(session, moodle, course):
    moodle.attempts[0].state = "inprogress"
    moodle.attempts[1].preview = 1
    report = synced(session, moodle, course)
    assert ("Lovelace", "Means & modes", 1) not in attempts_of(session, course)
    assert any("Attempts that are in progress, and are imported once they are finished" in note for note in report.notes)
    assert any("Previews" in note for note in report.notes)
    moodle.attempts[0].state, moodle.attempts[0].changed = "finished", int(dt.datetime.now(dt.UTC).timestamp())
    synced(session, moodle, course)
    assert ("Lovelace", "Means & modes", 1) in attempts_of(session, course)


def test_attempts_at_quizzes_that_are_not_listed_are_counted(session, moodle, course):
    moodle.quizzes[0]["id"] = 9  # attempts are at quiz 7
    moodle.recorded["core_course_get_updates_since"] = {
        "instances": [{"contextlevel": "module", "id": 107, "updates": [{"name": "userattempts", "itemids": [1, 2, 3]}]}]
    }
    report = synced(session, moodle, course)
    assert "Attempts at quizzes that Moodle does not list, and that are not imported: 3." in report.notes


def test_a_quiz_without_results_is_made_whatever_is_wrong_with_others(session, moodle, course):
    moodle.people[1]["email"] = "no address"
    moodle.quizzes.append(quiz(8, "Nobody tried yet", grade=10, points=4))
    assert synced(session, moodle, course).total.rejected == 4
    titles = set(session.scalars(select(Quiz.title).where(Quiz.course_id == course.id)))
    assert titles == {"Means & modes", "Nobody tried yet", "Assignment: Essay & notes"}


def test_an_essay_that_waits_for_a_mark_leaves_the_attempt_without_a_score(session, moodle, course):
    moodle.attempts[0] = attempt(1, 11, 1, "5", 1.0, "3.14", essay=None)
    synced(session, moodle, course)
    found = attempts_of(session, course)["Lovelace", "Means & modes", 1]
    assert found.score is None
    assert [answer["score"] for answer in found.answers] == [5.0, 10.0, None]


def test_a_dry_run_gives_the_same_report_and_writes_nothing(session, moodle, course):
    before = written(session)
    rehearsed = synced(session, moodle, course, dry_run=True)
    assert written(session) == before
    assert rehearsed.total == synced(session, moodle, course).total


def test_a_sync_in_several_imports_has_the_report_of_one_in_a_single_import(session, moodle, course):
    moodle.people[1]["email"] = "no address"
    reading = MoodleReading(client_of(moodle), "SYNC")
    [batch] = reading.batches(KnownCourse(), whole=True, progress=silent)
    source, options = batch.source, ImportOptions(course=course.code)
    assert isinstance(source, MoodleCourse)

    def imported(*parts):
        with session.begin_nested() as undone:
            reports = [sync_course(session, part, options, lacking=batch.lacking, known_until=None) for part in parts]
            undone.rollback()
        return whole_report(reports)

    def part(attempts, *, with_grades):
        return MoodleCourse(source.name, source.course, source.known, attempts, with_grades=with_grades)

    at_once = imported(source)
    in_parts = imported(*(part([each], with_grades=not nth) for nth, each in enumerate(source.attempts)))
    assert len(source.attempts) == 3
    assert (in_parts.total, set(in_parts.files), in_parts.entities) == (at_once.total, set(at_once.files), at_once.entities)
    assert in_parts.total.rejected == 4
    assert sorted(in_parts.rejections, key=str) == sorted(at_once.rejections, key=str)
    assert sorted(in_parts.outcomes, key=str) == sorted(at_once.outcomes, key=str)


# People ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_limit", [1, 2, 100])
def test_pages_are_read_until_one_has_nobody_new(session, moodle, course, page_limit):
    moodle.page_limit = page_limit
    assert synced(session, moodle, course).files[0].rows_in == 4


# Which course it is ------------------------------------------------------------------------------------------------


def test_a_course_of_moodle_is_synced_into_one_course_of_lmskit(session, moodle, course):
    synced(session, moodle, course)
    before, other = written(session), factories.course(session, weeks=4)
    with (
        pytest.raises(InputError, match=rf"SYNC at .* is the course {course.code} in lmskit, and not {other.code}; nothing was written"),
        session.begin_nested(),
    ):
        synced(session, moodle, other)
    moodle.course["id"] = 3
    with (
        pytest.raises(InputError, match=rf"view\.php\?id=3, and {course.code} in lmskit is .*id=2; nothing was written\. .*--same-course"),
        session.begin_nested(),
    ):
        synced(session, moodle, course)
    assert written(session) == before
    synced(session, moodle, course, same_course=True)
    assert synced(session, moodle, course).rejections == ()


def test_a_sync_and_a_backup_of_a_site_give_a_course_one_id_wherever_the_site_is_asked(session, moodle, course):
    moodle.site = "https://Moodle.example.org/lms"
    synced(session, moodle, course)
    assert entity_named(session, "moodle", EntityKind.COURSE, course_id("http://moodle.example.org/lms", 2)) == course.id


def test_the_quizzes_of_another_site_are_others_in_each_sync(session, moodle, course):
    moodle.site, other = "https://old.example.org", factories.course(session, weeks=4)
    synced(session, moodle, other)
    moodle.site = "https://new.example.org"
    assert synced(session, moodle, course).rejections == ()
    assert moodle.calls("mod_quiz_get_attempt_review") == 3
    assert len(attempts_of(session, other)) == len(attempts_of(session, course)) == 5
    assert entity_named(session, "moodle", EntityKind.QUIZ, "new.example.org/quiz:7") != entity_named(
        session, "moodle", EntityKind.QUIZ, "quiz:7"
    )
    synced(session, moodle, course)
    assert moodle.calls("mod_quiz_get_attempt_review") == 0
    moodle.site = "https://third.example.org"  # which has the same attempts, and nobody has read them yet
    synced(session, moodle, course, same_course=True)
    assert moodle.calls("mod_quiz_get_attempt_review") == 3


# What goes wrong --------------------------------------------------------------------------------------------------


def test_missing_functions_and_missing_rights_are_named_before_anything_is_written(session, moodle, course):
    before = written(session)
    moodle.lacking = {"mod_quiz_get_attempt_review", "core_course_get_updates_since"}
    with pytest.raises(LmsRightsError, match=r"mod_quiz_get_attempt_review, core_course_get_updates_since\. Nothing was written"):
        synced(session, moodle, course)
    moodle.lacking = set()
    refused = {"gradereport_user_get_grade_items", "mod_quiz_get_quizzes_by_courses"}
    moodle.fault = lambda function, _nth: refusal("nopermissions", "Sorry (View all grades)") if function in refused else None
    with pytest.raises(
        LmsRightsError, match=r"mod_quiz_get_quizzes_by_courses .*; gradereport_user_get_grade_items .*View all grades"
    ) as raised:
        synced(session, moodle, course)
    assert "nothing was written" in str(raised.value)
    assert written(session) == before


def test_an_expired_token_is_refused_in_plain_words_and_never_shown(session, moodle, course):
    with pytest.raises(LmsTokenError, match=r"does not accept the token \(invalidtoken") as raised:
        synced(session, moodle, course, client=client_of(moodle, token="secret-canary"))
    assert "secret-canary" not in str(raised.value)
    moodle.fault = lambda function, _nth: refusal("invalidtoken") if function == "mod_quiz_get_attempt_review" else None
    with pytest.raises(LmsTokenError, match="make a new one in Moodle"):
        synced(session, moodle, course)


def test_a_moodle_that_cannot_answer_now_is_asked_again_and_as_late_as_it_wants(session, moodle, course):
    faults = {1: Answer(b"busy", 503, {"Retry-After": "7"}), 2: refusal("sitemaintenance"), 3: Answer(b'{"courses": [')}
    moodle.fault = lambda function, nth: faults.get(nth) if function == "core_course_get_courses_by_field" else None
    waits: list[float] = []
    report = synced(session, moodle, course, client=client_of(moodle, waits=waits))
    assert report.total.rows_in == 9
    assert waits[0] == 7
    assert [1 <= waits[1] / 2 <= 1.5, 1 <= waits[2] / 4 <= 1.5, len(waits)] == [True, True, 3]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (replace(LIMITS, silence=0.2), r"said nothing for 0\.2 seconds"),
        (replace(LIMITS, seconds=0.2), r"was not complete within 0\.2 seconds"),
    ],
)
def test_an_answer_that_is_too_slow_is_asked_for_again_and_at_last_given_up(session, moodle, course, limits, sentence):
    slow = Answer(b"{}", slowly=1)
    moodle.fault = lambda function, nth: slow if function == "core_course_get_courses_by_field" and nth == 1 else None
    assert synced(session, moodle, course, client=client_of(moodle, limits=limits), dry_run=True).total.rows_in == 9
    before = written(session)
    moodle.fault = lambda function, _nth: slow if function == "core_course_get_courses_by_field" else None
    with pytest.raises(LmsUnavailableError, match=sentence):
        synced(session, moodle, course, client=client_of(moodle, limits=limits))
    assert written(session) == before


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Answer(b"busy", 503), (LmsUnavailableError, r"cannot answer now \(503\)")),
        (Answer(b"busy", 503, {"Retry-After": "86400"}), (LmsUnavailableError, "asks to be left alone for 86,400 seconds")),
        (Answer(b'{"attempt": {"id"'), (LmsUnavailableError, "an answer broke off, or is not JSON")),
        (Answer(b"<html>not a Moodle</html>"), (LmsUnavailableError, "Check that the address is that of the system")),
        (Answer(b"", 302, {"Location": "http://127.0.0.2/elsewhere"}), (LmsError, "to which the token is not sent")),
        (Answer(b"", 404), (LmsError, "Check that the address is that of Moodle")),
        (refusal("invalidrecord", "Can't find data record in database table course."), (LmsError, "is still there")),
        (Answer(b"[]"), (LmsAnswerError, "does not have the form that its documentation says")),
        (Answer(b'{"attempt": {"id": "x"}, "questions": []}'), (LmsAnswerError, "id is not a whole number")),
        (Answer(b'{"attempt": {"id": "--5"}, "questions": []}'), (LmsAnswerError, "id is not a whole number")),
        (Answer(b'{"attempt": {"id": 1, "timestart": 1e99}, "questions": NaN}'), (LmsUnavailableError, "is not JSON")),
        (Answer(b"[" * 100_000), (LmsUnavailableError, "is not JSON")),
        (Answer(b"[" + b"[]," * 2_500_001 + b"0]"), (LmsError, "more than 5,000,000 values")),
    ],
)
def test_what_cannot_be_read_ends_the_sync_with_a_sentence_and_nothing_half_done(session, moodle, course, fault, expected):
    before = written(session)
    moodle.fault = lambda function, _nth: fault if function == "mod_quiz_get_attempt_review" else None
    with pytest.raises(expected[0], match=expected[1]) as raised:
        synced(session, moodle, course)
    assert TOKEN not in str(raised.value)
    assert written(session) == before


def test_a_course_that_is_gone_is_named(session, moodle, course):
    moodle.course["shortname"] = "OTHER"
    with pytest.raises(LmsError, match=r"has no course with the short name 'SYNC'"):
        synced(session, moodle, course)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://moodle.example.org", "must begin with https"),
        ("https://moodle.example.org/course/view.php?id=2", "Give that of its start page"),
        ("moodle.example.org", "does not begin with http"),
    ],
)
def test_an_address_to_which_no_token_is_sent_is_refused(url, sentence):
    with pytest.raises(LmsError, match=sentence):
        service_address(url)


def test_a_machine_that_keeps_credentials_of_a_cloud_is_not_asked(session, moodle, course):
    client = client_of(moodle)
    client.address = service_address("https://169.254.169.254/")
    with pytest.raises(LmsError, match="lies neither on a public machine nor in a private network"):
        synced(session, moodle, course, client=client)


@pytest.mark.parametrize(("chosen", "expected"), [({}, 3), ({2: ChosenWeek(4)}, 4)])
def test_sections_without_a_name_of_their_own_are_placed_as_in_a_backup(session, moodle, course, chosen, expected):
    """Moodle sends the name that it shows, such as the days of the section's week, where a backup has none."""
    names = ["Week 2: Sets", "Week 3: Maps", *(f"{day} September - {day + 6} September" for day in range(1, 24, 7))]
    moodle.recorded["core_course_get_contents"] = [
        {"id": number, "section": number, "name": name, "modules": [{"id": 107, "modname": "quiz", "instance": 7}] if number == 2 else []}
        for number, name in enumerate(names, 1)
    ]
    synced(session, moodle, course, without_week=True, sections=chosen)
    week = select(Quiz.week_number).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")
    assert session.scalars(week).one() == expected


def test_texts_of_strangers_become_plain_text(session, moodle, course):
    moodle.quizzes[0]["name"] = "<script>alert(1)</script>Quiz <b>one</b>"
    moodle.attempts[0].questions[0].text = "<img src=x onerror=alert(1)> & <script>"
    synced(session, moodle, course)
    assert {quiz.title for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course.id))} == {
        "Quiz one",
        "Assignment: Essay & notes",
    }


def test_a_quiz_in_a_section_within_a_section_is_in_the_week_of_the_outer_one(session, moodle, course):
    inner = {"id": 9, "section": 8, "name": "Inner", "component": "mod_subsection", "itemid": 5}
    inner["modules"] = [{"id": 107, "modname": "quiz", "instance": 7}]
    outer = {"id": 3, "section": 3, "name": "Outer", "component": None, "modules": [{"id": 1, "modname": "subsection", "instance": 5}]}
    moodle.recorded["core_course_get_contents"] = [outer, inner]
    synced(session, moodle, course, without_week=True)
    assert session.scalars(select(Quiz.week_number).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one() == 3
