import pytest
from pydantic import TypeAdapter, ValidationError

from lmskit.schemas.mistakes import mistakes
from lmskit.schemas.quiz import Answer, KeyEntry, QuizContent
from lmskit.simulation import TermDesign, simulate_term

LETTERS = [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}]
QUESTIONS = {
    "choice": {"options": LETTERS},
    "multiple": {"options": LETTERS},
    "true_false": {},
    "numeric": {},
    "short_text": {},
    "match": {"options": LETTERS, "targets": [{"id": "x", "text": "eins"}, {"id": "y", "text": "zwei"}]},
    "order": {"options": LETTERS},
    "essay": {},
}
RIGHT = {
    "choice": "a",
    "multiple": ["a", "b"],
    "true_false": True,
    "numeric": 3,
    "short_text": ["colour", "color"],
    "match": {"a": "x", "b": "y"},
    "order": ["b", "a"],
    "essay": None,
}
WRONG: dict[str, list[object]] = {
    "choice": ["c", True, None, ["a"]],
    "multiple": ["a", ["c"], ["a", "a"], None],
    "true_false": ["true", 1, None],
    "numeric": ["3", True, None],
    "short_text": ["colour", [], None],
    "match": [{"c": "x"}, {"a": "z"}, ["a"], None],
    "order": [["a"], ["a", "b", "c"], ["a", "b", "a"], ["a", "a"], "a", None],
    "essay": ["a"],
}


def question(kind, **changes):
    return {"id": "q1", "type": kind, "prompt": "?", "points": 1} | QUESTIONS[kind] | changes


def refusal(questions, key=None):
    with pytest.raises(ValidationError) as caught:
        QuizContent.model_validate({"questions": questions, "answer_key": key or {}})
    return mistakes(caught.value)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_of_each_kind_takes_its_key(kind):
    content = QuizContent.model_validate({"questions": [question(kind)], "answer_key": {"q1": {"answer": RIGHT[kind]}}})
    assert content.questions[0].type == kind
    assert type(content.answer_key["q1"].answer) in {type(RIGHT[kind]), float}


@pytest.mark.parametrize(("kind", "answer"), [(kind, answer) for kind, answers in WRONG.items() for answer in answers])
def test_a_key_of_another_kind_is_refused(kind, answer):
    found = refusal([question(kind)], {"q1": {"answer": answer}})
    assert "The key of question 'q1' does not fit it" in found[""]


def test_a_key_answers_only_questions_of_the_quiz():
    assert refusal([question("essay")], {"q2": {"answer": None}}) == {"": "The key answers a question 'q2' that the quiz does not ask."}


def test_each_question_and_each_option_has_an_id_of_its_own():
    assert "question 'q1' is in the quiz more than once" in refusal([question("essay"), question("essay")])[""]
    twice = refusal([question("choice", options=[LETTERS[0], LETTERS[0]])])
    assert "option 'a' is in question q1 more than once" in next(iter(twice.values()))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (-1, "This must be at least 0."),
        (100_000_000, "This must be at most 99999999."),
        (float("nan"), "This must be a finite number."),
        (float("inf"), "This must be a finite number."),
        ("many", "This must be a number."),
    ],
)
def test_points_are_a_number_up_to_the_largest_score(points, sentence):
    assert list(refusal([question("essay", points=points)]).values()) == [sentence]


def test_all_points_together_are_at_most_the_largest_score():
    largest = question("essay", points=99_999_999)
    assert QuizContent.model_validate({"questions": [largest]}).max_score == 99_999_999
    assert "together are more than 99,999,999" in refusal([largest, question("essay", id="q2", points=0.001)])[""]


def test_a_tolerance_is_zero_or_more():
    exactly = QuizContent.model_validate({"questions": [question("numeric")], "answer_key": {"q1": {"answer": 1, "tolerance": 0}}})
    assert exactly.answer_key["q1"].tolerance == 0
    assert list(refusal([question("numeric")], {"q1": {"answer": 1, "tolerance": -0.001}}).values()) == ["This must be at least 0."]


def test_an_unknown_type_is_refused_with_the_known_types():
    (sentence,) = refusal([question("essay", type="riddle")]).values()
    assert sentence.startswith("This must be one of: choice, multiple, true_false")


def test_only_numbers_have_a_tolerance():
    assert "only numeric questions have one" in refusal([question("choice")], {"q1": {"answer": "a", "tolerance": 1}})[""]


def test_a_boolean_stays_a_boolean_and_a_number_a_number():
    assert KeyEntry(answer=True).answer is True
    assert isinstance(KeyEntry(answer=1).answer, float)


def test_stored_questions_are_read_back_unchanged():
    term = simulate_term(TermDesign(n_students=3), seed=1)
    assert len(term.quizzes) > 0
    for row in term.quizzes.itertuples(index=False):
        content = QuizContent.model_validate({"questions": row.questions, "answer_key": row.answer_key})
        assert content.stored_questions() == row.questions
        assert content.stored_key() == row.answer_key
        assert content.max_score == row.max_score


def test_simulated_answers_are_answers():
    term = simulate_term(TermDesign(n_students=3), seed=1)
    answers = TypeAdapter(list[Answer])
    assert len(term.attempts) > 0
    for stored, score in zip(term.attempts["answers"], term.attempts["score"], strict=True):
        assert sum(answer.score or 0 for answer in answers.validate_python(stored)) == score


@pytest.mark.parametrize("kind", ["choice", "multiple", "match", "order"])
def test_a_question_with_options_has_one_at_least(kind):
    assert refusal([question(kind, options=[])]) != {}
    alone = QuizContent.model_validate({"questions": [question(kind, options=LETTERS[:1])], "answer_key": {}})
    assert len(alone.questions) == 1


def test_a_match_has_targets_each_of_them_once():
    targets = QUESTIONS["match"]["targets"]
    assert refusal([question("match", targets=[])]) != {}
    alone = QuizContent.model_validate({"questions": [question("match", targets=targets[:1])], "answer_key": {}})
    assert len(alone.questions) == 1
    (sentence,) = refusal([question("match", targets=[targets[0], targets[0]])]).values()
    assert "target 'x' is in question q1 more than once" in sentence


@pytest.mark.parametrize("missing", ["id", "prompt"])
def test_a_question_has_an_id_and_a_prompt(missing):
    assert refusal([question("essay", **{missing: ""})]) != {}
    shortest = QuizContent.model_validate({"questions": [question("essay", **{missing: "x"})], "answer_key": {}})
    assert getattr(shortest.questions[0], missing) == "x"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_key_is_a_number_that_can_be_stored(number):
    assert refusal([question("numeric")], {"q1": {"answer": number}}) != {}
    assert refusal([question("numeric")], {"q1": {"answer": 1, "tolerance": number}}) != {}


@pytest.mark.parametrize(("score", "is_valid"), [(-0.5, True), (-99_999_999, True), (-100_000_000, False), (float("nan"), False)])
def test_an_answer_may_have_a_score_below_0(score, is_valid):
    answers = TypeAdapter(Answer)
    if is_valid:
        assert answers.validate_python({"question": "1", "score": score}).score == score
    else:
        with pytest.raises(ValidationError):
            answers.validate_python({"question": "1", "score": score})
