"""Write docs/data-model.md from the models and the access manifest: `python -m scripts.data_model`."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from lmskit.models import Base
from lmskit.queries.access_manifest import expected_manifest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data-model.md"
PEOPLE = {"lmskit_lecturer": "Lecturers", "lmskit_admin": "Administrators"}
GRANT = re.compile(r"grant (?P<table>\w+)(?:\.(?P<column>\w+))? to (?P<role>\w+): (?P<privileges>[A-Z,]+)")
POLICY = re.compile(r"policy (?P<table>\w+)\.\w+ r permissive to lmskit_lecturer using (?P<rows>.*) check")
EXECUTE = re.compile(r"grant (?P<function>\w+)\(.*\) to (?P<role>\w+): EXECUTE")
CALLERS = {**PEOPLE, "lmskit_mailer": "Dispatcher"}
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
VERBS = {"SELECT": "see", "INSERT": "add", "UPDATE": "change"}
ROWS = {
    "my_course_ids": "rows of their own courses",
    "my_colleague_ids": "themselves, and the students and staff of their own courses",
    "my_term_ids": "the terms of their own courses",
    "my_student_ids": "themselves and the students of their own courses",
    "true": "every row",
}
"""The function of a lecturer's policy, or that it has no condition, and the rows that it leaves."""

HEAD = """# Data model

This page is generated from the models and from the grants and policies of the migrations: `python -m scripts.data_model`.

## Who connects

| login | sees and changes |
|---|---|
| a lecturer's (`lmskit_lecturer`) | the columns listed below, in the rows of their own courses |
| an administrator's (`lmskit_admin`) | the columns listed below, in all rows |
| `lmskit_dispatcher` | no table; it calls the functions that claim a message and record its delivery |
| `lmskit_backup` | reads every column of every row, for a dump, and changes nothing |

PostgreSQL decides this for the login that opened the connection, whatever program it runs.
A column without an entry cannot be read by that login, not even in a condition.
Students have no login.

## Tables and keys

"""


def page() -> str:
    """The page: a diagram of the keys, and a section for each table."""
    tables = sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    grants, rows = grants_by_table(), rows_seen_by_lecturers()
    parts = [HEAD + _diagram(tables)]
    parts += [_section(table, grants[table.name], rows.get(table.name)) for table in tables]
    return "\n".join([*parts, _functions()])


def rows_seen_by_lecturers() -> Mapping[str, str]:
    """The rows that the policies leave to lecturers, by table."""
    return {
        match["table"]: next(text for function, text in ROWS.items() if function in match["rows"])
        for line in expected_manifest()
        if (match := POLICY.match(line))
    }


def summary_of(table: Table) -> str:
    """What a row of a table is, one sentence a line."""
    model = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
    return " ".join((model.__doc__ or "").split("\n\n")[0].split()).replace(". ", ".\n")


def grants_by_table() -> Mapping[str, Mapping[str, dict[str, set[str]]]]:
    """The privileges by table, role and column; the column is empty where the whole table is granted."""
    found: dict[str, dict[str, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for line in expected_manifest():
        if (match := GRANT.fullmatch(line)) and match["role"] in PEOPLE:
            found[match["table"]][match["role"]][match["column"] or ""] |= set(match["privileges"].split(","))
    return found


def _diagram(tables: list[Table]) -> str:
    lines = ["```mermaid", "erDiagram"]
    for table in tables:
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
            parent = "|o" if all(column.nullable for column in key.columns) else "||"
            child = "o|" if set(key.columns) == set(table.primary_key.columns) else "o{"
            names = ", ".join(column.name for column in key.columns)
            lines.append(f'    {key.referred_table.name} {parent}--{child} {table.name} : "{names}"')
    return "\n".join([*lines, "```", ""])


def _section(table: Table, grants: Mapping[str, Mapping[str, set[str]]], rows: str | None) -> str:
    seen = f"Lecturers see {rows}." if rows else "Lecturers cannot see this table."
    deleting = [PEOPLE[role] for role, columns in grants.items() if "DELETE" in columns.get("", set())]
    deleted = f"{' and '.join(sorted(deleting))} can delete rows." if deleting else "No person's login can delete rows."
    lines = [
        f"## {table.name}",
        "",
        summary_of(table),
        seen,
        deleted,
        "",
        f"| column | type | meaning | {' | '.join(PEOPLE.values())} |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(column, grants) for column in table.columns]
    return "\n".join([*lines, ""])


def _row(column: "Column[object]", grants: Mapping[str, Mapping[str, set[str]]]) -> str:
    kind = column.type.compile(dialect=DIALECT).lower()
    kind += ", key" if column.primary_key else "" if not column.nullable else ", may be null"
    given = (_verbs(column.name, grants.get(role, {})) for role in PEOPLE)
    return f"| `{column.name}` | {kind} | {(column.comment or '').replace('|', chr(92) + '|')} | {' | '.join(given)} |"


def _functions() -> str:
    callers: dict[str, set[str]] = defaultdict(set)
    for line in expected_manifest():
        if (match := EXECUTE.fullmatch(line)) and match["role"] in CALLERS:
            callers[match["function"]].add(match["role"])
    lines = ["## Functions", "", "A function does what the caller's login could not do by itself, and checks who calls it.", ""]
    lines += [f"| function | {' | '.join(CALLERS.values())} |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {' | '.join('call' if role in callers[name] else '' for role in CALLERS)} |" for name in sorted(callers)]
    return "\n".join([*lines, ""])


def _verbs(column: str, grants: Mapping[str, set[str]]) -> str:
    privileges = grants.get("", set()) | grants.get(column, set())
    return ", ".join(word for privilege, word in VERBS.items() if privilege in privileges)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
