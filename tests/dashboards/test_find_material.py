"""The search in materials: hits with location, snippet and link, a sentence where there is nothing to show, and no text that is HTML."""

import pytest

from lmskit.dashboards import FindMaterialDashboard
from lmskit.dashboards.dashboard import ALL_WEEKS, TABLES
from lmskit.dashboards.find_material import ALL_COURSES, ANY, HOW_TO_BEGIN, NOTHING_STANDS_OUT
from lmskit.dashboards.hit_list import hit_html, match_share
from lmskit.db import access
from lmskit.materials.chosen_store import store_of
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.materials.vectors.embedder import vectors_of
from lmskit.models import EmbeddingModel, MaterialFile
from lmskit.read_models.passage_search import BY_WORDS_ALONE
from lmskit.vocabulary import EmbeddingModelState, MaterialKind
from lmskit.widgets import Download
from tests import factories
from tests.forms.screen import widgets_in

EVIL = """<img src=x onerror=alert(1)><script>alert(2)</script> **bold** [a](javascript:alert(3)) "' onmouseover=alert(4) &lt;b&gt;"""
EMBEDDER = CharacterHash()


@pytest.fixture
def course(session):
    return factories.course(session, weeks=3)


@pytest.fixture
def materials(session, course):
    """A PDF with an address in week 2, a video, and a file of the whole course in German."""
    pdf = factories.material(session, course, kind=MaterialKind.PDF, title="Script", url="https://example.org/s.pdf", week_number=2)
    video = factories.material(
        session, course, kind=MaterialKind.VIDEO, title="Lecture", url="https://example.org/l.mp4", week_number=3, language="de"
    )
    return [
        factories.passage(session, pdf, 1, body="A loop repeats statements.", page=1),
        factories.passage(session, pdf, 2, body="A list stores values in their order.", page=2, headings=["Lists"]),
        factories.passage(session, video, 1, body="Eine Liste speichert Werte.", seconds=75.0),
    ]


def with_vectors(session, passages):
    made = EmbeddingModel(name=EMBEDDER.name, dimension=EMBEDDER.dimension, checksum=EMBEDDER.checksum, state=EmbeddingModelState.IN_USE)
    session.add(made)
    session.flush()
    for passage, numbers in zip(passages, vectors_of(EMBEDDER, [passage.body for passage in passages]), strict=True):
        factories.vector(session, passage, made, numbers.tolist())


@pytest.fixture
def dashboard(course, materials, in_session):
    return FindMaterialDashboard(course.code, open_session=in_session)


def html_of(dashboard):
    return "".join(str(widget.value) for widget in widgets_in(dashboard._results) if hasattr(widget, "value"))


def test_it_says_how_to_begin_and_what_there_is(dashboard):
    assert dashboard.found.value == HOW_TO_BEGIN
    assert dashboard.about.value == "2 materials with 3 passages."
    assert [label for label, _ in dashboard.kind.options] == ["all kinds", "PDF", "video"]
    assert [label for label, _ in dashboard.language.options] == ["all languages", "de", "en"]


def test_a_text_that_was_entered_is_searched_and_a_hit_has_location_marked_snippet_and_link(session, materials, dashboard):
    with_vectors(session, materials)
    dashboard.search.value = "values in a list"
    assert dashboard.found.value == ""
    html = html_of(dashboard)
    assert dashboard.result.hits[0].title == "Script"
    assert '<a href="https://example.org/s.pdf#page=2" target="_blank" rel="noopener noreferrer">Script</a>' in html
    assert "page 2, Lists" in html
    assert "<mark>list</mark>" in html
    assert (dashboard.caveat.value, dashboard.mode.options) == ("", ("Hits", "Tables"))
    assert 'href="https://example.org/l.mp4#t=75"' in html


def test_where_words_alone_are_compared_it_says_so_and_why(dashboard):
    dashboard.search.value = "list"
    assert dashboard.caveat.value.startswith(BY_WORDS_ALONE)
    assert "has a vector" in dashboard.caveat.value


def test_filters_search_again_and_name_themselves_where_nothing_is_found(dashboard):
    dashboard.search.value = "stores"
    assert [hit.title for hit in dashboard.result.hits] == ["Script"]
    dashboard.week.value = 3
    assert dashboard.found.value.endswith(
        "in week 3 has anything to do with it. Search in all weeks, kinds and languages, or with other words."
    )
    dashboard.week.value, dashboard.kind.value = ALL_WEEKS, MaterialKind.PDF
    assert [hit.title for hit in dashboard.result.hits] == ["Script"]
    dashboard.kind.value, dashboard.language.value = ANY, "de"
    dashboard.search.value = "Listen"
    assert [hit.title for hit in dashboard.result.hits] == ["Lecture"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("   ", "The search text has no word to search for. Type what the passage should explain."),
        ("x" * 2001, "The search text has 2,001 characters, and at most 2,000 are searched for. Shorten it."),
        ("xylophone", "has anything to do with it. Try other words."),
    ],
)
def test_without_a_hit_it_says_why(dashboard, text, sentence):
    dashboard.search.value = text
    assert sentence in dashboard.found.value
    assert dashboard._results.children == ()


