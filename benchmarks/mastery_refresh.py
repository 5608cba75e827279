"""How fast mastery is refreshed: lmskit's refresh against a plain GROUP BY of the same rows, and against `groupby.apply`.

The database grows from size to size: courses of 500 students, 10 weeks and a quiz a week, five attempts each, stored in the
order in which they were submitted. At each size, in turn:

- GROUP BY: mean fraction and number of attempts, or of answers, by student, course and week, run in the server, its rows discarded
  (EXPLAIN ANALYZE); it estimates nothing, has no intervals and stores nothing;
- GROUP BY, stored: the same, its rows inserted into the empty table of estimates, which checks and indexes them;
- read, estimated: the part of a refresh up to the estimates;
- again: a refresh of everything after no change: all estimates are compared with the stored ones, none is written;
- first: a refresh into the empty table; every estimate is added, with its checks, indexes and foreign keys;
- changed: a refresh after another rule was chosen for all courses; every estimate is written again;
- touched: a refresh of the keys of 1,000 further attempts of one course, which are rolled back afterwards.

All of these run as the same administrator, with row security, in one transaction each. At the smallest size the stored estimates are
compared with a loop over the attempts, and the rule is timed in its simplest form with `groupby.apply`. Everything runs in a temporary
cluster.

    python benchmarks/mastery_refresh.py [--attempts 100000 1000000 10000000] [--repeat 3] [--answers] [--steps]
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from lmskit.services.mastery import RefreshReport

PERSON = "admin@example.org"
STUDENTS, WEEKS, NUMBERS = 500, 10, 5
IN_A_COURSE = STUDENTS * WEEKS * NUMBERS
COURSES_OF_A_STUDENT = 4
N_TOUCHED, TURNS = 1_000, 7
KEY = ["student_id", "course_id", "week_number"]
GROUPED, STORED, TOUCHED = "GROUP BY", "GROUP BY, stored", "touched"
ESTIMATED, AGAIN, FIRST, CHANGED = "read, estimated", "again", "first", "changed"
REFRESHES = (ESTIMATED, AGAIN, FIRST, CHANGED)
FRACTION = "a.score / a.max_score"
ANSWERED = "(answer ->> 'score')::float8 / (question ->> 'points')::float8"
OF_ANSWERS = """,
        jsonb_array_elements(a.answers) AS answer, jsonb_array_elements(q.questions) AS question
    WHERE question ->> 'id' = answer ->> 'question'"""
GROUP_BY = """
    SELECT a.student_id, a.course_id, q.week_number, avg({fraction}), count(*)
    FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id{of_answers}
    GROUP BY a.student_id, a.course_id, q.week_number"""
STORE = """
    INSERT INTO topic_performance (student_id, course_id, week_number, level, value, n_evidence, rule, parameters, computed_at)
    SELECT g.student_id, g.course_id, g.week_number, 'developing', g.avg, g.count, 'average', '{{}}', now() FROM ({}) AS g"""
BEGINNING = """
    INSERT INTO users (email, family_name, sort_name, role) VALUES ('lecturer@example.org', 'L', 'l', 'lecturer');
    INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30')"""
QUESTIONS = """'[{"id": "a", "points": 2}, {"id": "b", "points": 3}, {"id": "c", "points": 5}]'"""
ANSWER = "jsonb_build_object('question', '{}', 'response', 'x', 'score', CASE WHEN hashint8(r.n + {}) % 3 <> 0 THEN {} ELSE 0 END)"
ANSWERS = f"jsonb_build_array({', '.join(ANSWER.format(name, points, points) for name, points in {'a': 2, 'b': 3, 'c': 5}.items())})"
COURSES = """
    CREATE TEMPORARY TABLE new AS SELECT n FROM generate_series({first}, {last}) AS n;
    INSERT INTO users (email, family_name, sort_name, role) SELECT format('s%s@example.org', g), 'S', 's', 'student'
        FROM generate_series({first} * {students} / {shared}, ({last} + 1) * {students} / {shared} - 1) AS g;
    INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
        SELECT format('C%s', n), 'M', 'C', t.id, u.id, 'import' FROM new, terms AS t, users AS u WHERE u.role = 'lecturer';
    INSERT INTO syllabi (course_id, week_number, topic) SELECT c.id, w, 'T' FROM courses AS c, generate_series(1, {weeks}) AS w
        WHERE c.code IN (SELECT format('C%s', n) FROM new);
    INSERT INTO quizzes (course_id, week_number, title, max_score, questions)
        SELECT s.course_id, s.week_number, 'Q', 10, {questions} FROM syllabi AS s JOIN courses AS c ON c.id = s.course_id
        WHERE c.code IN (SELECT format('C%s', n) FROM new);
    CREATE TEMPORARY TABLE enrolled AS SELECT c.id AS course_id, u.id AS student_id
        FROM new, generate_series(0, {students} - 1) AS k, courses AS c, users AS u
        WHERE c.code = format('C%s', n) AND u.email = format('s%s@example.org',
            {first} * {students} / {shared} + ((n - {first}) / {shared} * {students} + k));
    INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
        SELECT course_id, student_id, 'active', 'import', '2026-01-01' FROM enrolled;
    INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin, answers)
        SELECT r.quiz_id, r.course_id, r.student_id, r.number, abs(hashint8(r.n)) % 21 / 2.0, 10, r.at, 'import', {answers}
        FROM (
            SELECT q.id AS quiz_id, p.*, number, q.id * 5000 + p.student_id * 7 + number AS n,
                timestamptz '2026-01-05 08:00Z' + make_interval(weeks => q.week_number, hours => number * 24)
                + abs(hashint8(q.id * 100000 + p.student_id)) % 80000 * interval '1 second' AS at
            FROM enrolled AS p JOIN quizzes AS q USING (course_id), generate_series(1, {numbers}) AS number
        ) AS r
        ORDER BY r.at;
    DROP TABLE new, enrolled"""
