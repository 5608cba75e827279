"""A real JupyterHub with the example configuration of the documentation: two accounts of the machine, two lecturers."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from lmskit.db import login_name
from lmskit.db.passfile import read_entries
from lmskit.settings import PROJECT_ROOT
from tests.db.conftest import Operators
from tests.db.hub_client import HubKernel, HubMachine, HubUser

ADA, BEN, EVE, CHIEF = (f"{name}@uni.example" for name in ("ada", "ben", "eve", "chief"))
CHIEFS = "canary of the chief"
ACCOUNTS = {name: f"canary-of-the-account-{name}" for name in ("ada", "ben", "eve")}
EXAMPLE = re.search(r"```python\n(.*?)```", (PROJECT_ROOT / "docs" / "jupyterhub.md").read_text(encoding="utf-8"), re.DOTALL)
PROBE = Path(__file__).with_name("hub_probe.py").read_text(encoding="utf-8")
COURSES = """
import lmskit
from sqlalchemy import text
with lmskit.connect().connect() as connection:
    print(*connection.scalars(text("SELECT code FROM courses ORDER BY code")), connection.scalar(text("SELECT session_user")))
"""


def why_not() -> str | None:
    """Why no hub can run here."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "only root on Linux can make accounts and run their servers"
    if shutil.which("useradd", path="/usr/sbin:/sbin") is None:
        return "this system has no useradd to make accounts with"
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tried = subprocess.run(command, check=False, capture_output=True)
    return None if tried.returncode == 0 else f"no machine within this machine can be made: {tried.stderr.decode().strip()}"


pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(REASON := why_not()), reason=str(REASON))]


