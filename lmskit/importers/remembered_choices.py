"""How files of a source were read the last time: which options that are, in words, and under those of now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from lmskit.importers.formats import ReadOptions

REMEMBERED = ("delimiter", "decimal_mark", "columns", "source", "all_students", "time_zone", "day_order")
"""The options of the readers that belong to a source; title and maximum scores belong to one file."""
WORDS = {
    "delimiter": "separator",
    "decimal_mark": "decimal mark",
    "source": "system of the ids",
    "time_zone": "time zone",
    "day_order": "order of dates",
}
MARKS = {",": "comma", ";": "semicolon", "\t": "tab", ":": "colon", ".": "point"}


@dataclass(frozen=True, slots=True)
class RememberedChoices:
    """What was chosen for a source, and when."""

    choices: dict[str, Any]
    chosen_at: dt.datetime

    def sentence(self) -> str:
        """Return what was chosen, in a sentence."""
        mapped = sorted(self.choices.get("columns", {}).items())
        columns = [f"{field} from {header!r}" if header else f"{field} not read" for field, header in mapped]
        others = [f"{words} {MARKS.get(self.choices[name], self.choices[name])}" for name, words in WORDS.items() if name in self.choices]
        students = ["all people are students"] if self.choices.get("all_students") else []
        return f"Read as chosen on {self.chosen_at:%Y-%m-%d}: {', '.join([*columns, *others, *students])}."

    def under(self, given: ReadOptions) -> ReadOptions:
        """Return options with what was chosen before wherever nothing else is given now."""
        named = {name: value for name, value in self.choices.items() if name in REMEMBERED and not getattr(given, name)}
        return replace(given, **named)


def choices_of(reading: ReadOptions) -> dict[str, Any]:
    """Return what is remembered of the options of a reader: those that were given."""
    found = {name: getattr(reading, name) for name in REMEMBERED if getattr(reading, name)}
    return {name: dict(value) if name == "columns" else value for name, value in found.items()}
