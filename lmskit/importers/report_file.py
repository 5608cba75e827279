"""The outcome of every row of an import as a CSV file, for a spreadsheet."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.importers.report import MAX_OUTCOMES, by_importance
from lmskit.readable import as_cell
from lmskit.whole_file import whole_text_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lmskit.importers.report import ImportReport, Outcome, RowFinding

HEADER = ("what", "file", "row", "column", "value", "reason", "about", "before", "after")


def check_report_path(path: Path) -> None:
    """Refuse a path to which no report can be written, before anything is imported.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written to, or the path is a folder.
    """
    folder = path.absolute().parent
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file for the report.")
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} for the report. Create it, or name another file.")
    if not os.access(folder, os.W_OK):
        raise InputError(f"The report cannot be written into {folder}. Name another file.")


def write_report(report: ImportReport, path: Path) -> None:
    """Write rejections, warnings, changes and the outcomes of the other rows as UTF-8 CSV: the whole file or nothing.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        with whole_text_file(path.absolute(), encoding="utf-8-sig") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEADER)
            about = {(found.part, found.row, found.column): found.what for found in report.outcomes if found.state == "rejected"}
            writer.writerows(_findings("rejected", report.rejections, about))
            writer.writerows(_findings("imported with warning", report.warnings, {}))
            writer.writerows(_outcomes(by_importance(report.outcomes)))
    except OSError as error:
        raise InputError(f"The report cannot be written to {path}: {error.strerror or error}.") from error


def what_is_left_out(report: ImportReport) -> str:
    """The rows that the list of outcomes lacks, in a sentence; empty if every row is listed.

    Examples
    --------
    >>> from lmskit.importers.report import FileCounts, ImportReport
    >>> counts = FileCounts("studentInfo.csv", rows_in=3, added=2, changed=0, unchanged=0, rejected=1)
    >>> what_is_left_out(ImportReport("oulad", "folder", "0" * 64, False, (counts,), (), (), (), ()))
    'Rows that were added, changed or unchanged are counted and not listed.'
    """
    total = report.total
    if not report.outcomes:
        return "Rows that were added, changed or unchanged are counted and not listed." if total.rows_in > total.rejected else ""
    return f"At most {MAX_OUTCOMES:,} rows are listed, changes first; all of them are counted." if total.rows_in > MAX_OUTCOMES else ""


def _findings(
    what: str, findings: Iterable[RowFinding], about: Mapping[tuple[str, int | None, str | None], str]
) -> Iterable[tuple[str, ...]]:
    for finding in findings:
        subject = about.get((finding.file, finding.row, finding.column)) or about.get((finding.file, finding.row, None)) or ""
        yield _line(what, finding.file, finding.row, finding.column, finding.value, finding.reason, subject, None, None)


def _outcomes(outcomes: Iterable[Outcome]) -> Iterable[tuple[str, ...]]:
    for outcome in outcomes:
        if outcome.state != "rejected":  # rejections are listed first, with their values
            yield _line(
                outcome.state, outcome.part, outcome.row, outcome.column, None, outcome.reason, outcome.what, outcome.before, outcome.after
            )


def _line(what: str, file: str, row: int | None, *cells: str | None) -> tuple[str, ...]:
    return (what, *map(as_cell, (file, "" if row is None else str(row), *(cell or "" for cell in cells))))
