"""Answers as attempts × questions: which attempts are included, what their cells contain, and which quizzes ask the same."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.items import NO_ANSWER, OTHER, option_statistics
from lmskit.errors import QuizAmbiguousError, QuizNotFoundError, QuizNotFoundInCourseError, QuizUnreadableError
from lmskit.queries.quiz import quiz_in_course
from lmskit.queries.quiz_answers import answered_quizzes, quiz_answers
from lmskit.queries.quiz_runs import quiz_runs
from lmskit.vocabulary import EnrollmentStatus, Origin
from tests import factories
from tests.answered_quiz import KEY, OPTIONS, QUESTIONS


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def quiz(session, course):
    return factories.quiz(session, course, questions=QUESTIONS, answer_key=KEY, max_score=5)


def attempt(session, quiz, course, answers, *, status=EnrollmentStatus.ACTIVE, **known):
    student = factories.student(session)
    ended = dt.date(2026, 10, 1) if status in {EnrollmentStatus.WITHDRAWN, EnrollmentStatus.COMPLETED} else None
    factories.enrollment(session, course, student, status=status, ended_on=ended)
    return factories.attempt(session, quiz, student, answers=answers, **known)


def test_a_cell_contains_the_score_and_another_one_the_response(session, course, quiz):
    made = attempt(
        session,
        quiz,
        course,
        [
            {"question": "count", "response": 4, "score": 2},
            {"question": "choose", "response": "b", "score": 0.5},
            {"question": "word", "response": None, "score": None},
        ],
    )
    found = quiz_answers(session, quiz.id)
    assert found.attempts[["attempt_id", "student_id", "number"]].to_numpy().tolist() == [[made.id, made.student_id, 1]]
    assert list(found.scores.columns) == ["choose", "count", "key", "word"]
    np.testing.assert_array_equal(found.scores, [[0.5, 2, np.nan, np.nan]])
    assert found.responses.iloc[0].tolist() == ["b", 4, None, None]
    assert found.max_scores == {"choose": 1, "count": 2, "key": 1, "word": 1}
    assert (found.course, found.title, found.simulated) == (course.code, "A quiz", False)


def test_points_below_0_count_as_they_are(session, course, quiz):
    attempt(session, quiz, course, [{"question": "count", "response": 5, "score": -1}, {"question": "word", "response": "set", "score": 1}])
    attempt(session, quiz, course, [{"question": "count", "response": 4, "score": 2}, {"question": "word", "response": "map", "score": 0}])
    found = quiz_answers(session, quiz.id)
    assert found.scores["count"].tolist() == [-1, 2]


def test_a_question_without_an_answer_counts_as_no_answer_among_the_options(session, course, quiz):
    for response in ("b", "a", None):
        attempt(session, quiz, course, [{"question": "choose", "response": response, "score": 0 if response is None else 1}])
    found = quiz_answers(session, quiz.id)
    table = option_statistics(found.responses["choose"].tolist(), [1, 2, 3], options=[option["id"] for option in OPTIONS])
    assert table["n"].loc[["a", "b", NO_ANSWER, OTHER]].tolist() == [1, 1, 1, 0]


def test_only_graded_attempts_of_active_and_completed_students_count_and_the_others_are_counted(session, course, quiz):
    right = [{"question": "count", "response": 4, "score": 2}]
    attempt(session, quiz, course, right)
    attempt(session, quiz, course, right, status=EnrollmentStatus.COMPLETED)
    attempt(session, quiz, course, right, status=EnrollmentStatus.WITHDRAWN)
    attempt(session, quiz, course, right, banked=True)
    attempt(session, quiz, course, right, score=None)
    attempt(session, quiz, course, [*right, {"question": "word", "response": "set", "score": None}])
    attempt(session, quiz, course, [*right, {"question": "word", "response": "set"}])
    attempt(session, quiz, course, [])
    found = quiz_answers(session, quiz.id)
    assert (len(found.attempts), found.n_not_graded, found.n_totals, found.n_of_others) == (2, 3, 1, 1)
    assert found.left_out == "3 not graded yet, 1 with a total only, 1 of students who have left the course"
    listed = answered_quizzes(session, course.code)
    assert listed[["quiz_id", "n_questions", "n_students", "n_attempts"]].to_numpy().tolist() == [[quiz.id, 4, 2, 2]]


@pytest.mark.parametrize(
    "stored",
    [
        ["text", 7, None, [], {"question": [3], "score": 1}, {"score": 1}],
        [{"question": "count", "response": {"x": [1]}, "score": 2}, {"question": "count", "response": 4, "score": 0}],
        [{"question": "count", "response": 4, "score": -3}],
        [{"question": "count", "response": 4, "score": 10**30}],
    ],
)
def test_any_json_stored_as_answers_is_read_or_skipped(session, course, quiz, stored):
    attempt(session, quiz, course, [*stored, {"question": "choose", "response": "a", "score": 1}])
    found = quiz_answers(session, quiz.id)
    assert found.scores["choose"].tolist() == [1]
    assert found.scores["count"].isna().all() or found.scores["count"].between(-1e8, 1e8).all()


def test_a_quiz_that_does_not_exist_or_cannot_be_read_is_refused(session, course):
    with pytest.raises(QuizNotFoundError):
        quiz_answers(session, 2**62)
    with pytest.raises(QuizUnreadableError):
        quiz_answers(session, factories.quiz(session, course, questions=[{"id": "x"}]).id)


def test_a_quiz_without_questions_has_no_items(session, course):
    totals_only = factories.quiz(session, course)
    attempt(session, totals_only, course, [])
    found = quiz_answers(session, totals_only.id)
    assert (found.scores.shape, found.n_totals) == ((0, 0), 1)


def test_a_quiz_is_named_by_its_number_or_its_title(session, course, quiz):
    assert quiz_in_course(session, course.code, str(quiz.id)).id == quiz.id
    assert quiz_in_course(session, course.code, "A quiz").id == quiz.id
    for unknown in ("Another", str(2**62), "9" * 40, "a\0b"):
        with pytest.raises(QuizNotFoundInCourseError):
            quiz_in_course(session, course.code, unknown)
    elsewhere = factories.quiz(session, factories.course(session, weeks=1), title="Elsewhere")
    with pytest.raises(QuizNotFoundInCourseError):
        quiz_in_course(session, course.code, str(elsewhere.id))
    factories.quiz(session, course, title="A quiz")
    with pytest.raises(QuizAmbiguousError, match="several quizzes 'A quiz'"):
        quiz_in_course(session, course.code, "A quiz")


def turned(question):
    """The same question as another course has it: another id, other white space, its options in another order."""
    changed = question | {"id": f"new-{question['id']}", "prompt": f" {question['prompt']}\n"}
    return changed | ({"options": question["options"][::-1]} if "options" in question else {})


def test_the_runs_of_a_quiz_are_those_of_its_module_that_ask_the_same(session):
    module = factories.unique("M")
    terms = [factories.term(session, starts_on=dt.date(year, 3, 1)) for year in (2024, 2025, 2026)]
    courses = [factories.course(session, module_code=module, in_term=term, weeks=1) for term in terms]
    stranger = factories.course(session, weeks=1)
    another_word = QUESTIONS[0] | {"options": [OPTIONS[0] | {"text": "the right one!"}, *OPTIONS[1:]]}
    quizzes = [
        factories.quiz(session, courses[0], questions=[turned(question) for question in QUESTIONS[:2]]),
        factories.quiz(session, courses[1], questions=[another_word, QUESTIONS[1]]),
        factories.quiz(session, courses[2], questions=QUESTIONS),
    ]
    factories.quiz(session, courses[1], questions=[QUESTIONS[3] | {"prompt": "Something else?"}])
    factories.quiz(session, courses[1], questions=[{"unreadable": True}])
    factories.quiz(session, stranger, questions=QUESTIONS)
    runs = quiz_runs(session, quizzes[2].id)
    assert [run.quiz_id for run in runs] == [quiz.id for quiz in quizzes]
    assert [run.shared for run in runs] == [
        {"new-choose": "choose", "new-count": "count"},
        {"count": "count"},
        {name: name for name in ("choose", "count", "key", "word")},
    ]


def test_of_several_quizzes_of_a_course_the_most_similar_is_the_run(session):
    module = factories.unique("M")
    earlier, now = (factories.course(session, module_code=module, weeks=1, origin=Origin.FORM) for _ in range(2))
    factories.quiz(session, earlier, title="A part", questions=QUESTIONS[:1])
    same = factories.quiz(session, earlier, title="The quiz", questions=QUESTIONS[:3])
    factories.quiz(session, earlier, title="A twin", questions=QUESTIONS[:3])
    quiz = factories.quiz(session, now, title="The quiz", questions=QUESTIONS)
    assert [run.quiz_id for run in quiz_runs(session, quiz.id) if run.course == earlier.code] == [same.id]


def test_two_questions_that_read_alike_are_matched_in_their_order(session):
    module = factories.unique("M")
    twice = [QUESTIONS[1] | {"id": "one"}, QUESTIONS[1] | {"id": "two"}]
    earlier, now = (factories.course(session, module_code=module, weeks=1) for _ in range(2))
    factories.quiz(session, earlier, questions=[question | {"id": f"{question['id']}-old"} for question in twice])
    quiz = factories.quiz(session, now, questions=twice)
    shared = [run.shared for run in quiz_runs(session, quiz.id) if run.course == earlier.code]
    assert shared == [{"one-old": "one", "two-old": "two"}]


def test_pages_of_quizzes_put_together_are_the_list_also_where_titles_are_alike(session, course):
    for _ in range(3):
        factories.quiz(session, course, title="A quiz", questions=QUESTIONS)
    factories.quiz(session, course, week_number=2, title="a quiz")
    everything = answered_quizzes(session, course.code)
    pages = [answered_quizzes(session, course.code, limit=1, offset=offset) for offset in range(4)]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), everything)
    beyond = answered_quizzes(session, course.code, offset=4)
    assert len(beyond) == 0
    assert dict(beyond.dtypes) == dict(everything.dtypes)
    assert len(answered_quizzes(session, "NO-SUCH")) == 0
