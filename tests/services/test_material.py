"""Adding, changing and removing materials, as an administrator and as the lecturer of the course."""

import functools
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from lmskit.db import transaction
from lmskit.errors import CourseNotFoundError, MaterialExistsError, MaterialNotFoundError, WeekNotFoundError
from lmskit.materials.material_text import MaterialText
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import FolderStore, checksum_of, store_name_of
from lmskit.models import Course, Material, MaterialPassage, User
from lmskit.queries.material import material, materials_of_course
from lmskit.schemas.material import AddMaterial, MaterialDetails
from lmskit.services.material import MaterialContent, add_material, refresh_material, remove_material, sweep
from lmskit.vocabulary import MaterialKind
from tests import factories

LOOPS = b"""---
week: 2
licence: CC BY-SA 4.0
---
# Loops

A loop repeats its lines.

## While

It goes on while the condition is true.
"""
LONGER = LOOPS + b"\n## For\n\nIt takes the elements one after another.\n"
GERMAN = b"# Schleifen\n\nEine Schleife wiederholt ihre Zeilen, solange die Bedingung wahr ist.\n"


@functools.cache
def content(file: bytes, name: str = "loops.md") -> MaterialContent:
    return MaterialContent(file, reader().read(file, name=name))


def text_of(file: bytes) -> MaterialText:
    text = content(file).text
    assert text is not None
    return text


@functools.cache
def reader() -> MaterialReader:
    return MaterialReader()


@pytest.fixture(scope="module", autouse=True)
def _reader_ends():
    yield
    reader().close()


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "materials"
    folder.mkdir(mode=0o700)
    return FolderStore(folder)


@pytest.fixture
def course(admin_engine, lecturer_engine):
    """A course of the demonstration lecturer that is really there."""
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == "demo.lecturer@example.org")).one()
        made = factories.course(session, taught_by=lecturer, weeks=3)
    yield made
    with transaction(admin_engine) as session:
        session.delete(session.get_one(Course, made.id))


@pytest.fixture(params=["administrator", "lecturer"])
def opener(request, admin_engine, lecturer_engine):
    return functools.partial(transaction, admin_engine if request.param == "administrator" else lecturer_engine)


@pytest.fixture
def add(opener, store, course):
    def added(file: bytes = LOOPS, name: str = "loops.md", **said):
        store.add(file)
        with opener() as session:
            return add_material(session, store, AddMaterial(course=course.code, file_name=name, **said), content(file, name))

    return added


def passages(opener, material_id):
    statement = select(MaterialPassage).where(MaterialPassage.material_id == material_id).order_by(MaterialPassage.ordinal)
    with opener() as session:
        return list(session.scalars(statement))


def test_what_the_request_leaves_open_follows_from_the_file(add, opener):
    with opener() as session:
        found = material(session, add().material_id)
    assert (found.week, found.title, found.licence, found.language) == (2, "Loops", "CC-BY-SA-4.0", "en")
    assert (found.kind, found.media_type, found.size, found.n_passages) == ("markdown", "text/markdown", len(LOOPS), 2)
    assert (found.checksum, found.stored_as) == (checksum_of(LOOPS), store_name_of(LOOPS))


def test_what_the_request_says_comes_first(add, opener):
    added = add(week=3, title="Again and again", licence="internal", language="de-AT", url="HTTPS://Example.org/Loops")
    with opener() as session:
        found = material(session, added.material_id)
    assert (found.week, found.title, found.licence, found.language) == (3, "Again and again", "internal", "de")
    assert found.url == "https://example.org/Loops"


def test_the_same_again_changes_nothing(add, opener):
    first, second = add(), add()
    assert (first.outcome, second.outcome, second.released) == ("added", "unchanged", ())
    assert first.material_id == second.material_id
    assert len(passages(opener, first.material_id)) == 2


def test_a_changed_file_replaces_the_passages_from_the_first_that_differs(add, opener):
    first = add()
    before = passages(opener, first.material_id)
    second = add(LONGER)
    after = passages(opener, first.material_id)
    assert (second.outcome, second.released, second.n_passages) == ("changed", (store_name_of(LOOPS),), 3)
    assert [passage.body for passage in after[:2]] == [passage.body for passage in before]
    assert after[2].headings == ["Loops", "For"]
    third = add()
    assert (third.outcome, third.n_passages, len(passages(opener, first.material_id))) == ("changed", 2, 2)


