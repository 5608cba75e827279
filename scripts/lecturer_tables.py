"""Write docs/lecturer-tables.md from the models and the access manifest: `python -m scripts.lecturer_tables`."""

import re
from pathlib import Path

from lmskit.models import Base
from lmskit.queries.access_manifest import expected_manifest
from scripts.data_model import ROWS, grants_by_table, rows_seen_by_lecturers, summary_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lecturer-tables.md"
LECTURER = "lmskit_lecturer"
VIEW = re.compile(r"view (?P<name>\w+) SELECT (?P<columns>.*?) FROM ")
FUNCTION = re.compile(r"function (?P<name>\w+)\((?P<arguments>[^)]*)\) returns (?P<result>.*?) owner=")

HEAD = """# What lecturers may use in SQL

This page is generated from the models and from the grants and policies of the migrations: `python -m scripts.lecturer_tables`.
[data-model.md](data-model.md) has types and meanings, and what administrators may do.

Every program that signs in as you sees the same: notebooks, `lmskit db psql`, R, a spreadsheet.
All names are in the schema `lms`, which is searched first.
A column that is not listed cannot be read, not even in a condition; `SELECT *` therefore fails for a table with such columns.
Rows are those of your own courses, where nothing else is said.

A statement runs for an hour at most, waits 5 minutes for others, and a transaction may be idle for 30 minutes; a login has 5 connections.
No person can make tables, functions or extensions; temporary tables neither.
"""
MEANINGS = {
    "addresses_in": "addresses of the students of a course who have not withdrawn; the view `student_addresses` has them for all",
    "accept_invitation": "used by `lmskit invitation accept`, with the login of a code; your own login is that of no code",
    "code_is_of": "whether the login of a code is that of a person's invitation; your own login is that of no code",
    "delete_crawl": "remove a crawl with its pages; its materials stay",
    "delete_material": "remove a material with its passages",
    "delete_passages": "remove the passages of a material after a number, such as 0, with their vectors",
    "delete_reading_decision": "take back what you pinned to a week's reading advice, or banned from it",
    "external_ids_in": "the ids that other systems give a course and its quizzes",
    "keep_material_file": "used by lmskit before it writes a file to the store",
    "me": "your id in `users`",
    "my_address": "your e-mail address",
    "my_colleague_ids": "your id, and those of the people who lead or work in your courses",
    "my_course_ids": "ids of your courses",
    "my_led_course_ids": "ids of those of your courses that you may change, not as an assistant",
    "my_limited_course_ids": "ids of those of your courses of which you see only some sections",
    "my_section_ids": "ids of these sections and groups",
    "my_section_members": "courses and ids of the students in these sections and groups",
    "my_student_ids": "ids of the students of your courses",
    "my_term_ids": "ids of the terms of your courses",
    "observed_courses": "the courses that you observe, with who is responsible for them",
    "observed_levels": "how many students at least are at each level in each week of a course that you observe, once its term is closed",
    "oldest_served": "the oldest revision whose lmskit works with the database",
    "passages_at": "passages of courses by numbers of materials, and of passages in them; faster than a condition",
    "release_material_file": "used by lmskit before it deletes a file from the store",
    "staff_in": "who is responsible for a course and who works in it, with addresses",
    "schema_revision": "the revision of the database",
    "set_my_password": "used by `lmskit passwd`",
}
"""What each function is for; one that is missing here stops the page from being written."""


def page() -> str:
    """The page: tables and views with the columns that may be read and changed, and functions."""
    grants, rows = grants_by_table(), rows_seen_by_lecturers()
    parts = [HEAD, "## Tables and views", ""]
    for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name):
        given = grants[table.name].get(LECTURER)
        if given is None:
            continue
        names = [column.name for column in table.columns]
        parts += [f"### {table.name}", "", summary_of(table)]
        seen = rows.get(table.name, ROWS["my_course_ids"])
        if seen != ROWS["my_course_ids"]:
            parts.append(f"You see {seen.replace('themselves', 'yourself').replace('their', 'your')}.")
        parts += ["", *_may(names, given), ""]
    for view in filter(None, map(VIEW.match, expected_manifest())):
        if LECTURER in grants[view["name"]]:
            names = [column.split(" AS ")[-1].split(".")[-1].strip() for column in view["columns"].split(",")]
            parts += [f"### {view['name']} (a view)", "", *_may(names, grants[view["name"]][LECTURER]), ""]
    parts += ["## Functions", "", "| function | returns | for |", "|---|---|---|"]
    callable_ = {match[1] for line in expected_manifest() if (match := re.match(rf"grant (\w+)\(.*\) to {LECTURER}: EXECUTE", line))}
    for function in filter(None, map(FUNCTION.match, expected_manifest())):
        if (name := function["name"]) in callable_:
            parts.append(f"| `{name}({function['arguments']})` | {function['result']} | {MEANINGS[name]} |")
    return "\n".join([*parts, ""])


def _may(names: list[str], given: dict[str, set[str]]) -> list[str]:
    """Lines with the columns for each thing that may be done."""
    lines = ["| you may | columns |", "|---|---|"]
    for privilege, verb in (("SELECT", "read"), ("INSERT", "add"), ("UPDATE", "change")):
        allowed = [name for name in names if privilege in given.get("", set()) | given.get(name, set())]
        if allowed:
            lines.append(f"| {verb} | {', '.join(f'`{name}`' for name in allowed)} |")
    if "DELETE" in given.get("", set()):
        lines.append("| delete | rows |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
