"""Passages: no word lost or invented, never across a heading or slide, lengths in bounds, locations that only grow."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmskit.limits import FEWEST_PASSAGE_WORDS, LONGEST_PROSE, MOST_PASSAGE_WORDS
from lmskit.materials.block import Block, BlockRole, cleaned, one_line
from lmskit.materials.location import Location
from lmskit.materials.passages import MOST_OVERLAP, Passage, count_words, passages_of
from tests.examples import share
from tests.materials.words import numbered, words

WORD = st.text(alphabet="abcäßдשعn.!?,;-3", min_size=1, max_size=70).filter(str.strip)
HEADING = "§"
"""Begins headings in the made documents, and nothing else."""
TEXT = st.one_of(
    st.lists(WORD, min_size=1, max_size=10).map(" ".join),
    st.integers(1, 500).map(lambda count: " ".join(words(count))),
    st.text(alphabet="统计学入门。 ", min_size=1, max_size=600),
    st.text(min_size=1, max_size=60).map(lambda text: text.replace(HEADING, "")),
)


@st.composite
def documents(draw) -> list[Block]:
    """Blocks as a reader may give them out, page after page."""
    blocks = []
    page = 1
    for _ in range(draw(st.integers(1, 8))):
        page += draw(st.integers(0, 2))
        role = draw(
            st.sampled_from(
                [BlockRole.HEADING, BlockRole.TEXT, BlockRole.TEXT, BlockRole.TEXT, BlockRole.CODE, BlockRole.NOTES, BlockRole.BREAK]
            )
        )
        text = f"{HEADING}{page}" if role is BlockRole.HEADING else cleaned(draw(TEXT))
        blocks.append(
            Block(text, Location(page=page), role, level=draw(st.integers(1, 4)), joint=draw(st.sampled_from(["\n\n", "\n", " "])))
        )
    return blocks


def own(passage: Passage) -> str:
    """A passage without what it repeats."""
    return passage.body[passage.overlap :]


def letters(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=share(40))
@given(documents())
def test_no_letter_of_the_body_is_lost_or_invented(blocks):
    body = letters("".join(block.text for block in blocks if block.role not in {BlockRole.HEADING, BlockRole.BREAK}))
    passages = [own(passage) for passage in passages_of(blocks) if not passage.body.startswith(HEADING)]
    assert letters("".join(passages)) == body


@settings(max_examples=share(40))
@given(documents())
def test_lengths_are_in_bounds_and_the_overlap_is_the_end_of_the_passage_before(blocks):
    passages = list(passages_of(blocks))
    for before, passage in itertools.pairwise([None, *passages]):
        assert passage is not None
        assert 0 < count_words(passage.body) <= MOST_PASSAGE_WORDS
        assert len(passage.body) <= LONGEST_PROSE
        repeated = passage.body[: passage.overlap]
        assert count_words(repeated) <= MOST_OVERLAP
        assert before is None or letters(before.body).endswith(letters(repeated))
        if passage.overlap:
            assert before is not None
            assert before.location.headings == passage.location.headings
            assert count_words(before.body) >= FEWEST_PASSAGE_WORDS
            assert count_words(own(passage)) >= FEWEST_PASSAGE_WORDS


@settings(max_examples=share(25))
@given(documents())
def test_locations_only_grow(blocks):
    orders = [passage.location.order for passage in passages_of(blocks)]
    assert orders == sorted(orders)


@settings(max_examples=share(20))
@given(st.lists(st.integers(0, 600), min_size=1, max_size=6), st.sampled_from([BlockRole.HEADING, BlockRole.BREAK]))
def test_no_passage_crosses_a_heading_or_slide(sections, role):
    blocks = []
    for number, count in enumerate(sections):
        blocks += [Block("" if role is BlockRole.BREAK else f"Heading{number}", role=role, level=1)]
        blocks += [Block(" ".join(numbered(count, f"s{number}w")))] if count else []
    for passage in passages_of(blocks):
        if not passage.body.startswith("Heading"):
            assert len({word.partition("w")[0] for word in passage.body.split()}) == 1
            section = passage.body.split()[0].partition("w")[0][1:]
            assert role is BlockRole.BREAK or passage.location.headings == (f"Heading{section}",)
    made = [passage for passage in passages_of(blocks) if not passage.overlap and not passage.body.startswith("Heading")]
    assert len(made) == sum(count > 0 for count in sections)


def test_the_headings_above_a_passage_are_its_path():
    blocks = [
        Block("Course", role=BlockRole.HEADING, level=1),
        Block("intro"),
        Block("Means", role=BlockRole.HEADING, level=2),
        Block("Median", role=BlockRole.HEADING, level=3),
        Block("middle"),
        Block("Lines", role=BlockRole.HEADING, level=2),
        Block("slope"),
        Block("Appendix", role=BlockRole.HEADING, level=1),
    ]
    assert [(passage.location.headings, passage.body) for passage in passages_of(blocks)] == [
        (("Course",), "intro"),
        (("Course", "Means", "Median"), "middle"),
        (("Course", "Lines"), "slope"),
        (("Appendix",), "Appendix"),
    ]


def test_a_short_section_stays_short_and_a_long_one_is_cut_at_ends_of_sentences():
    headings = [Block(name, role=BlockRole.HEADING, level=1) for name in "AB"]
    short, *long = passages_of([headings[0], Block("few words"), headings[1], Block(" ".join(words(500)))])
    assert short.body == "few words"
    assert len(long) == 3
    assert all(passage.body.endswith(".") for passage in long[:-1])
    assert all(passage.body[passage.overlap :].lstrip()[0].isupper() for passage in long[1:])


def test_cuts_fall_on_the_ends_of_pages_where_they_can():
    pages = [Block(" ".join(numbered(count, f"p{page}w")), Location(page=page)) for page, count in enumerate([120, 110, 30, 100], start=1)]
    passages = list(passages_of(pages))
    assert [passage.location.page for passage in passages] == [1, 2, 4]
    assert passages[0].body.split()[-1] == "p1w119"


def test_notes_are_passages_of_their_own():
    shown, notes = passages_of([Block("on the slide"), Block("said", role=BlockRole.NOTES)])
    assert (shown.is_notes, notes.is_notes) == (False, True)


def test_code_is_in_the_body_and_not_in_the_prose():
    (passage,) = passages_of([Block("We add."), Block("x = 1\ny = 2", role=BlockRole.CODE)])
    assert passage.body == "We add.\n\nx = 1\ny = 2"
    assert passage.prose == "We add."


def test_a_book_without_headings_is_cut_as_it_is_read():
    passages = passages_of([Block(" ".join(words(50_000)))])
    assert count_words(next(passages).body) <= MOST_PASSAGE_WORDS
    assert sum(count_words(own(passage)) for passage in passages) > 49_000


@pytest.mark.parametrize("text", ["x" * 50_000, "字" * 10_000, "a" * 49 + " " + "b" * 51])
def test_a_run_without_spaces_is_cut_and_nothing_is_put_between(text):
    passages = list(passages_of([Block(text)]))
    assert letters("".join(own(passage) for passage in passages)) == letters(text)
    assert all(count_words(passage.body) <= MOST_PASSAGE_WORDS for passage in passages)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("\ufb02ow", "flow"),
        ("a\x00b\x1bc", "abc"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a" + " " * 1000 + "b", "a" + " " * 24 + "b"),
        ("half \ud800 of a character", "half  of a character"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)
def test_text_is_stored_composed_and_without_what_a_database_refuses(given_text, kept):
    assert cleaned(given_text) == kept


def test_a_long_heading_is_cut_after_a_word():
    assert one_line("word " * 100).endswith("word…")
    assert len(one_line("x" * 1000)) == 200
