"""What docs/growing.md says about dividing the tables among several nodes is what the catalogue says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from lmskit.models import Base
from lmskit.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

TABLES = Base.metadata.tables
DISTRIBUTED = sorted(name for name, table in TABLES.items() if "course_id" in table.c and not table.c.course_id.nullable)
TRIGGERS = """
SELECT DISTINCT c.relname FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
WHERE NOT g.tgisinternal AND c.relnamespace = 'lms'::regnamespace ORDER BY 1
"""

INHERITING = """
SELECT c.relname, p.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_class AS p ON p.oid = i.inhparent
WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""


def listed(heading: str) -> list[tuple[str, ...]]:
    """The rows of the page's table with this heading, without the marks of code."""
    page = (PROJECT_ROOT / "docs" / "growing.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| {re.escape(heading)} \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", page, re.MULTILINE)
    assert found is not None, heading
    return [tuple(cell.strip(" `") for cell in row.strip("|").split("|")) for row in found[1].splitlines()]


def keys_without_the_course() -> Iterator[tuple[str, str]]:
    for name in DISTRIBUTED:
        for key in TABLES[name].constraints:
            if isinstance(key, PrimaryKeyConstraint | UniqueConstraint | ExcludeConstraint) and "course_id" not in key.columns:
                yield str(key.name), ", ".join(key.columns.keys())


def references() -> Iterator[tuple[str, ForeignKeyConstraint]]:
    for name, table in TABLES.items():
        for reference in table.foreign_key_constraints:
            yield name, reference


def test_each_table_of_a_course_is_distributed_by_it_and_keeps_its_references_within_a_node() -> None:
    assert [row[0] for row in listed("distributed by `course_id`")] == DISTRIBUTED
    within = [reference for name, reference in references() if name in DISTRIBUTED and reference.referred_table.name in DISTRIBUTED]
    assert len(within) > 10
    # The course in the one is the course in the other, so that both rows are on the same node.
    for reference in within:
        pairs = {(element.parent.name, element.column.name) for element in reference.elements}
        assert ("course_id", "course_id") in pairs, reference.name


def test_the_keys_that_lack_the_course_are_listed() -> None:
    found = sorted(keys_without_the_course())
    assert sorted(listed("key | columns")) == found != []


def test_the_references_that_would_not_hold_are_listed() -> None:
    found = [
        (str(reference.name), name, reference.referred_table.name)
        for name, reference in references()
        if name not in DISTRIBUTED and reference.referred_table.name in DISTRIBUTED
    ]
    assert listed("reference | from | to") == sorted(found)


def test_the_tables_with_triggers_are_listed(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        assert [row[0] for row in listed("table with triggers")] == list(connection.exec_driver_sql(TRIGGERS).scalars())


def test_the_tables_that_inherit_are_listed(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        assert listed("inherits | from") == [tuple(row) for row in connection.exec_driver_sql(INHERITING)]