def test_a_changed_title_alone_is_a_change(add):
    assert [add(title="One").outcome, add(title="Two").outcome, add(title="Two").outcome] == ["added", "changed", "unchanged"]


def test_what_neither_the_request_nor_the_file_names_stays_as_it_is_stored(add, opener):
    said = {"week": 3, "title": "Of the week", "licence": "CC-BY-4.0", "language": "fr", "url": "https://example.org/a"}
    first = add(b"Words without a heading.\n", "a.txt", **said)
    second = add(b"Other words without a heading.\n", "a.txt")
    assert (second.outcome, second.changes) == ("changed", ("file", "text"))
    with opener() as session:
        found = material(session, first.material_id)
    assert {name: getattr(found, name) for name in said} == said
    again = add(b"Other words without a heading.\n", "a.txt", licence="CC0-1.0", whole_course=True)
    assert (again.week, again.title, again.changes) == (None, "Of the week", ("week", "licence"))


def test_another_material_with_the_same_file_is_named(add):
    first = add()
    assert (first.same_as, add().same_as) == (None, None)
    assert add(name="copy.md").same_as == (first.material_id, "loops.md")


def test_a_renamed_file_is_recognised_by_its_address(add):
    first = add(url="https://example.org/loops")
    second = add(name="renamed.md", url="https://example.org/loops")
    assert (second.material_id, second.outcome) == (first.material_id, "changed")


def test_two_materials_of_one_name_and_address_are_refused(add):
    add()
    add(GERMAN, "schleifen.md", url="https://example.org/loops")
    with pytest.raises(MaterialExistsError, match=r"has the file loops\.md as material"):
        add(url="https://example.org/loops")


def test_another_file_of_the_name_is_replaced_only_if_that_is_wanted(add, opener, store, course):
    add()
    request = AddMaterial(course=course.code, file_name="loops.md", week=3)
    with opener() as session, pytest.raises(MaterialExistsError, match=r"another file loops.md, in week 2.*--name week-3/loops.md"):
        add_material(session, store, request, content(GERMAN), replacing=False)
    with opener() as session:
        assert add_material(session, store, request, content(GERMAN)).outcome == "changed"


def test_a_link_has_no_file_and_no_text(opener, store, course):
    request = AddMaterial(course=course.code, url="https://example.org/film", kind=MaterialKind.VIDEO, title="A film")
    with opener() as session:
        added = add_material(session, store, request, MaterialContent())
        found = material(session, added.material_id)
    assert (found.kind, found.title, found.week, found.stored_as, found.n_passages) == ("video", "A film", None, None, 0)
    assert not list(store.names())


def test_a_week_that_the_syllabus_lacks_is_refused_and_a_known_one_is_not(add, course):
    with pytest.raises(WeekNotFoundError, match=f"The syllabus of {course.code} has no week 4"):
        add(week=4)
    assert add(week=3).week == 3
    with pytest.raises(WeekNotFoundError):
        add(week=4)


def test_a_lecturer_adds_to_no_other_course(lecturer_engine, admin_engine, store, session):
    with transaction(admin_engine) as writing:
        other = factories.course(writing, weeks=2)
    try:
        with transaction(lecturer_engine) as trying, pytest.raises(CourseNotFoundError):
            add_material(trying, store, AddMaterial(course=other.code, file_name="loops.md"), content(LOOPS))
        with transaction(admin_engine) as writing:
            added = add_material(writing, store, AddMaterial(course=other.code, file_name="loops.md"), content(LOOPS))
        for attempt in (material, remove_material):
            with transaction(lecturer_engine) as trying, pytest.raises(MaterialNotFoundError):
                attempt(trying, added.material_id)
    finally:
        with transaction(admin_engine) as writing:
            writing.delete(writing.get_one(Course, other.id))


def test_removing_the_last_material_of_a_file_removes_the_file(add, opener, store):
    first, second = add(), add(name="copy.md")
    assert list(store.names()) == [store_name_of(LOOPS)]
    for added, left in ((first, [store_name_of(LOOPS)]), (second, [])):
        with opener() as session:
            removed = remove_material(session, added.material_id)
        with opener() as session:
            sweep(session, store, removed.released)
        assert list(store.names()) == left
    with opener() as session:
        assert (
            session.scalar(select(func.count()).select_from(Material).where(Material.id.in_([first.material_id, second.material_id]))) == 0
        )


