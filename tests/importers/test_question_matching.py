"""Which question of a bank is which numbered question of a report, and which answer which option."""

import csv
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lmskit.importers.formats import ReadOptions
from lmskit.importers.matching.joined_quiz import joined_answers, joined_quiz
from lmskit.importers.matching.question_text import MOST_VARIANTS, is_drawn_at_random, variants
from lmskit.importers.matching.questions import Candidate, Slot, matching
from lmskit.importers.matching.typed_response import ResponseReader
from lmskit.importers.question_banks.moodle_xml import read
from lmskit.schemas.quiz import Answer, KeyEntry, Question
from lmskit.vocabulary import QuestionType
from tests.real_data import REAL_DATA

EXPORTS = REAL_DATA / "moodle" / "exports_4_5"
QUESTION = TypeAdapter(Question)


def question(name: str, kind: str = "short_text", prompt: str = "Why?", options=(), *, targets=(), points: float = 1.0) -> Question:
    lettered = [{"id": chr(65 + nth), "text": text} for nth, text in enumerate(options)]
    fields: dict[str, Any] = {"id": name, "type": kind, "prompt": prompt, "points": points, "options": lettered}
    if targets:
        fields["targets"] = [{"id": str(nth), "text": text} for nth, text in enumerate(targets, 1)]
    return QUESTION.validate_python(fields)


def bank(*questions, name="bank.xml"):
    """Candidates: each a question, or a question with its right answer."""
    pairs = [each if isinstance(each, tuple) else (each, None) for each in questions]
    return [
        Candidate(
            name, nth, asked, None if right is None else KeyEntry(answer=right, tolerance=0.005 if isinstance(right, float) else None)
        )
        for nth, (asked, right) in enumerate(pairs, 1)
    ]


MEAN = question("mean", "choice", "What is the mean of 2, 4 and 9?", ["5", "4", "15", 'Size ≥ 5; "unknown"'], points=1)
PRIMES = question("primes", "multiple", "Which of these are prime?", ["2", "7", "9", "1"], points=2)
MEDIAN = question("median", "true_false", "The median is robust.", points=1)
MEAN_IS_ROBUST = question("mean is robust", "true_false", "The mean is robust.", points=1)
PI = question("pi", "numeric", "Give π to two decimals.", points=2)
CLAUSES = question("clauses", "match", "Match the clause.", ["sorts", "filters"], targets=["WHERE", "ORDER BY", "LIMIT"], points=3)
STEPS = question("steps", "order", "Put in order.", ["plan", "do", "check"])
BANK = bank((MEAN, "A"), (PRIMES, ["A", "B"]), (MEDIAN, True), (MEAN_IS_ROBUST, False), (PI, 3.14), (CLAUSES, {"A": "2", "B": "1"}))
SLOTS = (
    Slot("1", 2, 2, ("Match the clause. {filters; sorts} -> {LIMIT; WHERE; ORDER BY}",), ("sorts -> ORDER BY; filters -> WHERE",)),
    Slot("2", 2, 2, ("The median is robust.",), ("True",), ("True", "False")),
    Slot("3", 2, 2, ("Give π to two decimals.",), ("3.14",), ("3.14", "3,2", "22/7")),
    Slot("4", 4, 2, ("Which of these are PRIME?  : 9; 1; 7; 2",), ("7; 2",), ("2", "9; 7; 2")),
    Slot("5", 2, 2, ('What is the mean of 2, 4 and 9? : 15; Size ≥ 5; "unknown"; 4; 5',), ("5",), ('Size ≥ 5; "unknown"', "4")),
)
ALL = {"1": "clauses", "2": "median", "3": "pi", "4": "primes", "5": "mean"}


def found(slots, candidates):
    return {name: candidate.question.id for name, candidate in matching(slots, candidates).found.items()}


def undecided(slots, candidates):
    return [(slot, [each.question.id for each in left]) for slot, left in matching(slots, candidates).undecided]


def without(*fields):
    return [lacking(slot, *fields) for slot in SLOTS]


def lacking(slot: Slot, *fields: str) -> Slot:
    """The slot as a report without these fields has it."""
    empty: dict[str, Any] = dict.fromkeys(fields, ())
    return replace(slot, **empty)


