"""`lmskit audit`: who changed what."""

import json
from typing import Annotated, Any

import typer

from lmskit.cli.page import AfterNumber, Limit, Offset
from lmskit.cli.printing import print_table
from lmskit.db import snapshot
from lmskit.queries.audit import audit_rows, count_audit_entries
from lmskit.queries.course import course_by_code
from lmskit.services.permission import administrators_only

app = typer.Typer(name="audit", help="Who changed what; for administrators.", no_args_is_help=True)

HEADINGS = {
    "entry_id": "No.",
    "when": "When",
    "who": "Who",
    "action": "Action",
    "table_name": "Table",
    "row_key": "Row",
    "course": "Course",
    "change": "Change",
}


@app.command("list")
def list_entries(
    *,
    course: Annotated[str | None, typer.Option(metavar="CODE", help="Only changes that concern this course.", show_default=False)] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only changes by this person, also under an earlier address.", show_default=False)
    ] = None,
    table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Only changes to this table, such as quiz_attempts.", show_default=False)
    ] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    after: AfterNumber = None,
) -> None:
    """List changes, newest first."""
    with snapshot() as session, administrators_only("read the audit trail"):
        if course is not None:
            course = course_by_code(session, course).code
        entries = audit_rows(session, course=course, actor=actor, table=table, limit=limit, offset=offset, after=after)
        total = count_audit_entries(session, course=course, actor=actor, table=table)
    filtered = course is not None or actor is not None or table is not None
    nothing = "There is no such change on record." if filtered else "No change is on record yet."
    listed = [
        {
            **entry,
            "when": f"{entry['at']:%Y-%m-%d %H:%M:%S}",
            "who": entry["person"] or entry["actor"],
            "change": change_text(entry["old"], entry["new"]),
        }
        for entry in entries
    ]
    print_table(listed, HEADINGS, offset=offset, total=total, limit=limit, after=after, named_by="entry_id", nothing=nothing)


def change_text(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    """Write a change on one line.

    Examples
    --------
    >>> change_text({"status": "active", "ended_on": None}, {"status": "withdrawn", "ended_on": "2026-02-02"})
    'ended_on: null → "2026-02-02", status: "active" → "withdrawn"'
    >>> change_text(None, {"rows": 20, "origin": "import"})
    'origin: "import", rows: 20'
    """
    before, after = old or {}, new or {}
    parts = []
    for name in sorted({*before, *after}):
        sides = [json.dumps(side[name], ensure_ascii=False) for side in (before, after) if name in side]
        parts.append(f"{name}: {' → '.join(sides)}")
    return ", ".join(parts)
