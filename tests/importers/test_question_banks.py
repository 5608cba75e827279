"""Special cases of question banks: a question is imported, or rejected with the reason; whole samples are in test_golden.py."""

import html
import shutil
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmskit.errors import ImportFileError
from lmskit.importers.question_banks.bank import MAX_QUESTIONS
from lmskit.importers.question_banks.gift import ESCAPED
from lmskit.limits import LONGEST_QUESTION_ID
from tests.examples import share
from tests.importers.bank_sample import BANKS, FORMATS, read, read_text
from tests.importers.golden import result

OTHER_FILES = {
    "a table": "id,question,answer\n1,What?,{T}\n2,Why?,{=a ~b}\n",
    "prose": "A text about arrays.\n\nIt has paragraphs, {braces} and A) a list.\n",
    "JSON": '{\n  "name": "x", "answers": ["a", "b"]\n}\n',
    "code": "function f() {\n  return 0;\n}\n\nif (a) { b = c; }\n",
    "TeX": "\\section{One}\n\nThe matrix $A^{T}$ and $\\frac{1}{2}$ of it.\n\nMore.\n\nAnd more.\n",
    "an answer alone": "ANSWER: B\n",
    "options in another order": "Which?\nB) one\nA) two\nANSWER: A\n",
    "other XML": "<html><body><p>Which? {T}</p></body></html>",
    "another quiz": "<quiz><title>x</title></quiz>",
    "an item of another version": '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v1p2" identifier="x"/>',
    "nothing": "",
    "binary": "\0\1\2",
}


@pytest.mark.parametrize("text", OTHER_FILES.values(), ids=OTHER_FILES)
@pytest.mark.parametrize("form", BANKS)
def test_other_files_are_not_detected_as_banks(tmp_path, form, text):
    path = tmp_path / "file.txt"
    path.write_text(text, encoding="utf-8")
    assert not FORMATS[form].detect(path)
    assert not FORMATS[form].detect(tmp_path / "no such file")
    assert not FORMATS[form].detect(tmp_path)


def test_an_archive_of_items_is_read_like_a_folder(tmp_path):
    archive = tmp_path / "items.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in BANKS["qti"].rglob("*"):
            packed.write(file, file.relative_to(BANKS["qti"].parent))
    assert FORMATS["qti"].detect(archive)
    whole, unpacked = read("qti", archive), read("qti", BANKS["qti"])
    assert (whole.name, whole.sha256, result(whole)) == ("items.zip", unpacked.sha256, result(unpacked))


def test_a_single_item_is_a_bank():
    item = BANKS["qti"] / "06_order.xml"
    assert FORMATS["qti"].detect(item)
    assert [found.question.id for found in read("qti", item).questions] == ["calls"]


def test_the_items_of_a_package_are_in_the_order_of_its_manifest(tmp_path):
    items = shutil.copytree(BANKS["qti"], tmp_path / "items")
    listed = ["06_order.xml", "01_choice.xml", "not_there.xml"]
    resources = "".join(f'<resource type="imsqti_item_xmlv2p1" href="{name}"/>' for name in listed)
    (items / "imsmanifest.xml").write_text(
        f'<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"><resources>{resources}</resources></manifest>'
    )
    bank = read("qti", items)
    assert [found.question.id for found in bank.questions][:3] == ["calls", "stack", "queue"]
    assert not [note for note in bank.notes if "order of the names" in note]


def asked_for_a_number(processing, more="", outcome=""):
    """An item of QTI 2.1 whose right response is 8, scored by these rules."""
    return (
        f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="x">'
        '<responseDeclaration identifier="R" cardinality="single" baseType="float"><correctResponse><value>8</value></correctResponse>'
        f'</responseDeclaration>{outcome}<itemBody><p>Two <textEntryInteraction responseIdentifier="R"/> three?</p></itemBody>'
        f"<responseProcessing>{processing}</responseProcessing>{more}</assessmentItem>"
    )


def rule(test, score="<baseValue>3</baseValue>", otherwise=""):
    right = '<variable identifier="R"/><correct identifier="R"/>'
    return (
        f"<responseCondition><responseIf><{test}>{right}</{test.split()[0]}>"
        f'<setOutcomeValue identifier="SCORE">{score}</setOutcomeValue></responseIf>{otherwise}</responseCondition>'
    )


