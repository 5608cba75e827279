"""Materials are added from files, links and captions after a preview, and removed after a question, as the signed-in person."""

import tempfile

import pytest
from sqlalchemy import select

from lmskit.db import access, snapshot, transaction
from lmskit.desks import material_desk
from lmskit.forms.material_web import LINK, VIDEO, WHOLE_COURSE
from lmskit.materials.chosen_store import store_of
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.models import Course, EmbeddingModel, Material, MaterialCrawl, PassageVector, User
from lmskit.queries.material import materials_of_course
from lmskit.vocabulary import CrawlState, EmbeddingModelState, MaterialKind
from tests import factories
from tests.materials.web_site import Answer, Site, fetcher, page

PATIENCE = 60
EVIL = "<img src=x onerror=alert(1)>"
LOOPS = b"---\nweek: 1\n---\n# Loops\n\nA loop repeats its lines as long as a condition is true.\n"
LISTS = f"# Lists `{EVIL}`\n\nA list stores values in their order, and can be sorted.\n".encode()
CAPTIONS = b"WEBVTT\n\n00:01:15.000 --> 00:01:20.000\nNow we look at recursion, which is a function that calls itself.\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def store(configure, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path / "store"))
    return store_of(access().settings)


@pytest.fixture
def course(session):
    made = factories.course(session, weeks=3)
    model = CharacterHash()
    values = {"name": model.name, "dimension": model.dimension, "checksum": model.checksum}
    session.add(EmbeddingModel(**values, state=EmbeddingModelState.IN_USE))
    session.flush()
    return made


@pytest.fixture
def desk(course, in_session, store):
    return material_desk(course.code, begin=in_session, read=in_session)


def upload(widget, **files):
    for number, (name, content) in enumerate(files.items()):
        widget.receive({"begin": name.replace("__", ".").replace("_dash_", "-"), "size": len(content), "first": number == 0}, [])
        if content:
            widget.receive({"piece": 0}, [content])
    widget.receive({"end": True}, [])


def choose(desk, **files):
    upload(desk.files.upload, **files)
    desk.files.work.join(PATIENCE)


def press(form, button):
    form._ended = float("-inf")  # later than a double click
    button.click()
    form.work.join(PATIENCE)


def remove(desk, *titles):
    desk.chosen.value = tuple(number for label, number in desk.chosen.options if any(title in label for title in titles))
    desk.removal._ended = float("-inf")
    desk.removal.button.click()


def test_files_are_previewed_corrected_and_added_with_their_vectors(session, course, desk, store):
    choose(desk, loops__md=LOOPS, week_dash_02_lists__md=LISTS, picture__png=PICTURE)
    rows = desk.files.rows.grid.rows
    assert [(row["file"], row["result"], row["week"]) for row in rows] == [("loops.md", "new", "1"), ("week-02_lists.md", "new", "2")]
    assert rows[1]["title"] == f"Lists {EVIL}"
    assert desk.files.refused.frame["File"].tolist() == ["picture.png"]
    assert "a picture" in desk.files.refused.frame.iloc[0, 1]
    assert desk.files.warning.value == "1 file will not be added; the reasons are below."
    assert list(store.names()) == []
    assert materials_of_course(session, course.code).empty
    desk.files.rows.grid.rows = [rows[0] | {"week": ""}, rows[1] | {"title": "All about lists"}]
    press(desk.files, desk.files.add)
    assert desk.files.message.value == "2 files: 2 added, 0 changed, 0 unchanged."
    listed = desk.table.frame
    assert listed[["Week", "Title", "State"]].to_numpy().tolist() == [["all", "Loops", "current"], ["2", "All about lists", "current"]]
    assert len(list(store.names())) == 2
    assert len(session.scalars(select(PassageVector.ordinal).where(PassageVector.course_id == course.id)).all()) == 2


