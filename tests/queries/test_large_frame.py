"""A person's query becomes the table that pandas would return, or one sentence says why not."""

import os
import subprocess
import sys
import threading
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import lmskit
from lmskit.db import access, arrow, transaction
from lmskit.db.select_statement import with_values
from lmskit.errors import BusyError, LoginMissingError, NotPermittedError, NotSignedInError, QueryError
from lmskit.queries.large_frame import read_frame
from lmskit.vocabulary import Role
from tests import factories
from tests.conftest import DEMO_LECTURER

OF_EVERY_KIND = [
    "7::int2",
    "7::int4",
    "9007199254740992",
    "0.1::float4",
    "0.1::float8",
    "'NaN'::float8",
    "12.34::numeric(10, 2)",
    "12345678901234567890.123456789",
    "'NaN'::numeric",
    "true",
    "'ß, 漢字, 🎓, e\u0301'::text",
    "'x'::char(3)",
    "'active'::enrollment_status",
    """'{"a": [1.5, null], "b": ":c"}'::jsonb""",
    "'[1]'::json",
    "date '2026-02-28'",
    "timestamp '2026-02-28 12:34:56.789012'",
    "timestamptz '2026-02-28 12:34:56.789012+05:30'",
    "time '12:34:56.7'",
    "timetz '12:34+02'",
    "interval '1 year 2 months 3 days 04:05:06.7'",
    "ARRAY[1, NULL, 3]",
    "ARRAY[[1, 2], [3, 4]]",
    "ARRAY['a', NULL, 'b,c']",
    "ARRAY[1.5]",
    "ARRAY[date '2026-01-01']",
    "'\\x00ff'::bytea",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "inet '10.0.0.1'",
    "4000000000::oid",
    "'users'::regclass",
    "int4range(1, 5)",
    "(1, 'a', NULL::int)",
    "'$1.50'::money",
    "'[1,2.5]'::vector",
    "'a cat'::tsvector",
]


def by_pandas(engine, statement):
    with engine.connect() as connection:
        return pd.read_sql(text(statement.replace(":", r"\:")), connection)


@pytest.mark.parametrize("gap", [False, True], ids=["", "with a gap"])
def test_every_type_is_read_as_pandas_reads_it(admin_engine, gap):
    columns = ", ".join(f"{value} AS c{number}" for number, value in enumerate(OF_EVERY_KIND))
    statement = f"SELECT r.* FROM (SELECT {columns}) AS r RIGHT JOIN generate_series(1, {1 + gap}) AS n ON n = 1 ORDER BY n"
    pd.testing.assert_frame_equal(read_frame(admin_engine, statement), by_pandas(admin_engine, statement), check_exact=True)


@pytest.mark.parametrize("rows", ["WHERE false", "RIGHT JOIN (VALUES (1)) AS v (n) ON false"], ids=["no rows", "no values"])
def test_a_column_without_values_has_the_type_of_its_column(admin_engine, rows):
    columns = (
        "1.5::numeric AS a, 'x'::text AS b, now() AS c, now()::timestamp AS d, interval '1 day' AS e, current_date AS f, '{}'::jsonb AS g"
    )
    table = read_frame(admin_engine, f"SELECT r.* FROM (SELECT {columns}) AS r {rows}")
    expected = ["float64", "str", "datetime64[us, UTC]", "datetime64[us]", "timedelta64[us]", "object", "object"]
    assert [str(kind) for kind in table.dtypes] == expected
    assert table.isna().all(axis=None)


def test_whole_numbers_and_booleans_without_rows_keep_their_types(admin_engine):
    table = read_frame(admin_engine, "SELECT 1 AS a, true AS b WHERE false")
    assert [str(kind) for kind in table.dtypes] == ["int64", "bool"]


def test_a_whole_number_that_no_float_can_hold_keeps_its_last_digit_beside_a_gap(admin_engine):
    table = read_frame(admin_engine, "SELECT * FROM (VALUES (9007199254740993), (NULL)) AS v (a)")
    assert table["a"].tolist() == [9007199254740993, pd.NA]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_goes_in_as_a_value_and_comes_out_the_same(admin_engine, content):
    table = read_frame(admin_engine, "SELECT :content AS content, 1.5 AS other", {"content": content})
    assert table["content"].tolist() == [content]


def test_rows_keep_their_order_and_columns_their_names_also_where_two_have_the_same(admin_engine):
    table = read_frame(admin_engine, "SELECT n AS a, n::numeric AS a FROM generate_series(1, 3000) AS n ORDER BY n DESC")
    assert list(table.columns) == ["a", "a"]
    assert table.iloc[:, 1].tolist() == list(range(3000, 0, -1))


def test_the_table_can_be_written_to(admin_engine):
    table = read_frame(admin_engine, "SELECT 1 AS a, 1.5 AS b, now() AS c, 'x' AS d, true AS e")
    changes: dict[str, Any] = {"a": 2, "b": 2.5, "c": pd.Timestamp(0, tz="UTC"), "d": "y", "e": False}
    for name, value in changes.items():
        table.loc[0, name] = value
        assert table.loc[0, name] == value


