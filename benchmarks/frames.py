"""How fast a query becomes a table: `lmskit.read_frame` compared with `pandas.read_sql`, in one interleaved run.

The rows have eight columns: three of whole numbers, a numeric, a number with gaps, a time with zone, a word, a boolean. Both
read them as the same administrator, over connections that are open already, and must return equal tables. Then the same for the
columns of attempts that take longest to read: text of any length with gaps, dates, and JSON. Everything runs in a cluster of its
own that is removed.

    python benchmarks/frames.py [--rows 5000 1000000] [--repeat 7]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sqlalchemy import Engine

PERSON = "reader@example.org"
TARGETS = {5_000: 3.0, 1_000_000: 5.0}
FEWEST_ROWS = 500_000
"""Rows to read in all turns together: a few turns of some milliseconds would measure the machine rather than either function."""
TABLE = """
    CREATE SCHEMA measured;
    CREATE TABLE measured.rows AS
    SELECT n AS id, n * 7919 % 100003 AS student_id, (n % 15)::integer AS week, (n % 1000 / 100.0)::numeric(10, 2) AS score,
        CASE WHEN n % 10 > 0 THEN n % 97 / 97.0::float8 END AS value,
        timestamptz '2026-01-01 00:00Z' + n * interval '1 second' AS submitted_at,
        (ARRAY['mastered', 'developing', 'remedial'])[1 + n % 3] AS level, n % 2 = 0 AS passed,
        CASE WHEN n % 3 > 0 THEN repeat('wörd ', (n % 20)::integer) END AS feedback, date '2026-01-01' + (n % 365)::integer AS due_on,
        jsonb_build_array(jsonb_build_object('question', n % 7, 'score', n % 5)) AS answers
    FROM generate_series(1, {rows}::bigint) AS n;
    ALTER TABLE measured.rows ADD PRIMARY KEY (id);
    GRANT USAGE ON SCHEMA measured TO lmskit_admin;
    GRANT SELECT ON measured.rows TO lmskit_admin;
    VACUUM ANALYZE measured.rows
"""
COLUMNS = {
    "8 columns": "id, student_id, week, score, value, submitted_at, level, passed",
    "text, date, JSON": "feedback, due_on, answers",
}


def prepare(rows: int) -> Engine:
    """Make the rows, and a person who may read them."""
    import psycopg

    from lmskit.db import access, engine_for, generate_password, keep_login, revision, scram_verifier

    endpoint = access().server.start()
    revision.upgrade()
    password = generate_password()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        superuser.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'R', 'r', 'super_admin')", [PERSON])
        superuser.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), PERSON])
        for statement in TABLE.replace("{rows}", str(rows)).split(";"):
            superuser.execute(statement.encode())
    keep_login(PERSON, password)
    return engine_for(PERSON)


def measure(engine: Engine, columns: str, rows: int, repeat: int) -> dict[str, float]:
    """Compare the tables once, and return the median of the seconds that each function takes."""
    import pandas as pd
    from sqlalchemy import text

    import lmskit

    statement = f"SELECT {columns} FROM measured.rows WHERE id <= {rows}"  # noqa: S608 - our own statement

    def pandas_reads() -> pd.DataFrame:
        with engine.connect() as connection:
            return pd.read_sql(text(statement), connection)

    ways: dict[str, Callable[[], pd.DataFrame]] = {
        "lmskit.read_frame": lambda: lmskit.read_frame(statement, person=PERSON),
        "pandas.read_sql": pandas_reads,
    }
    ours, theirs = (read() for read in ways.values())
    assert len(ours) == rows
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    del ours, theirs
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeat):
        for name in sorted(ways, reverse=bool(turn % 2)):
            started = time.perf_counter()
            ways[name]()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="From a query to a table: lmskit.read_frame and pandas.read_sql.")
    parser.add_argument("--rows", type=int, nargs="+", default=sorted(TARGETS), help="sizes to measure")
    parser.add_argument("--repeat", type=int, default=7, help="runs of each, more of small sizes")
    arguments = parser.parse_args()
    with scratch_cluster():
        engine = prepare(max(arguments.rows))
        for rows in sorted(arguments.rows):
            for title, columns in COLUMNS.items():
                turns = max(arguments.repeat, FEWEST_ROWS // rows)
                medians = measure(engine, columns, rows, turns)
                print(f"\n{rows:,} rows, {title}: equal tables; medians of {turns}, in turn")
                for name, seconds in medians.items():
                    print(f"  {name:20}{seconds * 1000:10.1f} ms")
                target = f" (target {TARGETS[rows]:.0f})" if rows in TARGETS and columns == COLUMNS["8 columns"] else ""
                print(f"  {medians['pandas.read_sql'] / medians['lmskit.read_frame']:.1f} times as fast{target}", flush=True)
        print(f"\nhighest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
