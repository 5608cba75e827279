"""Checks of a database of lmskit; each finding says what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.queries.access_rules import LEAKPROOF_BUILTINS, RULES, SHARED_RESOURCES, skipped_rules, violations
from lmskit.queries.bounds import unmet_bounds
from lmskit.queries.connections import connections_finding
from lmskit.queries.database_sessions import session_findings
from lmskit.queries.finding import Finding, note, well, wrong
from lmskit.queries.login_settings import login_settings_findings
from lmskit.queries.material_vectors import embedding_findings
from lmskit.queries.server_release import SERVER_RELEASE, VECTOR_RELEASE, server_finding, vector_finding
from lmskit.queries.server_settings import settings_findings
from lmskit.queries.session_limits import limits_findings, temporary_files_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LONG_WAIT = "1 day"
DELIVER = "lmskit mail deliver"
SEE_WAITING = "To see why: lmskit mail list --status waiting."
LONGEST_OBJECT = 120
"""Characters of the object in a sentence: lines of the manifest are long, and their beginning names the object."""
REPORTED_APART = (LEAKPROOF_BUILTINS, SHARED_RESOURCES, SERVER_RELEASE, VECTOR_RELEASE)
"""Access rules that have findings of their own."""


def database_findings(session: Session, *, embedded: bool, harden: bool, installed: tuple[int, int] | None = None) -> Iterator[Finding]:
    """Check the server, rights, sessions and messages, as the person who is signed in.

    `embedded` says whether the server is lmskit's own, `harden` whether lmskit should close its plan oracle, and `installed` which release
    of PostgreSQL is installed for it.
    """
    yield server_finding(session.connection(), embedded=embedded, installed=installed)
    yield vector_finding(session.connection())
    yield from settings_findings(session, embedded=embedded)
    yield from limits_findings(session, embedded=embedded)
    yield connections_finding(session, embedded=embedded)
    yield from _access(session, embedded=embedded, harden=harden)
    yield from _bounds(session)
    yield from embedding_findings(session)
    if session.execute(text("SELECT has_table_privilege('lms.outbox', 'SELECT')")).scalar_one():
        yield from session_findings(session)
        yield from temporary_files_findings(session)
        yield from login_settings_findings(session)
        yield from _messages(session)
    else:
        yield note("rights", "Sessions and messages were not checked. Only an administrator can check them.")


def _access(session: Session, *, embedded: bool, harden: bool) -> Iterator[Finding]:
    found = violations(session)
    n_apart = {rule: sum(violation.rule == rule for violation in found) for rule in REPORTED_APART}
    broken = [violation for violation in found if violation.rule not in n_apart]
    for violation in broken:
        yield wrong(violation.rule, f"{textwrap.shorten(violation.object, LONGEST_OBJECT, placeholder=' …')}. {violation.advice}")
    skipped = skipped_rules(session)
    if not broken:
        yield well("access", f"All {len(RULES) - len(skipped) - len(n_apart)} rules about who may see and change what are met.")
    if skipped:
        sentence = f"This login may not check the rules {', '.join(skipped)}."
        yield note(
            "access, unchecked",
            f"{sentence} On the embedded server, lmskit itself configures who may sign in how."
            if embedded
            else f"{sentence} A superuser may check them.",
        )
    yield _plan_oracle(is_open=n_apart[LEAKPROOF_BUILTINS] > 0, embedded=embedded, harden=harden)
    yield _shared_resources(n_apart[SHARED_RESOURCES], embedded=embedded)


def _plan_oracle(*, is_open: bool, embedded: bool, harden: bool) -> Finding:
    if not is_open:
        return well("plan oracle", "EXPLAIN reveals nothing about rows of other lecturers.")
    channel = "EXPLAIN can reveal rows of other lecturers"
    if not embedded:
        return note("plan oracle", f"{channel}. To close this channel, as superuser: lmskit db bootstrap --harden ADDRESS")
    if harden:
        return wrong("plan oracle", f"{channel}. To close this channel: lmskit db bootstrap")
    return note("plan oracle", f"{channel}, since LMSKIT_LEAKPROOF_BUILTINS is keep.")


def _shared_resources(n_open: int, *, embedded: bool) -> Finding:
    """Whether every login may take locks and disk that all sessions share."""
    if not n_open:
        return well("shared resources", "No login can take advisory locks, make large objects or write into the server's log.")
    harm = f"{n_open} functions or settings let every login fill the server's lock table, disk or log, or follow rows that policies hide"
    if embedded:
        return wrong("shared resources", f"{harm}. To close them: lmskit db bootstrap")
    return note("shared resources", f"{harm}. To close them, as superuser: lmskit db bootstrap --harden ADDRESS")


def _bounds(session: Session) -> Iterator[Finding]:
    """Whether every row is within the bounds of its table; rows from before a bound stay as they are."""
    unmet = unmet_bounds(session)
    if not unmet:
        yield well("bounds", "Every row is within the bounds of its table.")
    for bound in unmet:
        if not bound.n_rows:
            yield note(bound.constraint, f"All rows of {bound.table} meet this bound now. To have it hold for all: lmskit db upgrade")
            continue
        broken = "1 row breaks" if bound.n_rows == 1 else f"{bound.n_rows:,} rows break"
        named = ", ".join(bound.first_keys) + (", …" if bound.n_rows > len(bound.first_keys) else "")
        yield wrong(
            bound.constraint,
            f"{broken} this bound of {bound.table}, which is younger: {named}. What can be read of them is shown; a change has to "
            f"meet the bound. To see all: {bound.find()}. To mend: change these values, then: lmskit db upgrade",
        )


def _messages(session: Session) -> Iterator[Finding]:
    row = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE status = 'waiting' AND created_at < now() - CAST(:wait AS interval)"
            # One that was never tried may wait for the first day of a term.
            " AND (attempts > 0 OR available_at < now() - CAST(:wait AS interval))) AS waiting,"
            " count(*) FILTER (WHERE status = 'waiting' AND leased_until < now()) AS left,"
            " count(*) FILTER (WHERE status = 'dead') AS dead FROM lms.outbox"
        ),
        {"wait": LONG_WAIT},
    ).one()
    if row.waiting:
        verb = "message has" if row.waiting == 1 else "messages have"
        yield wrong("outbox", f"{row.waiting} {verb} waited for more than {LONG_WAIT}. {SEE_WAITING} To hand over what is due: {DELIVER}")
    if row.left:
        verb = "message was" if row.left == 1 else "messages were"
        yield wrong("outbox", f"{row.left} {verb} in hand of a dispatcher that was interrupted. To hand over what is due: {DELIVER}")
    if row.dead:
        verb = "message was" if row.dead == 1 else "messages were"
        yield note(
            "outbox",
            f"{row.dead} {verb} given up after too many tries; enrollments that are still pending may have been announced to the student. "
            "To see why: lmskit mail list --status dead. To request these enrollments again: lmskit mail retry --dead",
        )
    if not row.waiting and not row.left and not row.dead:
        yield well("outbox", "No message is overdue.")
