"""A small table to type and paste into, as into a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import anywidget
import traitlets

HERE = Path(__file__).parent

Row: TypeAlias = dict[str, Any]
"""A text for each column; True or False for a check box."""


@dataclass(frozen=True)
class GridColumn:
    """A column: its name in a row, its heading, its kind of cell, and its share of the width.

    A cell of the kind `area` takes several lines; one of the kind `shown` is text that cannot be changed. A `hidden` column is not
    displayed and moves with its row. A column that `stays` keeps its values in their rows when other cells are moved up or down.
    """

    name: str
    label: str
    kind: Literal["text", "area", "number", "check", "shown", "hidden"] = "text"
    share: str = "1fr"
    placeholder: str = ""
    stays: bool = False


class Grid(anywidget.AnyWidget):
    r"""Rows of cells with buttons to add, remove and move rows.

    The page sends every edit as a message, so that edits and clicks on buttons arrive in order. Each time Python sets the rows,
    `revision` rises; an edit of an older revision, sent before the page knew of the new rows, is dropped.

    Parameters
    ----------
    columns
        From left to right.
    noun
        The word for a row, in the singular.
    most
        The largest number of rows.
    on_paste
        Turns pasted text of several lines or cells into rows; gets the text and the rows above it. By default, each line becomes
        a row, with the line in the first column.
    fixed
        Whether rows can be removed and changed, but neither added nor moved.

    Examples
    --------
    >>> grid = Grid([GridColumn("topic", "Topic")], noun="week", most=60)
    >>> grid.receive({"revision": grid.revision, "rows": [{"topic": "Loops"}]})
    >>> grid.rows
    [{'topic': 'Loops'}]
    >>> grid.receive({"revision": grid.revision, "paste": "Numbers\nFractions", "row": 0})
    >>> [row["topic"] for row in grid.rows]
    ['Loops', 'Numbers', 'Fractions']
    """

    _esm: ClassVar[str] = (HERE / "grid.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "grid.css").read_text(encoding="utf-8")

    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    noun = traitlets.Unicode().tag(sync=True)
    most = traitlets.Int().tag(sync=True)
    fixed = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether rows can be removed and changed, but neither added nor moved."""
    content = traitlets.Dict().tag(sync=True)
    problems = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self,
        columns: Sequence[GridColumn],
        *,
        noun: str,
        most: int,
        on_paste: Callable[[str, Sequence[Row]], Sequence[Row]] | None = None,
        fixed: bool = False,
    ) -> None:
        self._blank: Row = {column.name: False if column.kind == "check" else "" for column in columns}
        self._shown = [column.name for column in columns if column.kind != "hidden"]
        self._on_paste = on_paste or self._lines
        super().__init__(
            columns=[asdict(column) for column in columns],
            noun=noun,
            most=most,
            fixed=fixed,
            content={"revision": 0, "rows": [self._blank]},
        )
        self.on_msg(lambda _widget, content, _buffers: self.receive(content))

    @property
    def rows(self) -> list[Row]:
        """The rows of the grid, blank ones included."""
        return [dict(row) for row in self.content["rows"]]

    @rows.setter
    def rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        kept = [self._blank | {name: row[name] for name in self._blank if name in row} for row in rows]
        self.problems = []
        self.content = {"revision": self.revision + 1, "rows": kept[: self.most] or [dict(self._blank)]}
        if len(kept) > self.most:
            self.point_out(self.most - 1, self._shown[0], f"At most {self.most} rows fit; {len(kept) - self.most} were left out.")

    @property
    def revision(self) -> int:
        """How often Python has set the rows."""
        return int(self.content["revision"])

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the columns that are displayed."""
        return tuple(self._shown)

    def is_blank(self, row: Mapping[str, Any]) -> bool:
        """Whether all displayed cells of a row are empty."""
        return all(row[name] is False or not str(row[name]).strip() for name in self._shown)

    def point_out(self, row: int, column: str, sentence: str) -> None:
        """Show what is wrong with a cell, below its row."""
        found = [dict(problem) for problem in self.problems]
        found += [{} for _ in range(row + 1 - len(found))]
        found[row].setdefault(column, sentence)
        self.problems = found

    def receive(self, message: Any) -> None:  # noqa: ANN401 - a page can send anything
        """Apply an edit or a paste of the current revision; ignore anything else."""
        if not isinstance(message, dict) or message.get("revision") != self.revision:
            return
        rows = message.get("rows")
        if isinstance(rows, list) and len(rows) <= self.most and all(map(self._is_row, rows)):
            self.content = {"revision": self.revision, "rows": rows or [dict(self._blank)]}
        text, index = message.get("paste"), message.get("row")
        if isinstance(text, str) and isinstance(index, int) and not self.fixed:
            self.paste(text, min(max(index, 0), len(self.rows) - 1))

    def paste(self, text: str, index: int) -> None:
        """Insert pasted rows after the row `index`; blank rows from there on are replaced, and so is a blank row `index`."""
        rows = self.rows
        start = index if self.is_blank(rows[index]) else index + 1
        end = start
        while end < len(rows) and self.is_blank(rows[end]):
            end += 1
        self.rows = [*rows[:start], *self._on_paste(text, rows[:start]), *rows[end:]]

    def _is_row(self, row: object) -> bool:
        return (
            isinstance(row, dict)
            and row.keys() == self._blank.keys()
            and all(type(row[name]) is type(blank) for name, blank in self._blank.items())
        )

    def _lines(self, text: str, _above: Sequence[Row]) -> list[Row]:
        return [{self._shown[0]: line.strip()} for line in text.splitlines() if line.strip()]
