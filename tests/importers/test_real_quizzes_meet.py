"""Bank, grades, responses and gradebook of two quizzes of a real Moodle, in every order, compared with what its database holds."""

import json
from collections import Counter

import pytest
from sqlalchemy import select

from lmskit.analytics.items import NO_ANSWER
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import QuizAttempt, User
from lmskit.read_models.quiz_quality import question_options, quiz_quality
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.vocabulary import CountedAttempts
from tests import factories
from tests.importers.every_order import EveryOrder, quizzes_of
from tests.real_data import REAL_DATA

EXPORTS = REAL_DATA / "moodle" / "exports_4_5"
BANKS = {"1": "week_2_basics_xml.xml", "2": "week_5_mixed_xml.xml"}
ROUNDING = 0.005 + 1e-6
"""Half the last decimal of a grades report."""

pytestmark = [pytest.mark.long, pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"the files are not there: {EXPORTS}")]


@pytest.fixture(scope="module")
def truth():
    return json.loads((EXPORTS / "truth.json").read_text(encoding="utf-8"))


def importer(session, number, title):
    """Return what imports a file of a quiz into a course."""
    folder = EXPORTS / f"quiz{number}"
    files = {
        "bank": EXPORTS / "bank" / BANKS[number],
        "grades": folder / "overview.csv",
        "responses": folder / "responses.csv",
        "gradebook": EXPORTS / "gradebook" / "real_percent_comma.csv",
    }

    def take(course, name):
        path, reading = files[name], ReadOptions(title=title if name in {"grades", "responses"} else None)
        week = None if name == "bank" else 5
        import_path(session, path, detected(path), ImportOptions(course=course.code, week=week, reading=reading))

    return take


@pytest.mark.parametrize("number", BANKS)
def test_a_quiz_is_the_same_in_every_order(session, truth, number):
    course = factories.course(session, weeks=12)
    orders = EveryOrder(session, course, importer(session, number, truth["quiz"][number]["name"]))
    orders.go()
    assert orders.differ == []
    assert len(orders.found) == 15


def attempts_of(session, quiz):
    """Score, maximum and answers by question of the attempts at a quiz, by the student's address and the number of the attempt."""
    of_quiz = select(User.email, QuizAttempt).join(User, User.id == QuizAttempt.student_id).where(QuizAttempt.quiz_id == quiz.id)
    return {
        (email, attempt.number): (
            attempt.score and float(attempt.score),
            float(attempt.max_score),
            {answer["question"]: answer for answer in attempt.answers},
        )
        for email, attempt in session.execute(of_quiz)
    }


def letters(text):
    """A text without what markup leaves: a bank has `x _i` where a report has `x i`."""
    return "".join(filter(str.isalnum, text.casefold()))


@pytest.fixture
def complete(session, truth, request):
    """A quiz after all its files, the gradebook first, with what the database of Moodle has about it."""
    number = request.param
    course = factories.course(session, weeks=12)
    take = importer(session, number, truth["quiz"][number]["name"])
    for name in ("gradebook", "bank", "responses", "grades"):
        take(course, name)
    real = truth["quiz"][number]
    real["finished"] = [attempt for attempt in real["attempts"] if attempt["state"] == "finished"]
    return quizzes_of(session, course)[real["name"]], real, truth["stats"][number]


@pytest.mark.parametrize("complete", BANKS, indirect=True)
def test_every_attempt_and_score_is_that_of_the_database(session, complete):
    quiz, real, _ = complete
    scale = real["grade"] / real["sumgrades"]
    assert float(quiz.max_score) == real["grade"]
    points = [question["points"] for question in quiz.questions]
    assert points == [pytest.approx(most * scale, abs=ROUNDING) for most in real["finished"][0]["max"]]
    stored = attempts_of(session, quiz)
    assert len(stored) == len(real["finished"])
    number: Counter[str] = Counter()
    for attempt in sorted(real["finished"], key=lambda attempt: int(attempt["timestart"])):
        number[attempt["email"]] += 1
        score, max_score, answers = stored[attempt["email"], number[attempt["email"]]]
        assert max_score == real["grade"]
        assert score == (None if attempt["grade"] is None else pytest.approx(attempt["grade"], abs=ROUNDING)), attempt
        for slot, (mark, state) in enumerate(zip(attempt["marks"], attempt["qstate"], strict=True), 1):
            found = answers.get(str(slot), {}).get("score")
            assert found == (None if state == "needsgrading" else pytest.approx((mark or 0) * scale, abs=ROUNDING)), attempt


@pytest.mark.parametrize("complete", ["1"], indirect=True)
def test_every_answer_to_a_closed_question_is_counted_under_its_option(session, complete):
    quiz, real, _ = complete
    assert [question["type"] for question in quiz.questions] == ["choice", "multiple", "true_false", "numeric", "short_text", "match"]
    quality = quiz_quality(session, quiz.id, attempts=CountedAttempts.ALL)
    for slot, question in enumerate(quiz.questions[:3]):
        table = question_options(quality, question["id"]).set_index("text")
        chosen: Counter[str] = Counter()
        for attempt in real["finished"]:
            response = attempt["resp"][slot]
            chosen.update([NO_ANSWER] if response is None else response.split("; ") if slot == 1 else [response])
        counted = {letters(text): n for text, n in table["n"].items() if n}
        assert counted == {letters(text): n for text, n in chosen.items()}, question["prompt"]
    right = {question["id"]: question_options(quality, question["id"]).query("right")["text"].tolist() for question in quiz.questions[:3]}
    assert right == {"1": ["5"], "2": ["2", "7"], "3": ["true"]}


@pytest.mark.parametrize("complete", BANKS, indirect=True)
def test_statistics_count_the_attempts_that_moodle_counts(session, complete):
    quiz, real, stats = complete
    quality = quiz_quality(session, quiz.id, attempts=CountedAttempts.ALL)
    n_waiting = sum(attempt["grade"] is None for attempt in real["finished"])
    assert quality.n_attempts == int(stats["all"]["n"])
    assert quality.answers.left_out == (f"{n_waiting} not graded yet" if n_waiting else "")
    for slot, item in stats["all"]["slots"].items():
        assert quality.items["facility"][slot] == pytest.approx(float(item["facility"]), abs=ROUNDING), item["name"]
    first = quiz_quality(session, quiz.id, attempts=CountedAttempts.FIRST)
    # Of a student whose first attempt waits for grading, lmskit counts the next, and Moodle none.
    begun_ungraded = {attempt["email"] for attempt in real["finished"] if attempt["attempt"] == "1" and attempt["grade"] is None}
    later = {attempt["email"] for attempt in real["finished"] if attempt["attempt"] != "1" and attempt["grade"] is not None}
    assert first.n_attempts == int(stats["first"]["n"]) + len(begun_ungraded & later)
