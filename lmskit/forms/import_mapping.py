"""Which column of a file holds each field: one drop-down for each field, with the first values of its column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets

from lmskit.forms.field import Field
from lmskit.importers.column_mapping import TableColumns
from lmskit.widgets import Disclosure

AS_RECOGNISED = ""
"""The value of the option that leaves a column as it is recognised."""
IGNORED = 0
"""The value of the option that reads no column as a field. A header can be any text, so this is a number."""
LABELS = {
    "id": "Id",
    "sis_id": "Student number",
    "email": "E-mail",
    "family_name": "Family name",
    "given_name": "Given name",
    "name": "Whole name",
    "username": "User name",
    "course": "Course",
    "role": "Role",
    "section": "Section",
    "group": "Group",
    "status": "Status of enrollment",
    "started_on": "First day",
    "ended_on": "Last day",
    "quiz": "Quiz",
    "week": "Week",
    "score": "Score",
    "max_score": "Maximum score",
    "attempt": "Number of the attempt",
    "submitted_at": "Submitted at",
    "submitted": "Submitted at",
    "state": "State of the attempt",
    "started": "Started at",
    "completed": "Completed at",
    "duration": "Duration",
}
"""The name of each field on the screen."""


class ImportMapping:
    """The columns of a file and the fields that they hold; takes no room before there is a table.

    Parameters
    ----------
    on_change
        Called when a person chose another column.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._columns = TableColumns()
        self.choices: dict[str, widgets.Dropdown] = {}
        self._examples: dict[str, widgets.Label] = {}
        columns = "repeat(auto-fill, minmax(230px, 1fr))"
        self._boxes = widgets.GridBox([], layout=widgets.Layout(grid_template_columns=columns, overflow="visible", grid_gap="2px 18px"))
        hint = widgets.Label("Each field with its column in the file, and the first values in it. Other columns are not imported.")
        hint.add_class("lmskit-text")
        self._inner = widgets.VBox([hint, self._boxes], layout=widgets.Layout(overflow="visible"))
        self.disclosure = Disclosure("Columns of the file", self._inner)
        self.view = self.disclosure.view
        self.view.layout.display = "none"

    @property
    def columns(self) -> dict[str, str]:
        """The header that was chosen for each field, empty if none is to be read, without those that are left as they are recognised."""
        chosen = {field: choice.value for field, choice in self.choices.items() if choice.value != AS_RECOGNISED}
        return {field: "" if value == IGNORED else value for field, value in chosen.items()}

    def show(self, columns: TableColumns | None, fields: Sequence[str], *, chosen: Mapping[str, str] | None = None) -> None:
        """Offer the columns of a table.

        Parameters
        ----------
        columns
            The columns; None hides everything.
        fields
            The fields that the format has; none hides everything.
        chosen
            The columns to begin with, by field, such as those that were chosen the last time; others than the file has are left out.
        """
        self._columns = columns or TableColumns()
        offered = fields if columns is not None else ()
        self.choices = {field: self._choice(field, (chosen or {}).get(field)) for field in offered}
        self._examples = {}
        self._boxes.children = [self._box(field) for field in offered]
        self.view.layout.display = None if offered else "none"
        self.disclosure.is_open = False

    def open(self) -> None:
        """Show the columns, since a person has to look at them."""
        if self.choices:
            self.disclosure.is_open = True

    def _choice(self, field: str, chosen: str | None) -> widgets.Dropdown:
        recognised = self._columns.recognised.get(field)
        first = "not in the file" if recognised is None else f"{recognised} (recognised)"
        headers = [(header, header) for header in self._columns.examples]
        choice = widgets.Dropdown(options=[(first, AS_RECOGNISED), ("ignore: read no column", IGNORED), *headers])
        if chosen == "":
            choice.value = IGNORED
        elif chosen in self._columns.examples:
            choice.value = chosen
        choice.observe(lambda _change: self._chosen(field), names="value")
        return choice

    def _box(self, field: str) -> widgets.VBox:
        label = widgets.Label(layout=widgets.Layout(width="auto"))
        label.add_class("lmskit-text")
        label.add_class("lmskit-hint")
        self._examples[field] = label
        shown = Field(LABELS.get(field, field), self.choices[field])
        shown.view.layout.min_width = "0"  # long headers do not widen the field
        shown.view.children = [*shown.view.children, label]
        self._show_examples(field)
        return shown.view

    def _chosen(self, field: str) -> None:
        self._show_examples(field)
        self._on_change()

    def _show_examples(self, field: str) -> None:
        chosen = self.choices[field].value
        header = None if chosen == IGNORED else chosen or self._columns.recognised.get(field)
        values = self._columns.examples.get(header, ()) if header else ()
        self._examples[field].value = " · ".join(values) if values else "no values" if header else ""

    def disable(self, *, disabled: bool) -> None:
        """Allow changes, or not, while a task runs."""
        for choice in self.choices.values():
            choice.disabled = disabled
