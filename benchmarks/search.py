"""How long a lecturer's search takes in a course of 20,000 passages among a million, beside the bare exact scan of the course's vectors.

Run it with: python -m benchmarks.search [--repeat 30] [--passages 1000000] [--dimension 384]

Four are measured in turn, each as the lecturer, under row security and with the plan oracle closed:

- vectors: the bare exact scan, the nearest 10 of the course's vectors, and nothing else;
- words: the bare scan for the same words, which counts the passages that have any of them;
- search: `best_passages`, words and meaning together;
- screen: all of `search_passages`, with snippets and links.

Passages are made of words drawn by chance from a text with the frequencies of real ones, and vectors by chance: of 384 numbers, or of as
many as is said; the model that comes with lmskit has 512. The hits have to be those of an independent statement. Everything is in a cluster
of its own that is removed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.read_models.passage_search import PreparedSearch

PER_MATERIAL, PER_COURSE = 100, 20_000
VOCABULARY, WORDS = 20_000, 160
MODEL = "benchmark"
PEOPLE = """
INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30');
INSERT INTO users (email, family_name, sort_name, role)
    SELECT format('l%%s@example.org', n), 'L', 'l', 'lecturer' FROM generate_series(1, %(lecturers)s) AS n;
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT format('C%%s', n), 'M', 'Course', t.id, u.id, 'simulation'
    FROM generate_series(1, %(lecturers)s) AS n, terms AS t, users AS u WHERE u.email = format('l%%s@example.org', n);
INSERT INTO materials (course_id, kind, title, url, language)
    SELECT c.id, 'pdf', format('Script %%s', n), format('https://example.org/%%s/%%s.pdf', c.id, n), 'en'
    FROM courses AS c, generate_series(1, %(materials)s) AS n ORDER BY c.id, n;
INSERT INTO embedding_models (name, dimension, checksum, state) VALUES ('benchmark', %(dimension)s, repeat('0', 64), 'in use');
"""
NEAREST = """
SELECT material_id, ordinal FROM passage_vectors WHERE course_id = ANY(CAST(:courses AS bigint[])) AND model = 'benchmark'
ORDER BY embedding <#> CAST(:vector AS halfvec) LIMIT 10
"""
WITH_A_WORD = """
SELECT count(*) FROM material_passages WHERE course_id = ANY(CAST(:courses AS bigint[])) AND body_vector @@ CAST(:any AS tsquery)
"""
INDEPENDENT = """
SELECT p.material_id, p.ordinal,
    0.4 * coalesce((
        SELECT sum(ln(1 + (n.passages - d.n + 0.5) / (d.n + 0.5)) * 2.2 * cardinality(w.positions)
            / (cardinality(w.positions) + 1.2 * (0.25 + 0.75 * octet_length(p.body) / n.size)))
        FROM unnest(p.body_vector) AS w JOIN document AS d ON d.lexeme = w.lexeme
    ), 0) / most.reached + 0.6 * -(v.embedding <#> CAST(:vector AS halfvec)) AS score
FROM material_passages AS p
JOIN passage_vectors AS v ON (v.course_id, v.material_id, v.ordinal) = (p.course_id, p.material_id, p.ordinal) AND v.model = 'benchmark'
CROSS JOIN n CROSS JOIN most
WHERE p.course_id = ANY(CAST(:courses AS bigint[]))
ORDER BY score DESC, p.material_id, p.ordinal LIMIT 10
"""
COUNTED = """
WITH n AS (
    SELECT count(*) AS passages, avg(octet_length(body))::float8 AS size FROM material_passages
    WHERE course_id = ANY(CAST(:courses AS bigint[]))
), document AS MATERIALIZED (
    SELECT s.lexeme, (
        SELECT count(*) FROM material_passages AS p
        WHERE p.course_id = ANY(CAST(:courses AS bigint[])) AND s.lexeme = ANY(tsvector_to_array(p.body_vector))
    ) AS n
    FROM unnest(to_tsvector('english', :wished)) AS s
), most AS (
    SELECT 2.2 * sum(ln(1 + (n.passages - document.n + 0.5) / (document.n + 0.5))) AS reached FROM document CROSS JOIN n
)
"""
"""The same scores, written without the search's own statement; it takes seconds."""


def vocabulary() -> list[str]:
    """Made-up words, the most frequent first."""
    chance = random.Random(1)
    return ["".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(3, 9))) for _ in range(VOCABULARY)]


