"""A person with a name like no other is planted wherever a text can be, erased, and looked for."""

from __future__ import annotations

import json
import threading
import time

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from lmskit.db import transaction
from lmskit.db.parking import park
from lmskit.errors import MessageOnItsWayError, PersonGoneError, TeachesCoursesError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT as PLAIN
from lmskit.models import User
from lmskit.queries.erasure import brought_back, remembered_erasures
from lmskit.read_models.personal_data import personal_data
from lmskit.schemas.person import ChangePerson
from lmskit.services.erasure import ALWAYS_REMAINS, PARKED, erase_person, erase_students, replay_erasures
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo import undo_import
from lmskit.services.person_change import change_person
from lmskit.services.person_merge import merge_people
from tests.privacy.canary import CLOSED, FORMS, call_zephyra, columns_of, planted, traces
from tests.security.world import FOREIGN, OWN, prepared

PLANTED, RESTORED = 31, 32
"""Students of both lecturers."""
SOON = 20.0
"""Seconds after which another session counts as stuck."""


@pytest.fixture(scope="module")
def world(migrated_database, endpoint):
    """Two lecturers with a row in every table; each test erases another person."""
    return prepared(migrated_database, endpoint, "lmskit_erasure")


def test_nothing_is_left_of_a_student_as_the_dry_run_said(world):
    call_zephyra(world, PLANTED)
    assert planted(world, columns_of(world)) == CLOSED
    with world.superuser() as connection:
        connection.execute("UPDATE archived_attempts SET feedback = %s", [FORMS])
        connection.execute("UPDATE archived_estimates SET rule = %s", [FORMS])
        connection.execute("UPDATE terms SET state = CASE id WHEN 5 THEN 'archived' ELSE 'closed' END::term_state")
    before = traces(world)
    assert len(before) > 100
    assert {"archived_attempts", "archived_estimates"} <= {found.partition(":")[0].removeprefix("lms.") for found in before}
    with transaction(world.engine(world.admin)) as session:
        rehearsed = erase_person(session, PLANTED, dry_run=True)
    assert traces(world) == before
    with transaction(world.engine(world.admin)) as session:
        receipt = erase_person(session, PLANTED)
    assert traces(world) == []
    assert receipt == rehearsed
    with world.superuser() as connection:
        states = connection.execute("SELECT state::text, count(*) FROM terms GROUP BY 1 ORDER BY 1").fetchall()
        assert states == [("archived", 1), ("closed", 2)]
        connection.execute("UPDATE terms SET state = 'open'")
    assert {table: receipt.removed[table] for table in ("quiz_attempts", "student_enrollments", "external_ids", "users")} == {
        "quiz_attempts": 8,
        "student_enrollments": 4,
        "external_ids": 1,
        "users": 1,
    }
    assert any("file of material" in sentence for sentence in receipt.remains)
    assert set(ALWAYS_REMAINS) <= set(receipt.remains)
    with transaction(world.engine(world.admin)) as session:
        assert PLANTED in {erased.person_id for erased in remembered_erasures(session)}
        (entry,) = session.execute(
            text("SELECT actor, row_key FROM audit_log WHERE action = 'person erased' AND row_key = :id"), {"id": str(PLANTED)}
        )
    assert tuple(entry) == (world.admin.name, str(PLANTED))


def test_the_rows_of_others_are_as_they_were(world):
    """What is changed is what names the person; this one is named nowhere."""
    counted = (
        "SELECT (SELECT count(*) FROM quiz_attempts WHERE student_id <> %(id)s), (SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM "
    )
    counted += (
        "quizzes AS t), (SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM materials AS t), (SELECT count(*) FROM passage_vectors)"
    )
    student = FOREIGN + 33
    kept = f"{world.database}_before_20260301_120000"
    with world.superuser() as connection:
        before = connection.execute(counted, {"id": student}).fetchone()
        connection.commit()
        connection.autocommit = True
        connection.execute(f"CREATE DATABASE {kept}".encode())
    with transaction(world.engine(world.admin)) as session:
        assert any(f"The database {kept} is kept from before a restore" in sentence for sentence in erase_person(session, student).remains)
    with world.superuser() as connection:
        connection.autocommit = True
        connection.execute(f"DROP DATABASE {kept}".encode())
    with world.superuser() as connection:
        assert connection.execute(counted, {"id": student}).fetchone() == before


