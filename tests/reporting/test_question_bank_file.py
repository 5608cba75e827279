"""A question bank as a file: what the file has, the importer reads as it is stored, and what it lacks is named."""

import itertools
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import text

from lmskit.errors import InputError, QuestionBankNotFoundError
from lmskit.importers.archive import MAX_ENTRIES
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import BankQuestion
from lmskit.reporting.question_banks import qti
from lmskit.reporting.question_banks.bank_file import WRITERS, export_question_bank
from lmskit.schemas.quiz import EssayQuestion, KeyEntry
from lmskit.services.importing import ImportOptions
from lmskit.services.question_bank import import_bank
from lmskit.vocabulary import BankFileFormat, QuestionType
from tests import factories
from tests.examples import share
from tests.importers.bank_sample import read_text
from tests.reporting import qti_shapes

XML, GIFT, QTI = BankFileFormat.MOODLE_XML, BankFileFormat.GIFT, BankFileFormat.QTI
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>", "&amp; &lt;b&gt;", 'a "b" \'c\'', "=1+1", "{=x ~y}", "two\nlines\n\n\tand a tab  \nend", "$$x^2$$", "\\n", "\\", "#", "*a",
    "p -> q", "%50%half", "[html]<b>", "::name::", "//", "$CATEGORY: x", "a _____ b", "_____", "a\xa0b", "####", "T", "a:b", "true",
]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(CHARACTERS, min_size=1, max_size=20).map(str.strip).filter(bool))
SPELLINGS = st.lists(TEXT, min_size=1, max_size=3, unique=True).filter(lambda found: any(each.strip(" *") for each in found))
NUMBER = st.integers(-(10**6), 10**6).map(lambda number: number / 64)
BANK = """::a::Is <b>it</b>?{T#no}

::b::What?{=x#yes ~y}

::c::Pi?{#3.14:0.01}

::d::Say{=a =b}

::e::{=x -> 1 =y -> 2}

::f::{>2 ALL
x
y}
"""
OPTIONS = [{"id": "A", "text": "x"}, {"id": "B", "text": "y"}]
LETTERS = "ABCD"
_runs = itertools.count()


@st.composite
def questions(draw):
    """A question of any type that has a key, and its key, as the importers store them."""
    kind = draw(st.sampled_from(["choice", "multiple", "true_false", "numeric", "short_text", "match", "order", "essay"]))
    question = {"type": kind, "prompt": draw(TEXT), "points": draw(st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.0]))}
    letters = LETTERS[: draw(st.integers(2, 4))]
    if kind in {"choice", "multiple", "match", "order"}:
        texts = draw(st.lists(TEXT, min_size=len(letters), max_size=len(letters), unique=True))
        question["options"] = [{"id": letter, "text": option} for letter, option in zip(letters, texts, strict=True)]
    key: dict[str, object] = {}
    match kind:
        case "choice":
            key["answer"] = draw(st.sampled_from(letters))
        case "multiple":
            key["answer"] = sorted(draw(st.sets(st.sampled_from(letters), min_size=1)))
        case "true_false":
            key["answer"] = draw(st.booleans())
        case "numeric":
            key |= {"answer": draw(NUMBER), "tolerance": abs(draw(NUMBER))}
        case "short_text":
            key["answer"] = draw(SPELLINGS)
        case "match":
            targets = draw(st.lists(TEXT, min_size=len(letters), max_size=len(letters) + 2, unique=True))
            question["targets"] = [{"id": str(number), "text": target} for number, target in enumerate(targets, 1)]
            key["answer"] = {letter: str(number) for number, letter in enumerate(letters, 1)}
        case "order":
            key["answer"] = list(letters)
    if draw(st.booleans()):
        key["feedback"] = draw(TEXT)
    return question, key


def cannot_be(form, question, key):
    """Whether a format cannot have a question, by its own rules or by those of its reader."""
    texts = [option["text"] for option in question.get("options", ())]
    if form is QTI:  # a short answer is compared without regard to white space
        return question["type"] == "short_text" and any(" ".join(each.split()) != each for each in key["answer"])
    if form is GIFT:
        return (
            question["points"] != 1
            or (question["type"] == "short_text" and any("->" in each for each in key["answer"]))
            or (question["type"] == "order" and any(set(each) & set("{}\n\xa0") or each.startswith("//") for each in texts))
            or (question["type"] == "match" and any("->" in each and " ".join(each.split()) != each for each in texts))
        )
    return False


def stored(session, drawn):
    """A bank of these questions; the course."""
    course = factories.course(session)
    for number, (question, key) in enumerate(drawn, 1):
        known = {"id": f"<q> & {number}"} | question
        session.add(BankQuestion(course_id=course.id, bank="bank", number=number, question=known, answer_key=key))
    session.flush()
    return course


