"""`lmskit doctor`: what it says, and its exit status."""

import datetime as dt
import json
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lmskit.backups.repository import FolderRepository, Verification, name_of
from lmskit.cli import app
from lmskit.cli.doctor import disk, passfile
from lmskit.db import access, engine_for
from lmskit.db.cluster import Cluster
from lmskit.queries.finding import Finding
from lmskit.queries.health import database_findings
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Role
from tests.security.older import KNOWN

LECTURER = "forgetful.lecturer@example.org"
FAST = {"fsync", "full_page_writes"}
"""The cluster of the tests runs without these, which is a finding."""


@pytest.fixture
def superuser(endpoint):
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        yield connection


def examined(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


def findings(*arguments) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(examined("--json", *arguments).output)}


def mistakes() -> set[str]:
    return {name for name, finding in findings().items() if not finding["is_well"]} - FAST


@pytest.fixture
def embedded(monkeypatch, admin_engine):
    """A cluster with the default settings, apart from those that make tests fast, and of a release without known holes."""
    monkeypatch.setattr("lmskit.queries.server_settings.MUST_BE", {"password_encryption": ("scram-sha-256", "")})
    if KNOWN:
        monkeypatch.setattr("lmskit.db.releases.SAFE_POSTGRES", {})
    with a_backup_of_last_night(Path(access().settings.backups)):
        yield


@contextmanager
def a_backup_of_last_night(folder):
    """A backup that was verified, since what other tests have written into the database may be worth one."""
    folder.mkdir(exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    name = name_of("lmskit", now - dt.timedelta(hours=20), encrypted=False)
    (folder / name).write_bytes(b"a backup")
    FolderRepository(folder).keep_record(name, Verification(size=8, sha256="0" * 64, verified_at=now, age=60, restored_in=1))
    yield
    for backup in FolderRepository(folder).backups():
        FolderRepository(folder).remove(backup)


def test_an_administrator_learns_how_old_the_newest_verified_backup_is_and_a_lecturer_does_not(embedded, make_person, configure):
    assert findings()["backup"]["sentence"].startswith("The newest verified backup is 20 hours old")
    make_person(LECTURER, Role.LECTURER)
    configure(LMSKIT_PERSON=LECTURER)
    assert "backup" not in findings()


def test_nothing_is_wrong_and_the_exit_status_says_so(embedded):
    answer = examined()
    assert answer.exit_code == 0, answer.output
    assert "wrong" not in answer.output
    assert "note  trust: The server is embedded" in answer.output


def test_something_is_wrong_and_the_exit_status_says_so(admin_engine):
    answer = examined()
    assert answer.exit_code == 1
    assert "wrong fsync: fsync is off. A crash of the machine can destroy the data. Set it to on in conf/local.conf" in answer.output


def test_a_machine_can_read_it_too(embedded):
    answer = examined("--json")
    assert answer.exit_code == 0
    for finding in json.loads(answer.output):
        assert set(finding) == {"name", "is_well", "is_note", "sentence"}
        assert finding["sentence"].endswith((".", "?")) or ": " in finding["sentence"]


def test_it_looks_at_everything_that_can_be_wrong(embedded):
    assert set(findings()) == {
        "disk", "passfile", "trust", "variables", "mail server", "migrations", "server", "pgvector", "settings", "encryption", "access",
        "access, unchecked", "plan oracle", "shared resources", "limits", "connections", "login settings", "bounds", "sessions",
        "outbox", "load", "transaction numbers", "store of materials", "files of materials", "backup", "erasures",
    }  # fmt: skip


def test_lines_fit_a_terminal_of_80_columns(embedded, monkeypatch):
    monkeypatch.setattr("lmskit.cli.printing.WIDTH_OF_A_FILE", 80)
    lines = examined().output.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line[:6].strip() in {"well", "note", "wrong", ""} for line in lines)


def test_a_broken_rule_is_named_with_the_object_and_what_to_do(embedded, superuser):
    superuser.execute("ALTER TABLE terms DISABLE ROW LEVEL SECURITY")
    try:
        assert mistakes() == {"row-security-off", "access-differs-from-migrations"}
        answer = examined()
    finally:
        superuser.execute("ALTER TABLE terms ENABLE ROW LEVEL SECURITY")
    assert answer.exit_code == 1
    assert "wrong row-security-off: terms. Every login with a grant sees every row of this table. In a migration:" in answer.output


