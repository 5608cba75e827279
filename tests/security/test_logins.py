"""Logins over real connections: made, closed, opened, renamed, given another password; and a sentence for each mistake."""

import threading

import psycopg
import pytest
from pwdlib import PasswordHash
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, roles, scram_verifier, transaction
from lmskit.errors import (
    BusyError,
    ChangedMeanwhileError,
    LastAdministratorError,
    NotPermittedError,
    OwnLoginError,
    SignInRefusedError,
    UnreachableError,
)
from lmskit.models import Course
from lmskit.queries.login import courses_in_open_terms, signed_in
from lmskit.queries.person import person_by_email
from lmskit.schemas.login import ChangeAddress, CloseLogin, CreateLogin
from lmskit.schemas.staff import HandOver
from lmskit.services.login import asked_before_closing, change_address, change_own_password, close_login, create_login, open_login
from lmskit.services.staff import hand_over
from lmskit.vocabulary import Role
from tests import factories
from tests.security.school import ADA, ADMIN, BEN, School, while_another_waits

PASSWORD = "a password of one's own"


@pytest.fixture(scope="module")
def school(migrated_database):
    return School(migrated_database, "lmskit_logins")


@pytest.fixture
def lmskit(school, configure):
    """Run a command as a person, by default the administrator, and return its output."""

    def run(*arguments, person=ADMIN, typed="", status=0):
        configure(LMSKIT_DATABASE_URL=school.url(person).render_as_string(hide_password=False))
        result = CliRunner().invoke(app, arguments, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result.output

    return run


@pytest.fixture
def someone(school):
    """A new person with a login of their own, whose password the school has."""

    def make(role=Role.LECTURER):
        email = f"{factories.unique('someone')}@example.org"
        school.passwords[email] = PASSWORD
        with transaction(school.engine(ADMIN)) as session:
            create_login(session, CreateLogin(email=email, family_name="Someone", role=role), password=PASSWORD)
        return email

    return make


def who(engine):
    with transaction(engine) as session:
        return signed_in(session).email


def refused(engine):
    """Try to sign in again; return the sentence of the refusal."""
    engine.dispose()
    with pytest.raises(SignInRefusedError) as error, engine.connect():
        pass
    return str(error.value)


# Made ------------------------------------------------------------------------------------------------------


def test_a_person_and_their_login_are_made_in_one_command_and_the_password_is_shown_once(lmskit, school):
    said = lmskit("login", "create", "cleo@example.org", "--family", "Cleo")
    assert "cleo@example.org has a login now and signs in as a lecturer." in said
    password = next(line for line in said.splitlines() if "password:" in line).rpartition(" ")[2]
    assert who(school.engine("cleo@example.org", password)) == "cleo@example.org"
    assert not access().server.has_login("cleo@example.org")


def test_hash_and_verifier_are_of_the_same_password_and_neither_is_readable(school, endpoint):
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        row = connection.execute(
            "SELECT u.password_hash, a.rolpassword, a.rolconnlimit FROM lms.users AS u JOIN pg_authid AS a ON a.rolname = u.db_role "
            "WHERE u.email = %s",
            [ADA],
        ).fetchone()
    assert row is not None
    assert PasswordHash.recommended().verify(school.passwords[ADA], row[0])
    assert row[1].startswith("SCRAM-SHA-256$4096:")
    assert row[2] == 5
    for email in (ADMIN, ADA):
        with pytest.raises(NotPermittedError), transaction(school.engine(email)) as session:
            session.execute(text("SELECT password_hash FROM users"))


def test_a_lecturer_without_a_login_gets_one_and_a_typed_password_is_not_shown(lmskit, school):
    with transaction(school.engine(ADMIN)) as session:
        email = factories.lecturer(session).email
    assert email is not None
    said = lmskit("login", "create", email, "--password-prompt", "--keep", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in said
    assert access().server.kept_login(email) == PASSWORD
    assert who(school.engine(email, PASSWORD)) == email


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ada"], "This is not an e-mail address"),
        ([ADA], f"{ADA} has a login already. To set a new password: lmskit passwd {ADA}"),
        (
            ["dora@example.org"],
            "No person in lmskit has the address dora@example.org yet. To add this person with a login, give the family",
        ),
        ([ADA, "--role", "super_admin"], f"{ADA} belongs to a person with the role lecturer. Leave the role out"),
        (["dora@example.org", "--family", "Dora", "--role", "student"], "Students have no login. Choose lecturer or super_admin."),
    ],
)
def test_what_cannot_be_a_login_is_refused_in_a_sentence(arguments, sentence, lmskit):
    said = lmskit("login", "create", *arguments, status=1)
    assert sentence in said
    assert "Traceback" not in said