WRONG = """
    SELECT (SELECT count(*) FROM quiz_attempts AS a WHERE NOT EXISTS (
            SELECT FROM quizzes AS q WHERE q.id = a.quiz_id AND q.course_id = a.course_id))
        + (SELECT count(*) FROM quiz_attempts AS a WHERE NOT EXISTS (
            SELECT FROM student_enrollments AS e WHERE e.course_id = a.course_id AND e.student_id = a.student_id))
        + (SELECT count(*) FROM student_enrollments AS e WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = e.student_id))"""


class Bench:
    """A cluster that grows, of this process; one that was kept goes on from where it is."""

    def __init__(self, *, answers: bool) -> None:
        import psycopg

        from lmskit.db import access, engine_for, generate_password, keep_login, revision, scram_verifier

        self.conninfo = access().server.start().superuser_conninfo("lmskit")
        self.answers = answers
        parts = {"fraction": ANSWERED, "of_answers": OF_ANSWERS} if answers else {"fraction": FRACTION, "of_answers": ""}
        self.group_by = GROUP_BY.format(**parts)
        revision.upgrade()
        with psycopg.connect(self.conninfo) as superuser:
            if superuser.execute("SELECT FROM users").fetchone() is None:
                password = generate_password()
                superuser.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'A', 'a', 'super_admin')", [PERSON])
                superuser.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), PERSON])
                superuser.execute(BEGINNING)
                superuser.commit()
                keep_login(PERSON, password)
            self.courses = superuser.execute("SELECT FROM courses").rowcount
        self.engine: Engine = engine_for(PERSON)

    def grow(self, attempts: int) -> None:
        """Add courses up to this number of attempts, as a superuser without triggers; the rows are checked afterwards."""
        import psycopg

        begun = time.perf_counter()
        last = attempts // IN_A_COURSE
        values = {
            "first": self.courses, "last": last - 1, "students": STUDENTS, "weeks": WEEKS, "numbers": NUMBERS,
            "shared": COURSES_OF_A_STUDENT, "questions": QUESTIONS if self.answers else "'[]'",
            "answers": ANSWERS if self.answers else "'[]'",
        }  # fmt: skip
        with psycopg.connect(self.conninfo, autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            for statement in COURSES.format(**values).split(";"):
                superuser.execute(statement.encode())
            superuser.execute("VACUUM ANALYZE")
            wrong = superuser.execute(WRONG).fetchone()
            found = superuser.execute("SELECT count(*) FROM quiz_attempts").fetchone()
        assert wrong == (0,), "attempts without a quiz or an enrollment"
        assert found == (attempts,), f"{found} attempts instead of {attempts}"
        self.courses = last
        print(f"\n{attempts:,} attempts in {last:,} courses, loaded in {time.perf_counter() - begun:.0f} s", flush=True)

    def checkpoint(self) -> None:
        """Write everything to disk, so that a later measurement does not do it."""
        import psycopg

        with psycopg.connect(self.conninfo, autocommit=True) as superuser:
            superuser.execute("VACUUM ANALYZE topic_performance")
            superuser.execute("CHECKPOINT")

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Session]:
        """An administrator's transaction."""
        from lmskit.db import transaction

        with transaction(self.engine) as session:
            yield session
            if not keep:
                session.rollback()