def test_an_open_plan_oracle_is_wrong_where_lmskit_should_have_closed_it(embedded, superuser):
    superuser.execute("ALTER FUNCTION texteq LEAKPROOF")
    try:
        assert mistakes() == {"plan oracle"}
        assert findings()["plan oracle"]["sentence"].endswith("To close this channel: lmskit db bootstrap")
        with Session(engine_for()) as session:
            kept = by_name(session, embedded=True, harden=False)["plan oracle"]
            elsewhere = by_name(session, embedded=False, harden=False)["plan oracle"]
    finally:
        superuser.execute("ALTER FUNCTION texteq NOT LEAKPROOF")
    assert (kept.is_well, kept.is_note) == (elsewhere.is_well, elsewhere.is_note) == (True, True)
    assert "LMSKIT_LEAKPROOF_BUILTINS is keep" in kept.sentence
    assert elsewhere.sentence.endswith("as superuser: lmskit db bootstrap --harden ADDRESS")


def test_open_advisory_locks_are_wrong_on_the_embedded_server_and_a_note_on_another(embedded, superuser):
    superuser.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
    try:
        assert mistakes() == {"shared resources"}
        with Session(engine_for()) as session:
            elsewhere = by_name(session, embedded=False, harden=False)["shared resources"]
    finally:
        superuser.execute("REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC")
    assert (elsewhere.is_well, elsewhere.is_note) == (True, True)
    assert elsewhere.sentence.endswith("as superuser: lmskit db bootstrap --harden ADDRESS")


def by_name(session, **deployment) -> dict[str, Finding]:
    return {finding.name: finding for finding in database_findings(session, **deployment)}


def test_pending_migrations_are_wrong(embedded, superuser):
    superuser.execute("UPDATE alembic_version SET version_num = '0002'")
    try:
        assert mistakes() == {"migrations"}
        assert findings()["migrations"]["sentence"].endswith("To bring it up to date: lmskit db upgrade")
    finally:
        from lmskit.db import revision

        superuser.execute("UPDATE alembic_version SET version_num = %s", [revision.head()])


@pytest.fixture
def idle(make_person):
    """A lecturer's session that is idle in a transaction."""
    make_person(LECTURER, Role.LECTURER)
    with ExitStack() as stack:
        connection = stack.enter_context(engine_for(LECTURER).connect())
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        yield connection, pid
        connection.invalidate()
    engine_for(LECTURER).dispose()


def test_a_transaction_left_open_is_listed_with_the_person(embedded, idle, monkeypatch):
    _, pid = idle
    assert f"session {pid}" not in findings()
    monkeypatch.setattr("lmskit.queries.database_sessions.IDLE_LIMIT", dt.timedelta(0))
    finding = findings()[f"session {pid}"]
    assert not finding["is_well"]
    assert re.fullmatch(
        rf"{LECTURER} has a transaction open since \d\d:\d\d, idle since \d\d:\d\d\. "
        rf"To end the sessions of that person: lmskit doctor --end {pid}",
        finding["sentence"],
    ), finding["sentence"]


def test_a_transaction_that_holds_something_is_listed_at_once(embedded, idle):
    connection, pid = idle
    connection.exec_driver_sql("SELECT FROM courses FOR UPDATE")
    finding = findings()[f"session {pid}"]
    assert (finding["is_well"], finding["is_note"]) == (True, True)
    assert ". It holds courses, for which nobody waits yet. To end" in finding["sentence"]


def test_a_session_that_was_left_open_can_be_ended(embedded, idle):
    connection, pid = idle
    answer = examined("--end", str(pid))
    assert (answer.exit_code, answer.output) == (0, f"The sessions of {LECTURER} are ended.\n")
    with pytest.raises(Exception, match=r"terminating connection|closed the connection"):
        connection.exec_driver_sql("SELECT 1")


