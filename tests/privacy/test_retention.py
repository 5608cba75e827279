"""The retention periods: shown without a change, applied on request, and never beyond the year that stays on record."""

import zlib
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lmskit.archives.store import FolderArchives
from lmskit.cli import app
from lmskit.db import transaction
from lmskit.queries.retention import students_due
from lmskit.services.archive import create_archive
from lmskit.services.archive_restore import verify_archive
from lmskit.services.erasure import erase_students
from tests.security.world import OWN, prepared


@pytest.fixture
def world(migrated_database, endpoint, request):
    """Rows of four kinds that are two years old, and as many of today."""
    made = prepared(migrated_database, endpoint, f"lmskit_retention_{zlib.crc32(request.node.name.encode()):x}")
    with made.superuser() as connection:
        for statement in (
            "UPDATE outbox SET status = 'refused', created_at = now() - interval '2 years' WHERE id = %(base)s + 401",
            (
                "UPDATE import_runs SET started_at = now() - interval '2 years', report ="
                ' \'{"rejections": [{"value": "Ada"}], "oddities": [], "rejection_counts": [{"count": 1}]}\' WHERE id = %(base)s + 501'
            ),
            (
                "INSERT INTO audit_log (at, action, table_name, row_key)"
                " SELECT now() - interval '2 years', 'update', 'courses', n::text FROM generate_series(1, 7) AS n"
            ),
            "UPDATE terms SET starts_on = '2020-01-01', ends_on = '2020-06-30', state = 'closed' WHERE id = %(base)s + 5",
        ):
            connection.execute(statement, {"base": OWN})
    return made


@pytest.fixture
def call(configure, world, tmp_path):
    """Call the command with periods of a year and a half."""

    def called(*arguments, **periods):
        days = dict.fromkeys(("MESSAGES", "IMPORTS", "AUDIT", "STUDENTS"), "548") | periods
        configure(
            LMSKIT_DATABASE_URL=world.engine(world.admin).url.render_as_string(hide_password=False),
            LMSKIT_HOME=str(tmp_path),
            **{f"LMSKIT_RETENTION_{name}": value for name, value in days.items()},
        )
        return CliRunner().invoke(app, ["retention", *arguments])

    return called


def counts(world):
    """Rows of the four kinds."""
    with transaction(world.engine(world.admin)) as session:
        return [
            session.scalar(text(statement))
            for statement in (
                "SELECT count(*) FROM outbox",
                "SELECT count(*) FROM import_runs WHERE report::text ~ 'Ada'",
                "SELECT count(*) FROM audit_log WHERE at < now() - interval '1 year'",
                "SELECT count(*) FROM users WHERE role = 'student'",
            )
        ]


def test_without_apply_nothing_changes_and_what_is_due_is_listed(world, call):
    before = counts(world)
    shown = call()
    assert shown.exit_code == 0, shown.output
    assert counts(world) == before
    assert "Nothing was removed." in shown.output
    assert [line.split()[-3] for line in shown.output.splitlines() if "548 days" in line][:3] == ["1", "1", "7"]


def test_apply_removes_what_is_due_and_records_it(world, call):
    messages, findings, old, students = counts(world)
    done = call("--apply", "--yes")
    assert done.exit_code == 0, done.output
    assert counts(world)[:3] == [messages - 1, findings - 1, old - 7]
    assert counts(world)[3] < students
    with transaction(world.engine(world.admin)) as session:
        removed = session.scalar(text("SELECT new ->> 'entries' FROM audit_log WHERE action = 'old entries removed'"))
        kept = session.scalar(text("SELECT report FROM import_runs WHERE id = :id"), {"id": OWN + 501})
    assert removed == "7"
    assert kept == {"rejections": [], "oddities": [], "rejection_counts": [{"count": 1}]}
    assert call("--apply", "--yes").output.strip().endswith("Nothing is due.")