def test_the_same_file_is_unchanged_and_another_of_its_name_replaces_it(session, course, desk, store):
    choose(desk, loops__md=LOOPS)
    press(desk.files, desk.files.add)
    choose(desk, loops__md=LOOPS)
    assert desk.files.rows.grid.rows[0]["result"] == "unchanged"
    choose(desk, loops__md=LOOPS + b"\nIt can be left with break.\n")
    assert desk.files.rows.grid.rows[0]["result"] == "replaces its earlier version"
    press(desk.files, desk.files.add)
    assert desk.files.message.value == "1 file: 0 added, 1 changed, 0 unchanged."
    assert len(list(store.names())) == 1, "the earlier version went from the store"


def test_mistakes_in_the_preview_are_shown_beside_their_rows_and_nothing_is_added(session, course, desk):
    choose(desk, loops__md=LOOPS, lists__md=LISTS)
    rows = desk.files.rows.grid.rows
    desk.files.rows.grid.rows = [rows[0] | {"week": "61"}, rows[1] | {"title": " "}]
    press(desk.files, desk.files.add)
    assert desk.files.message.value.startswith("Files: row 1, week: ")
    assert "row 2, title: " in desk.files.message.value
    assert [sorted(problem) for problem in desk.files.rows.grid.problems] == [["week"], ["title"]]
    desk.files.rows.grid.rows = [rows[0] | {"week": "9"}]
    press(desk.files, desk.files.add)
    [problem] = desk.files.rows.grid.problems
    assert problem["week"] == f"{course.code} has no week 9. Its weeks: 1 to 3. Choose one of them, or leave the week empty."
    assert materials_of_course(session, course.code).empty


def test_a_file_that_is_too_large_or_too_many_is_refused_alone(desk):
    desk.files.upload._most, desk.files.upload._most_files = 100, 2
    choose(desk, large__md=LOOPS + bytes(100), loops__md=LOOPS, empty__md=b"", more__md=LOOPS)
    assert [row["file"] for row in desk.files.rows.grid.rows] == ["loops.md"]
    reasons = dict(desk.files.refused.frame.itertuples(index=False, name=None))
    assert "at most 0 MB can be uploaded" in reasons["large.md"]
    assert "empty" in reasons["empty.md"]
    assert "At most 2 files" in reasons["more.md"]


def test_the_folder_of_an_upload_names_no_week_and_a_refused_file_is_counted(course, in_session, store, tmp_path, monkeypatch):
    (tmp_path / "week-02").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "week-02"))
    desk = material_desk(course.code, begin=in_session, read=in_session)
    choose(desk, lists__md=LISTS)
    [row] = desk.files.rows.grid.rows
    assert row["week"] == ""
    desk.files.offer_weeks([("9. Removed since then", 9)])
    desk.files.rows.grid.rows = [{**row, "week": "9"}]
    press(desk.files, desk.files.add)
    assert desk.files.warning.value == "1 file was not added; the reasons are below. Correct it, and choose it again."
    assert str(desk.files.refused.frame.iloc[0, 1]).startswith("The course has no week 9 any more.")


def test_a_week_that_the_course_does_not_have_is_corrected_in_the_preview(session, course, desk, store):
    choose(desk, week_dash_13__md=LISTS, week_dash_99__md=LISTS + b"More.\n", loops__md=LOOPS.replace(b"week: 1", b"week: 9"))
    rows = desk.files.rows.grid.rows
    assert [(row["file"], row["week"]) for row in rows] == [("week-13.md", ""), ("week-99.md", ""), ("loops.md", "")]
    to_do = "Choose a week, or leave it empty for the whole course."
    assert f"It names week 13, which {course.code} does not have. {to_do}" in rows[0]["about"]
    assert f"Its name says week 99, which no course can have. {to_do}" in rows[1]["about"]
    assert f"It names week 9, which {course.code} does not have. {to_do}" in rows[2]["about"]
    assert desk.files.refused.frame.empty
    desk.files.rows.grid.rows = [rows[0] | {"week": "3"}, *rows[1:]]
    press(desk.files, desk.files.add)
    assert desk.files.message.value == "3 files: 3 added, 0 changed, 0 unchanged."
    assert desk.table.frame["Week"].tolist() == ["all", "all", "3"]


