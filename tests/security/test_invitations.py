"""Invitations over real connections: a code makes one person's login, once and in time, and nothing else shows or replaces it."""

import re
import threading
from email import message_from_bytes
from email.policy import default

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, login_name, revision, transaction
from lmskit.db.typed_secret import invited
from lmskit.errors import InvitationRefusedError, LoginClosedError, SignInRefusedError
from lmskit.queries.access_rules import violations
from lmskit.queries.invitation import invitation_rows
from lmskit.queries.login import signed_in
from lmskit.schemas.invitation import CreateInvitation, InvitationCode
from lmskit.services.invitation import accept_invitation, create_invitation
from lmskit.services.login import close_login
from lmskit.services.person import stored_form
from lmskit.vocabulary import Role
from tests import factories
from tests.reliability.mail_server import MailServer
from tests.security.school import ADA, ADMIN, BEN, School, while_another_waits

PASSWORD = "a password of one's own"
CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}\b")


@pytest.fixture(scope="module")
def school(migrated_database):
    return School(migrated_database, "lmskit_invitations")


@pytest.fixture
def lmskit(school, configure):
    """Run a command as a person, by default the administrator, or as nobody; return its output."""

    def run(*arguments, person=ADMIN, typed="", status=0):
        url = school.url(ADMIN).set(username=None, password=None) if person is None else school.url(person)
        configure(LMSKIT_DATABASE_URL=url.render_as_string(hide_password=False))
        result = CliRunner().invoke(app, arguments, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result.output

    return run


def someone():
    return f"{factories.unique('someone')}@example.org"


def code_in(said):
    found = CODE.search(said)
    assert found is not None, said
    return found[0]


def accepted(lmskit, code, *email, password=PASSWORD, status=0):
    return lmskit("invitation", "accept", *email, person=None, typed=f"{code}\n{password}\n{password}\n", status=status)


def who(engine):
    with transaction(engine) as session:
        return signed_in(session).email


def state(school, email):
    with school.engine(ADMIN).connect() as connection:
        return [row["state"] for row in invitation_rows(connection, limit=1000) if row["email"] == email]


@pytest.fixture
def invite(school):
    """Invite a new person; return the address and the code."""

    def make(email=None, *, role=None, **values):
        email, code = email or someone(), InvitationCode.made()
        with transaction(school.engine(ADMIN)) as session:
            create_invitation(session, CreateInvitation(email=email, family_name="Someone", role=role, **values), code=code)
        return email, code

    return make


# Invited and accepted --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "word"), [((), "lecturer"), (("--role", "super_admin"), "super_admin")])
def test_a_person_on_another_machine_sets_their_own_password_with_the_code(role, word, lmskit, school):
    email = someone()
    said = lmskit("invitation", "create", email.upper(), "--family-name", "Someone", *role)
    assert f"{email} is invited until" in said
    with pytest.raises(SignInRefusedError):
        who(school.engine(email, PASSWORD))
    assert f"You sign in as {email}: lmskit sign-in {email}" in accepted(lmskit, code_in(said).lower().replace("-", " "))
    with transaction(school.engine(email, PASSWORD)) as session:
        assert (signed_in(session).email, str(signed_in(session).role)) == (email, word)
    assert state(school, email) == ["accepted"]


def test_a_lost_password_is_replaced_by_a_new_one_and_earlier_sessions_end(lmskit, school, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    said = lmskit("invitation", "create", email)
    assert f"{email} can set a new password until" in said
    with school.engine(email, PASSWORD).connect() as earlier:
        assert earlier.scalar(text("SELECT 1")) == 1  # the old password holds until the code is used
        accepted(lmskit, code_in(said), password="another password")
        with pytest.raises(DBAPIError) as ended:
            earlier.scalar(text("SELECT 1"))
        assert ended.value.connection_invalidated
    assert who(school.engine(email, "another password")) == email
    school.engine(email, PASSWORD).dispose()
    with pytest.raises(SignInRefusedError):
        who(school.engine(email, PASSWORD))


def test_code_and_password_can_be_read_from_standard_input(lmskit, school, invite):
    email, code = invite()
    lmskit("invitation", "accept", "--stdin", person=None, typed=f"{code.shown}\n{PASSWORD}\n")
    assert who(school.engine(email, PASSWORD)) == email


# Refused ---------------------------------------------------------------------------------------------------


def test_a_code_holds_once(lmskit, school, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    assert "This code cannot be used: it has been used" in accepted(lmskit, code.shown, password="another password", status=1)
    assert who(school.engine(email, PASSWORD)) == email


def test_a_code_that_was_forwarded_sets_the_password_of_who_was_invited_once_and_beside_no_other_address(lmskit, school, invite):
    email, code = invite()
    forwarded = accepted(lmskit, code.shown, BEN, status=1)
    assert "is another person's" in forwarded
    assert (who(school.engine(BEN)), state(school, email)) == (BEN, ["open"])
    accepted(lmskit, code.shown, email)
    late = accepted(lmskit, code.shown, email, password="another password", status=1)
    assert late == forwarded
    assert "ask an administrator for a new code" in late
    assert who(school.engine(email, PASSWORD)) == email
    again = code_in(lmskit("invitation", "create", email))
    accepted(lmskit, again, email, password="another password")
    with pytest.raises(SignInRefusedError):
        who(school.engine(email, PASSWORD))


def test_of_two_who_use_a_code_at_the_same_moment_one_sets_the_password(school, invite, configure):
    email, code = invite()
    configure(LMSKIT_DATABASE_URL=school.url(ADMIN).set(username=None, password=None).render_as_string())
    both_in = threading.Barrier(2, timeout=30)
    outcomes: dict[str, str | InvitationRefusedError] = {}

    def use(password):
        with invited(code.selector, code.secret) as session:
            session.execute(text("SELECT 1"))
            both_in.wait()
            try:
                outcomes[password] = accept_invitation(session, password=password)
            except InvitationRefusedError as error:
                outcomes[password] = error

    threads = [threading.Thread(target=use, args=(password,)) for password in ("the first password", "the second password")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(type(outcome).__name__ for outcome in outcomes.values()) == ["InvitationRefusedError", "str"]
    (winner,) = (password for password, outcome in outcomes.items() if outcome == email)
    assert who(school.engine(email, winner)) == email


@pytest.mark.parametrize("how", ["expired", "revoked", "replaced", "renamed", "erased", "closed"])
def test_a_code_that_was_taken_back_makes_no_login(how, lmskit, school, invite, endpoint):
    email, code = invite()
    match how:
        case "expired":
            with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
                connection.execute(
                    "UPDATE lms.invitations SET created_at = now() - interval '8 days', expires_at = now() - interval '1 second'"
                    " WHERE login = %s", [login_name(school.name, f"invitation:{code.selector}")],
                )  # fmt: skip
        case "revoked":
            assert "is revoked; its code cannot be used any more" in lmskit("invitation", "revoke", "--yes", email)
        case "replaced":
            invite(email)
        case "renamed":
            lmskit("login", "rename", email, someone())
        case "erased":
            with transaction(school.engine(ADMIN)) as session:
                session.execute(text("DELETE FROM users WHERE email = :email"), {"email": email})
        case "closed":
            lmskit("login", "create", email)
            lmskit("login", "disable", "--yes", email)
    assert "This code cannot be used" in accepted(lmskit, code.shown, status=1)
    with pytest.raises(SignInRefusedError):
        who(school.engine(email, PASSWORD))
    if how in {"expired", "revoked"}:
        assert state(school, email) == [how]


def test_a_session_that_a_code_opened_before_it_was_revoked_can_do_nothing_with_it(school, invite, lmskit, configure):
    email, code = invite()
    configure(LMSKIT_DATABASE_URL=school.url(ADMIN).set(username=None, password=None).render_as_string())
    with invited(code.selector, code.secret) as session:
        assert session.scalar(text("SELECT 1")) == 1
        lmskit("invitation", "revoke", "--yes", email)
        with pytest.raises(InvitationRefusedError):
            accept_invitation(session, password=PASSWORD)
    with pytest.raises(SignInRefusedError):
        who(school.engine(email, PASSWORD))


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-" * 8 + "X", "!!!!-" * 7 + "!!!!"])
def test_what_is_no_code_is_refused_before_a_password_is_asked_for(typed, lmskit):
    said = lmskit("invitation", "accept", "--stdin", person=None, typed=f"{typed}\n{PASSWORD}\n", status=1)
    assert "A code has 32 letters and digits" in said


def test_a_code_of_another_selector_or_secret_is_refused_like_one_that_was_used(lmskit, invite):
    _email, code = invite()
    other = InvitationCode.made()
    for wrong in (InvitationCode(code.selector, other.secret), InvitationCode(other.selector, code.secret)):
        assert "This code cannot be used" in accepted(lmskit, wrong.shown, status=1)
    accepted(lmskit, code.shown)


def test_a_password_that_is_too_short_leaves_the_code_as_it_is(lmskit, school, invite):
    email, code = invite()
    assert "A password has 12 to 200 characters." in accepted(lmskit, code.shown, password="short", status=1)
    accepted(lmskit, code.shown)
    assert who(school.engine(email, PASSWORD)) == email


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dora@example.org"], "To add this person with a login, give the family name too (--family-name"),
        ([ADA, "--role", "super_admin"], f"{ADA} belongs to a person with the role lecturer."),
        (["x@example.org", "--family-name", "X", "--role", "student"], "Students have no login."),
        (["lecturer@aaa.oulad.invalid"], "is an address that an import invented"),
        ([ADA, "--email", BEN], f"There is already a person with the address {BEN}."),
    ],
)
def test_who_cannot_be_invited_is_refused_in_a_sentence(arguments, sentence, lmskit):
    assert sentence in lmskit("invitation", "create", *arguments, status=1)


@pytest.mark.parametrize("command", [("create", BEN), ("revoke", BEN), ("list",)])
def test_a_lecturer_invites_nobody_and_sees_no_invitation(command, lmskit, invite):
    invite(BEN)
    assert "Only an administrator can" in lmskit("invitation", *command, person=ADA, status=1)


def test_a_closed_login_is_opened_by_no_invitation(lmskit, school, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    lmskit("login", "disable", "--yes", email)
    assert f"lmskit login enable {email}" in lmskit("invitation", "create", email, status=1)


def test_a_lecturer_whose_address_an_import_invented_gets_a_real_one_and_a_login(lmskit, school):
    invented, real = f"{factories.unique('aaa')}@oulad.invalid", someone()
    with transaction(school.engine(ADMIN)) as session:
        factories.lecturer(session, email=invented)
    person = school.person_id(invented)
    assert invented in lmskit("login", "list", "--invented", "--all")
    assert "lmskit login list --invented" in lmskit("invitation", "create", invented, status=1)
    said = lmskit("invitation", "create", invented, "--email", real)
    assert real not in lmskit("login", "list", "--invented", "--all")
    accepted(lmskit, code_in(said))
    with transaction(school.engine(real, PASSWORD)) as session:
        assert (signed_in(session).person_id, signed_in(session).email) == (person, real)


# What a code is worth, and where it is ----------------------------------------------------------------------


def test_the_login_of_a_code_sees_no_row_and_can_do_nothing_but_accept(school, invite, configure):
    _email, code = invite(role=Role.SUPER_ADMIN)
    configure(LMSKIT_DATABASE_URL=school.url(ADMIN).set(username=None, password=None).render_as_string())
    with invited(code.selector, code.secret) as session:
        for table in ("users", "courses", "student_enrollments"):
            columns = "id" if table != "student_enrollments" else "student_id"
            assert session.execute(text(f"SELECT {columns} FROM {table}")).all() == []
        for statement in (
            "SELECT * FROM invitations", "SELECT * FROM outbox", "SELECT * FROM audit_log",
            "SELECT lms.invite(1, interval '1 day', 'aaaaaaaa', 'x')", "SELECT lms.set_login(1, 'x', 'x')",
            "SELECT lms.void_invitations(1)", "SELECT lms.make_code('aaaaaaaa', 'x', now())",
        ):  # fmt: skip
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(statement))
        with pytest.raises(DBAPIError, match="nobody's"), session.begin_nested():
            session.execute(text("SELECT lms.set_my_password(:verifier, :hash)"), stored_form(PASSWORD))
        session.rollback()


def test_a_lecturer_accepts_nothing_with_their_own_login(school):
    with pytest.raises(InvitationRefusedError), transaction(school.engine(ADA)) as session:
        accept_invitation(session, password=PASSWORD)
    assert who(school.engine(ADA)) == ADA


def test_neither_code_nor_password_is_in_a_row_in_the_log_or_in_what_the_server_keeps(school, lmskit, invite, endpoint):
    said = lmskit("invitation", "create", someone(), "--family-name", "Someone")
    code = InvitationCode.read(code_in(said))
    own = f"{PASSWORD} {code.selector}"  # others are kept on this machine by other tests
    accepted(lmskit, code.shown, password=own)
    sought = [code.secret, code.shown, code.secret.upper(), own]
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        tables = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r'").fetchall()
        stored = [str(connection.execute(f'SELECT t::text FROM lms."{name}" AS t').fetchall()) for (name,) in tables]
        stored += [str(connection.execute(query).fetchall()) for query in (
            "SELECT rolname, rolpassword FROM pg_authid", "SELECT usename, query FROM pg_stat_activity", "SELECT * FROM pg_db_role_setting",
        )]  # fmt: skip
    assert any(code.selector not in text and "invitations" in text for text in stored)
    assert not [word for word in sought for text in stored if word in text]
    logs = [path for path in access().settings.home.rglob("*") if path.is_file() and path.suffix in {".log", ".csv", ".json", ""}]
    assert not [path for path in logs for word in sought if word.encode() in path.read_bytes()]


@pytest.fixture
def mail(configure):
    """A mail server that the commands use."""
    with MailServer() as server:
        configure(
            LMSKIT_SMTP_HOST="127.0.0.1", LMSKIT_SMTP_PORT=str(server.port), LMSKIT_SMTP_SECURITY="none",
            LMSKIT_MAIL_FROM="Courses <courses@example.org>",
        )  # fmt: skip
        yield server


def text_of(accepted_message):
    parts = message_from_bytes(accepted_message.content, policy=default)
    return "".join(part.get_content() for part in parts.walk() if part.get_content_maintype() == "text")


def wait_again(school, email):
    """As where the answer of the mail server was lost."""
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("UPDATE outbox SET status = 'waiting', sent_at = NULL WHERE recipient = :email"), {"email": email})


def test_a_code_goes_by_mail_and_is_in_no_row_while_it_is_on_its_way(lmskit, school, mail, endpoint):
    email = someone()
    said = lmskit("invitation", "create", email, "--family-name", "Noether", "--given-name", "Emmy")
    assert "The code was sent by mail." in said
    assert CODE.search(said) is None
    assert mail.recipients() == [email]
    written = text_of(mail.accepted[0])
    code = InvitationCode.read(code_in(written))
    assert "Dear Emmy Noether," in written
    assert f"You sign in as {email}. The code holds until" in written
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        for table in ("outbox", "invitations", "audit_log"):
            stored = str(connection.execute(f"SELECT t::text FROM lms.{table} AS t".encode()).fetchall())
            assert not [word for word in (code.secret, code.shown, code.secret.upper()) if word in stored]
    accepted(lmskit, code.shown)
    assert who(school.engine(email, PASSWORD)) == email
    assert "sent" in lmskit("mail", "list", "--limit", "1")


def test_a_second_message_that_is_accepted_has_a_message_id_of_its_own(lmskit, school, mail):
    """A mail server that drops a message with a known Message-ID would keep the first one, whose code has stopped."""
    email = someone()
    lmskit("invitation", "create", email, "--family-name", "X")
    wait_again(school, email)
    assert "1 sent" in lmskit("mail", "deliver")
    first, second = (message_from_bytes(each.content, policy=default)["Message-ID"] for each in mail.accepted)
    assert first != second


def test_a_message_that_is_tried_again_brings_a_new_code_and_the_earlier_one_stops(lmskit, school, mail):
    email = someone()
    mail.answer = lambda _occurrence: "451 4.3.0 Later"
    assert "lmskit mail deliver" in lmskit("invitation", "create", email, "--family-name", "X", status=3)
    with school.engine(ADMIN).connect() as connection:
        (first,) = connection.scalars(text("SELECT login FROM invitations ORDER BY id DESC LIMIT 1"))
    mail.answer = lambda _occurrence: "250 OK"
    with transaction(school.engine(ADMIN)) as session:
        session.execute(text("UPDATE outbox SET available_at = now() WHERE recipient = :email"), {"email": email})
    assert "1 sent" in lmskit("mail", "deliver")
    with school.engine(ADMIN).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :login"), {"login": first}) == 0
    accepted(lmskit, code_in(text_of(mail.accepted[-1])))
    assert who(school.engine(email, PASSWORD)) == email


def not_sent_at_once(lmskit, mail, *arguments):
    email = someone()
    mail.answer = lambda _occurrence: "451 4.3.0 Later"
    lmskit("invitation", "create", email, "--family-name", "X", *arguments, status=3)
    mail.answer = lambda _occurrence: "250 OK"
    return email


def latest_message(lmskit):
    return lmskit("mail", "list", "--limit", "1", "--format", "csv").splitlines()[1].split(",")


@pytest.mark.parametrize("how", ["revoked", "replaced", "renamed"])
def test_the_message_of_an_invitation_that_is_taken_back_waits_no_longer(how, lmskit, school, mail):
    email = not_sent_at_once(lmskit, mail)
    number = latest_message(lmskit)[0]
    match how:
        case "revoked":
            lmskit("invitation", "revoke", "--yes", email)
        case "replaced":
            lmskit("invitation", "create", email, "--show-code")
        case "renamed":
            said = lmskit("person", "change", email, "--email", f"new-{email}")
            assert "goes to the new address" not in said
    with school.engine(ADMIN).connect() as connection:
        statuses = connection.scalars(text("SELECT status FROM outbox WHERE id = :number"), {"number": number}).all()
    assert statuses == ["refused"]
    assert mail.recipients() == []
    assert "To invite the person anew: lmskit invitation create" in lmskit("mail", "retry", number, status=1)


def test_the_message_of_an_invitation_that_has_expired_is_refused(lmskit, school, mail, endpoint):
    email = not_sent_at_once(lmskit, mail)
    number = latest_message(lmskit)[0]
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        connection.execute(
            "UPDATE lms.invitations SET created_at = now() - interval '8 days', expires_at = now() - interval '1 second'"
            " WHERE person_id = (SELECT id FROM lms.users WHERE email = %s)", [email],
        )  # fmt: skip
    lmskit("mail", "retry", number)
    assert "was accepted, revoked or replaced, or has expired" in lmskit("mail", "deliver", status=3)
    assert mail.recipients() == []


def test_a_code_whose_login_is_shut_is_void(lmskit, school, invite, endpoint):
    """As after a backup was restored on the same server in which a code was used since."""
    email, code = invite()
    with psycopg.connect(endpoint.superuser_conninfo(school.name)) as connection:
        connection.execute(f"ALTER ROLE {login_name(school.name, f'invitation:{code.selector}')} NOLOGIN".encode())
    assert state(school, email) == ["void"]
    assert email not in lmskit("invitation", "list", "--open", "--all")


def test_who_is_erased_is_in_no_entry_about_their_invitations(lmskit, school, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    person = school.person_id(email)
    login = login_name(school.name, f"invitation:{code.selector}")
    lmskit("person", "erase", str(person), "--yes")
    entries = [entry for entry in school.audit() if entry["table_name"] == "invitations"]
    stored = [str(each) for entry in school.audit() for each in (entry["old"], entry["new"]) if each is not None]
    assert not [entry for entry in school.audit() if entry["actor"] == login]
    assert not [each for each in stored if login in each]
    assert str(person) not in [str((entry[side] or {}).get("person_id")) for entry in entries for side in ("old", "new")]


def test_with_a_mail_server_the_code_is_shown_only_if_that_is_asked_for(lmskit, mail):
    code_in(lmskit("invitation", "create", someone(), "--family-name", "X", "--show-code"))
    assert mail.accepted == []


def test_a_used_code_is_recorded_and_its_login_is_removed_with_the_next_invitation(school, lmskit, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    login = login_name(school.name, f"invitation:{code.selector}")
    entries = [entry for entry in school.audit() if entry["actor"] == login]
    assert [(entry["action"], entry["table_name"]) for entry in entries] == [("login created", "users"), ("update", "invitations")]
    invite()
    with school.engine(ADMIN).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :login"), {"login": login}) == 0
    assert state(school, email) == ["accepted"]


def test_the_access_rules_hold_while_invitations_are_open(school, invite):
    invite()
    with transaction(school.engine(ADMIN)) as session:
        assert [found for found in violations(session) if found.rule != "server-release-with-holes"] == []


def test_the_list_is_of_the_newest_first_and_can_be_of_the_open_ones_alone(lmskit, invite):
    earlier, code = invite()
    accepted(lmskit, code.shown)
    later, _code = invite()
    said = lmskit("invitation", "list", "--all")
    assert said.index(later) < said.index(earlier)
    only_open = lmskit("invitation", "list", "--open", "--all")
    assert later in only_open
    assert earlier not in only_open


# In the way of others --------------------------------------------------------------------------------------


@pytest.fixture
def held(school, configure):
    """Let something depend on the login of a code, so that the server does not remove it; return the login."""

    def hold(code):
        configure(LMSKIT_DATABASE_URL=school.url(ADMIN).set(username=None, password=None).render_as_string())
        with invited(code.selector, code.secret) as session:
            session.execute(text("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"))
        return login_name(school.name, f"invitation:{code.selector}")

    return hold


def can_sign_in(school, login):
    with school.engine(ADMIN).connect() as connection:
        return connection.scalar(text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :login"), {"login": login})


@pytest.mark.parametrize("then", ["accepted", "erased"])
def test_a_code_that_the_server_does_not_remove_is_shut_and_hinders_nobody(then, school, lmskit, invite, held):
    email, code = invite()
    login = held(code)
    if then == "accepted":
        accepted(lmskit, code.shown)
    else:
        with transaction(school.engine(ADMIN)) as session:
            session.execute(text("DELETE FROM users WHERE email = :email"), {"email": email})
    accepted(lmskit, invite()[1].shown)
    assert can_sign_in(school, login) is False


def test_a_code_that_the_server_does_not_remove_hinders_no_second_message(school, lmskit, mail, held):
    email = someone()
    lmskit("invitation", "create", email, "--family-name", "X")
    login = held(InvitationCode.read(code_in(text_of(mail.accepted[0]))))
    wait_again(school, email)
    assert "1 sent" in lmskit("mail", "deliver")
    assert can_sign_in(school, login) is False
    accepted(lmskit, code_in(text_of(mail.accepted[1])))


def inviting(email):
    request = CreateInvitation(email=email, family_name="Someone")
    return lambda session: create_invitation(session, request, code=InvitationCode.made())


def test_of_two_who_invite_at_one_time_neither_fails_over_a_used_code(school, endpoint, lmskit, invite):
    _email, code = invite()
    accepted(lmskit, code.shown)
    assert while_another_waits(school, endpoint, inviting(someone()), inviting(someone())) is None


def test_whose_login_is_closed_at_the_same_moment_is_not_invited(school, endpoint, lmskit, invite):
    email, code = invite()
    accepted(lmskit, code.shown)
    raised = while_another_waits(school, endpoint, lambda session: close_login(session, email), inviting(email))
    assert isinstance(raised, LoginClosedError)
    assert state(school, email) == ["accepted"]


def test_going_back_refuses_messages_that_wait_for_a_code_and_shuts_codes_that_the_server_does_not_remove(
    school, lmskit, invite, held, mail
):
    login = held(invite()[1])
    email = someone()
    mail.answer = lambda _occurrence: "451 4.3.0 Later"
    lmskit("invitation", "create", email, "--family-name", "X", status=3)
    revision.downgrade("0037", engine=school.migrator)
    with school.engine(ADMIN).connect() as connection:
        left = connection.execute(text("SELECT status, last_error FROM outbox WHERE recipient = :email"), {"email": email}).one()
    assert left.status == "refused"
    assert "lmskit invitation create EMAIL" in left.last_error
    assert can_sign_in(school, login) is False
    revision.upgrade(engine=school.migrator)
    assert state(school, email) == ["void"]
