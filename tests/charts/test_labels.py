"""Labels: what plotly would interpret is shown as it reads."""

import pytest

from lmskit.charts.labels import plain


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>", "$\\href{x}{y}$", "a\u202eb", "line\nbreak\x00"]
)
def test_nothing_in_a_label_is_left_to_interpret(hostile):
    assert not set(plain(hostile)) & set("<>$\n\x00\u202e\"'")


def test_letters_of_every_script_stay():
    assert plain("Łukasz Ōta می‌خواهم") == "Łukasz Ōta می‌خواهم"


def test_a_cut_never_falls_into_an_escape():
    assert plain("a<b>c", width=3) == "a&lt;…"
