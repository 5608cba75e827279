"""What an import writes is in the audit trail under its number: the rows that it added, and what the others were before."""

import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from lmskit import services
from lmskit.cli import app
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import AuditEntry, ImportRun
from lmskit.queries.import_run import import_run, written_rows
from lmskit.services.file_import import import_file, import_path
from lmskit.services.import_undo.written import WRITTEN
from lmskit.services.importing import ImportOptions
from lmskit.services.oulad import import_oulad
from lmskit.services.retention import remove_findings
from tests import factories
from tests.importers.plain import csv_file
from tests.importers.sample import SAMPLE

KEYS = {
    "users": "id",
    "terms": "id",
    "courses": "id",
    "quizzes": "id",
    "quiz_attempts": "id",
    "external_ids": "id",
    "outbox": "id",
    "syllabi": "concat_ws(':', course_id, week_number)",
    "student_enrollments": "concat_ws(':', course_id, student_id)",
    "bank_questions": "concat_ws(':', course_id, bank, number)",
    "question_slots": "concat_ws(':', course_id, quiz_id, slot)",
    "quiz_exceptions": "concat_ws(':', course_id, quiz_id, student_id)",
    "course_staff": "concat_ws(':', course_id, person_id)",
    "sections": "id",
    "student_activity": "id",
    "section_members": "concat_ws(':', course_id, section_id, student_id)",
    "materials": "id",
}
"""The tables that imports write, and what names a row of each in the trail."""
NAMED = text("""
    SELECT CASE WHEN table_name IN ('syllabi', 'student_enrollments') THEN concat_ws(':', course_id, n) ELSE n::text END
    FROM audit_log
    CROSS JOIN LATERAL unnest(numbers) AS r (among)
    CROSS JOIN LATERAL generate_series(lower(r.among), upper(r.among) - 1) AS n
    WHERE import_run_id = :run AND action = 'insert' AND table_name = :table
    UNION ALL
    SELECT row_key FROM audit_log WHERE import_run_id = :run AND action = 'insert' AND table_name = :table AND row_key <> '*'
""")


def keys(session):
    return {table: set(session.scalars(text(f"SELECT ({key})::text FROM {table}"))) for table, key in KEYS.items()}


def last_run(session):
    return session.scalars(select(ImportRun).order_by(ImportRun.id.desc()).limit(1)).one()


def named(session, run):
    found = {table: Counter(session.scalars(NAMED, {"run": run.id, "table": table})) for table in KEYS}
    return {table: set(rows) for table, rows in found.items() if set(rows.values()) <= {1}}


def test_the_trail_names_every_row_that_an_import_added_once(session):
    before = keys(session)
    import_oulad(session, SAMPLE)
    after = keys(session)
    assert named(session, last_run(session)) == {table: after[table] - before[table] for table in KEYS}


def test_it_names_students_weeks_quizzes_and_ids_of_a_gradebook(session, tmp_path):
    course = factories.course(session)
    path = csv_file(
        tmp_path / "gradebook.csv",
        "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 Quiz (9201)\n    Points Possible,,,,,10\n"
        '"Vale, Ada",501,S501,ada@example.org,S,2\n"Orr, Ben",502,S502,ben@example.org,S,3',
    )
    before = keys(session)
    import_file(session, CANVAS.open(path, ReadOptions()), ImportOptions(course=course.code))
    added = {table: rows - before[table] for table, rows in keys(session).items()}
    assert named(session, last_run(session)) == added
    assert {table: len(rows) for table, rows in added.items() if rows} == {
        "users": 2, "external_ids": 5, "student_enrollments": 2, "syllabi": 1, "quizzes": 1, "quiz_attempts": 2,
        "sections": 1, "section_members": 2,
    }  # fmt: skip


def test_it_names_the_questions_of_a_bank(session):
    course = factories.course(session)
    bank = Path(__file__).parent / "samples" / "gift" / "arrays.gift"
    before = keys(session)
    import_path(session, bank, detected(bank, ReadOptions()), ImportOptions(course=course.code))
    added = keys(session)["bank_questions"] - before["bank_questions"]
    assert added
    assert named(session, last_run(session))["bank_questions"] == added


