"""What an import did, or would do: counts, what became of every row with the reason, and what else is to be known."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field
from lmskit.importers.report import MAX_OUTCOMES, EntityCounts, FileCounts, ImportReport, counted
from lmskit.importers.report_file import write_report
from lmskit.widgets import Download, Pager, Table, heading

PAGE_SIZE = 25
STATES = ("added", "changed", "unchanged", "rejected", "withdrawn")
ALL = "all"
MOST_NOTES = 30


class ImportResult:
    """A report on the screen; takes no room before there is one."""

    def __init__(self) -> None:
        self.report: ImportReport | None = None
        self._outcomes = pd.DataFrame()
        self.title = heading("")
        self.identity = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.identity.add_class("lmskit-text")
        self.counts, self.entities = Table(), Table(nothing="")
        self.state = widgets.Dropdown(options=[(ALL, ALL)])
        self.pager = Pager(self._turn, page_size=PAGE_SIZE, noun="rows")
        self.outcomes = Table(nothing="There is no such row.")
        self.notes = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self.download = Download("Download all of it as CSV", self.file)
        tables = widgets.HBox(
            [self.counts.view, self.entities.view],
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="8px 32px", align_items="flex-start"),
        )
        self.view = widgets.VBox(
            [
                self.title,
                tables,
                self.identity,
                self.notes,
                heading("What becomes of each row"),
                widgets.HBox(
                    [Field("Shown", self.state, width="0 1 220px").view, self.download], layout=widgets.Layout(align_items="flex-end")
                ),
                self.pager.view,
                self.outcomes.view,
            ],
            layout=widgets.Layout(display="none", overflow="visible"),
        )
        self.state.observe(lambda _change: self._from_the_first(), names="value")

    def clear(self) -> None:
        """Show nothing."""
        self.report = None
        self.view.layout.display = "none"

    def show(self, report: ImportReport, *, title: str) -> None:
        """Show a report."""
        self.report = report
        self.title.value = title
        self.identity.value = f"All rows are accounted for: {report.total.identity()}."
        self.counts.show(_counts([*report.files, report.total] if len(report.files) > 1 else report.files))
        self.entities.show(_entities(report.entities))
        self.notes.children = [_line(sentence) for sentence in _notes(report)]
        self._outcomes = report.as_frame()
        states = Counter(self._outcomes["state"])
        options = [
            (f"{ALL} ({len(self._outcomes):,})", ALL),
            *((f"{state} ({states[state]:,})", state) for state in STATES if states[state]),
        ]
        self.state.options = options
        self.state.value = "rejected" if states["rejected"] else ALL
        self._from_the_first()
        self.view.layout.display = None

    def file(self) -> tuple[str, bytes]:
        """Name and content of a CSV file with all of it, in which no cell is a formula."""
        if self.report is None:
            return "import.csv", b""
        with tempfile.TemporaryDirectory(prefix="lmskit-report-") as folder:
            path = Path(folder) / "report.csv"
            write_report(self.report, path)
            return f"{Path(self.report.name).stem}-{'preview' if self.report.dry_run else 'import'}.csv", path.read_bytes()

    def _from_the_first(self) -> None:
        self.pager.first()
        self._turn()

    def _turn(self) -> None:
        chosen = self._outcomes if self.state.value == ALL else self._outcomes[self._outcomes["state"] == self.state.value]
        page = chosen.iloc[self.pager.offset : self.pager.offset + PAGE_SIZE]
        self.outcomes.show(_as_people_read_it(page, several=self.report is not None and len(self.report.files) > 1))
        self.pager.show(total=len(chosen))


def differences(preview: ImportReport, done: ImportReport) -> list[str]:
    """Where an import came out otherwise than its preview, as after somebody else's change in between.

    Returns
    -------
    list of str
        Such as "students: 3 added, 0 changed (preview: 4 added, 0 changed)".
    """
    before: dict[str, FileCounts | EntityCounts] = {one.file: one for one in preview.files}
    before |= {one.kind: one for one in preview.entities}
    after: list[tuple[str, FileCounts | EntityCounts]] = [
        *((one.file, one) for one in done.files),
        *((one.kind, one) for one in done.entities),
    ]
    return [f"{name}: {_said(now)} (preview: {_said(before[name])})" for name, now in after if name in before and now != before[name]]


def _said(counts: FileCounts | EntityCounts) -> str:
    said = f"{counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} unchanged"
    return f"{said}, {counts.rejected:,} rejected" if isinstance(counts, FileCounts) else said


def _counts(files: list[FileCounts] | tuple[FileCounts, ...]) -> pd.DataFrame:
    rows = [(one.file, one.rows_in, one.added, one.changed, one.unchanged, one.rejected) for one in files]
    return pd.DataFrame(rows, columns=["File", "Rows in", "Added", "Changed", "Unchanged", "Rejected"])


def _entities(entities: tuple[EntityCounts, ...]) -> pd.DataFrame:
    rows = [(one.kind, one.added, one.changed, one.unchanged) for one in entities if one.total]
    return pd.DataFrame(rows, columns=["Of these", "Added", "Changed", "Unchanged"])


def _notes(report: ImportReport) -> list[str]:
    notes = [*report.notes]
    notes += [f"{one.file}: not imported are the columns {', '.join(one.skipped_columns)}." for one in report.files if one.skipped_columns]
    odd = counted(report.warnings)
    notes += [f"{one.count:,} × {one.file}{f', {one.column}' if one.column else ''}: {one.reason}" for one in odd]
    if len(report.outcomes) >= MAX_OUTCOMES:
        notes.append(f"The first {MAX_OUTCOMES:,} rows are listed; all of them are counted.")
    return notes[:MOST_NOTES] + ([f"… and {len(notes) - MOST_NOTES} more, in the file."] if len(notes) > MOST_NOTES else [])


def _line(sentence: str) -> widgets.Label:
    label = widgets.Label(f"• {sentence}", layout=widgets.Layout(width="auto"))
    label.add_class("lmskit-text")
    return label


def _as_people_read_it(page: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    columns = {"state": "State", "row": "Row", "what": "Who or what", "column": "Column", "reason": "Why, or what is different"}
    if several:
        columns = {"part": "File"} | columns
    shown = page[list(columns)]
    if not (shown["column"] != "").any():
        shown = shown.drop(columns="column")
    return shown.rename(columns=columns)
