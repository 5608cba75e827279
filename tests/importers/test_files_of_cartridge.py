"""Pages, files and links of a Common Cartridge become materials in the week of their module, and nothing else comes with them."""

import zipfile

import pytest
from sqlalchemy import func, select

from lmskit.errors import ImportFileError
from lmskit.importers.cartridge.files import FILES
from lmskit.importers.cartridge.package import FORMAT
from lmskit.materials.store import FolderStore
from lmskit.models import Material, MaterialFile, MaterialPassage, PassageWords
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from lmskit.services.material import sweep
from lmskit.vocabulary import MaterialKind, Origin
from tests import factories
from tests.importers.test_course_of_file import last_run
from tests.importers.test_import_undo import content

MANIFEST = """<manifest identifier="m1" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1">
<metadata><schema>IMS Common Cartridge</schema></metadata>
<organizations><organization><item identifier="root">{}</item></organization></organizations>
<resources>
{}
</resources></manifest>"""
LINK = '<webLink xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imswl_v1p1"><title>In pictures</title><url href="{}"/></webLink>'
FOR_TEACHERS = (
    '<metadata><lom xmlns="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/resource"><educational><intendedEndUserRole>'
    "<source>IMSGLC_CC_Rolesv1p1</source><value>Instructor</value></intendedEndUserRole></educational></lom></metadata>"
)
SORTING = "# Merge sort\n\nIt splits the list, sorts both halves and merges them again.\n"
SCRIPT = "<html><title>Trees</title><body><script>alert('stolen')</script><p onclick='steal()'>A heap is a tree.</p></body></html>"


@pytest.fixture
def course(session):
    return factories.course(session, weeks=1)


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "materials"
    folder.mkdir(mode=0o700)
    return FolderStore(folder)


@pytest.fixture
def cartridge(tmp_path):
    """A packed cartridge: by the names of files their contents; those of `week_2` and `week_3` are in modules."""

    def packed(files, *, week_2=(), week_3=(), for_teachers=(), links=(), absent=()):
        names = [*files, *absent]
        numbers = {name: f"r{number}" for number, name in enumerate(names)}
        items = []
        for week, inside in ((2, week_2), (3, week_3)):
            within = [f'<item identifierref="{numbers[name]}"><title>{title}</title></item>' for name, title in inside]
            items.append(f"<item><title>Week {week}</title>{''.join(within)}</item>")
        resources = [
            f'<resource identifier="{numbers[name]}" type="{"imswl_xmlv1p1" if name in links else "webcontent"}" href="{name}">'
            f'{FOR_TEACHERS if name in for_teachers else ""}<file href="{name}"/></resource>'
            for name in names
        ]
        path = tmp_path / "course.imscc"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("imsmanifest.xml", MANIFEST.format("".join(items), "\n".join(resources)))
            for name, text in files.items():
                archive.writestr(name, text)
        return path

    return packed


@pytest.fixture
def imported(session, course, store):
    def run(path, **options):
        return import_path(session, path, FORMAT, ImportOptions(course=course.code, **options), store=store)

    return run


@pytest.fixture
def whole(cartridge):
    return cartridge(
        {
            "web_resources/sort.md": SORTING,
            "wiki_content/trees.html": SCRIPT,
            "syllabus.txt": "What the course is about.",
            "link.xml": LINK.format("https://example.org/trees"),
            "solutions.txt": "The answer is 42.",
            "logo.png": b"\x89PNG",
            "broken.pdf": b"%PDF-1.7 nothing",
        },
        week_2=[("web_resources/sort.md", "How to sort")],
        week_3=[("wiki_content/trees.html", "Trees"), ("link.xml", "")],
        for_teachers=["solutions.txt"],
        links=["link.xml"],
        absent=["../../etc/passwd"],
    )


def materials(session, course):
    columns = select(Material.file_name, Material.url, Material.title, Material.week_number, Material.kind)
    return [tuple(row) for row in session.execute(columns.where(Material.course_id == course.id).order_by(Material.id))]


def outcomes(report):
    return {outcome.what.partition(" · ")[0]: (outcome.state, outcome.reason) for outcome in report.outcomes if outcome.part == FILES}


def stored(store):
    return sorted(store.names())


