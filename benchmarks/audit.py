"""What the audit trail costs: 20,000 attempts added in one statement and changed in one, with and without its triggers.

Run: `python -m benchmarks.audit`. It makes a server of its own, which is gone afterwards.
"""

import statistics
import time

import psycopg
from psycopg import sql

from benchmarks.scratch import scratch_cluster
from lmskit.db import access, migrator_engine, revision

ROWS, TIMES = 20_000, 7
PREPARE = """
    INSERT INTO users (email, family_name, sort_name, role) VALUES ('lecturer@example.org', 'L', 'l', 'lecturer');
    INSERT INTO users (family_name, sort_name, role) SELECT 'S', 's', 'student' FROM generate_series(1, 500);
    INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30');
    INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
        SELECT 'C', 'C', 'C', t.id, u.id, 'import' FROM terms AS t, users AS u WHERE u.role = 'lecturer';
    INSERT INTO syllabi (course_id, week_number, topic) SELECT id, 1, 'T' FROM courses;
    INSERT INTO quizzes (course_id, week_number, title, max_score) SELECT id, 1, 'Q', 10 FROM courses;
    INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
        SELECT c.id, u.id, 'active', 'import', '2026-01-01' FROM courses AS c, users AS u WHERE u.role = 'student';
"""
STATEMENTS = {
    "added": """
        INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
        SELECT q.id, q.course_id, e.student_id, n, 5, 10, '2026-02-02 12:00+00', 'import'
        FROM quizzes AS q, student_enrollments AS e, generate_series(1, 40) AS n""",
    "changed": "UPDATE quiz_attempts SET score = score + 1",
}


def main() -> None:
    """Measure both by turns, and print the medians."""
    with scratch_cluster():
        endpoint = access().server.start()
        revision.upgrade()
        measure(endpoint.superuser_conninfo(str(migrator_engine().url.database)))


def measure(conninfo: str) -> None:
    """Measure as the superuser, the only login that may disable triggers for a statement."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(PREPARE)
        for name, statement in STATEMENTS.items():
            took: dict[bool, list[float]] = {True: [], False: []}
            for turn in range(2 * TIMES):
                audited = turn % 2 == 0
                verb = "ENABLE" if audited else "DISABLE"
                for trigger in ("audit_insert", "audit_update"):
                    connection.execute(sql.SQL("ALTER TABLE quiz_attempts {} TRIGGER {}").format(sql.SQL(verb), sql.Identifier(trigger)))
                connection.execute("SAVEPOINT before")
                started = time.perf_counter()
                done = connection.execute(statement)
                took[audited].append(time.perf_counter() - started)
                assert done.rowcount == ROWS
                connection.execute("ROLLBACK TO before")
            if name == "added":
                connection.execute(statement)
            medians = {audited: statistics.median(times) for audited, times in took.items()}
            ratio = medians[True] / medians[False]
            print(f"{ROWS} attempts {name}: {medians[True]:.3f} s audited, {medians[False]:.3f} s not: {ratio:.2f} times")


if __name__ == "__main__":
    main()