def test_a_file_that_another_course_has_stays(add, store, admin_engine, opener):
    added = add()
    with transaction(admin_engine) as session:
        other = factories.course(session, weeks=2)
        add_material(session, store, AddMaterial(course=other.code, file_name="theirs.md"), content(LOOPS))
    with opener() as session:
        removed = remove_material(session, added.material_id)
    with opener() as session:
        assert sweep(session, store, removed.released) == 0
    assert store.has(store_name_of(LOOPS))
    with transaction(admin_engine) as session:
        session.delete(session.get_one(Course, other.id))


def test_a_sweep_removes_what_no_material_has(add, opener, store):
    add()
    left_behind = store.add(b"of a process that was killed")
    with opener() as session:
        assert sweep(session, store, list(store.names())) == 1
    assert not store.has(left_behind)
    assert store.has(store_name_of(LOOPS))


def test_a_file_that_is_added_while_it_is_swept_is_there_afterwards(add, opener, store, course):
    removed = add()
    with opener() as session:
        remove_material(session, removed.material_id)
    with ThreadPoolExecutor() as pool:
        with opener() as sweeping:
            assert sweep(sweeping, store, [store_name_of(LOOPS)]) == 1
            adding = pool.submit(add, name="again.md")  # writes the file, and waits for the sweep
            pool.submit(lambda: None).result()
        added = adding.result()
    assert store.read(store_name_of(LOOPS)) == LOOPS
    with opener() as session:
        assert material(session, added.material_id).stored_as == store_name_of(LOOPS)


def test_reading_again_keeps_what_people_said(add, opener, store):
    added = add(title="By hand", week=1)
    with opener() as session:
        again = refresh_material(session, added.material_id, text_of(LOOPS), checksum=checksum_of(LOOPS))
        improved = refresh_material(session, added.material_id, text_of(LONGER), checksum=checksum_of(LOOPS))
        late = refresh_material(session, added.material_id, text_of(LOOPS), checksum=checksum_of(LONGER))
    assert [again.outcome, improved.outcome, late.outcome] == ["unchanged", "changed", "unchanged"]
    assert (improved.title, improved.week, len(passages(opener, added.material_id))) == ("By hand", 1, 3)


def test_the_list_is_by_week_and_can_be_narrowed(add, opener, course):
    add(GERMAN, "schleifen.md", week=1)
    add(name="a.md", week=3)
    add(name="b.md")
    with opener() as session:
        listed = materials_of_course(session, course.code)
        german = materials_of_course(session, course.code, language="de")
        third = materials_of_course(session, course.code, week=3)
    assert listed["file_name"].tolist() == ["schleifen.md", "b.md", "a.md"]
    assert (german["file_name"].tolist(), third["file_name"].tolist()) == (["schleifen.md"], ["a.md"])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"url": "ftp://example.org/a"}, "begins with http:// or https://"),
        ({"url": "https://user:secret@example.org/"}, "contains a name or a password"),
        ({"url": "https:///nowhere"}, "names no host"),
        ({"url": "https://example.org:port/"}, "cannot be read"),
        ({"url": "javascript:alert(1)"}, "begins with http:// or https://"),
        ({"url": "https://example.org/a b"}, "without blanks"),
        ({"file_name": "../../etc/passwd"}, "within a folder"),
        ({"file_name": "/etc/passwd"}, "within a folder"),
        ({"language": "german"}, "code of a language"),
        ({"week": 61}, "less than or equal to 60"),
        ({}, "needs a file or a web address"),
    ],
)
def test_a_request_that_cannot_be_right_is_refused(said, sentence):
    with pytest.raises(ValidationError, match=sentence):
        AddMaterial.model_validate({"course": "C", **said})


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("cc-by-4.0", "CC-BY-4.0"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.de", "CC-BY-SA-4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("For students of this course only", "For students of this course only"),
    ],
)
def test_a_known_licence_is_stored_as_its_identifier(written, stored):
    assert MaterialDetails(licence=written).licence == stored