@pytest.mark.parametrize(
    "value",
    [
        "date 'infinity'",
        "timestamptz '-infinity'",
        "timestamp 'infinity'",
        "date '0044-03-15 BC'",
        "time '24:00'",
        "ARRAY[date 'infinity']",
    ],
)
def test_a_time_that_a_table_cannot_hold_is_named_and_not_changed(admin_engine, value):
    with pytest.raises(QueryError, match="The column stamp has"):
        read_frame(admin_engine, f"SELECT {value} AS stamp")
    assert read_frame(admin_engine, f"SELECT {value} AS stamp WHERE false").empty


# Statements and their values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "filled"),
    [
        ("""SELECT '{":a": ":a"}'::jsonb -> :a""", """SELECT '{":a": ":a"}'::jsonb -> 1"""),
        ("SELECT E'\\':a', $$:a$$, $x$ :a; $x$, \":a\", :a::text", "SELECT E'\\':a', $$:a$$, $x$ :a; $x$, \":a\", 1::text"),
        ("SELECT x[1:a], (x)[b :a] -- :a;\n/* :a /* ; */ :a */ ;", "SELECT x[1:a], (x)[b 1]"),
        ("SELECT ':a''', a:=:a", "SELECT ':a''', a:=1"),
    ],
)
def test_a_name_is_a_value_only_where_sql_would_not_read_it_otherwise(statement, filled):
    assert with_values(statement, {"a": 1}) == filled


def test_without_values_a_colon_is_left_to_the_server(admin_engine):
    assert read_frame(admin_engine, "SELECT (ARRAY[1, 2, 3])[1:2] AS a")["a"].tolist() == [[1, 2]]


def test_a_list_is_an_array(admin_engine):
    table = read_frame(admin_engine, "SELECT n FROM generate_series(1, 9) AS n WHERE n = ANY(:wanted) ORDER BY n", {"wanted": [7, 3]})
    assert table["n"].tolist() == [3, 7]


@pytest.mark.parametrize(
    ("statement", "parameters", "sentence"),
    [
        ("SELECT 1; SELECT 2", None, "A query is one statement"),
        ("SELECT 1; DROP TABLE users", {}, "A query is one statement"),
        ("SELECT ''; SELECT ';'", None, "A query is one statement"),
        ("DELETE FROM users", None, "Only a query with rows"),
        ("EXPLAIN SELECT 1", None, "Only a query with rows"),
        ("", None, "Only a query with rows"),
        ("SELECT", None, "no columns"),
        ("WITH gone AS (DELETE FROM outbox RETURNING id) SELECT * FROM gone", None, "can change nothing"),
        ("SELECT :corse", {"course": 1}, "has :corse, and no value"),
        ("SELECT 1", {"course": 1}, "no :course"),
        ("SELECT :a", {"a": "\0"}, "The value of :a cannot be written in SQL"),
        ("SELECT :a", {"a": object()}, "The value of :a cannot be written in SQL"),
        ("SELECT 1,\n  scor FROM quiz_attempts", None, r'column "scor" does not exist\. Line 2: scor FROM quiz_attempts'),
        ("SELECT 1 / (n - 5000) FROM generate_series(1, 9999) AS n", None, "division by zero"),
    ],
)
def test_a_query_that_cannot_be_run_is_refused_in_a_sentence(admin_engine, statement, parameters, sentence):
    with pytest.raises(QueryError, match=sentence):
        read_frame(admin_engine, statement, parameters)
    assert read_frame(admin_engine, "SELECT 1 AS a")["a"].tolist() == [1]


# Whose connection ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_courses(admin_engine, lecturer_engine):
    """The codes of the lecturer's two courses and of another lecturer's, all with a quiz."""
    with transaction(admin_engine) as session:
        lecturer = session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": DEMO_LECTURER}).scalar_one()
        courses = [factories.course(session, weeks=1) for _ in range(3)]
        for course in courses[:2]:
            course.lecturer_id = lecturer
        for course in courses:
            factories.quiz(session, course)
        codes, ids = [course.code for course in courses], [course.id for course in courses]
    yield codes
    with transaction(admin_engine) as session:
        for table in ("quizzes", "syllabi"):
            session.execute(text(f"DELETE FROM {table} WHERE course_id = ANY(:ids)"), {"ids": ids})
        session.execute(text("DELETE FROM courses WHERE id = ANY(:ids)"), {"ids": ids})


SEEN = "SELECT c.code FROM quizzes AS q JOIN courses AS c ON c.id = q.course_id WHERE c.code = ANY(:codes) ORDER BY c.id"


def test_a_lecturer_reads_rows_of_the_own_courses_and_an_administrator_of_all(admin_engine, lecturer_engine, two_courses):
    assert read_frame(lecturer_engine, SEEN, {"codes": two_courses})["code"].tolist() == two_courses[:2]
    assert read_frame(admin_engine, SEEN, {"codes": two_courses})["code"].tolist() == two_courses