def grouped(bench: Bench) -> None:
    """Run the plain GROUP BY and discard its rows."""
    from sqlalchemy import text

    with bench.transaction() as session:
        session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {bench.group_by}")).all()


def stored(bench: Bench) -> None:
    """Store the rows of the plain GROUP BY."""
    from sqlalchemy import text

    with bench.transaction() as session:
        session.execute(text(STORE.format(bench.group_by)))


def choose(bench: Bench, rule: str) -> None:
    """Choose a rule for all courses."""
    from sqlalchemy import text

    with bench.transaction() as session:
        session.execute(text("UPDATE courses SET mastery_rule = :rule"), {"rule": rule})


def full(bench: Bench, steps: dict[str, list[float]]) -> RefreshReport:
    """Refresh everything."""
    from lmskit.services.mastery import refresh

    begun, doing = time.perf_counter(), "begin"

    def step(name: str, _done: int = 0, _total: int | None = None) -> None:
        nonlocal begun, doing
        steps[doing].append(time.perf_counter() - begun)
        begun, doing = time.perf_counter(), name

    with bench.transaction() as session:
        report = refresh(session, progress=step)
    step("end")
    return report


def empty(bench: Bench) -> None:
    """Remove all estimates."""
    import psycopg

    with psycopg.connect(bench.conninfo, autocommit=True) as superuser:
        superuser.execute("TRUNCATE topic_performance")


def touched(bench: Bench, turn: int) -> float:
    """Add attempts to one course, refresh their keys, and take both back; return the seconds of the refresh."""
    from sqlalchemy import text

    from lmskit.services.mastery import refresh

    with bench.transaction(keep=False) as session:
        added = text("""
            INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
            SELECT q.id, q.course_id, e.student_id, 99, 9, 10, '2026-06-01', 'import'
            FROM quizzes AS q JOIN student_enrollments AS e USING (course_id) JOIN courses AS c ON c.id = q.course_id
            WHERE c.code = :code ORDER BY q.week_number, e.student_id LIMIT :count
            RETURNING student_id, course_id, (SELECT week_number FROM quizzes AS q WHERE q.id = quiz_id)""")
        keys = [tuple(row) for row in session.execute(added, {"code": f"C{turn % bench.courses}", "count": N_TOUCHED})]
        begun = time.perf_counter()
        report = refresh(session, touched=keys)
        seconds = time.perf_counter() - begun
        assert (report.n_keys, report.n_evidence) == (N_TOUCHED, N_TOUCHED * (NUMBERS * (3 if bench.answers else 1) + 1)), report
    return seconds


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def evidence_of(bench: Bench) -> pd.DataFrame:
    """The scores; with answers, one row per answer."""
    import pandas as pd

    whole = "a.score::float8, a.max_score::float8"
    single = "(answer ->> 'score')::float8 AS score, (question ->> 'points')::float8 AS max_score"
    answered = """, jsonb_array_elements(a.answers) AS answer, jsonb_array_elements(q.questions) AS question
        WHERE question ->> 'id' = answer ->> 'question'"""
    statement = f"""
        SELECT a.student_id, a.course_id, q.week_number, a.submitted_at, {single if bench.answers else whole}
        FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id{answered if bench.answers else ""}"""  # noqa: S608 - of our own
    with bench.engine.connect() as connection:
        return pd.read_sql(statement, connection)


def applied(scores: pd.DataFrame) -> pd.DataFrame:
    """The rule `average` in its simplest form."""
    import pandas as pd
    from scipy.stats import beta

    def average(group: pd.DataFrame) -> pd.Series:
        group = group.sort_values("submitted_at")
        fraction = (group["score"] / group["max_score"]).clip(upper=1)
        value, n = fraction.mean(), len(fraction)
        low, high = (float(beta.ppf(share, 0.5 + n * value, 0.5 + n * (1 - value))) for share in (0.05, 0.95))
        level = "mastered" if value >= 0.8 - 1e-12 else "remedial" if value < 0.5 - 1e-12 else "developing"
        return pd.Series({"value": value, "low": min(low, value), "high": max(high, value), "n_evidence": n, "level": level})

    return scores.groupby(KEY).apply(average).reset_index()


def check(bench: Bench, expected: pd.DataFrame) -> None:
    """Compare the stored estimates with those of the simple rule."""
    import pandas as pd

    with bench.engine.connect() as connection:
        stored = pd.read_sql("SELECT * FROM topic_performance", connection)
    ordered = [table.sort_values(KEY, ignore_index=True)[list(expected.columns)] for table in (stored, expected)]
    pd.testing.assert_frame_equal(ordered[0], ordered[1], check_dtype=False, rtol=1e-9)


