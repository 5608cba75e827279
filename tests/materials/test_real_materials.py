"""Real course materials, read whole: how many files, passages, pages and minutes there are, and that reading them again gives the same."""

from collections import Counter
from itertools import pairwise

import pytest

from lmskit.limits import MOST_PASSAGE_WORDS
from lmskit.materials.kinds import DocumentKind
from lmskit.materials.passages import count_words
from lmskit.materials.reading import MaterialReader
from tests.real_data import REAL_DATA

FOLDER = REAL_DATA / "materials"
pytestmark = [pytest.mark.long, pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not on this machine")]


@pytest.fixture(scope="module")
def materials():
    with MaterialReader() as reader:
        return {path.relative_to(FOLDER).as_posix(): reader.read(path.read_bytes(), name=path.name) for path in sorted(FOLDER.rglob("*.*"))}


def test_all_of_them_are_read(materials):
    assert Counter(material.kind for material in materials.values()) == {
        DocumentKind.HTML: 40,
        DocumentKind.MARKDOWN: 13,
        DocumentKind.PDF: 6,
        DocumentKind.SRT: 5,
        DocumentKind.TEXT: 1,
    }
    lengths = Counter({material.kind: 0 for material in materials.values()})
    for material in materials.values():
        lengths[material.kind] += material.length or 0
    assert lengths[DocumentKind.PDF] == 17  # pages
    assert lengths[DocumentKind.SRT] // 60 == 59  # minutes


def test_they_give_this_many_passages(materials):
    passages: Counter[str] = Counter()
    for name, material in materials.items():
        passages[name.partition("/")[0]] += len(material.passages)
    assert passages == {"openedx_demo": 129, "software_carpentry": 258, "stat_rethinking": 24}


def test_every_passage_has_a_language_or_is_numbers(materials):
    languages = Counter(passage.language for material in materials.values() for passage in material.passages)
    assert languages["en"] > 0.9 * languages.total()
    assert languages.keys() <= {"en", None}


def test_every_passage_is_in_bounds_and_their_locations_grow(materials):
    for name, material in materials.items():
        assert all(0 < count_words(passage.body) <= MOST_PASSAGE_WORDS for passage in material.passages), name
        assert all(before.location.order <= after.location.order for before, after in pairwise(material.passages)), name


def test_what_has_no_text_says_so(materials):
    empty = {name for name, material in materials.items() if not material.passages}
    assert len(empty) == 2
    assert all("no text on the page" in materials[name].findings[0] for name in empty)
    assert not [material.findings for name, material in materials.items() if name not in empty and material.findings]


@pytest.mark.parametrize(
    ("name", "words", "location"),
    [
        ("stat_rethinking/week01.pdf", "the relevant discussion of the solutions", "page 1"),
        ("stat_rethinking/week02.pdf", "association between age and weight might be different", "page 1"),
        ("stat_rethinking/week01_solutions.pdf", "you always toss the globe an even number of times", "page 3"),
        ("software_carpentry/01-intro.md", "a variable is a name for a value", "Variables"),
        ("software_carpentry/05-loop.md", "for num in odds:", "Repeating Actions with Loops"),
        ("openedx_demo/48c991fb-083c-45e1-adad-930d2b11b11e-en.srt", "the state of open edx from Ed", "0:01"),
    ],
)
def test_a_known_sentence_is_found_at_its_location(materials, name, words, location):
    found = [passage for passage in materials[name].passages if words in " ".join(passage.body.split())]
    assert found, name
    assert location in str(found[0].location) or location == materials[name].title


def test_headers_of_pages_are_not_in_the_text(materials):
    for name, material in materials.items():
        if name.endswith("solutions.pdf"):
            later = [passage.body for passage in material.passages if (passage.location.page or 0) > 1]
            assert not [body for body in later if "SOLUTIONS" in body and "HOMEWORK" in body], name


def test_reading_them_again_gives_the_same(materials):
    with MaterialReader() as reader:
        for name, material in materials.items():
            assert reader.read((FOLDER / name).read_bytes(), name=(FOLDER / name).name) == material
