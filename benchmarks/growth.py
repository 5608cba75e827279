"""How the time of what people wait for grows with the institution: at 100,000, 1,000,000 and 10,000,000 attempts.

There is one database for each size, and one without attempts, each on a server of its own: courses of 500 students with 25,000 attempts
each, 40 courses a term (`benchmarks.mastery_refresh`), with every estimate, a message for each enrollment and 200 passages for each course.
They are measured one after the other, as an administrator, after their files were read once:

- import: 15,000 further attempts of a new course in files of OULAD's shape, every row validated, rolled back at the end; also into the
  database without any attempt;
- dashboard: all that the dashboard of a course shows;
- roster: a page of 25 students in the middle of a course;
- offset, after: the last page of 25 of all messages by `offset` and by `after`;
- refresh: the estimates of one course, none of which changed;
- search: three words in the passages of a course.

What concerns one course should take as long at any size: its exponent is near 0.

    python -m benchmarks.growth [--attempts 100000 1000000 10000000] [--repeat 5] [--keep FOLDER [--build]]

To make 10,000,000 attempts takes longer than to measure them. With `--keep` the servers stay in FOLDER, and a second run measures at once;
`--build` makes what is missing there, or not yet at the newest revision, and measures nothing. As root, other users have to be able to pass
through FOLDER, since the server runs as one of them.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.import_attempts import made_up
from benchmarks.mastery_refresh import Bench, exponent, timed
from benchmarks.scratch import kept_cluster, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

IMPORTED, PAGE = 15_000, 25
IN_A_TERM = 1_000_000
"""Attempts that are stored in the order in which they were submitted, those of all courses of a term among each other."""
IMPORT, OFFSET, AFTER = "import", "offset", "after"
MOST_TIMES = 2.0
"""How many times as long a row of an import may take in the largest database as in an empty one."""
MESSAGES = """
INSERT INTO outbox (idem_key, message_id, course_id, student_id, recipient, template, context, status, sent_at)
SELECT format('enroll:%s:%s:1', e.course_id, e.student_id), format('<%s.%s@lmskit.example>', e.course_id, e.student_id),
    e.course_id, e.student_id, 's@example.org', 'welcome', '{}', 'sent', now()
FROM student_enrollments AS e
"""
MATERIALS = """
INSERT INTO materials (course_id, kind, title, url, language)
SELECT c.id, 'pdf', format('Script %s', n), format('https://example.org/%s/%s.pdf', c.id, n), 'en'
FROM courses AS c, generate_series(1, 10) AS n
"""
PASSAGES = """
INSERT INTO material_passages (course_id, material_id, ordinal, page, body, language)
SELECT m.course_id, m.id, o, o,
    (SELECT string_agg('w' || abs(hashint8(m.id * 1000003 + o * 1009 + k)) %% 2000, ' ') FROM generate_series(1, 100) AS k), 'en'