def test_the_receipt_says_that_rows_of_an_older_revision_are_parked(world):
    with world.superuser() as connection:
        connection.execute("CREATE TABLE lms.parked_rows (content jsonb)")
    try:
        with transaction(world.engine(world.admin)) as session:
            receipt = erase_person(session, RESTORED, dry_run=True)
    finally:
        with world.superuser() as connection:
            connection.execute("DROP TABLE lms.parked_rows")
    assert PARKED in receipt.remains
    with transaction(world.engine(world.admin)) as session:
        assert PARKED not in erase_person(session, RESTORED, dry_run=True).remains


def test_parked_rows_of_a_person_go_and_lose_the_name(world):
    person = 5021
    parked = park("0024", {"badges": f"SELECT {person} AS student_id, 'x' AS note UNION ALL SELECT 1, 'of Parked Quixwell'"})
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, 'Quixwell', 'Parked', 'quixwell', 'student')",
            [person],
        )
        connection.execute(parked.encode())
    try:
        with transaction(world.engine(world.admin)) as session:
            (rows,) = [section["rows"] for section in personal_data(session, person)["sections"] if section["table"] == "parked_rows"]
            receipt = erase_person(session, person)
        with world.superuser() as connection:
            left = connection.execute("SELECT content FROM parked_rows").fetchall()
    finally:
        with world.superuser() as connection:
            connection.execute("DROP TABLE lms.parked_rows")
    assert len(rows) == 2
    assert (receipt.removed["parked_rows"], PARKED in receipt.remains) == (2, False)
    assert left == [({"student_id": 1, "note": "of […]"},)]


def test_where_files_are_stays_and_the_receipt_says_that_the_address_names_the_person(world):
    person, location = 5031, "/mnt/archived quixwell/2020-20260101T000000000000Z"
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, 'Quixwell', 'Archived', 'quixwell', 'student')",
            [person],
        )
        connection.execute("UPDATE archives SET location = %s WHERE id = %s", [location, OWN + 701])
    with transaction(world.engine(world.admin)) as session:
        remains = erase_person(session, person).remains
        assert session.scalar(text("SELECT location FROM archives WHERE id = :id"), {"id": OWN + 701}) == location
    (sentence,) = [sentence for sentence in remains if "whose name names the person" in sentence]
    assert "lmskit archive prune" in sentence
    with world.superuser() as connection:
        connection.execute("UPDATE archives SET location = 'wren' WHERE id = %s", [OWN + 701])


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE courses SET title = 'Another' WHERE id = {OWN + 11}",
        f"UPDATE courses SET lecturer_id = {FOREIGN + 1} WHERE id = {OWN + 11}",
        f"UPDATE terms SET name = 'Another' WHERE id = {OWN + 5}",
        f"UPDATE syllabi SET topic = 'Another' WHERE course_id = {OWN + 11}",
    ],
)
def test_whatever_an_erasure_changes_in_a_term_outdates_all_its_files(world, statement):
    marked = f"SELECT outdated_at IS NOT NULL FROM archives WHERE id = {OWN + 701}"
    for before, found in (("NULL", False), ("'archived'", True)):
        with world.superuser() as connection, connection.transaction(force_rollback=True):
            connection.execute("UPDATE archives SET outdated_at = NULL")
            connection.execute(f"UPDATE terms SET state = 'writing', state_before = {before} WHERE id = {OWN + 5}".encode())
            connection.execute(statement.encode())
            assert connection.execute(marked.encode()).fetchone() == (found,)