@pytest.fixture(scope="module")
def folder():
    made = Path(tempfile.mkdtemp(prefix="lmskit-hub-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def kept(operators: Operators, folder: Path) -> Path:
    """The hub's own folder: the logins of two lecturers are kept in it, each of whom has a course."""
    home = folder / "hub"
    home.mkdir(mode=0o700)
    address = operators.address(user="dba", database="hub", password=True)
    names = ("--family-name", "Chief", "--given-name", "")
    operators.lmskit("init", address, "--email", CHIEF, *names, "--password-stdin", home=home, typed=f"{CHIEFS}\n")
    for email in (ADA, BEN):
        as_chief(operators, home, "login", "create", email, "--family-name", "X", "--keep")
        term = ("--term", "T", "--term-name", "T", "--term-starts", "2026-09-01", "--term-ends", "2027-02-01")
        as_chief(operators, home, "course", "create", f"OF-{email[:3].upper()}", "--title", "X", "--lecturer", email, *term)
    return home


def as_chief(operators: Operators, home: Path, *arguments: str, **more) -> str:
    return operators.lmskit(*arguments, home=home, LMSKIT_DATABASE_URL=operators.address(database="hub"), **more)


def configuration(operators: Operators, folder: Path) -> str:
    """The example of the documentation with the server and the folder of the test."""
    assert EXAMPLE is not None
    text = re.sub(r'database="[^"]+"', f'database="{operators.address(database="hub", host="127.0.0.1")}"', EXAMPLE[1])
    return text.replace("/srv/lmskit-hub", str(folder / "hub")).replace('{"ada", "ben"}', '{"ada", "ben", "eve"}')


@pytest.fixture(scope="module")
def machine(operators: Operators, folder: Path, kept: Path):
    made = HubMachine(folder, configuration(operators, folder), ACCOUNTS)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def ada(machine: HubMachine) -> HubUser:
    user = HubUser(machine, "ada")
    user.start_server()
    return user


@pytest.fixture(scope="module")
def ben(machine: HubMachine) -> HubUser:
    user = HubUser(machine, "ben")
    user.start_server()
    return user


@pytest.fixture(scope="module")
def users(ada, ben):
    return {"ada": ada, "ben": ben}


@pytest.fixture(scope="module")
def kernels(ada, ben):
    return {"ada": ada.kernel(), "ben": ben.kernel()}


def password(kept: Path, email: str) -> str:
    [found] = [entry.password for entry in read_entries(kept / "pgpass") if entry.user == login_name("hub", email)]
    return found


def secrets_of(machine: HubMachine) -> dict[str, str]:
    """Passwords by what they are of."""
    found = {f"login of {email}": password(machine.folder / "hub", email) for email in (ADA, BEN)}
    return found | {f"account {name}": secret for name, secret in ACCOUNTS.items()} | {f"login of {CHIEF}": CHIEFS}


def tokens_of(machine: HubMachine, account: str) -> dict[str, str]:
    """Tokens in the environments of an account's processes, and of the proxy."""
    names = {"JUPYTERHUB_API_TOKEN": account, "CONFIGPROXY_AUTH_TOKEN": "root"}
    home = str(machine.folder / "home" / account)
    found = {
        f"{process.pid} {name}": value
        for process in processes_of(machine)
        for name, value in process.environ().items()
        if name in names and (names[name] == "root" or process.environ().get("HOME") == home)
    }
    assert len(found) > 2, "a server, a kernel and the proxy have tokens"
    return found


def processes_of(machine: HubMachine) -> list[psutil.Process]:
    return psutil.Process(machine.process.pid).children(recursive=True)


def probed(kernel: HubKernel, expression: str):
    """The value of an expression about `hub_probe`, found by a person's kernel."""
    printed = kernel.run(f"{PROBE}\nreport({expression})")
    assert printed.startswith(("{", "[", '"')), printed
    return json.loads(printed)


def test_each_lecturer_sees_their_own_courses_and_types_no_password(kernels):
    assert kernels["ada"].run(COURSES) == f"OF-ADA {login_name('hub', ADA)}"
    assert kernels["ben"].run(COURSES) == f"OF-BEN {login_name('hub', BEN)}"


def test_jupyterlab_is_set_up_as_lmskit_lab_sets_it_up(ada, kernels):
    settings = ada.ask("/user/ada/lab/api/settings/@jupyterlab/notebook-extension:tracker")
    assert settings.json()["schema"]["properties"]["windowingMode"]["default"] == "none"
    assert "default-src 'self' data: blob:" in settings.headers["Content-Security-Policy"]
    found = kernels["ada"].run("import os, sys; print(os.environ['PLOTLY_RENDERER'], 'lmskit.chart_sharing' in sys.modules)")
    assert found == "plotly_mimetype True"


def test_each_person_has_copies_of_their_own_and_the_originals_are_read_only(ada, kernels, machine):
    names = [entry["name"] for entry in ada.ask("/user/ada/api/contents").json()["content"]]
    assert names == ["admin", "lecturer", "reports"]
    [copy] = machine.folder.glob("home/ada/lmskit/notebooks/lecturer/mastery_dashboard.ipynb")
    original = PROJECT_ROOT / "notebooks" / "lecturer" / "mastery_dashboard.ipynb"
    assert copy.read_bytes() == original.read_bytes()
    assert kernels["ada"].run(f"open({str(copy)!r}, 'a').close(); print('written')") == "written"
    assert "PermissionError" in kernels["ada"].run(f"open({str(original)!r}, 'a').close(); print('written')")


BOTH_WAYS = pytest.mark.parametrize(("who", "whom"), [("ada", "ben"), ("ben", "ada")])


@BOTH_WAYS
def test_neither_lecturer_reaches_anything_of_the_other(who, whom, users, kernels, machine):
    tried = {}
    for account in (who, whom):
        kernel = users[account].ask(f"/user/{account}/api/kernels").json()[0]["id"]
        runtime = kernels[account].run("from jupyter_core.paths import jupyter_runtime_dir; print(jupyter_runtime_dir())")
        arguments = {
            "account": account,
            "hub": machine.address,
            "kernel": kernel,
            "runtime": runtime,
            "folder": str(machine.folder / "hub"),
        }
        tried[account] = probed(kernels[who], f"probe(**{arguments!r})")
    assert {name: found for name, found in tried[who].items() if found.startswith("refused")} == {}, "of oneself all can be reached"
    assert {name: found for name, found in tried[whom].items() if not found.startswith("refused")} == {}
    assert tried[who].keys() == tried[whom].keys()
    assert password(machine.folder / "hub", f"{who}@uni.example") in tried[who]["the sign-in"]


@BOTH_WAYS
def test_what_an_account_sees_of_others_has_no_secret(who, whom, kernels, machine):
    shown = probed(kernels[who], "seen_of_others()")
    assert "lmskit.jupyterhub" in shown, "the process list is open to all"
    secrets = secrets_of(machine) | tokens_of(machine, whom)
    assert [name for name, secret in secrets.items() if secret in shown] == []
    tops = ("/tmp", str(machine.folder / "home"), str(machine.folder / "hub"))  # noqa: S108 - it is searched
    found = probed(kernels[who], f"files_of_others(*{tops!r}, without={str(PROJECT_ROOT)!r})")
    assert set(found) <= {".bashrc", ".profile", ".bash_logout"}, "with what accounts are made of"


def test_passwords_are_where_the_documentation_says_and_nowhere_else(kernels, machine):
    secrets = secrets_of(machine)
    for process in processes_of(machine):
        seen = " ".join(process.cmdline()) + str(process.environ())
        assert [name for name, secret in secrets.items() if secret in seen] == []
    of_the_machine = Path("/proc") / str(processes_of(machine)[-1].pid) / "root"
    holding: dict[tuple[str, Path], int] = {}
    for path in [*machine.folder.rglob("*"), *(of_the_machine / "tmp").rglob("*")]:
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(Path(f"{of_the_machine}{PROJECT_ROOT}")):
            content = path.read_bytes()
            holding |= {(name, path): path.stat().st_mode & 0o777 for name, secret in secrets.items() if secret.encode() in content}
    assert {(name, path.name) for name, path in holding} == {
        *((f"login of {email}", name) for email in (ADA, BEN) for name in ("pgpass", "sign-in.json")),
        (f"login of {CHIEF}", "sign-in.json"),
    }
    assert set(holding.values()) == {0o600}


def test_a_further_server_of_a_person_has_the_same_sign_in(users, kernels):
    users["ada"].start_server("second")
    assert users["ada"].kernel("second").run(COURSES) == f"OF-ADA {login_name('hub', ADA)}"
    users["ada"].stop_server("second")
    assert kernels["ada"].run(COURSES) == f"OF-ADA {login_name('hub', ADA)}"


def test_a_person_without_a_login_gets_jupyterlab_and_a_sentence(machine):
    eve = HubUser(machine, "eve")
    eve.start_server()
    assert f"There is no login for {EVE} on this machine" in eve.kernel().run(COURSES)
    assert f"no login of {EVE} is kept here" in machine.log.read_text()
    eve.stop_server()


def test_running_notebooks_go_on_with_a_new_password_of_ones_own(kernels):
    new = "a new password, typed in a terminal of the server"
    command = [sys.executable, "-m", "lmskit", "passwd", "--password-stdin"]
    changed = f"import subprocess; print(subprocess.run({command!r}, input={new + chr(10)!r}, capture_output=True, text=True).stdout)"
    assert f"{BEN} has a new password." in kernels["ben"].run(changed)
    assert kernels["ben"].run(COURSES) == f"OF-BEN {login_name('hub', BEN)}"


def test_a_login_that_is_closed_ends_in_a_sentence_in_a_running_notebook(operators, machine, kernels):
    assert "is closed" in as_chief(operators, machine.folder / "hub", "login", "disable", "--yes", BEN, "--keep-courses")
    found = kernels["ben"].run(COURSES)
    assert "do not belong to an open login" in found or "does not accept the login" in found, found


def test_servers_outlive_a_restart_of_the_hub_and_leave_no_password_when_they_stop(operators, machine, users, kernels):
    kernel = users["ada"].ask("/user/ada/api/kernels").json()[0]["id"]
    kernels["ada"].run("made_before = 'the same kernel'")
    machine.stop()
    known = f'person=lambda spawner: {{"ada": "{ADA}", "ben": "{BEN}"}}.get(spawner.user.name),'
    machine.configure(configuration(operators, machine.folder).replace('domain="uni.example",', known))
    machine.start()
    assert users["ada"].kernel(kernel=kernel).run(COURSES + "print(made_before)") == f"OF-ADA {login_name('hub', ADA)}\nthe same kernel"
    private = Path("/proc") / str(processes_of(machine)[-1].pid) / "root" / "tmp"
    assert len(list(private.glob("lmskit-*/sign-in.json"))) == len(users)
    for user in users.values():
        user.stop_server()
    assert list(private.glob("lmskit-*")) == []


def test_a_user_whom_the_hub_does_not_know_sees_why(machine):
    eve = HubUser(machine, "eve")
    refused = eve.ask("/hub/api/users/eve/server", method="POST")
    assert "The hub does not know who eve is in lmskit." in refused.text
    page = eve.page("/hub/spawn")
    assert "Ask its administrator to name your e-mail address" in page, page
