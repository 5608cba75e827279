"""The login of a scheduler: it sends messages, and can do nothing else."""

import datetime as dt

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from lmskit.db import access, generate_password, migrator_engine, scram_verifier, transaction
from lmskit.db.roles import DISPATCHER
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import MessageRefusedError, NotPermittedError, RevisionError
from lmskit.models import Base
from lmskit.queries.outbox import outbox_messages
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.invitation import CreateInvitation
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.invitation import create_invitation
from lmskit.vocabulary import EnrollmentStatus, Role
from tests import factories


@pytest.fixture
def dispatcher(admin_engine, endpoint):
    """An engine of the dispatcher's login, with a password for this test."""
    password = generate_password()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {DISPATCHER} PASSWORD '{scram_verifier(password)}'".encode())
    engine = access().engine_at(admin_engine.url.set(username=DISPATCHER, password=password).difference_update_query(["passfile"]))
    yield engine
    engine.dispose()


@pytest.fixture
def requested(admin_engine):
    """Two students whose enrollments are requested, the second one for the second time; deleted after the test."""
    with transaction(admin_engine) as session:
        course = factories.course(session)
        new, returning = factories.student(session), factories.student(session)
        left_on = factories.FIRST_DAY + dt.timedelta(days=3)
        factories.enrollment(session, course, returning, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
        for student in (new, returning):
            enroll(session, EnrollStudent(course=course.code, email=factories.address(student)))
    yield course, new, returning
    with transaction(admin_engine) as session:
        session.delete(session.merge(course))


def statuses(engine, course):
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT student_id, status FROM student_enrollments WHERE course_id = %s", (course.id,))
        return {row.student_id: row.status for row in rows}


def test_it_makes_enrollments_active_and_restores_those_that_were_refused(admin_engine, dispatcher, requested, post):
    course, new, returning = requested
    post.answers[factories.address(returning)] = MessageRefusedError("550 gone")
    report = deliver_waiting(lambda: transaction(dispatcher), post)
    assert (report.sent, len(report.refused)) == (1, 1)
    assert statuses(admin_engine, course) == {new.id: "active", returning.id: "withdrawn"}
    with admin_engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor FROM audit_log WHERE course_id = %s AND action = 'update'", (course.id,))
        assert DISPATCHER in {actor for (actor,) in rows}


@pytest.fixture
def invite(admin_engine):
    """Invite a new person, whose message then waits; they are deleted after the test."""
    emails = []

    def make(role=Role.LECTURER):
        emails.append(f"{factories.unique('invited')}@example.org")
        with transaction(admin_engine) as session:
            create_invitation(session, CreateInvitation(email=emails[-1], family_name="Invited", role=role), code=None)
        return emails[-1]

    yield make
    with transaction(admin_engine) as session:
        session.execute(text("DELETE FROM outbox WHERE recipient = ANY (:emails)"), {"emails": emails})
        session.execute(text("DELETE FROM users WHERE email = ANY (:emails)"), {"emails": emails})


def test_it_makes_and_sends_the_code_of_an_invitation(admin_engine, dispatcher, post, invite):
    invite()
    assert deliver_waiting(lambda: transaction(dispatcher), post).sent == 1
    with admin_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_roles JOIN invitations ON login = rolname")) == 1


def test_the_code_of_an_administrator_is_made_and_sent_by_administrators_alone(admin_engine, dispatcher, post, invite):
    email = invite(Role.SUPER_ADMIN)
    own_codes = []

    def make_own_code():
        with dispatcher.connect() as connection:
            statement = text("SELECT lms.issue_code(:message, 1, 'aaaaaaaa', :verifier)")
            own_codes.append(connection.scalar(statement, {"message": number, "verifier": scram_verifier("x")}))

    with admin_engine.connect() as connection:
        number = connection.scalar(text("SELECT id FROM outbox WHERE recipient = :email"), {"email": email})
    assert deliver_waiting(lambda: transaction(dispatcher), post).sent == 0
    post.on_send = make_own_code
    assert deliver_waiting(lambda: transaction(admin_engine), post).sent == 1
    assert (post.recipients, own_codes) == ([email], [False])


def test_it_refuses_a_database_that_is_older_or_newer_than_lmskit(dispatcher, post):
    require_known_schema(dispatcher)
    stored = text("UPDATE lms.alembic_version SET version_num = :revision, serves = :serves")
    with migrator_engine().connect() as connection:
        before = connection.execute(text("SELECT version_num AS revision, serves FROM lms.alembic_version")).mappings().one()
        for revision, sentence in (("0003", "To bring it up to date: lmskit db upgrade"), ("9999", "the database is newer")):
            connection.execute(stored, {"revision": revision, "serves": revision})
            connection.commit()
            try:
                with pytest.raises(RevisionError, match=sentence):
                    require_known_schema(dispatcher, again=True)
            finally:
                connection.execute(stored, dict(before))
                connection.commit()
    require_known_schema(dispatcher, again=True)


def test_a_login_that_may_not_ask_finds_the_database_older(dispatcher):
    """As in a database before revision 0015."""
    right = "EXECUTE ON FUNCTION lms.schema_revision()"
    with migrator_engine().connect() as connection:
        definer = "SET LOCAL ROLE lmskit_definer"
        connection.exec_driver_sql(f"{definer}; REVOKE {right} FROM lmskit_mailer")
        connection.commit()
        try:
            with pytest.raises(RevisionError, match="To bring it up to date: lmskit db upgrade"):
                require_known_schema(dispatcher, again=True)
        finally:
            connection.exec_driver_sql(f"{definer}; GRANT {right} TO lmskit_mailer")
            connection.commit()


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_it_reads_and_changes_no_table(dispatcher, requested, table):
    for statement in (f"SELECT 1 FROM lms.{table}", f"DELETE FROM lms.{table}", f"LOCK lms.{table}"):
        with dispatcher.connect() as connection, pytest.raises(Exception, match="permission denied"):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    ["SET ROLE lmskit_mailer", "SET ROLE lmskit_admin", "CREATE TEMP TABLE t ()", "SELECT lms.set_my_password('', '')", "SELECT lms.me()"],
)
def test_it_cannot_take_another_role(dispatcher, statement):
    with dispatcher.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.exec_driver_sql(statement)


def test_it_cannot_enrol_or_read_the_outbox(dispatcher, requested):
    course, new, _returning = requested
    with pytest.raises(NotPermittedError), transaction(dispatcher) as session:
        enroll(session, EnrollStudent(course=course.code, email=factories.address(new)))
    with pytest.raises(NotPermittedError), transaction(dispatcher) as session:
        outbox_messages(session)


@pytest.mark.parametrize(
    "call", ["claim_message('1 hour', 8)", "settle_message(1, 1, 'sent', NULL)", "postpone_message(1, 1, '1 hour', '', false)",
             "put_back_message(1, 1, '')", "give_up_message(8)",
             "issue_code(1, 1, 'aaaaaaaa', 'x')"],
)  # fmt: skip
def test_lecturers_send_no_messages(lecturer_engine, call):
    with lecturer_engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.exec_driver_sql(f"SELECT * FROM lms.{call}")


def test_without_a_password_it_cannot_sign_in(endpoint, cluster):
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {DISPATCHER} PASSWORD NULL".encode())
    parameters = endpoint.parameters() | {"user": DISPATCHER, "password": "", "dbname": "lmskit"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(make_conninfo("", **parameters))