def test_a_short_password_is_refused_without_repeating_it(lmskit):
    said = lmskit("login", "create", "eve@example.org", "--family", "Eve", "--password-prompt", typed="hunter2\nhunter2\n", status=1)
    assert "A password has 12 to 200 characters." in said
    assert "hunter2" not in said
    assert "eve@example.org" not in lmskit("login", "list")


def test_a_login_that_cannot_be_made_leaves_no_person_either(school):
    with transaction(school.engine(ADMIN)) as session:
        create_login(session, CreateLogin(email="gone@example.org", family_name="Gone"), password=PASSWORD)
        session.rollback()
    with transaction(school.engine(ADMIN)) as session:
        n_people = session.scalar(text("SELECT count(*) FROM users WHERE email = 'gone@example.org'"))
        n_roles = session.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :login"), {"login": school.login("gone@example.org")})
    assert (n_people, n_roles) == (0, 0)


@pytest.mark.parametrize(
    "command",
    [
        ("login", "create", "x@example.org", "--family", "X"),
        ("login", "disable", "--yes", BEN),
        ("login", "enable", BEN),
        ("login", "rename", BEN, "x@example.org"),
        ("login", "list"),
        ("passwd", BEN),
        ("audit", "list"),
    ],
)
def test_what_concerns_the_logins_of_others_is_refused_to_lecturers_in_a_sentence(command, lmskit):
    said = lmskit(*command, person=ADA, status=1)
    assert "Only an administrator can" in said or "There is no lecturer or administrator with the address" in said
    assert len(said.strip().splitlines()) == 1


def test_the_list_says_who_can_sign_in(lmskit, someone):
    email = someone()
    lmskit("login", "disable", "--yes", email)
    lines = [line for line in lmskit("login", "list", "--limit", "1000").splitlines() if "@" in line]
    rows = {next(word for word in line.split() if "@" in word): line.split()[-1] for line in lines}
    assert (rows[ADA], rows[email]) == ("open", "closed")


# Closed and opened -----------------------------------------------------------------------------------------


def test_a_closed_login_lets_no_one_in_and_ends_open_sessions(lmskit, school, someone):
    email = someone()
    engine = school.engine(email)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 0
        said = lmskit("login", "disable", "--yes", email)
        assert f"The login of {email} is closed" in said
        assert "1 open session was ended." in said
        with pytest.raises(DBAPIError) as error:
            connection.execute(text("SELECT 1"))
        assert error.value.connection_invalidated
    assert "was closed" in refused(engine)


def test_who_is_responsible_for_courses_hands_them_over_before_the_login_is_closed(lmskit, school, someone):
    email = someone()
    with transaction(school.engine(ADMIN)) as session:
        led, other = (factories.course(session, taught_by=person_by_email(session, email)) for _ in range(2))
        codes = (led.code, other.code)
    said = lmskit("login", "disable", "--yes", email, status=1)
    assert all(code in said for code in codes)
    assert (
        f"lmskit course hand-over {min(codes)} EMAIL (all to one lecturer: --courses-to EMAIL; to close it all the same: --keep-courses)"
        in said
    )
    assert who(school.engine(email)) == email
    lmskit("course", "hand-over", "--yes", led.code, ADA)
    assert f"is responsible for {other.code}. Nothing was changed." in lmskit("login", "disable", "--yes", email, status=1)
    assert f"The login of {email} is closed" in lmskit("login", "disable", "--yes", email, "--keep-courses")
    lmskit("login", "enable", email)
    assert f"The login of {email} is closed" in lmskit("login", "disable", "--yes", email, "--courses-to", ADA)
    assert f"{ADA} is responsible for {other.code}" in lmskit("staff", "add", other.code, ADA, status=1)
    lmskit("login", "enable", email)


