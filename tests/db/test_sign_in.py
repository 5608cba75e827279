"""From an empty server to people who sign in on machines of their own: every command a process, every machine a home folder."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import Access, roles, using
from lmskit.db.passfile import read_entries
from lmskit.settings import PROJECT_ROOT, Settings
from tests.db.conftest import SECRETS, Operators, environment

ROOT, ADA, BEN = "root@uni.example", "ada@uni.example", "ben@uni.example"
PASSWORD = "canary: seven läuten"
LOST = "No person is signed in at the server"


@pytest.fixture(scope="module")
def first_home(operators: Operators, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home in which `lmskit init` has made the database `institute`."""
    home = tmp_path_factory.mktemp("first")
    address = operators.address(user="dba", database="institute", password=True)
    names = ("--family-name", "Root", "--given-name", "")
    printed = operators.lmskit("init", address, "--email", ROOT, *names, "--password-stdin", home=home, typed=f"{PASSWORD}\n")
    assert f"{ROOT} is the first administrator and signed in on this machine" in printed
    assert f"here too, set the variable: LMSKIT_DATABASE_URL={operators.address(database='institute')}" in printed
    return home


@pytest.fixture(scope="module")
def there(operators: Operators, first_home: Path) -> dict[str, str]:
    return {"LMSKIT_DATABASE_URL": operators.address(database="institute")}


@pytest.fixture(scope="module")
def passwords(operators: Operators, first_home: Path, there: dict[str, str]) -> dict[str, str]:
    """The passwords of two lecturers, as the administrator was shown them."""
    shown = {}
    for email in (ADA, BEN):
        printed = operators.lmskit("login", "create", email, "--family", "X", home=first_home, there=there)
        shown[email] = re.findall(r"password: (\S+)", printed)[0]
    return shown


def test_init_makes_the_first_administrator_and_no_other_person(operators, first_home, there):
    with closing(operators.superuser("institute")) as connection:
        assert connection.execute("SELECT email, role::text FROM lms.users").fetchall() == [(ROOT, "super_admin")]
    assert f"You are signed in as {ROOT}, an administrator, at the server" in operators.lmskit("whoami", home=first_home, there=there)
    again = operators.lmskit(
        "init", "--email", ADA, "--family-name", "A", "--given-name", "", "--password-stdin",
        home=first_home, there=there, typed=f"{PASSWORD}\n", status=1,
    )  # fmt: skip
    assert "The database has an administrator already, so ada@uni.example was not made one." in again


def test_a_person_signs_in_on_another_machine_and_out_again(operators, there, passwords, tmp_path):
    assert LOST in operators.lmskit("course", "list", home=tmp_path, there=there, status=1)
    refused = operators.lmskit("sign-in", ADA, "--password-stdin", home=tmp_path, there=there, typed="another\n", status=1)
    assert refused.startswith("The address and the password do not belong to an open login.")
    printed = operators.lmskit("sign-in", ADA, "--password-stdin", home=tmp_path, there=there, typed=f"{passwords[ADA]}\n")
    assert re.match(r"You are signed in as ada@uni\.example, a lecturer, until \d{4}-\d\d-\d\d \d\d:\d\d \S+\.$", printed)
    assert "ada@uni.example, a lecturer, at the server" in operators.lmskit("whoami", home=tmp_path, there=there)
    operators.lmskit("course", "list", home=tmp_path, there=there)
    assert operators.lmskit("sign-out", home=tmp_path, there=there) == "ada@uni.example is signed out."
    assert LOST in operators.lmskit("whoami", home=tmp_path, there=there, status=1)
    assert passwords[ADA] not in everything_in(tmp_path)


def test_a_sign_in_that_is_kept_is_in_the_passfile_until_the_person_signs_out(operators, there, passwords, tmp_path):
    operators.lmskit("sign-in", ADA, "--keep", "--password-stdin", home=tmp_path, there=there, typed=f"{passwords[ADA]}\n")
    assert [entry.password for entry in read_entries(tmp_path / "pgpass")] == [passwords[ADA]]
    assert passwords[ADA] not in (tmp_path / "sign-in.json").read_text()
    assert "lasts until you sign out" in operators.lmskit("whoami", home=tmp_path, there=there)
    operators.lmskit("sign-out", home=tmp_path, there=there)
    assert passwords[ADA] not in everything_in(tmp_path)


def test_a_sign_in_and_a_kept_password_hold_for_every_spelling_of_the_server(operators, there, passwords, tmp_path):
    operators.lmskit("sign-in", ADA, "--password-stdin", home=tmp_path, there=there, typed=f"{passwords[ADA]}\n")
    operators.lmskit("sign-in", BEN, "--password-stdin", "--keep", home=tmp_path / "kept", there=there, typed=f"{passwords[BEN]}\n")
    for host in ("localhost", "127.0.0.1", "LocalHost", "localhost."):
        written = operators.address(host=host, database="institute")
        for home, person in ((tmp_path, ADA), (tmp_path / "kept", BEN)):
            with using(Access(Settings(database_url=written, home=home))) as made:
                assert made.url_for().username == made.server.login_of(person)
                assert made.password_of(made.url_for()) == passwords[person]


