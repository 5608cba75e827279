"""A backup or a cartridge in the form: the course as it would become, its weeks changed, and then imported."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from lmskit.desks import roster_import_desk, taking_back_desk
from lmskit.materials.store import FolderStore
from lmskit.models import Course, ImportRun, Material, Quiz, Syllabus
from lmskit.queries.course import course_by_code
from tests import factories
from tests.importers.golden import SAMPLES

SAMPLE = SAMPLES / "moodle-backup" / "course"
CARTRIDGE = SAMPLES / "common-cartridge" / "course"
PATIENCE = 60


@pytest.fixture
def form(session, in_session):
    factories.term(session, code="T-2026", starts_on=dt.date(2998, 1, 6))  # the newest, so it is offered whatever terms there are
    factories.lecturer(session, email="tess@example.org", family_name="Teach", given_name="Tess")
    made = roster_import_desk(begin=in_session, read=in_session)
    made.path.value = str(SAMPLE)
    return made


def press(form, button):
    form._ended = float("-inf")  # later than a double click
    getattr(form, button).click()
    form.work.join(PATIENCE)


def edit(form, *removed, **changes):
    """Change cells of the sections, by the number of the section after an underscore, such as `week_2="7"`."""
    grid = form.described.sections.grid
    rows = [row for row in grid.rows if int(row["number"]) not in removed]
    for change, value in changes.items():
        column, _, number = change.partition("_")
        next(row for row in rows if row["number"] == number)[column] = value
    grid.receive({"revision": grid.revision, "rows": rows})


def sections(form):
    return [(row["title"], row["week"], row["topic"], row["result"]) for row in form.described.sections.grid.rows]


def test_a_new_course_asks_for_its_term_in_the_words_of_the_form_and_offers_it(form):
    assert form.found.value == "course: Moodle course backup; it describes its course."
    assert form.further[0].is_open
    press(form, "preview")
    assert 'choose one under "Term of new courses": T-2026' in form.message.value
    assert "--term" not in form.message.value


def test_the_course_is_shown_as_it_would_become_and_nothing_is_written(session, form):
    form.term.value = "T-2026"
    press(form, "preview")
    assert form.described.facts == "Logic & sets · added · term T-2026 · led by Teach, Tess · 2 weeks, 3 students, 1 teacher"
    assert sections(form) == [
        ("Sets and their laws", "1", "Sets and their laws", "added"),
        ("Section 2", "2", "", "added"),
        ("Archive", "", "", "has a number beyond the weeks 1 to 60"),
    ]
    quizzes = form.described.quizzes.frame
    assert quizzes[["Quiz", "Week", "Questions", "Attempts"]].iloc[0].tolist() == ["Sets", "1", 7, 2]
    assert session.scalar(select(func.count()).select_from(Course).where(Course.code == "LOGIC")) == 0


def test_weeks_that_are_changed_count_from_the_next_preview_on_and_are_imported(session, form):
    form.term.value = "T-2026"
    press(form, "preview")
    edit(form, 1, week_2="7", topic_2="Relations", week_70="8")
    assert form.confirm.disabled
    press(form, "preview")
    assert sections(form) == [
        ("Sets and their laws", "", "", "was chosen to be in no week"),
        ("Section 2", "7", "Relations", "added"),
        ("Archive", "8", "Archive", "added"),
    ]
    press(form, "preview")
    press(form, "confirm")
    course = course_by_code(session, "LOGIC")
    weeks = select(Syllabus.week_number, Syllabus.topic).where(Syllabus.course_id == course.id).order_by(Syllabus.week_number)
    assert session.execute(weeks).all() == [(7, "Relations"), (8, "Archive")]
    in_week = dict(session.execute(select(Quiz.title, Quiz.week_number).where(Quiz.course_id == course.id)).all())
    assert in_week["Assignment: Essay"] == 7
    assert "it is now" in form.described._title.value


def test_a_week_that_cannot_be_is_said_beside_its_section(form):
    form.term.value = "T-2026"
    press(form, "preview")
    edit(form, week_2="61")
    press(form, "preview")
    assert form.message.value.startswith("Section 2: ")
    assert "week" in form.described.sections.grid.problems[1]
    edit(form, week_2="3")
    press(form, "preview")
    assert sections(form)[1][:2] == ("Section 2", "3")


def test_another_file_forgets_the_course_and_what_was_chosen_for_it(form, tmp_path):
    form.term.value = "T-2026"
    press(form, "preview")
    edit(form, week_2="9")
    (tmp_path / "roster.csv").write_text("email,family_name\nada@example.org,Lovelace\n", encoding="utf-8")
    form.path.value = str(tmp_path / "roster.csv")
    assert (form.described.chosen, form.described.view.layout.display) == ({}, "none")


def test_the_course_of_a_cartridge_is_shown_changed_imported_and_taken_back(session, form, in_session, configure, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path / "store"))
    store = FolderStore(tmp_path / "store")
    form.path.value = str(CARTRIDGE)
    assert form.found.value == "course: Common Cartridge; it describes its course."
    form.term.value = "T-2026"
    form.lecturer.value = "tess@example.org"
    press(form, "preview")
    assert form.described.facts == "Algorithms & trees · added · term T-2026 · led by Teach, Tess · 2 weeks"
    assert form.described.quizzes.frame[["Quiz", "Week", "Questions"]].to_numpy().tolist() == [
        ["Sorting quiz", "2", 2],
        ["Trees quiz", "3", 2],
    ]
    edit(form, week_1="1", week_3="5")
    press(form, "preview")
    assert list(store.names()) == []
    press(form, "confirm")
    course = course_by_code(session, "ALGO 2")
    weeks = select(Syllabus.week_number, Syllabus.topic).where(Syllabus.course_id == course.id).order_by(Syllabus.week_number)
    assert session.execute(weeks).all() == [(1, "Before you begin"), (2, "Sorting"), (5, "Trees")]
    in_week = dict(session.execute(select(Quiz.title, Quiz.week_number).where(Quiz.course_id == course.id)).all())
    assert in_week == {"Sorting quiz": 2, "Trees quiz": 5}
    materials = select(Material.title, Material.week_number).where(Material.course_id == course.id).order_by(Material.id)
    assert session.execute(materials).all() == [("Reading", 1), ("A link", 5)]
    assert "until its vectors are computed" in form.message.value
    assert len(list(store.names())) == 1
    past = taking_back_desk(session.scalar(select(func.max(ImportRun.id))), begin=in_session, read=in_session).imports
    for button in (past.show_it, past.rehearse, past.undo):
        button.click()
        past.work.join(PATIENCE)
    assert list(store.names()) == []
