"""The parameters of a notebook: declared names and opaque values, checked before they become code."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from lmskit.errors import InputError
from lmskit.reporting.execution import checked_parameters, term_report_notebook
from lmskit.reporting.parameters import ReportParameters


@pytest.mark.parametrize(
    "given",
    [
        {"course": "A", "dsn": "postgresql://"},
        {"course": "A", 'b=1;open("pwn","w");c': 1},
        {"course": ""},
        {"course": "x" * 101},
        {"course": "a\nb"},
        {"course": "A", "n_students": 0},
        {"course": "A", "n_students": "50"},
        {"course": "A", "snapshot": "'; DROP TABLE users"},
        {"course": "A", "snapshot_at": "yesterday"},
    ],
)
def test_an_unknown_parameter_or_a_value_out_of_range_is_refused(given):
    with pytest.raises(ValidationError):
        ReportParameters(**given)


def test_the_notebook_declares_every_parameter():
    given = checked_parameters(term_report_notebook(), ReportParameters(course="A"))
    assert given == {"course": "A", "n_students": 50, "snapshot": ""}


def test_a_name_that_the_notebook_does_not_declare_never_reaches_it(tmp_path):
    book = json.loads(term_report_notebook().read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = ['course: str = "A"']
    path = tmp_path / "other.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    with pytest.raises(InputError, match="has no parameter n_students, snapshot; it has course"):
        checked_parameters(path, ReportParameters(course="A"))


def test_a_misspelt_parameter_gives_no_report_of_another_course(tmp_path):
    notebook, report = term_report_notebook(), tmp_path / "report.ipynb"
    command = [sys.executable, "-m", "papermill", notebook, report, "-p", "course_code", "AAA-2013J", "--no-progress-bar"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "No course was given: the parameter `course` is empty." in run.stderr
    assert "level-shares" not in [cell["id"] for cell in json.loads(report.read_text(encoding="utf-8"))["cells"] if cell.get("outputs")]