def test_a_course_without_materials_or_with_links_alone_says_so(session, course, in_session):
    dashboard = FindMaterialDashboard(course.code, "loops", open_session=in_session)
    assert dashboard.found.value.startswith(f"{course.code} has no materials yet. Materials are added in admin/materials")
    factories.material(session, course)
    dashboard = FindMaterialDashboard(course.code, "loops", open_session=in_session)
    assert f"{course.code} has no text to search in" in dashboard.found.value
    assert dashboard.result is None


def test_a_hit_that_does_not_stand_out_is_called_weak(session, course, materials, in_session):
    with_vectors(session, materials)
    dashboard = FindMaterialDashboard(course.code, "xylophone", open_session=in_session)
    assert dashboard.found.value == NOTHING_STANDS_OUT
    assert "weak match" in html_of(dashboard)
    assert "good match" not in html_of(dashboard)
    assert dashboard.result is not None
    assert match_share(dashboard.result.hits[0], dashboard.result) < 1, "the bar of a weak match is not full, even of the best one"


def test_the_table_has_what_the_hits_have(dashboard):
    dashboard.search.value = "stores"
    dashboard.mode.value = TABLES
    table = dashboard.table.frame
    assert table[["Material", "Where", "Text", "Week"]].to_numpy().tolist() == [
        ["Script", "page 2, Lists", "A list stores values in their order.", 2]
    ]
    assert "https://example.org/s.pdf#page=2" in html_of(dashboard)


def test_all_courses_are_searched_together(session, course, materials, in_session):
    other = factories.course(session, weeks=1)
    factories.passage(session, factories.material(session, other, title="Other"), body="Another list of values.")
    dashboard = FindMaterialDashboard(course.code, open_session=in_session)
    dashboard.course.value = ALL_COURSES
    dashboard.search.value = "list"
    assert dashboard.result is not None
    assert {hit.course for hit in dashboard.result.hits} >= {course.code, other.code}


def test_no_text_of_a_material_is_html_for_the_browser(session, course, in_session):
    made = factories.material(session, course, title=f"list {EVIL}", url="https://example.org/'onmouseover='alert(5)", week_number=1)
    factories.passage(session, made, body=f"list {EVIL}", headings=[EVIL])
    dashboard = FindMaterialDashboard(course.code, f"list onerror bold {EVIL.replace('-', ' ')}", open_session=in_session)
    assert dashboard.result is not None
    assert len(dashboard.result.hits) == 1
    hits = html_of(dashboard)
    dashboard.mode.value = TABLES
    for html in (hits, html_of(dashboard)):
        assert "list" in html
        assert not {tag for tag in ("<img", "<script", "<b>", "<strong") if tag in html}
        assert 'href="javascript' not in html
        assert "'onmouseover=" not in html.replace("&#x27;", "").replace('"', "'"), "an attribute was closed"


def test_only_web_addresses_become_links(session, course, materials, dashboard):
    from dataclasses import replace

    dashboard.search.value = "list"
    hit = replace(dashboard.result.hits[0], link="javascript:alert(1)")
    html = hit_html(hit, replace(dashboard.result, hits=(hit,)))
    assert "href" not in html
    assert "javascript" not in html


def test_a_file_without_an_address_can_be_downloaded_and_a_lost_one_is_explained(session, course, in_session, configure, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path / "store"))
    store = store_of(access().settings)
    stored_as = store.add(b"A list.")
    session.add(MaterialFile(stored_as=stored_as))
    session.flush()
    made = factories.material(
        session,
        course,
        title="Notes",
        url=None,
        file_name="week-01/notes.md",
        checksum="0" * 64,
        stored_as=stored_as,
        kind=MaterialKind.MARKDOWN,
    )
    factories.passage(session, made, body="A list.")
    dashboard = FindMaterialDashboard(course.code, "list", open_session=in_session)
    [button] = [widget for widget in widgets_in(dashboard.view) if isinstance(widget, Download)]
    sent = []
    button.send = lambda content, buffers=None: sent.append((content, buffers))
    button.receive({"wanted": True})
    assert (button.label, sent) == ("Download week-01/notes.md", [({"name": "notes.md"}, [b"A list."])])
    store.remove(stored_as)
    button.receive({"wanted": True})
    assert sent[1][0] == {"failed": True}
    assert "is not in the store of materials" in dashboard.found.value