ELSE = '<responseElse><setOutcomeValue identifier="SCORE"><baseValue>{}</baseValue></setOutcomeValue></responseElse>'
MAXIMUM = '<outcomeDeclaration identifier="MAXSCORE"><defaultValue><value>5</value></defaultValue></outcomeDeclaration>'


@pytest.mark.parametrize(("processing", "points", "tolerance", "is_read"), [
    (rule("match"), 3, 0, True),
    (rule("equal toleranceMode='absolute' tolerance='0.5 0.5'"), 3, 0.5, True),
    (rule("equal toleranceMode='relative' tolerance='25'"), 3, 2, True),
    (rule("equal toleranceMode='exact'", otherwise=ELSE.format(0)), 3, 0, True),
    (rule("match", '<variable identifier="MAXSCORE"/>'), 5, 0, True),
    (rule("match", '<product><baseValue>2</baseValue><variable identifier="MAXSCORE"/></product>'), 10, 0, True),
    (rule("equal toleranceMode='absolute' tolerance='0.5 1'"), 5, 0, False),
    (rule("equal toleranceMode='absolute' tolerance='1' includeUpperBound='false'"), 5, 0, False),
    (rule("match", otherwise=ELSE.format(1)), 5, 0, False),
    (rule("match") * 2, 5, 0, False),
])  # fmt: skip
def test_one_rule_that_scores_the_right_response_is_read(tmp_path, processing, points, tolerance, is_read):
    bank = read_text("qti", tmp_path / "x.xml", asked_for_a_number(processing, outcome=MAXIMUM))
    (found,) = bank.questions
    assert found.key is not None
    assert (found.question.points, found.key.tolerance, found.question.prompt) == (points, tolerance, "Two _____ three?")
    assert [warning.reason for warning in bank.warnings] == ([] if is_read else ["has response processing of its own, which is not read"])


@pytest.mark.parametrize(("rules", "feedback"), [("", "Well done."), ('<setOutcomeValue identifier="F"/>', None)])
def test_feedback_that_is_always_shown_is_that_of_the_question(tmp_path, rules, feedback):
    outcome = '<outcomeDeclaration identifier="F"><defaultValue><value>g</value></defaultValue></outcomeDeclaration>'
    shown = '<modalFeedback outcomeIdentifier="F" identifier="g" showHide="show"><p>Well done.</p></modalFeedback>'
    bank = read_text("qti", tmp_path / "x.xml", asked_for_a_number(rules, shown, outcome))
    (found,) = bank.questions
    assert found.key is not None
    assert found.key.feedback == feedback
    assert ("has feedback, which is not imported" in [warning.reason for warning in bank.warnings]) is (feedback is None)


def test_an_answer_that_has_a_line_of_its_own_is_no_blank_in_the_prompt(tmp_path):
    item = asked_for_a_number("").replace("<p>Two ", "<p>Two and six?</p><p>").replace(" three?", "")
    assert read_text("qti", tmp_path / "x.xml", item).questions[0].question.prompt == "Two and six?"


ORDERING = """<quiz><question type="ordering"><name><text>o</text></name><questiontext format="html"><text>Sort.</text></questiontext>
<selecttype>{}</selecttype><selectcount>2</selectcount><gradingtype>ABSOLUTE_POSITION</gradingtype>
<answer fraction="1.0000000" format="html"><text>&lt;b&gt;one&lt;/b&gt;</text></answer><answer fraction="2"><text>two</text></answer>
<answer fraction="3"><text>three</text></answer></question></quiz>"""


@pytest.mark.parametrize(("kind", "n_warnings"), [("ALL", 0), ("RANDOM", 1)])
@pytest.mark.parametrize(("form", "text"), [
    ("moodle-xml", ORDERING),
    ("gift", "::o::Sort.{{>2 {} VERTICAL ABSOLUTE_POSITION SHOW none\n<b>one</b>\ntwo\nthree\n}}"),
])  # fmt: skip
def test_moodles_ordering_questions_are_read(tmp_path, form, text, kind, n_warnings):
    path = tmp_path / "a.txt"
    bank = read_text(form, path, text.format(kind))
    assert FORMATS[form].detect(path)
    (found,) = bank.questions
    assert found.key is not None
    assert [option.text for option in found.question.options] == ["one", "two", "three"]
    assert (found.question.type, found.key.answer) == ("order", ["A", "B", "C"])
    assert [warning.reason.split(",")[0] for warning in bank.warnings] == ["shows each student only some of its items"] * n_warnings


