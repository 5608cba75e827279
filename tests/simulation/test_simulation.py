"""Simulated terms: the same for the same seed, plausible, and with a truth that estimates can be compared with."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.items import item_analysis
from lmskit.analytics.mastery import estimate
from lmskit.errors import InputError
from lmskit.simulation import TermDesign, demonstration_terms, response_probability, simulate_term
from lmskit.simulation.question_bank import bank_modules
from lmskit.simulation.quizzes import Flaw, module_quizzes
from lmskit.vocabulary import QuestionType

KNOWN = [103, 609.0, "What is the value of 2 + 8 * 7?"]
FRAMES = ("courses", "students", "enrollments", "syllabus", "quizzes", "attempts")


@pytest.fixture(scope="module")
def terms():
    return demonstration_terms()


@pytest.fixture(scope="module")
def term(terms):
    return terms[1]


def test_the_demonstration_has_its_documented_size(terms):
    earlier, current = terms
    assert (len(current.courses), len(current.students), current.syllabus["week_number"].max()) == (3, 300, 12)
    assert 19_000 <= len(current.attempts) <= 21_000
    assert current.enrollments.groupby("student").size().value_counts().index.tolist() == [1, 2]
    assert set(earlier.courses["module"]) == set(current.courses["module"])
    assert earlier.last_day < current.design.first_day
    assert not set(earlier.students["student"]) & set(current.students["student"])


def test_both_terms_ask_the_same_questions(terms):
    earlier, current = terms
    assert earlier.quizzes["questions"].tolist() == current.quizzes["questions"].tolist()


def test_the_same_seed_makes_the_same_term_and_another_seed_another():
    small = TermDesign(n_students=20, n_weeks=3)
    term, same, other = (simulate_term(small, seed=seed) for seed in (5, 5, 6))
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(term, name), getattr(same, name))
    for part in dataclasses.fields(term.truth):
        pd.testing.assert_frame_equal(getattr(term.truth, part.name), getattr(same.truth, part.name))
    assert not term.attempts["score"].equals(other.attempts["score"])


def test_a_known_seed_gives_known_answers_on_every_platform():
    small = simulate_term(TermDesign(n_students=10, n_weeks=2), seed=1)
    assert [len(small.attempts), small.attempts["score"].sum(), small.quizzes["questions"][0][1]["prompt"]] == KNOWN


def test_no_student_can_be_mistaken_for_a_real_person(term):
    assert (term.students["given_name"] == "Simulated").all()
    assert term.students["email"].str.endswith("@simulated.invalid").all()
    assert term.students["email"].is_unique
    assert term.courses["title"].str.endswith("(simulated)").all()


def test_every_question_has_its_key_and_keeps_it_apart(term):
    assert len(term.quizzes) > 0
    for quiz in term.quizzes.to_dict("records"):
        questions = {question["id"]: question for question in quiz["questions"]}
        assert len(questions) == len(quiz["questions"])
        assert set(questions) == set(quiz["answer_key"])
        assert quiz["max_score"] == sum(question["points"] for question in questions.values())
        for name, question in questions.items():
            assert set(question) == {"id", "type", "prompt", "points", "options", "topic"}
            answer, options = quiz["answer_key"][name]["answer"], {option["id"] for option in question["options"]}
            match QuestionType(question["type"]):
                case QuestionType.CHOICE:
                    assert answer in options
                case QuestionType.MULTIPLE:
                    assert set(answer) < options
                case QuestionType.TRUE_FALSE:
                    assert isinstance(answer, bool)
                case QuestionType.NUMERIC:
                    assert isinstance(answer, int | float)
                    assert quiz["answer_key"][name]["tolerance"] >= 0
                case kind:
                    assert kind is QuestionType.SHORT_TEXT
                    assert isinstance(answer, list)


def test_no_quiz_asks_the_same_twice_in_a_week(term):
    assert len(term.quizzes) > 0
    for _, quizzes in term.quizzes.groupby(["course", "week_number"]):
        prompts = [question["prompt"] for questions in quizzes["questions"] for question in questions]
        assert len(prompts) == len(set(prompts))


def test_the_right_option_is_not_always_at_the_same_position(term):
    right = [key["answer"] for keys in term.quizzes["answer_key"] for key in keys.values() if isinstance(key["answer"], str)]
    assert set(right) == {"a", "b", "c", "d"}


def test_answers_are_scored_by_the_key_and_add_up_to_the_score(term):
    keys = term.quizzes.set_index("quiz")
    assert len(term.attempts) > 0
    for attempt in term.attempts.head(2_000).to_dict("records"):
        key = keys.loc[attempt["quiz"], "answer_key"]
        points = {question["id"]: question["points"] for question in keys.loc[attempt["quiz"], "questions"]}
        assert attempt["score"] == sum(answer["score"] for answer in attempt["answers"])
        for answer in attempt["answers"]:
            right = key[answer["question"]]
            assert (answer["score"] == points[answer["question"]]) is _is_right(answer["response"], right)


def _is_right(response, key):
    if "tolerance" in key:
        return abs(response - key["answer"]) <= key["tolerance"]
    return response in key["answer"] if isinstance(key["answer"], list) and isinstance(response, str) else response == key["answer"]


def test_questions_and_answers_are_json(term):
    assert json.loads(json.dumps(term.quizzes["questions"].tolist())) == term.quizzes["questions"].tolist()
    assert json.loads(json.dumps(term.attempts["answers"].head(200).tolist())) == term.attempts["answers"].head(200).tolist()


def test_attempts_are_numbered_in_time_inside_the_term_by_enrolled_students(term):
    attempts = term.attempts
    assert not attempts.duplicated(["quiz", "student", "number"]).any()
    in_order = attempts.sort_values(["quiz", "student", "number"])
    steps = in_order.groupby(["quiz", "student"])
    assert (steps["number"].diff().dropna() == 1).all()
    assert (steps["submitted_at"].diff().dropna() > pd.Timedelta(0)).all()
    assert (attempts["started_at"] < attempts["submitted_at"]).all()
    assert attempts["started_at"].dt.date.min() >= term.design.first_day
    assert attempts["submitted_at"].dt.date.max() <= term.last_day
    enrolled = set(zip(term.enrollments["student"], term.enrollments["course"], strict=True))
    assert set(zip(attempts["student"], attempts["course"], strict=True)) <= enrolled
    assert attempts["score"].between(0, attempts["max_score"]).all()


def test_students_who_stop_submit_nothing_more(term):
    weeks = term.attempts.merge(term.quizzes[["quiz", "week_number"]], on="quiz").merge(term.truth.stops, on=["student", "course"])
    assert (weeks["week_number"] <= weeks["last_week"]).all()
    stopped = (term.truth.stops["last_week"] < 12).mean()
    assert 0.08 < stopped < 0.25


def test_scores_follow_the_response_model(term):
    first = term.attempts[term.attempts["number"] == 1].merge(term.quizzes[["quiz", "week_number"]], on="quiz")
    merged = first.merge(term.truth.mastery, on=["student", "course", "week_number"])
    fraction = merged["score"] / merged["max_score"]
    by_truth = fraction.groupby(pd.cut(merged["true_score"], [0, 0.3, 0.5, 0.7, 0.9, 1])).mean()
    assert (by_truth.diff().dropna() > 0).all()
    assert fraction.mean() == pytest.approx(merged["true_score"].mean(), abs=0.01)


def test_estimates_find_the_truth_of_the_simulation(term):
    scores = term.attempts.merge(term.quizzes[["quiz", "week_number"]], on="quiz").rename(columns={"week_number": "week"})
    scores["student"] = scores["student"].astype(str) + scores["course"]
    found = estimate(scores[scores["number"] == 1], "average")
    truth = term.truth.mastery.assign(student=term.truth.mastery["student"].astype(str) + term.truth.mastery["course"])
    both = found.merge(truth, left_on=["student", "week"], right_on=["student", "week_number"])
    assert np.corrcoef(both["value"], both["true_score"])[0, 1] > 0.7


def test_guessing_raises_the_chance_of_low_ability():
    assert response_probability(-50.0, 1.0, 0.0, 0.25) == pytest.approx(0.25)
    assert response_probability(50.0, 1.0, 0.0, 0.25) == pytest.approx(1.0)


@pytest.mark.parametrize("impossible", [{"n_students": 0}, {"n_weeks": 13}, {"stopping": 1.5}, {"max_attempts": 0}, {"modules": ()}])
def test_an_impossible_term_is_refused(impossible):
    with pytest.raises(InputError, match="simulated term needs"):
        TermDesign(**impossible)


def test_every_module_has_twelve_topics_of_its_own():
    titles = [topic.title for module in bank_modules() for topic in module.topics]
    assert len(titles) == len(set(titles)) == 36


def test_a_wrong_key_gives_points_for_wrong_answers_and_is_in_the_truth(terms):
    _, current = terms
    [flawed] = current.truth.items[current.truth.items["wrong_key"]].to_dict("records")
    assert (flawed["week_number"], flawed["question"]) == (4, "q2")
    attempts = current.attempts[(current.attempts["quiz"] == flawed["quiz"]) & (current.attempts["number"] == 1)]
    scores = pd.DataFrame([{answer["question"]: answer["score"] for answer in answers} for answers in attempts["answers"]])
    verdicts = item_analysis(scores, scores.max())["verdict"]
    assert verdicts[verdicts == "likely_wrong_key"].index.tolist() == ["q2"]


def test_a_flaw_does_not_change_questions_and_other_quizzes():
    plain = module_quizzes(bank_modules()[0], growth=0.08, seed=1)
    flawed = module_quizzes(bank_modules()[0], growth=0.08, seed=1, flaws=(Flaw("PROG", 2, "Check", "q1", wrong_key=True, harder=0.5),))
    changed = [number for number, (quiz, other) in enumerate(zip(plain, flawed, strict=True)) if quiz.answer_key != other.answer_key]
    assert changed == [3]
    assert [quiz.questions for quiz in plain] == [quiz.questions for quiz in flawed]
    assert (flawed[3].difficulty - plain[3].difficulty).tolist() == [0.5, 0, 0, 0, 0]


def test_wrong_answers_are_chosen_by_their_appeal(term):
    quiz = term.quizzes.set_index("quiz")["questions"]
    responses = term.attempts.explode("answers")
    answers = pd.DataFrame(
        {"quiz": responses["quiz"], **{name: responses["answers"].str[name] for name in ("question", "response", "score")}}
    )
    kinds = {(name, question["id"]): question["type"] for name, questions in quiz.items() for question in questions}
    choices = answers[[kinds[key] == "choice" for key in zip(answers["quiz"], answers["question"], strict=True)]]
    wrong = choices[choices["score"] == 0].groupby(["quiz", "question", "response"]).size()
    most, least = wrong.groupby(["quiz", "question"]).max(), wrong.groupby(["quiz", "question"]).min()
    assert (most / (most + least)).median() > 0.65