def test_nobody_takes_a_word_out_of_older_entries_by_naming_a_person_like_it(world):
    entry = {"status": "completed", "day": "2026-03-01", "title": "Final Score", "note": "it is completed, the Final Score of sis-77"}
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, given_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE VALUES"
            " (5041, 'Score', 'Final', 'score', 'student', now()), (5042, 'Old', 'Name', 'old', 'student', now() - interval '2 days')"
        )
        connection.execute(
            "INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('x', 'person', 'completed', 5042),"
            " ('x', 'person', '2026-03-01', 5042), ('x', 'person', 'sis-77', 5041)"
        )
        connection.execute(
            "INSERT INTO audit_log (id, at, action, table_name, row_key, new) OVERRIDING SYSTEM VALUE"
            " VALUES (5041, now() - interval '1 day', 'update', 'quizzes', '1', %s)",
            [Jsonb(entry)],
        )
    with world.superuser() as connection:
        connection.execute("UPDATE users SET family_name = 'Score', given_name = 'Final' WHERE id = 5042")
    remains: list[str] = []
    for person in (5041, 5042):
        with transaction(world.engine(world.admin)) as session:
            remains += erase_person(session, person, family_alone=True).remains
            assert session.scalar(text("SELECT new FROM audit_log WHERE id = 5041")) == entry
    assert any("audit_log.new has names or ids" in sentence for sentence in remains)


def test_a_former_name_is_taken_out_of_entries_of_its_time(world):
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, given_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE"
            " VALUES (5051, 'Formerly', 'Quintina', 'formerly', 'student', now() - interval '3 days')"
        )
        connection.execute("UPDATE audit_log SET at = now() - interval '3 days' WHERE table_name = 'users' AND row_key = '5051'")
        connection.execute(
            "INSERT INTO audit_log (id, at, action, table_name, row_key, new) OVERRIDING SYSTEM VALUE VALUES"
            " (5051, now() - interval '2 days', 'update', 'quizzes', '1', %s)",
            [Jsonb({"title": "Quintina Formerly", "note": "by Formerly, Quintina"})],
        )
    with world.superuser() as connection:
        connection.execute("UPDATE users SET family_name = 'Later' WHERE id = 5051")
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, 5051)
        assert session.scalar(text("SELECT new FROM audit_log WHERE id = 5051")) == {"title": "[…]", "note": "by […]"}


def test_a_person_of_an_older_backup_is_erased_again_and_one_with_the_same_id_is_not(world):
    call_zephyra(world, RESTORED)
    with world.superuser() as connection:
        row = connection.execute("SELECT created_at FROM users WHERE id = %s", [RESTORED]).fetchone()
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, RESTORED)
        remembered = [erased for erased in remembered_erasures(session) if erased.person_id == RESTORED]
    person = (
        "INSERT INTO users (id, email, family_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, 'zephyra.quixwell@example.org', 'Quixwell', 'quixwell', 'student', %s::timestamptz + %s * interval '1 microsecond')"
    )
    with world.superuser() as connection:
        connection.execute(person, [RESTORED, row[0], 1])
    with transaction(world.engine(world.admin)) as session:
        assert brought_back(session, remembered) == []
        assert replay_erasures(session, remembered) == []
    with world.superuser() as connection:
        connection.execute("DELETE FROM users WHERE id = %s", [RESTORED])
        connection.execute(person, [RESTORED, row[0], 0])
    with transaction(world.engine(world.admin)) as session:
        assert brought_back(session, remembered) == remembered
        assert [erased.person_id for erased in replay_erasures(session, remembered)] == [RESTORED]
        assert replay_erasures(session, remembered) == []
    assert traces(world) == []


