"""The export has everything about one person, and nothing of another."""

import json

import pytest

from lmskit.db import snapshot
from lmskit.errors import PersonGoneError
from lmskit.read_models.personal_data import personal_data
from tests.security.world import FOREIGN, OWN, prepared


@pytest.fixture(scope="module")
def world(migrated_database, endpoint):
    """Two lecturers with a row in every table, marked by a word each."""
    return prepared(migrated_database, endpoint, "lmskit_personal_data")


def rows_of(document):
    """How many rows each section has."""
    return {f"{section['table']}.{section['column']}": len(section["rows"]) for section in document["sections"]}


def test_a_student_gets_attempts_answers_mastery_and_messages(world):
    with snapshot(world.engine(world.admin)) as session:
        document = personal_data(session, OWN + 31)
    rows = rows_of(document)
    assert rows["quiz_attempts.student_id"] == 4
    assert rows["topic_performance.student_id"] == 4
    assert rows["student_enrollments.student_id"] == 2
    assert rows["outbox.student_id"] == rows["external_ids.person_id"] == rows["users.id"] == 1
    (attempt, *_) = next(section["rows"] for section in document["sections"] if section["table"] == "quiz_attempts")
    assert attempt["answers"] == [{"question": "q1", "given": "wren"}]
    written = json.dumps(document)
    assert "wren-key" not in written
    assert "password" not in written
    assert "canary" not in written


def test_a_lecturer_gets_courses_and_what_the_login_did(world):
    with world.superuser() as connection:
        connection.execute("UPDATE material_crawls SET started_by = %s WHERE course_id = %s", [world.own.name, OWN + 11])
    with snapshot(world.engine(world.admin)) as session:
        rows = rows_of(personal_data(session, OWN + 1))
    assert rows["courses.lecturer_id"] == 2
    assert rows["material_crawls.started_by"] == 1


def test_a_lecturer_exports_nobody(world):
    with snapshot(world.engine(world.own)) as session, pytest.raises(Exception, match="permission denied"):
        personal_data(session, FOREIGN + 31)


def test_nobody_is_refused(world):
    with snapshot(world.engine(world.admin)) as session, pytest.raises(PersonGoneError, match="There is no person 5"):
        personal_data(session, 5)