def test_an_item_with_an_entity_is_rejected_and_the_others_are_imported(tmp_path):
    items = shutil.copytree(BANKS["qti"], tmp_path / "items")
    text = (items / "06_order.xml").read_text()
    (items / "06_order.xml").write_text(
        text.replace("<assessmentItem", '<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/hostname">]>\n<assessmentItem', 1)
    )
    before, after = read("qti", BANKS["qti"]), read("qti", items)
    assert (len(after.questions), after.rows_in) == (len(before.questions) - 1, before.rows_in)
    assert "it has a document type or entities" in next(
        rejection.reason for rejection in after.rejections if rejection.file == "06_order.xml"
    )


QUIZ = (
    '<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"><assessment ident="a" title="{title}"><section>'
    '<item ident="i" title="Question"><presentation><material><mattext>Is it?</mattext></material><response_lid ident="r"><render_choice>'
    '<response_label ident="1"><material><mattext>yes</mattext></material></response_label>'
    '<response_label ident="2"><material><mattext>no</mattext></material></response_label></render_choice></response_lid></presentation>'
    "<resprocessing><respcondition><conditionvar>{right}</conditionvar><setvar>{score}</setvar></respcondition></resprocessing>"
    "</item></section></assessment></questestinterop>"
)


def quiz(title="Week 1", right='<varequal respident="r">1</varequal>', score="100"):
    """A quiz of QTI 1.2 with one question."""
    return QUIZ.format(title=title, right=right, score=score)


def test_a_quiz_of_qti_1_has_the_title_that_the_file_contains(tmp_path):
    bank = read_text("qti", tmp_path / "g1.xml", quiz("Week 1: lists"))
    assert (bank.title, [found.key and found.key.answer for found in bank.questions]) == ("Week 1: lists", ["A"])
    assert read_text("qti", tmp_path / "g2.xml", quiz("")).title == "g2"


