"""A search as a person types it, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.errors import SearchTextError
from lmskit.limits import LONGEST_SEARCH
from lmskit.queries.search_words import SearchWords, plain_words, search_words


@pytest.mark.parametrize(
    ("typed", "wished", "demanded"),
    [
        ("copy a list", "copy a list", ""),
        ('copy "by value"', "copy by value", '"by value"'),
        ("list -numpy", "list", "-numpy"),
        ('list -"deep copy"', "list", '-"deep copy"'),
        ('"deep copy" or "shallow copy"', "deep copy shallow copy", '"deep copy" or "shallow copy"'),
        ('"deep copy" OR list', "deep copy list", '"deep copy"'),
        ("cats or dogs", "cats dogs", ""),
        ('an "open quotation', "an open quotation", '"open quotation"'),
        ("state-of-the-art", "state-of-the-art", ""),
        ("a - b", "a - b", ""),
        ('list ""', "list", ""),
        ("a\0b\ud800c", "a b c", ""),
        ('"by\n\tvalue"', "by value", '"by value"'),
    ],
)
def test_the_parts_of_a_search(typed, wished, demanded):
    assert search_words(typed) == SearchWords(wished, demanded)


@pytest.mark.parametrize("typed", ["-list", '-"a b"', "-list - or"])
def test_a_search_that_only_excludes_says_so(typed):
    with pytest.raises(SearchTextError, match="The search text only excludes words, such as -"):
        search_words(typed)


@pytest.mark.parametrize("typed", ["", " \n", '""', "-", "- - -", "?!", "\0", "or", "OR"])
def test_a_search_without_a_word_is_refused(typed):
    with pytest.raises(SearchTextError, match="no word to search for"):
        search_words(typed)


def test_a_search_that_is_too_long_is_refused_and_any_other_text_is_cut():
    with pytest.raises(SearchTextError, match=r"has 100,000 characters, and at most 2,000"):
        search_words("x" * 100_000)
    assert plain_words("x" * 100_000).wished == "x" * LONGEST_SEARCH


def test_signs_have_no_meaning_in_other_texts():
    assert plain_words('print("-x") or -y') == SearchWords('print("-x") or -y')


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(typed):
    try:
        words = search_words(typed)
    except SearchTextError:
        return
    assert any(character.isalnum() for character in words.wished)
    assert not set(words.wished + words.demanded) & set("\0\n\t")
    assert words.demanded.count('"') % 2 == 0
    assert '"' not in words.wished
