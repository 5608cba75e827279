"""How long an administrator waits for a page of people who are searched, among 60,000.

Half of the people have two ids of other systems, a third are enrolled in ten courses. Each search is that of a form: the first page of 25
rows and the number of all rows; three letters, a whole name in the other order, an address, an id, and a name that nobody has. Everything
runs in a cluster of its own that is removed.

    python benchmarks/person_search.py [--people 60000] [--repeat 9]
"""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.scratch import scratch_cluster

SEARCHES = ("", "mul", "anna muller", "müller 42", "student.4711@", "0004711", "zzz")
WORLD = """
INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT 'student.' || n || '@example.org', f.family || ' ' || n, f.given, f.sorted || ' ' || n || ', ' || lower(f.given), 'student'
    FROM generate_series(1, :people) AS n
    JOIN (VALUES (0, 'Müller', 'Anna', 'muller'), (1, 'Okonkwo', 'Ben', 'okonkwo'), (2, 'Ångström', 'Cho', 'angstrom'))
        AS f (k, family, given, sorted) ON f.k = n % 3;
INSERT INTO external_ids (source, kind, external_id, person_id)
    SELECT s.source, 'person', lpad(CAST(u.id AS text), 9, '0'), u.id
    FROM users AS u CROSS JOIN (VALUES ('sis'), ('canvas')) AS s (source)
    WHERE u.role = 'student' AND u.id % 2 = 0;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'simulation', '2026-09-14'
    FROM users AS u CROSS JOIN courses AS c WHERE u.role = 'student' AND u.id % 3 = 0;
"""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--repeat", type=int, default=9)
    asked = parser.parse_args()
    with scratch_cluster():
        from sqlalchemy import text
        from sqlalchemy.orm import Session

        from benchmarks.command_start import PERSON, prepare
        from lmskit.db import access, engine_for, transaction
        from lmskit.queries.person import count_people, person_rows
        from tests import factories

        prepare()
        admin = engine_for(PERSON)
        with transaction(admin) as session:
            for _ in range(10):
                factories.course(session)
            for statement in WORLD.split(";\n"):
                if statement.strip():
                    session.execute(text(statement), {"people": asked.people})
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        print(f"{'search':<18}{'found':>8}{'page':>10}{'count':>10}")
        for search in SEARCHES:
            pages, counts, n_found = [], [], 0
            for _ in range(asked.repeat):
                with Session(admin) as session:
                    begun = time.perf_counter()
                    person_rows(session, search=search, limit=25)
                    between = time.perf_counter()
                    n_found = count_people(session, search=search)
                    pages.append(between - begun)
                    counts.append(time.perf_counter() - between)
            print(f"{search:<18}{n_found:>8,}{statistics.median(pages) * 1000:>7.0f} ms{statistics.median(counts) * 1000:>7.0f} ms")
        access().dispose()


if __name__ == "__main__":
    main()
