"""The course that a source describes: found, or made with its weeks, before its people and quizzes are imported."""

import datetime as dt
import re
import shutil

import pytest
from sqlalchemy import func, select, update

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.backup.source import FORMAT
from lmskit.models import Course, CourseStaff, ExternalId, ImportRun, Quiz, QuizAttempt, Syllabus
from lmskit.queries.course import course_by_code
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from lmskit.vocabulary import EntityKind, Origin
from tests import factories
from tests.importers.golden import SAMPLES
from tests.importers.test_import_undo import content

SAMPLE = SAMPLES / "moodle-backup" / "course"
ADDRESS = "moodle.example.edu/course/view.php?id=4"
WEEKS = [(1, "Sets and their laws", "Name the laws."), (2, "Week 2", "")]


@pytest.fixture
def term(session):
    return factories.term(session)


@pytest.fixture
def teacher(session):
    return factories.lecturer(session, email="tess@example.org", family_name="Teach", given_name="Tess")


def taken(session, *, sections=None, path=SAMPLE, **options):
    reading = ReadOptions(sections=sections or {})
    return import_path(session, path, FORMAT, ImportOptions(reading=reading, without_week=True, **options))


def weeks(session, course):
    columns = select(Syllabus.week_number, Syllabus.topic, Syllabus.objectives)
    return [tuple(row) for row in session.execute(columns.where(Syllabus.course_id == course.id).order_by(Syllabus.week_number))]


def states(report, kind):
    found = report.entity(kind)
    return found.added, found.changed, found.unchanged


def last_run(session):
    return session.scalar(select(func.max(ImportRun.id)))


def test_a_new_course_is_made_of_what_the_backup_says_and_its_editing_teacher_leads_it(session, term, teacher):
    report = taken(session, term=term.code, module="LOG")
    course = course_by_code(session, "logic")
    assert (course.code, course.module_code, course.title, course.term_id, course.lecturer_id, course.origin) == (
        "LOGIC", "LOG", "Logic & sets", term.id, teacher.id, Origin.IMPORT,
    )  # fmt: skip
    assert weeks(session, course) == WEEKS
    assert session.scalars(select(CourseStaff.person_id).where(CourseStaff.course_id == course.id)).all() == []
    in_week = dict(session.execute(select(Quiz.title, Quiz.week_number).where(Quiz.course_id == course.id)).all())
    assert (in_week["Sets"], in_week["Assignment: Essay"]) == (1, 2)
    assert (states(report, "courses"), states(report, "weeks")) == ((1, 0, 0), (2, 0, 0))
    assert report.files[0].identity() == "3 in = 3 added + 0 changed + 0 unchanged + 0 rejected"
    assert "Archive has a number beyond the weeks 1 to 60" in " ".join(report.notes)


def test_a_second_import_finds_the_course_by_its_id_and_changes_nothing(session, term, teacher):
    taken(session, term=term.code)
    course = course_by_code(session, "LOGIC")
    course.code = "LOGIC-2026"
    session.flush()
    before = content(session)
    report = taken(session)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged", "rejected"}
    assert (states(report, "courses"), states(report, "weeks")) == ((0, 0, 1), (0, 0, 2))
    assert content(session) == before


def test_an_undo_takes_the_course_and_its_weeks_back_and_a_dry_run_makes_none(session, term, teacher):
    before = content(session)
    tried = taken(session, term=term.code, dry_run=True)
    assert states(tried, "courses") == (1, 0, 0)
    assert content(session) == before
    taken(session, term=term.code)
    undo_import(session, last_run(session))
    assert content(session) == before


def test_an_undo_leaves_a_course_that_is_used_since(session, term, teacher):
    taken(session, term=term.code)
    course = course_by_code(session, "LOGIC")
    factories.material(session, course, week_number=1)
    report = undo_import(session, last_run(session))
    assert {each.kind for each in report.kept + report.impossible} >= {"courses", "weeks"}
    assert [week for week, _, _ in weeks(session, course)] == [1]


def test_a_course_of_a_person_gets_the_weeks_it_lacks_and_keeps_its_own(session):
    course = factories.course(session)
    for number, topic in ((1, "Quantifiers"), (2, "Week 2"), (9, "Exam")):
        factories.week(session, course, number, topic=topic)
    report = taken(session, course=course.code, sections={2: ChosenWeek(2, "Relations"), 70: ChosenWeek(3)})
    assert weeks(session, course) == [(1, "Quantifiers", ""), (2, "Relations", ""), (3, "Archive", ""), (9, "Exam", "")]
    assert states(report, "weeks") == (1, 1, 1)
    assert "Weeks of which lmskit has another topic or other objectives, which stay: 1." in report.notes
    assert any("the title stays" in note for note in report.notes)
    assert session.scalar(select(ExternalId.course_id).where(ExternalId.external_id == ADDRESS)) == course.id
    undo_import(session, last_run(session))
    assert weeks(session, course) == [(1, "Quantifiers", ""), (2, "Week 2", ""), (9, "Exam", "")]


def test_a_section_that_is_chosen_to_be_in_no_week_leaves_its_quizzes_without_one(session):
    course = factories.course(session)
    report = taken(session, course=course.code, sections={1: None})
    assert [number for number, _, _ in weeks(session, course)] == [2]
    assert session.scalar(select(Quiz.week_number).where(Quiz.course_id == course.id, Quiz.title == "Sets")) is None
    assert "Sets and their laws was chosen to be in no week" in " ".join(report.notes)


