"""Ways to ask the planner and the executor about rows that a policy hides.

A probe has a question with a placeholder for a guess, one guess that is true of a foreign row and one that is true of no row; neither
is true of an own row. It leaks if what it observes is the same at each repetition and differs between the two guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
Observer = Callable[[Connection, str], object]

PLANNER_SETTINGS: dict[str, dict[str, str]] = {
    "defaults": {},
    "no sequential scan": {"enable_seqscan": "off"},
    "no index scan": {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_seqscan": "off"},
    "no bitmap scan": {"enable_bitmapscan": "off", "enable_seqscan": "off"},
    "nested loops only": {"enable_hashjoin": "off", "enable_mergejoin": "off", "enable_seqscan": "off"},
    "merge joins only": {"enable_hashjoin": "off", "enable_nestloop": "off", "enable_seqscan": "off"},
    "hash joins only": {"enable_mergejoin": "off", "enable_nestloop": "off", "enable_seqscan": "off"},
    "parallel": {
        "parallel_setup_cost": "0",
        "parallel_tuple_cost": "0",
        "min_parallel_table_scan_size": "0",
        "min_parallel_index_scan_size": "0",
    },
    "jit": {"jit": "on", "jit_above_cost": "0"},
    "cheap random pages": {"random_page_cost": "0", "cpu_index_tuple_cost": "0"},
    "generic plans": {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"},
}

SEEN = re.compile(r"^(Actual (Rows|Loops)|Rows Removed by .*|Exact Heap Blocks|Heap Fetches|Index Searches)$")
GUESSED = re.compile(r"^(Node Type|Index Name|Plan Rows|Plan Width|Startup Cost|Total Cost)$")
READ = re.compile(r"^(Shared|Local) (Hit|Read) Blocks$")


def _picked(plan: Any, wanted: re.Pattern[str]) -> list[object]:
    if isinstance(plan, list):
        return [_picked(part, wanted) for part in plan]
    values = [f"{name}={plan[name]}" for name in sorted(plan) if wanted.match(name)]
    return [*values, *(_picked(part, wanted) for part in plan.get("Plans", []))]


def _plan(connection: Connection, options: str, question: str) -> Any:
    row = connection.execute(f"EXPLAIN ({options}, FORMAT json) {question}").fetchone()
    assert row is not None
    return row[0][0]["Plan"]


def counts(connection: Connection, question: str) -> object:
    """How many rows each step of the plan actually read and removed."""
    return _picked(_plan(connection, "ANALYZE, TIMING off, BUFFERS off", question), SEEN)


def buffers(connection: Connection, question: str) -> object:
    """How many pages the statement read."""
    plan = _plan(connection, "ANALYZE, TIMING off, BUFFERS", question)
    return sum(count for name, count in plan.items() if READ.match(name))


def estimates(connection: Connection, question: str) -> object:
    """What the planner expects and chooses, without running anything."""
    return _picked(_plan(connection, "COSTS", question), GUESSED)


def refusal(connection: Connection, question: str) -> object:
    """How EXPLAIN of the statement fails."""
    return answer(connection, f"EXPLAIN (ANALYZE, BUFFERS off, TIMING off, SUMMARY off) {question}")


def answer(connection: Connection, question: str) -> object:
    """What the statement returns, or how it fails."""
    try:
        return connection.execute(question).fetchall()
    except psycopg.Error as error:
        return error.sqlstate


def after_effect(connection: Connection, question: str) -> object:
    """What the side effect of a condition has changed."""
    connection.execute("SELECT set_config('probe.seen', '', false)")
    answer(connection, question)
    return answer(connection, "SELECT current_setting('probe.seen', true)")


def counters(connection: Connection, question: str) -> object:
    """By how much the server's own statistics of index use have grown; every login may read them."""
    total = "SELECT sum(idx_tup_read) FROM pg_stat_all_indexes WHERE schemaname = 'lms'"

    def read() -> int:
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.execute("SELECT pg_stat_clear_snapshot()")
        row = connection.execute(total).fetchone()
        assert row is not None
        return int(row[0])

    before = read()
    answer(connection, question)
    return read() - before