def filled(superuser: Any, passages: int, dimension: int) -> None:  # noqa: ANN401 - a connection of psycopg
    """Store the courses, each with 20,000 passages and their vectors; those of the other courses are shorter, which saves time."""
    lecturers = max(passages // PER_COURSE, 1)
    superuser.execute((PEOPLE % {"lecturers": lecturers, "materials": PER_COURSE // PER_MATERIAL, "dimension": dimension}).encode())
    chance = random.Random(2)
    stops = ["the", "of", "a", "and", "to", "in", "is", "that", "it", "for"]
    weights = [1 / (n + 30) for n in range(VOCABULARY)]
    weights = [0.6 * weight / sum(weights) for weight in weights] + [0.4 / len(stops)] * len(stops)
    drawn = chance.choices(vocabulary() + stops, weights=weights, k=400_000)
    superuser.execute("CREATE TEMP TABLE sample (n int PRIMARY KEY, body text, embedding halfvec)")
    with superuser.cursor() as cursor, cursor.copy("COPY sample (n, body) FROM STDIN") as copy:
        for n in range(PER_COURSE):
            start = chance.randrange(len(drawn) - 2 * WORDS)
            copy.write_row((n, " ".join(drawn[start : start + chance.randint(WORDS // 2, WORDS * 3 // 2)])))
    superuser.execute(
        "UPDATE sample SET embedding = l2_normalize("
        "(SELECT array_agg(random() - 0.5) FROM generate_series(1, %s::int) WHERE sample.n >= 0)::real[]::vector)::halfvec",
        [dimension],
    )
    superuser.execute("ALTER TABLE material_passages ENABLE ALWAYS TRIGGER keep_added_words")
    for (course,) in superuser.execute("SELECT id FROM courses ORDER BY id").fetchall():
        superuser.execute(
            "INSERT INTO material_passages (course_id, material_id, ordinal, page, body, language)"
            " SELECT m.course_id, m.id, o, o,"
            " CASE WHEN m.course_id = (SELECT min(id) FROM courses) THEN s.body ELSE left(s.body, 200) END, 'en'"
            " FROM materials AS m CROSS JOIN generate_series(1, 100) AS o JOIN sample AS s ON s.n = (m.id * 100 + o) %% 20000"
            " WHERE m.course_id = %s",
            [course],
        )
    superuser.execute(
        "INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)"
        " SELECT m.course_id, m.id, o, 'benchmark', vector_dims(s.embedding), s.embedding"
        " FROM materials AS m CROSS JOIN generate_series(1, 100) AS o JOIN sample AS s ON s.n = (m.id * 100 + o) % 20000"
    )


def prepared(n: int, dimension: int) -> list[PreparedSearch]:
    """Searches of 3 to 10 words that are neither the most frequent nor rare, with a vector by chance."""
    from lmskit.queries.passage_scores import SearchVector
    from lmskit.queries.search_words import plain_words
    from lmskit.read_models.passage_search import PreparedSearch

    chance, words = random.Random(3), vocabulary()[20:5000]
    made = []
    for _ in range(n):
        numbers = [chance.gauss(0, 1) for _ in range(dimension)]
        length = sum(number**2 for number in numbers) ** 0.5
        vector = SearchVector(MODEL, "0" * 64, tuple(number / length for number in numbers))
        made.append(PreparedSearch(plain_words(" ".join(chance.choices(words, k=chance.randint(3, 10)))), vector))
    return made


def check(session: Session, course: int, search: PreparedSearch) -> None:
    """Compare the first hits with those of the independent statement."""
    from sqlalchemy import text

    from lmskit.queries.material_search import best_passages

    assert search.vector is not None
    numbers = str(list(search.vector.numbers))
    expected = session.execute(text(COUNTED + INDEPENDENT), {"courses": [course], "wished": search.words.wished, "vector": numbers}).all()
    found = best_passages(session, [course], search.words, search.vector, most=10)
    if [(row["material_id"], row["ordinal"]) for row in found] != [(row.material_id, row.ordinal) for row in expected]:
        raise SystemExit(f"{search.words.wished}: the hits are not those of the independent statement")


def read(session: Session, statement: str, values: dict[str, Any]) -> object:
    """Run a statement and read all of its rows."""
    from sqlalchemy import text

    return session.execute(text(statement), values).all()


def main() -> None:
    """Measure, check, and print medians, 95th percentiles and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=384)
    arguments = parser.parse_args()
    with scratch_cluster():
        import psycopg
        from sqlalchemy import text
        from sqlalchemy.orm import Session

        from lmskit.db import access, engine_for, generate_password, keep_login, revision, scram_verifier
        from lmskit.queries.course import narrow
        from lmskit.queries.material_search import best_passages
        from lmskit.read_models.passage_search import search_passages

        endpoint = access().server.start()
        revision.upgrade()
        with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")  # the rows are valid, and need no audit trail
            filled(superuser, arguments.passages, arguments.dimension)
            password = generate_password()
            superuser.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = 'l1@example.org'", [scram_verifier(password)])
            keep_login("l1@example.org", password)
            superuser.execute("VACUUM ANALYZE")
        searches = prepared(arguments.repeat, arguments.dimension)
        with Session(engine_for("l1@example.org")) as session:
            narrow(session, "C1")
            session.execute(text("SET LOCAL enable_seqscan = off"))  # the bare scans too read their course alone
            course = session.execute(text("SELECT id FROM courses")).scalar_one()
            for search in searches[:3]:
                check(session, course, search)
            seconds: dict[str, list[float]] = {}
            for search in searches:
                words = session.scalars(
                    text("SELECT unnest(tsvector_to_array(to_tsvector('english', :wished)))"), {"wished": search.words.wished}
                ).all()
                assert search.vector is not None
                values = {"courses": [course], "vector": str(list(search.vector.numbers)), "any": " | ".join(words)}
                kinds: dict[str, Callable[[], object]] = {
                    "vectors": partial(read, session, NEAREST, values),
                    "words": partial(read, session, WITH_A_WORD, values),
                    "search": partial(best_passages, session, [course], search.words, search.vector, most=30),
                    "screen": partial(search_passages, session, "C1", search),
                }
                for name, work in kinds.items():
                    start = time.perf_counter()
                    work()
                    seconds.setdefault(name, []).append(time.perf_counter() - start)
    bare = statistics.quantiles(seconds["vectors"], n=20)[-1]
    print(f"{PER_COURSE:,} of {arguments.passages:,} passages, vectors of {arguments.dimension} numbers, {arguments.repeat} searches")
    print("  the first hits are those of independent SQL")
    for name, taken in seconds.items():
        high = statistics.quantiles(taken, n=20)[-1]
        print(f"  {name:8} median {1000 * statistics.median(taken):6.1f} ms, p95 {1000 * high:6.1f} ms, {high / bare:5.2f} × bare p95")


if __name__ == "__main__":
    main()
