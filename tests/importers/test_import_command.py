"""`lmskit import`, as a person types it."""

import csv

import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from tests.importers.sample import SAMPLE, copy_of_sample


@pytest.fixture
def lmskit(admin_engine):
    return lambda *arguments: CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_a_dry_run_says_what_would_happen_to_every_row(lmskit, tmp_path):
    report = tmp_path / "report.csv"
    done = lmskit("oulad", SAMPLE, "--dry-run", "--report", report)
    assert done.exit_code == 0, done.output
    assert "56 in = 32 added + 0 changed + 0 unchanged + 24 rejected" in done.output
    assert "studentAssessment.csv, row 13, column score: is not between 0 and 100 ('101')" in done.output
    assert "2 × studentRegistration.csv, date_registration: registered on a day that is not known" in done.output
    assert "studentInfo.csv: not imported are the columns gender, region, imd_band." in done.output
    assert "nothing was written" in done.output
    with report.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len([row for row in rows if row["what"] == "rejected"]) == 24
    assert "'-1" in [row["value"] for row in rows]


def test_a_broken_file_is_one_sentence_and_status_1(lmskit, tmp_path):
    done = lmskit("oulad", copy_of_sample(tmp_path, courses="a,b\n"))
    assert done.exit_code == 1
    assert done.stderr.strip().splitlines()[-1].startswith("courses.csv lacks the columns code_module, ")
    assert done.stdout == ""


def test_a_report_without_a_place_is_refused_first(lmskit, tmp_path):
    done = lmskit("oulad", SAMPLE, "--dry-run", "--report", tmp_path / "nowhere" / "report.csv")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no folder" in done.stderr


def test_runs_are_listed_page_by_page(lmskit):
    assert lmskit("runs").exit_code == 0
    refused = lmskit("runs", "--limit", "1001")
    assert refused.exit_code == 1
    assert "A list shows 1 to 1000 rows at once" in refused.stderr
