"""From what Moodle stores of an answer to its stored form, for the types of questions whose answers have several parts."""

import hashlib
from xml.sax.saxutils import escape

import pytest

from lmskit.importers.moodle.backup.questions import versions_in
from lmskit.importers.moodle.backup.quiz import attempt_of
from lmskit.importers.question_banks.bank import validated
from lmskit.importers.xml_file import parsed

BLANK = "no part is answered"


def entry(number, kind, text, plugin="", *, parent=0):
    return f"""
    <question_bank_entry id="{number}"><question_version><question_versions id="{number}"><version>1</version><status>ready</status>
    <questions>
    <question id="{number}"><parent>{parent}</parent><name>question {number}</name><questiontext>{text}</questiontext>
    <questiontextformat>1</questiontextformat><defaultmark>1</defaultmark><qtype>{kind}</qtype>
    <plugin_qtype_{kind}_question>{plugin}</plugin_qtype_{kind}_question></question></questions></question_versions></question_version>
    </question_bank_entry>"""


def answers(*listed):
    """Each answer is its id, its text, its share of the points, and what Moodle keeps where others have feedback."""
    each = "<answer id='{}'><answertext>{}</answertext><fraction>{}</fraction><feedback>{}</feedback></answer>"
    return f"<answers>{''.join(each.format(number, text, share, escape(feedback)) for number, text, share, feedback in listed)}</answers>"


def dragged(group):
    return f'O:8:"stdClass":2:{{s:9:"draggroup";s:1:"{group}";s:8:"infinite";b:0;}}'


GAPS = answers((1, "fox", 0, dragged(1)), (2, "lazy", 0, dragged(2)), (3, "dog", 0, dragged(1)), (4, "cat", 0, dragged(1)))
QUESTIONS = (
    entry(1, "ddwtos", "The [[1]] jumps over the [[2]] [[3]].", GAPS),
    entry(2, "ordering", "From small to large", answers((5, "ten", 2, ""), (6, "one", 1, ""), (7, "hundred", 3, ""))),
    entry(3, "multianswer", "Bern is in {#1}, 2+2={#2}.", "<multianswer><sequence>4,5</sequence></multianswer>"),
    entry(4, "multichoice", "{1:MC:…}", answers((8, "Switzerland", 1, ""), (9, "Austria", 0, "")), parent=3),
    entry(5, "numerical", "{1:NM:…}", answers((10, "4", 1, "")), parent=3),
    entry(6, "calculated", "What is {a} times 2?", answers((11, "{a}*2", 1, ""))),
    entry(7, "multichoice", "Which is half right?", answers((12, "this", 0.5, ""), (13, "that", 0, ""))),
)


def item(text):
    return "ordering_item_" + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def versions(tmp_path):
    path = tmp_path / "questions.xml"
    path.write_text(f"<question_categories>{''.join(QUESTIONS)}</question_categories>", encoding="utf-8")
    return {version.id: version for version in versions_in(path, path.name)}


@pytest.fixture
def answer(tmp_path, versions):
    def read(question, **variables):
        listed = "".join(f"<variable><name>{name}</name><value>{value}</value></variable>" for name, value in variables.items())
        path = tmp_path / "attempt.xml"
        path.write_text(
            f"""<attempt id="1"><question_usage><question_attempts><question_attempt><slot>1</slot><questionid>{question}</questionid>
            <maxmark>1</maxmark><questionsummary>as it was seen</questionsummary><responsesummary>in words</responsesummary>
            <steps><step><state>complete</state><fraction>1</fraction><response>{listed}</response></step></steps>
            </question_attempt></question_attempts></question_usage></attempt>""",
            encoding="utf-8",
        )
        (found,) = attempt_of(parsed(path).root, versions).answers
        return found.response if found.response is not None or not found.is_blank else BLANK

    return read


def stored(versions, number):
    (found,) = validated("questions.xml", [versions[number].draft]).questions
    return found.question, found.key


def test_each_gap_takes_a_word_of_its_group(versions, answer):
    question, key = stored(versions, 1)
    assert question.prompt == "The [1] _____ jumps over the [2] _____ [3] _____."
    texts = {target.id: target.text for target in question.targets}
    assert [texts[key.answer[option.id]] for option in question.options] == ["fox", "lazy", "dog"]
    given = answer(1, _choiceorder1="3,1,2", _choiceorder2="1", p1="2", p2="1", p3="1")
    assert {option: texts[target] for option, target in given.items()} == {"A": "fox", "B": "lazy", "C": "cat"}
    assert answer(1, _choiceorder1="3,1,2", _choiceorder2="1", p1="0", p2="9", p3="") is None
    assert answer(1, _choiceorder1="3,1,2", _choiceorder2="1", p1="0", p2="0", p3="") is BLANK


def test_items_are_in_the_order_that_the_student_gave_them(versions, answer):
    question, key = stored(versions, 2)
    assert [option.text for option in question.options] == ["one", "ten", "hundred"]
    assert key.answer == ["A", "B", "C"]
    assert answer(2, response_2=",".join(map(item, ("hundred", "one", "ten")))) == ["C", "A", "B"]
    assert answer(2, response_2=f"{item('one')},{item('salted')}") is None


def test_a_cloze_question_has_an_answer_for_each_blank(versions, answer):
    question, _ = stored(versions, 3)
    assert question.prompt == "Bern is in [1] _____, 2+2=[2] _____."
    assert answer(3, _sub1_order="9,8", _sub2_separators=".$,", sub1_answer="1", sub2_answer="four") == {
        "[1]": "Switzerland",
        "[2]": "four",
    }
    assert answer(3, _sub1_order="9,8", sub1_answer="-1", sub2_answer="") is BLANK


def test_a_calculated_question_has_a_number_and_no_key(versions, answer):
    question, key = stored(versions, 6)
    assert (question.type, key) == ("numeric", None)
    assert answer(6, _separators=",$.", answer="7,5") == 7.5


def test_a_choice_without_a_wholly_right_option_keeps_its_options_and_has_no_key(versions, answer):
    question, key = stored(versions, 7)
    assert ([option.text for option in question.options], key) == (["this", "that"], None)
    assert answer(7, _order="13,12", answer="1") == "A"
