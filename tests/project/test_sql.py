"""The check of SQL files finds what it should, and reads files of parts and placeholders."""

from scripts.lint_sql import findings


def written(tmp_path, text):
    path = tmp_path / "query.sql"
    path.write_text(text, encoding="utf-8")
    return [finding.split(": ", 1)[1] for finding in findings(path)]


def test_a_comparison_with_null_and_an_alias_without_as_are_found(tmp_path):
    found = written(tmp_path, "SELECT u.id number\nFROM users AS u\nWHERE u.email = NULL\n")
    assert [finding.split()[0] for finding in found] == ["AL02", "CV05"]


def test_a_statement_that_is_not_sql_is_found_and_its_line_is_named(tmp_path):
    (tmp_path / "query.sql").write_text("SELECT 1\nFROM\n", encoding="utf-8")
    [finding] = findings(tmp_path / "query.sql")
    assert "query.sql:1: PRS" in finding or "query.sql:2: PRS" in finding


def test_parts_placeholders_and_comparisons_of_rows_are_read(tmp_path):
    text = """-- part: first
SELECT u.id FROM users AS u WHERE (u.family_name, u.given_name) IS DISTINCT FROM (:family, :given)::text
-- part: second
SELECT x.id FROM {rows} AS x
"""
    assert written(tmp_path, text.replace("::text", "")) == []