def test_looking_at_one_course_hides_the_others_for_this_query_only_and_opens_no_other(lecturer_engine, two_courses):
    mine, also_mine, not_mine = two_courses
    codes = {"codes": two_courses}
    assert read_frame(lecturer_engine, SEEN, codes, course=mine)["code"].tolist() == [mine]
    assert read_frame(lecturer_engine, SEEN, codes, course=mine.lower())["code"].tolist() == [mine]
    assert read_frame(lecturer_engine, SEEN, codes, course=not_mine).empty
    assert read_frame(lecturer_engine, SEEN, codes)["code"].tolist() == [mine, also_mine]


def test_what_a_query_sets_for_its_session_ends_with_it(lecturer_engine, two_courses):
    codes = {"codes": two_courses}
    read_frame(lecturer_engine, "SELECT set_config('lmskit.course', :course, false)", {"course": two_courses[2]})
    assert read_frame(lecturer_engine, SEEN, codes)["code"].tolist() == two_courses[:2]


def test_columns_that_are_closed_to_a_lecturer_stay_closed(lecturer_engine):
    with pytest.raises(NotPermittedError):
        read_frame(lecturer_engine, "SELECT password_hash FROM users")


def test_it_reads_what_is_committed_and_nothing_of_an_open_transaction(admin_engine):
    with transaction(admin_engine) as session:
        code = factories.term(session).code
        assert read_frame(admin_engine, "SELECT code FROM terms WHERE code = :code", {"code": code}).empty
        session.rollback()


def test_in_a_notebook_it_reads_as_the_person_that_is_named_or_signed_in(admin_engine, lecturer_engine):
    who = "SELECT session_user AS login, current_setting('transaction_read_only') AS only_reads"
    assert lmskit.read_frame(who).to_dict("records") == [{"login": admin_engine.url.username, "only_reads": "on"}]
    assert lmskit.read_frame(who, person=DEMO_LECTURER)["login"].tolist() == [lecturer_engine.url.username]
    with pytest.raises(LoginMissingError):
        lmskit.read_frame(who, person="nobody@example.org")


def test_someone_who_typed_a_password_reads_as_themselves_until_they_sign_out(make_person, configure):
    configure()
    login = make_person("typed@example.org", Role.LECTURER)
    password = access().server.kept_login("typed@example.org")
    access().server.forget_login("typed@example.org")
    access().sign_in("typed@example.org", password or "")
    assert lmskit.read_frame("SELECT session_user AS login")["login"].tolist() == [login]
    lmskit.sign_out()
    with pytest.raises(NotSignedInError):
        lmskit.read_frame("SELECT 1 AS a")


BACKEND = "SELECT pg_backend_pid() AS pid, application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"


def test_one_connection_is_kept_and_a_lost_one_is_replaced(admin_engine, endpoint):
    import psycopg

    first = read_frame(admin_engine, BACKEND)
    assert first["application_name"].tolist() == ["lmskit"]
    assert read_frame(admin_engine, BACKEND).equals(first)
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [int(first["pid"].iloc[0])])
    assert not read_frame(admin_engine, BACKEND).equals(first)


def test_the_connection_is_closed_with_the_engines(admin_engine, endpoint):
    import psycopg

    kept = int(read_frame(admin_engine, BACKEND)["pid"].iloc[0])
    access().dispose()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        superuser.execute("SELECT pg_sleep(0.05)")
        assert superuser.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [kept]).fetchone() == (0,)


def test_a_query_that_takes_too_long_is_ended_with_a_sentence(admin_engine):
    with arrow.reading(admin_engine) as reader:
        reader.set({"statement_timeout": "50ms"})
        with pytest.raises(BusyError, match="took too long"):
            reader.table("SELECT 1 AS a FROM pg_sleep(5)")


def test_threads_take_turns(admin_engine):
    found = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(len(read_frame(admin_engine, f"SELECT * FROM generate_series(1, {n})"))))
        for n in range(1000, 1004)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1000, 1001, 1002, 1003]


FORKING = """
import os, sys
import lmskit
from lmskit.db import access
pid = "SELECT pg_backend_pid() AS pid"
mine = lmskit.read_frame(pid)["pid"].iloc[0]
child = os.fork()
if child == 0:
    sys.exit(0 if lmskit.read_frame(pid)["pid"].iloc[0] != mine else 1)
assert os.waitpid(child, 0)[1] == 0, "the child read over its parent's connection"
assert lmskit.read_frame(pid)["pid"].iloc[0] == mine, "the child closed its parent's connection"
access().dispose()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes fork only on POSIX")
def test_a_forked_process_opens_its_own_connection_and_leaves_its_parents_open(admin_engine):
    done = subprocess.run([sys.executable, "-W", "error", "-c", FORKING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
