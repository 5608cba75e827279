"""Compare the database with what the migrations make: every policy, grant, function, trigger and reference, exactly.

`access_manifest.txt` has what they make at the newest revision. After a migration: ``python -m scripts.access_manifest``.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

FILE = "access_manifest.txt"
RENEW = "python -m scripts.access_manifest"
PARKED = frozenset({
    "grant parked_rows to lmskit_definer: DELETE,SELECT",
    "grant parked_rows.content to lmskit_definer: UPDATE",
    "policy parked_rows.admin_reads r permissive to lmskit_admin using true check ",
    "policy parked_rows.definer_erases w permissive to lmskit_definer using true check true",
    "policy parked_rows.definer_reads r permissive to lmskit_definer using true check ",
    "policy parked_rows.definer_removes d permissive to lmskit_definer using true check ",
    "relation parked_rows kind=r owner=lmskit_owner row_security=t forced=t options=",
    "relation parked_rows_id_seq kind=S owner=lmskit_owner row_security=f forced=f options=",
})  # fmt: skip
"""What `lmskit.db.parking` adds while rows are parked; no login has a right to it, and functions export and erase a person."""
_FOLDER = files("lmskit.queries")
_REVISION = "revision "


def manifest(connection: Connection) -> list[str]:
    """Return the lines that describe this database, sorted, after a line with the revision."""
    revision = connection.exec_driver_sql("SELECT lms.schema_revision()").scalar_one()
    statement = _FOLDER.joinpath("access_manifest.sql").read_text(encoding="utf-8")
    found = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).scalars()
    return [f"{_REVISION}{revision}", *sorted(map(str, found))]


def expected_manifest() -> list[str]:
    """Return the lines in the file: what `manifest` returns for a database that was made by migrations alone."""
    return _FOLDER.joinpath(FILE).read_text(encoding="utf-8").splitlines()


def differences(connection: Connection) -> list[str]:
    """Return what the database lacks and what it has in addition, one line each.

    Empty if the revisions of database and file differ, because they cannot be compared then.
    """
    kept, found = expected_manifest(), manifest(connection)
    if kept[0] != found[0]:
        return []
    expected, present = set(kept), set(found)
    return [
        *(f"missing: {line}" for line in sorted(expected - present)),
        *(f"not from a migration: {line}" for line in sorted(present - expected - PARKED)),
    ]