def measure(bench: Bench, repeat: int, *, steps: bool) -> dict[str, float]:
    """Measure everything in turn, and return the medians of the seconds."""
    full(bench, defaultdict(list))  # imports, and a table that has been used
    steps_of: dict[str, list[float]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeat):
        empty(bench)
        bench.checkpoint()
        seconds[STORED].append(timed(lambda: stored(bench)))
        empty(bench)
        bench.checkpoint()
        seconds[GROUPED].append(timed(lambda: grouped(bench)))
        before = {name: len(taken) for name, taken in steps_of.items()}
        seconds[FIRST].append(timed(lambda: full(bench, steps_of)))
        bench.checkpoint()
        seconds[AGAIN].append(timed(lambda: full(bench, steps_of)))
        assert full(bench, defaultdict(list)).n_rows == 0
        seconds[GROUPED].append(timed(lambda: grouped(bench)))
        choose(bench, "latest")
        bench.checkpoint()
        seconds[CHANGED].append(timed(lambda: full(bench, defaultdict(list))))
        choose(bench, "average")
        parts = (steps_of[name][before.get(name, 0) :] for name in ("Reading the evidence", "Estimating"))
        seconds[ESTIMATED] += [sum(pair) for pair in zip(*parts, strict=True)]
    full(bench, defaultdict(list))
    touch = [touched(bench, turn) for turn in range(TURNS)]
    if steps:
        for name, taken in steps_of.items():
            print(f"    {name:32}{'  '.join(f'{seconds_taken:7.2f}' for seconds_taken in taken)}")
    return {name: statistics.median(taken) for name, taken in seconds.items()} | {TOUCHED: statistics.median(touch)}


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the power of the size that the seconds grow with: the slope through all points, in logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(duration) for duration in seconds]
    x, y = statistics.fmean(xs), statistics.fmean(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def print_medians(medians: dict[str, float]) -> None:
    """Print a line for each measurement."""
    for name, seconds in medians.items():
        ratio = f"{seconds / medians[GROUPED]:8.2f} times GROUP BY (target 2.5)" if name in REFRESHES else ""
        beside = f", {seconds / medians[STORED]:.2f} times GROUP BY, stored" if name in {FIRST, CHANGED} else ""
        print(f"  {name:20}{seconds:9.3f} s{ratio}{beside}")
    print(f"  highest memory of this process so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB", flush=True)


def run(bench: Bench, sizes: list[int], repeat: int, *, steps: bool) -> None:
    """Measure size by size, and print how the times grow."""
    print(f"GROUP BY is: {' '.join(bench.group_by.split())}")
    found: dict[int, dict[str, float]] = {}
    for attempts in sizes:
        bench.grow(attempts)
        found[attempts] = measure(bench, repeat, steps=steps)
        print_medians(found[attempts])
        if attempts == sizes[0]:
            scores = evidence_of(bench)
            begun = time.perf_counter()
            expected = applied(scores)
            took = time.perf_counter() - begun
            check(bench, expected)
            print(f"  groupby.apply {took:15.2f} s; it and the refresh agree on all {len(expected):,} rows")
            for name in REFRESHES:
                print(f"  {name} is {took / found[attempts][name]:.0f} times as fast as groupby.apply (target 100)")
    if len(sizes) > 1:
        print()
        for name in (*REFRESHES, GROUPED):
            print(
                f"  {name} grows with the power {exponent(sizes, [found[size][name] for size in sizes]):.2f} of the attempts (target 1.05)"
            )
        ratio = found[sizes[-1]][TOUCHED] / found[sizes[0]][TOUCHED]
        print(f"  touched keys among {sizes[-1]:,} take {ratio:.2f} times as long as among {sizes[0]:,} (target 2)")


def main() -> None:
    """Read the arguments, and measure in a temporary cluster."""
    parser = argparse.ArgumentParser(description="The refresh of mastery, a plain GROUP BY, and groupby.apply.")
    parser.add_argument("--attempts", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000], help="sizes, multiples of 100,000")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("--answers", action="store_true", help="attempts have answers to three questions each, which are the evidence")
    parser.add_argument("--steps", action="store_true", help="also print how long each step of the refreshes took")
    arguments = parser.parse_args()
    with scratch_cluster():
        run(Bench(answers=arguments.answers), sorted(arguments.attempts), arguments.repeat, steps=arguments.steps)


if __name__ == "__main__":
    main()