FROM materials AS m, generate_series(1, 20) AS o
WHERE m.course_id = %s
"""


class Growing:
    """The server of one size, with files to import into it."""

    def __init__(self, files: Path, attempts: int) -> None:
        self.bench, self.files, self.attempts = Bench(answers=False), files, attempts

    def fill(self) -> None:
        """Add courses with messages, passages and estimates."""
        import psycopg

        from lmskit.services.mastery import refresh

        for reached in (*range(IN_A_TERM, self.attempts, IN_A_TERM), self.attempts):
            first = self.bench.courses
            self.bench.grow(reached)
            with self.bench.transaction() as session:
                refresh(session, courses=[f"C{number}" for number in range(first, self.bench.courses)])
        with psycopg.connect(self.bench.conninfo, autocommit=True) as superuser:
            for statement in (MESSAGES, MATERIALS):
                superuser.execute(statement.encode())
            for row in superuser.execute("SELECT id FROM courses").fetchall():
                superuser.execute(PASSAGES.encode(), row)
        self.settle()

    def settle(self) -> None:
        """Leave no work behind that would slow down the next measurement."""
        import psycopg

        with psycopg.connect(self.bench.conninfo, autocommit=True) as superuser:
            superuser.execute("VACUUM ANALYZE")
            superuser.execute("CHECKPOINT")

    def imported(self) -> float:
        """Import the files, roll that back, and return the seconds of the import."""
        from lmskit.services.oulad import import_oulad

        with self.bench.transaction(keep=False) as session:

            def work() -> None:
                report = import_oulad(session, self.files)
                assert not report.rejections, report.rejections[0]

            seconds = timed(work)
        self.settle()
        return seconds

    def read(self, question: Callable[[Session], Any]) -> float:
        """Return the seconds of a question in a transaction of its own."""
        with self.bench.transaction(keep=False) as session:
            return timed(partial(question, session))


def questions(turn: int, growing: Growing) -> dict[str, Callable[[Session], Any]]:
    """What is read at each turn: of another course each time, so that none is in memory only because it was asked before."""
    from lmskit.queries.material_search import best_passages
    from lmskit.queries.outbox import message_rows
    from lmskit.queries.roster import course_roster
    from lmskit.queries.search_words import plain_words
    from lmskit.read_models.class_mastery import class_mastery
    from lmskit.services.mastery import refresh

    course = f"C{turn * 7 % growing.bench.courses}"

    def search(session: Session) -> object:
        from lmskit.queries.course import course_by_code

        words = plain_words(f"w{turn} w{turn + 500} w{turn + 1000}")
        found = best_passages(session, [course_by_code(session, course).id], words, None, most=10)
        assert found
        return found

    with growing.bench.transaction(keep=False) as session:
        n_messages = growing.bench.courses * 500
        [last_but_a_page] = message_rows(session, limit=1, offset=n_messages - PAGE - 1)
        by_offset = [row["id"] for row in message_rows(session, limit=PAGE, offset=n_messages - PAGE)]
        by_name = [row["id"] for row in message_rows(session, limit=PAGE, after=last_but_a_page["id"])]
        assert by_offset == by_name
        assert len(by_name) == PAGE
    return {
        "dashboard": lambda session: class_mastery(session, course),
        "roster": lambda session: course_roster(session, course, limit=PAGE, offset=250),
        OFFSET: lambda session: message_rows(session, limit=PAGE, offset=n_messages - PAGE),
        AFTER: lambda session: message_rows(session, limit=PAGE, after=last_but_a_page["id"]),
        "refresh": lambda session: refresh(session, courses=[course]),
        "search": search,
    }


@contextmanager
def server_of(attempts: int, folder: Path, files: Path) -> Iterator[Growing]:
    """Start the server of a size, which is made first if it is missing or was not finished."""
    from lmskit.db import using

    home, finished = folder / str(attempts), folder / f"{attempts}-finished"
    if not finished.exists():
        shutil.rmtree(home, ignore_errors=True)
    with kept_cluster(home) as kept, using(kept):
        growing = Growing(files, attempts)
        if not finished.exists():
            begun = time.perf_counter()
            if attempts:
                growing.fill()
            finished.touch()
            print(f"{attempts:,} attempts, made in {time.perf_counter() - begun:.0f} s", flush=True)
        yield growing


def read_all(folder: Path) -> None:
    """Read every file once, so that the operating system has in memory what a server has that runs for days."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                while stream.read(1 << 24):
                    pass


def measure(growing: Growing, repeat: int) -> dict[str, float]:
    """Measure everything in turn, and return the medians of the seconds."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for turn in range(repeat + 1):
        taken = {name: growing.read(question) for name, question in questions(turn, growing).items()} if growing.attempts else {}
        taken[IMPORT] = growing.imported()
        if turn:  # the first loads what is imported at first use
            for name, value in taken.items():
                seconds[name].append(value)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def print_medians(size: int, medians: dict[str, float], empty: float) -> None:
    """Print a line for each measurement of a size."""
    print(f"{size:,} attempts")
    for name, seconds in medians.items():
        per_row = f"{seconds / IMPORTED * 1e6:10.1f} µs per attempt, {seconds / empty:.2f} times that into an empty database"
        print(f"  {name:12}{seconds * 1000:10.1f} ms{per_row if name == IMPORT else ''}", flush=True)


def main() -> None:
    """Measure size by size, and print the medians and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000], help="sizes, multiples of 100,000")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where servers are kept for the next run")
    parser.add_argument("--build", action="store_true", help="make the servers in FOLDER, and measure nothing")
    arguments = parser.parse_args()
    if arguments.build and arguments.keep is None:
        parser.error("--build needs --keep FOLDER.")
    sizes = sorted(arguments.attempts)
    found: dict[int, dict[str, float]] = {}
    with scratch_folder() as scratch, nullcontext(arguments.keep.absolute()) if arguments.keep else scratch_folder() as folder:
        made_up(scratch, IMPORTED)
        folder.mkdir(exist_ok=True)
        for size in [0, *sizes]:
            with server_of(size, folder, scratch) as growing:
                if not arguments.build:
                    read_all(folder / str(size))
                    found[size] = measure(growing, arguments.repeat)
                    print_medians(size, found[size], found[0][IMPORT])
    if arguments.build:
        return
    if len(sizes) > 1:
        for name in found[sizes[0]]:
            print(f"{name} grows with the power {exponent(sizes, [found[size][name] for size in sizes]):.2f} of the attempts")
    ratio = found[sizes[-1]][IMPORT] / found[0][IMPORT]
    print(f"An attempt takes {ratio:.2f} times as long to import among {sizes[-1]:,} as into an empty database (target {MOST_TIMES})")


if __name__ == "__main__":
    main()
