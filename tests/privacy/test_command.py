"""The commands of `lmskit person`: what they print, write and refuse."""

import datetime as dt
import hashlib
import json
import socket
import threading
from contextlib import suppress

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lmskit.backups.erasures import begin_to_remember, begun_outside, remembered_outside
from lmskit.cli import app
from lmskit.cli.doctor import erasure_findings
from lmskit.db import transaction
from lmskit.queries.erasure import Remembered, remembered_erasures
from lmskit.services.erasure import erase_person
from lmskit.services.erasure_memory import read_begun, write_memory
from lmskit.settings import Settings
from tests.security.world import OWN, prepared

STUDENT = OWN + 31
ADDRESS = "wren.student1@example.org"


@pytest.fixture(scope="module")
def world(migrated_database, endpoint):
    """Two lecturers with a row in every table, marked by a word each."""
    return prepared(migrated_database, endpoint, "lmskit_person_command")


@pytest.fixture
def call(configure, world, tmp_path):
    """Call a command as the administrator, in a home of its own."""
    configure(
        LMSKIT_DATABASE_URL=world.engine(world.admin).url.render_as_string(hide_password=False),
        LMSKIT_HOME=str(tmp_path / "home"),
        LMSKIT_REPORTS_DIR=str(tmp_path / "reports"),
    )
    return lambda *arguments: CliRunner().invoke(app, ["person", *map(str, arguments)])


def test_the_export_is_a_file_that_only_its_owner_reads(call, tmp_path):
    done = call("export", ADDRESS, "--to", tmp_path / "person.json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "person.json").stat().st_mode & 0o077 == 0
    document = json.loads((tmp_path / "person.json").read_text(encoding="utf-8"))
    assert document["person"] == STUDENT
    assert f"rows about person {STUDENT}" in done.output


def test_a_dry_run_then_the_erasure_then_nobody(call, tmp_path):
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "report.html").write_text(f"<p>{ADDRESS}</p>")
    rehearsed = call("erase", STUDENT, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert f"Person {STUDENT} would be erased" in rehearsed.output
    assert str(reports / "report.html") in rehearsed.output
    unasked = call("erase", STUDENT)
    assert (unasked.exit_code, "--yes" in unasked.output) == (1, True)
    done = call("erase", ADDRESS, "--yes", "--remove-files", "--receipt", tmp_path / "receipt.txt")
    assert done.exit_code == 0, done.output
    receipt = (tmp_path / "receipt.txt").read_text(encoding="utf-8")
    assert "Backups from before this day" in receipt
    assert "wren.student1" not in receipt
    assert list(reports.iterdir()) == []
    memory = json.loads((tmp_path / "home" / "erasures.json").read_text())
    assert STUDENT in {entry["person_id"] for entry in memory["erasures"]}
    again = call("erase", ADDRESS, "--yes")
    assert (again.exit_code, f"There is no person {ADDRESS}" in again.output) == (1, True)
    replayed = call("replay")
    assert replayed.exit_code == 0, replayed.output
    assert "0 of" in replayed.output


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_erased(call, world, tmp_path):
    person = 7011
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, sort_name, role) OVERRIDING SYSTEM VALUE VALUES (%s, 'Idle', 'idle', 'student')", [person]
        )
    for path, reason in ((tmp_path / "absent" / "file", "There is no folder"), (tmp_path, "is a folder")):
        for command in (("export", person, "--to", path), ("erase", person, "--yes", "--receipt", path)):
            refused = call(*command)
            assert (refused.exit_code, refused.exception.__class__) == (1, SystemExit), (command, refused.output)
            said = " ".join(refused.output.split())
            assert reason in said, said
            assert "Nothing was changed" in said, said
    rehearsed = call("erase", person, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert f"Person {person} would be erased" in rehearsed.output


def test_the_doctor_complains_while_an_erased_person_is_in_the_database(world, tmp_path):
    memory, settings = tmp_path / "erasures.json", Settings(home=tmp_path, backups=str(tmp_path / "backups"))
    engine = world.engine(world.admin)

    def found():
        (finding,) = erasure_findings(settings, world.database, engine)
        return finding.is_well, finding.sentence

    assert found()[0]
    with transaction(engine) as session:
        (made,) = session.execute(text("SELECT created_at FROM users WHERE id = :id"), {"id": OWN + 32}).one()
    mark = hashlib.sha256(f"{OWN + 32}:{made.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}".encode()).hexdigest()
    write_memory(memory, [Remembered(OWN + 32, mark), Remembered(OWN + 33, mark)])
    is_well, sentence = found()
    assert (is_well, sentence.startswith("1 of those who were erased")) == (False, True)
    memory.write_text("?")
    is_well, sentence = found()
    assert (is_well, "cannot be read" in sentence) == (False, True)


def test_an_erasure_that_is_killed_before_it_is_remembered_is_noted_outside(call, world, tmp_path, monkeypatch):
    person, kept = 7001, 7002
    with world.superuser() as connection:
        for number in (person, kept):
            connection.execute(
                "INSERT INTO users (id, family_name, sort_name, role) OVERRIDING SYSTEM VALUE VALUES (%s, 'Idle', 'idle', 'student')",
                [number],
            )

    class KilledError(Exception):
        """As if the process ended here."""

    def killed(*_arguments):
        raise KilledError

    home = tmp_path / "home"
    settings = Settings(home=home, backups=str(tmp_path / "backups"))
    with monkeypatch.context() as patch:
        patch.setattr("lmskit.cli.person.remember", killed)
        assert isinstance(call("erase", person, "--yes").exception, KilledError)
    assert [begun.person_id for begun in begun_outside(settings, world.database)] == [person]
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, kept)
        begin_to_remember(settings, world.database, remembered_erasures(session), {kept})
        session.rollback()
    assert {begun.person_id for begun in begun_outside(settings, world.database)} == {person, kept}
    assert {kept, person}.isdisjoint({erased.person_id for erased in remembered_outside(settings, world.database)})
    replayed = call("replay")
    assert replayed.exit_code == 0, replayed.output
    with transaction(world.engine(world.admin)) as session:
        assert session.scalars(text("SELECT id FROM users WHERE id IN (7001, 7002)")).all() == [kept]
    findings = list(erasure_findings(settings, world.database, world.engine(world.admin)))
    assert [finding.is_note for finding in findings if f"person {kept} was begun" in finding.sentence] == [True]
    assert call("erase", kept, "--yes").exit_code == 0
    assert begun_outside(settings, world.database) == set()


