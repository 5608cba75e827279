"""One field of a form: its label, its widget, and a place for what is wrong with its value."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from lmskit.widgets import Grid


class Field:
    """A labelled widget with room under it for one sentence about a mistake.

    Parameters
    ----------
    label
        What the field is.
    control
        The widget that holds the value.
    hint
        What belongs into it, said before anything is wrong.
    width
        The field's share of a row it is put in, as a CSS flex value.
    """

    def __init__(self, label: str, control: widgets.DOMWidget, *, hint: str = "", width: str = "1 1 230px") -> None:
        self.label, self.control, self.width = label, control, width
        control.layout.width = "auto"
        title = widgets.Label(label)
        explanation = _small(hint, "lmskit-hint")
        self._problem = _small("", "lmskit-problem")
        self.view = widgets.VBox([title, control, explanation, self._problem], layout=widgets.Layout(flex="0 0 auto", overflow="visible"))

    @property
    def problem(self) -> str:
        """What is wrong with the value; empty when nothing is known to be."""
        return str(self._problem.value)

    @problem.setter
    def problem(self, sentence: str) -> None:
        self._problem.value = sentence
        self._problem.layout.display = None if sentence else "none"

    def forget(self) -> None:
        """Show no mistake any more."""
        self.problem = ""

    def tell(self, place: str, sentence: str) -> str:
        """Show what is wrong with the value, or with a place in it, and return it as a message repeats it.

        `2.topic` is the topic of entry 3, since the places of a request count from 0.
        """
        index, _, part = place.partition(".")
        told = f"entry {int(index) + 1}, {part.replace('_', ' ')}" if index.isdigit() else place
        words = f"{told}: {sentence}" if told else sentence
        self.problem = self.problem or words
        return words


class GridField(Field):
    """A grid whose mistakes stand beside the rows they concern.

    Attributes
    ----------
    places
        The row of the grid that each entry of the request was read from.
    """

    def __init__(self, label: str, grid: Grid, *, hint: str = "", width: str = "1 1 100%") -> None:
        super().__init__(label, grid, hint=hint, width=width)
        self.grid = grid
        self.places: Sequence[int] = ()

    def forget(self) -> None:
        """Show no mistake any more."""
        super().forget()
        self.grid.problems = []

    def tell(self, place: str, sentence: str) -> str:
        """Show a mistake beside its row where it concerns one, and under the grid otherwise."""
        index, _, part = place.partition(".")
        if not index.isdigit() or int(index) >= len(self.places):
            return super().tell(place, sentence)
        row = self.places[int(index)]
        self.grid.point_out(row, part if part in self.grid.shown else self.grid.shown[0], sentence)
        return f"row {row + 1}, {part.replace('_', ' ')}: {sentence}" if part else f"row {row + 1}: {sentence}"


def row(*fields: Field) -> widgets.HBox:
    """Fields side by side; they wrap where the window is narrow."""
    for field in fields:
        field.view.layout.flex, field.view.layout.min_width = field.width, "0"  # the longest entry of a list does not widen it
    return widgets.HBox(
        [field.view for field in fields], layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 18px")
    )


def _small(text: str, kind: str) -> widgets.Label:
    label = widgets.Label(text, layout=widgets.Layout(width="auto", display=None if text else "none"))
    label.add_class("lmskit-text")
    label.add_class(kind)
    return label