def prepared(connection: Connection, question: str) -> object:
    """The counts of a prepared statement; the question is the argument."""
    connection.execute("DEALLOCATE ALL")
    connection.execute("PREPARE probe (text) AS SELECT 1 FROM courses WHERE code = $1")
    return counts(connection, f"EXECUTE probe ({question})")


@dataclass(frozen=True)
class Probe:
    """One way to ask. `is_open` says whether it leaks if the built-in functions are leakproof; other measures close the others.

    `was_open` says so of versions before PostgreSQL 18, whose planner chooses other plans.
    """

    name: str
    observe: Observer
    question: str
    true: str
    false: str
    is_open: bool = True
    was_open: bool = False


ADDRESS = ("'canary007@example.org'", "'canary007@example.net'")
CODE = ("'CANARY-007'", "'CANARY-07X'")
PROBES = (
    Probe("rows removed after a look-up in a unique index", counts, "SELECT 1 FROM courses WHERE code = {}", *CODE),
    Probe("pages read by a look-up in a unique index", buffers, "SELECT 1 FROM courses WHERE code = {}", *CODE),
    Probe("index statistics after a look-up", counters, "SELECT 1 FROM courses WHERE code = {}", *CODE),
    Probe("a list of values", counts, "SELECT 1 FROM courses WHERE code = ANY (ARRAY[{}, 'ZZZ'])", *CODE, is_open=False, was_open=True),
    Probe("alternatives", counts, "SELECT 1 FROM courses WHERE code = {} OR code = 'ZZZ'", *CODE, is_open=False, was_open=True),
    Probe("a range", counts, "SELECT 1 FROM courses WHERE code BETWEEN {0} AND {0} || '~'", *CODE, is_open=False, was_open=True),
    Probe(
        "a row comparison",
        counts,
        "SELECT 1 FROM courses WHERE (code, id) >= ({0}, 0) AND (code, id) < ({0} || '~', 0)",
        *CODE,
        is_open=False,
        was_open=True,
    ),
    Probe(
        "a join with values",
        counts,
        "SELECT 1 FROM (VALUES ({}), ('a'), ('b')) AS v (e) JOIN courses AS u ON u.code = v.e",
        *CODE,
    ),
    Probe(
        "a semi-join",
        counts,
        "SELECT 1 FROM (VALUES ({}), ('a')) AS v (e) WHERE EXISTS (SELECT FROM courses AS u WHERE u.code = v.e)",
        *CODE,
    ),
    Probe("a scalar subquery", counts, "SELECT (SELECT 1 FROM courses AS u WHERE u.code = v.e) FROM (VALUES ({}), ('a')) AS v (e)", *CODE),
    Probe(
        "a lateral join",
        counts,
        "SELECT 1 FROM (VALUES ({})) AS v (e), LATERAL (SELECT FROM courses WHERE code = v.e LIMIT 1) AS u",
        *CODE,
    ),
    Probe("a prepared statement", prepared, "{}", *CODE),
    Probe(
        "the first in order from a value on",
        counts,
        "SELECT code FROM courses WHERE code >= {0} AND code < {0} || '~' ORDER BY code LIMIT 1",
        *CODE,
        is_open=False,
        was_open=True,
    ),
    Probe(
        "a minimum", counts, "SELECT min(code) FROM courses WHERE code >= {0} AND code < {0} || '~'", *CODE, is_open=False, was_open=True
    ),
    Probe("a code of a course", counts, "SELECT 1 FROM courses WHERE code = {}", "'CANARY-1'", "'NOBODY-1'"),
    Probe("an address", refusal, "SELECT 1 FROM users WHERE email = {}", *ADDRESS, is_open=False),
    Probe("a condition on addresses of own students", counts, "SELECT 1 FROM student_addresses WHERE email = {}", *ADDRESS, is_open=False),
    Probe("pages read for addresses of own students", buffers, "SELECT 1 FROM student_addresses WHERE email = {}", *ADDRESS, is_open=False),
    Probe(
        "index statistics after a look-up of addresses",
        counters,
        "SELECT 1 FROM student_addresses WHERE email = {}",
        *ADDRESS,
        is_open=False,
    ),
    Probe(
        "an id of another system",
        refusal,
        "SELECT 1 FROM external_ids WHERE source = 'register' AND kind = 'person' AND external_id = {}",
        "'id-canary007@example.org'",
        "'id-canary007@example.net'",
        is_open=False,
    ),
    Probe(
        "pages read by a look-up of passages",
        buffers,
        "SELECT 1 FROM passages_at(ARRAY[{foreign_course}, {own_course}], ARRAY[{}], ARRAY[1])",
        "{foreign_material}",
        "2000000000",
        is_open=False,
    ),
    Probe(
        "index statistics after a look-up of passages",
        counters,
        "SELECT 1 FROM passages_at(ARRAY[{foreign_course}, {own_course}], ARRAY[{}], ARRAY[1])",
        "{foreign_material}",
        "2000000000",
        is_open=False,
    ),
    Probe(
        "a look-up of passages",
        counts,
        "SELECT 1 FROM passages_at(ARRAY[{foreign_course}, {own_course}], ARRAY[{}], ARRAY[1])",
        "{foreign_material}",
        "2000000000",
        is_open=False,
    ),
    Probe("a primary key", counts, "SELECT 1 FROM quiz_attempts WHERE id = {}", "{foreign_attempt}", "2000000000"),
    Probe("a physical address", counts, "SELECT 1 FROM quiz_attempts WHERE ctid = {}::tid", "'(5,1)'", "'(5,250)'"),
    Probe(
        "whether a student took a quiz",
        counts,
        "SELECT 1 FROM quiz_attempts WHERE quiz_id = {foreign_quiz} AND student_id = {}",
        "{foreign_student}",
        "{own_student}",
    ),
    Probe("estimate of an equality", estimates, "SELECT 1 FROM topic_performance WHERE value = {}", "0.625", "0.626"),
    Probe("estimate of an inequality", estimates, "SELECT 1 FROM topic_performance WHERE value > {}", "0.620", "0.630"),
    Probe("estimate of a negation", estimates, "SELECT 1 FROM topic_performance WHERE NOT value <> {}", "0.625", "0.626"),
    Probe("estimate of a range", estimates, "SELECT 1 FROM topic_performance WHERE value BETWEEN {0} AND {0} + 0.01", "0.620", "0.630"),
    Probe(
        "estimate of a range of time",
        estimates,
        "SELECT 1 FROM quiz_attempts WHERE submitted_at > {}::timestamptz",
        "'2026-05-03 12:00Z'",
        "'2026-06-03 12:00Z'",
    ),
    Probe(
        "estimate of a text", estimates, "SELECT 1 FROM quiz_attempts WHERE feedback = {}", "'canary-1 feedback 3'", "'nobody-1 feedback 3'"
    ),
    Probe("estimate of a list", estimates, "SELECT 1 FROM topic_performance WHERE value = ANY (ARRAY[{}, 0.9])", "0.625", "0.626"),
    Probe(
        "estimate in a sample",
        estimates,
        "SELECT 1 FROM topic_performance TABLESAMPLE system (50) REPEATABLE (1) WHERE value = {}",
        "0.625",
        "0.626",
    ),
    Probe(
        "estimate of a word in a text",
        estimates,
        "SELECT 1 FROM material_passages WHERE body_vector @@ {}::tsquery",
        "'canaryword'",
        "'nobodyword'",
        is_open=False,
    ),
    Probe(
        "estimate of a word in a material",
        estimates,
        "SELECT 1 FROM passage_words WHERE words @@ {}::tsquery",
        "'canaryword'",
        "'nobodyword'",
        is_open=False,
    ),
    Probe(
        "whether another has a file",
        counts,
        "SELECT 1 FROM materials WHERE stored_as = encode(sha256({}), 'hex')",
        "'canary-1'",
        "'nobody-1'",
    ),
    Probe(
        "whether another has a material of this address",
        counts,
        "SELECT 1 FROM materials WHERE url = {} AND course_id = {foreign_course}",
        "'https://example.org/3'",
        "'https://example.org/30'",
    ),
    Probe(
        "estimate of a heading",
        estimates,
        "SELECT 1 FROM material_passages WHERE headings @> ARRAY[{}]",
        "'canary-1'",
        "'nobody-1'",
    ),
    Probe("estimate of a position", estimates, "SELECT 1 FROM reading_decisions WHERE position = {}", "77", "78"),
    Probe("estimate of a depth", estimates, "SELECT 1 FROM crawl_pages WHERE depth > {}", "50", "60"),
    Probe(
        "whether an address was crawled",
        counts,
        "SELECT 1 FROM crawl_pages WHERE url = {}",
        "'https://canary-1.example.org/7'",
        "'https://nobody-1.example.org/7'",
    ),
    Probe(
        "the nearest vectors",
        counts,
        "SELECT 1 FROM passage_vectors WHERE embedding OPERATOR(lms.<=>) {}::halfvec < 0.1 AND course_id = {foreign_course}",
        "'[0, 1, 0]'",
        "'[0, 0, 1]'",
        is_open=False,
    ),
    Probe(
        "estimate of a pattern", estimates, "SELECT 1 FROM quiz_attempts WHERE feedback LIKE {}", "'canary%'", "'nobody%'", is_open=False
    ),
    Probe(
        "estimate of a regular expression",
        estimates,
        "SELECT 1 FROM quiz_attempts WHERE feedback ~ {}",
        "'^canary'",
        "'^nobody'",
        is_open=False,
    ),
    Probe(
        "estimate of JSON",
        estimates,
        "SELECT 1 FROM quiz_attempts WHERE answers @> {}",
        """'[{{"question": "canary-1"}}]'""",
        """'[{{"question": "nobody-1"}}]'""",
        is_open=False,
    ),
    Probe(
        "estimate of a join",
        estimates,
        "SELECT 1 FROM topic_performance AS t JOIN (SELECT {}::float8 AS s) AS g ON t.value = g.s",
        "0.625",
        "0.626",
    ),
    Probe(
        "a division by zero", answer, "SELECT 1 FROM courses WHERE 1 / (CASE WHEN code = {} THEN 0 ELSE 1 END) = 2", *CODE, is_open=False
    ),
    Probe(
        "a cast that fails",
        answer,
        "SELECT 1 FROM courses WHERE CASE WHEN code = {} THEN code ELSE '1' END::int = 2",
        *CODE,
        is_open=False,
    ),
    Probe(
        "a condition that remembers",
        after_effect,
        "SELECT 1 FROM courses WHERE CASE WHEN code = {} THEN set_config('probe.seen', code, false) END = 'x'",
        *CODE,
        is_open=False,
    ),
    Probe(
        "the published statistics",
        answer,
        "SELECT 1 FROM pg_stats WHERE tablename = 'courses' AND histogram_bounds::text LIKE '%' || {} || '%'",
        *CODE,
        is_open=False,
    ),
    Probe(
        "the statistics themselves",
        answer,
        "SELECT 1 FROM pg_statistic WHERE stavalues1::text LIKE '%' || {} || '%'",
        *CODE,
        is_open=False,
    ),
    Probe(
        "a function of one's own",
        answer,
        "CREATE FUNCTION pg_temp.reveal(text) RETURNS bool LANGUAGE plpgsql COST 0.01 AS $$BEGIN RAISE EXCEPTION '%', $1; END$$; SELECT {}",
        *CODE,
        is_open=False,
    ),
)


def leaks(connection: Connection, probe: Probe, keys: dict[str, int]) -> list[str]:
    """Return the planner settings under which a probe distinguishes a true guess from a false one."""
    question = probe.question
    for name, key in keys.items():
        question = question.replace("{" + name + "}", str(key))
    asked = [question.format(guess.format(**keys)) for guess in (probe.true, probe.false)]
    found = []
    for setting, values in PLANNER_SETTINGS.items():
        connection.execute("RESET ALL")
        for name, value in values.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        first = [repr(probe.observe(connection, question)) for question in asked]
        again = [repr(probe.observe(connection, question)) for question in asked]
        if first == again and first[0] != first[1]:
            found.append(setting)
    connection.execute("RESET ALL")
    return found
