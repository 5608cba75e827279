"""The result of an import or of its preview: counts, the result of every row with the reason, and notes."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field
from lmskit.forms.import_quizzes import HEADING as QUIZZES
from lmskit.importers.report import STATES, EntityCounts, FileCounts, ImportReport, QuizDecision, RowWarning, counted
from lmskit.importers.report_file import what_is_left_out, write_report
from lmskit.rounding import count_text
from lmskit.widgets import PAGE_SIZE, Download, Pager, Table, heading

ALL = "all"
TO_CHECK = "to check"
WARNINGS = "warnings"
CHECKED = ("changed", "withdrawn", "missing", "rejected")
"""The states of rows that a person should look at before an import."""
MOST_NOTES = 30
DUPLICATE = "possibly a duplicate"
"""The end of the warning of a new student with the name of another."""


class ImportResult:
    """An import report on the screen; takes no room before there is a report."""

    def __init__(self) -> None:
        self.report: ImportReport | None = None
        self._outcomes = pd.DataFrame()
        self.title = heading("")
        self.identity = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.identity.add_class("lmskit-text")
        self.counts, self.entities = Table(), Table(nothing="")
        self.state = widgets.Dropdown(options=[(ALL, ALL)])
        self.pager = Pager(self._show_page, noun="rows")
        self.outcomes = Table(nothing="There are no such rows.")
        self.notes = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self.download = Download("Download the report as CSV", self.file)
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
                heading("Result of every row"),
                widgets.HBox(
                    [Field("Show", self.state, width="0 1 220px").view, self.download], layout=widgets.Layout(align_items="flex-end")
                ),
                self.pager.view,
                self.outcomes.view,
            ],
            layout=widgets.Layout(display="none", overflow="visible"),
        )
        self.state.observe(lambda _change: self._show_first_page(), names="value")

    def clear(self) -> None:
        """Show nothing."""
        self.report = None
        self.view.layout.display = "none"

    def show(self, report: ImportReport, *, title: str) -> None:
        """Show a report."""
        self.report = report
        self.title.value = title
        self.identity.value = f"All rows are accounted for: {report.total.identity()}."
        self.counts.show(_file_table([*report.files, report.total] if len(report.files) > 1 else report.files))
        self.entities.show(_entity_table(report.entities))
        self.notes.children = [_line(sentence) for sentence in _notes(report)]
        frame = report.as_frame()
        self._outcomes = frame.sort_values("state", key=lambda states: states.map(STATES.index), kind="stable")
        states = Counter(self._outcomes["state"])
        n_to_check = sum(states[state] for state in CHECKED)
        options = [
            *([(f"{TO_CHECK} ({n_to_check:,})", TO_CHECK)] if n_to_check else []),
            (f"{ALL} ({len(self._outcomes):,})", ALL),
            *((f"{state} ({states[state]:,})", state) for state in STATES if states[state]),
        ]
        if report.warnings:
            options.append((f"{WARNINGS} ({len(report.warnings):,})", WARNINGS))
        self.state.options = options
        self.state.value = options[0][1]
        self._show_first_page()
        self.view.layout.display = None

    def file(self) -> tuple[str, bytes]:
        """Name and content of a CSV file with the whole report, in which no cell is a formula."""
        if self.report is None:
            return "import.csv", b""
        with tempfile.TemporaryDirectory(prefix="lmskit-report-") as folder:
            path = Path(folder) / "report.csv"
            write_report(self.report, path)
            return f"{Path(self.report.name).stem}-{'preview' if self.report.dry_run else 'import'}.csv", path.read_bytes()

    def _show_first_page(self) -> None:
        self.pager.first()
        self._show_page()

    def _show_page(self) -> None:
        if self.report is not None and self.state.value == WARNINGS:
            several = len(self.report.files) > 1
            self.outcomes.show(_warning_table(self.report.warnings[self.pager.offset : self.pager.offset + PAGE_SIZE], several=several))
            self.pager.show(total=len(self.report.warnings))
            return
        states = {ALL: STATES, TO_CHECK: CHECKED}.get(self.state.value, (self.state.value,))
        chosen = self._outcomes[self._outcomes["state"].isin(states)]
        page = chosen.iloc[self.pager.offset : self.pager.offset + PAGE_SIZE]
        self.outcomes.show(_outcome_table(page, several=self.report is not None and len(self.report.files) > 1))
        self.pager.show(total=len(chosen))


def differences(preview: ImportReport, done: ImportReport) -> list[str]:
    """Where the result of an import differs from its preview, for instance because another person changed something in between.

    Returns
    -------
    list of str
        Such as "students: 3 added, 0 changed (preview: 4 added, 0 changed)".
    """
    before, after = _counts_by_name(preview), _counts_by_name(done)
    return [
        f"{name}: {_counts_text(counts)} (preview: {_counts_text(before[name])})"
        for name, counts in after.items()
        if name in before and counts != before[name]
    ]


def cautions(report: ImportReport) -> str:
    """Return what must not be overlooked before an import, in sentences."""
    counts = {entity.kind: entity for entity in report.entities}
    warnings = []
    withdrawn, messages = counts.get("withdrawn"), counts.get("messages")
    if withdrawn is not None and withdrawn.changed:
        why = f": {', and '.join(report.withdrawal.reasons)}" if report.withdrawal is not None and report.withdrawal.reasons else ""
        warnings.append(f"{count_text(withdrawn.changed, 'student')} will be withdrawn, because they are not in the file{why}.")
    if report.removal is not None and report.removal.count:
        why = f": {report.removal.reasons[0]}" if report.removal.reasons else ""
        warnings.append(f"Results of {count_text(report.removal.count, 'student')} will no longer count{why}.")
    if messages is not None and messages.added:
        warnings.append(f"{count_text(messages.added, 'student')} will be sent a message.")
    if n_open := sum(quiz.is_open for quiz in report.quizzes):
        missing = _missing([quiz for quiz in report.quizzes if quiz.is_open], "its" if n_open == 1 else "their")
        warnings.append(
            f"What the file has of {count_text(n_open, 'quiz', 'quizzes')} is not imported yet, because lmskit does not know {missing}. "
            f"Enter what is missing below, under “{QUIZZES}”, and press Preview again."
        )
    if duplicates := sum(warning.reason.endswith(DUPLICATE) for warning in report.warnings):
        warnings.append(f"{count_text(duplicates, 'new student')} may be in lmskit already; the warnings below name them.")
    if report.total.rejected:
        warnings.append(f"{count_text(report.total.rejected, 'row')} will not be imported; the reasons are below.")
    return " ".join(warnings)


def _missing(quizzes: Sequence[QuizDecision], whose: str) -> str:
    """Return what has to be decided about quizzes, such as "their week or maximum score"."""
    found = (
        ("week", any(quiz.week is None for quiz in quizzes)),
        ("maximum score", any(quiz.needs_max_score for quiz in quizzes)),
    )
    lacking = " or ".join(name for name, is_missing in found if is_missing)
    which = "which quiz in lmskit it is" if whose == "its" else "which quizzes in lmskit they are"
    parts = [f"{whose} {lacking}"] if lacking else []
    return ", or ".join([*parts, which] if any(quiz.candidates for quiz in quizzes) else parts)


def _counts_by_name(report: ImportReport) -> dict[str, FileCounts | EntityCounts]:
    counts: dict[str, FileCounts | EntityCounts] = {file.file: file for file in report.files}
    return counts | {entity.kind: entity for entity in report.entities}


def _counts_text(counts: FileCounts | EntityCounts) -> str:
    text = f"{counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} unchanged"
    return f"{text}, {counts.rejected:,} rejected" if isinstance(counts, FileCounts) else text


def _file_table(files: list[FileCounts] | tuple[FileCounts, ...]) -> pd.DataFrame:
    rows = [(file.file, file.rows_in, file.added, file.changed, file.unchanged, file.rejected) for file in files]
    return pd.DataFrame(rows, columns=["File", "Rows", "Added", "Changed", "Unchanged", "Rejected"])


def _entity_table(entities: tuple[EntityCounts, ...]) -> pd.DataFrame:
    rows = [(entity.kind, entity.added, entity.changed, entity.unchanged) for entity in entities if entity.total]
    return pd.DataFrame(rows, columns=["Kind", "Added", "Changed", "Unchanged"])


def _notes(report: ImportReport) -> list[str]:
    notes = [*report.notes]
    skipped = [file for file in report.files if file.skipped_columns]
    notes += [f"{file.file}: these columns are not imported: {', '.join(file.skipped_columns)}." for file in skipped]
    warnings = counted(report.warnings)
    notes += [f"{found.count:,} × {found.file}{f', {found.column}' if found.column else ''}: {found.reason}" for found in warnings]
    if left_out := what_is_left_out(report):
        notes.append(left_out)
    return notes[:MOST_NOTES] + ([f"… and {len(notes) - MOST_NOTES} more, in the downloaded report."] if len(notes) > MOST_NOTES else [])


def _line(sentence: str) -> widgets.Label:
    label = widgets.Label(f"• {sentence}", layout=widgets.Layout(width="auto"))
    label.add_class("lmskit-text")
    return label


def _warning_table(page: Sequence[RowWarning], *, several: bool) -> pd.DataFrame:
    rows = [(found.file, found.row, found.column or "", found.value or "", found.reason) for found in page]
    shown = pd.DataFrame(rows, columns=["File", "Row", "Column", "Value", "Warning"]).astype({"Row": "Int64"})
    empty = [column for column in ("Column", "Value") if not (shown[column] != "").any()]
    return shown.drop(columns=empty if several else ["File", *empty])


def _outcome_table(page: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    columns = {"state": "Result", "row": "Row", "what": "Who or what", "column": "Column", "reason": "Reason or change"}
    columns |= {"before": "Before", "after": "After"}
    if several:
        columns = {"part": "File"} | columns
    shown = page[list(columns)]
    empty = [column for column in ("what", "column", "before", "after") if not (shown[column] != "").any()]
    shown = shown.drop(columns=empty)
    return shown.rename(columns=columns)