def path_in(folder, form):
    return folder / f"{next(_runs)}{WRITERS[form].endings[0]}"


def read_again(path, form):
    bank = WRITERS[form].reader.open(path, ReadOptions())
    assert not bank.rejections
    keys = bank.content().stored_key()
    plain = [each.question.model_dump(mode="json", exclude_none=True, exclude_defaults=True) for each in bank.questions]
    return [(question, keys.get(question["id"], {})) for question in plain]


def check_that_each_comes_back_or_is_named(session, folder, form, drawn):
    path = path_in(folder, form)
    kept = {f"<q> & {number}": each for number, each in enumerate(drawn, 1) if not cannot_be(form, *each)}
    with session.begin_nested() as savepoint:
        course = stored(session, drawn)
        if kept:
            written = export_question_bank(session, course.code, "bank", path)
            assert [each.question for each in written.left_out] == [
                f"<q> & {n}" for n in range(1, len(drawn) + 1) if f"<q> & {n}" not in kept
            ]
            assert read_again(path, form) == [({"id": identifier} | question, key) for identifier, (question, key) in kept.items()]
        else:
            with pytest.raises(InputError, match="Nothing was written"):
                export_question_bank(session, course.code, "bank", path)
        savepoint.rollback()


ANY_BANK = st.lists(questions(), min_size=1, max_size=6)
MARKED = ({"type": "order", "prompt": "p", "points": 1.0, "options": [{"id": "A", "text": "####"}, OPTIONS[1]]}, {"answer": ["A", "B"]})
FORMED = ({"type": "true_false", "prompt": "p", "points": 1.0}, {"answer": True, "feedback": "[html]<b>"})
QUIET = [HealthCheck.function_scoped_fixture]


@pytest.mark.parametrize("form", [XML, GIFT, QTI])
@given(drawn=ANY_BANK)
@example(drawn=[MARKED, FORMED])
@settings(max_examples=share(30), suppress_health_check=QUIET)
def test_the_importer_reads_every_question_as_it_is_stored_or_it_is_named(session, tmp_path, form, drawn):
    check_that_each_comes_back_or_is_named(session, tmp_path, form, drawn)


@pytest.mark.long
@pytest.mark.parametrize("form", [XML, GIFT, QTI])
@given(drawn=ANY_BANK)
@settings(max_examples=share(1000), suppress_health_check=QUIET)
def test_no_bank_of_many_is_read_otherwise_than_it_is_stored(session, tmp_path, form, drawn):
    check_that_each_comes_back_or_is_named(session, tmp_path, form, drawn)


