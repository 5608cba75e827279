"""A question bank as Moodle XML: what the file has, the importer reads as it is stored."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lmskit.errors import InputError, QuestionBankNotFoundError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.question_banks.moodle_xml import FORMAT
from lmskit.importers.registry import detected
from lmskit.models import BankQuestion
from lmskit.reporting.question_bank_file import export_question_bank
from lmskit.services.importing import ImportOptions
from lmskit.services.question_bank import import_bank
from tests import factories
from tests.examples import share
from tests.importers.bank_sample import read_text

HOSTILE = [
    "<script>alert(1)</script>",
    "]]>", "&amp; &lt;b&gt;", 'a "b" \'c\'', "=1+1", "{=x ~y}", "two\nlines\n\n\tand a tab", "$$x^2$$", "\\n", "#", "*a",
]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(CHARACTERS, min_size=1, max_size=20).map(str.strip).filter(bool))
SPELLINGS = st.lists(TEXT, min_size=1, max_size=3, unique=True).filter(lambda found: any(each.strip(" *") for each in found))
NUMBER = st.integers(-(10**6), 10**6).map(lambda number: number / 64)
GIFT = "::a::Is <b>it</b>?{T#no}\n\n::b::What?{=x#yes ~y}\n\n::c::Pi?{#3.14:0.01}\n\n::d::Say{=a =b}\n\n::e::{=x -> 1 =y -> 2}\n"
LETTERS = "ABCD"
_runs = itertools.count()


@st.composite
def questions(draw):
    """A question of any type that has a key, and its key, as the importer stores them."""
    kind = draw(st.sampled_from(["choice", "multiple", "true_false", "numeric", "short_text", "match", "essay"]))
    question = {"type": kind, "prompt": draw(TEXT), "points": draw(st.sampled_from([0.0, 0.5, 1.0, 3.0]))}
    letters = LETTERS[: draw(st.integers(2, 4))]
    if kind in {"choice", "multiple", "match"}:
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
    if draw(st.booleans()):
        key["feedback"] = draw(TEXT)
    return question, key


def stored(session, drawn):
    """A bank of these questions; the course."""
    course = factories.course(session)
    for number, (question, key) in enumerate(drawn, 1):
        known = {"id": f"<q> & {number}"} | question
        session.add(BankQuestion(course_id=course.id, bank="bank.xml", number=number, question=known, answer_key=key))
    session.flush()
    return course


def read_again(path):
    bank = FORMAT.open(path, ReadOptions())
    assert not bank.rejections
    keys = bank.content().stored_key()
    plain = [each.question.model_dump(mode="json", exclude_none=True, exclude_defaults=True) for each in bank.questions]
    return [(question, keys.get(question["id"], {})) for question in plain]


@given(drawn=st.lists(questions(), min_size=1, max_size=6))
@settings(max_examples=share(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_importer_reads_every_question_as_it_is_stored(session, tmp_path, drawn):
    with session.begin_nested() as savepoint:
        course, path = stored(session, drawn), tmp_path / f"{next(_runs)}.xml"
        written = export_question_bank(session, course.code, "bank.xml", path)
        savepoint.rollback()
    assert (written.n_questions, written.left_out) == (len(drawn), [])
    assert read_again(path) == [({"id": f"<q> & {number}"} | question, key) for number, (question, key) in enumerate(drawn, 1)]


def test_importing_a_bank_again_changes_nothing(session, tmp_path):
    course = factories.course(session, weeks=1)
    bank = read_text("gift", tmp_path / "bank.xml", GIFT)
    import_bank(session, bank, ImportOptions(course=course.code, week=1))
    tables = "SELECT b::text FROM bank_questions AS b UNION ALL SELECT q::text FROM quizzes AS q"
    before = session.scalars(text(f"SELECT * FROM ({tables}) AS x ORDER BY 1")).all()
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "bank.xml"
    assert export_question_bank(session, course.code, "bank.xml", path).n_questions == len(bank.questions)
    assert detected(path).name == "moodle-xml"
    report = import_bank(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
    assert {each.state for each in report.outcomes} == {"unchanged"}
    assert session.scalars(text(f"SELECT * FROM ({tables}) AS x ORDER BY 1")).all() == before


def test_a_question_that_would_not_come_back_as_it_is_is_left_out(session, tmp_path):
    options = [{"id": "A", "text": "x"}, {"id": "B", "text": "y"}]
    kept = ({"type": "choice", "prompt": "kept", "points": 1, "options": options}, {"answer": "B"})
    course = stored(
        session,
        [
            kept,
            ({"type": "order", "prompt": "order", "points": 1, "options": options}, {"answer": ["B", "A"]}),
            ({"type": "choice", "prompt": "no key", "points": 1, "options": options}, {}),
            ({"type": "numeric", "prompt": "far", "points": 1}, {"answer": 1e300}),
            ({"type": "essay", "prompt": "not \ufffe in XML", "points": 1}, {}),
            ({"type": "nonsense"}, {}),
        ],
    )
    written = export_question_bank(session, course.code, "bank.xml", tmp_path / "bank.xml")
    assert (written.n_questions, written.left_out) == (1, [f"<q> & {number}" for number in (2, 3, 4, 5, 6)])
    assert [question["prompt"] for question, _ in read_again(tmp_path / "bank.xml")] == ["kept"]


def test_files_that_exist_and_banks_that_do_not_are_refused(session, tmp_path):
    course = stored(session, [({"type": "essay", "prompt": "p", "points": 1}, {})])
    for name, error in (("bank.gift", r"End it with \.xml"), ("old.xml", "exists"), ("no/bank.xml", "cannot be written")):
        (tmp_path / "old.xml").write_text("old", encoding="utf-8")
        with pytest.raises(InputError, match=error):
            export_question_bank(session, course.code, "bank.xml", tmp_path / name)
    with pytest.raises(QuestionBankNotFoundError):
        export_question_bank(session, course.code, "other.xml", tmp_path / "bank.xml")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]