def test_a_person_who_was_deleted_before_is_erased_from_the_audit_trail(world):
    student = OWN + 33
    with transaction(world.engine(world.admin)) as session:
        for table in ("quiz_attempts", "student_enrollments"):
            session.execute(text(f"DELETE FROM {table} WHERE student_id = :id"), {"id": student})
        session.execute(text("UPDATE users SET family_name = 'Quixwell', sort_name = 'quixwell' WHERE id = :id"), {"id": student})
        session.execute(text("DELETE FROM users WHERE id = :id"), {"id": student})
    assert traces(world)
    with transaction(world.engine(world.admin)) as session:
        assert erase_person(session, student).audit_entries >= 3
    assert traces(world, ["quixwel", "wren.student3"]) == []
    with transaction(world.engine(world.admin)) as session, pytest.raises(PersonGoneError):
        erase_person(session, student)


def test_entries_about_ids_and_excuses_keep_nothing_of_the_person(world):
    """Also of an id that is too short to be looked for in texts, and that was changed or is the person's no more."""
    student = FOREIGN + 32
    with transaction(world.engine(world.admin)) as session:
        before = session.scalars(text("SELECT id FROM audit_log")).all()
        change_person(session, ChangePerson(person=str(student), add_id=("sis:Zq1", "lms:Zq2")))
        session.execute(text("UPDATE external_ids SET external_id = 'Zq3' WHERE external_id = 'Zq2'"))
        change_person(session, ChangePerson(person=str(student), remove_id=("sis:Zq1",)))
        one = text("SELECT quiz_id, course_id FROM quiz_attempts WHERE student_id = :id LIMIT 1")
        quiz, course = session.execute(one, {"id": student}).one()
        excuse = "INSERT INTO quiz_exceptions (course_id, quiz_id, student_id, excused) VALUES (:course, :quiz, :id, true)"
        session.execute(text(excuse), {"course": course, "quiz": quiz, "id": student})
        for day in ("2099-07-07", "2099-08-08"):  # the first one is in the trail alone
            session.execute(text("UPDATE quiz_exceptions SET due_on = :day WHERE student_id = :id"), {"day": day, "id": student})
        exported = json.dumps(personal_data(session, student)["sections"], default=str)
    assert all(each in exported for each in ("Zq1", "Zq2", "Zq3", '"quiz_exceptions"', "2099-07-07"))
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, student)
        entries = "SELECT table_name, old, new FROM audit_log WHERE id <> ALL (:before) AND table_name IN "
        entries += "('external_ids', 'quiz_exceptions')"
        found = session.execute(text(entries), {"before": before}).all()
    assert {name for name, *_ in found} == {"external_ids", "quiz_exceptions"}
    assert {value for _, *documents in found for document in documents for value in (document or {}).values()} == {"[…]"}


def test_a_person_who_was_merged_into_another_is_erased_with_them_and_remembered(world):
    kept, removed = OWN + 41_001, OWN + 41_002
    with world.superuser() as connection:
        for number, family in ((kept, "Kept"), (removed, "Quixwell")):
            connection.execute(
                "INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, %s, 'Zephyra', %s, 'student')",
                [number, f"{family}.zephyra@example.org".lower(), family, f"{family}, zephyra".lower()],
            )
    with transaction(world.engine(world.admin)) as session:
        merge_people(session, str(kept), str(removed))
    assert any(found.startswith("lms.person_merges") for found in traces(world))
    with transaction(world.engine(world.admin)) as session:
        receipt = erase_person(session, kept)
        assert {kept, removed} <= {erased.person_id for erased in remembered_erasures(session)}
    assert receipt.former_ids == (removed,)
    assert traces(world) == []