def test_questions_are_found_by_their_texts_although_the_bank_has_more_and_in_another_order():
    assert found(SLOTS, BANK) == ALL


def test_without_right_answers_the_texts_are_enough():
    assert found(without("right_answers", "responses"), BANK) == ALL


def test_without_texts_the_right_answers_are_enough():
    assert found(without("texts"), BANK) == ALL


def test_points_and_numbers_alone_decide_nothing():
    assert found(without("texts", "right_answers", "responses"), BANK) == {}


def test_another_right_answer_is_another_question():
    wrong_key = bank((MEAN, "B"), (PRIMES, ["A"]), (MEDIAN, False), (PI, 3.2), (CLAUSES, {"A": "1", "B": "1"}))
    assert found(SLOTS, wrong_key) == {}


def test_an_answer_that_no_option_has_is_one_to_another_question():
    other = bank((question("other", "choice", "Which number?", ["5", "6"]), "A"))
    slot = Slot("1", right_answers=("5",), responses=("7",))
    assert found([slot], other) == {}
    assert found([replace(slot, responses=("6",))], other) == {"1": "other"}


def test_scores_show_the_key_where_the_report_has_neither_texts_nor_right_answers():
    sorting = question("sorting", "choice", "Which sort is stable?", ["Merge sort", "Heap sort"])
    linear = question("linear", "true_false", "Linear search needs a sorted list.")
    candidates = bank((sorting, "A"), (linear, False))
    first = Slot("1", 1, responses=("Heap sort", "Merge sort"), rewarded=("Merge sort",), unrewarded=("Heap sort",))
    second = Slot("2", 1, responses=("False", "True"), rewarded=("False",), unrewarded=("True",))
    assert matching([first, second], candidates).found.keys() == {"1", "2"}
    assert matching([first, second], candidates).by_answers_alone == ("1", "2")
    assert found([replace(first, rewarded=("Heap sort",), unrewarded=("Merge sort",))], candidates) == {}
    # A statement alone could be any other statement that is false.
    assert undecided([second, Slot("3", 1)], candidates) == [("2", ["linear"])]


def test_scores_against_the_key_do_not_count_where_the_text_is_the_same():
    slot = Slot("1", 1, texts=("The median is robust.",), responses=("True",), unrewarded=("True",))
    assert found([slot], bank((MEDIAN, True))) == {"1": "median"}


def test_a_similar_text_needs_the_same_options_and_the_same_right_answer():
    asked = question("a", "choice", "Which of the following words is a verb in English?", ["go", "house"])
    slot = Slot("1", texts=("Which of the following words is a [1] verb in English : go; house",), right_answers=("go",))
    assert found([slot], bank((asked, "A"))) == {"1": "a"}
    assert found([slot], bank((asked, "B"))) == {}
    assert found([replace(slot, right_answers=())], bank((asked, "A"))) == {}


def test_of_two_questions_of_one_text_the_right_answer_decides_and_without_it_both_are_named():
    twins = bank((question("even", "true_false", "It is."), True), (question("odd", "true_false", "It is."), False))
    assert found([Slot("1", texts=("It is.",), right_answers=("False",))], twins) == {"1": "odd"}
    assert undecided([Slot("1", texts=("It is.",))], twins) == [("1", ["even", "odd"])]


def test_the_points_decide_between_questions_of_one_text():
    small, large = question("small", points=1), question("large", points=3)
    candidates = bank(PI, small, large)
    slots = [Slot("1", 4, texts=("Give π to two decimals.",)), Slot("2", 6, texts=("Why?",))]
    assert found(slots, candidates) == {"1": "pi", "2": "small"}  # the two are one question, since only their points differ
    with_keys = bank(PI, (small, ["a"]), (large, ["b"]))
    assert found(slots, with_keys) == {"1": "pi", "2": "large"}
    assert undecided(slots[1:], with_keys) == [("2", ["small", "large"])]


