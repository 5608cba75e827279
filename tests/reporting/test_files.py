"""Files of reports: names that any system takes, and no file that is half there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.reporting.files import file_names


@pytest.mark.parametrize("code", ["AAA-2013J", "SIM-PROG-2026B", "cs101", "a.b_c"])
def test_a_plain_code_is_its_own_name(code):
    assert file_names([code]) == {code: code}


@pytest.mark.parametrize(
    "code", ["a b", "../up", "a/b", "a\\b", "CON", "com1.x", "index", "-x", "Ünder", "a~b", "x" * 100 + "!", "''", " "]
)
def test_any_other_code_gets_a_mark(code):
    name = file_names([code])[code]
    assert "~" in name
    assert not set(name) & set("/\\:*?\"<>| '")
    assert len(name) < 110


@given(st.sets(st.text(min_size=1, max_size=12), max_size=30))
def test_two_codes_never_share_a_file_even_where_capitals_are_the_same(codes):
    names = file_names(codes)
    assert len({name.casefold() for name in names.values()}) == len(codes)
