"""`lmskit doctor`: is everything as it should be, and if not, what to do."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lmskit.db import default_engine, revision, snapshot
from lmskit.db.connection import external_url
from lmskit.errors import DatabaseError
from lmskit.queries.health import Finding, database_findings
from lmskit.settings import settings

LOW_DISK = 1 << 30


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Look at the home folder, the server and the database; exit status 1 when something is wrong."""
    findings = list(all_findings())
    if as_json:
        typer.echo(json.dumps([{"name": one.name, "is_well": one.is_well, "sentence": one.sentence} for one in findings], indent=2))
    else:
        table = Table(show_header=False, box=None)
        for one in findings:
            mark = Text("well ", style="green") if one.is_well else Text("wrong", style="bold red")
            table.add_row(mark, Text(one.name), Text(one.sentence))
        Console().print(table)
    if not all(one.is_well for one in findings):
        raise typer.Exit(1)


def all_findings() -> Iterator[Finding]:
    """Look at this machine first, then at the database; a database that cannot be reached is one finding."""
    yield disk(settings().home)
    yield passfile(settings().passfile)
    yield trust()
    try:
        revision.require_current(default_engine())
        yield Finding("revision", is_well=True, sentence=f"The database is at revision {revision.head()}, which this lmskit needs.")
        with snapshot() as session:
            yield from database_findings(session)
    except DatabaseError as error:
        yield Finding("database", is_well=False, sentence=str(error))


def disk(home: Path) -> Finding:
    """Return whether there is room where the data lie."""
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    shown = f"{free / LOW_DISK:.1f} GiB are free at {existing}."
    return Finding("disk", is_well=free >= LOW_DISK, sentence=shown if free >= LOW_DISK else f"Only {shown} Make room before importing.")


def passfile(path: Path) -> Finding:
    """Return whether the passwords kept on this machine are readable by their owner only."""
    if not path.exists():
        return Finding("passfile", is_well=True, sentence="No password is kept on this machine.")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("passfile", is_well=False, sentence=f"Others can read the passwords in {path}. To close it: chmod 600 {path}")
    return Finding("passfile", is_well=True, sentence=f"Only its owner can read {path}.")


def trust() -> Finding:
    """Return how far the deployment can be trusted; both ways are well, but they are not the same."""
    if external_url() is None:
        return Finding("trust", is_well=True, sentence="The server is embedded: whoever owns the home folder owns the data.")
    return Finding("trust", is_well=True, sentence="The server is external: what its administrators can read, they can read.")
