"""One field of a form: its label, its widget, and room for a sentence about a mistake."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from lmskit.widgets import Grid, SearchableDropdown

_NAMED = (
    widgets.Text,
    widgets.Textarea,
    widgets.Combobox,
    widgets.Dropdown,
    widgets.SelectMultiple,
    widgets.BoundedIntText,
    widgets.DatePicker,
)


class Field:
    """A labelled widget with room under it for one sentence about a mistake.

    Parameters
    ----------
    label
        The name of the field on the screen.
    control
        The widget that holds the value.
    hint
        What to enter, shown under the widget.
    width
        The field's share of its row, as a CSS flex value.
    """

    def __init__(self, label: str, control: widgets.DOMWidget, *, hint: str = "", width: str = "1 1 230px") -> None:
        self.label, self.control, self.width = label, control, width
        control.layout.width = "auto"
        title = widgets.Label(label)
        if isinstance(control, (*_NAMED, SearchableDropdown)) and not control.description:
            named(control, label)
        self._hint = small_text(hint)
        self._problem = small_text("", "lmskit-problem")
        self.view = widgets.VBox([title, control, self._hint, self._problem], layout=widgets.Layout(flex="0 0 auto", overflow="visible"))

    @property
    def hint(self) -> str:
        """What to enter; empty if there is no hint."""
        return str(self._hint.value)

    @hint.setter
    def hint(self, sentence: str) -> None:
        self._hint.value = sentence
        self._hint.layout.display = None if sentence else "none"

    @property
    def problem(self) -> str:
        """The mistake that is shown; empty if there is none."""
        return str(self._problem.value)

    @problem.setter
    def problem(self, sentence: str) -> None:
        self._problem.value = sentence
        self._problem.layout.display = None if sentence else "none"

    def clear_problem(self) -> None:
        """Show no mistake."""
        self.problem = ""

    def show_problem(self, part: str, sentence: str) -> str:
        """Show a mistake in the value, or in a part of it, and return it as the form's message repeats it.

        `part` is empty for the whole value. `2.topic` is the topic of entry 3, since a request counts its entries from 0.
        """
        index, _, name = part.partition(".")
        of_entry = f", {name.replace('_', ' ')}" if name else ""
        words = f"entry {int(index) + 1}{of_entry}" if index.isdigit() else part
        message = f"{words}: {sentence}" if words else sentence
        self.problem = self.problem or message
        return message


class GridField(Field):
    """A grid that shows mistakes beside the rows they concern.

    Attributes
    ----------
    entry_rows
        The row of the grid from which each entry of the request was read.
    """

    def __init__(self, label: str, grid: Grid, *, hint: str = "", width: str = "1 1 100%") -> None:
        super().__init__(label, grid, hint=hint, width=width)
        self.grid = grid
        self.entry_rows: Sequence[int] = ()

    def clear_problem(self) -> None:
        """Show no mistake, neither under the grid nor beside a row."""
        super().clear_problem()
        self.grid.problems = []

    def show_problem(self, part: str, sentence: str) -> str:
        """Show a mistake beside the row it concerns, or under the grid if it concerns no single row."""
        index, _, name = part.partition(".")
        if not index.isdigit() or int(index) >= len(self.entry_rows):
            return super().show_problem(part, sentence)
        row = self.entry_rows[int(index)]
        self.grid.point_out(row, name if name in self.grid.shown else self.grid.shown[0], sentence)
        return f"row {row + 1}, {name.replace('_', ' ')}: {sentence}" if name else f"row {row + 1}: {sentence}"


def named(control: widgets.DOMWidget, name: str) -> None:
    """Give a control a name for screen readers, which the style sheet hides from view."""
    control.description = name
    control.add_class("lmskit-named")


def row(*fields: Field) -> widgets.HBox:
    """Fields side by side; they wrap in a narrow window."""
    for field in fields:
        field.view.layout.flex, field.view.layout.min_width = field.width, "0"  # long options do not widen the field
    return widgets.HBox(
        [field.view for field in fields], layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 18px")
    )


def small_text(text: str, kind: str = "lmskit-hint") -> widgets.Label:
    """A text beside a field or a part of a form, such as what it is for; takes no room while it is empty."""
    label = widgets.Label(text, layout=widgets.Layout(width="auto", display=None if text else "none"))
    label.add_class("lmskit-text")
    label.add_class(kind)
    return label