def test_the_same_question_twice_in_one_bank_is_taken_in_its_order():
    twice = bank(question("first"), question("second"))
    assert found([Slot("2", texts=("Why?",)), Slot("10", texts=("Why?",))], twice) == {"2": "first", "10": "second"}
    three = [Slot(name, texts=("Why?",)) for name in "123"]
    assert undecided(three, twice) == [("1", ["first"]), ("2", ["first"]), ("3", ["first"])]


def test_the_same_question_of_two_banks_is_one_question():
    assert found([Slot("1", texts=("Why?",))], [*bank(question("b"), name="b.xml"), *bank(question("a"), name="a.gift")]) == {"1": "a"}


def test_a_question_drawn_at_random_belongs_to_no_question_of_the_bank():
    slot = Slot("1", texts=("Why?", "How?"))
    assert found([slot], bank(question("why"), question("how", prompt="How?"))) == {}
    assert joined_quiz([slot], [], 1).drawn_at_random == ("1",)


def test_an_id_of_the_same_system_needs_no_text():
    known = [replace(each, source_id="101") for each in bank(PI)]
    assert found([Slot("7", source_id="101")], known) == {"7": "pi"}


@given(st.permutations(SLOTS), st.permutations(BANK), st.sampled_from([(), ("texts",), ("right_answers",), ("responses",)]))
def test_the_order_of_what_is_read_does_not_matter(slots, candidates, fields):
    assert matching([lacking(slot, *fields) for slot in slots], candidates) == matching(without(*fields), BANK)


TEXTS = st.lists(st.sampled_from([f"What is {left} times {right}?" for left in range(9) for right in range(9)]), max_size=60)


@given(TEXTS, TEXTS)
def test_the_variants_that_are_kept_do_not_depend_on_the_order_of_the_files(earlier, later):
    together = variants([*earlier, *later])
    assert together == variants([*variants(later).values(), *variants(earlier).values()])
    assert len(together) <= MOST_VARIANTS
    assert not is_drawn_at_random(together)


@pytest.mark.parametrize(
    ("asked", "written", "expected"),
    [
        (MEAN, " 5 ", "A"),
        (MEAN, 'SIZE ≥ 5; "unknown"', "D"),
        (MEAN, ["4"], "B"),
        (MEAN, "6", None),
        (MEAN, "5; 4", None),
        (PRIMES, "9; 2", ["A", "C"]),
        (PRIMES, ["7", "2"], ["A", "B"]),
        (PRIMES, "2; 2", None),
        (PRIMES, "2; 8", None),
        (MEDIAN, "Wahr", True),
        (MEDIAN, "faux", False),
        (MEDIAN, "perhaps", None),
        (PI, "3,14", 3.14),
        (PI, "−2e3", -2000.0),
        (PI, "22/7", None),
        (PI, "part 1: 4", 4.0),
        (CLAUSES, "sorts -> LIMIT; filters -> WHERE", {"A": "3", "B": "1"}),
        (CLAUSES, "filters -> WHERE", {"B": "1"}),
        (CLAUSES, {"sorts": "WHERE"}, {"A": "1"}),
        (CLAUSES, "sorts -> GROUP BY", None),
        (CLAUSES, "sorts -> LIMIT; sorts -> WHERE", None),
        (STEPS, "do; plan; check", ["B", "A", "C"]),
        (STEPS, "do; plan", None),
        (question("free"), "a; b", "a; b"),
        (question("cut", "multiple", options=["a", "b", "a; b"]), "a; b", None),
        (question("arrows", "match", options=["x -> y", "x"], targets=["z", "y -> z"]), "x -> y -> z", None),
        (question("pieces", "match", options=["a; b", "c"], targets=["d; e", "f"]), "c -> d; e; a; b -> f", {"A": "2", "B": "1"}),
    ],
)
def test_an_answer_is_read_by_the_type_of_its_question(asked, written, expected):
    assert ResponseReader(asked).read(written) == expected


