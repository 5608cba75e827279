"""The course of a Common Cartridge: found, or made with its weeks, as that of a backup is (test_course_of_file.py)."""

import shutil

import pytest
from sqlalchemy import select

from lmskit.errors import InputError
from lmskit.importers.cartridge.package import FORMAT
from lmskit.models import Course, ExternalId, Quiz
from lmskit.queries.course import course_by_code
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from lmskit.vocabulary import EntityKind, Origin
from tests import factories
from tests.importers.golden import SAMPLES
from tests.importers.test_course_of_file import last_run, states, weeks
from tests.importers.test_import_undo import content

SAMPLE = SAMPLES / "common-cartridge" / "course"
IDENTIFIER = "g0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.fixture
def term(session):
    return factories.term(session)


@pytest.fixture
def lecturer(session):
    return factories.lecturer(session)


@pytest.fixture
def imported(session, term, lecturer):
    def run(path=SAMPLE, **options):
        new = {"term": term.code, "lecturer": factories.address(lecturer)}
        return import_path(session, path, FORMAT, ImportOptions(**{**new, **options}))

    return run


@pytest.fixture
def changed(tmp_path):
    """Copies of the sample with another title or identifier in its manifest."""

    def written(*, title="Algorithms &amp; trees", identifier=IDENTIFIER):
        folder = shutil.copytree(SAMPLE, tmp_path / f"{len(list(tmp_path.iterdir()))}")
        path = folder / "imsmanifest.xml"
        text = path.read_text(encoding="utf-8").replace(IDENTIFIER, identifier).replace("Algorithms &amp; trees", title)
        path.write_text(text, encoding="utf-8")
        return folder

    return written


def test_a_new_course_is_made_of_what_the_cartridge_says(session, term, lecturer, imported):
    report = imported(module="ALGO")
    course = course_by_code(session, "algo 2")
    assert (course.code, course.module_code, course.title, course.term_id, course.lecturer_id, course.origin) == (
        "ALGO 2", "ALGO", "Algorithms & trees", term.id, lecturer.id, Origin.IMPORT,
    )  # fmt: skip
    assert weeks(session, course) == [(2, "Sorting", ""), (3, "Trees", "")]
    assert dict(session.execute(select(Quiz.title, Quiz.week_number).where(Quiz.course_id == course.id)).all()) == {
        "Sorting quiz": 2,
        "Trees quiz": 3,
    }
    assert (states(report, "courses"), states(report, "weeks")) == ((1, 0, 0), (2, 0, 0))
    assert [file.identity() for file in report.files[:2]] == [
        "1 in = 1 added + 0 changed + 0 unchanged + 0 rejected",
        "2 in = 2 added + 0 changed + 0 unchanged + 0 rejected",
    ]
    assert [(quiz.title, quiz.week, quiz.n_questions, quiz.n_attempts, quiz.state) for quiz in report.course.quizzes] == [
        ("Sorting quiz", 2, 2, 0, "added"),
        ("Trees quiz", 3, 2, 0, "added"),
    ]
    assert "Sections that are not weeks of their own: 1. Before you begin names no week, as the others do." in report.notes


def test_a_second_import_finds_the_course_by_its_identifier_and_changes_nothing(session, imported):
    imported()
    course_by_code(session, "ALGO 2").code = "ALGO-2026"
    session.flush()
    before = content(session)
    report = imported(term=None, lecturer=None)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged", "rejected"}
    assert (states(report, "courses"), states(report, "weeks")) == ((0, 0, 1), (0, 0, 2))
    assert content(session) == before


def test_an_undo_takes_the_course_and_all_in_it_back_and_a_dry_run_makes_none(session, imported):
    before = content(session)
    assert states(imported(dry_run=True), "courses") == (1, 0, 0)
    assert content(session) == before
    imported()
    undo_import(session, last_run(session))
    assert content(session) == before


def test_an_identifier_that_courses_of_a_system_share_is_that_of_none(session, imported, changed):
    imported(changed(identifier="man00001", title="Sorting"))
    imported(changed(identifier="man00001", title="Searching"))
    assert {course.code for course in session.scalars(select(Course))} >= {"Sorting", "Searching"}
    ids = select(ExternalId.external_id).where(ExternalId.kind == EntityKind.COURSE, ExternalId.source == FORMAT.name)
    assert session.scalars(ids).all() == []
    assert states(imported(changed(identifier="M_3E1AEC6D", title="Searching")), "courses") == (0, 0, 1)


def test_another_course_with_the_same_code_is_not_taken_for_it_unless_it_is_chosen(session, imported, changed):
    imported()
    other = changed(identifier=IDENTIFIER[::-1].replace("g", "") + "0")
    with pytest.raises(InputError, match=f"ALGO 2 in lmskit is {IDENTIFIER}. If they are one course all the same"), session.begin_nested():
        imported(other)
    assert states(imported(other, course="ALGO 2"), "courses") == (0, 1, 0)


def test_what_a_new_course_needs_is_said(session, imported, changed):
    before = last_run(session)
    with pytest.raises(InputError) as refused, session.begin_nested():
        imported(term=None, lecturer=None)
    sentence = str(refused.value)
    assert sentence.startswith(
        "The course ALGO 2 of course is not in lmskit yet. To make it, the import needs a term: choose one with --term"
    )
    assert "a lecturer, since it names no teacher: choose a lecturer with --lecturer EMAIL" in sentence
    nameless = changed(identifier="m1", title=" ")
    with pytest.raises(InputError, match=r"does not say what its course is called\. Name the course"), session.begin_nested():
        imported(nameless)
    with pytest.raises(InputError, match=r"as .* calls its course, cannot be a code"), session.begin_nested():
        imported(changed(identifier="m1", title="Trees and " * 12))
    assert last_run(session) == before
    course = factories.course(session)
    report = imported(nameless, course=course.code)
    assert not [note for note in report.notes if "the title stays" in note]
