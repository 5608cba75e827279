import json

import pytest
from sqlalchemy import delete

from lmskit.db import transaction
from lmskit.models import Material
from lmskit.vocabulary import MaterialKind
from tests import factories


@pytest.fixture
def script(course, admin_engine):
    """A committed PDF of the course."""
    with transaction(admin_engine) as session:
        made = factories.material(session, course, kind=MaterialKind.PDF, title="Script [1]", url="https://example.org/script.pdf")
        factories.passage(session, made, 1, body="A list stores values, \x1b[31mone after another.", page=12, headings=["Lists"])
        factories.passage(session, made, 2, body="A loop repeats statements.", page=13)
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(Material).where(Material.id == made.id))


def test_passages_are_listed_with_location_and_link(lmskit, course, script):
    found = lmskit("material", "search", "storing values", "--course", course.code, "--limit", "5")
    assert found.exit_code == 0, found.output
    assert "Script [1]" in found.stdout
    assert "page 12, Lists" in found.stdout
    assert "https://example.org/script.pdf#page=12" in found.stdout
    assert "\x1b" not in found.stdout
    assert "loop" not in found.stdout
    assert "The passages were compared by their words alone" in found.stdout


def test_hits_are_printed_as_json(lmskit, course, script):
    found = lmskit("material", "search", "list or loop", "--course", course.code, "--format", "json")
    hits = json.loads(found.stdout)
    assert [hit["material"] for hit in hits] == ["Script [1]", "Script [1]"]
    assert {(hit["passage"], hit["location"]) for hit in hits} == {(1, "page 12, Lists"), (2, "page 13")}
    assert all(0 < hit["score"] <= 1 and hit["text"] for hit in hits)
    assert "by their words alone" in found.stderr


def test_words_are_demanded_and_excluded_within_names_with_points_too(lmskit, course, admin_engine):
    with transaction(admin_engine) as session:
        made = factories.material(
            session,
            course,
            passages=[
                "An array of Numpy.min is read.",
                "An array of numpyish things stays.",
                "An array has lib.numpy.arange(3).",
                "An array of C++ code.",
            ],
        )

    def bodies(text):
        found = lmskit("material", "search", "--course", course.code, "--format", "json", "--", text)
        return {hit["text"] for hit in json.loads(found.stdout)}

    try:
        first = json.loads(lmskit("material", "search", "-numpy array", "--course", course.code, "--format", "json").stdout)
        assert {hit["text"] for hit in first} == bodies("array -numpy")
        alone = lmskit("material", "search", "-copy", "--course", course.code)
        assert alone.stderr == "The search text only excludes words, such as -copy. Type what the passage should explain, too: list -copy\n"
        assert bodies("array -numpy") == {"An array of C++ code.", "An array of numpyish things stays."}
        assert bodies('array "numpy"') == {"An array of Numpy.min is read.", "An array has lib.numpy.arange(3)."}
        assert bodies('array "numpy" -read') == {"An array has lib.numpy.arange(3)."}
        assert bodies('array "numpy" "arange" or "code"') == {"An array has lib.numpy.arange(3).", "An array of C++ code."}
        assert len(bodies("array -c++")) == 3
        assert len(bodies('array -"numpy.min is"')) == 3
        for text in (
            "array \U0001f600 -\U0001f600",
            "array'; DROP TABLE lms.courses; --",
            'array -"a\\" -(\\ -[z -\\M',
            "array & | ! <-> :* %s {}",
        ):
            assert len(bodies(text)) == 4, text
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(Material).where(Material.id == made.id))


def test_filters_and_nothing_found(lmskit, course, script):
    for options in (["--week", "2"], ["--kind", "video"], ["--language", "fr"]):
        nothing = lmskit("material", "search", "list", "--course", course.code, *options)
        assert f"No passage of {course.code} has anything to do with it." in nothing.stderr
    assert json.loads(lmskit("material", "search", "zzz", "--course", course.code, "--format", "json").stdout) == []


def test_mistakes_are_refused(lmskit, course):
    for arguments, sentence in (
        (["?", "--course", course.code], "The search text has no word to search for."),
        (["list", "--course", "NO-SUCH"], "There is no course 'NO-SUCH'"),
        (["list", "--course", course.code, "--limit", "0"], "A list shows 1 to 1000 rows"),
    ):
        refused = lmskit("material", "search", *arguments)
        assert refused.exit_code == 1
        assert sentence in refused.stderr