@pytest.mark.long
def test_a_bucket_without_an_answer_is_not_asked_again_while_imports_wait(tmp_path, monkeypatch):
    asked, settings = [], Settings(home=tmp_path, backups="s3://bucket/backups")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def hang_up():
            with suppress(OSError):  # the test is over
                while True:
                    connection, peer = listening.accept()
                    asked.append(peer)
                    connection.close()

        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in {"AWS_ENDPOINT_URL": address, **keys}.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=hang_up)
        thread.start()
        person = Remembered(1, "0" * 64)
        begin_to_remember(settings, "lmskit", [person], {1})
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert 0 < len(asked) <= 2, "one request, which the client of HTTP sends once more where a connection was closed"
    assert read_begun(tmp_path / "erasures.json") == {person}


def test_a_lecturer_with_courses_needs_a_successor(call):
    refused = call("erase", OWN + 1, "--yes")
    assert (refused.exit_code, "The person teaches wren-1, wren-2" in refused.output) == (1, True)
    unknown = call("erase", OWN + 1, "--yes", "--courses-to", "nobody@example.org")
    assert unknown.exit_code == 1


def test_the_own_login_is_not_erased(call, world):
    refused = call("erase", world.admin.id, "--yes")
    assert (refused.exit_code, "signed in as the person who is to be erased" in refused.output) == (1, True)


def test_a_lecturer_erases_and_exports_nobody(configure, world, tmp_path):
    configure(LMSKIT_DATABASE_URL=world.engine(world.own).url.render_as_string(hide_password=False), LMSKIT_HOME=str(tmp_path))
    for arguments in (["erase", "31", "--yes"], ["export", "31", "--to", str(tmp_path / "x")], ["erased"]):
        refused = CliRunner().invoke(app, ["person", *arguments])
        assert (refused.exit_code, "Only an administrator can" in refused.output) == (1, True), refused.output
    assert not (tmp_path / "x").exists()
