"""The steps of an import, as pipeline.py lists them, are those of the .sql files and of the documentation."""

import re
from collections import Counter

import pytest

from lmskit.services.file_import.context import FILES
from lmskit.services.file_import.pipeline import GIVEN, PIPELINE
from lmskit.services.file_import.stage import Code, Repeat, Sql
from lmskit.services.importing import Statements, parts_of
from tests.importers import pipeline_page
from tests.importers.pipeline_page import PAGE, steps

STATEMENTS = {f"{file}.{part}": sql for file in FILES for part, sql in parts_of(f"file_import/{file}.sql").items()}
NO_CODE = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
"""Comments and texts of a statement."""


def tables(sql):
    """Temporary tables that a statement names; what follows a dot is a column."""
    return set(re.findall(r"(?<!\.)\b(?:file|import)_\w+", NO_CODE.sub("", sql))) - set(GIVEN)


def made(sql):
    """The temporary table that a statement creates."""
    return re.findall(r"CREATE TEMPORARY TABLE (\w+)", sql)


def reported(sql):
    """What a statement reports."""
    if re.search(r"INSERT INTO (file_rejected|import_rejection)\b", sql):
        return "rejections"
    return "warnings" if "INSERT INTO import_warning" in sql else None


def listed_once():
    """Every step in order, those that are repeated only the first time."""
    return list(dict.fromkeys(steps()))


def test_each_part_of_the_sql_files_is_used_exactly_once():
    used = Counter(name for step in listed_once() for name in ([f"{step.file}.{step.part}"] if isinstance(step, Sql) else step.queries))
    assert used == Counter(STATEMENTS.keys())


def test_every_repeat_runs_the_same_steps():
    assert len({step.steps for stage in PIPELINE for step in stage.steps if isinstance(step, Repeat)}) == 1


@pytest.mark.parametrize("step", [step for step in listed_once() if isinstance(step, Sql)], ids=lambda step: f"{step.file}.{step.part}")
def test_a_step_names_the_tables_and_findings_of_its_statement(step):
    sql = STATEMENTS[f"{step.file}.{step.part}"]
    assert {*step.needs, *([step.makes] if step.makes else [])} == tables(sql)
    assert ([step.makes] if step.makes else []) == made(sql)
    assert step.reports == reported(sql)
    assert set(step.analyzes) <= set(step.needs)


@pytest.mark.parametrize("step", [step for step in listed_once() if isinstance(step, Code)], ids=lambda step: step.run.__name__)
def test_a_python_step_needs_the_tables_of_its_queries(step):
    assert set().union(*(tables(STATEMENTS[query]) for query in step.queries)) <= set(step.needs)


def test_every_table_is_made_once_and_before_it_is_needed():
    there: set[str] = set()
    for step in listed_once():
        assert set(step.needs) <= there, step
        makes = step.makes if isinstance(step, Code) else [step.makes] if step.makes else []
        assert not there & set(makes), step
        there.update(makes)


def test_an_import_runs_every_part_in_this_order(imported, monkeypatch):
    executed = []
    for name, method in (("run", Statements.run), ("read", Statements.read)):

        def spy(statements, part, *arguments, _method=method):
            executed.append((statements, part))
            return _method(statements, part, *arguments)

        monkeypatch.setattr(Statements, name, spy)
    imported("id,email,family_name\n1,ada@example.org,Lovelace", notify=True, withdraw_missing=True, remove_missing=True)
    expected = [
        part
        for step in listed_once()
        for part in ([step.part] if isinstance(step, Sql) else [query.partition(".")[2] for query in step.queries])
    ]
    assert list(dict.fromkeys(part for _, part in executed)) == list(dict.fromkeys(expected))


def test_the_documentation_has_these_steps():
    _, inside, _ = pipeline_page.split(PAGE.read_text(encoding="utf-8"))
    assert inside == f"{pipeline_page.generated()}\n"
