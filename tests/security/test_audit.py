"""The audit trail records who changed what, and only the database writes it."""

import psycopg
import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import roles, transaction
from lmskit.models import ImportRun, QuizAttempt, Syllabus
from lmskit.queries.audit import audit_entries, count_audit_entries
from lmskit.queries.person import person_by_email
from lmskit.schemas.login import ChangeAddress, CreateLogin
from lmskit.services.login import change_address, close_login, create_login, give_password, open_login
from lmskit.vocabulary import ImportStatus, Origin
from tests import factories
from tests.security.school import ADA, ADMIN, BEN, School

SUBMITTED = "2026-10-05 12:00+00"
COURSE = "LOGIC-1"


@pytest.fixture(scope="module")
def school(migrated_database):
    """Ada teaches a course with two weeks, two quizzes and three students."""
    made = School(migrated_database, "lmskit_audit")
    with transaction(made.engine(ADMIN)) as session:
        course = factories.course(session, code=COURSE, taught_by=person_by_email(session, ADA), weeks=2)
        for number in (1, 2):
            factories.quiz(session, course, week_number=number)
        for _ in range(3):
            factories.enrollment(session, course)
    return made


@pytest.fixture
def since(school):
    """Return the entries that were added after this fixture was made, oldest first."""
    last = max(entry["id"] for entry in school.audit())

    def added():
        return [entry for entry in school.audit() if entry["id"] > last]

    return added


def run(school, email, statement, **parameters):
    with transaction(school.engine(email)) as session:
        return session.execute(text(statement), parameters)


def attempts(origin, numbers):
    """Insert an attempt of each student at the first quiz, for each number."""
    return (
        "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin) "
        "SELECT (SELECT min(id) FROM quizzes), e.course_id, e.student_id, n, 5, 10, "
        f"'{SUBMITTED}', '{origin}' FROM student_enrollments AS e, unnest(ARRAY{list(numbers)}::int[]) AS n"
    )


# What is on record -----------------------------------------------------------------------------------------


def test_what_is_added_by_hand_is_listed_row_by_row(school, since):
    run(school, ADA, attempts("form", [1]))
    entries = since()
    assert [(entry["action"], entry["table_name"], entry["actor"]) for entry in entries] == [
        ("insert", "quiz_attempts", school.login(ADA))
    ] * 3
    assert {entry["new"]["number"] for entry in entries} == {1}
    assert all(entry["old"] is None and entry["course_id"] == entry["new"]["course_id"] for entry in entries)


def test_what_is_imported_is_counted_by_statement_and_course(school, since):
    run(school, ADMIN, attempts("import", [11, 12]))
    (entry,) = since()
    assert (entry["action"], entry["row_key"], entry["new"]) == ("insert", "*", {"rows": 6, "origin": "import"})
    assert entry["course_id"] is not None


def test_a_lecturer_cannot_hide_rows_by_calling_them_imported(school, since):
    run(school, ADA, attempts("import", [21]))
    assert [entry["row_key"] != "*" for entry in since()] == [True] * 3


def test_a_lecturer_cannot_make_a_change_look_like_that_of_an_import(school, since):
    with transaction(school.engine(ADMIN)) as session:
        going_on = ImportRun(format="csv", name="a.csv", status=ImportStatus.RUNNING, actor=school.login(ADA))
        session.add(going_on)
    with transaction(school.engine(ADA)) as session:
        session.execute(text("SELECT set_config('lmskit.import_run', :run, true)"), {"run": str(going_on.id)})
        session.execute(text("UPDATE courses SET title = 'By an import?'"))
    assert [entry["import_run_id"] for entry in since()] == [None]
    run(school, ADMIN, "DELETE FROM import_runs")


