"""How a file is read, where its content does not show it: separator, decimal mark, title of the quiz, scores, times, ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from lmskit.forms.field import Field, row

DETECTED = ""
"""The value of an option that is left to the reader."""
DELIMITERS = (("detected", DETECTED), ("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("colon", ":"))
DECIMAL_MARKS = (("detected", DETECTED), ("point, as in 1.5", "."), ("comma, as in 1,5", ","))

DAY_ORDERS = (("proved by the file", DETECTED), ("the day, as in 28/09/2026", "day-first"), ("the month, as in 09/28/2026", "month-first"))
OF_SOURCE = ("delimiter", "decimal_mark", "time_zone", "day_order", "source")


class ImportReading:
    """The options of the readers, as fields of a form."""

    def __init__(self) -> None:
        self.delimiter = widgets.Dropdown(options=DELIMITERS)
        self.decimal_mark = widgets.Dropdown(options=DECIMAL_MARKS)
        self.title = widgets.Text(placeholder="from the file", continuous_update=False)
        self.max_scores = widgets.Text(placeholder="Week 3=10, Week 4=12.5", continuous_update=False)
        self.time_zone = widgets.Text(placeholder="Europe/Berlin", continuous_update=False)
        self.day_order = widgets.Dropdown(options=DAY_ORDERS)
        self.source = widgets.Text(placeholder="campus", continuous_update=False)
        self.all_students = check("All people of a list without roles are students")
        self.rename = check("Rename people who are found by an id and share neither name nor address with their row (preview them first)")
        self.fields = {
            "delimiter": Field("Between columns", self.delimiter, width="1 1 150px"),
            "decimal_mark": Field("Decimal mark", self.decimal_mark, width="1 1 150px"),
            "title": Field("Title of the quiz", self.title, width="2 1 240px"),
            "max_scores": Field(
                "Maximum scores of new quizzes", self.max_scores, hint="Title=points, separated by commas.", width="2 1 260px"
            ),
            "time_zone": Field("Time zone", self.time_zone, hint="Of times without one; else UTC.", width="1 1 150px"),
            "day_order": Field("Dates begin with", self.day_order, width="1 1 150px"),
            "source": Field("System of the ids", self.source, hint="For plain tables.", width="1 1 150px"),
        }
        self.of_one_file: dict[str, widgets.DOMWidget] = {
            self.fields["title"].label: self.title,
            self.fields["max_scores"].label: self.max_scores,
            "Rename people": self.rename,
        }
        """What is about the content of one file, by its name on the screen."""
        self.of_source: dict[str, widgets.DOMWidget] = {
            **{self.fields[name].label: self.fields[name].control for name in OF_SOURCE},
            "All people are students": self.all_students,
        }
        """What files of one source have in common, by its name on the screen."""
        self.controls: tuple[widgets.DOMWidget, ...] = (
            self.delimiter, self.decimal_mark, self.title, self.max_scores, self.time_zone, self.day_order, self.source,
            self.all_students, self.rename,
        )  # fmt: skip
        self.view = widgets.VBox(
            [
                row(self.fields["delimiter"], self.fields["decimal_mark"], self.fields["title"]),
                row(self.fields["max_scores"], self.fields["time_zone"], self.fields["day_order"], self.fields["source"]),
                self.all_students,
                self.rename,
            ],
            layout=widgets.Layout(overflow="visible"),
        )

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Choose what was remembered of a source; options of which nothing was remembered are left to the reader."""
        self.delimiter.value = choices.get("delimiter", DETECTED)
        self.decimal_mark.value = choices.get("decimal_mark", DETECTED)
        self.source.value = choices.get("source", "")
        self.time_zone.value = choices.get("time_zone", "")
        self.day_order.value = choices.get("day_order", DETECTED)
        self.all_students.value = bool(choices.get("all_students", False))

    @property
    def values(self) -> dict[str, Any]:
        """The values by the names of a request's fields; None for what is left to the reader."""
        return {
            "delimiter": self.delimiter.value or None,
            "decimal_mark": self.decimal_mark.value or None,
            "title": self.title.value.strip() or None,
            "max_scores": _by_title(self.max_scores.value),
            "time_zone": self.time_zone.value.strip() or None,
            "day_order": self.day_order.value or None,
            "source": self.source.value.strip() or None,
            "all_students": self.all_students.value,
            "rename": self.rename.value,
        }


def _by_title(text: str) -> dict[str, str]:
    """Return what a text such as `Week 3=10, Week 4=12.5` has for each title."""
    pairs = (pair.rpartition("=") for pair in text.split(",") if pair.strip())
    return {title.strip(): value.strip() for title, _, value in pairs}


def check(description: str) -> widgets.Checkbox:
    """Return a check box that is as wide as its sentence."""
    return widgets.Checkbox(value=False, description=description, indent=False, layout=widgets.Layout(width="auto"))