@pytest.mark.parametrize("form", [XML, GIFT, QTI])
def test_importing_a_bank_again_changes_nothing(session, tmp_path, form):
    name = f"bank{WRITERS[form].endings[0]}"
    course = factories.course(session, weeks=1)
    bank = read_text("gift", tmp_path / name, BANK)
    import_bank(session, bank, ImportOptions(course=course.code, week=1))
    tables = "SELECT b::text FROM bank_questions AS b UNION ALL SELECT q::text FROM quizzes AS q"
    before = session.scalars(text(f"SELECT * FROM ({tables}) AS x ORDER BY 1")).all()
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / name
    assert export_question_bank(session, course.code, name, path).n_questions == len(bank.questions)
    assert detected(path).name == form
    report = import_bank(session, WRITERS[form].reader.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
    assert {each.state for each in report.outcomes} == {"unchanged"}
    assert session.scalars(text(f"SELECT * FROM ({tables}) AS x ORDER BY 1")).all() == before


NO_KEY = "its key is not known"
LEFT_OUT: list[tuple[dict[str, Any], dict[str, Any], dict[BankFileFormat, str]]] = [
    ({"type": "choice", "prompt": "kept", "points": 1, "options": OPTIONS}, {"answer": "B"}, {}),
    ({"type": "choice", "prompt": "no key", "points": 1, "options": OPTIONS}, {}, {XML: NO_KEY, GIFT: NO_KEY}),
    (
        {"type": "order", "prompt": "options in another order", "points": 1, "options": OPTIONS},
        {"answer": ["B", "A"]},
        {XML: "Moodle XML would not give back its options, key", GIFT: "GIFT would not give back its options, key"},
    ),
    (
        {"type": "order", "prompt": "brace", "points": 1, "options": [*OPTIONS, {"id": "C", "text": "{"}]},
        {"answer": ["A", "B", "C"]},
        {GIFT: "GIFT cannot have it"},
    ),
    ({"type": "true_false", "prompt": "points", "points": 2}, {"answer": True}, {GIFT: "GIFT would not give back its points"}),
    (
        {"type": "numeric", "prompt": "far", "points": 1},
        {"answer": 1e300},
        {XML: "Moodle XML cannot have it", GIFT: "GIFT cannot have it", QTI: "QTI 2.1 cannot have it"},
    ),
    ({"type": "essay", "prompt": "not \ufffe in XML", "points": 1}, {}, {XML: "Moodle XML cannot have it", QTI: "QTI 2.1 cannot have it"}),
    ({"type": "nonsense"}, {}, dict.fromkeys((XML, GIFT, QTI), "it is not a question as lmskit stores them")),
]


@pytest.mark.parametrize("form", [XML, GIFT, QTI])
def test_a_question_that_would_not_come_back_as_it_is_is_left_out_with_the_reason(session, tmp_path, form):
    course = stored(session, [(question, key) for question, key, _ in LEFT_OUT])
    path = path_in(tmp_path, form)
    written = export_question_bank(session, course.code, "bank", path)
    assert dict(written.left_out) == {f"<q> & {number}": why[form] for number, (_, _, why) in enumerate(LEFT_OUT, 1) if form in why}
    assert [question["prompt"] for question, _ in read_again(path, form)] == [
        each["prompt"] for each, _, why in LEFT_OUT if form not in why
    ]


def test_ids_that_are_no_names_of_xml_come_back_from_qti(session, tmp_path):
    options = [{"id": identifier, "text": identifier} for identifier in ("27", "a b", "_32_7", "é:-.")]
    course = stored(session, [({"type": "multiple", "prompt": "p", "points": 1, "options": options}, {"answer": ["27", "a b"]})])
    path = path_in(tmp_path, QTI)
    export_question_bank(session, course.code, "bank", path)
    [(question, key)] = read_again(path, QTI)
    assert (question["options"], key) == (options, {"answer": ["27", "a b"]})


@given(drawn=ANY_BANK)
@settings(max_examples=share(20), suppress_health_check=QUIET)
def test_a_package_has_the_shapes_of_qti(session, tmp_path, drawn):
    path = path_in(tmp_path, QTI)
    with session.begin_nested() as savepoint:
        course = stored(session, [({"type": "essay", "prompt": "p", "points": 1}, {}), *drawn])
        n_items = export_question_bank(session, course.code, "bank", path).n_questions
        savepoint.rollback()
    with zipfile.ZipFile(path) as package:
        manifest = etree.fromstring(package.read("imsmanifest.xml"))
        hrefs = [resource.get("href") for resource in manifest.iter("{*}resource")]
        assert package.namelist() == ["imsmanifest.xml", *hrefs]
        assert len(hrefs) == n_items
        assert {resource.get("type") for resource in manifest.iter("{*}resource")} == {"imsqti_item_xmlv2p1"}
        for href in hrefs:
            qti_shapes.check(etree.fromstring(package.read(href)))


def test_the_same_bank_gives_the_same_file(session, tmp_path):
    course = stored(session, [({"type": "essay", "prompt": "p", "points": 1}, {})])
    first, second = path_in(tmp_path, QTI), path_in(tmp_path, QTI)
    for path in (first, second):
        export_question_bank(session, course.code, "bank", path)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.long
def test_a_package_has_more_items_than_other_archives_have_files(tmp_path):
    path = path_in(tmp_path, QTI)
    item = qti.WRITER.question(EssayQuestion(id="q", type=QuestionType.ESSAY, prompt="p", points=1), KeyEntry())
    assert item is not None
    path.write_bytes(qti.WRITER.file([item.replace('"q"', f'"{number}"') for number in range(MAX_ENTRIES)]))
    assert [question["id"] for question, _ in read_again(path, QTI)] == [str(number) for number in range(MAX_ENTRIES)]


def test_the_format_is_the_one_that_is_named_or_that_the_file_ends_with(session, tmp_path):
    course = stored(session, [({"type": "essay", "prompt": "p", "points": 1}, {})])
    for name, form, title in (("a.txt", None, "GIFT"), ("a.XML", None, "Moodle XML"), ("a.zip", None, "QTI 2.1"), ("a.dat", GIFT, "GIFT")):
        assert export_question_bank(session, course.code, "bank", tmp_path / name, form).title == title


def test_files_that_exist_and_banks_that_do_not_are_refused(session, tmp_path):
    course = stored(session, [({"type": "essay", "prompt": "p", "points": 1}, {})])
    for name, error in (("bank.csv", r"End it with \.xml"), ("old.xml", "exists"), ("no/bank.xml", "cannot be written")):
        (tmp_path / "old.xml").write_text("old", encoding="utf-8")
        with pytest.raises(InputError, match=error):
            export_question_bank(session, course.code, "bank", tmp_path / name)
    with pytest.raises(QuestionBankNotFoundError):
        export_question_bank(session, course.code, "other", tmp_path / "bank.xml")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]