def test_ids_of_other_systems_are_recorded_also_if_an_administrator_names_an_import(school, since):
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("SELECT set_config('lmskit.import_run', '4711', true)"))
        student = session.scalar(text("SELECT min(student_id) FROM student_enrollments"))
        add = text("INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('sis', 'person', '0047', :person) RETURNING id")
        added = session.scalar(add, {"person": student})
        session.execute(text("UPDATE external_ids SET external_id = '47' WHERE id = :id"), {"id": added})
        session.execute(text("DELETE FROM external_ids WHERE id = :id"), {"id": added})
    row = {"id": added, "source": "sis", "kind": "person", "person_id": student, "term_id": None, "course_id": None, "quiz_id": None}
    assert [(entry["action"], entry["old"], entry["new"]) for entry in since()] == [
        ("insert", None, row | {"external_id": "0047"}),
        ("update", {"external_id": "0047"}, {"external_id": "47"}),
        ("delete", row | {"external_id": "47"}, None),
    ]
    assert {(entry["table_name"], entry["row_key"], entry["actor"]) for entry in since()} == {
        ("external_ids", str(added), school.login(ADMIN))
    }


def test_a_change_is_recorded_by_its_columns_before_and_after(school, since):
    run(school, ADA, "UPDATE courses SET mastery_rule = 'decaying_average', mastery_parameters = '{\"weight\": 0.65}'")
    (entry,) = since()
    assert (entry["action"], entry["table_name"], entry["actor"]) == ("update", "courses", school.login(ADA))
    assert entry["old"] == {"mastery_rule": "average", "mastery_parameters": {}}
    assert entry["new"] == {"mastery_rule": "decaying_average", "mastery_parameters": {"weight": 0.65}}


def test_a_statement_that_changes_nothing_leaves_no_entry(school, since):
    run(school, ADA, "UPDATE courses SET title = title")
    run(school, ADA, "UPDATE courses SET title = 'x' WHERE false")
    run(school, ADMIN, "DELETE FROM quiz_attempts WHERE false")
    assert since() == []


def test_only_the_rows_that_change_are_recorded(school, since):
    run(
        school,
        ADMIN,
        "UPDATE student_enrollments SET status = 'withdrawn' WHERE student_id = (SELECT min(student_id) FROM student_enrollments)",
    )
    run(school, ADMIN, "UPDATE student_enrollments SET status = 'withdrawn'")
    entries = since()
    assert len(entries) == 3
    assert {str((entry["old"], entry["new"])) for entry in entries} == {str(({"status": "active"}, {"status": "withdrawn"}))}
    assert len({entry["row_key"] for entry in entries}) == 3


def test_a_deleted_row_is_recorded_whole_also_if_a_cascade_deletes_it(school, since):
    with transaction(school.engine(ADMIN)) as session:
        course = factories.course(session, weeks=2)
        session.delete(course)
    gone = [(entry["table_name"], entry["old"] is not None, entry["new"]) for entry in since() if entry["action"] == "delete"]
    assert sorted(gone) == [("courses", True, None), ("syllabi", True, None), ("syllabi", True, None)]


def test_a_row_whose_key_changes_is_recorded_as_both(school, since):
    with transaction(school.engine(ADMIN)) as session:
        course = factories.course(session)
        factories.week(session, course, 1)
    run(school, ADMIN, "UPDATE syllabi SET week_number = 9 WHERE course_id = :course", course=course.id)
    changed = [(entry["row_key"], entry["old"] is None, entry["new"] is None) for entry in since() if entry["action"] == "update"]
    assert sorted(changed) == [(f"{course.id}:1", False, True), (f"{course.id}:9", True, False)]


def test_the_weeks_of_a_simulated_course_are_counted(school, since):
    with transaction(school.engine(ADMIN)) as session:
        course = factories.course(session, origin=Origin.SIMULATION)
        session.execute(insert(Syllabus).values([{"course_id": course.id, "week_number": week, "topic": "Topic"} for week in (1, 2, 3)]))
    (entry,) = [entry for entry in since() if entry["table_name"] == "syllabi"]
    assert entry["new"] == {"rows": 3, "origin": "simulation"}


def test_a_change_that_is_rolled_back_leaves_no_entry(school, since):
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("UPDATE courses SET title = 'Another'"))
        session.rollback()
    assert since() == []