def test_an_answer_of_many_pieces_takes_no_long_time():
    many = question("many", "multiple", options=[";" * nth + "x" for nth in range(26)])
    assert ResponseReader(many).read("; ".join(["x"] * 199)) is None
    assert ResponseReader(many).read(";" * 100_000) is None


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)), st.sampled_from([str.upper, str.title, lambda text: f" {text} "]))
def test_options_are_found_in_any_order_and_writing(order, chosen, written):
    texts = ["is it; or not", "yes", "no", "it: is"]
    asked = question("1", "multiple", options=texts)
    answer = "; ".join(written(texts[nth]) for nth in order if nth in chosen)
    expected = [chr(65 + nth) for nth in sorted(chosen)]
    assert ResponseReader(asked).read(answer) == (expected or None)


def test_the_reports_define_the_quiz_and_the_bank_adds_types_options_and_keys():
    quiz = joined_quiz(SLOTS[1:3], BANK, 4)
    assert [(each.id, each.type, each.points, each.prompt) for each in quiz.content.questions] == [
        ("2", QuestionType.TRUE_FALSE, 2, "The median is robust."),
        ("3", QuestionType.NUMERIC, 2, "Give π to two decimals."),
    ]
    assert quiz.content.answer_key == {"2": KeyEntry(answer=True), "3": KeyEntry(answer=3.14, tolerance=0.005)}


def test_points_are_exact_where_those_of_the_bank_round_to_those_of_the_report():
    banked = bank(question("a", prompt="A?", points=5), question("b", prompt="B?", points=8))
    slots = [Slot("1", 38.46, 2, ("A?",)), Slot("2", 61.54, 2, ("B?",))]
    quiz = joined_quiz(slots, banked, 100)
    assert [each.points for each in quiz.content.questions] == [pytest.approx(500 / 13), pytest.approx(800 / 13)]
    assert quiz.rounded_points == ()
    other = joined_quiz([slots[0], replace(slots[1], points=61)], banked, 100)
    assert [each.points for each in other.content.questions] == [38.46, 61]
    assert other.rounded_points == ("1",)
    assert joined_quiz([slots[0], replace(slots[1], points=None)], banked, 100).without_points == ("2",)


@pytest.mark.parametrize(
    ("slot", "kind", "right"),
    [
        (Slot("1"), QuestionType.SHORT_TEXT, None),
        (Slot("1", right_answers=("Paris",)), QuestionType.SHORT_TEXT, ["Paris"]),
        (Slot("1", right_answers=("a; b", "b; a")), QuestionType.SHORT_TEXT, ["a; b"]),
        (Slot("1", right_answers=("True",), responses=("False",)), QuestionType.TRUE_FALSE, True),
        (Slot("1", right_answers=("True",), responses=("Maybe",)), QuestionType.SHORT_TEXT, ["True"]),
        (Slot("1", right_answers=("22.00", "56.80"), texts=("What is 4 times 5.5?", "What is 7.1 times 8?")), QuestionType.NUMERIC, None),
        (Slot("1", right_answers=("Rome", "Paris")), QuestionType.SHORT_TEXT, None),
        (Slot("1", right_answers=("Paris",), texts=("Where?", "When?")), QuestionType.SHORT_TEXT, None),
        (Slot("1", responses=("red", "blue"), shows_options=True), QuestionType.CHOICE, None),
        (Slot("1", responses=tuple(map(str, range(30))), shows_options=True), QuestionType.SHORT_TEXT, None),
    ],
)
def test_without_a_bank_the_right_answer_of_all_students_is_the_key(slot, kind, right):
    content = joined_quiz([slot], [], 1).content
    assert content.questions[0].type is kind
    key = content.answer_key.get("1")
    assert (None if key is None else key.answer) == right


def test_answers_are_stored_with_what_the_report_has_and_can_be_read_again():
    readers = joined_quiz([replace(SLOTS[4], name="1"), replace(SLOTS[2], name="2")], BANK, 1).readers()
    written: list[dict[str, Any]] = [
        {"question": "1", "response": "15", "score": 0.0},
        {"question": "1", "response": "A"},
        {"question": "2", "response": "22/7", "score": None},
        {"question": "2", "response": None, "score": None},
        {"question": "x", "response": "left as it is"},
    ]
    joined, unreadable = joined_answers(written, readers)
    assert joined == [
        {"question": "1", "response": "C", "score": 0.0, "raw": "15"},
        {"question": "1", "response": "“A”", "raw": "A"},
        {"question": "2", "response": "22/7", "score": None},
        {"question": "2", "response": None, "score": None},
        {"question": "x", "response": "left as it is"},
    ]
    assert unreadable == 2
    assert joined_answers(joined, readers) == (joined, unreadable)
    for answer in joined:
        Answer.model_validate(answer)


