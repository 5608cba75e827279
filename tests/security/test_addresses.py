"""Lecturers read the addresses of students who are in their courses now; of those who withdrew they keep name and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.models import QuizAttempt
from lmskit.queries.roster import course_roster
from tests.security.world import OWN, ROWS, SHARED_STUDENTS

if TYPE_CHECKING:
    from tests.security.world import Login, World

WITHDRAWN = OWN + 33
PRESENT = {*SHARED_STUDENTS, OWN + 31, OWN + 32}


def addresses(world: World, login: Login) -> dict[int, str | None]:
    """The addresses in the roster of the lecturer's first course, by student."""
    with Session(world.engine(login)) as session:
        roster = course_roster(session, "wren-1")
        return {
            int(student): address if isinstance(address, str) else None
            for student, address in zip(roster["student_id"], roster["email"], strict=True)
        }


def test_a_lecturer_sees_the_addresses_of_present_students_and_an_administrator_all(world):
    for_lecturer, for_administrator = addresses(world, world.own), addresses(world, world.admin)
    assert {student for student, address in for_lecturer.items() if address} == PRESENT
    assert for_lecturer.keys() == for_administrator.keys() == PRESENT | {WITHDRAWN}
    assert for_administrator[WITHDRAWN] == "wren.student3@example.org"


def test_of_a_student_who_withdrew_a_lecturer_keeps_name_and_attempts(world):
    with Session(world.engine(world.own)) as session:
        roster = course_roster(session, "wren-1").set_index("student_id")
        assert (roster.loc[WITHDRAWN, "name"], roster.loc[WITHDRAWN, "status"]) == ("wren-student, 3", "withdrawn")
        attempts = select(func.count()).select_from(QuizAttempt).where(QuizAttempt.student_id == WITHDRAWN)
        assert session.scalar(attempts) == 2


def test_an_address_is_gone_when_the_student_withdraws_and_back_when_the_student_returns(world):
    student = OWN + ROWS["student"]
    question = "SELECT email FROM student_addresses WHERE course_id = %s AND student_id = %s"
    with world.connect(world.own) as lecturer, world.superuser() as superuser:
        for status, ended, expected in (("withdrawn", "current_date", []), ("active", "NULL", [("wren.student1@example.org",)])):
            superuser.execute(
                f"UPDATE student_enrollments SET status = '{status}', ended_on = {ended} WHERE course_id = %s AND student_id = %s",
                [OWN + ROWS["course"], student],
            )
            superuser.commit()
            assert lecturer.execute(question, [OWN + ROWS["course"], student]).fetchall() == expected


@pytest.mark.parametrize("status", ["pending", "completed"])
def test_students_who_are_not_yet_or_no_longer_active_keep_their_address(world, status):
    student = OWN + ROWS["student"]
    ended = "current_date" if status == "completed" else "NULL"
    with world.superuser() as superuser:
        superuser.execute(f"UPDATE student_enrollments SET status = '{status}', ended_on = {ended} WHERE student_id = %s", [student])
        superuser.execute(f'SET LOCAL SESSION AUTHORIZATION "{world.own.name}"')
        found = superuser.execute("SELECT count(*) FROM student_addresses WHERE student_id = %s", [student]).fetchone()
        superuser.rollback()
    assert found == (2,)


def test_no_statement_of_a_lecturer_may_name_the_column(world):
    for statement in (
        "SELECT email FROM users",
        "SELECT 1 FROM users ORDER BY email",
        "SELECT 1 FROM users WHERE email > 'm'",
        "EXPLAIN SELECT 1 FROM users WHERE email > 'm'",
    ):
        with world.connect(world.own) as lecturer, pytest.raises(psycopg.errors.InsufficientPrivilege):
            lecturer.execute(statement)
