"""A database as lmskit makes it breaks no access rule, and each rule notices its fault."""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session

from lmskit.db import hardening, migrator_engine
from lmskit.db.cluster import Endpoint
from lmskit.queries import access_rules
from lmskit.queries.access_manifest import RENEW, expected_manifest, manifest
from lmskit.queries.access_rules import LEAKPROOF_BUILTINS, MANIFEST, RULES, SERVER, SHARED_RESOURCES, Violation, skipped_rules, violations
from lmskit.queries.server_release import SERVER_RELEASE, VECTOR_RELEASE
from tests.security.older import KNOWN

DATABASE = "lmskit_lint"
TABLE = "CREATE TABLE lms.notes (id bigint PRIMARY KEY, body text); ALTER TABLE lms.notes OWNER TO lmskit_owner"
DEFINER = "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN 1"
PERSON = (
    "INSERT INTO lms.users (email, family_name, sort_name, role, db_role)"
    " VALUES ('p@example.org', 'P', 'p', 'lecturer', 'u_0123456789abcdef')"
)
LOGIN = "CREATE ROLE u_0123456789abcdef LOGIN CONNECTION LIMIT 5"

FAULTS = {
    "row-security-off": "ALTER TABLE lms.quizzes DISABLE ROW LEVEL SECURITY",
    "row-security-not-forced": "ALTER TABLE lms.quizzes NO FORCE ROW LEVEL SECURITY",
    "table-without-policy": TABLE,
    "object-of-another-owner": "ALTER TABLE lms.outbox OWNER TO postgres",
    "revision-table-open": "GRANT UPDATE ON lms.alembic_version TO lmskit_admin",
    "partition-without-row-security": "CREATE TABLE public.part () INHERITS (lms.outbox)",
    "table-outside-open": "CREATE TABLE public.copied AS SELECT * FROM lms.users; GRANT SELECT (email) ON public.copied TO lmskit_lecturer",
    "foreign-table-open": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
    "CREATE FOREIGN TABLE lms.far (a int) SERVER s;"
    "GRANT SELECT ON lms.far TO lmskit_lecturer",
    "view-without-invoker": "CREATE VIEW lms.all_users AS SELECT id FROM lms.users",
    "materialised-view-open": "CREATE MATERIALIZED VIEW lms.kept AS SELECT id FROM lms.users; GRANT SELECT ON lms.kept TO lmskit_lecturer",
    "rewrite-rule": "CREATE RULE nothing AS ON DELETE TO lms.outbox DO INSTEAD NOTHING",
    "trigger-switched-off": "ALTER TABLE lms.courses DISABLE TRIGGER audit_update",
    "table-without-course": "CREATE TABLE lms.notes (id bigint PRIMARY KEY, attempt_id bigint REFERENCES lms.quiz_attempts)",
    "reference-across-courses": "ALTER TABLE lms.quiz_attempts ADD CONSTRAINT loose FOREIGN KEY (quiz_id) REFERENCES lms.quizzes",
    "policy-for-everybody": "ALTER POLICY admin_reads ON lms.outbox TO PUBLIC",
    "policy-for-another-role": "ALTER POLICY admin_reads ON lms.outbox TO lmskit_migrator",
    "policy-always-true": "CREATE POLICY wide ON lms.outbox FOR SELECT TO lmskit_mailer USING (id = id)",
    "policy-for-all-commands": "CREATE POLICY wide ON lms.outbox TO lmskit_admin USING (true)",
    "update-policy-without-check": "CREATE POLICY moving ON lms.outbox FOR UPDATE TO lmskit_admin USING (true)",
    "policy-asks-what-a-client-can-set": "CREATE POLICY weak ON lms.outbox FOR SELECT TO lmskit_mailer USING "
    "(current_setting('a.b') = recipient)",
    "function-call-per-row": "ALTER POLICY lecturer_reads_own ON lms.quizzes USING (course_id = ANY (lms.my_course_ids()))",
    "lecturer-policy-beyond-own-rows": "ALTER POLICY lecturer_reads_own ON lms.quizzes"
    " USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]) OR week_number = 1)",
    "lecturer-writes-without-leading": "DROP POLICY lecturer_updates_led ON lms.courses",
    "students-of-all-sections": "DROP POLICY lecturer_reads_in_sections ON lms.topic_performance",
    "grant-without-policy": "GRANT DELETE ON lms.audit_log TO lmskit_admin",
    "grant-beyond-the-groups": "GRANT SELECT (title) ON lms.courses TO PUBLIC",
    "grant-option": "GRANT SELECT ON lms.courses TO lmskit_lecturer WITH GRANT OPTION",
    "dangerous-privilege": "GRANT REFERENCES (id) ON lms.courses TO lmskit_lecturer",
    "sequence-open": "GRANT USAGE ON lms.courses_id_seq TO lmskit_lecturer",
    "lecturer-writes-whole-table": "GRANT UPDATE ON lms.quizzes TO lmskit_lecturer",
    "lecturer-changes-a-key": "GRANT UPDATE (course_id) ON lms.quizzes TO lmskit_lecturer",
    "secret-column-readable": "GRANT SELECT (password_hash) ON lms.users TO lmskit_admin",
    "secret-column-writable": "GRANT UPDATE (db_role) ON lms.users TO lmskit_admin",
    "audit-log-writable": "GRANT INSERT (actor) ON lms.audit_log TO lmskit_admin",
    "audit-log-readable": "GRANT SELECT (action) ON lms.audit_log TO lmskit_lecturer",
    "index-orders-across-courses": "CREATE INDEX by_score ON lms.quiz_attempts (student_id, score)",
    "words-in-statistics": "ALTER TABLE lms.material_passages ALTER COLUMN body_vector SET STATISTICS 100",
    "statistics-across-columns": "CREATE STATISTICS lms.together ON score, banked FROM lms.quiz_attempts",
    LEAKPROOF_BUILTINS: "ALTER FUNCTION texteq LEAKPROOF",
    SHARED_RESOURCES: "GRANT EXECUTE ON FUNCTION pg_try_advisory_xact_lock(bigint) TO PUBLIC",
    "definer-without-search-path": "ALTER FUNCTION lms.my_course_ids() SET search_path = pg_temp, pg_catalog",
    "definer-of-another-owner": f"CREATE FUNCTION lms.one() RETURNS int {DEFINER}",
    "function-for-everybody": "GRANT EXECUTE ON FUNCTION lms.set_login(bigint, text, text) TO PUBLIC",
    "function-for-a-login": f"{LOGIN}; GRANT EXECUTE ON FUNCTION lms.set_login(bigint, text, text) TO u_0123456789abcdef",
    "leakproof-function": "ALTER FUNCTION lms.vector_eq LEAKPROOF",
    "untrusted-language": "CREATE LANGUAGE plunsafe HANDLER plpgsql_call_handler",
    "native-function": "CREATE FUNCTION lms.raw(int4, int4) RETURNS boolean LANGUAGE internal AS 'int4eq'",
    "system-function-open": "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO lmskit_lecturer",
    "system-table-open": "GRANT SELECT ON pg_statistic TO lmskit_lecturer",
    "event-trigger": "CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watch()",
    "way-to-another-server": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
    "extension-within-reach": "UPDATE pg_extension SET extname = 'pgrowlocks' WHERE extname = 'vector'",
    "role-missing": "ALTER ROLE lmskit_mailer RENAME TO lmskit_postman",
    "role-with-power": "ALTER ROLE lmskit_admin BYPASSRLS",
    "login-with-power": f"{LOGIN} CREATEROLE",
    "login-without-limit": "CREATE ROLE u_0123456789abcdef LOGIN",
    "login-in-another-group": f"{LOGIN}; {PERSON}; GRANT lmskit_admin TO u_0123456789abcdef WITH SET FALSE",
    "two-groups-at-once": f"{LOGIN}; GRANT lmskit_admin, lmskit_lecturer TO u_0123456789abcdef WITH SET FALSE",
    "membership-too-strong": f"{LOGIN}; GRANT lmskit_lecturer TO u_0123456789abcdef WITH SET TRUE",
    "membership-unexpected": "GRANT lmskit_owner TO lmskit_admin",
    "setting-open": "GRANT SET ON PARAMETER session_preload_libraries TO lmskit_lecturer",
    "schema-create": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "schema-of-another-owner": "ALTER SCHEMA lms OWNER TO postgres",
    "schema-for-everybody": "GRANT USAGE ON SCHEMA lms TO PUBLIC",
    "helper-role-creates": "GRANT CREATE ON SCHEMA lms TO lmskit_definer",
    "database-create": f"GRANT CREATE ON DATABASE {DATABASE} TO lmskit_admin",
    "temporary-tables": f"GRANT TEMPORARY ON DATABASE {DATABASE} TO lmskit_lecturer",
    "database-for-everybody": f"GRANT CONNECT ON DATABASE {DATABASE} TO PUBLIC",
    "database-for-a-login": f"{LOGIN}; GRANT TEMPORARY ON DATABASE {DATABASE} TO u_0123456789abcdef",
    "default-privilege": "ALTER DEFAULT PRIVILEGES FOR ROLE lmskit_owner IN SCHEMA lms GRANT SELECT ON TABLES TO lmskit_lecturer",
    "new-functions-for-everybody": "ALTER DEFAULT PRIVILEGES FOR ROLE lmskit_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    "search-path-not-set": f"ALTER DATABASE {DATABASE} RESET search_path",
    "large-object": "SELECT lo_create(0)",
    "large-objects-unprotected": "SET LOCAL lo_compat_privileges = on",
    MANIFEST: "ALTER FUNCTION lms.my_term_ids() VOLATILE",
    "weak-verifier": "SET LOCAL password_encryption = md5; ALTER ROLE lmskit_backup PASSWORD 'secret'",
}
"""What a careless migration or administrator could do, by the rule that must notice it."""
NOT_TRIED = {"weak-authentication", "authentication-file-broken", SERVER_RELEASE, VECTOR_RELEASE}
"""They read pg_hba.conf or the release of the programs, which belong to the whole server and to no transaction; tests/db tries releases."""


