"""Which format a path is in."""

import re

import pytest

from lmskit.errors import ImportFileError, InputError
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