def test_files_of_an_archived_term_are_written_anew_without_the_students(world, call, tmp_path):
    opened = partial(transaction, world.engine(world.admin))
    with opened() as session:
        code = session.scalar(text("SELECT code FROM terms WHERE id = :id"), {"id": OWN + 5})
    first = create_archive(opened, opened, FolderArchives(tmp_path / "archives", make=True), code)
    assert first.manifest.rows_of("student_enrollments") > 0
    done = call("--apply", "--yes")
    assert done.exit_code == 0, done.output
    assert f"The files of the archived term {code} were written anew" in done.output
    assert not Path(first.location).exists()
    now = verify_archive(opened, code, tmp_path).manifest
    assert now.rows_of("student_enrollments") < first.manifest.rows_of("student_enrollments")


def test_no_period_reaches_into_the_last_year_of_the_audit_trail(world, call):
    with pytest.raises(ValueError, match="greater than or equal to 366"):
        call(AUDIT="30")
    with transaction(world.engine(world.admin)) as session:
        recent = session.scalar(text("SELECT count(*) FROM audit_log WHERE at > now() - interval '1 year'"))
        assert session.scalar(text("SELECT lms.remove_old_entries('infinity')")) == 7
        assert session.scalar(text("SELECT count(*) FROM audit_log")) == recent + 1


def test_a_student_whose_term_is_not_closed_stays_whatever_its_last_day(world, call):
    with world.superuser() as connection:
        connection.execute("UPDATE terms SET state = 'open' WHERE id = %s", [OWN + 5])
    before = counts(world)[3]
    done = call("--apply", "--yes")
    assert done.exit_code == 0, done.output
    assert counts(world)[3] == before


def test_who_is_enrolled_again_meanwhile_stays(world):
    with transaction(world.engine(world.admin)) as session:
        due = students_due(session, 548)
    assert OWN + 33 in due
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)"
            " VALUES (%s, %s, 'active', 'form', '2026-03-01')",
            [OWN + 12, OWN + 33],
        )
    with transaction(world.engine(world.admin)) as session:
        done = erase_students(session, due, days=548)
    assert (done.not_due, len(done.receipts)) == ((OWN + 33,), len(due) - 1)
    with transaction(world.engine(world.admin)) as session:
        assert session.scalar(text("SELECT count(*) FROM users WHERE id = :id"), {"id": OWN + 33}) == 1


def test_a_message_that_is_being_sent_holds_up_one_student_and_no_others(world, call):
    with world.superuser() as connection:
        for number in (6001, 6002):
            connection.execute(
                "INSERT INTO users (id, family_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, 'Idle', 'idle', 'student', now() - interval '3 years')",
                [number],
            )
        connection.execute(
            "INSERT INTO outbox (idem_key, message_id, student_id, recipient, template, leased_until)"
            " VALUES ('leased', '<leased@example.org>', 6001, 'leased@example.org', 'welcome', now() + interval '1 minute')"
        )
    done = call("--apply", "--yes")
    assert done.exit_code == 3, done.output
    assert "Left, as messages to them are being sent: 1." in " ".join(done.output.split())
    with transaction(world.engine(world.admin)) as session:
        assert session.scalars(text("SELECT id FROM users WHERE id IN (6001, 6002)")).all() == [6001]


def test_a_message_that_is_being_settled_holds_up_one_student_too(world):
    with world.superuser() as sender:
        sender.execute("UPDATE outbox SET status = 'waiting', leased_until = NULL WHERE id = %s", [OWN + 401])
        sender.commit()
        sender.execute("SELECT FROM outbox WHERE id = %s FOR UPDATE", [OWN + 401])
        with transaction(world.engine(world.admin)) as session:
            done = erase_students(session, [OWN + 31, OWN + 33])
    assert (done.waiting, [receipt.person_id for receipt in done.receipts]) == ((OWN + 31,), [OWN + 33])