def change(desk, **values):
    for name, value in values.items():
        getattr(desk.details, name).value = value
    desk.details.submission._ended = float("-inf")
    desk.details.submission.button.click()
    return desk.details.submission.message.value


def test_title_week_and_licence_of_a_material_are_changed(session, course, desk):
    choose(desk, loops__md=LOOPS, lists__md=LISTS)
    press(desk.files, desk.files.add)
    desk.details.material.value = next(number for label, number in desk.details.material.options if "Loops" in label)
    assert (desk.details.title.value, desk.details.week.value, desk.details.licence.value) == ("Loops", 1, "")
    assert change(desk) == "There is nothing to change: title, week and licence are as they were."
    assert change(desk, title="Repeating", week=3, licence="cc by 4.0") == "Repeating was changed: title, week, licence."
    stored = select(Material.title, Material.week_number, Material.licence).where(Material.id == desk.details.material.value)
    assert tuple(session.execute(stored).one()) == ("Repeating", 3, "CC-BY-4.0")
    assert ("Repeating", "3") in zip(desk.table.frame["Title"], desk.table.frame["Week"], strict=True)
    assert (desk.details.title.value, desk.details.licence.value) == ("Repeating", "CC-BY-4.0")
    assert change(desk, week=WHOLE_COURSE, licence=" ") == "Repeating was changed: week, licence."
    assert tuple(session.execute(stored).one()) == ("Repeating", None, None)
    assert change(desk, title=" ").startswith("Title: ")


def test_another_course_discards_the_preview(session, desk):
    other = factories.course(session)
    choose(desk, loops__md=LOOPS)
    desk.course.options = [*desk.course.options, ("Other", other.code)]
    desk.course.value = other.code
    assert desk.files.message.value == "The course has changed. Choose the files again."
    assert desk.files.rows.grid.is_blank(desk.files.rows.grid.rows[0])


def test_materials_are_removed_after_an_answer_and_their_files_with_them(session, course, desk, store):
    choose(desk, loops__md=LOOPS, lists__md=LISTS)
    press(desk.files, desk.files.add)
    remove(desk, "Loops")
    assert desk.removal.question.value == (
        f"Remove 1 material of {course.code}, “Loops”, with text and file, and with what was decided about its passages?"
    )
    desk.removal._ended = float("-inf")
    desk.removal.no.click()
    assert len(desk.table.frame) == 2
    remove(desk, "Loops")
    desk.removal._ended = float("-inf")
    desk.removal.yes.click()
    assert desk.removal.message.value == "1 material removed."
    assert desk.table.frame["Title"].tolist() == [f"Lists {EVIL}"]
    assert len(list(store.names())) == 1


def test_nothing_chosen_to_remove_is_a_sentence(desk):
    desk.removal.button.click()
    assert desk.removal.message.value == "Materials of this page of the list: This must not be empty."


def test_a_video_gets_the_text_of_its_captions_and_a_link_needs_an_address(session, course, desk):
    press(desk.link, desk.link.button)
    assert desk.link.message.value.startswith("Address: ")
    desk.link.way.value = VIDEO
    desk.link.url.value, desk.link.title.value, desk.link.week.value = "https://example.org/lecture.mp4", "Lecture", 3
    upload(desk.link.captions, lecture__vtt=CAPTIONS)
    press(desk.link, desk.link.button)
    assert desk.link.message.value == "Lecture was added, 1 passage of captions."
    made = session.scalars(select(Material).where(Material.course_id == course.id)).one()
    assert (made.kind, made.week_number, made.url, made.length) == (MaterialKind.VIDEO, 3, "https://example.org/lecture.mp4", 80)
    desk.link.way.value = LINK
    desk.link.url.value, desk.link.title.value = "javascript:alert(1)", "Evil"
    press(desk.link, desk.link.button)
    assert "http://" in desk.link.fields["url"].problem
    desk.link.url.value = "https://example.org/slides"
    press(desk.link, desk.link.button)
    assert desk.link.message.value == "Evil was added, a link, whose text is not read."


