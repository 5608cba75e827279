"""A Common Cartridge becomes weeks and quizzes of a course; what the reader makes of it is in test_golden.py."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from lmskit.errors import ImportFileError
from lmskit.importers.cartridge.package import FORMAT
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import ImportRun, QuestionSlot, Quiz, Syllabus
from lmskit.services.described_weeks import KEPT
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from lmskit.services.question_bank import FROZEN_NEW
from tests import factories
from tests.examples import share
from tests.importers.golden import SAMPLES
from tests.importers.test_hostile_readers import mutated, mutations

SAMPLE = SAMPLES / "common-cartridge" / "course"
MODULE = '<item identifier="{0}"><title>{0}</title><item identifier="{0}1" identifierref="g{1}"/></item>'


@pytest.fixture
def course(session):
    return factories.course(session, weeks=1)


@pytest.fixture
def imported(session, course):
    def run(path=SAMPLE, **options):
        return import_path(session, path, FORMAT, ImportOptions(course=course.code, **options))

    return run


@pytest.fixture
def manifest(tmp_path):
    """A copy of the sample with other modules in its manifest."""

    def written(*modules, old="<item identifier=", new=""):
        folder = tmp_path / "course"
        shutil.copytree(SAMPLE, folder)
        path = folder / "imsmanifest.xml"
        text = path.read_text(encoding="utf-8")
        if modules:
            before, _, rest = text.partition('<item identifier="LearningModules">')
            text = f'{before}<item identifier="root">{"".join(modules)}</item></organization>{rest.partition("</organization>")[2]}'
        path.write_text(text.replace(old, new) if new else text, encoding="utf-8")
        return folder

    return written


def weeks(session, course):
    found = select(Syllabus.week_number, Syllabus.topic).where(Syllabus.course_id == course.id).order_by(Syllabus.week_number)
    return {number: topic for number, topic in session.execute(found).all() if number > 1}


def quizzes(session, course):
    found = session.scalars(select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.id))
    return [(quiz.title, quiz.week_number, [question["id"] for question in quiz.questions]) for quiz in found]


def test_modules_are_weeks_and_assessments_quizzes_and_a_second_import_changes_nothing(session, course, imported):
    first, second = imported(), imported()
    assert weeks(session, course) == {2: "Sorting", 3: "Trees"}
    assert quizzes(session, course) == [("Sorting quiz", 2, ["stable", "heap"]), ("Trees quiz", 3, ["heap", "essay"])]
    assert [(file.file, file.rows_in, file.added, file.rejected) for file in first.files] == [
        ("imsmanifest.xml", 1, 0, 0),
        ("imsmanifest.xml: modules", 2, 2, 0),
        ("Sorting quiz", 3, 2, 1),
        ("Trees quiz", 2, 2, 0),
        ("bank1", 1, 1, 0),
    ]
    assert [(each.kind, each.added) for each in first.entities] == [("courses", 0), ("weeks", 2), ("quizzes", 2), ("questions", 5)]
    assert [(each.kind, each.added, each.changed, each.unchanged) for each in second.entities] == [
        ("courses", 0, 0, 1),
        ("weeks", 0, 0, 2),
        ("quizzes", 0, 0, 2),
        ("questions", 0, 0, 5),
    ]
    assert len(first.outcomes) == first.total.rows_in


def test_an_undo_takes_weeks_and_quizzes_back(session, course, imported):
    session.add(Syllabus(course_id=course.id, week_number=2, topic="Week 2"))
    imported()
    assert weeks(session, course) == {2: "Sorting", 3: "Trees"}
    run = session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc()).limit(1)).one()
    undo_import(session, run)
    session.expire_all()
    assert (weeks(session, course), quizzes(session, course)) == ({2: "Week 2"}, [])


def test_a_week_keeps_its_topic_and_a_quiz_with_attempts_its_questions(session, course, imported):
    session.add(Syllabus(course_id=course.id, week_number=2, topic="How to sort"))
    asked = [{"id": "old", "type": "essay", "prompt": "What is a tree?", "points": 10}]
    quiz = factories.quiz(session, course, title="Trees quiz", questions=asked)
    student = factories.student(session)
    factories.enrollment(session, course, student)
    factories.attempt(session, quiz, student)
    report = imported()
    assert weeks(session, course)[2] == "How to sort"
    assert [outcome.row for outcome in report.outcomes if outcome.reason == KEPT] == [8]
    assert {rejection.reason for rejection in report.rejections if rejection.file == "g2/assessment_qti.xml"} == {FROZEN_NEW}


def test_a_title_that_was_asked_for_is_that_of_no_assessment(session, course, imported):
    report = imported(reading=ReadOptions(title="Midterm"))
    assert [title for title, _, _ in quizzes(session, course)] == ["Sorting quiz", "Trees quiz"]
    assert "The questions belong to the new quiz 'Sorting quiz' in week 2." in report.notes


def test_a_dry_run_reports_the_same_and_writes_nothing(session, course, imported):
    rehearsed = imported(dry_run=True)
    assert (weeks(session, course), quizzes(session, course)) == ({}, [])
    assert rehearsed.files == imported().files


def test_modules_that_name_no_week_are_the_weeks_in_their_order(manifest):
    cartridge = FORMAT.open(manifest(MODULE.format("Sorting", 1), MODULE.format("Trees", 2)), ReadOptions())
    assert [(week.number, week.topic) for week in cartridge.described_course.sections.weeks] == [(1, "Sorting"), (2, "Trees")]
    assert [(each.bank.title, each.week) for each in cartridge.banks if each.is_quiz] == [("Sorting quiz", 1), ("Trees quiz", 2)]
    chosen = FORMAT.open(SAMPLE, ReadOptions(sections={1: ChosenWeek(1), 3: None}))
    assert [week.number for week in chosen.described_course.sections.weeks] == [1, 2]
    assert [(each.bank.title, each.week) for each in chosen.banks if each.is_quiz] == [("Sorting quiz", 2), ("Trees quiz", None)]


def test_an_assessment_outside_of_the_modules_needs_a_week(session, course, imported, manifest):
    folder = manifest('<item identifier="i" identifierref="g2"/>')
    assert quizzes(session, course) == []
    waiting = imported(folder)
    assert [(quiz.title, quiz.week, quiz.is_open) for quiz in waiting.quizzes] == [("Trees quiz", None, True), ("Sorting quiz", None, True)]
    put = imported(folder, weeks={"Trees quiz": 4})
    assert quizzes(session, course) == [("Trees quiz", 4, ["heap", "essay"])]
    assert [(quiz.title, quiz.week, quiz.is_open) for quiz in put.quizzes] == [("Trees quiz", 4, False), ("Sorting quiz", None, True)]
    assert put.entity("weeks").added == 1


def test_a_packed_cartridge_is_recognised_and_a_package_with_another_schema_is_not(tmp_path, manifest):
    shutil.make_archive(str(tmp_path / "course"), "zip", SAMPLE)
    path = (tmp_path / "course.zip").rename(tmp_path / "course.imscc")
    assert detected(path) is FORMAT
    assert FORMAT.open(path, ReadOptions()).banks == FORMAT.open(SAMPLE, ReadOptions()).banks
    assert not FORMAT.detect(manifest(old="IMS Common Cartridge", new="IMS Content"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('<resource identifier="g2"', '<resource identifier="g1"', r"row \d+: it has the resource g1 twice"),
        ("<manifest ", "<!DOCTYPE x><manifest ", "it has a document type or entities"),
        ("</resources>", "", "not well-formed"),
    ],
    ids=["a resource twice", "a document type", "cut off"],
)
def test_a_manifest_that_is_not_certain_is_refused(manifest, old, new, sentence):
    with pytest.raises(ImportFileError, match=rf"imsmanifest\.xml, .*{sentence}"):
        FORMAT.open(manifest(old=old, new=new or " "), ReadOptions())


@settings(max_examples=share(40))
@given(changes=mutations, index=st.integers(0, 20))
def test_a_cartridge_in_which_one_file_was_changed_is_read_or_refused(changes, index, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "cartridge"
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[index % len(files)]
    path.write_text(mutated(path.read_text(encoding="utf-8"), changes), encoding="utf-8", errors="replace", newline="")
    try:
        cartridge = FORMAT.open(folder, ReadOptions())
    except ImportFileError:
        return
    assert FORMAT.detect(folder)
    assert all(each.bank.rows_in > 0 for each in cartridge.banks)


def test_the_quizzes_of_reports_are_joined_once_however_many_banks_a_cartridge_has(session, course, imported):
    quiz = factories.quiz(session, course, week_number=1)
    session.add(QuestionSlot(quiz_id=quiz.id, course_id=course.id, slot="1", number=1, decimals=2, seen={}, shows_options=False))
    session.flush()
    statements: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *executed: statements.append(executed[2]))
    assert len([each for each in imported().files if not each.file.startswith("imsmanifest.xml")]) == 3
    assert len([each for each in statements if "question_slots.number" in each and "ORDER BY" in each]) == 1