def test_a_person_whom_an_undo_removed_is_erased_from_the_audit_trail_and_remembered(world, tmp_path):
    header, runs = "sis_id,family_name,given_name", []
    with world.superuser() as connection:  # the entries of the world have numbers of their own
        connection.execute("SELECT setval(pg_get_serial_sequence('lms.audit_log', 'id'), max(id)) FROM audit_log")
    for name in ("Quixwell", "Quixwell Renamed"):
        path = tmp_path / "people.csv"
        path.write_text(f"{header}\nZ9,{name},Zephyra\n", encoding="utf-8")
        with transaction(world.engine(world.admin)) as session:
            course = session.scalar(text("SELECT code FROM courses WHERE id = :id"), {"id": OWN + 11})
            import_file(session, PLAIN.open(path, ReadOptions()), ImportOptions(course=course, rename=True))
            runs.append(session.scalar(text("SELECT max(id) FROM import_runs WHERE name = 'people.csv'")))
    with transaction(world.engine(world.admin)) as session:
        student, made = session.execute(text("SELECT id, created_at FROM users WHERE family_name = 'Quixwell Renamed'")).one()
    for run in reversed(runs):
        with transaction(world.engine(world.admin)) as session:
            undo_import(session, run)
    with transaction(world.engine(world.admin)) as session:
        assert session.get(User, student) is None
    assert "lms.audit_log" in {found.partition(":")[0] for found in traces(world, ["quixwel"])}
    with transaction(world.engine(world.admin)) as session:
        assert erase_person(session, student).audit_entries >= 2
        remembered = [erased for erased in remembered_erasures(session) if erased.person_id == student]
    assert traces(world, ["quixwel"]) == []
    with transaction(world.engine(world.admin)) as session, pytest.raises(PersonGoneError):
        erase_person(session, student)
    with world.superuser() as connection:  # as a backup from between the undo and the erasure brings the entries back
        connection.execute("DELETE FROM audit_log WHERE table_name = 'users' AND row_key = %s AND action = 'person erased'", [str(student)])
    with transaction(world.engine(world.admin)) as session:
        assert [erased.person_id for erased in replay_erasures(session, remembered)] == [student]
    with world.superuser() as connection:  # as an older backup brings the person back
        connection.execute(
            "INSERT INTO users (id, family_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, 'Quixwell', 'quixwell', 'student', %s)",
            [student, made],
        )
    with transaction(world.engine(world.admin)) as session:
        assert [erased.person_id for erased in replay_erasures(session, remembered)] == [student]


@pytest.mark.parametrize(
    ("student", "statement"),
    [
        (OWN + 31, f"UPDATE quiz_attempts SET feedback = '{FORMS}' WHERE student_id = %s"),
        (
            OWN + 32,
            (
                "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, submitted_at, origin)"
                f" SELECT q.id, q.course_id, %s, 9, 1, 2, '{FORMS}', now(), 'form' FROM quizzes AS q WHERE q.course_id = {OWN + 11} LIMIT 1"
            ),
        ),
    ],
)
def test_what_a_lecturer_is_writing_about_the_person_is_waited_for_and_erased(world, student, statement):
    call_zephyra(world, student)
    done = []

    def erase():
        with transaction(world.engine(world.admin)) as session:
            done.append(erase_person(session, student))

    with world.connect(world.own) as lecturer, lecturer.transaction():
        lecturer.execute(statement, [student])
        eraser = threading.Thread(target=erase)
        eraser.start()
        wait_until_blocked(world)
        assert not done
    eraser.join(SOON)
    assert len(done) == 1
    assert traces(world) == []


def test_of_two_students_with_one_name_who_are_erased_together_nothing_is_left(world):
    with world.superuser() as connection:
        for number in (5011, 5012):
            connection.execute(
                "INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, 'Quixwell', 'Zephyra', 'quixwell', 'student')",
                [number, f"z{number}@example.org"],
            )
        connection.execute(f"UPDATE quizzes SET title = '{FORMS}' WHERE id = {OWN + 61}".encode())
        connection.execute(f"UPDATE materials SET title = 'of z5011@example.org' WHERE id = {OWN + 201}".encode())
    with transaction(world.engine(world.admin)) as session:
        receipts = erase_students(session, [5011, 5012]).receipts
    assert [receipt.replaced for receipt in receipts] == [{"materials.title": 1}, {"quizzes.title": 1}]
    assert [found for found in traces(world, ["zephyra quixwell", "z5011@"]) if "zephyra.quixwell" not in found] == []