@pytest.fixture(scope="module")
def superuser_engine(endpoint: Endpoint, migrated_database: Callable[[str], Engine]) -> Iterator[Engine]:
    migrated_database(DATABASE)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo(DATABASE)))
    yield engine
    engine.dispose()


@pytest.fixture
def superuser(superuser_engine: Engine) -> Iterator[Connection]:
    with superuser_engine.connect() as connection:
        yield connection
        connection.rollback()


def found(connection: Connection) -> list[Violation]:
    return [violation for violation in violations(Session(bind=connection)) if violation.rule not in KNOWN]


def test_a_database_as_lmskit_makes_it_breaks_no_rule(superuser, say):
    assert found(superuser) == []
    assert skipped_rules(Session(bind=superuser)) == []
    say(f"catalogue lint: 0 violations of {len(RULES)} rules in a database as lmskit makes it")


def test_nor_does_one_in_use_as_far_as_an_administrator_can_see(admin_engine, lecturer_engine):
    with admin_engine.connect() as connection:
        assert found(connection) == []
        assert skipped_rules(Session(bind=connection)) == list(SERVER)


def test_a_lecturer_may_check_them_too(lecturer_engine):
    with lecturer_engine.connect() as connection:
        assert found(connection) == []


def test_a_table_without_policies_is_noticed_by_name(superuser):
    superuser.exec_driver_sql(TABLE)
    violated = {(violation.rule, violation.object) for violation in found(superuser)}
    assert {("row-security-off", "notes"), ("row-security-not-forced", "notes"), ("table-without-policy", "notes")} <= violated


