"""Which format a path is in."""

import re

import pytest

from lmskit.errors import ImportFileError, InputError
from lmskit.importers import text_file
from lmskit.importers.registry import FORMATS, detected, format_named
from tests.importers.plain import csv_file
from tests.importers.sample import SAMPLE


def test_every_format_has_its_own_name():
    names = [form.name for form in FORMATS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) and format_named(name).name == name for name in names)


def test_an_unknown_format_is_refused_with_the_list_of_formats():
    with pytest.raises(InputError, match=r"There is no format 'blackboard'. Formats are canvas-gradebook, "):
        format_named("blackboard")


def test_the_format_is_detected_by_the_content(tmp_path):
    assert detected(SAMPLE).name == "oulad"
    assert detected(csv_file(tmp_path / "oulad.xml", "email,last name\n")).name == "csv"
    assert detected(csv_file(tmp_path / "users", "username,firstname,lastname,email,course1\n")).name == "moodle-users"


def test_a_file_in_no_format_is_refused_with_the_list_of_formats(tmp_path):
    with pytest.raises(ImportFileError, match=r"c.csv is not in a format that lmskit reads: .*Plain CSV \(csv\)"):
        detected(csv_file(tmp_path / "c.csv", "colour\nred\n"))
    with pytest.raises(ImportFileError, match="There is no file or folder"):
        detected(tmp_path / "nowhere")


def test_a_gradebook_with_an_empty_row_under_its_header_is_detected(tmp_path):
    path = tmp_path / "gradebook.csv"
    path.write_text('Student,ID,Section,Quiz (11)\n,,,\n    Points Possible,,,10\n"Vale, Ada",501,x,9\n', encoding="utf-8")
    assert detected(path).name == "canvas-gradebook"


def test_a_file_is_read_through_once_however_many_formats_are_tried(tmp_path, monkeypatch):
    read, scan_stream = [], text_file._scan

    def scanned(path, stream):
        read.append(path)
        return scan_stream(path, stream)

    monkeypatch.setattr(text_file, "_scan", scanned)
    path = csv_file(tmp_path / "roster.csv", "email,family_name\nada@example.org,Lovelace")
    assert detected(path).name == "csv"
    assert read == [path]


def test_a_file_that_changes_while_its_format_is_looked_for_is_read_again(tmp_path):
    path = csv_file(tmp_path / "roster.csv", "email\nada@example.org")
    with text_file.scanned_once():
        first = text_file.scan(path)
        path.write_text("email\nben@example.org\n\n", encoding="utf-8")
        assert text_file.scan(path).sha256 != first.sha256
