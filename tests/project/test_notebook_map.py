"""The notebooks that the README lists exist."""

from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def test_the_notebooks_for_administrators_lecturers_and_reports_exist():
    found = {
        path.relative_to(NOTEBOOKS).with_suffix("").as_posix()
        for path in NOTEBOOKS.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert {"admin/course_setup", "admin/enrollment", "lecturer/mastery_dashboard", "lecturer/quiz_quality", "reports/term_report"} <= found
