"""What a report promises, and the file it can be written into."""

import csv
from dataclasses import replace

import pytest

from lmskit.errors import InputError
from lmskit.importers.report import FileCounts, ImportReport, Outcome, Rejection, RowWarning
from lmskit.importers.report_file import check_report_path, write_report


def report(*rejections, warnings=()):
    return ImportReport("oulad", "folder", "0" * 64, False, (), (), tuple(rejections), tuple(warnings), ())


def test_counts_that_do_not_add_up_are_an_error():
    with pytest.raises(ValueError, match=r"5 in = 1 added \+ 1 changed \+ 1 unchanged \+ 1 rejected does not hold"):
        FileCounts("a.csv", rows_in=5, added=1, changed=1, unchanged=1, rejected=1)


def test_a_rejection_shows_its_position_the_reason_and_the_value():
    assert str(Rejection("a.csv", 7, "score", "x", "is not a number")) == "a.csv, row 7, column score: is not a number ('x')"


def test_no_cell_of_the_written_report_is_a_formula(tmp_path):
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
    path = tmp_path / "report.csv"
    write_report(
        report(*[Rejection("a.csv", 2, text, text, text) for text in evil], warnings=[RowWarning("a.csv", None, None, None, "odd")]), path
    )
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["what", "file", "row", "column", "value", "reason", "about", "before", "after"]
    assert rows[1] == ["rejected", "a.csv", "2", "'=1+1", "'=1+1", "'=1+1", "", "", ""]
    assert rows[-1] == ["imported with warning", "a.csv", "", "", "", "odd", "", "", ""]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_changes_are_written_before_other_rows_with_old_and_new_value(tmp_path):
    path = tmp_path / "report.csv"
    found = [("added", "", ""), ("unchanged", "", ""), ("withdrawn", "", ""), ("changed", "=King", "@Lovelace")]
    outcomes = tuple(Outcome("a.csv", row, None, state, "Ada", "name", *values) for row, (state, *values) in enumerate(found, 2))
    write_report(replace(report(), outcomes=outcomes), path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["what"], row["row"]) for row in rows] == [("changed", "5"), ("withdrawn", "4"), ("added", "2"), ("unchanged", "3")]
    assert (rows[0]["before"], rows[0]["after"]) == ("'=King", "'@Lovelace")


def test_a_report_that_cannot_be_written_is_refused_before_the_import(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        check_report_path(tmp_path / "nowhere" / "report.csv")
    with pytest.raises(InputError, match="is a folder"):
        check_report_path(tmp_path)