def test_only_the_courses_of_the_question_are_handed_over_with_a_login(school, someone):
    email = someone()
    with transaction(school.engine(ADMIN)) as session:
        factories.course(session, taught_by=person_by_email(session, email))
        asked = asked_before_closing(session, CloseLogin(email=email, courses_to=ADA))
    later: list[str] = []

    def add_another(_connection, _cursor, statement, *_):
        if "FROM courses" in statement and not later:
            with transaction(school.engine(ADMIN)) as other_session:
                later.append(factories.course(other_session, taught_by=person_by_email(other_session, email)).code)

    with transaction(school.engine(ADMIN)) as session:
        event.listen(session.connection(), "after_cursor_execute", add_another)
        person = close_login(session, email, courses_to=ADA, asked=asked)
        assert (courses_in_open_terms(session, person), len(later)) == (later, 1)


def test_a_course_that_is_handed_over_meanwhile_is_not_taken_back_with_the_login(school, endpoint, someone):
    email = someone()
    with transaction(school.engine(ADMIN)) as session:
        code = factories.course(session, taught_by=person_by_email(session, email)).code
        asked = asked_before_closing(session, CloseLogin(email=email, courses_to=ADA))
    raised = while_another_waits(
        school,
        endpoint,
        lambda session: hand_over(session, HandOver(course=code, email=BEN)),
        lambda session: close_login(session, email, courses_to=ADA, asked=asked),
    )
    assert isinstance(raised, ChangedMeanwhileError)


def test_an_open_session_of_a_closed_login_has_no_rights_even_where_it_is_not_ended(school, someone):
    email = someone()
    with school.engine(email).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 0
        connection.rollback()
        with transaction(school.engine(ADMIN)) as session:
            close_login(session, email)
        for statement in ("SELECT count(*) FROM lms.courses", "SELECT lms.me()", "SELECT lms.set_my_password('x', 'y')"):
            with pytest.raises(DBAPIError) as error:
                connection.execute(text(statement))
            assert isinstance(error.value.orig, psycopg.errors.InsufficientPrivilege)
            connection.rollback()


def test_closing_leaves_neither_password_nor_group_nor_hash(school, someone, endpoint):
    email = someone(Role.SUPER_ADMIN)
    with transaction(school.engine(ADMIN)) as session:
        close_login(session, email)
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        row = connection.execute(
            "SELECT a.rolcanlogin, a.rolpassword, u.password_hash, (SELECT count(*) FROM pg_auth_members WHERE member = a.oid) "
            "FROM pg_authid AS a JOIN lms.users AS u ON u.db_role = a.rolname WHERE u.email = %s",
            [email],
        ).fetchone()
    assert row == (False, None, "!", 0)


def test_a_closed_login_opens_with_a_new_password_only(lmskit, school, someone):
    email = someone()
    lmskit("login", "disable", "--yes", email)
    assert f"The login of {email} is closed. To open it with a new password: lmskit login enable {email}" in lmskit(
        "login", "disable", "--yes", email, status=1
    )
    assert "is closed" in lmskit("passwd", email, status=1)
    assert "is closed" in lmskit("login", "create", email, status=1)
    lmskit("login", "enable", email, "--password-prompt", typed="another password\nanother password\n")
    assert who(school.engine(email, "another password")) == email
    refused(school.engine(email, PASSWORD))


def test_settings_of_the_own_login_end_with_its_password(school, someone, endpoint):
    email = someone()
    login = roles.login_name(school.name, email)
    with school.engine(email).begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET statement_timeout = 1"))
        connection.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {school.name} SET search_path = pg_temp"))
    with transaction(school.engine(ADMIN)) as session:
        close_login(session, email)
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        kept = connection.execute("SELECT count(*) FROM pg_db_role_setting WHERE setrole = %s::regrole", [login]).fetchone()
    assert kept == (0,)