def test_a_package_with_several_quizzes_is_refused_and_each_can_be_read_by_itself(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.xml").write_text(quiz(name))
    assert FORMATS["qti"].detect(tmp_path)
    with pytest.raises(ImportFileError, match=r"has 2 quizzes, such as 'one' in one\.xml, 'two' in two\.xml, and a bank becomes one quiz"):
        read("qti", tmp_path)


def test_a_course_package_of_canvas_has_each_quiz_twice_and_its_own_form_is_read(tmp_path):
    (tmp_path / "non_cc_assessments").mkdir()
    (tmp_path / "non_cc_assessments" / "g1.xml.qti").write_text(quiz("whole"))
    (tmp_path / "g1").mkdir()
    (tmp_path / "g1" / "assessment_qti.xml").write_text(quiz("in part"))
    assert read("qti", tmp_path).title == "whole"


@pytest.mark.parametrize(("right", "score", "reason"), [
    ("", "100", "has no option that earns all points"),
    ('<not><varequal respident="r">1</varequal></not>', "100", "has no option that earns all points"),
    ('<varequal respident="r">1</varequal>', "0", "has no option that earns all points"),
    ('<varequal respident="r">1</varequal>', "many", "has an answer that is not a number"),
    ('<varequal respident="other">1</varequal>', "100", "has no option that earns all points"),
])  # fmt: skip
def test_a_question_of_qti_1_without_a_right_answer_is_rejected(tmp_path, right, score, reason):
    bank = read_text("qti", tmp_path / "a.xml", quiz(right=right, score=score))
    assert [reason in rejection.reason for rejection in bank.rejections] == [True]


@pytest.mark.parametrize(
    "text", ["::Essay::[html]Discuss.{}", "::Capital:: The capital of Spain is {Madrid}.", "// question: 7\n::A\\: b::Why?{}"]
)
def test_a_file_with_one_named_question_is_gift(tmp_path, text):
    path = tmp_path / "one.txt"
    path.write_text(text, encoding="utf-8")
    assert FORMATS["gift"].detect(path)
    assert len(read("gift", path).questions) == 1


def test_an_id_does_not_depend_on_the_position_of_the_question(tmp_path):
    asked = "Is it?\nA) yes\nB) no\nANSWER: A\n\n"
    other = asked.replace("Is it?", "Was it?")
    first = read_text("aiken", tmp_path / "a.txt", asked)
    second = read_text("aiken", tmp_path / "b.txt", other + asked)
    assert first.questions[0].question == second.questions[1].question


def test_ids_are_unique_and_short_enough_whatever_the_names_are(tmp_path):
    name = "x" * 150
    blocks = [f"::{name}{end}::Is it?{{T}}" for end in ("", "", "y", " (2)")] + ["Is it?{T}"] * 12
    ids = [found.question.id for found in read_text("gift", tmp_path / "a.gift", "\n\n".join(blocks)).questions]
    assert len(set(ids)) == len(blocks)
    assert max(map(len, ids)) <= LONGEST_QUESTION_ID


def test_the_name_of_a_bank_is_the_title_of_its_quiz(tmp_path):
    bank = read_text("gift", tmp_path / "Week 3\tarrays.gift", "Is it?{T}")
    assert bank.title == "Week 3 arrays"
    assert bank.content().max_score == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_text_may_be_encoded_as_windows_does(tmp_path, encoding):
    bank = read_text("gift", tmp_path / "a.gift", "Heißt das „Feld“?{T}\r\n\r\nÜber?{F}\r\n".encode(encoding))
    assert [found.question.prompt for found in bank.questions] == ["Heißt das „Feld“?", "Über?"]


@pytest.mark.parametrize(("form", "text", "reason"), [
    ("gift", "", "is empty"),
    ("gift", "// only a comment\n\n$CATEGORY: x\n", "has no questions"),
    ("gift", "Is it?{T}\n\n" * (MAX_QUESTIONS + 1), "has more than 10,000 questions"),
    ("aiken", "\n\n", "has no questions"),
    ("moodle-xml", "<quiz/>", "has no questions"),
    ("moodle-xml", "<quiz>", "a.txt, row 1: it is not well-formed XML: no element found"),
    ("qti", "<quiz/>", "is not a QTI item or quiz: its outermost element is 'quiz'"),
    ("qti", "<questestinterop/>", "has no questions"),
])  # fmt: skip
def test_a_file_without_questions_is_refused(tmp_path, form, text, reason):
    with pytest.raises(ImportFileError, match=reason):
        read_text(form, tmp_path / "a.txt", text)


@pytest.mark.parametrize(("text", "reason"), [
    ("::a\0b::Is it?{T}", None),
    ("Is\0it?{T}", "This must be made of visible characters and line breaks."),
    ("x{T}\n\n" + "y" * 20_001 + "{T}", "At most 20000 characters."),
    ("{T}", "This must not be empty."),
    ("What?{=a ~}", "This must not be empty."),
    ("What?{=%200%a =b}", "gives 200 % of the points for an answer"),
    ("What?{#5..3}", "has a range that ends before it begins"),
    ("What?{#3:-1}", "has a tolerance below 0"),
    ("What?{#1e99}", None),
    ("What?{#1e999}", "has an answer that is not a number"),
    ("What?{#nan}", "has an answer that is not a number"),
    ("What?{#~#No.}", "has no number that earns all points"),
    ("What?{=a -> b =c}", "matches some texts, and has one without ->"),
    ("What?{=*}", "has no answer that earns all points, or only one that accepts every text"),
])  # fmt: skip
def test_a_question_that_cannot_be_stored_is_rejected_with_the_reason(tmp_path, text, reason):
    bank = read_text("gift", tmp_path / "a.gift", text)
    assert [reason in rejection.reason for rejection in bank.rejections] == ([True] if reason else [])


def escaped(text):
    return "".join("\\n" if sign == "\n" else f"\\{sign}" if sign in ESCAPED and sign != "n" else sign for sign in text)


def texts(**limits):
    """Texts that a question can have: without control characters, and without blanks at their ends."""
    characters = st.one_of(st.sampled_from("ab =~#{}:\\\n*%->/[]1"), st.characters(exclude_categories=["C", "Z"]))
    return st.text(characters, min_size=1, **limits).map(str.strip).filter(bool)


@settings(max_examples=share(150))
@given(prompt=texts(max_size=60), options=st.lists(texts(max_size=20), min_size=2, max_size=5), right=st.integers(0, 4))
def test_a_question_written_as_gift_is_read_unchanged(tmp_path_factory, prompt, options, right):
    answers = "".join(f"\n{'=' if index == right % len(options) else '~'}[plain]{escaped(text)}" for index, text in enumerate(options))
    path = tmp_path_factory.getbasetemp() / "written.gift"
    bank = read_text("gift", path, f"::name::[plain]{escaped(prompt)} {{{answers}\n}}")
    (found,) = bank.questions
    assert found.question.prompt == prompt
    assert [option.text for option in found.question.options] == options
    assert found.key is not None
    assert found.key.answer == found.question.options[right % len(options)].id


PIECES = st.sampled_from([
    "{", "}", "=", "~", "#", "####", "::", "\\", "\n", "\n\n", "->", "%50%", "%", "T", "[html]", "<b", "<img src=x>", "&lt;", "word",
    ">2 ALL\nx\ny\n", "\nANSWER: A\n", "\nA) x", "\nB. y", "3..5", "#1:2", "$CATEGORY: a", "// [id:b]", "{1:MC:=a~b}", "{1:NM:",
    "\ufeff", "\0", "\u202e", "e\u0301",
])  # fmt: skip


@settings(max_examples=share(300))
@given(text=st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=200)), form=st.sampled_from(["gift", "aiken"]))
def test_any_text_is_read_or_refused(tmp_path_factory, text, form):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert FORMATS[form].detect(path) in {True, False}
    try:
        bank = read(form, path)
    except ImportFileError:
        return
    assert bank.rows_in == len(bank.questions) + len(bank.rejections) > 0
    assert bank.content().stored_questions() == [found.question.model_dump(mode="json", exclude_none=True) for found in bank.questions]