def test_settings_that_a_lecturer_gave_the_own_login_are_named(embedded, make_person):
    make_person(LECTURER, Role.LECTURER)
    with engine_for(LECTURER).begin() as connection:
        connection.exec_driver_sql("ALTER ROLE CURRENT_USER SET statement_timeout = 0")
    engine_for(LECTURER).dispose()
    finding = findings()["login settings"]
    assert finding["is_note"]
    assert finding["sentence"] == (
        f"{LECTURER} has changed settings of their own login (statement_timeout=0), which apply to each new session. "
        f"To remove them, give the login a new password: lmskit passwd {LECTURER}"
    )
    make_person(LECTURER, Role.LECTURER)
    assert findings()["login settings"]["sentence"] == "No login has settings of its own."


def test_no_session_of_that_number_is_a_sentence(embedded):
    answer = examined("--end", "1")
    assert answer.exit_code == 1
    assert answer.stderr == "The database has no session 1 of another person, or no longer has it. To list the sessions: lmskit doctor\n"


def test_a_session_of_the_owner_of_the_tables_is_not_ended(embedded, cluster):
    from lmskit.db import migrator_engine

    with migrator_engine().connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        answer = examined("--end", str(pid))
    assert answer.exit_code == 1
    assert f"The session {pid} belongs to lmskit_migrator, which is not a person's login." in answer.stderr


def test_overdue_and_abandoned_messages_are_findings(embedded, superuser):
    superuser.execute(
        "INSERT INTO outbox (idem_key, message_id, recipient, template, status, created_at, leased_until) VALUES"
        " ('doctor:1', '<doctor1@example.org>', 'a@example.org', 'welcome', 'waiting', now() - interval '2 days', NULL),"
        " ('doctor:2', '<doctor2@example.org>', 'a@example.org', 'welcome', 'waiting', now(), now() - interval '1 minute'),"
        " ('doctor:3', '<doctor3@example.org>', 'a@example.org', 'welcome', 'dead', now(), NULL)"
    )
    superuser.execute("UPDATE outbox SET available_at = created_at WHERE idem_key LIKE 'doctor:%'")
    try:
        with Session(engine_for(DEMO_ADMIN)) as session:
            outbox = [finding for finding in database_findings(session, embedded=True, harden=True) if finding.name == "outbox"]
    finally:
        superuser.execute("DELETE FROM outbox WHERE idem_key LIKE 'doctor:%'")
    assert [(finding.is_well, finding.is_note) for finding in outbox] == [(False, False), (False, False), (True, True)]
    assert outbox[0].sentence == (
        "1 message has waited for more than 1 day. To see why: lmskit mail list --status waiting. "
        "To hand over what is due: lmskit mail deliver"
    )
    assert outbox[1].sentence.startswith("1 message was in hand of a dispatcher that was interrupted.")
    assert outbox[2].sentence.endswith("To request these enrollments again: lmskit mail retry --dead")


def test_a_lecturer_reads_what_was_not_checked(lecturer_engine):
    with Session(lecturer_engine) as session:
        found = by_name(session, embedded=True, harden=True)
    assert found["access"].is_well
    assert found["rights"].sentence == "Sessions and messages were not checked. Only an administrator can check them."


def test_others_who_can_read_the_passfile_are_wrong(tmp_path):
    path = tmp_path / "pgpass"
    assert passfile(path).is_well
    path.write_text("", encoding="utf-8")
    path.chmod(0o644)
    assert passfile(path).sentence == f"Others can read the passwords in {path}. To close the file: chmod 600 {path}"
    path.chmod(0o600)
    assert passfile(path).is_well


def test_a_full_disk_is_wrong(tmp_path, monkeypatch):
    assert disk(tmp_path / "not there yet").is_well
    monkeypatch.setattr("lmskit.cli.doctor.LOW_DISK", 1 << 60)
    assert not disk(tmp_path).is_well


def test_a_database_that_was_made_again_is_hardened_when_the_server_starts(superuser, cluster, monkeypatch):
    def is_leakproof():
        return superuser.execute("SELECT proleakproof FROM pg_proc WHERE proname = 'texteq'").fetchone() == (True,)

    superuser.execute("ALTER FUNCTION texteq LEAKPROOF")
    access().server.start()
    assert is_leakproof()  # the server was running, so nothing was checked
    running, calls = Cluster.running, []

    def stopped_at_first(self):
        calls.append(self)
        return None if len(calls) == 1 else running(self)

    monkeypatch.setattr(Cluster, "running", stopped_at_first)
    access().server.start()
    assert not is_leakproof()
