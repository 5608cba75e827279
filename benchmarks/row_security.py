"""What row security costs the dashboard: its queries with policies and without, in one interleaved run.

Two lecturers teach 20 courses each, with 25,000 and with 250,000 attempts. The views of the dashboard (a class, a student) and
the roster are read by three sessions in turn:

- without: a superuser, whom no policy holds; the SQL is the same, since it asks for one course;
- with: the lecturer;
- narrowed: the lecturer, after `lmskit.queries.course.narrow`, by which the policies look at one course only.

All three must read the same rows. Measured is the time from sending a statement to having its result, without what pandas does
afterwards; all of it before the built-in functions are hardened against the plan oracle, and once more after. Everything runs
in a cluster of its own that is removed.

    python benchmarks/row_security.py [--repeat 15] [--quick]
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

N_COURSES, N_WEEKS = 20, 10
SIZES = {"25,000": 125, "250,000": 1250}
"""Students per course, by the attempts of the lecturer."""
QUICK = {"2,500": 13, "25,000": 125}
WITHOUT, WITH, NARROWED = "without", "with", "narrowed"
TARGET = 1.25
WORLD = """
INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT format('%(name)s.%%s@example.org', n), 'Student', n::text, lpad(n::text, 6, '0'), 'student'
    FROM generate_series(1, %(students)s) AS n;
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT format('%(name)s-%%s', n), 'M', 'Course', t.id, u.id, 'simulation'
    FROM generate_series(1, %(courses)s) AS n, terms AS t, users AS u WHERE u.email = '%(name)s@example.org';
INSERT INTO syllabi (course_id, week_number, topic)
    SELECT c.id, w, 'Topic' FROM courses AS c, generate_series(1, %(weeks)s) AS w WHERE c.code LIKE '%(name)s-%%';
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'simulation', '2026-01-01' FROM courses AS c, users AS u
    WHERE c.code LIKE '%(name)s-%%' AND u.email LIKE '%(name)s.%%';
INSERT INTO quizzes (course_id, week_number, title, max_score) SELECT s.course_id, s.week_number, 'Quiz', 10
    FROM syllabi AS s JOIN courses AS c ON c.id = s.course_id WHERE c.code LIKE '%(name)s-%%';
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
    SELECT q.id, q.course_id, e.student_id, 1, (q.id * 7 + e.student_id * 13) %% 11, 10,
           timestamptz '2026-01-01 00:00Z' + q.week_number * interval '7 days' + e.student_id * interval '1 second', 'simulation'
    FROM quizzes AS q JOIN student_enrollments AS e USING (course_id) JOIN courses AS c ON c.id = q.course_id
    WHERE c.code LIKE '%(name)s-%%';
INSERT INTO topic_performance (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, computed_at)
    SELECT a.student_id, a.course_id, q.week_number,
           CASE WHEN a.score < 5 THEN 'remedial' WHEN a.score < 8 THEN 'developing' ELSE 'mastered' END::mastery_level,
           a.score / 10, a.score / 10, a.score / 10, 1, 'average', now()
    FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id JOIN courses AS c ON c.id = a.course_id WHERE c.code LIKE '%(name)s-%%';
"""
"""One lecturer's courses. Every student takes every course and makes one attempt at each quiz."""


