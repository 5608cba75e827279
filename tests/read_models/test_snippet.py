"""The part of a passage that a list of hits shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.materials.location import Location
from lmskit.read_models.material_link import link_to
from lmskit.read_models.snippet import SNIPPET_WORDS, snippet_of, words_of

LONG = " ".join(f"word{n}" for n in range(200))


def test_the_part_begins_a_little_before_the_found_words():
    snippet = snippet_of(LONG, {"word100", "word110"})
    assert str(snippet).startswith("… word92 ")
    assert str(snippet).endswith(" …")
    assert [text for text, found in snippet.pieces if found] == ["word100", "word110"]


def test_the_part_has_most_of_the_found_words():
    found = {"word5", "word150", "word151"}
    assert [text for text, marked in snippet_of(LONG, found).pieces if marked] == ["word150", "word151"]


def test_without_found_words_it_is_what_is_new_in_the_passage():
    assert str(snippet_of(LONG, set(), overlap=len("word0 word1 "))).startswith("… word2 ")


def test_a_word_is_marked_within_signs():
    assert snippet_of("Call list(odd_numbers), or len(x).", {"list", "x"}).marked("[", "]") == "Call [list](odd_numbers), or len([x])."


def test_numbers_and_single_letters_are_marked_only_if_nothing_else_is_searched_for():
    body = "7 of 10 use C, and 学 is a word."
    assert words_of(body, "which 7 languages are like C?") == {"of", "use", "and", "学", "is", "word"}
    assert {"7", "10", "C", "a"} <= words_of(body, "C 7")


def test_markup_of_a_passage_stays_text():
    snippet = snippet_of("<script>alert(1)</script> <b>list</b>", {"list"})
    assert str(snippet) == "<script>alert(1)</script> <b>list</b>"


@given(st.text(max_size=400), st.sets(st.text(min_size=1, max_size=5), max_size=3), st.integers(0, 400))
def test_every_snippet_is_a_part_of_its_passage(body, found, overlap):
    words_there = words_of(body, "")
    snippet = snippet_of(body, found & words_there | set(list(words_there)[:2]), overlap)
    shown = str(snippet).removeprefix("… ").removesuffix(" …").split()
    words = body.split()
    assert len(shown) <= SNIPPET_WORDS + 2
    assert any(words[start : start + len(shown)] == shown for start in range(len(words) + 1)) or "…" in body
    assert all(one[1] != other[1] for one, other in zip(snippet.pieces, snippet.pieces[1:], strict=False))


@pytest.mark.parametrize(
    ("url", "location", "link"),
    [
        (None, Location(page=3), None),
        ("https://example.org/a.pdf", Location(page=3), "https://example.org/a.pdf#page=3"),
        ("https://example.org/a.pdf?x=1#old", Location(page=3), "https://example.org/a.pdf?x=1#page=3"),
        ("https://youtu.be/abc?si=1", Location(seconds=61.9), "https://youtu.be/abc?si=1&t=61s"),
        ("https://vimeo.com/1", Location(seconds=61), "https://vimeo.com/1#t=61"),
        ("https://example.org/a.html#part", Location(headings=("Part",)), "https://example.org/a.html#part"),
        ("https://example.org/a.pptx", Location(slide=3), "https://example.org/a.pptx"),
    ],
)
def test_the_link_opens_the_page_or_the_second(url, location, link):
    assert link_to(url, location) == link