def test_the_actor_is_the_login_whatever_role_it_takes_on(school, since):
    with school.migrator.begin() as connection:
        assert connection.scalar(text("SELECT current_user")) == "lmskit_owner"
        connection.execute(text("SET LOCAL row_security = off"))
        connection.execute(text("ALTER TABLE lms.terms NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text("UPDATE lms.terms SET name = 'Another'"))
        connection.execute(text("ALTER TABLE lms.terms FORCE ROW LEVEL SECURITY"))
    assert {entry["actor"] for entry in since()} == {roles.migrator_of(school.name)}


def test_what_happens_to_a_login_is_recorded_without_its_secrets(school, since):
    password, another = "the first password", "the second password"
    engine = school.engine(ADMIN)
    with transaction(engine) as session:
        create_login(session, CreateLogin(email="cleo@example.org", family_name="Cleo"), password=password)
    with transaction(engine) as session:
        give_password(session, "cleo@example.org", password=another)
    with transaction(engine) as session:
        change_address(session, ChangeAddress(old="cleo@example.org", new="cleopatra@example.org"))
    with transaction(engine) as session:
        close_login(session, "cleopatra@example.org")
    with transaction(engine) as session:
        open_login(session, "cleopatra@example.org", password=password)
    entries = since()
    events = [entry["action"] for entry in entries if entry["action"].startswith(("login", "password"))]
    assert events == ["login created", "password set", "login renamed", "login closed", "login opened"]
    renamed = next(entry for entry in entries if entry["action"] == "login renamed")
    assert renamed["old"] == {"login": school.login("cleo@example.org"), "email": "cleo@example.org"}
    assert renamed["new"] == {"login": school.login("cleopatra@example.org"), "email": "cleopatra@example.org"}
    written = str([(entry["old"], entry["new"]) for entry in entries])
    assert not any(secret in written for secret in (password, another, "SCRAM", "argon2", "password_hash"))


# Who can do what with the record ---------------------------------------------------------------------------


@pytest.mark.parametrize("email", [ADA, ADMIN])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_log (action, table_name, row_key) VALUES ('x', 'x', 'x')",
        "INSERT INTO audit_log (actor, action, table_name, row_key) VALUES ('u_stranger', 'x', 'x', 'x')",
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE quiz_attempts DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_update ON quiz_attempts",
        "SET session_replication_role = replica",
        "SELECT audit_rows()",
        "SELECT shut_role('lmskit_admin')",
        "SELECT keep_an_administrator(1)",
        "ALTER FUNCTION audit_rows() RESET ALL",
        "SET ROLE lmskit_definer",
        "SET ROLE lmskit_logins",
    ],
)
def test_the_record_can_be_neither_erased_nor_forged(statement, email, school):
    before = school.audit()
    with pytest.raises(DBAPIError), school.engine(email).begin() as connection:
        connection.execute(text(statement))
    assert school.audit() == before


def test_a_lecturer_cannot_read_the_record(school):
    with pytest.raises(DBAPIError) as error, school.engine(ADA).connect() as connection:
        connection.execute(text("SELECT count(*) FROM audit_log"))
    assert isinstance(error.value.orig, psycopg.errors.InsufficientPrivilege)


def test_an_administrator_cannot_put_the_trigger_on_a_table_of_their_own(school):
    statement = text(
        "CREATE TRIGGER t AFTER INSERT ON courses_ REFERENCING NEW TABLE AS new_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows('1', '1', 'NULL', 'false')"
    )
    with school.engine(ADMIN).connect() as connection:
        connection.execute(text("CREATE TEMP TABLE courses_ (id bigint)"))
        with pytest.raises(DBAPIError) as error:
            connection.execute(statement)
    assert isinstance(error.value.orig, psycopg.errors.InsufficientPrivilege)


def test_a_lecturer_who_switches_row_security_off_changes_nothing_unrecorded(school, since):
    with school.engine(ADA).connect() as connection:
        connection.execute(text("SET row_security = off"))
        with pytest.raises(DBAPIError, match="row-level security"):
            connection.execute(text("UPDATE courses SET title = 'Unseen'"))
        connection.invalidate()
    assert since() == []


