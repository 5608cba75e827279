"""The page of the data model is what the models and the migrations say."""

from lmskit.models import Base
from scripts import lecturer_tables
from scripts.data_model import PAGE, page


def test_the_page_of_the_data_model_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m scripts.data_model"


def test_the_page_of_what_lecturers_may_use_is_current():
    assert lecturer_tables.PAGE.read_text(encoding="utf-8") == lecturer_tables.page(), "write it again: python -m scripts.lecturer_tables"


def test_the_page_of_what_lecturers_may_use_leaves_out_what_they_may_not_read():
    text = lecturer_tables.page()
    assert "### student_addresses (a view)\n\n| you may | columns |\n|---|---|\n| read | `course_id`, `student_id`, `email` |" in text
    users = text.split("### users\n")[1].split("\n### ")[0]
    assert "| read | `id`, `family_name`, `given_name`, `sort_name`, `role`, `preferred_name`, `preferred_sort_name` |" in users
    assert "email" not in users
    for table in ("audit_log", "external_ids", "outbox_messages", "import_runs"):
        assert f"### {table}" not in text


def test_the_page_has_every_table_and_every_column():
    text = page()
    missing = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if f"| `{column.name}` |" not in text[text.index(f"## {table.name}\n") :]
    ]
    assert not missing


def test_the_page_says_who_sees_a_column_and_who_does_not():
    users = page().split("## users\n")[1].split("\n## ")[0]
    rows = {
        line.split("|")[1].strip(" `"): [cell.strip() for cell in line.split("|")[4:6]]
        for line in users.splitlines()
        if line.startswith("| `")
    }
    assert rows["email"] == ["", "see, add, change"]
    assert rows["password_hash"] == ["", ""]
    assert "Lecturers see themselves, and the students and staff of their own courses." in users
