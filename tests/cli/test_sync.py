"""`lmskit sync`, as a person types it, against a Moodle and a Canvas of the tests."""

import json

import pytest
from sqlalchemy import delete, select

from lmskit.cli.exit_status import PARTLY
from lmskit.db import transaction
from lmskit.models import Course, ExternalId, ImportRun, QuizAttempt, QuizException, User
from tests.canvas_server import TOKEN as CANVAS_TOKEN
from tests.canvas_server import small_course as canvas_course
from tests.canvas_server import unauthorized
from tests.lms_server import Answer
from tests.moodle_server import TOKEN, refusal, small_course


@pytest.fixture
def moodle():
    with small_course().served() as server:
        yield server


@pytest.fixture
def token(configure):
    configure(LMSKIT_MOODLE_TOKEN=TOKEN)


@pytest.fixture
def canvas(configure):
    configure(LMSKIT_CANVAS_TOKEN=CANVAS_TOKEN)
    with canvas_course().served() as server:
        yield server


@pytest.fixture
def kept(admin_engine, course):
    """The course, whose students and imports are gone after the test."""
    yield course
    with transaction(admin_engine) as session:
        of_canvas = select(ExternalId.person_id).where(ExternalId.source == "canvas")
        people = list(session.scalars(select(User.id).where(User.email.like("%.1_@example.org") | User.id.in_(of_canvas))))
        session.execute(delete(QuizException).where(QuizException.course_id == course.id))
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == course.id))
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(people)))
        session.execute(delete(User).where(User.id.in_(people)))


def everything_about_runs(admin_engine):
    with transaction(admin_engine) as session:
        return json.dumps([[run.name, run.format, run.report] for run in session.scalars(select(ImportRun))])


@pytest.mark.usefixtures("token")
def test_a_course_is_synced_and_the_token_is_shown_nowhere(lmskit, moodle, kept, admin_engine, tmp_path):
    asked = ("sync", "moodle", "--url", moodle.url, "--course", kept.code, "--short-name", "SYNC", "--pause", "0")
    report = tmp_path / "report.csv"
    first = lmskit(*asked, "--report", str(report))
    assert first.exit_code == 0, first.output
    assert "9 in = 9 added + 0 changed + 0 unchanged + 0 rejected" in first.stdout
    again = lmskit(*asked, "--json")
    [of_course] = json.loads(again.stdout)
    assert of_course["total"]["unchanged"] == 6  # the attempts need not be read again
    runs = lmskit("import", "list", "--format", "json")
    assert f"SYNC at {moodle.url.removeprefix('http://')}" in runs.stdout
    shown = [first.output, again.output, runs.output, report.read_text(encoding="utf-8"), everything_about_runs(admin_engine)]
    assert not [text for text in shown if TOKEN in text]


def test_a_course_of_canvas_is_synced_and_the_token_is_shown_nowhere(lmskit, canvas, kept, admin_engine, tmp_path):
    asked = ("sync", "canvas", "--url", canvas.url, "--course", f"{kept.code}=17", "--pause", "0")
    report = tmp_path / "report.csv"
    first = lmskit(*asked, "--report", str(report))
    assert first.exit_code == 0, first.output
    assert "10 in = 10 added + 0 changed + 0 unchanged + 0 rejected" in first.stdout
    again = lmskit(*asked, "--json")
    [of_course] = json.loads(again.stdout)
    assert of_course["total"]["unchanged"] == 5  # results need not be read again
    runs = lmskit("import", "list", "--format", "json")
    assert f"17 at {canvas.url.removeprefix('http://')}" in runs.stdout
    shown = [first.output, again.output, runs.output, report.read_text(encoding="utf-8"), everything_about_runs(admin_engine)]
    assert not [text for text in shown if CANVAS_TOKEN in text]


def test_settings_say_which_course_of_canvas_is_synced_and_its_code_is_that_in_canvas(lmskit, canvas, kept, configure, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{CANVAS_TOKEN}\n", encoding="utf-8")
    canvas.course["course_code"] = kept.code
    configure(LMSKIT_CANVAS_URL=canvas.url, LMSKIT_CANVAS_COURSES=kept.code, LMSKIT_CANVAS_TOKEN_FILE=str(file))
    done = lmskit("sync", "canvas", "--dry-run", "--pause", "0")
    assert done.exit_code == 0, done.output
    assert "10 in = 10 added" in done.stdout


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (unauthorized(f"Invalid access token {CANVAS_TOKEN}", {"WWW-Authenticate": "Bearer"}), "does not accept the token"),
        (unauthorized("user not authorized to perform that action"), "user not authorized to perform that action"),
    ],
)
def test_a_refusal_of_canvas_is_a_sentence_without_the_token_and_without_a_trace(lmskit, canvas, course, fault, sentence):
    canvas.fault = lambda _path, _nth: fault
    done = lmskit("sync", "canvas", "--url", canvas.url, "--course", f"{course.code}=17", "--pause", "0")
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert CANVAS_TOKEN not in done.output + done.stderr
    assert "Traceback" not in done.output


