"""What a backup says about itself: where and when it was made, what it contains, and by which versions it can be read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1
"""Raised when an older lmskit could not restore a backup of a newer one."""
MANIFEST = "manifest.json"
DUMP = "database.dump"
LOGINS = "logins.json"
MATERIALS = "materials/"
"""How the names of materials' files begin in a backup; the rest is the name in the store."""
SHA256 = r"^[0-9a-f]{64}$"
NAME = r"^[^\x00]{1,63}$"
VERIFIER = r"^(SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+|md5[0-9a-f]{32})$"
"""What a server stores of a password."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableContent(_Record):
    """The content of a table, without regard to the order of its rows.

    Attributes
    ----------
    rows
        How many it has.
    checksum
        The sum of the first 64 bits of the MD5 of each row's text, without generated columns; 0 for an empty table.
    """

    rows: int = Field(ge=0)
    checksum: int


class BackedUpMembership(_Record):
    """That a role is a member of another one, and with which options."""

    member: str = Field(pattern=NAME)
    role: str = Field(pattern=NAME)
    granted_by: str = Field(pattern=NAME)
    admin: bool
    inherit: bool
    set: bool


class BackedUpRole(_Record):
    """A role without its power over the server, which a restore never gives: only what a login of lmskit may have.

    Attributes
    ----------
    verifier
        What the server stores of its password; None if it has none.
    """

    name: str = Field(pattern=NAME)
    login: bool
    connection_limit: int = Field(ge=-1)
    valid_until: dt.datetime | None = None
    verifier: Annotated[str, Field(pattern=VERIFIER)] | None = None


class BackedUpLogins(_Record):
    """The roles that the database mentions, and who is a member of which; not those of other databases of the server."""

    roles: list[BackedUpRole]
    memberships: list[BackedUpMembership]


class SavedMaterials(_Record):
    """The files of materials in a backup.

    Attributes
    ----------
    included
        Whether the backup has them.
    files, size
        How many, and their bytes.
    missing
        The names of those that the database has and the store did not have, or had damaged.
    """

    included: bool
    files: int = Field(ge=0)
    size: int = Field(ge=0)
    missing: list[Annotated[str, Field(pattern=SHA256)]]


class BackupPart(_Record):
    """A file in a backup, as it was written."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)


class BackupManifest(_Record):
    """What a backup says about itself.

    Attributes
    ----------
    format
        Version of the form of backups.
    lmskit
        Version of the lmskit that made it.
    database, revision
        Name of the database, and the revision of its schema.
    server
        `server_version_num`, such as 180006.
    dumped_by
        Release of pg_dump, such as 18.6.
    started, taken_at, ended
        When it was begun, the time of the snapshot, up to which everything committed is in it, and when it was complete.
    tables, sequences
        The content of each table, and the last value of each sequence.
    """

    format: int
    lmskit: str
    database: str = Field(pattern=NAME)
    revision: str | None
    server: int
    dumped_by: str
    started: dt.datetime
    taken_at: dt.datetime
    ended: dt.datetime
    tables: dict[str, TableContent]
    sequences: dict[str, int]
    parts: dict[str, BackupPart]
    materials: SavedMaterials

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())
