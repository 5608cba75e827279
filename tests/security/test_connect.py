"""`lmskit.connect()`: which login it uses, and a form that takes a password or a code and stores neither."""

import json
import os
from contextlib import contextmanager
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import lmskit
from lmskit.db import access, engine_for, keep_login, transaction
from lmskit.desks import course_desk, enrollment_desk, password_desk
from lmskit.desks.sign_in import ASKED
from lmskit.desks.sign_in_form import sign_in_form
from lmskit.errors import NotPermittedError, NotSignedInError, SignInRefusedError
from lmskit.schemas.invitation import CreateInvitation, InvitationCode
from lmskit.schemas.login import CreateLogin
from lmskit.services.invitation import create_invitation
from lmskit.services.login import close_login, create_login
from tests import factories
from tests.security.school import ADA, ADMIN, BEN, School

SIGN_IN, CODE, CHANGE = range(3)
"""The panels of the form."""
FIRST, OWN = "the first password", "a password of one's own"
REFUSED = "The address and the password do not belong to an open login."


@pytest.fixture(scope="module")
def school(migrated_database):
    return School(migrated_database, "lmskit_connect")


@pytest.fixture
def server(school, configure, endpoint):
    """The settings name the server and no login, as on a lecturer's own machine."""
    address = f"postgresql://127.0.0.1:{endpoint.port}/{school.name}"
    configure(LMSKIT_DATABASE_URL=address)
    return address


def who():
    with transaction() as session:
        return session.scalar(text("SELECT my_address()"))


def typed(panel, **values):
    """The form after its button was pressed."""
    form = sign_in_form()
    form.receive({"panel": panel, "values": values})
    return form


def pressed(email, password):
    """Return the answer of the form."""
    return typed(SIGN_IN, email=email, password=password).answer


# Which login -----------------------------------------------------------------------------------------------


def test_an_address_that_names_a_login_needs_no_form(school, server, configure):
    configure(LMSKIT_DATABASE_URL=school.url(ADA).render_as_string(hide_password=False))
    lmskit.connect()
    assert who() == ADA


def test_a_login_in_the_passfile_needs_no_form(school, server, configure):
    configure(LMSKIT_PERSON=BEN)
    keep_login(BEN, school.passwords[BEN])
    lmskit.connect()
    assert who() == BEN


def test_a_program_without_a_login_gets_the_sentence_and_no_form(server, capsys):
    with pytest.raises(NotSignedInError, match=r"No person is signed in at the server localhost:.*To sign in: lmskit sign-in"):
        lmskit.connect()
    assert capsys.readouterr().out == ""


def test_everything_is_done_as_the_person_who_signed_in_until_they_sign_out(school, server):
    assert pressed(f" {ADA.upper()} ", school.passwords[ADA]).startswith("You are signed in as ada@example.org.")
    assert who() == ADA
    assert lmskit.connect() is engine_for()
    access().sign_in(BEN, school.passwords[BEN])
    assert who() == BEN
    lmskit.sign_out()
    with pytest.raises(NotSignedInError, match=r"You have signed out\. To sign in again: lmskit\.connect\(\)"):
        who()
    with pytest.raises(NotSignedInError):
        lmskit.connect()
    access().sign_in(ADA, school.passwords[ADA])
    assert who() == ADA


def test_a_connection_of_an_earlier_password_proves_nothing(school, server):
    access().sign_in(ADA, school.passwords[ADA])
    with pytest.raises(SignInRefusedError):
        access().sign_in(ADA, "something else")
    assert who() == ADA, "the person who was signed in still is"


# Refusals --------------------------------------------------------------------------------------------------


def test_a_wrong_password_an_unknown_person_and_one_without_a_login_are_answered_alike(school, server):
    with transaction(school.engine(ADMIN)) as session:
        without_login, student = factories.lecturer(session).email, factories.student(session).email
    answers = {pressed(email, "a wrong password") for email in (ADA, "nobody@example.org", without_login, student)}
    assert len(answers) == 1
    assert answers.pop().startswith(REFUSED)
    with pytest.raises(NotSignedInError):
        who()


