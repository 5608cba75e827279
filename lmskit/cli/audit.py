"""`lmskit audit`: who changed what."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.db import snapshot
from lmskit.queries.audit import AUDIT_ENTRIES, audit_rows, count_audit_entries
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
@paged(after=AfterNumber, named_by="entry_id")
def list_entries(
    page: ListPage,
    *,
    course: Annotated[str | None, typer.Option(metavar="CODE", help="Only changes that concern this course.", show_default=False)] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only changes by this person, also under an earlier address.", show_default=False)
    ] = None,
    table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Only changes to this table, such as quiz_attempts.", show_default=False)
    ] = None,
) -> None:
    """List changes, newest first."""
    with snapshot() as session, administrators_only("read the audit trail"):
        if course is not None:
            course = course_by_code(session, course).code
        asked: dict[str, Any] = {"course": course, "actor": actor, "table": table}
        filtered = any(value is not None for value in asked.values())
        nothing = "There is no such change on record." if filtered else "No change is on record yet."
        total = count_audit_entries(session, **asked)
        page.show(partial(audit_rows, session, **asked), AUDIT_ENTRIES, total=total, headings=HEADINGS, worded=_worded, nothing=nothing)


def _worded(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        "when": f"{entry['at']:%Y-%m-%d %H:%M:%S %Z}",
        "who": entry["person"] or entry["actor"],
        "change": change_text(entry["old"], entry["new"]),
    }


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