def test_files_and_links_become_materials_in_the_week_of_their_module_once(session, course, store, imported, whole):
    tried = imported(whole, dry_run=True)
    assert (materials(session, course), stored(store)) == ([], [])
    report = imported(whole)
    assert outcomes(tried) == outcomes(report)
    assert materials(session, course) == [
        ("web_resources/sort.md", None, "How to sort", 2, MaterialKind.MARKDOWN),
        ("wiki_content/trees.html", None, "Trees", 3, MaterialKind.PAGE),
        (None, "https://example.org/trees", "In pictures", 3, MaterialKind.PAGE),
        ("syllabus.txt", None, "syllabus", None, MaterialKind.TEXT),
    ]
    assert set(session.scalars(select(Material.origin).where(Material.course_id == course.id))) == {Origin.IMPORT}
    assert len(stored(store)) == 3
    counts = next(file for file in report.files if file.file == FILES)
    assert counts.identity() == "5 in = 4 added + 0 changed + 0 unchanged + 1 rejected"
    assert [(rejection.value, rejection.row) for rejection in report.rejections] == [("broken.pdf", 11)]
    assert report.entity("materials").added == 4
    assert {
        "Files that the cartridge lacks: ../../etc/passwd.",
        "Files and links that are for teachers alone, and are left out: 1.",
        "Files that are not materials: 1. a picture (1).",
    } <= set(report.notes)
    bodies = " ".join(session.scalars(select(MaterialPassage.body).where(MaterialPassage.course_id == course.id)))
    assert "merges them again" in bodies
    assert "A heap is a tree." in bodies
    assert "stolen" not in bodies
    assert "steal" not in bodies
    assert session.scalar(select(func.count()).select_from(PassageWords).where(PassageWords.course_id == course.id)) == 3
    before = (content(session), stored(store))
    second = imported(whole)
    assert {state for state, _ in outcomes(second).values()} == {"unchanged", "rejected"}
    assert (content(session), stored(store)) == before


def test_an_undo_takes_materials_back_and_their_files_after_it(session, course, store, imported, whole):
    before = content(session)
    imported(whole)
    assert undo_import(session, last_run(session), dry_run=True).released == ()
    report = undo_import(session, last_run(session))
    assert [each.removed for each in report.taken_back if each.kind == "materials"] == [4]
    assert sorted(report.released) == stored(store)
    sweep(session, store, report.released)
    assert (content(session), stored(store)) == (before, [])


def test_what_a_person_added_or_changed_stays(session, course, store, imported, whole):
    own = factories.material(session, course, file_name="syllabus.txt", title="My syllabus")
    factories.material(session, course, url="https://example.org/trees", title="My link")
    found = outcomes(imported(whole))
    assert found["syllabus.txt"] == (
        "rejected",
        f"the course has another file of this name, which stays. To take this one: lmskit material remove {own.id}, and import again",
    )
    assert found["https://example.org/trees"][0] == "unchanged"
    session.scalars(select(Material).where(Material.title == "How to sort")).one().title = "Sorting, explained"
    session.flush()
    report = undo_import(session, last_run(session))
    assert [(each.kind, each.n_rows) for each in report.kept] == [("materials", 1)]
    assert ("weeks", 1) in [(each.kind, each.n_rows) for each in report.impossible]
    sweep(session, store, report.released)
    assert [title for _, _, title, _, _ in materials(session, course)] == ["My syllabus", "My link", "Sorting, explained"]
    assert len(stored(store)) == 1


PLACES = [
    ("http://127.0.0.1:8888/lab", "its host is an address of this machine, which others cannot reach"),
    ("http://[::1]/", "its host is"),
    ("http://localhost/admin", "its host is this machine or its network"),
    ("http://10.0.0.7/", "its host is an address of a private network"),
    ("http://2130706433/", "its host is a number in an unusual spelling"),
    ("javascript:alert(1)", "This must be a web address"),
    ("file:///etc/passwd", "This must be a web address"),
    ("https://ada:secret@example.org/", "contains a name or a password"),
    ("", "its file names no address"),
]


def test_a_link_to_where_no_student_can_go_is_refused_and_asked_for_nothing(session, course, imported, cartridge):
    names = {f"link{number}.xml": LINK.format(url) for number, (url, _) in enumerate(PLACES)}
    report = imported(cartridge(names, links=names))
    found = [
        (outcome.state, reason in outcome.reason) for outcome, (_, reason) in zip(report.outcomes[-len(PLACES) :], PLACES, strict=True)
    ]
    assert found == [("rejected", True)] * len(PLACES)
    assert materials(session, course) == []


def test_hostile_archives_are_refused_before_anything_is_read(session, course, store, imported, cartridge):
    known = session.scalar(select(func.count()).select_from(MaterialFile))
    bomb = cartridge({"notes.txt": "a" * 30 * 1024**2}, week_2=[("notes.txt", "Notes")])
    with pytest.raises(ImportFileError, match="unpacks to more than is read"):
        imported(bomb)
    path = cartridge({"notes.txt": "Notes"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped.txt", "out")
    with pytest.raises(ImportFileError, match="is not a name within the archive"):
        imported(path)
    link = zipfile.ZipInfo("passwords.txt")
    link.external_attr = 0o120777 << 16
    path = cartridge({"notes.txt": "Notes"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ImportFileError, match=r"passwords\.txt is a link"):
        imported(path)
    assert (materials(session, course), stored(store)) == ([], [])
    assert session.scalar(select(func.count()).select_from(MaterialFile)) == known


def test_without_a_store_files_are_left_out_and_counted(session, course, whole):
    report = import_path(session, whole, FORMAT, ImportOptions(course=course.code))
    assert "Files and links that are left out: 6." in report.notes
    assert materials(session, course) == []
