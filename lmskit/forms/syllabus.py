"""The weeks of a syllabus: typed into a grid, or pasted from a document or a spreadsheet, one week per line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lmskit.forms.field import GridField
from lmskit.limits import LAST_WEEK
from lmskit.widgets import Grid, GridColumn

NUMBERED = re.compile(r"(?:week\s*)?(\d{1,3})(?:[.):](?:\s+|$)|\t\s*)(.*)", re.IGNORECASE)
"""`3. Loops`, `3) Loops`, `Week 3: Loops`, or a first column `3` copied from a spreadsheet; but not `3D graphics` or `2.5 dimensions`."""
QUOTED = re.compile(r'(?:(?<=\t)|(?<=\n)|\A)"((?:[^"]|"")*)"(?=[\t\n]|\Z)')
"""A cell with line breaks or quotation marks, as a spreadsheet copies it."""


def parse_weeks(text: str, *, after: int = 0) -> list[dict[str, object]]:
    r"""Read one week from each line that is not blank.

    A line is a topic and, after `|` or a tab, its objectives. A number before the topic is the number of the week; a line without
    a number is the week after the previous line. The weeks are not validated here; the request does that.

    Parameters
    ----------
    text
        The pasted text.
    after
        The number of the week before the first line.

    Returns
    -------
    list of dict
        `week_number`, `topic` and `objectives`, in the order of the lines.

    Examples
    --------
    >>> for week in parse_weeks("Numbers | Count to ten\n3. Fractions\nDecimals"):
    ...     print(*week.values(), sep="; ")
    1; Numbers; Count to ten
    3; Fractions;
    4; Decimals;
    """
    weeks: list[dict[str, object]] = []
    number = after
    text = QUOTED.sub(lambda cell: " ".join(cell[1].replace('""', '"').split()), text.replace("\r\n", "\n"))
    for line in filter(None, (line.strip() for line in text.splitlines())):
        numbered = NUMBERED.fullmatch(line)
        number = int(numbered[1]) if numbered else number + 1
        topic, _, objectives = (numbered[2] if numbered else line).replace("\t", "|").partition("|")
        weeks.append({"week_number": number, "topic": topic.strip(), "objectives": objectives.replace("|", " ").strip()})
    return weeks


class Weeks(GridField):
    """The field for a course's weeks. A week without a number follows the week above it; a blank row is ignored."""

    def __init__(self) -> None:
        columns = [
            GridColumn("week_number", "Week", "number", "64px", placeholder="next", stays=True),
            GridColumn("topic", "Topic", share="minmax(90px, 2fr)"),
            GridColumn("objectives", "Objectives", "area", "minmax(90px, 3fr)"),
        ]
        grid = Grid(columns, noun="week", most=LAST_WEEK, on_paste=_pasted)
        hint = (
            "Type the weeks, or paste lines from a document or a spreadsheet into a topic. A line has the week's number (optional), "
            "the topic and, after a tab or |, its objectives."
        )
        super().__init__("Weeks", grid, hint=hint)

    def show(self, weeks: Sequence[Mapping[str, Any]]) -> None:
        """Replace the weeks in the grid."""
        self.grid.rows = [{name: str(week[name]) for name in ("week_number", "topic", "objectives")} for week in weeks]

    def read(self) -> list[dict[str, object]]:
        """The weeks in the grid, as a request takes them."""
        rows = self.grid.rows
        self.entry_rows = [index for index, row in enumerate(rows) if not self.grid.is_blank(row)]
        numbers = _numbers(rows)
        return [{**rows[index], "week_number": numbers[index]} for index in self.entry_rows]

    def show_problem(self, part: str, sentence: str) -> str:
        """Show a mistake beside its row; if a week number is used twice, beside both rows."""
        if not part:
            numbers = _numbers(self.grid.rows)
            used = [numbers[row] for row in self.entry_rows]
            for row in self.entry_rows:
                if used.count(numbers[row]) > 1:
                    self.grid.point_out(row, "week_number", f"There are two weeks {numbers[row]}.")
        return super().show_problem(part, sentence)


def as_rows(weeks: Sequence[tuple[int, str, str]]) -> list[dict[str, object]]:
    """The weeks of an outline, as `Weeks.show` takes them."""
    return [{"week_number": number, "topic": topic, "objectives": objectives} for number, topic, objectives in weeks]


def _numbers(rows: Sequence[Mapping[str, Any]]) -> list[object]:
    """The number of each week: as typed, or one more than the week above."""
    numbers: list[object] = []
    before = 0
    for row in rows:
        typed = str(row["week_number"]).strip()
        number = int(typed) if typed.isdecimal() else typed or before + 1
        numbers.append(number)
        blank = not typed and not str(row["topic"]).strip() and not str(row["objectives"]).strip()
        before = number if isinstance(number, int) and not blank else before
    return numbers


def _pasted(text: str, above: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    numbers = [number for number in _numbers(above) if isinstance(number, int)]
    return [{name: str(value) for name, value in week.items()} for week in parse_weeks(text, after=numbers[-1] if numbers else 0)]
