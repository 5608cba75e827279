"""The quality of a quiz as its lecturer sees it: attempts that count, a wrong key, options, drift, and no quizzes of others."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from lmskit.analytics.items import item_statistics
from lmskit.db import engine_for, snapshot, transaction
from lmskit.errors import QuestionNotFoundError, QuizNotFoundError
from lmskit.models import QuizAttempt, User
from lmskit.read_models.quiz_quality import question_named, question_options, quiz_drift, quiz_quality
from lmskit.vocabulary import CountedAttempts, Role
from tests import factories
from tests.answered_quiz import EVIL, QUESTIONS, answered_quiz


@pytest.fixture
def course(session):
    return factories.course(session, weeks=1)


def test_the_item_with_a_wrong_key_is_found_and_the_others_are_not(session, course):
    quality = quiz_quality(session, answered_quiz(session, course).id)
    assert (quality.items["verdict"] == "likely_wrong_key").to_dict() == {"choose": False, "count": False, "key": True, "word": False}
    assert quality.items["number"].tolist() == [1, 2, 3, 4]
    assert (quality.n_attempts, quality.n_students, quality.students) == (60, 60, None)
    pd.testing.assert_series_equal(quality.totals, quality.answers.scores.sum(axis=1), check_names=False)


@pytest.mark.parametrize("which", list(CountedAttempts))
def test_the_attempts_that_count_are_the_chosen_ones(session, course, which):
    quality = quiz_quality(session, answered_quiz(session, course, n_students=12, attempts=3).id, attempts=which)
    everything = quiz_quality(session, quality.answers.quiz_id, attempts=CountedAttempts.ALL).answers
    totals = everything.attempts.assign(total=everything.scores.sum(axis=1))
    by_student = totals.groupby("student_id")
    expected = {
        CountedAttempts.FIRST: by_student["number"].min(),
        CountedAttempts.LAST: by_student["number"].max(),
        CountedAttempts.HIGHEST: totals.loc[by_student["total"].idxmax(), "number"],
        CountedAttempts.ALL: totals["number"],
    }
    assert quality.answers.attempts["number"].tolist() == expected[which].tolist()
    assert quality.items["n_students"].tolist() == [12] * 4
    np.testing.assert_allclose(quality.items["facility"], item_statistics(quality.answers.scores, quality.answers.max_scores)["facility"])


def test_the_options_of_a_question_are_counted_against_the_rest_of_the_quiz(session, course):
    quality = quiz_quality(session, answered_quiz(session, course).id)
    table = question_options(quality, "choose")
    assert table["text"].tolist()[:3] == ["the right one", EVIL, "the third"]
    assert table["n"].sum() == 60
    assert table["right"].tolist()[:3] == [True, False, False]
    assert table["point_biserial"]["a"] == pytest.approx(quality.items["discrimination_index"]["choose"])
    statement = question_options(quality, "key")
    assert statement.index.tolist()[:2] == ["true", "false"]
    assert statement.loc["false", "verdict"] == "attractive", "the wrong key's other option draws those who know"


def test_a_question_without_options_gives_an_empty_table_and_an_unknown_one_is_refused(session, course):
    quality = quiz_quality(session, answered_quiz(session, course, n_students=3).id)
    assert len(question_options(quality, "word")) == 0
    assert {"text", "n", "verdict"} <= set(question_options(quality, "word").columns)
    with pytest.raises(QuestionNotFoundError, match="no question '5'"):
        question_named(quality.answers.content, "5")
    assert question_named(quality.answers.content, "4").id == "word"


def test_a_quiz_without_answers_is_empty_and_not_an_error(session, course):
    quality = quiz_quality(session, factories.quiz(session, course, questions=QUESTIONS, max_score=5).id)
    assert quality.n_attempts == 0
    assert set(quality.items["verdict"]) == {"withheld"}
    assert question_options(quality, "choose")["n"].sum() == 0
    assert len(quiz_drift(session, quality.answers.quiz_id).runs) == 0


def test_a_question_with_a_corrected_key_discriminates_differently_from_before(session):
    module = factories.unique("M")
    before, now = (factories.course(session, module_code=module, weeks=1) for _ in range(2))
    answered_quiz(session, before, n_students=120, seed=1)
    quiz = answered_quiz(session, now, n_students=120, seed=2)
    for attempt in _attempts(session, quiz):
        corrected = [answer | ({"score": 1 - answer["score"]} if answer["question"] == "key" else {}) for answer in attempt.answers]
        attempt.answers = corrected
    session.flush()
    found = quiz_drift(session, quiz.id)
    assert [run.course for run in found.runs] == [before.code, now.code]
    changes = found.drift.changes.set_index(["item", "index"])
    assert changes.loc[("key", "discrimination_index"), "changed"]
    assert not changes.loc[("word", "discrimination_index"), "changed"]


def _attempts(session, quiz):
    return list(session.scalars(select(QuizAttempt).where(QuizAttempt.quiz_id == quiz.id)))


def test_a_lecturer_analyses_own_quizzes_and_compares_them_with_no_quiz_of_another_lecturer(admin_engine, make_person):
    email, other = (f"{factories.unique('lecturer')}@example.org" for _ in range(2))
    for address in (email, other):
        make_person(address, Role.LECTURER)
    module = factories.unique("M")
    with transaction(admin_engine) as session:
        own, foreign = (
            factories.course(session, module_code=module, weeks=1, taught_by=_person(session, address)) for address in (email, other)
        )
        mine = answered_quiz(session, own, n_students=35)
        theirs = answered_quiz(session, foreign, n_students=35, seed=9)
        ids = (mine.id, theirs.id)
    with snapshot(engine_for(email)) as session:
        assert quiz_quality(session, ids[0]).n_students == 35
        assert [run.course for run in quiz_drift(session, ids[0]).runs] == [own.code]
        with pytest.raises(QuizNotFoundError):
            quiz_quality(session, ids[1])
    with snapshot(admin_engine) as session:
        assert len(quiz_drift(session, ids[0]).runs) == 2


def _person(session, email):
    return session.scalars(select(User).where(User.email == email)).one()
