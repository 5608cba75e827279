"""A server of its own with two lecturers: the neighbour, who tries to stop others, and a colleague; and an administrator at work."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from lmskit.db import Access, access, keep_login, migrator_engine, revision, transaction, using
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.processes import sessions_on_this_machine
from lmskit.schemas.person import CreatePerson
from lmskit.services.mastery import refresh
from lmskit.services.person import create_person, found_administrator
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lmskit.db.cluster import Endpoint

NEIGHBOUR, COLLEAGUE = "neighbour@example.org", "colleague@example.org"
PASSWORD = "a password of twelve"
OWN, OTHER = 11, 21
"""The first course of the neighbour, and that of the colleague; each has two."""
TERM, N_STUDENTS, N_WEEKS = "T-1", 60, 8
CODES = {OWN: "NEIGHBOUR-1", OTHER: "COLLEAGUE-1"}

FILL = f"""
INSERT INTO terms (id, code, name, starts_on, ends_on) OVERRIDING SYSTEM VALUE VALUES (1, '{TERM}', 'Term', '2026-01-01', '2026-06-30');
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
    SELECT 1000 + n, format('s%s@example.org', n), 'Student', n::text, lpad(n::text, 4, '0'), 'student'
    FROM generate_series(1, {N_STUDENTS}) AS n;
INSERT INTO courses (id, code, module_code, title, term_id, lecturer_id, origin) OVERRIDING SYSTEM VALUE
    SELECT c.id, c.code, 'M', 'Course', 1, u.id, 'form'
    FROM (VALUES ({OWN}, '{CODES[OWN]}', '{NEIGHBOUR}'), ({OWN} + 1, 'NEIGHBOUR-2', '{NEIGHBOUR}'),
                 ({OTHER}, '{CODES[OTHER]}', '{COLLEAGUE}'), ({OTHER} + 1, 'COLLEAGUE-2', '{COLLEAGUE}')) AS c (id, code, lecturer)
    JOIN users AS u ON u.email = c.lecturer;
INSERT INTO syllabi (course_id, week_number, topic) SELECT c.id, w, 'Topic' FROM courses AS c, generate_series(1, {N_WEEKS}) AS w;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'form', '2026-01-01' FROM courses AS c, users AS u WHERE u.role = 'student';
INSERT INTO quizzes (id, course_id, week_number, title, max_score, questions, answer_key) OVERRIDING SYSTEM VALUE
    SELECT c.id * 100 + w, c.id, w, format('Week %s', w), 10,
        '[{{"id": "q1", "type": "short_text", "prompt": "?", "points": 10}}]', '{{"q1": "x"}}'
    FROM courses AS c, generate_series(1, {N_WEEKS}) AS w;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
    SELECT q.id, q.course_id, e.student_id, n, (q.id * 7 + e.student_id * 13 + n) % 11, 10,
        timestamptz '2026-01-01 00:00Z' + q.week_number * interval '7 days' + e.student_id * interval '1 second' + n * interval '1 hour',
        'form'
    FROM quizzes AS q JOIN student_enrollments AS e USING (course_id), generate_series(1, 2) AS n;
INSERT INTO materials (id, course_id, week_number, kind, title, url) OVERRIDING SYSTEM VALUE
    SELECT c.id * 10, c.id, 1, 'page', 'Material', 'https://example.org/' FROM courses AS c;
INSERT INTO material_passages (material_id, ordinal, course_id, page, body)
    SELECT m.id, n, m.course_id, n, 'A passage of words' FROM materials AS m, generate_series(1, 50) AS n;
"""
WRITABLE = ("material_passages", "materials", "quiz_attempts", "quizzes", "syllabi", "courses")
"""The tables that a lecturer writes to, each after those that refer to it."""


@dataclass(frozen=True)
class Street:
    """The server, and how the neighbour connects to it."""

    endpoint: Endpoint
    login: str

    def superuser(self) -> psycopg.Connection[Any]:
        """A superuser's connection that commits each statement."""
        return psycopg.connect(self.endpoint.superuser_conninfo("lmskit"), autocommit=True)

    def conninfo(self) -> str:
        """The neighbour's own address of the database."""
        parameters: dict[str, Any] = {"user": self.login, "password": PASSWORD, "dbname": "lmskit", "connect_timeout": 10}
        return make_conninfo("", **self.endpoint.parameters() | parameters)

    def sessions(self) -> list[int]:
        """The process ids of the neighbour's sessions; also when the server has no connection left."""
        data = access().server.cluster.layout.data
        return [session.pid for session in sessions_on_this_machine(data) if session.login == self.login]

    def tidy(self) -> None:
        """Give the neighbour's courses the rows again that they had, and the login its settings."""
        with self.superuser() as connection:
            # Triggers and foreign keys would write audit entries, and refuse rows to be absent for a moment.
            connection.execute("SET session_replication_role = 'replica'")
            with connection.transaction():
                for table in WRITABLE:
                    key = "id" if table == "courses" else "course_id"
                    row = connection.execute(
                        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                        [f"lms.{table}"],
                    ).fetchone()
                    assert row is not None
                    connection.execute(f"DELETE FROM lms.{table} WHERE {key} IN ({OWN}, {OWN + 1})".encode())
                    connection.execute(
                        f"INSERT INTO lms.{table} ({row[0]}) OVERRIDING SYSTEM VALUE SELECT {row[0]} FROM kept.{table}".encode()
                    )
            connection.execute(f"ALTER ROLE {self.login} RESET ALL".encode())
            connection.execute("VACUUM (ANALYZE) lms.quiz_attempts, lms.quizzes, lms.courses, lms.audit_log, lms.material_passages")


@contextmanager
def street(own: Access, overrides: Mapping[str, str]) -> Iterator[Street]:
    """Start a server in the home of `own`, whose settings the environment names too, and fill it; stopped at the end."""
    with using(own):
        cluster = Cluster(own.settings.home, own.settings.postgres_version, overrides=overrides)
        cluster.start()
        try:
            yield _filled(own.server.start())
        finally:
            own.dispose()
            cluster.stop()


def _filled(endpoint: Endpoint) -> Street:
    revision.upgrade()
    with transaction(migrator_engine()) as session:
        request = CreatePerson(email=DEMO_ADMIN, family_name="Admin", role=Role.SUPER_ADMIN)
        assert found_administrator(session, request, password=PASSWORD)
    keep_login(DEMO_ADMIN, PASSWORD)
    with transaction() as session:
        people = [create_person(session, CreatePerson(email=email, family_name="P"), password=PASSWORD) for email in (NEIGHBOUR, COLLEAGUE)]
        made = Street(endpoint, str(people[0].db_role))
    with made.superuser() as connection:
        connection.execute(FILL.encode())
        connection.execute("CREATE SCHEMA kept")
        for table in WRITABLE:
            key = "id" if table == "courses" else "course_id"
            connection.execute(f"CREATE TABLE kept.{table} AS SELECT * FROM lms.{table} WHERE {key} IN ({OWN}, {OWN + 1})".encode())
    with transaction() as session:
        refresh(session)
    made.tidy()
    return made