def test_a_new_password_removes_what_the_login_had_set(school, someone):
    email = someone()
    with school.engine(email).begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET work_mem = '64kB'"))
    with transaction(school.engine(ADMIN)) as session:
        open_login(session, email, password="another password")
    with school.engine(email, "another password").connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_db_role_setting WHERE setrole = current_user::regrole")) == 0


def test_a_transaction_of_the_former_lecturer_does_not_outlive_a_hand_over(school, someone):
    before, after = someone(), someone()
    with transaction(school.engine(ADMIN)) as session:
        former = person_by_email(session, before)
        course = factories.course(session, taught_by=former)
    with school.engine(before).connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 1
        with transaction(school.engine(ADMIN)) as session:
            next_lecturer = person_by_email(session, after)
            assert next_lecturer is not None
            session.get_one(Course, course.id).lecturer_id = next_lecturer.id
        with pytest.raises(DBAPIError) as error:
            connection.execute(text("UPDATE courses SET title = 'Taken along'"))
        assert error.value.connection_invalidated
    with school.engine(before).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 0


def test_the_last_administrator_stays(lmskit, school):
    said = lmskit("login", "disable", "--yes", ADMIN, status=1)
    assert said.startswith(f"{ADMIN} is the only administrator with an open login, so it stays open. Make another one first")
    assert who(school.engine(ADMIN)) == ADMIN


def test_an_administrator_among_others_may_close_their_own_login(lmskit, someone):
    email = someone(Role.SUPER_ADMIN)
    assert "It was your own." in lmskit("login", "disable", "--yes", email, person=email)


def test_two_administrators_who_close_each_other_at_once_do_not_both_succeed(school, someone):
    """With the first administrator's login closed, one of the two must stay, whatever happens first."""
    first, second = someone(Role.SUPER_ADMIN), someone(Role.SUPER_ADMIN)
    with transaction(school.engine(first)) as session:
        close_login(session, ADMIN)
    ready, outcomes = threading.Barrier(2), []

    def close(by, whom):
        try:
            with transaction(school.engine(by)) as session:
                ready.wait(10)
                close_login(session, whom)
                outcomes.append("closed")
        except (LastAdministratorError, NotPermittedError, BusyError, UnreachableError, DBAPIError) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=close, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes.count("closed") == 1, outcomes
    left = first if who_can(school, first) else second
    with transaction(school.engine(left)) as session:
        open_login(session, ADMIN, password=school.passwords[ADMIN])
        for email in {first, second} - {left}:
            open_login(session, email, password=PASSWORD)
    with transaction(school.engine(ADMIN)) as session:
        close_login(session, first)
        close_login(session, second)


def who_can(school, email):
    engine = school.engine(email)
    engine.dispose()
    try:
        with engine.connect():
            return True
    except SignInRefusedError:
        return False


# Renamed ---------------------------------------------------------------------------------------------------


def test_a_login_follows_the_address_and_keeps_its_password(lmskit, school, someone):
    old, new = someone(), "renamed@example.org"
    assert "the password is the same" in lmskit("login", "rename", old, new)
    assert who(school.engine(new, PASSWORD)) == new
    refused(school.engine(old))


def test_a_change_of_address_that_fails_leaves_the_login_as_it_was(lmskit, school):
    assert f"There is already a person with the address {BEN}." in lmskit("login", "rename", ADA, BEN, status=1)
    assert who(school.engine(ADA)) == ADA
    with transaction(school.engine(ADMIN)) as session:
        taken = factories.student(session).email
    assert f"There is already a person with the address {taken}." in lmskit("login", "rename", ADA, str(taken), status=1)
    assert who(school.engine(ADA)) == ADA


def test_the_login_in_use_cannot_be_renamed(school):
    with pytest.raises(OwnLoginError, match="Ask another administrator"), transaction(school.engine(ADMIN)) as session:
        change_address(session, ChangeAddress(old=ADMIN, new="other@example.org"))