def test_a_crawl_that_is_stopped_keeps_its_pages_and_goes_on_from_there(session, course, in_session, store):
    asked = []

    def endless(path):
        asked.append(path)
        if len(asked) == 3:
            screen.crawl.work.cancel.click()
        number = len(asked)
        return Answer(page(f"<p>Page {number} explains recursion.</p><a href='/p{number}'>next</a>", title=f"Page {number}"))

    with Site({"/robots.txt": Answer("", 404)}, other=endless).served() as site:
        screen = material_desk(course.code, begin=in_session, read=in_session, fetcher=fetcher)
        screen.crawl.url.value, screen.crawl.pages.value = f"{site.url}/", 4
        press(screen.crawl, screen.crawl.button)
        assert screen.crawl.message.value.startswith("Stopped. What was fetched is in the list;")
        assert "What is new is found by its words alone until its vectors are computed" in screen.crawl.message.value
        assert session.scalars(select(MaterialCrawl.state).where(MaterialCrawl.course_id == course.id)).one() is CrawlState.STOPPED
        n_before = len(screen.table.frame)
        assert n_before == 3
        opened = material_desk(course.code, begin=in_session, read=in_session)
        assert opened.crawl.last.value.startswith(f"Last crawl: {site.url}/, ")
        assert " stopped: 3 done, 0 not added, " in opened.crawl.last.value
        press(screen.crawl, screen.crawl.button)
    assert screen.crawl.message.value.startswith("The crawl went on where it was: 1 added")
    assert len(screen.table.frame) == n_before + 1


def test_hostile_titles_and_names_are_text_on_the_list(desk):
    choose(desk, lists__md=LISTS)
    press(desk.files, desk.files.add)
    assert "<img" not in desk.table.view.value
    assert "&lt;img src=x onerror=alert(1)&gt;" in desk.table.view.value


def test_an_address_of_this_machine_is_not_fetched(desk):
    desk.crawl.url.value = "http://127.0.0.1:1/"
    press(desk.crawl, desk.crawl.button)
    assert "127.0.0.1" in desk.crawl.message.value or desk.crawl.refused.frame.to_string().count("127.0.0.1")
    press(desk.link, desk.link.button)
    assert desk.table.frame.empty


def test_the_screen_says_which_model_compares_meanings_and_whether_texts_leave(desk, in_session, course, configure):
    assert desk.about_vectors.value.startswith(f"Search compares meanings with the model {CharacterHash().name}.")
    configure(LMSKIT_EMBEDDING_URL="https://models.example.org/v1", LMSKIT_EMBEDDING_MODEL="m", LMSKIT_EMBEDDING_DIMENSION="8")
    other = material_desk(course.code, begin=in_session, read=in_session)
    assert "are sent to the model server models.example.org" in other.about_vectors.value


def test_a_lecturer_adds_and_removes_materials_of_own_courses_and_sees_no_others(admin_engine, lecturer_engine, store):
    with transaction(admin_engine) as session:
        teacher = session.scalars(select(User).where(User.email == "demo.lecturer@example.org")).one()
        own, foreign = factories.course(session, taught_by=teacher, weeks=1), factories.course(session, weeks=1)
        codes = (own.code, foreign.code)
    try:
        desk = material_desk(codes[0], begin=lambda: transaction(lecturer_engine), read=lambda: snapshot(lecturer_engine))
        assert codes[1] not in [code for _, code in desk.course.options]
        choose(desk, loops__md=LOOPS)
        press(desk.files, desk.files.add)
        assert desk.files.message.value.startswith("1 file: 1 added, 0 changed, 0 unchanged.")
        assert desk.table.frame["Title"].tolist() == ["Loops"]
        assert change(desk, title="Repeating") == "Repeating was changed: title."
        remove(desk, "Repeating")
        desk.removal._ended = float("-inf")
        desk.removal.yes.click()
        assert desk.removal.message.value == "1 material removed."
        assert list(store.names()) == []
    finally:
        with transaction(admin_engine) as session:
            for course in session.scalars(select(Course).where(Course.code.in_(codes))):
                session.delete(course)