def test_a_course_with_the_code_of_the_backup_is_taken_unless_the_system_calls_it_another(session):
    course = factories.course(session, code="logic")
    taken(session)
    assert session.scalar(select(ExternalId.course_id).where(ExternalId.kind == EntityKind.COURSE)) == course.id
    session.execute(update(ExternalId).where(ExternalId.external_id == ADDRESS).values(external_id="old.example.edu/course/4"))
    refusal = f"is of the course {re.escape(ADDRESS)}, and logic in lmskit is old.example.edu/course/4"
    with pytest.raises(InputError, match=refusal), session.begin_nested():
        taken(session)
    taken(session, course="logic")
    assert states(taken(session), "courses") == (0, 0, 1)


def test_two_sites_number_their_quizzes_alike_and_are_kept_apart(session, term, teacher, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(SAMPLE, other)
    for file, old, new in (
        ("moodle_backup.xml", "moodle.example.edu", "moodle.example.edu/2027"),
        ("moodle_backup.xml", "LOGIC", "NEXT"),
        ("activities/quiz_7/quiz.xml", "<name>Sets</name>", "<name>Relations</name>"),
    ):
        content_of = (other / file).read_text(encoding="utf-8")
        assert old in content_of
        (other / file).write_text(content_of.replace(old, new), encoding="utf-8")
    for path in (SAMPLE, other):
        taken(session, path=path, term=term.code)
    ids = select(ExternalId.external_id, Quiz.title).join(Quiz, Quiz.id == ExternalId.quiz_id).order_by(ExternalId.external_id)
    stored = session.execute(ids.where(ExternalId.external_id.endswith("quiz:3"))).all()
    assert [tuple(row) for row in stored] == [("moodle.example.edu/2027/quiz:3", "Relations"), ("quiz:3", "Sets")]
    before = content(session)
    for path in (SAMPLE, other):
        assert {outcome.state for outcome in taken(session, path=path).outcomes} == {"unchanged", "rejected"}
    assert content(session) == before


def test_a_course_that_two_sites_have_meets_their_quizzes_by_title(session):
    course = factories.course(session, code="logic")
    taken(session)
    session.execute(update(ExternalId).where(ExternalId.external_id == ADDRESS).values(external_id="old.example.edu/course/view.php?id=4"))
    report = taken(session, course="logic")
    assert "logic is known as old.example.edu/course/view.php?id=4 as well" in " ".join(report.notes)
    assert session.scalar(select(func.count()).select_from(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Sets")) == 1
    assert states(taken(session), "courses") == (0, 0, 1)


def test_a_grade_that_moodle_took_back_counts_no_longer(session, tmp_path):
    course = factories.course(session)
    taken(session, course=course.code)
    ungraded = tmp_path / "course"
    shutil.copytree(SAMPLE, ungraded)
    path = ungraded / "gradebook.xml"
    path.write_text(path.read_text(encoding="utf-8").replace("<finalgrade>7.50000", "<finalgrade>$@NULL@$"), encoding="utf-8")
    before = content(session)
    report = taken(session, path=ungraded, course=course.code)
    (outcome,) = (each for each in report.outcomes if each.state == "changed")
    assert (outcome.what, outcome.reason, outcome.before) == ("Babbage, Ben · Oral exam", "taken back: no result", "7.5 of 10")
    of_exam = select(QuizAttempt.taken_back_at).join(Quiz, Quiz.id == QuizAttempt.quiz_id).where(Quiz.title == "Oral exam")
    assert session.scalars(of_exam).one() is not None
    undo_import(session, last_run(session))
    assert content(session) == before


def test_a_backup_without_users_says_of_nobody_that_they_are_missing(session, tmp_path):
    course = factories.course(session)
    taken(session, course=course.code)
    without = tmp_path / "course"
    shutil.copytree(SAMPLE, without, ignore=shutil.ignore_patterns("users.xml", "roles.xml", "enrolments.xml", "groups.xml", "grades.xml"))
    for file, old, new in (
        ("moodle_backup.xml", "<name>users</name><value>1", "<name>users</name><value>0"),
        ("activities/quiz_7/quiz.xml", "<attempt id", "<left id"),
        ("activities/quiz_7/quiz.xml", "</attempt>", "</left>"),
    ):
        (without / file).write_text((without / file).read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (without / "gradebook.xml").unlink()
    report = taken(session, path=without, course=course.code)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged"}
    with pytest.raises(ImportFileError, match="does not hold all results"), session.begin_nested():
        taken(session, path=without, course=course.code, remove_missing=True)


def test_options_that_had_nothing_to_do_are_named(session, term):
    course = factories.course(session)
    notes = " ".join(taken(session, course=course.code, term=term.code, module="LOG", sections={99: None, 2: ChosenWeek(2)}).notes)
    assert f"{course.code} is in lmskit, so what was given for a new course changes nothing: a term, a module." in notes
    assert "The course has no sections of these numbers, so what was chosen for them changes nothing: 99." in notes


def test_what_a_new_course_needs_is_said_with_the_newest_terms(session):
    term = factories.term(session, starts_on=dt.date(2199, 1, 1))
    with pytest.raises(InputError) as refused, session.begin_nested():
        taken(session)
    sentence = str(refused.value)
    assert sentence.startswith(
        "The course LOGIC of course is not in lmskit yet. To make it, the import needs a term: choose one with --term CODE"
    )
    assert f"{term.code} ({term.starts_on} to {term.ends_on})" in sentence
    assert "none of its editing teachers is a lecturer in lmskit: choose a lecturer with --lecturer EMAIL" in sentence
    lecturer = factories.lecturer(session)
    taken(session, term=term.code, lecturer=factories.address(lecturer))
    assert session.scalar(select(Course.lecturer_id).where(Course.code == "LOGIC")) == lecturer.id