def test_a_kept_password_moves_to_the_new_address(lmskit):
    lmskit("login", "create", "kept@example.org", "--family", "Kept", "--keep")
    password = access().server.kept_login("kept@example.org")
    lmskit("login", "rename", "kept@example.org", "moved@example.org")
    assert (access().server.kept_login("moved@example.org"), access().server.has_login("kept@example.org")) == (password, False)
    lmskit("login", "rename", "kept@example.org", "again@example.org")  # the former address names the person, too
    assert (access().server.kept_login("again@example.org"), access().server.has_login("moved@example.org")) == (password, False)
    lmskit("person", "change", "again@example.org", "--email", "moved@example.org")
    assert (access().server.kept_login("moved@example.org"), access().server.has_login("again@example.org")) == (password, False)
    lmskit("invitation", "create", "moved@example.org", "--email", "invited@example.org", "--show-code")
    assert (access().server.kept_login("invited@example.org"), access().server.has_login("moved@example.org")) == (password, False)
    lmskit("login", "disable", "--yes", "invited@example.org")
    assert not access().server.has_login("invited@example.org")


def test_a_kept_password_stays_if_the_person_has_the_new_address_already(lmskit):
    """As when a rename is tried again whose connection was lost at the commit."""
    lmskit("login", "create", "once@example.org", "--family", "Once", "--keep")
    password = access().server.kept_login("once@example.org")
    for old in ("once@example.org", "once@example.org", "twice@example.org"):
        lmskit("login", "rename", old, "twice@example.org")
        assert access().server.kept_login("twice@example.org") == password


def test_a_person_who_is_not_an_administrator_any_more_has_no_administrators_rights(school, someone):
    email = someone(Role.SUPER_ADMIN)
    engine = school.engine(email)
    with transaction(engine) as session:
        session.execute(text("SELECT count(*) FROM audit_log"))
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("UPDATE users SET role = 'lecturer' WHERE email = :email"), {"email": email})
    with pytest.raises(NotPermittedError), transaction(engine) as session:
        session.execute(text("SELECT count(*) FROM audit_log"))
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM courses")) == 0


def test_a_login_is_removed_with_its_person(school, someone):
    email = someone()
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("DELETE FROM users WHERE email = :email"), {"email": email})
    with transaction(school.engine(ADMIN)) as session:
        assert not session.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :login"), {"login": school.login(email)})
    refused(school.engine(email))


@pytest.mark.parametrize("change", ["DELETE FROM users", "UPDATE users SET role = 'lecturer'"])
def test_the_last_administrator_is_neither_removed_nor_made_a_lecturer(change, school):
    with pytest.raises(DBAPIError, match="signed in with that login"), school.engine(ADMIN).begin() as connection:
        connection.execute(text(f"{change} WHERE email = :email"), {"email": ADMIN})


# Passwords -------------------------------------------------------------------------------------------------


def test_a_lecturer_changes_the_own_password_and_no_other(lmskit, school, someone):
    email = someone()
    said = lmskit("passwd", person=email, typed="a new password\na new password\n")
    assert f"{email} has a new password." in said
    assert "a new password\n" not in said
    assert who(school.engine(email, "a new password")) == email
    refused(school.engine(email, PASSWORD))
    assert who(school.engine(ADA)) == ADA


def test_an_administrator_sets_the_password_of_another_person(lmskit, school, someone):
    email = someone()
    said = lmskit("passwd", email)
    password = next(line for line in said.splitlines() if "password:" in line).rpartition(" ")[2]
    assert who(school.engine(email, password)) == email


def test_a_kept_password_is_replaced_when_it_changes(lmskit):
    lmskit("login", "create", "frida@example.org", "--family", "Frida", "--keep")
    before = access().server.kept_login("frida@example.org")
    lmskit("passwd", "frida@example.org")
    assert access().server.kept_login("frida@example.org") not in {before, None}


def test_no_statement_holds_a_password_in_clear_text(school, someone):
    from sqlalchemy import event

    seen: list[str] = []
    engine = school.engine(ADMIN)

    def note(_connection, _cursor, statement, parameters, *_):
        seen.append(f"{statement} {parameters}")

    event.listen(engine, "before_cursor_execute", note)
    try:
        with transaction(engine) as session:
            change_own_password(session, password=school.passwords[ADMIN])
        someone()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert any("set_my_password" in line for line in seen)
    assert not any(school.passwords[ADMIN] in line or PASSWORD in line for line in seen)