def test_it_names_the_messages_to_students(session, tmp_path):
    course = factories.course(session)
    path = csv_file(tmp_path / "roster.csv", "id,email,last name\n1,ada@example.org,Lovelace\n2,bob@example.org,Babbage")
    before = keys(session)
    import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code, notify=True))
    messages = keys(session)["outbox"] - before["outbox"]
    assert len(messages) == 2
    assert named(session, last_run(session))["outbox"] == messages


def test_an_import_that_changes_rows_keeps_what_they_were(session, tmp_path):
    course = factories.course(session)
    for name in ("Lovelace", "King"):
        path = csv_file(tmp_path / "roster.csv", f"id,email,last name\n1,ada@example.org,{name}")
        import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code, rename=True))
    run = last_run(session)
    changed = session.scalars(select(AuditEntry).where(AuditEntry.import_run_id == run.id, AuditEntry.action == "update")).all()
    assert [(entry.table_name, entry.old["family_name"], entry.new["family_name"]) for entry in changed] == [("users", "Lovelace", "King")]


def test_what_is_written_after_an_import_or_in_a_dry_run_names_none(session):
    import_oulad(session, SAMPLE, ImportOptions(dry_run=True))
    course = factories.course(session)
    import_oulad(session, SAMPLE)
    run = last_run(session)
    factories.course(session)
    entries = select(AuditEntry.import_run_id).where(AuditEntry.table_name == "courses", AuditEntry.id > run.audit_from)
    assert set(session.scalars(entries)) == {run.id, None}
    assert session.scalar(select(AuditEntry.import_run_id).where(AuditEntry.course_id == course.id).limit(1)) is None


@pytest.mark.parametrize("status", ["done", "running"])
def test_only_a_run_of_the_same_transaction_and_login_is_named(session, status):
    """The setting alone, which a login can make, names nothing, and neither does the run of another login."""
    other = ImportRun(format="x", name="x", status=status, **({"actor": "u_0"} if status == "running" else {}))
    session.add(other)
    session.flush()
    session.execute(text("SELECT set_config('lmskit.import_run', :run, true)"), {"run": str(other.id)})
    course = factories.course(session)
    assert set(session.scalars(select(AuditEntry.import_run_id).where(AuditEntry.course_id == course.id))) == {None}


def test_every_table_that_an_importer_writes_is_recorded(session):
    """Of the statements of the importers, and of what they do with objects; a new table needs triggers, and a key above."""
    folder = Path(services.__file__).parent
    files = [*folder.glob("file_import/*.sql"), *folder.glob("activity_import/*.sql"), folder / "oulad.sql"]
    written = {
        table
        for file in files
        for table in re.findall(r"^ *(?:INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if not table.startswith(("file_", "oulad_", "import_"))
    }
    recorded = set(
        session.scalars(
            text(
                "SELECT c.relname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
                " WHERE t.tgname ~ '^(audit|record_import)_insert$'"
            )
        )
    )
    assert set(KEYS) == written | {"bank_questions", "question_slots", "materials"}
    assert {table.name for table in WRITTEN} == set(KEYS)
    assert set(KEYS) <= recorded


def test_the_findings_of_a_report_may_be_removed_and_the_run_stays(session):
    import_oulad(session, SAMPLE)
    run = last_run(session)
    session.execute(text("UPDATE import_runs SET started_at = now() - interval '3 years' WHERE id = :run"), {"run": run.id})
    remove_findings(session, 700)
    assert written_rows(session, import_run(session, run.id))["added"].sum() > 0


def test_the_command_shows_what_an_import_wrote(session, begin, monkeypatch):
    import_oulad(session, SAMPLE)
    run = last_run(session)
    monkeypatch.setattr("lmskit.cli.import_list.snapshot", begin)
    shown = CliRunner().invoke(app, ["import", "show", str(run.id)])
    assert shown.exit_code == 0, shown.output
    assert f"Import {run.id}: oulad (oulad)" in shown.output
    assert re.search(r"student_enrollments\s+\d+\s+0\s+0", shown.output)
    listed = CliRunner().invoke(app, ["import", "list", "--limit", "1"])
    assert (listed.exit_code, str(run.id) in listed.output) == (0, True)
    assert CliRunner().invoke(app, ["import", "runs", "--limit", "1"]).output == listed.output


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "999999999"])
def test_a_run_that_there_is_not_is_refused(admin_engine, number):
    done = CliRunner().invoke(app, ["import", "show", number])
    assert done.exit_code == 1
    assert f"There is no import {number}" in done.output
