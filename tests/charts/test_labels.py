"""Labels: text that plotly would interpret is shown as it is."""

import pytest

from lmskit.charts.labels import plain


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>", "$\\href{x}{y}$", "a\u202eb", "line\nbreak\x00"]
)
def test_a_label_has_no_character_that_plotly_interprets(hostile):
    assert not set(plain(hostile)) & set("<>$\n\x00\u202e\"'")


def test_letters_of_every_script_are_kept():
    assert plain("Łukasz Ōta می‌خواهم") == "Łukasz Ōta می‌خواهم"


def test_a_long_text_is_not_cut_inside_an_escape():
    assert plain("a<b>c", width=3) == "a&lt;…"