def test_a_closed_login_is_refused_with_its_right_password(school, server):
    with transaction(school.engine(ADMIN)) as session:
        create_login(session, CreateLogin(email="gone@example.org", family_name="Gone"), password="the right password")
        close_login(session, "gone@example.org")
    assert pressed("gone@example.org", "the right password").startswith(REFUSED)


@pytest.mark.parametrize("values", [{}, {"email": ADA}, {"email": "", "password": ""}, "nonsense", None, {"email": ADA, "password": 7}])
@pytest.mark.parametrize("panel", [SIGN_IN, 7, None])
def test_a_message_that_is_not_a_sign_in_is_refused(panel, values, server):
    form = sign_in_form()
    form.receive(values if panel is None else {"panel": panel, "values": values})
    assert form.answer
    assert "Traceback" not in form.answer


def test_a_lecturer_cannot_open_an_admin_notebook(school, server):
    access().sign_in(ADA, school.passwords[ADA])
    for desk in (course_desk, enrollment_desk):
        with pytest.raises(NotPermittedError) as error:
            desk()
        assert str(error.value).startswith(f"Only an administrator can use this notebook. You are signed in as {ADA}, a lecturer.")
        assert error.value._render_traceback_() == [str(error.value)]
    access().sign_in(ADMIN, school.passwords[ADMIN])
    assert course_desk().message.value == ""


def test_what_a_person_may_not_do_is_a_sentence(school, server):
    access().sign_in(ADA, school.passwords[ADA])
    with (
        pytest.raises(NotPermittedError, match=r"^The person who is signed in may not do this\. Nothing was changed;"),
        transaction() as session,
    ):
        session.execute(text("DELETE FROM courses"))


# A code, and a password of one's own -----------------------------------------------------------------------


@pytest.fixture
def invited(school):
    """What a person types who was invited."""
    email, code = f"{factories.unique('invited')}@example.org", InvitationCode.made()
    with transaction(school.engine(ADMIN)) as session:
        create_invitation(session, CreateInvitation(email=email, family_name="Invited"), code=code)
    return {"email": email, "code": code.shown, "password": OWN, "again": OWN}


@pytest.fixture
def newcomer(school):
    """A person who was given a first password."""
    email = f"{factories.unique('newcomer')}@example.org"
    with transaction(school.engine(ADMIN)) as session:
        create_login(session, CreateLogin(email=email, family_name="Newcomer"), password=FIRST)
    return email