@pytest.mark.long
def test_a_sign_in_goes_on_with_a_new_password_of_ones_own(operators, there, passwords, tmp_path):
    operators.lmskit("sign-in", BEN, "--password-stdin", home=tmp_path, there=there, typed=passwords[BEN] + "\n")
    for new in ("another long password", passwords[BEN]):
        operators.lmskit("passwd", "--password-stdin", home=tmp_path, there=there, typed=new + "\n")
        assert f"You are signed in as {BEN}" in operators.lmskit("whoami", home=tmp_path, there=there)


@pytest.mark.long
def test_a_sign_in_ends_and_holds_at_its_own_server_only(operators, there, passwords, tmp_path):
    operators.lmskit("sign-in", ADA, "--password-stdin", home=tmp_path, there=there, typed=f"{passwords[ADA]}\n")
    other = {"LMSKIT_DATABASE_URL": operators.address(database="elsewhere")}
    assert LOST in operators.lmskit("whoami", home=tmp_path, there=other, status=1)
    path = tmp_path / "sign-in.json"
    written = json.loads(path.read_text())
    path.write_text(json.dumps({name: found | {"until": 0} for name, found in written.items()}))
    assert LOST in operators.lmskit("whoami", home=tmp_path, there=there, status=1)
    assert passwords[ADA] not in everything_in(tmp_path)


def test_who_is_not_named_is_nobody_even_where_the_demonstration_has_a_login(school, operators_home):
    """At a server that is not embedded nothing acts as the demonstration's administrator unasked."""
    assert LOST in school.lmskit("course", "list", home=operators_home, status=1, there={"LMSKIT_DATABASE_URL": school.address()})


def test_the_operator_recovers_an_administrators_password_and_it_is_audited(operators, first_home, there, passwords, tmp_path):
    printed = operators.lmskit("login", "recover", ROOT, home=first_home, there=there)
    assert re.search(r"password: \S+", printed)
    assert f"You are signed in as {ROOT}" in operators.lmskit("whoami", home=first_home, there=there)
    with closing(operators.superuser("institute")) as connection:
        entry = connection.execute("SELECT actor, action FROM lms.audit_log WHERE table_name = 'users' ORDER BY id DESC LIMIT 1").fetchone()
    assert entry == (roles.migrator_of("institute"), "password set")
    operators.lmskit("login", "disable", "--yes", BEN, home=first_home, there=there)
    closed = operators.lmskit("login", "recover", BEN, home=first_home, there=there, status=1)
    assert closed.startswith(f"The login of {BEN} is closed.")
    missing = operators.lmskit("login", "recover", ADA, home=tmp_path, there=there, status=1)
    assert "There is no login lmskit_migrator_institute on this machine" in missing


def test_lab_opens_without_a_login_and_its_kernels_inherit_no_password(operators, there, tmp_path):
    """The address names the operator's login with its password here, which is the worst case."""
    variables = {"JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "r"), "LMSKIT_PERSON": ADA}
    address = {"LMSKIT_DATABASE_URL": operators.address(user="dba", database="institute", password=True)}
    command = [sys.executable, "-m", "lmskit", "lab", "--no-browser", "--port", "8907"]
    with subprocess.Popen(
        command, env=environment(tmp_path, variables | address), cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            seen = ""
            while "Ctrl-C ends" not in seen:
                line = process.stdout.readline()
                assert line, seen
                seen += line
            assert "The notebooks show a form to sign in." in seen
            base, token = re.findall(r"(http://\S+/)lab\?token=(\w+)", seen)[0]
            request = urllib.request.Request(f"{base}api/kernels", data=b"{}", headers={"Authorization": f"token {token}"})  # noqa: S310
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - an address of ours
            children = {child: (child.cmdline(), child.environ()) for child in psutil.Process(process.pid).children(recursive=True)}
            found = next(variables for command, variables in children.values() if "ipykernel_launcher" in command)
            assert found["LMSKIT_DATABASE_URL"] == operators.address(user="dba", database="institute")
            assert "canary" not in str(children) + seen
            shared = Path(found["LMSKIT_SIGN_IN_FILE"])
            assert SECRETS["dba"] in [sign_in["password"] for sign_in in json.loads(shared.read_text()).values()]
            assert os.name == "nt" or shared.stat().st_mode & 0o077 == 0
        finally:
            process.send_signal(signal.SIGTERM)
    assert not shared.exists()


def everything_in(home: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in home.rglob("*") if path.is_file())


def test_none_of_it_was_printed_or_logged(operators, first_home, passwords):
    log = "\n".join(path.read_text(errors="replace") for path in operators.cluster.layout.log.rglob("*") if path.is_file())
    assert "canary" not in "\n".join(operators.printed) + log
    assert not any(password in log for password in passwords.values())


def test_init_asks_for_what_is_not_given_and_works_on_the_embedded_server(own_cluster, home, configure):
    own_cluster().start()
    configure(LMSKIT_HOME=str(home))
    typed = f"{ROOT}\nRoot\n\n{PASSWORD}\n{PASSWORD}\n"
    found = CliRunner().invoke(app, ["init"], input=typed)
    assert found.exit_code == 0, found.output
    assert PASSWORD not in found.output
    configure()  # another process, as each command is
    assert f"You are signed in as {ROOT}, an administrator, at the embedded server (" in CliRunner().invoke(app, ["whoami"]).output
    assert f"{ROOT} is signed out." in CliRunner().invoke(app, ["sign-out"]).output
    configure()
    refused = CliRunner().invoke(app, ["course", "list"])
    assert refused.exit_code == 1
    assert "to begin with an administrator: lmskit init" in refused.output
