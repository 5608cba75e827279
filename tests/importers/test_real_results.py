"""Results in files of a real Moodle, compared with what its database holds, and in files of administrators with the result beside them."""

import datetime as dt
import json
import re

import pytest
from sqlalchemy import select

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS_GRADEBOOK
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.gradebook import FORMAT as GRADEBOOK
from lmskit.importers.moodle.quiz import GRADES
from lmskit.importers.plain_csv import FORMAT as PLAIN
from lmskit.importers.record import AttemptRecord
from lmskit.models import QuizAttempt
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.file_import.quiz_finding import NO_MAXIMUM
from tests.real_data import REAL_DATA

EXPORTS = REAL_DATA / "moodle" / "exports_4_5"
CASES = REAL_DATA.parent / "cases"

pytestmark = pytest.mark.skipif(not (EXPORTS.is_dir() and CASES.is_dir()), reason=f"the files are not there: {EXPORTS}, {CASES}")


def attempts(source):
    return [record for record in source.records() if isinstance(record, AttemptRecord)]


@pytest.fixture(scope="module")
def truth():
    return json.loads((EXPORTS / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", ["1", "2"])
def test_every_finished_attempt_has_the_total_and_the_scores_that_moodle_has(truth, number):
    quiz = truth["quiz"][number]
    finished = [attempt for attempt in quiz["attempts"] if attempt["state"] == "finished"]
    source = GRADES.open(EXPORTS / f"quiz{number}" / "overview.csv", ReadOptions())
    read = attempts(source)
    assert (len(read), list(source.warnings)) == (len(finished), [])
    for attempt, real in zip(read, finished, strict=True):
        assert (attempt.person.email, attempt.score) == (real["email"], pytest.approx(real["grade"], abs=0.005))
        scores = {answer["question"]: answer["score"] for answer in attempt.answers}
        for slot, (score, state) in enumerate(zip(real["marks"], real["qstate"], strict=True), 1):
            expected = None if state == "needsgrading" else (score or 0) * quiz["grade"] / quiz["sumgrades"]  # blank answers have no score
            assert scores.get(str(slot)) == (expected if expected is None else pytest.approx(expected, abs=0.005 + 1e-6)), attempt


@pytest.mark.parametrize(("number", "n_rounded"), [("1", 0), ("2", 213)])
def test_what_two_decimals_do_not_show_is_listed_and_everything_else_is_exact(truth, number, n_rounded):
    quiz = truth["quiz"][number]
    finished = [attempt for attempt in quiz["attempts"] if attempt["state"] == "finished"]
    source = GRADES.open(EXPORTS / f"quiz{number}" / "overview.csv", ReadOptions())
    exact = 0
    for attempt, real in zip(attempts(source), finished, strict=True):
        scores = {answer["question"]: answer["score"] for answer in attempt.answers}
        marks = ((scores.get(str(slot)), mark) for slot, mark in enumerate(real["marks"], 1))
        pairs = [(attempt.score, real["grade"]), *((score, mark and mark * quiz["grade"] / quiz["sumgrades"]) for score, mark in marks)]
        for score, of_moodle in pairs:
            if score is not None and of_moodle is not None and round(score, 1) == score:
                assert score == pytest.approx(of_moodle, abs=1e-5)
                exact += 1
    noted = [note for note in source.notes if "may be up to 0.005 higher or lower in Moodle" in note]
    assert (len(noted), sum(int(n) for note in noted for n in re.findall(r": ([0-9]+) scores", note))) == (n_rounded > 0, n_rounded)
    assert exact > 0


@pytest.mark.parametrize("number", ["1", "2"])
def test_every_finished_attempt_has_the_time_that_moodle_has(truth, number):
    finished = [attempt for attempt in truth["quiz"][number]["attempts"] if attempt["state"] == "finished"]
    read = attempts(GRADES.open(EXPORTS / f"quiz{number}" / "overview.csv", ReadOptions(time_zone=truth["timezone"])))
    minutes = [dt.datetime.fromtimestamp(int(attempt["timefinish"]) // 60 * 60, dt.UTC) for attempt in finished]
    assert [attempt.submitted_at for attempt in read] == minutes


@pytest.mark.parametrize(
    ("name", "rounding"),
    [
        ("real_percent_comma.csv", 0.005),
        ("real_percent_semicolon.csv", 0.005),
        ("real_percent_tab.txt", 0.005),
        ("real_percent_0dec.csv", 0.5),
        ("percent_comma.csv", 0.005),
        pytest.param("real_percent.xlsx", 0.005, marks=pytest.mark.long),
        pytest.param("real_percent.ods", 0.005, marks=pytest.mark.long),
    ],
)
def test_every_grade_is_the_share_of_its_range_that_moodle_has(truth, name, rounding):
    items = {item["name"]: item for item in truth["items"] if item["type"] != "course"}
    source = GRADEBOOK.open(EXPORTS / "gradebook" / name, ReadOptions())
    read = attempts(source)
    assert (len(read), [part.rejections for part in source.parts]) == (433, [[], []])
    for attempt in read:
        item = items[attempt.quiz.removeprefix("Assignment: ")]
        low, high = float(item["min"]), float(item["max"])
        share = (float(item["grades"][attempt.person.email.partition("@")[0]]) - low) / (high - low)
        assert attempt.score / attempt.max_score == pytest.approx(share, abs=rounding / attempt.max_score + 1e-6), attempt


def test_a_question_may_have_lost_points():
    (attempt,) = attempts(GRADES.open(EXPORTS / "small_inputs" / "negative.csv", ReadOptions()))
    assert (attempt.score, [answer["score"] for answer in attempt.answers]) == (0.5, [-0.5, 1])


def test_an_answer_left_blank_and_a_wrong_one_count_the_same():
    blank, wrong = attempts(GRADES.open(CASES / "imports" / "17" / "week_1.csv", ReadOptions()))
    assert [answer["score"] for answer in blank.answers] == [answer["score"] for answer in wrong.answers] == [1, 0, 0, 0]


def test_an_attempt_that_waits_for_grading_has_its_graded_question():
    waiting, finished = attempts(GRADES.open(CASES / "imports" / "18" / "unfinished.csv", ReadOptions()))
    assert (waiting.score, finished.score) == (None, 3)
    assert [answer["score"] for answer in waiting.answers if answer["score"] is not None] == [2]


def test_a_finished_attempt_without_any_points_is_stored_without_a_score_and_a_warning():
    source = GRADES.open(CASES / "admin" / "m01_de.csv", ReadOptions())
    assert [(attempt.score, len(attempt.answers)) for attempt in attempts(source)] == [(8.5, 2), (None, 0)]
    assert [(warning.row, warning.value) for warning in source.warnings] == [(3, "-")]


@pytest.mark.parametrize("name", ["a5.csv", "a6.csv"])
def test_a_file_that_does_not_show_its_decimal_mark_is_refused(name):
    with pytest.raises(ImportFileError, match=f"{name}.*--decimal point or --decimal comma"):
        attempts(PLAIN.open(CASES / "admin" / name, ReadOptions()))


def test_percentages_are_shares_of_the_points_possible():
    source = CANVAS_GRADEBOOK.open(CASES / "admin" / "c04_percent_cells.csv", ReadOptions())
    assert [(attempt.score, attempt.max_score) for attempt in attempts(source)] == [(8.5, 10), (17, 20), (7.25, 10), (12, 20)]


def test_the_maximum_of_a_new_quiz_with_points_alone_is_asked_for_and_can_be_given(session, course):
    path, options = CASES / "admin" / "m06_grades_real_only.csv", ImportOptions(course=course.code)
    report = import_file(session, GRADEBOOK.open(path, ReadOptions()), options)
    assert [rejection.reason for rejection in report.rejections] == [f"{NO_MAXIMUM}; give it: --max 'Week 3=POINTS'"]
    import_file(session, GRADEBOOK.open(path, ReadOptions(max_scores={"Week 3": 10.0})), options)
    (attempt,) = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id))
    assert (float(attempt.score), float(attempt.max_score)) == (8.5, 10)


def test_points_above_the_maximum_and_of_0_are_kept_and_points_below_0_are_rejected():
    source = CANVAS_GRADEBOOK.open(CASES / "imports" / "03" / "gradebook.csv", ReadOptions())
    assert [(attempt.score, attempt.max_score) for attempt in attempts(source)] == [(12, 10), (3, 0), (10, 10), (0, 0), (1, 0)]
    assert [(rejection.row, rejection.value) for part in source.parts for rejection in part.rejections] == [(5, "-2")]


def test_a_result_keeps_its_maximum_if_that_of_the_quiz_changed(session, course):
    before, after = (CANVAS_GRADEBOOK.open(CASES / "admin" / name, ReadOptions()) for name in ("c08_before.csv", "c08_maxchanged.csv"))
    import_file(session, before, ImportOptions(course=course.code, week=1))
    report = import_file(session, after, ImportOptions(course=course.code, week=1))
    (attempt,) = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id))
    assert (attempt.score, attempt.max_score) == (4, 10)
    assert any("another maximum score: the attempt stays 4 of 10" in str(warning) for warning in report.warnings)
