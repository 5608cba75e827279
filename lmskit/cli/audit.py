"""`lmskit audit`: who changed what."""

import json
from typing import Annotated, Any

import typer

from lmskit.cli.page import Limit, Offset

app = typer.Typer(name="audit", help="Who changed what; for administrators.", no_args_is_help=True)

LISTED = {"at": "When", "who": "Who", "action": "What", "table_name": "Table", "row_key": "Row", "course": "Course", "change": "Change"}


@app.command("list")
def list_entries(
    *,
    course: Annotated[str | None, typer.Option(metavar="CODE", help="Only what concerns this course.", show_default=False)] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what this person did, also under an earlier address.", show_default=False)
    ] = None,
    table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Only changes to this table, such as quiz_attempts.", show_default=False)
    ] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List changes, newest first."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.audit import audit_entries, count_audit_entries
    from lmskit.queries.course import course_by_code
    from lmskit.services.permission import administrators_only

    with snapshot() as session, administrators_only("read the audit trail"):
        if course is not None:
            course = course_by_code(session, course).code
        found = audit_entries(session, course=course, actor=actor, table=table, limit=limit, offset=offset)
        total = count_audit_entries(session, course=course, actor=actor, table=table)
    found["at"] = [f"{at:%Y-%m-%d %H:%M:%S}" for at in found["at"]]
    found["who"] = found["person"].fillna(found["actor"])
    found["change"] = [change_text(old, new) for old, new in zip(found["old"], found["new"], strict=True)]
    print_table(found, LISTED, offset=offset, total=total, nothing="There is no such change on record.")


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
