"""`lmskit doctor`: check the home folder, the server and the database, and say what to do about problems."""

import datetime as dt
import os
import shutil
import stat
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy import Engine, text

from lmskit.archives.store import FOLDER
from lmskit.backups.erasures import begun_outside, remembered_outside
from lmskit.backups.finding import backup_finding, has_own_data
from lmskit.backups.repository import repository_of
from lmskit.cli.printing import console, print_line, visible
from lmskit.cli.row_output import json_text
from lmskit.db import access, engine_for, revision, snapshot, transaction
from lmskit.db.cluster.disk import is_low
from lmskit.db.cluster.processes import Taken, end_on_this_machine, sessions_on_this_machine, taken_by
from lmskit.db.cluster.refused_passwords import refused_passwords
from lmskit.db.passfile import read_entries
from lmskit.errors import (
    BackupError,
    BusyError,
    DatabaseError,
    DatabaseSessionNotFoundError,
    InputError,
    MaterialStoreError,
    RevisionError,
    SeveralHeadsError,
    UnreachableError,
)
from lmskit.materials.chosen_store import store_of
from lmskit.queries.erasure import brought_back, remembered_erasures
from lmskit.queries.finding import Finding, note, well, wrong
from lmskit.queries.health import database_findings
from lmskit.queries.load import load_findings
from lmskit.rounding import count_text
from lmskit.services.archive_findings import archive_findings, archives_in_use, files_not_needed, leftover_findings, locations_in_sight
from lmskit.services.database_session import end_session
from lmskit.services.erasure_memory import FILE
from lmskit.services.mail_check import mail_finding
from lmskit.services.material_store import store_findings
from lmskit.settings import Settings
from lmskit.variables import misspelt_variables

LOW_DISK = 1 << 30
MOST_LOGINS = 3
"""Logins, and kinds of what each does, that are named when the database does not answer."""
LATELY, MANY_TRIED = dt.timedelta(minutes=1), 20
"""In this time so many wrong passwords for one login are reported."""
STYLES = {"well": "green", "note": "yellow", "wrong": "bold red"}


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    end: Annotated[
        int | None,
        typer.Option(
            metavar="PID",
            show_default=False,
            help="End all sessions of the person whose session this is; uncommitted changes are lost.",
        ),
    ] = None,
) -> None:
    """Check the home folder, the server and the database; exit status 1 when something is wrong.

    A note asks for no action.
    """
    if end is not None:
        _end(end)
        return
    findings = list(all_findings())
    if as_json:
        keys = ("name", "is_well", "is_note", "sentence")
        typer.echo(json_text([{key: getattr(finding, key) for key in keys} for finding in findings], indent=2))
    else:
        _show(findings)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _end(pid: int) -> None:
    """End the sessions of a person; if the database cannot do it, on this machine."""
    try:
        with transaction() as session:
            email = end_session(session, pid)
    except (UnreachableError, BusyError, DatabaseSessionNotFoundError):  # one that has not finished to sign in is not listed
        ended = end_on_this_machine(access().server.cluster.layout.data, pid) if access().server.external is None else None
        if ended is None:
            raise
        login, n_ended = ended
        print_line(f"The database could not end them, so {count_text(n_ended, 'session')} of the login {login} ended on this machine.")
    else:
        print_line(f"The sessions of {email} are ended.")