class Stopwatch:
    """The seconds that an engine's statements have taken since the last `read`."""

    def __init__(self, engine: Engine) -> None:
        from sqlalchemy import event

        self.seconds, self._begun = 0.0, 0.0
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)

    def _begin(self, *_: Any) -> None:
        self._begun = time.perf_counter()

    def _end(self, *_: Any) -> None:
        self.seconds += time.perf_counter() - self._begun

    def read(self) -> float:
        """Return the seconds and start again from zero."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


class Bench:
    """A scratch cluster with the lecturers and their rows."""

    def __init__(self, sizes: dict[str, int]) -> None:
        import psycopg
        from sqlalchemy import URL, create_engine

        from lmskit.db import access, engine_for, generate_password, keep_login, revision, scram_verifier
        from lmskit.db.hardening import leakproof_builtins

        self.endpoint = access().server.start()
        revision.upgrade()
        self.lecturers: dict[str, Engine] = {}
        with psycopg.connect(self.endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            superuser.execute("INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30')")
            superuser.execute("SET session_replication_role = replica")  # the rows are valid, and need no audit trail
            for label, students in sizes.items():
                name, password = f"l{students}", generate_password()
                superuser.execute(
                    "INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'L', 'l', 'lecturer')", [f"{name}@example.org"]
                )
                values = {"name": name, "students": students, "courses": N_COURSES, "weeks": N_WEEKS}
                superuser.execute((WORLD % values).encode())
                superuser.execute(
                    "SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), f"{name}@example.org"]
                )
                keep_login(f"{name}@example.org", password)
                self.lecturers[label] = engine_for(f"{name}@example.org")
            superuser.execute("VACUUM ANALYZE")
        with psycopg.connect(self.endpoint.superuser_conninfo("template1")) as reference:
            self.builtins = leakproof_builtins(reference)
        url = URL.create("postgresql+psycopg")
        self.unheld = create_engine(url, creator=lambda: psycopg.connect(self.endpoint.superuser_conninfo("lmskit")))
        self.codes = {label: f"l{students}-7" for label, students in sizes.items()}
        self.watches = {engine: Stopwatch(engine) for engine in (self.unheld, *self.lecturers.values())}

    def protect(self, *, hardened: bool) -> None:
        """Remove the mark LEAKPROOF from all built-in functions, or restore it."""
        import psycopg

        from lmskit.db.hardening import harden, is_hardened, soften

        with psycopg.connect(self.endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            if hardened:
                harden(superuser)
            else:
                soften(superuser, self.builtins)
            assert is_hardened(superuser) == hardened

    def measure(self, label: str, repeat: int) -> dict[str, dict[str, float]]:
        """Return, by view and way, the median of the seconds in the database."""
        from sqlalchemy.orm import Session

        taken: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        with contextlib.ExitStack() as stack:
            ways = {
                WITHOUT: stack.enter_context(Session(self.unheld)),
                WITH: stack.enter_context(Session(self.lecturers[label])),
                NARROWED: stack.enter_context(Session(self.lecturers[label])),
            }
            for turn in range(repeat + 2):  # the first two warm up caches and plans
                for view, read in views(self.codes[label]).items():
                    seen = []
                    for way in random.sample(list(ways), k=len(ways)):  # the first finds a colder cache
                        session = ways[way]
                        watch = self.watches[self.unheld if way == WITHOUT else self.lecturers[label]]
                        with session.begin():
                            watch.read()
                            if way == NARROWED:
                                narrow(session, self.codes[label])
                            tables = read(session)
                        if turn > 1:
                            taken[view][way].append(watch.read())
                        assert all(len(table) for table in tables), f"{view} of {label} is empty"
                        seen.append([table.to_csv() for table in tables])
                    assert seen[0] == seen[1] == seen[2], f"{view} of {label} differs"
        return {view: {way: statistics.median(by_way[way]) for way in ways} for view, by_way in taken.items()}


def narrow(session: Session, course: str) -> None:
    """Restrict the session to a course, as the dashboard does."""
    from lmskit.queries.course import narrow as to_course

    to_course(session, course)


def views(course: str) -> dict[str, Callable[[Session], list[pd.DataFrame]]]:
    """Return the queries of each view of the dashboard, as functions of a session."""
    from sqlalchemy import select

    from lmskit.models import Course, Enrollment
    from lmskit.queries.attempt import quiz_totals, student_attempts
    from lmskit.queries.computed_at import computed_at
    from lmskit.queries.mastery import class_weeks, course_rule, mastery_cells, student_weeks, students_to_help
    from lmskit.queries.roster import course_roster

    def a_class(session: Session) -> list[pd.DataFrame]:
        course_rule(session, course)
        computed_at(session, course)
        return [class_weeks(session, course), mastery_cells(session, course), students_to_help(session, course, limit=50)]

    def a_student(session: Session) -> list[pd.DataFrame]:
        first = select(Enrollment.student_id).join(Course).where(Course.code == course).order_by(Enrollment.student_id).limit(1)
        student = session.scalars(first).one()
        return [student_weeks(session, course, student), student_attempts(session, course, student)]

    return {
        "a class": a_class,
        "a student": a_student,
        "the roster": lambda session: [course_roster(session, course)],
        "the quizzes": lambda session: [quiz_totals(session, course)],
    }


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="The dashboard's queries with row security and without.")
    parser.add_argument("--repeat", type=int, default=15, help="runs of each")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, five runs")
    arguments = parser.parse_args()
    sizes, repeat = (QUICK, 5) if arguments.quick else (SIZES, arguments.repeat)
    with scratch_cluster():
        bench = Bench(sizes)
        for hardened in (False, True):
            bench.protect(hardened=hardened)
            for label in sizes:
                state = "hardened" if hardened else "not hardened"
                print(f"\n{label} attempts in {N_COURSES} courses, {state}: ms in the database, median of {repeat}")
                print("  " + " " * 12 + f"{WITHOUT:>10}{WITH:>10}{NARROWED:>10}{'with/without':>14}{'narrowed/without':>18}")
                print_medians(bench.measure(label, repeat))


def print_medians(medians: dict[str, dict[str, float]]) -> None:
    """Print a line for each view, and one for all views together."""
    together = {way: sum(view[way] for view in medians.values()) for way in (WITHOUT, WITH, NARROWED)}
    for name, ways in {**medians, "together": together}.items():
        ratios = [ways[way] / ways[WITHOUT] for way in (WITH, NARROWED)]
        mark = "" if min(ratios) <= TARGET or name != "together" else f"   above {TARGET}"
        print(f"  {name:12}" + "".join(f"{ways[way] * 1000:10.1f}" for way in ways) + f"{ratios[0]:13.2f}x{ratios[1]:17.2f}x{mark}")


if __name__ == "__main__":
    main()