def test_settings_say_what_is_synced(lmskit, moodle, kept, configure, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    configure(LMSKIT_MOODLE_URL=moodle.url, LMSKIT_MOODLE_COURSES=f"{kept.code}=SYNC", LMSKIT_MOODLE_TOKEN_FILE=str(file))
    done = lmskit("sync", "moodle", "--dry-run", "--pause", "0")
    assert done.exit_code == 0, done.output
    assert "9 in = 9 added" in done.stdout


def test_a_course_that_fails_does_not_end_the_others(lmskit, moodle, kept, configure):
    configure(LMSKIT_MOODLE_URL=moodle.url, LMSKIT_MOODLE_COURSES=f"NONE=SYNC, {kept.code}=SYNC", LMSKIT_MOODLE_TOKEN=TOKEN)
    done = lmskit("sync", "moodle", "--pause", "0", "--json")
    assert done.exit_code == 1
    assert "NONE was not synced. There is no course 'NONE'" in done.stderr
    assert [each["total"]["added"] for each in json.loads(done.stdout)] == [9]


@pytest.mark.usefixtures("token")
def test_a_token_that_is_refused_ends_the_sync_of_all_courses(lmskit, moodle, kept):
    moodle.fault = lambda _function, _nth: refusal("invalidtoken")
    done = lmskit("sync", "moodle", "--url", moodle.url, "--course", f"{kept.code}=SYNC", "--course", "OTHER", "--pause", "0")
    assert done.exit_code == 1
    assert "OTHER" not in done.stderr
    assert len(moodle.asked) == 1


def test_a_rejected_row_makes_the_exit_status_3(lmskit, moodle, kept, configure):
    configure(LMSKIT_MOODLE_TOKEN=TOKEN)
    moodle.people[0]["email"] = "no address"
    done = lmskit("sync", "moodle", "--url", moodle.url, "--course", f"{kept.code}=SYNC", "--pause", "0", "--dry-run")
    assert done.exit_code == PARTLY
    assert "people, row 11, column email" in done.stdout


@pytest.mark.parametrize(
    ("options", "variables", "sentence"),
    [
        ((), {"LMSKIT_MOODLE_TOKEN": TOKEN}, "Which Moodle? Give --url URL, or set LMSKIT_MOODLE_URL."),
        (("--url", "http://127.0.0.1:9999"), {"LMSKIT_MOODLE_TOKEN": TOKEN}, "Which course?"),
        (("--url", "http://127.0.0.1:9999", "--course", "A"), {}, "There is no token. Set LMSKIT_MOODLE_TOKEN"),
        (("--url", "http://127.0.0.1:9999", "--course", "A"), {"LMSKIT_MOODLE_TOKEN": "a b"}, "is not a token"),
        (
            ("--url", "http://127.0.0.1:9999", "--course", "A", "--course", "B", "--short-name", "C"),
            {"LMSKIT_MOODLE_TOKEN": TOKEN},
            "one course",
        ),
        (
            ("--url", "http://127.0.0.1:9999", "--course", "A", "--course", "B", "--report", "report.csv"),
            {"LMSKIT_MOODLE_TOKEN": TOKEN},
            "--report is about one course",
        ),
    ],
)
def test_a_mistake_is_named(lmskit, configure, options, variables, sentence):
    configure(**variables)
    done = lmskit("sync", "moodle", *options)
    assert done.exit_code == 1
    assert sentence in done.stderr


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (refusal("invalidtoken", f"Invalid token {TOKEN}"), "does not accept the token"),
        (Answer(b"", 302, {"Location": "http://127.0.0.1:9/"}), "redirects to another address"),
    ],
)
def test_a_refusal_is_a_sentence_without_the_token_and_without_a_trace(lmskit, moodle, course, fault, sentence):
    moodle.fault = lambda _function, _nth: fault
    done = lmskit("sync", "moodle", "--url", moodle.url, "--course", f"{course.code}=SYNC", "--pause", "0")
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert TOKEN not in done.output + done.stderr
    assert "Traceback" not in done.output
