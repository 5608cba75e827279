"""Characters that change the direction of writing are stored as a file has them, and disturb nothing where they are shown."""

from collections.abc import Callable

import pandas as pd
import pytest

from lmskit.charts.labels import plain
from lmskit.cli.printing import visible
from lmskit.readable import as_cell
from lmskit.reporting.display import table
from lmskit.widgets.table import table_html

DIRECTIONS = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
RIGHT_TO_LEFT = ["\u05de\u05d1\u05d5\u05d0 \u05dc\u05be C++\u200e", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u061c1\u200f"]
"""Hebrew with a mark after C++, Persian with a joiner, and an Arabic letter mark."""
SHOWN: dict[str, Callable[[str], str]] = {
    "terminal": visible,
    "chart": plain,
    "cell of a screen": lambda text: table_html(pd.DataFrame({"title": [text]})),
    "cell of a report": lambda text: table(pd.DataFrame({"title": [text]}), caption=text).markup,
    "cell of a file": as_cell,
}


@pytest.mark.parametrize("text", RIGHT_TO_LEFT, ids=ascii)
def test_hebrew_arabic_and_persian_stay_as_they_are_written(text):
    assert all(text in show(text) for show in SHOWN.values())


@pytest.mark.parametrize("where", SHOWN)
def test_a_stored_title_disturbs_nothing_after_it(where):
    shown = SHOWN[where](f"Week {''.join(DIRECTIONS)}1")
    assert not set(shown) & set(DIRECTIONS)