def test_the_id_of_a_question_loses_the_name_in_the_quiz_and_in_the_answers_to_it(world):
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " VALUES (5021, 'Thistlewick', 'Marigold', 'thistlewick', 'student')"
        )
        (quiz,) = connection.execute("SELECT min(quiz_id) FROM ONLY quiz_attempts").fetchone()
        connection.execute(
            f"""WITH answered AS (
                UPDATE quiz_attempts SET answers = '[{{"question": "of Marigold Thistlewick"}}]' WHERE quiz_id = {quiz}
            )
            UPDATE quizzes SET questions = questions || '[{{"id": "of Marigold Thistlewick"}}]' WHERE id = {quiz}""".encode()
        )
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, 5021)
        asked = session.scalar(text("SELECT questions -> -1 ->> 'id' FROM quizzes WHERE id = :quiz"), {"quiz": quiz})
        answered = session.scalars(
            text("SELECT DISTINCT answers -> 0 ->> 'question' FROM quiz_attempts WHERE quiz_id = :quiz"), {"quiz": quiz}
        )
        assert (asked, list(answered)) == ("of […]", ["of […]"])


def wait_until_blocked(world):
    """Wait until the administrator's session waits for a lock."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"
    until = time.monotonic() + SOON
    with world.superuser() as connection:
        connection.autocommit = True
        while connection.execute(blocked, [world.admin.name]).fetchone() == (0,):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_a_message_that_is_being_sent_holds_the_erasure_up(world):
    student = FOREIGN + 31
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO outbox (idem_key, message_id, student_id, recipient, template, leased_until)"
            " VALUES ('leased', '<leased@example.org>', %s, 'leased@example.org', 'welcome', now() + interval '1 minute')",
            [student],
        )
    with transaction(world.engine(world.admin)) as session, pytest.raises(MessageOnItsWayError, match="Nothing was erased"):
        erase_person(session, student)
    with world.superuser() as connection:
        connection.execute("UPDATE outbox SET leased_until = now() - interval '1 minute' WHERE student_id = %s", [student])
    with transaction(world.engine(world.admin)) as session:
        assert erase_person(session, student).removed["outbox"] >= 1


def test_a_family_name_that_is_a_word_blanks_no_value_of_the_audit_trail(world):
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO users (id, family_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " VALUES (5001, 'Withdrawn', 'withdrawn', 'student')"
        )
        connection.execute(
            "INSERT INTO audit_log (id, action, table_name, row_key, new) OVERRIDING SYSTEM VALUE"
            " VALUES (5001, 'update', 'student_enrollments', '1:2', %s)",
            ['{"status": "withdrawn", "note": "with Withdrawn, at noon"}'],
        )
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, 5001, family_alone=True)
        kept = session.scalar(text("SELECT new FROM audit_log WHERE id = 5001"))
    assert kept == {"status": "withdrawn", "note": "with […], at noon"}


def test_nothing_is_left_of_a_lecturer_whose_login_made_rows(world):
    login = world.own.name
    with world.superuser() as connection:
        for column in columns_of(world):
            if column.is_login:
                connection.execute(f"UPDATE lms.{column.table} SET {column.column} = '{login}'".encode())
    with transaction(world.engine(world.admin)) as session, pytest.raises(TeachesCoursesError, match="wren-1, wren-2"):
        erase_person(session, OWN + 1)
    with transaction(world.engine(world.admin)) as session:
        receipt = erase_person(session, OWN + 1, courses_to=session.get(User, FOREIGN + 1))
    assert receipt.remains == ALWAYS_REMAINS
    assert traces(world, [login, "wren.lecturer@", "wren-family"]) == []
    with world.superuser() as connection:
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [login]).fetchone() == (0,)