@pytest.mark.parametrize(
    ("verifier", "hashed"),
    [
        ("secret", "$argon2id$v=19$m=65536,t=3,p=4$abcdefghijklmnop"),
        (None, "$argon2id$v=19$m=65536,t=3,p=4$abcdefghijklmnop"),
        ("md5abcdefabcdefabcdefabcdefabcdefabcd", "$argon2id$v=19$m=65536,t=3,p=4$abcdefghijklmnop"),
        (scram_verifier("x"), "!"),
        (scram_verifier("x"), "secret"),
        (scram_verifier("x"), None),
        (scram_verifier("x") + "' SUPERUSER --", "$argon2id$v=19$m=65536,t=3,p=4$abcdefghijklmnop"),
    ],
)
def test_a_password_reaches_the_database_as_verifier_and_hash_or_not_at_all(verifier, hashed, school):
    with pytest.raises(DBAPIError, match="is not"), school.engine(ADA).begin() as connection:
        connection.execute(text("SELECT set_my_password(:verifier, :hashed)"), {"verifier": verifier, "hashed": hashed})


def test_functions_that_change_roles_are_few_and_closed(school, endpoint):
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        rows = connection.execute(
            "SELECT p.proname, p.prosecdef, p.proconfig, p.proowner::regrole::text, "
            "(SELECT array_agg(a.grantee::regrole::text ORDER BY 1) FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner) "
            "FROM pg_proc AS p WHERE p.proowner IN ('lmskit_logins'::regrole, 'lmskit_definer'::regrole) "
            "AND p.proname IN ('close_login', 'end_sessions', 'set_my_password', 'follow_person', 'shut_role', 'keep_an_administrator', "
            "'audit_rows', 'audit_login', 'reset_role', 'end_sessions_of_former_lecturer', "
            "'end_sessions_of_changed_person', 'keep_passage_words')"
        ).fetchall()
    found = {row[0]: row for row in rows}
    assert len(found) == 12
    assert all(row[1] and "search_path=pg_catalog, pg_temp" in row[2] for row in rows)
    assert {name: row[4] for name, row in found.items() if row[4]} == {
        "close_login": [roles.ADMIN],
        "end_sessions": [roles.ADMIN],
        "end_sessions_of_changed_person": [roles.OWNER],
        "end_sessions_of_former_lecturer": [roles.OWNER],
        "set_my_password": [roles.ADMIN, roles.LECTURER],
    }


def test_sessions_are_the_servers_own_again_after_they_were_ended(lmskit, school, someone, endpoint):
    """To end them, lmskit_logins is a member of the login for a moment, and of none afterwards."""
    email = someone()
    lmskit("login", "disable", "--yes", email)
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        inherits = connection.execute(
            "SELECT bool_or(inherit_option OR set_option) FROM pg_auth_members "
            "WHERE member = 'lmskit_logins'::regrole AND roleid = %s::regrole",
            [school.login(email)],
        ).fetchone()
    assert inherits == (False,)


def test_engines_without_a_password_of_their_own_are_refused(school):
    message = refused(access().engine_at(school.url(ADA).set(password="not it")))
    assert "does not accept the login" in message
    assert "not it" not in message


def test_a_lecturers_open_transaction_does_not_hold_up_the_end_of_their_access(lmskit, school, someone):
    email = someone()
    with transaction(school.engine(ADMIN)) as session:
        factories.course(session, taught_by=person_by_email(session, email))
    with school.engine(email).connect() as connection:
        for title in ("Once", "Twice"):  # the second time, the foreign key locks the lecturer's own row
            connection.execute(text("UPDATE courses SET title = :title"), {"title": title})
        assert "1 open session was ended." in lmskit("login", "disable", "--yes", email, "--keep-courses")
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert "was closed" in refused(school.engine(email))
