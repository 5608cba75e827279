"""Workbooks, and the JSON and XML of Moodle, give the rows that a CSV file of the same table gives."""

import csv
import datetime as dt
import io
import json
import threading
from typing import Any, cast

import openpyxl
import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.registry import detected, format_named
from lmskit.importers.tables import moodle_json
from lmskit.importers.tables.moodle_json import restored_headers
from lmskit.importers.tables.rows import ConvertedTable
from lmskit.services.file_import import ImportOptions, import_path
from tests.hostile.workbooks import ods, ods_row, xlsx
from tests.real_data import REAL_DATA

REAL = REAL_DATA / "moodle" / "exports_4_5"
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the files are not there: {REAL}")
NOT_STORED = "cells with a formula whose value is not stored were read as the text of the formula: 1"


def read(path):
    """The header and the rows of a table, with the notes on how it was read."""
    file = CsvFile(path, [], whole=True)
    return [file.header, *(list(cells) for _, cells in file.rows())], file.notes


def numbers(path):
    return [number for number, _ in CsvFile(path, [], whole=True).rows()]


@pytest.fixture
def workbook(tmp_path):
    """Write a workbook of sheets with rows; a cell may be a value, or a value and its number format."""

    def write(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            page = book.create_sheet(title)
            for row, cells in enumerate(rows, 1):
                for column, given in enumerate(cells, 1):
                    value, form = given if isinstance(given, tuple) else (given, None)
                    cell = page.cell(row, column, value)
                    if form:
                        cell.number_format = form
        book.save(tmp_path / "table.xlsx")
        return tmp_path / "table.xlsx"

    return write


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_cells_of_a_workbook_have_the_text_that_a_csv_file_would_have(workbook):
    cells = {
        "id": ("00078", None),
        "number as id": (123456, "00000000"),
        "id with a dash": (20260001, "0000-0000"),
        "long": (123456789, "0.00E+00"),
        "too long": (12345678901234567890, None),
        "score": (8.5, None),
        "two decimals": (8.5, "0.00"),
        "rounded": (1 / 3, "0.0"),
        "whole": (20.0, None),
        "share": (0.725, "0.0%"),
        "day": (dt.datetime(2026, 4, 3), "dd.mm.yyyy"),  # noqa: DTZ001 - workbooks have no time zones
        "time": (dt.datetime(2026, 4, 3, 20, 15), "dd.mm.yyyy hh:mm"),  # noqa: DTZ001
        "midnight": (dt.datetime(2026, 4, 3), "dd.mm.yyyy hh:mm"),  # noqa: DTZ001
        "duration": (dt.timedelta(hours=26, minutes=3), "[h]:mm:ss"),
        "yes": (True, None),
        "missing": ("#N/A", None),
        "blank": (None, None),
        "last": ("a\nb", None),
    }
    rows, notes = read(workbook(Table=[list(cells), list(cells.values())]))
    assert dict(zip(*rows, strict=True)) == {
        "id": "00078",
        "number as id": "00123456",
        "id with a dash": "2026-0001",
        "long": "123456789",
        "too long": "1.23456789012346E+19",
        "score": "8.5",
        "two decimals": "8.50",
        "rounded": "0.333333333333333",
        "whole": "20",
        "share": "72.5%",
        "day": "2026-04-03",
        "time": "2026-04-03 20:15:00",
        "midnight": "2026-04-03 00:00:00",
        "duration": "26:03:00",
        "yes": "TRUE",
        "missing": "#N/A",
        "blank": "",
        "last": "a\nb",
    }
    assert notes == []


def test_a_character_that_no_text_can_have_is_not_made_of_its_number(workbook):
    rows, _ = read(workbook(People=[["id", "name"], ["1", "_xD83D_ _x0000_ _xdfff_ _x00E9_"]]))
    assert rows[1][1] == "_xD83D_ _x0000_ _xdfff_ é"


def test_cells_of_an_ods_workbook_have_the_text_that_a_csv_file_would_have(written):
    cells = [
        ('office:value-type="string"', "00078", "00078"),
        ('office:value-type="float" office:value="123456"', "00123456", "00123456"),
        ('office:value-type="float" office:value="20260001"', "2026-0001", "2026-0001"),
        ('office:value-type="float" office:value="123456789"', "1,23E+08", "123456789"),
        ('office:value-type="float" office:value="8.5"', "8,50", "8.5"),
        ('office:value-type="float" office:value="8.5"', "8.50", "8.50"),
        ('office:value-type="float" office:value="0.333333333333333"', "0.3", "0.333333333333333"),
        ('office:value-type="percentage" office:value="0.725"', "73%", "72.5%"),
        ('office:value-type="date" office:date-value="2026-04-03"', "03.04.26", "2026-04-03"),
        ('office:value-type="date" office:date-value="2026-04-03T20:15:00"', "03.04.26", "2026-04-03 20:15:00"),
        ('office:value-type="time" office:time-value="PT26H03M00S"', "26:03", "26:03:00"),
        ('office:value-type="boolean" office:boolean-value="true"', "WAHR", "TRUE"),
        ('calcext:value-type="error" office:value-type="float" office:value="0"', "#N/A", "#N/A"),
        ('office:value-type="currency" office:value="5"', "5,00 €", "5"),
        ('table:formula="of:=[.A1]" office:value-type="string" office:string-value="kept"', "", "kept"),
        ('table:formula="of:=[.A1]"', "", "=[.A1]"),
    ]
    row = "".join(f"<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>" for attributes, shown, _ in cells)
    path = written("table.ods", ods(ods_row(*(str(number) for number in range(len(cells)))) + ods_row(more=row)))
    rows, notes = read(path)
    assert rows[1] == [text for _, _, text in cells]
    assert [NOT_STORED in note for note in notes] == [True]


def test_the_first_sheet_with_cells_that_is_shown_is_read_and_the_others_are_named(workbook):
    path = workbook(Empty=[], Hidden=[["id"], ["0"]], People=[["id"], ["1"]], Notes=[["x"]])
    book = openpyxl.load_workbook(path)
    book["Hidden"].sheet_state = "hidden"
    book.save(path)
    rows, notes = read(path)
    assert rows == [["id"], ["1"]]
    assert notes == ["table.xlsx: the sheet 'People' was read, and not 'Empty', 'Notes'. To import another, save it as a file of its own."]


def test_an_ods_sheet_that_is_not_shown_is_not_read(written):
    hidden = '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    styles = f"<office:automatic-styles>{hidden}</office:automatic-styles>"
    rows = f'{ods_row("no")}</table:table><table:table table:name="Shown">{ods_row("id")}{ods_row("1")}'
    assert read(written("shown.ods", ods(rows, styles=styles)))[0] == [["no"]]
    assert read(written("hidden.ods", ods(rows, styles=styles, style="h")))[0] == [["id"], ["1"]]


def test_rows_have_the_numbers_of_the_sheet(workbook, written):
    rows = [["id", "name"], [], ["1", "a\nb"], [], ["2", "c"]]
    assert numbers(workbook(Table=rows)) == [3, 5]
    repeated = '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
    path = written("table.ods", ods(ods_row("id", "name") + repeated + ods_row("1", "a") + ods_row("2", "b")))
    assert numbers(path) == [4, 5]
    assert numbers(written("table.json", '[{"id": "1"}, {"id": "2"}]')) == [2, 3]


def test_a_row_with_more_cells_than_the_header_is_rejected_and_a_shorter_one_is_filled(workbook):
    file = CsvFile(workbook(Table=[["id", "name"], ["1"], ["2", "b", "c"]]), [], whole=True)
    assert [cells for _, cells in file.rows()] == [("1", "")]
    assert [(rejection.row, rejection.reason) for rejection in file.rejections] == [(3, "has more cells than the header")]


def test_a_table_is_converted_once_and_read_by_several_at_a_time(written):
    path = written("table.json", json.dumps([{"id": str(number), "text": "x" * 200} for number in range(5000)]))
    file = CsvFile(path, [], whole=True)
    assert CsvFile(path, [], whole=True).text is file.text
    assert isinstance(file.text, ConvertedTable)
    table, counts = file.text, []
    threads = [threading.Thread(target=lambda: counts.append([cells[0] for _, cells in table.rows()])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [["id", *map(str, range(5000))]] * 4


def test_a_file_that_was_changed_is_converted_again(written):
    path = written("table.json", '[{"id": "1"}]')
    first = CsvFile(path, [], whole=True)
    written("table.json", '[{"id": "2"}]')
    second = CsvFile(path, [], whole=True)
    assert [list(file.rows()) for file in (first, second)] == [[(2, ("1",))], [(2, ("2",))]]
    assert first.text.sha256 != second.text.sha256


@pytest.mark.parametrize(("limit", "most", "reason"), [("MAX_ROWS", 2, "more than 2 rows"), ("MAX_COLUMNS", 1, "more than 1 columns")])
def test_a_table_beyond_a_limit_is_refused(workbook, monkeypatch, limit, most, reason):
    path = workbook(Table=[["id", "name"], ["1", "a"], ["2", "b"]])
    monkeypatch.setattr(f"lmskit.importers.tables.rows.{limit}", most)
    with pytest.raises(ImportFileError, match=rf"table\.xlsx.*{reason}.* Export the table as CSV"):
        CsvFile(path, [], whole=True)


def test_a_long_json_table_and_one_with_too_many_cells_are_refused(written, monkeypatch):
    path = written("table.json", '[{"id": "1"}, {"id": "2"}]')
    monkeypatch.setattr(moodle_json, "MAX_FILE", 5)
    with pytest.raises(ImportFileError, match=r"table\.json is larger than"):
        CsvFile(path, [], whole=True)
    monkeypatch.setattr(moodle_json, "MAX_FILE", 500)
    monkeypatch.setattr("lmskit.importers.tables.rows.MAX_CELLS", 2)
    with pytest.raises(ImportFileError, match="more than 2 cells"):
        CsvFile(path, [], whole=True)


def test_headers_are_restored_from_the_keys_of_json_with_the_decimals_of_the_cells():
    keys = ["lastname", "username", "grade1000000", *(f"q{number}1000000" for number in range(1, 12))]
    cells = ["Roe", "roe", "-", *["5.00000"] * 11]
    assert restored_headers(keys, cells)[2:5] == ["Grade/10.00000", "Q. 1 /10.00000", "Q. 2 /10.00000"]
    assert restored_headers(keys, cells)[-1] == "Q. 11 /10.00000"
    german = restored_headers(["nachname", "begonnenam", "bewertung1000", "f1500", "antwort1"], ["", "", "8,50", "5,00", ""])
    assert german == ["Last name", "Started", "Grade/10.00", "Q. 1 /5.00", "Response 1"]
    assert restored_headers(["q1200", "quiz"], ["", ""]) == ["q1200", "quiz"]


def test_grades_in_xml_may_be_on_one_line(written):
    grades = "".join(f"<result><assignment>q</assignment><student>n{n}</student><score>{n}</score></result>" for n in (1, 2))
    table = CsvFile(written("grades.xml", f'<?xml version="1.0"?><results batch="1">{grades}</results>'), [], whole=True)
    assert [cells[:3] for _, cells in table.rows()] == [("n1", "q", "1"), ("n2", "q", "2")]


def test_the_grades_that_moodle_exports_as_xml_are_results_of_plain_csv(written):
    grade = "<result><assignment>Q1</assignment><student>0001011</student><score>20.00</score></result>"
    path = written("grades.xml", f'<?xml version="1.0"?>\n<results batch="1">\n{grade}\n</results>')
    rows, notes = read(path)
    assert rows == [["sis_id", "quiz", "score", "feedback"], ["0001011", "Q1", "20.00", ""]]
    assert numbers(path) == [3]
    assert "ID numbers and no names" in notes[0]
    assert detected(path).name == "csv"


def test_a_workbook_is_imported_like_the_csv_file_of_it(workbook, written, session, course):
    rows: list[list[Any]] = [["id", "family_name", "given_name", "quiz", "week", "score", "max_score"]]
    rows.append(["00078", "Lux", "Max", "Q", 1, 8.5, 10])
    path = workbook(Results=rows)
    assert detected(path).name == "csv"
    report = import_path(session, path, format_named("csv"), ImportOptions(course=course.code))
    assert (report.total.added, report.rejections, report.name) == (1, (), "table.xlsx")
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    again = import_path(session, written("table.csv", stream.getvalue()), format_named("csv"), ImportOptions(course=course.code))
    assert again.total.unchanged == 1


def test_a_damaged_workbook_is_refused_for_what_is_wrong_and_another_archive_as_unknown(written):
    with pytest.raises(ImportFileError, match=r"people\.xlsx is damaged: sheet1\.xml in it is not well-formed"):
        detected(written("people.xlsx", xlsx("<worksheet>")))
    with pytest.raises(ImportFileError, match=r"table\.json: line 1 is not what a table as JSON has there"):
        detected(written("table.json", '[{"id": "1"'))
    stream = io.BytesIO(xlsx("<worksheet/>").replace(b"xl/workbook.xml", b"xl/workshop.xml"))
    with pytest.raises(ImportFileError, match="is not in a format that lmskit reads"):
        detected(written("people.zip", stream.getvalue()))


@real
@pytest.mark.parametrize("kind", ["xlsx", "json"])
@pytest.mark.parametrize("report", ["quiz1/overview", "quiz1/responses", "quiz2/overview", "quiz2/responses"])
def test_a_real_quiz_report_is_the_same_table_in_every_form(report, kind):
    rows, notes = read(REAL / f"{report}.{kind}")
    assert rows == read(REAL / f"{report}.csv")[0]
    assert detected(REAL / f"{report}.{kind}") is detected(REAL / f"{report}.csv")
    assert [NOT_STORED in note for note in notes] == [True] * (kind == "xlsx")  # a given name that begins with =


@real
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_real_gradebook_has_the_same_records_in_every_form(kind):
    def records(path):
        for record in cast("Format", detected(path)).open(path, ReadOptions()).records():
            fields = type(record).__annotations__
            yield {field: getattr(record, field) for field in fields if field not in {"position", "submitted_at", "rounding"}}

    found, expected = (list(records(REAL / "gradebook" / name)) for name in (f"real_percent.{kind}", "real_percent_comma.csv"))
    assert found == expected


@real
def test_an_ods_workbook_in_which_moodle_left_out_a_text_is_refused_with_the_row():
    with pytest.raises(ImportFileError, match=r"overview\.ods, row 22: content\.xml in it is not well-formed XML\. .* as CSV"):
        detected(REAL / "quiz1" / "overview.ods")