# Reading ---------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_page_by_page_and_names_the_person(school):
    run(school, ADA, "UPDATE courses SET title = 'First'")
    run(school, ADA, "UPDATE courses SET title = 'Second'")
    with transaction(school.engine(ADMIN)) as session:
        page = audit_entries(session, course=COURSE, actor=ADA, table="courses", limit=1)
        following = audit_entries(session, course=COURSE, actor=ADA, table="courses", limit=1, offset=1)
        total = count_audit_entries(session, course=COURSE, actor=ADA, table="courses")
        nothing = audit_entries(session, actor=BEN)
    assert page["new"].tolist() == [{"title": "Second"}]
    assert following["new"].tolist() == [{"title": "First"}]
    assert page["person"].tolist() == [ADA]
    assert total >= 2
    assert nothing.empty
    assert nothing.columns.tolist() == page.columns.tolist()


def test_what_was_done_under_an_earlier_address_is_found_by_it(school):
    with transaction(school.engine(ADMIN)) as session:
        create_login(session, CreateLogin(email="eve@example.org", family_name="Eve"), password="the password of eve")
        course = factories.course(session, taught_by=person_by_email(session, "eve@example.org"))
    school.passwords["eve@example.org"] = "the password of eve"
    run(school, "eve@example.org", "UPDATE courses SET title = 'By Eve'")
    with transaction(school.engine(ADMIN)) as session:
        change_address(session, ChangeAddress(old="eve@example.org", new="eva@example.org"))
        assert audit_entries(session, actor="eve@example.org", course=course.code)["new"].tolist() == [{"title": "By Eve"}]


def test_the_command_prints_who_changed_what(school, configure):
    run(school, ADA, "UPDATE courses SET mastery_rule = 'latest'")
    configure(LMSKIT_DATABASE_URL=school.url(ADMIN).render_as_string(hide_password=False))
    result = CliRunner().invoke(app, ["audit", "list", "--course", COURSE, "--limit", "1"])
    unknown = CliRunner().invoke(app, ["audit", "list", "--course", "NOWHERE"])
    assert result.exit_code == 0
    assert ADA in result.output
    assert '→ "latest"' in result.output
    assert (unknown.exit_code, "There is no course 'NOWHERE'" in unknown.output) == (1, True)


def test_every_table_that_people_change_has_its_triggers(school):
    """A new table is audited, or is named in this test."""
    without = {
        "sections",
        "section_members",
        "material_passages",
        "passage_vectors",
        "passage_words",
        "crawl_pages",
        "material_files",
        "topic_performance",
        "knowledge_fits",
        "bank_questions",
        "question_slots",
        "outbox",
        "import_runs",
        "import_choices",
        "person_merges",
        "audit_log",
        "archives",
        "erasures",
        "archived_attempts",
        "archived_estimates",
        "alembic_version",
    }
    with school.engine(ADMIN).connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.relname, array_agg(t.tgname::text) FILTER (WHERE t.tgname ~ '^audit_(insert|update|delete)$') AS triggers "
                "FROM pg_class AS c LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgenabled = 'O' "
                "WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname"
            )
        ).all()
    found: dict[str, list[str] | None] = {row.relname: row.triggers for row in rows}
    assert {name for name, triggers in found.items() if triggers is None} == without
    assert all(triggers is None or len(triggers) == 3 for triggers in found.values())


def test_many_attempts_are_added_at_little_cost(school, since):
    """20,000 attempts in one statement: one entry. (What the triggers cost is measured in benchmarks/audit.py.)"""
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text(attempts("import", range(100, 100 + 6667))))
    (entry,) = since()
    assert entry["new"]["rows"] == 20_001
    with transaction(school.engine(ADMIN)) as session:
        session.execute(delete(QuizAttempt).where(QuizAttempt.number.between(100, 120)))
    assert len([entry for entry in since() if entry["action"] == "delete"]) == 63
