"""Which questions a class missed: each student counts once, with the last attempt, as the quality of the quiz has it."""

import pytest

from lmskit.errors import CourseNotFoundError
from lmskit.queries.missed_questions import missed_questions
from lmskit.read_models.quiz_quality import quiz_quality
from lmskit.vocabulary import CountedAttempts, EnrollmentStatus
from tests import factories
from tests.answered_quiz import EVIL, KEY, QUESTIONS, answered_quiz


@pytest.fixture
def course(session):
    return factories.course(session, weeks=3)


@pytest.fixture
def quiz(session, course):
    return factories.quiz(session, course, questions=QUESTIONS, answer_key=KEY, max_score=5)


def given(**scores):
    return [{"question": question, "response": "x", "score": score} for question, score in scores.items()]


def student(session, course, status=EnrollmentStatus.ACTIVE):
    ended = factories.FIRST_DAY if status in {EnrollmentStatus.WITHDRAWN, EnrollmentStatus.COMPLETED} else None
    return factories.enrollment(session, course, status=status, ended_on=ended).student_id


def by_question(table):
    return {row.question: (row.n_students, row.n_missed, row.lost) for row in table.itertuples()}


def test_a_question_is_missed_in_part_whole_or_by_leaving_it_blank(session, course, quiz):
    factories.attempt(session, quiz, student(session, course), answers=given(choose=1, count=1, key=0))
    factories.attempt(session, quiz, student(session, course), answers=given(choose=1, count=2, key=1, word=1))
    found = missed_questions(session, course.code, week=1)
    assert by_question(found) == {"choose": (2, 0, 0), "count": (2, 1, 0.5), "key": (2, 1, 1), "word": (2, 1, 1)}
    assert found["number"].tolist() == [1, 2, 3, 4]


def test_the_last_graded_attempt_of_a_student_counts(session, course, quiz):
    ada = student(session, course)
    for number, score in ((1, 0), (2, 2)):
        factories.attempt(session, quiz, ada, number=number, answers=given(count=score))
    factories.attempt(session, quiz, ada, number=3, score=None, answers=given(count=0))
    factories.attempt(session, quiz, ada, number=4, banked=True, answers=given(count=0))
    factories.attempt(session, quiz, ada, number=5, answers=[{"question": "count", "response": "x", "score": None}])
    assert by_question(missed_questions(session, course.code))["count"] == (1, 0, 0)


def test_a_class_is_its_active_and_completed_students_and_one_student_is_found_in_any_state(session, course, quiz):
    left = student(session, course, EnrollmentStatus.WITHDRAWN)
    factories.attempt(session, quiz, left, answers=given(count=0))
    assert missed_questions(session, course.code).empty
    factories.attempt(session, quiz, student(session, course, EnrollmentStatus.COMPLETED), answers=given(count=2))
    assert by_question(missed_questions(session, course.code))["count"] == (1, 0, 0)
    assert by_question(missed_questions(session, course.code, student_id=left))["count"] == (1, 1, 1)
    assert missed_questions(session, course.code, student_id=left + 1_000_000).empty


def test_shares_are_those_of_the_quality_of_the_quiz(session, course):
    quiz = answered_quiz(session, course, n_students=20, attempts=2)
    found = missed_questions(session, course.code).set_index("question")
    facility = quiz_quality(session, quiz.id, attempts=CountedAttempts.LAST).items["facility"]
    assert (found["n_students"] == 20).all()
    assert (1 - found["lost"] / found["n_students"]).to_dict() == pytest.approx(facility.to_dict())


def test_where_only_totals_are_known_the_quiz_counts_as_a_whole_and_is_searched_for_by_title_and_topic(session, course):
    total = factories.quiz(session, course, week_number=2, title="Midterm")
    for score in (10, 4):
        factories.attempt(session, total, student(session, course), score=score)
    [row] = missed_questions(session, course.code, week=2).to_dict("records")
    assert (row["number"], row["n_students"], row["n_missed"], row["lost"]) == (0, 2, 1, pytest.approx(0.6))
    assert row["question"] != row["question"]
    assert row["search_text"] == "Midterm. Topic 2"


def test_a_question_is_searched_for_by_its_prompt_and_its_right_option(session, course, quiz):
    factories.attempt(session, quiz, student(session, course), answers=given(choose=0))
    first = missed_questions(session, course.code).iloc[0]
    assert first["search_text"] == f"Which? {EVIL} the right one"


@pytest.mark.parametrize(
    "questions",
    [
        [{"id": "count", "prompt": 7, "points": "many"}],
        [{"id": "count", "points": 0}, {"prompt": "?", "points": 1}, {}],
        [{"id": "count", "points": 1e300, "options": {"a": 1}}],
    ],
)
def test_questions_of_any_json_stop_nothing(session, course, questions):
    odd = factories.quiz(session, course, questions=questions, max_score=5)
    factories.attempt(session, odd, student(session, course), score=2, answers=[*given(count=1), {"question": ["count"], "score": "x"}, {}])
    found = missed_questions(session, course.code)
    assert found["search_text"].str.len().gt(0).all()


def test_an_unknown_course_is_refused(session):
    with pytest.raises(CourseNotFoundError):
        missed_questions(session, "NO-SUCH")