def test_who_has_a_code_sets_a_password_in_the_form_is_signed_in_and_goes_on(school, server, invited):
    form = typed(CODE, **invited | {"email": invited["email"].upper(), "code": invited["code"].lower().replace("-", " ")})
    assert form.answer.startswith(f"Your password is set. You are signed in as {invited['email']}.")
    assert who() == invited["email"]
    assert not [secret for secret in (invited["code"], OWN) if secret in str(form.get_state())]
    assert pressed(invited["email"], OWN).startswith("You are signed in")


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"email": "ada"}, "email", "This is not an e-mail address"),
        ({"code": "ABCD"}, "code", "A code has 32 letters and digits"),
        ({"code": InvitationCode.made().shown}, "code", "This code cannot be used"),
        ({"email": ADA}, "code", "This code cannot be used"),
        ({"password": "short", "again": "short"}, "password", "A password has 12 to 200 characters"),
        ({"password": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}, "password", "A password has at least 5 different characters"),
        ({"password": "a password\nin two lines"}, "password", "A password must be made of characters that can be typed"),
        ({"password": "a password \ud800 of half"}, "password", "A password must be made of characters that can be typed"),
        ({"again": "a password of another"}, "again", "This is not the same password"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_code_can_still_be_used(wrong, field, sentence, server, invited):
    form = typed(CODE, **invited | wrong)
    assert list(form.problems) == [field]
    assert form.problems[field].startswith(sentence)
    assert typed(CODE, **invited).answer.startswith("Your password is set.")


def test_a_code_is_no_password(server, invited):
    code = InvitationCode.read(invited["code"])
    assert pressed(f"invitation:{code.selector}", code.secret).startswith(REFUSED)


def test_no_refusal_of_a_code_says_whether_an_address_is_known(server, invited):
    addresses = (ADA, "nobody@example.org")
    answers = {typed(CODE, **invited | {"email": email, "code": InvitationCode.made().shown}).answer for email in addresses}
    answers |= {typed(CODE, **invited | {"email": email}).answer for email in addresses}
    typed(CODE, **invited)
    answers |= {typed(CODE, **invited | {"email": email}).answer for email in (invited["email"], *addresses)}
    assert len(answers) == 1


def test_a_first_password_is_changed_in_the_form_to_sign_in(server, newcomer):
    values = {"email": newcomer, "present": "a wrong password", "password": OWN, "again": OWN}
    assert typed(CHANGE, **values).problems["present"].startswith(REFUSED)
    form = typed(CHANGE, **values | {"present": FIRST})
    assert form.answer.startswith(f"Your password is changed. You are signed in as {newcomer}.")
    assert who() == newcomer
    assert pressed(newcomer, FIRST).startswith(REFUSED)


def test_who_is_signed_in_changes_their_own_password_and_stays_signed_in(server, newcomer):
    keep_login(newcomer, FIRST)
    access().sign_in(newcomer, FIRST)
    form, values = password_desk(), {"present": FIRST, "password": OWN, "again": OWN}
    form.receive({"panel": 0, "values": values | {"present": "a wrong password"}})
    assert form.problems["present"].startswith(REFUSED)
    form.receive({"panel": 0, "values": values})
    assert form.answer == f"{newcomer} has a new password. You are still signed in."
    assert who() == newcomer
    assert access().server.kept_login(newcomer) == OWN, "this machine goes on with it"


# Secrets ---------------------------------------------------------------------------------------------------


def test_the_engine_of_who_signed_in_shows_no_password(school, server):
    engine = access().sign_in(ADA, school.passwords[ADA])
    shown = [repr(engine), str(engine.url), engine.url.render_as_string(hide_password=False), repr(engine.url), repr(vars(engine))]
    shown += [repr(access().person), repr(engine.pool), repr(engine.dialect), json.dumps(dict(os.environ))]
    assert not any(school.passwords[ADA] in text_shown for text_shown in shown)
    assert engine_for() is engine


def test_an_error_of_the_database_repeats_no_parameter(school):
    with pytest.raises(DBAPIError, match="division by zero") as error, school.engine(ADMIN).begin() as connection:
        connection.execute(text("SELECT 1 / 0 WHERE :name <> ''"), {"name": "confidential"})
    assert "confidential" not in str(error.value)


OF_ONE_LOGIN = text("SELECT count(*) FROM pg_stat_activity WHERE usename = :login")


class Notebook:
    """A kernel, and everything that came out of it."""

    def __init__(self, client):
        self.client, self.messages = client, []

    def run(self, code, *, person_there=True):
        """Run a cell; return its error, or what it prints."""
        return self._follow(self.client.execute(code, allow_stdin=person_there))

    def press(self, comm_id, values, panel=SIGN_IN):
        """Send what the form sends."""
        data = {"method": "custom", "content": {"panel": panel, "values": values}}
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)
        return self._follow(message["header"]["msg_id"])

    def form(self):
        """The comm of the form that was shown last."""
        shown = [m for m in self.messages if m["msg_type"] == "display_data"][-1]
        return shown["content"]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]

    def _follow(self, request):
        said = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=60)
            except Empty:
                pytest.fail("the kernel does not answer")
            self.messages.append(message)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif message["msg_type"] == "error":
                said.append("\n".join(content["traceback"]))
            elif message["msg_type"] == "comm_msg" and content["data"].get("method") == "custom":
                said.append(content["data"]["content"]["sentence"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return "".join(said).strip()


@contextmanager
def opened_notebook(**variables):
    environment = {name: value for name, value in os.environ.items() if name != "LMSKIT_PERSON"}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=environment | variables)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Notebook(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(server):
    with opened_notebook() as opened:
        yield opened


def test_a_sign_in_carries_over_to_the_other_notebooks_of_a_jupyterlab_when_asked(school, server, tmp_path):
    variables = {"LMSKIT_SIGN_IN_FILE": str(tmp_path / "sign-in.json")}
    connect = "import lmskit; print(lmskit.connect().url.username)"
    password = school.passwords[ADA]
    with opened_notebook(**variables) as one, opened_notebook(**variables) as other:
        one.run(connect)
        assert one.press(one.form(), {"email": ADA, "password": password}).startswith(f"You are signed in as {ADA}. Choose")
        assert ASKED in other.run(connect), "nobody asked for it"
        one.run("lmskit.sign_out()")
        one.run(connect)
        assert "in the other notebooks" in one.press(one.form(), {"email": ADA, "password": password, "shared": True})
        assert other.run(connect) == school.login(ADA)
        assert password not in json.dumps(other.messages, default=repr) + json.dumps(one.messages, default=repr)
        other.run("lmskit.sign_out()")
        with opened_notebook(**variables) as third:
            assert ASKED in third.run(connect), "a person who signs out signs the others out"


def test_a_notebook_asks_for_a_code_or_the_password_and_keeps_nothing_of_it(notebook, school, invited):
    connect = "import lmskit; engine = lmskit.connect()"
    assert notebook.run(connect, person_there=False).endswith("To sign in: lmskit sign-in")
    assert not [message for message in notebook.messages if message["msg_type"] == "display_data"]
    assert notebook.run(connect) == ASKED
    form = notebook.form()
    assert notebook.press(form, invited, CODE).startswith("Your password is set. ")
    notebook.run("lmskit.sign_out()")
    assert notebook.run(connect) == ASKED
    form = notebook.form()
    assert notebook.press(form, {"email": ADA, "password": "a wrong password"}).startswith(REFUSED)
    password = school.passwords[ADA]
    assert notebook.press(form, {"email": ADA, "password": password}) == f"You are signed in as {ADA}. Choose Run ▸ Run All Cells."
    assert notebook.run(connect) == ""
    asked = "from lmskit.db import transaction\nfrom sqlalchemy import text\n"
    asked += "with transaction() as s: print(s.scalar(text('SELECT my_address()')))"
    assert notebook.run(asked) == ADA
    assert notebook.run("print(len(lmskit.read_frame('SELECT 1 AS one')))") == "1"
    with school.migrator.connect() as connection:
        assert connection.scalar(OF_ONE_LOGIN, {"login": school.login(ADA)}) == 0, "an open notebook keeps no connection"
    # All that a saved notebook could contain, and what a careless cell prints.
    notebook.run("import ipywidgets, json, os; print(json.dumps(ipywidgets.Widget.get_manager_state(drop_defaults=False), default=repr))")
    notebook.run("print(In, Out, repr(dict(os.environ)), engine, engine.url, repr(globals()))")
    notebook.run("%history")
    notebook.run("1/0")
    notebook.run("%xmode Verbose")
    notebook.run("with transaction() as s: s.execute(text('SELECT nothing'))")
    written = json.dumps(notebook.messages, default=repr)
    assert ADA in written
    assert not [secret for secret in (password, "a wrong password", OWN, invited["code"]) if secret in written]
    assert "signed out" in notebook.run("lmskit.sign_out()\nfrom lmskit.db import engine_for\nengine_for()")
    assert notebook.run(connect) == ASKED
