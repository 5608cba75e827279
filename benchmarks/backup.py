"""What the checksums of a backup take: rows and checksum of a table of attempts, in turn with pg_dump and with counting alone.

Then what the files of materials take, which every backup has whole, so that one file is enough to restore.

Run: `python -m benchmarks.backup`. It makes a server of its own, which is gone afterwards.
"""

import argparse
import math
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from benchmarks.scratch import scratch_cluster
from lmskit.backups.archive import new_archive
from lmskit.backups.contents import set_formats, table_contents
from lmskit.backups.creation import DUMP_OPTIONS
from lmskit.db import access
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster.binaries import installation, program

DATABASE = "lmskit_backup_benchmark"
TIMES = 5
FILES, FILE_SIZE = 100, 4 << 20
ATTEMPTS = """
    CREATE TABLE lms.attempts AS SELECT n AS id, n % 500 AS course_id, n % 7000 AS student_id, 1 AS number,
        (n % 1000 / 10.0)::numeric(12, 4) AS score, 100.0::numeric(12, 4) AS max_score,
        timestamptz '2026-02-02 12:00+00' + n * interval '1 s' AS submitted_at,
        jsonb_build_object('q1', n % 3, 'q2', 'an answer of a few words ' || n) AS answers
    FROM generate_series(1, {}) AS n
"""


def main() -> None:
    """Measure by turns at each size, and print medians, the ratio and the exponent of growth."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--attempts", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    sizes: list[int] = parser.parse_args().attempts
    with scratch_cluster():
        endpoint = access().server.start()
        bootstrap(endpoint.superuser_conninfo(), DATABASE, passfile=access().settings.passfile, own_cluster=True)
        medians = [measure(endpoint.superuser_conninfo(DATABASE), size) for size in sizes]
    measure_files(FILES, FILE_SIZE)
    if len(sizes) > 1:
        exponent = math.log(medians[-1] / medians[0]) / math.log(sizes[-1] / sizes[0])
        print(f"The time of the checksum grows with the rows to the power of {exponent:.2f}.")


def measure_files(n_files: int, size: int) -> None:
    """Write files into a backup, and read them as a restore does."""
    files = {f"materials/{number:064x}": os.urandom(size) for number in range(n_files)}
    with tempfile.TemporaryFile() as target:
        started = time.perf_counter()
        with new_archive(target) as archive:
            for name, content in files.items():
                archive.add(name, content)
        took = time.perf_counter() - started
    megabytes = n_files * size / 2**20
    print(f"{n_files} files of materials, {megabytes:,.0f} MB: {took:.2f} s, {megabytes / took:,.0f} MB/s")


def measure(conninfo: str, size: int) -> float:
    """Measure at one size; return the median of the checksum in seconds."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS lms.attempts")
        connection.execute(sql.SQL(ATTEMPTS).format(sql.Literal(size)))
        connection.execute("ANALYZE")
        set_formats(connection)
        dump = [str(program(installation(18), "pg_dump")), *DUMP_OPTIONS, "-d", conninfo]
        ways: dict[str, Callable[[], object]] = {
            "checksum": lambda: table_contents(connection),
            "count": lambda: connection.execute("SELECT count(*) FROM lms.attempts").fetchone(),
            "pg_dump": lambda: subprocess.run(dump, check=True, stdout=subprocess.DEVNULL),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(TIMES):
            for name, way in ways.items():
                started = time.perf_counter()
                way()
                took[name].append(time.perf_counter() - started)
        found = table_contents(connection)["lms.attempts"]
        assert found.rows == size
    medians = {name: statistics.median(times) for name, times in took.items()}
    shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in medians.items())
    print(f"{size:,} attempts: {shown}; the checksum takes {medians['checksum'] / medians['pg_dump']:.2f} of pg_dump, beside it")
    return medians["checksum"]


if __name__ == "__main__":
    main()
