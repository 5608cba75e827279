"""A database in which rows from before the bounds exist: a course for each kind of bad row, and a good one beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text

from lmskit.db import revision, transaction
from lmskit.models import User
from lmskit.vocabulary import Role
from tests import factories
from tests.answered_quiz import answered_quiz
from tests.security.school import ADA, ADMIN, School

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

BEFORE_THE_BOUNDS = "0006"
TERM = "OLD"
GOOD = "GOOD"
DEEP = "(SELECT (repeat('[', 3000) || repeat(']', 3000))::jsonb)"
LONG = "repeat('long ', 2 * 1024 * 1024)"
OF = "FROM courses WHERE code = '{}'"
QUIZ = "quizzes.id = (SELECT id FROM quizzes AS q WHERE q.course_id = courses.id ORDER BY id OFFSET %d LIMIT 1)"
ATTEMPT = "quiz_attempts.id = (SELECT id FROM quiz_attempts AS a WHERE a.course_id = courses.id ORDER BY id OFFSET %d LIMIT 1)"
BAD: dict[str, tuple[str, ...]] = {
    "DEEP-PARAMETERS": (f"UPDATE courses SET mastery_parameters = jsonb_build_object('w', {DEEP}) WHERE code = '{{}}'",),
    "LONG-PARAMETERS": (f"UPDATE courses SET mastery_parameters = jsonb_build_object({LONG}, 1) WHERE code = '{{}}'",),
    "LONG-RULE": (f"UPDATE courses SET mastery_rule = {LONG} WHERE code = '{{}}'",),
    "DEEP-QUESTIONS": (f"UPDATE quizzes SET questions = jsonb_build_array({DEEP}) {OF} AND {QUIZ % 0}",),
    "DEEP-KEY": (f"UPDATE quizzes SET answer_key = jsonb_build_object('choose', {DEEP}) {OF} AND {QUIZ % 0}",),
    "DAYS": (
        f"UPDATE quizzes SET due_on = 'infinity' {OF} AND {QUIZ % 0}",
        f"UPDATE quizzes SET due_on = '-infinity' {OF} AND {QUIZ % 1}",
        f"UPDATE quizzes SET due_on = '20000-01-01' {OF} AND {QUIZ % 2}",
    ),
    "TIMES": (
        f"UPDATE quiz_attempts SET submitted_at = '4700-01-01 BC' {OF} AND {ATTEMPT % 0}",
        f"UPDATE quiz_attempts SET submitted_at = '290000-01-01' {OF} AND {ATTEMPT % 1}",
        f"UPDATE quiz_attempts SET submitted_at = 'infinity' {OF} AND {ATTEMPT % 2}",
        f"UPDATE quiz_attempts SET submitted_at = '-infinity', started_at = '-infinity' {OF} AND {ATTEMPT % 3}",
    ),
    "ANSWERS": (
        f"UPDATE quiz_attempts SET answers = jsonb_build_array(jsonb_build_object('question', {DEEP})) {OF} AND {ATTEMPT % 0}",
        f"UPDATE quiz_attempts SET feedback = {LONG} {OF} AND {ATTEMPT % 1}",
    ),
    "UNASKED": (
        f"UPDATE quiz_attempts SET answers = answers || jsonb_build_object('question', 'gone', 'score', 1) {OF} AND {ATTEMPT % 0}",
    ),
    "NUMBER": (f"UPDATE quiz_attempts SET number = 2147483647 {OF} AND {ATTEMPT % 0}",),
    "TEXTS": (
        f"UPDATE syllabi SET objectives = {LONG} {OF} AND course_id = courses.id AND week_number = 1",
        f"UPDATE syllabi SET topic = E'one\\ntwo\\x1b[31m' {OF} AND course_id = courses.id AND week_number = 2",
        f"UPDATE quizzes SET title = E'one\\ntwo\\x1b[31m' {OF} AND {QUIZ % 1}",
        "UPDATE courses SET title = E'one\\ntwo\\x1b[31m' WHERE code = '{}'",
    ),
}
"""By the code of a course, the statements that made its bad rows when the database still accepted them."""
RULES_LEFT = {"DEEP-PARAMETERS", "LONG-RULE", "LONG-PARAMETERS"}
"""Courses that a refresh leaves as they are, since their rule cannot be used."""
UNREADABLE_QUIZZES = {"DEEP-QUESTIONS", "DEEP-KEY"}
"""Courses with a quiz whose questions cannot be read."""


class OldRows(School):
    """The database, with an administrator and Ada, who teaches all courses of the term."""

    def __init__(self, migrated_database: Callable[[str], Engine], endpoint: Endpoint, name: str) -> None:
        super().__init__(migrated_database, name)
        with transaction(self.engine(ADMIN)) as session:
            term = factories.term(session, code=TERM)
            ada = session.get_one(User, self.person_id(ADA))
            assert ada.role is Role.LECTURER
            self.quiz_ids = {}
            for code in (GOOD, *BAD):
                course = factories.course(session, code=code, in_term=term, taught_by=ada, weeks=2)
                self.quiz_ids[code] = answered_quiz(session, course, title="Sets", n_students=4).id
                for title in ("Maps", "Trees"):
                    factories.quiz(session, course, title=title, week_number=2)
            session.execute(text("UPDATE quiz_attempts SET origin = 'import'"))
            session.execute(text("UPDATE users SET email = 'student' || id || '@example.org' WHERE role = 'student'"))
        revision.downgrade(BEFORE_THE_BOUNDS, engine=self.migrator)
        with psycopg.connect(endpoint.superuser_conninfo(name)) as connection:
            connection.execute("ALTER TABLE quiz_attempts DROP CONSTRAINT ck_quiz_attempts_times_are_finite")
            for code, statements in BAD.items():
                for statement in statements:
                    done = connection.execute(statement.format(code))
                    assert done.rowcount == 1, statement
            connection.execute(
                "ALTER TABLE quiz_attempts ADD CONSTRAINT ck_quiz_attempts_times_are_finite"
                " CHECK (isfinite(submitted_at) AND isfinite(coalesce(started_at, submitted_at))) NOT VALID"
            )
        revision.upgrade(engine=self.migrator)

    def students(self, code: str) -> list[str]:
        """Return the addresses of the students of a course, in the order of their attempts."""
        with self.engine(ADMIN).connect() as connection:
            found = connection.execute(
                text(
                    "SELECT email FROM student_enrollments JOIN users ON users.id = student_id JOIN courses ON courses.id = course_id"
                    " WHERE code = :code ORDER BY student_id"
                ),
                {"code": code},
            )
            return list(found.scalars())


def address(school: School, person: str) -> str:
    """Return the address of the database with a person's login and password."""
    return str(school.url(person).render_as_string(hide_password=False))
