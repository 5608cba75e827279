"""What it costs that every answer is to a question of its quiz: attempts with answers, with and without the triggers that hold it.

The same rows are written with the triggers and without them, in turn, as an administrator, with all other constraints, keys, triggers and
row security. Everything runs in a cluster of its own that is removed.

    python -m benchmarks.answered_questions [--attempts 10000] [--answers 30] [--repeat 5]
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import psycopg

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

TRIGGERS = (
    ("quiz_attempts", "keep_to_questions_insert"),
    ("quiz_attempts", "keep_to_questions_update"),
    ("quizzes", "keep_answered_questions"),
)
FILL = """
INSERT INTO terms (id, code, name, starts_on, ends_on) OVERRIDING SYSTEM VALUE VALUES (1, 'T-1', 'Term', '2026-01-01', '2026-06-30');
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
    SELECT 100000 + n, format('s%s@example.org', n), 'Student', n::text, lpad(n::text, 6, '0'), 'student'
    FROM generate_series(1, 1000) AS n;
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
    VALUES (99999, 'lecturer@example.org', 'Lecturer', '', 'lecturer', 'lecturer');
INSERT INTO courses (id, code, module_code, title, term_id, lecturer_id, origin) OVERRIDING SYSTEM VALUE
    VALUES (1, 'C-1', 'C', 'Course', 1, 99999, 'form');
INSERT INTO syllabi (course_id, week_number, topic) VALUES (1, 1, 'Topic');
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT 1, 100000 + n, 'active', 'import', '2026-01-01' FROM generate_series(1, 1000) AS n;
INSERT INTO quizzes (id, course_id, week_number, title, max_score, questions) OVERRIDING SYSTEM VALUE
    SELECT quiz, 1, 1, format('Quiz %s', quiz), 30, (
        SELECT jsonb_agg(jsonb_build_object('id', 'question-' || n, 'type', 'short_text', 'points', 1,
            'prompt', repeat(md5(n::text) || ' ', 8))) FROM generate_series(1, {answers}) AS n)
    FROM generate_series(1, {quizzes}) AS quiz;
CREATE UNLOGGED TABLE made AS
    SELECT quiz AS quiz_id, 100000 + student AS student_id, (
        SELECT jsonb_agg(jsonb_build_object('question', 'question-' || n, 'response', md5((n + student)::text), 'score', n % 2))::text
        FROM generate_series(1, {answers}) AS n) AS answers
    FROM generate_series(1, {quizzes}) AS quiz, generate_series(1, 1000) AS student;
GRANT SELECT ON made TO lmskit_admin;
"""
ADD = """
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, answers, submitted_at, origin)
SELECT quiz_id, 1, student_id, 1, 15, 30, answers::jsonb, '2026-02-01 12:00Z', 'import' FROM made"""
CHANGE = "UPDATE quiz_attempts SET answers = jsonb_set(answers, '{0,response}', to_jsonb('changed' || id))"
SINGLE = 500
"""Attempts that are added one by one."""


class Bench:
    """A scratch cluster with quizzes, students and the attempts to write."""

    def __init__(self, attempts: int, answers: int) -> None:
        from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, transaction
        from lmskit.services.seed import seed_administrator
        from lmskit.settings import DEMO_ADMIN

        endpoint = access().server.start()
        revision.upgrade()
        with transaction(migrator_engine()) as session:
            seed_administrator(session, keep_login)
        self.admin: Engine = engine_for(DEMO_ADMIN)
        self.superuser = psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True)
        filled = FILL.replace("{answers}", str(answers)).replace("{quizzes}", str(max(attempts // 1000, 1)))
        self.superuser.execute(filled.encode())

    def empty(self, *, is_held: bool) -> None:
        """Take the attempts away, and switch the triggers on or off."""
        self.superuser.execute("TRUNCATE quiz_attempts CASCADE")
        for table, trigger in TRIGGERS:
            self.superuser.execute(f"ALTER TABLE {table} {'ENABLE' if is_held else 'DISABLE'} TRIGGER {trigger}".encode())
        self.superuser.execute("VACUUM ANALYZE quiz_attempts")
        self.superuser.execute("CHECKPOINT")

    def add(self) -> float:
        """Add all attempts in one statement, and return the seconds."""
        return self._time(ADD)

    def add_one_by_one(self) -> float:
        """Add attempts in statements of their own, in one transaction, and return the seconds."""
        return self._time(*(f"{ADD} WHERE quiz_id = 1 AND student_id = 100000 + {n}" for n in range(1, SINGLE + 1)))

    def change(self) -> float:
        """Change the answers of all attempts in one statement, and return the seconds."""
        self._time(ADD)
        return self._time(CHANGE)

    def _time(self, *statements: str) -> float:
        with self.admin.begin() as connection:
            begun = time.perf_counter()
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        return time.perf_counter() - begun


def run(bench: Bench, repeat: int) -> None:
    """Time each way with and without the triggers, in turn, and print the fastest run of each, and the ratio."""
    ways: dict[str, Callable[[], float]] = {"added at once": bench.add, "added one by one": bench.add_one_by_one, "changed": bench.change}
    for name, way in ways.items():
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(repeat):
            for is_held in (True, False):
                bench.empty(is_held=is_held)
                seconds[is_held].append(way())
        held, free = min(seconds[True]), min(seconds[False])
        print(f"{name:18} with {held:6.3f} s, without {free:6.3f} s, {held / free:.2f} times")


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="Attempts with answers, with and without the rule that each is to a question of its quiz.")
    parser.add_argument("--attempts", type=int, default=10_000, help="attempts to write, in quizzes of 1,000")
    parser.add_argument("--answers", type=int, default=30, help="questions of a quiz, and answers of an attempt")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each")
    arguments = parser.parse_args()
    with scratch_cluster():
        bench = Bench(arguments.attempts, arguments.answers)
        print(f"{arguments.attempts:,} attempts with {arguments.answers} answers each; {arguments.repeat} runs of each, in turn")
        run(bench, arguments.repeat)


if __name__ == "__main__":
    main()
