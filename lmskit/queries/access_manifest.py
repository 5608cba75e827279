"""Is the database what the migrations make: every policy, grant, function, trigger and reference, compared exactly.

`access_manifest.txt` holds what they make at the newest revision. After a migration: ``python -m scripts.access_manifest``.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

FILE = "access_manifest.txt"
RENEW = "python -m scripts.access_manifest"
_FOLDER = files("lmskit.queries")
_REVISION = "revision "


def manifest(connection: Connection) -> list[str]:
    """The lines that describe this database, sorted; the revision first."""
    revision = connection.exec_driver_sql("SELECT lms.schema_revision()").scalar_one()
    statement = _FOLDER.joinpath("access_manifest.sql").read_text(encoding="utf-8")
    found = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).scalars()
    return [f"{_REVISION}{revision}", *sorted(map(str, found))]


def kept_manifest() -> list[str]:
    """The lines in the file, as `manifest` gives them for a database that nobody has changed."""
    return _FOLDER.joinpath(FILE).read_text(encoding="utf-8").splitlines()


def differences(connection: Connection) -> list[str]:
    """What is missing in the database and what is too much, a sentence fragment each.

    Empty where the database is at another revision than the file: nothing can be said then.
    """
    kept, found = kept_manifest(), manifest(connection)
    if kept[0] != found[0]:
        return []
    expected, there = set(kept), set(found)
    return [
        *(f"missing: {line}" for line in sorted(expected - there)),
        *(f"not from a migration: {line}" for line in sorted(there - expected)),
    ]
