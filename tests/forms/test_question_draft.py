import pytest
from pydantic import ValidationError

from lmskit.forms.question_draft import QuestionDraft, content, drafts_of
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import QuizContent
from lmskit.vocabulary import QuestionType


def options(**texts):
    return [{"id": name, "text": text} for name, text in texts.items()]


STORED = QuizContent.model_validate(
    {
        "questions": [
            {"id": "c", "type": "choice", "prompt": "Which?", "points": 1, "options": options(x="This", y="That")},
            {"id": "m", "type": "multiple", "prompt": "Which?", "points": 2, "options": options(x="1", y="2")},
            {"id": "t", "type": "true_false", "prompt": "So?", "points": 1, "topic": "Truth"},
            {"id": "n", "type": "numeric", "prompt": "How much?", "points": 0.5},
            {"id": "s", "type": "short_text", "prompt": "Called?", "points": 1},
            {
                "id": "p",
                "type": "match",
                "prompt": "Match.",
                "points": 3,
                "options": options(a="dog", b="cat"),
                "targets": options(k="animal", l="plant"),
            },
            {"id": "o", "type": "order", "prompt": "Order.", "points": 1, "options": options(b="second", a="then")},
            {"id": "e", "type": "essay", "prompt": "Discuss.", "points": 5},
        ],
        "answer_key": {
            "c": {"answer": "y", "feedback": "Because."},
            "m": {"answer": ["x", "y"]},
            "t": {"answer": False},
            "n": {"answer": 3.25, "tolerance": 0.5},
            "s": {"answer": ["Ada", "Augusta Ada"]},
            "p": {"answer": {"a": "k", "b": "k"}},
            "o": {"answer": ["a", "b"]},
        },
    }
)


def test_a_quiz_that_is_opened_and_not_changed_stays_the_same():
    assert QuizContent.model_validate(content(drafts_of(STORED))) == STORED


def test_the_options_that_students_see_are_not_in_the_right_order():
    draft = QuestionDraft("Q1", type=QuestionType.ORDER, steps=[{"id": "", "text": text} for text in ("wake", "eat", "sleep")])
    assert [option["text"] for option in draft.question()["options"]] == ["eat", "sleep", "wake"]
    assert draft.key() == {"answer": ["A", "B", "C"]}


def test_new_options_get_free_letters():
    draft = QuestionDraft("Q1", options=[{"id": "A", "text": "old", "right": False}, {"id": "", "text": "new", "right": True}])
    draft.prompt = "Which?"
    assert [option["id"] for option in draft.question()["options"]] == ["A", "B"]
    assert draft.key() == {"answer": "B"}


def test_equal_targets_are_merged_and_a_row_without_an_option_is_a_target_of_none():
    draft = QuestionDraft("Q1", type=QuestionType.MATCH, prompt="Match.")
    draft.pairs = [
        {"id": "", "text": text, "target_id": "", "target": target}
        for text, target in [("dog", "animal"), ("cat", "animal"), ("", "plant")]
    ]
    question = draft.question()
    assert [target["text"] for target in question["targets"]] == ["animal", "plant"]
    assert draft.key() == {"answer": {"A": "A", "B": "A"}}


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (QuestionDraft("Q1", prompt=""), "This must not be empty"),
        (QuestionDraft("Q1", prompt="?", type=QuestionType.NUMERIC, answer="much"), "a number is expected"),
        (
            QuestionDraft("Q1", prompt="?", options=[{"id": "", "text": text, "right": True} for text in "ab"]),
            "the id of one of its options is expected",
        ),
    ],
)
def test_mistakes_are_found_by_the_request(draft, sentence):
    with pytest.raises(ValidationError) as caught:
        QuizContent.model_validate(content([draft]))
    assert sentence in one_sentence(caught.value)