@pytest.mark.parametrize("rule", FAULTS)
def test_each_rule_notices_its_fault(superuser, rule):
    superuser.exec_driver_sql(FAULTS[rule], execution_options={"no_parameters": True})
    violated = [violation for violation in found(superuser) if violation.rule == rule]
    assert violated, f"no {rule}; found {found(superuser)}"
    assert all(violation.object and violation.advice == RULES[rule] for violation in violated)


def test_every_rule_has_a_fault_that_tries_it():
    assert set(RULES) == set(FAULTS) | NOT_TRIED


def test_every_rule_in_the_statements_is_explained():
    folder = Path(access_rules.__file__).parent
    named = {
        name
        for file in folder.glob("access_rules*.sql")
        for name in re.findall(r"SELECT (?:DISTINCT )?'([a-z-]+)'", file.read_text("utf-8"))
    }
    assert named | {MANIFEST, "login-in-another-group", SERVER_RELEASE, VECTOR_RELEASE} == set(RULES)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE POLICY more ON lms.quizzes AS RESTRICTIVE FOR SELECT TO lmskit_lecturer USING (week_number > 1)",
        "ALTER POLICY lecturer_reads_own ON lms.syllabi USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]) AND topic > 'a')",
        "CREATE VIEW lms.weeks WITH (security_invoker = on) AS SELECT * FROM lms.syllabi; ALTER VIEW lms.weeks OWNER TO lmskit_owner",
        "CREATE INDEX by_course_and_score ON lms.quiz_attempts (course_id, score)",
        "CREATE ROLE auditor LOGIN",
        f"{LOGIN}; ALTER DEFAULT PRIVILEGES FOR ROLE u_0123456789abcdef GRANT ALL ON TABLES TO PUBLIC",
    ],
)
def test_what_only_narrows_breaks_no_rule_but_that_migrations_make_everything(superuser, statement):
    superuser.exec_driver_sql(statement)
    assert {violation.rule for violation in found(superuser)} <= {MANIFEST}


def test_the_manifest_says_what_is_missing_and_what_is_additional(superuser):
    superuser.exec_driver_sql(
        "ALTER POLICY lecturer_reads_own ON lms.terms USING (id = ANY ((SELECT lms.my_term_ids())::bigint[]) AND id > 5)"
    )
    differences = [violation.object for violation in found(superuser) if violation.rule == MANIFEST]
    assert [line.split(": ")[0] for line in differences] == ["missing", "not from a migration"]
    assert all("terms.lecturer_reads_own" in line for line in differences)


def test_the_manifest_is_what_the_migrations_make(superuser):
    made, kept = manifest(superuser), expected_manifest()
    assert made == kept, f"a migration changed who may do what. If that is intended: {RENEW}"


def test_another_role_than_the_administrator_does_not_check_the_logins_of_people(cluster):
    with migrator_engine().connect() as connection:
        assert "login-in-another-group" in skipped_rules(Session(bind=connection))


def test_the_lint_lists_every_function_that_hardening_closes():
    rules = files("lmskit.queries").joinpath("access_rules_of_roles.sql").read_text(encoding="utf-8")
    assert not [function for function in hardening.SHARED_RESOURCES if f"'{function}'" not in rules]