def _show(findings: Iterable[Finding]) -> None:
    out = console()
    for finding in findings:
        mark = "note" if finding.is_note else "well" if finding.is_well else "wrong"
        lines = textwrap.wrap(
            f"{mark:<6}{finding.name}: {visible(finding.sentence)}",
            width=out.width, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        shown = Text("\n".join(lines))
        shown.stylize(STYLES[mark], 0, len(mark))
        out.print(shown, soft_wrap=True)


def all_findings() -> Iterator[Finding]:
    """Check this machine, then the database; a database that cannot be reached is one finding."""
    yield disk(access().settings.home)
    yield passfile(access().settings.passfile)
    yield trust()
    yield variables()
    yield mail_finding(access().settings)
    try:
        yield migrations()
        embedded = access().server.external is None
        with snapshot(any_revision=True) as session:  # `migrations` has looked at it
            yield from database_findings(
                session,
                embedded=embedded,
                harden=embedded and access().settings.leakproof_builtins == "remove",
                installed=access().server.installed_release() if embedded else None,
            )
            yield from load_findings(session, taken_by_sessions)
            archived, not_needed, locations = archives_in_use(session), files_not_needed(session), locations_in_sight(session)
            is_administrator = session.execute(text("SELECT has_table_privilege('lms.outbox', 'SELECT')")).scalar_one()
            own_data = has_own_data(session) if is_administrator else None
        # No transaction stays open while a store or a bucket is waited for.
        yield from materials_findings()
        yield from archive_findings(archived)
        yield from leftover_findings(not_needed, locations, access().settings.home / FOLDER)
        if own_data is not None:
            yield backups(own_data=own_data)
            yield from erasure_findings(access().settings, access().server.database)
        if embedded:
            yield from tried_passwords(access().server.cluster.layout.log)
    except RevisionError as error:
        yield wrong("migrations", str(error))
    except DatabaseError as error:
        yield wrong("database", str(error))
        if access().server.external is None:
            yield from server_sessions(access().server.cluster.layout.data)


def materials_findings() -> Iterator[Finding]:
    """Check the store of materials."""
    try:
        store = store_of(access().settings)
    except MaterialStoreError as error:
        yield wrong("store of materials", str(error))
    else:
        yield from store_findings(partial(snapshot, any_revision=True), store)


def backups(*, own_data: bool) -> Finding:
    """Check that there is a backup that is young enough and was verified."""
    settings, server = access().settings, access().server
    try:
        repository = repository_of(settings.backups, default=settings.home / "backups")
    except BackupError as error:
        return note("backup", f"Backups were not checked. {error}")
    return backup_finding(repository, server.database, own_data=own_data, now=dt.datetime.now(dt.UTC))


def erasure_findings(settings: Settings, database: str, engine: Engine | None = None) -> Iterator[Finding]:
    """Look for people who were erased, and whom a restored backup has brought back; for administrators."""
    try:
        outside, begun = remembered_outside(settings, database), begun_outside(settings, database)
    except InputError as error:
        yield wrong("erasures", str(error))
        return
    with snapshot(engine) as session:
        again = brought_back(session, {*remembered_erasures(session), *outside})
        unclear = brought_back(session, begun - set(again))
    if unclear:
        people = ", ".join(str(person.person_id) for person in unclear)
        yield note(
            "begun erasures",
            f"The erasure of person {people} was begun, and the database does not have it: it was taken back, or an older backup was"
            " restored since. If it is wanted: lmskit person erase NUMBER. If not, remove the entry under begun from"
            f" {settings.home / FILE}, and from the file beside the backups.",
        )
    if again:
        yield wrong(
            "erasures",
            f"{len(again)} of those who were erased are in the database again, from an older backup."
            " To erase them again: lmskit person replay",
        )
    else:
        yield well("erasures", "Nobody who was erased is in the database.")


def server_sessions(data: Path) -> Iterator[Finding]:
    """Name the logins with the most sessions on the embedded server, as this machine shows them."""
    sessions = sessions_on_this_machine(data)
    by_login = Counter(session.login for session in sessions)
    for login, n in by_login.most_common(MOST_LOGINS):
        doing = Counter(session.doing for session in sessions if session.login == login)
        shown = ", ".join(f"{n_doing} {what}" for what, n_doing in doing.most_common(MOST_LOGINS))
        pid = max(session.pid for session in sessions if session.login == login)
        yield note("server sessions", f"{login} has {count_text(n, 'session')} ({shown}). To end them: lmskit doctor --end {pid}")


def tried_passwords(log: Path) -> Iterator[Finding]:
    """Name the logins for which wrong passwords are tried at the embedded server: that takes processor time, and no session is listed."""
    for login, n in refused_passwords(log, dt.datetime.now(dt.UTC) - LATELY).most_common(MOST_LOGINS):
        if n >= MANY_TRIED:
            yield note(
                "passwords",
                f"{n:,} connections as the login {login} were refused in the last minute because of a wrong password. If it goes on, a "
                "program of this machine tries passwords, which takes processor time: look for it among the processes of the machine.",
            )


def taken_by_sessions(pids: Iterable[int]) -> dict[int, Taken]:
    """What sessions have taken of this machine, if their server is the embedded one."""
    return taken_by(access().server.cluster.layout.data, pids) if access().server.external is None else {}


def migrations() -> Finding:
    """Check that the database is at the newest revision; two newest ones do not keep the other checks from running."""
    try:
        revision.require_current(engine_for())
    except SeveralHeadsError as error:
        return wrong("migrations", str(error))
    found, needed = revision.current(engine_for()), revision.head()
    if found != needed:
        return note(
            "migrations", f"The database is at revision {found}, with which this lmskit ({needed}) goes on working. Install the newer one."
        )
    return well("migrations", f"The database is at revision {needed}, which this lmskit needs.")


def disk(home: Path) -> Finding:
    """Check the free space on the disk of the home folder."""
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    shown = f"{free / LOW_DISK:.1f} GiB are free at {existing}."
    if free >= LOW_DISK:
        return well("disk", shown)
    if access().server.external is None and is_low(access().server.cluster.layout):
        shown += " The reserve with which the server starts on a full disk is used up; it is made again at a start with room for it."
    return wrong("disk", f"Only {shown} Make room before importing.")


def passfile(path: Path) -> Finding:
    """Check that only their owner can read the passwords kept on this machine."""
    if not path.exists():
        return well("passfile", "No password is kept on this machine.")
    if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return wrong("passfile", f"Others can read the passwords in {path}. To close the file: chmod 600 {path}")
    try:
        read_entries(path)
    except DatabaseError as error:
        return wrong("passfile", str(error))
    return well("passfile", f"Only its owner can read {path}.")


def variables() -> Finding:
    """Check that no variable was meant for lmskit and sets nothing."""
    misspelt = list(misspelt_variables(os.environ))
    if misspelt:
        return wrong("variables", " ".join(misspelt))
    return well("variables", "No variable is almost called like a setting.")


def trust() -> Finding:
    """Describe who can read all data in this deployment."""
    if access().server.external is None:
        return note("trust", "The server is embedded: the owner of the home folder, and root, can read and change all data in it.")
    return note("trust", "The server is external: it keeps lecturers apart from each other, and its administrators see everything.")