def test_answers_follow_the_bank_whatever_was_known_before():
    alone, with_bank = joined_quiz(SLOTS, [], 12).readers(), joined_quiz(SLOTS, BANK, 12).readers()
    answers = [{"question": slot.name, "response": text} for slot in SLOTS for text in slot.responses]
    first_alone, _ = joined_answers(answers, alone)
    at_once, _ = joined_answers(answers, with_bank)
    assert joined_answers(first_alone, with_bank)[0] == at_once
    assert joined_answers(at_once, alone)[0] == first_alone


# A real Moodle 4.5: two quizzes, their banks, and what the database has.

real = pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"the files are not there: {EXPORTS}")
REAL: dict[str, tuple[str, list[str | None]]] = {
    "1": (
        "week_2_basics_xml.xml",
        ["MC single: mean", "MC multi: primes", "TF: median", "NUM: pi", "SA: capital of Côte d'Ivoire", "MATCH: SQL"],
    ),
    "2": ("week_5_mixed_xml.xml", ["ESSAY: robust", None, None, None]),
}


@cache
def exported(number):
    """The slots of a quiz as its responses report has them, and all questions of both banks."""
    with (EXPORTS / f"quiz{number}" / "responses.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)

    def seen(word, nth):
        column = header.index(f"{word} {nth}")
        return tuple(sorted({row[column] for row in rows if len(row) > column and row[column].strip() not in {"", "-"}}))

    names = [text.removeprefix("Question ") for text in header if text.startswith("Question ")]
    slots = [
        Slot(
            name,
            None,
            2,
            tuple(variants(seen("Question", name)).values()),
            tuple(variants(seen("Right answer", name)).values()),
            seen("Response", name),
        )
        for name in names
    ]
    banks = [read(EXPORTS / "bank" / file, ReadOptions()) for file, _ in REAL.values()]
    return slots, [Candidate(each.name, nth, asked.question, asked.key) for each in banks for nth, asked in enumerate(each.questions)]


@real
@pytest.mark.parametrize("number", REAL)
@pytest.mark.parametrize("fields", [(), ("texts",), ("right_answers",)])
def test_every_question_of_a_real_quiz_is_found_in_its_bank(number, fields):
    slots, candidates = exported(number)
    lacked = [lacking(slot, *fields) for slot in slots]
    expected = {str(nth): name for nth, name in enumerate(REAL[number][1], 1) if name is not None}
    if (number, fields) == ("2", ("texts",)):
        del expected["1"]  # an essay has no right answer
    assert found(lacked, candidates) == expected
    assert undecided(lacked, candidates) == []


@real
def test_every_answer_to_a_closed_question_of_a_real_quiz_is_an_option_and_is_right_where_it_earned_all_points():
    slots, candidates = exported("1")
    quiz = joined_quiz(slots, candidates, 20)
    readers, key = quiz.readers(), quiz.content.answer_key
    truth = json.loads((EXPORTS / "truth.json").read_text(encoding="utf-8"))["quiz"]["1"]["attempts"]
    read_answers = 0
    for attempt in truth:
        for nth, (response, points, most) in enumerate(zip(attempt["resp"], attempt["marks"], attempt["max"], strict=True), 1):
            asked = quiz.content.questions[nth - 1]
            if response is None or asked.type in {QuestionType.NUMERIC, QuestionType.SHORT_TEXT}:
                continue
            answer = readers[str(nth)].reader.read(response)
            assert answer is not None, (nth, response)
            assert (answer == key[str(nth)].answer) == (points is not None and points > most - 0.001), (nth, response)
            read_answers += 1
    assert read_answers > 200


@real
def test_calculated_and_shuffled_questions_of_a_real_quiz_are_not_drawn_at_random():
    for number in REAL:
        slots, candidates = exported(number)
        assert joined_quiz(slots, candidates, 20).drawn_at_random == ()
