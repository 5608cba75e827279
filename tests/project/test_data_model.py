"""The page of the data model is what the models and the migrations say."""

from lmskit.models.base import Base
from scripts.data_model import PAGE, page


def test_the_page_of_the_data_model_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m scripts.data_model"


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
    assert "Lecturers see themselves and the students of their own courses." in users
