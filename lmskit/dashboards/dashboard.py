"""What all dashboards share: the frame around their content, and the parts it is laid out with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import ipywidgets as widgets

from lmskit.codes import find_code
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.errors import CourseNotFoundError
from lmskit.read_models.course_list import course_list
from lmskit.widgets import ROOT, Message, SearchableDropdown, Table, errors_shown, style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from plotly.graph_objects import Figure

    from lmskit.db import Opener
    from lmskit.read_models.course_list import CourseList

CHARTS, TABLES = "Charts", "Tables"
WIDE, NARROW = "3 1 560px", "2 1 430px"
"""Widths of a figure and of what belongs to it beside it, as CSS flex."""
HALF = "1 1 480px"
"""Width of a figure beside another one."""
LABEL_WIDTH = "56px"
"""Width of the name before a list of options."""
ALL_WEEKS = 0
"""Value of the option "all weeks"; week numbers begin at 1."""
NO_COURSES = "There are no courses that you can see yet. An administrator creates courses in admin/course_setup."


class Dashboard(ABC):
    """A course to choose, charts or tables, a mark for simulated data, a sentence about the data, a message, and the content.

    A subclass makes its widgets, lays them out with `_lay_out`, and starts with `_start`.

    Parameters
    ----------
    open_session
        Opens a session to read in.
    """

    def __init__(self, open_session: Opener) -> None:
        self._open_session = open_session
        self._simulated: frozenset[str] = frozenset()
        self.course = SearchableDropdown(label="Course")
        self.course.layout.flex, self.course.layout.max_width = "2 1 360px", "720px"
        self.course.listed.style.description_width = LABEL_WIDTH
        self.mode = widgets.ToggleButtons(options=[CHARTS, TABLES], tooltips=["Show charts", "Show the same as tables"])
        self.mode.style.button_width = "72px"
        self.simulated = widgets.Label("Simulated data: no real students.", layout=widgets.Layout(width="auto", display="none"))
        self.simulated.add_class("lmskit-mark")
        self.about = text()
        self.message = Message()
        self._body = column()
        self.view = widgets.VBox()
        self.view.add_class(ROOT)

    @property
    def as_tables(self) -> bool:
        """Whether tables are shown instead of charts."""
        return bool(self.mode.value == TABLES)

    def _lay_out(self, body: Iterable[widgets.Widget], *, controls: Iterable[widgets.Widget] = ()) -> None:
        """Put the content below the course and the dashboard's own controls."""
        head = row(self.course, *controls, self.mode, self.simulated, gap="2px 14px", align="center")
        self._body.children = tuple(body)
        self.view.children = (style(), head, self.about, self.message.view, self._body)

    def _start(self, course: str) -> None:
        """Offer the courses, show the one with the code `course` or the default one, and follow the person's choices from then on."""
        with errors_shown(self.message):
            with self._open_session() as session:
                found = course_list(session)
            self._simulated = found.simulated
            self.course.options = self._course_options(found)
            if found.first is None:
                self.message.bad(NO_COURSES)
            elif course and find_code(course, found.labels) is None:
                self.course.value = None
                raise CourseNotFoundError(course=course)
            else:
                self.course.value = find_code(course, found.labels) or found.first
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self.mode.observe(lambda _change: self._draw(), names="value")
        self._course_chosen()

    def _course_options(self, found: CourseList) -> list[tuple[str, str]]:
        """List the courses to choose from, each with its code."""
        return [(label, code) for code, label in found.labels.items()]

    def _course_chosen(self) -> None:
        if self.course.value is None:
            self._show_body(shown=False)
            return
        self.message.clear()
        self._read_course()

    def _show_body(self, *, shown: bool) -> None:
        """Show the content, or hide it if there is nothing to show; simulated data are marked in either case."""
        self._body.layout.display = None if shown else "none"
        self.simulated.layout.display = None if self.course.value in self._simulated else "none"

    @abstractmethod
    def _read_course(self) -> None:
        """Read the chosen course, and show it."""

    @abstractmethod
    def _draw(self) -> None:
        """Show what was read, as charts or as tables."""


class ChartOrTable:
    """A chart and a table with the same content, one of which is shown.

    Parameters
    ----------
    on_click
        Called with each click on a point of the chart.
    nothing
        Shown instead of an empty table.
    flex
        Width in a row, as CSS flex.
    """

    def __init__(self, *, on_click: Callable[[Click], None] | None = None, nothing: str = "Nothing to show.", flex: str = "") -> None:
        self.figure, self.table = ClickFigure(on_click=on_click), Table(nothing=nothing)
        self.view = column(flex=flex)

    def show_chart(self, figure: Figure) -> None:
        """Show the chart."""
        self.figure.show(figure)
        self.view.children = (self.figure,)

    def show_table(self, frame: pd.DataFrame) -> None:
        """Show the table."""
        self.table.show(frame)
        self.view.children = (self.table.view,)

    def hide(self) -> None:
        """Show neither."""
        self.view.children = ()


class Filling:
    """A block in which code fills widgets: their changes are not choices of the person.

    Examples
    --------
    >>> filling = Filling()
    >>> with filling:
    ...     bool(filling)
    True
    >>> bool(filling)
    False
    """

    def __init__(self) -> None:
        self._active = False

    def __enter__(self) -> None:
        self._active = True

    def __exit__(self, *_error: object) -> None:
        self._active = False

    def __bool__(self) -> bool:
        return self._active


def row(*children: widgets.Widget, gap: str = "4px 18px", align: str = "flex-start") -> widgets.HBox:
    """Put widgets beside each other; what does not fit moves to the next line."""
    layout = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap=gap, align_items=align)
    return widgets.HBox(children, layout=layout)


def column(*children: widgets.Widget, flex: str = "") -> widgets.VBox:
    """Put widgets below each other, with the width `flex` in a row."""
    layout = widgets.Layout(overflow="visible", min_width="0", **({"flex": flex} if flex else {}))
    return widgets.VBox(children, layout=layout)


def text(value: str = "") -> widgets.Label:
    """Make a line of text that wraps."""
    label = widgets.Label(value, layout=widgets.Layout(width="auto"))
    label.add_class("lmskit-text")
    return label


def dropdown(label: str, *, flex: str = "", max_width: str = "", label_width: str = LABEL_WIDTH) -> widgets.Dropdown:
    """Make a list of options with a label."""
    sizes = {name: value for name, value in (("flex", flex), ("max_width", max_width)) if value}
    made = widgets.Dropdown(description=label, layout=widgets.Layout(width="auto", **sizes))
    made.style.description_width = label_width
    return made


def week_options(weeks: pd.DataFrame) -> list[tuple[str, int]]:
    """List the weeks of a syllabus, and all weeks first."""
    listed = weeks[["week_number", "topic"]].to_dict("records")
    return [("all weeks", ALL_WEEKS), *((f"{week['week_number']}: {week['topic']}", int(week["week_number"])) for week in listed)]
