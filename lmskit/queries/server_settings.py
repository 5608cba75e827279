"""The settings of the server on which the safety of the data depends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

MUST_BE = {
    "fsync": ("on", "A crash of the machine can destroy the data."),
    "full_page_writes": ("on", "A crash of the machine can destroy the data."),
    "password_encryption": ("scram-sha-256", "New passwords would be stored in a form that can be used to sign in."),
}
"""Setting: the value it must have, and what happens otherwise."""
LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})
_NAMES = (*MUST_BE, "data_checksums", "log_statement", "listen_addresses")


def settings_findings(session: Session, *, embedded: bool) -> Iterator[Finding]:
    """Check the settings of the server; some are only required on the embedded one."""
    rows = session.execute(text("SELECT name, setting FROM pg_settings WHERE name = ANY (:names)"), {"names": list(_NAMES)})
    found = {row.name: str(row.setting) for row in rows}
    where = "in conf/local.conf under the home folder" if embedded else "on the server"
    mistakes = [
        wrong(name, f"{name} is {found[name]}. {harm} Set it to {value} {where}.")
        for name, (value, harm) in MUST_BE.items()
        if found.get(name, value) != value
    ]
    if found.get("data_checksums") == "off":
        sentence = "The server has no checksums, so a damaged page is not noticed. With the server stopped: pg_checksums --enable"
        mistakes.append(wrong("data_checksums", sentence) if embedded else note("data_checksums", sentence))
    if found.get("log_statement", "none") != "none":
        logged = f"log_statement is {found['log_statement']}"
        sentence = f"The server logs statements ({logged}), and with them names, scores and verifiers of passwords."
        mistakes.append(wrong("log_statement", f"{sentence} Set it to none {where}.") if embedded else note("log_statement", sentence))
    addresses = {address.strip() for address in found.get("listen_addresses", "").split(",")}
    if embedded and not addresses <= LOOPBACK:
        mistakes.append(
            wrong(
                "listen_addresses",
                f"The embedded server listens on {', '.join(sorted(addresses))}. Set listen_addresses to 127.0.0.1 {where}.",
            )
        )
    yield from mistakes
    if all(finding.is_well for finding in mistakes):
        yield well("settings", "The server's settings keep the data safe.")
    yield _encryption(session)


def _encryption(session: Session) -> Finding:
    row = session.execute(
        text(
            "SELECT s.ssl, inet_client_addr() IS NULL OR inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1' AS is_local"
            " FROM pg_stat_ssl AS s WHERE s.pid = pg_backend_pid()"
        )
    ).one_or_none()
    if row is not None and row.ssl:
        return well("encryption", "The connection to the server is encrypted.")
    if row is not None and row.is_local:
        return well("encryption", "The connection to the server does not leave this machine.")
    return wrong(
        "encryption",
        "The connection is not encrypted, so others in the network could read it. Add ?sslmode=verify-full to LMSKIT_DATABASE_URL.",
    )