NAMES = st.sampled_from([
    "question", "name", "text", "questiontext", "answer", "feedback", "single", "subquestion", "units", "tolerance", "defaultgrade",
])  # fmt: skip
TYPES = ["multichoice", "truefalse", "shortanswer", "numerical", "matching", "ordering", "essay", "cloze", "x"]


def trees(names):
    leaf = st.lists(PIECES.filter(lambda piece: "\0" not in piece), max_size=5).map("".join).map(html.escape)

    def element(name, parts):
        return f"<{name} fraction='100'>{''.join(parts)}</{name}>"

    return st.recursive(leaf, lambda inner: st.builds(element, names, st.lists(inner, max_size=4)), max_leaves=12)


@settings(max_examples=share(200))
@given(kind=st.sampled_from(TYPES), inside=st.lists(trees(NAMES), max_size=5).map("".join))
def test_any_tree_of_moodles_elements_is_read_or_refused(tmp_path_factory, kind, inside):
    path = tmp_path_factory.getbasetemp() / "any.xml"
    try:
        bank = read_text("moodle-xml", path, f"<quiz><question type='{kind}'>{inside}</question></quiz>")
    except ImportFileError:
        return
    assert bank.rows_in > 0


ITEM = (
    '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="x">'
    '<responseDeclaration identifier="R" cardinality="%s">%s</responseDeclaration>'
    '<itemBody><%s responseIdentifier="R">%s</%s></itemBody></assessmentItem>'
)
PARTS = st.sampled_from([
    "correctResponse", "value", "mapping", "mapEntry", "prompt", "simpleChoice", "simpleMatchSet", "simpleAssociableChoice", "p", "math",
])  # fmt: skip


@settings(max_examples=share(200))
@given(
    cardinality=st.sampled_from(["single", "multiple", "ordered", "record"]),
    declared=trees(PARTS),
    kind=st.sampled_from(["choiceInteraction", "textEntryInteraction", "matchInteraction", "orderInteraction", "extendedTextInteraction"]),
    asked=trees(PARTS),
)
def test_any_tree_of_qti_elements_is_read_or_refused(tmp_path_factory, cardinality, declared, kind, asked):
    path = tmp_path_factory.getbasetemp() / "item.xml"
    try:
        bank = read_text("qti", path, ITEM % (cardinality, declared, kind, asked, kind))
    except ImportFileError:
        return
    assert bank.rows_in == 1
