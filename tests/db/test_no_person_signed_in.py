"""Before a person has signed in: what commands say, without a terminal too, and that asking starts no server."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db.sign_in_file import KeptSignIn, SignInFile
from lmskit.settings import PROJECT_ROOT
from tests.db.conftest import SECRETS, environment

ELSEWHERE = KeptSignIn("ada@uni.example", "u_0123456789abcdef", "canary", until=4e9)


@pytest.fixture
def lmskit(configure, tmp_path):
    """Run a command with an empty home and no terminal, by default without input; return its exit status and what it prints."""

    def run(*arguments, home=tmp_path, **variables):
        configure(LMSKIT_HOME=str(home), **variables)
        found = CliRunner().invoke(app, arguments)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, found.output.strip()

    return run


@pytest.mark.parametrize(
    "arguments", [("whoami",), ("course", "list"), ("sign-in", "ada@uni.example"), ("passwd",), ("mail", "deliver"), ("sign-out",)]
)
def test_on_an_empty_machine_no_command_makes_a_database_only_to_find_nobody_in_it(lmskit, tmp_path, arguments):
    status, printed = lmskit(*arguments)
    assert not list(tmp_path.iterdir())
    if arguments == ("sign-out",):
        assert printed.startswith("No person was signed in")
        return
    assert status == 1
    assert printed.startswith("No person is signed in: this machine has no database yet, and LMSKIT_DATABASE_URL, the address of a server")
    assert "lmskit init" in printed
    assert "lmskit demo" in printed


def test_a_person_who_is_named_has_no_login_on_an_empty_machine(lmskit, tmp_path):
    status, printed = lmskit("course", "list", LMSKIT_PERSON="ada@uni.example")
    assert (status, list(tmp_path.iterdir())) == (1, [])
    assert printed.startswith("There is no login for ada@uni.example on this machine, which has no database yet.")


@pytest.mark.parametrize("database", [False, True])
def test_who_forgot_the_variable_reads_which_server_is_meant(lmskit, own_cluster, home, database):
    SignInFile(home / "sign-in.json").keep("db.example.org:5432/lmskit", ELSEWHERE)
    if database:  # also where root has signed in elsewhere before, whose home the server's user may then pass through
        own_cluster()
    status, printed = lmskit("whoami", home=home)
    assert status == 1
    assert "You are signed in at another server; to use it: LMSKIT_DATABASE_URL=postgresql://db.example.org:5432/lmskit." in printed
    assert ("at the embedded server of this machine" in printed) is database
    assert "canary" not in printed


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (("sign-in",), "lmskit sign-in EMAIL"),
        (("sign-in", "ada@uni.example"), "--password-stdin"),
        (("init", "postgresql://dba@localhost/x"), "--email ADDRESS"),
        (("init", "--email", "ada@uni.example"), "--family-name NAME"),
        (("init", "--email", "ada@uni.example", "--family-name", "A"), "--given-name NAME"),
        (("init", "--email", "ada@uni.example", "--family-name", "A", "--given-name", ""), "--password-stdin"),
        (("init", "postgresql://dba@localhost/x", "--operator-password"), "PGPASSWORD, ~/.pgpass or a connection service"),
        (("db", "bootstrap", "--password", "postgresql://dba@localhost/x"), "PGPASSWORD, ~/.pgpass or a connection service"),
        (("db", "downgrade", "base"), "--yes"),
        (("login", "create", "ada@uni.example", "--password-prompt"), "leave --password-prompt out, and one is made"),
    ],
)
def test_without_a_terminal_a_command_names_the_option_that_it_would_ask_for(lmskit, arguments, instead):
    status, printed = lmskit(*arguments, LMSKIT_DATABASE_URL="postgresql://localhost:9/x")
    assert status == 1
    *_, last = printed.splitlines()
    assert last.startswith("There is no terminal to ")
    assert last.endswith(f": {instead}")


def test_a_password_is_read_from_no_input_that_would_show_it(tmp_path):
    command = [sys.executable, "-m", "lmskit", "sign-in", "ada@uni.example"]
    variables = environment(tmp_path, {"LMSKIT_DATABASE_URL": "postgresql://localhost:9/x"})
    found = subprocess.run(
        command, env=variables, cwd=PROJECT_ROOT, input="a secret\n", capture_output=True, text=True, check=False, start_new_session=True
    )
    assert (found.returncode, found.stderr) == (1, "There is no terminal to ask for the password. Give it by: --password-stdin\n")


def test_a_login_of_the_address_whose_password_is_missing_and_one_whose_password_is_wrong(school, lmskit):
    address = school.address(user="dba")
    status, missing = lmskit("course", "list", LMSKIT_DATABASE_URL=address)
    assert status == 1
    assert "asks for the password of the login dba, and none was given. Give it in PGPASSWORD" in missing
    status, wrong = lmskit("course", "list", LMSKIT_DATABASE_URL=address, PGPASSWORD=SECRETS["manager"])
    assert status == 1
    assert "does not accept the login dba with the password it was given" in wrong
