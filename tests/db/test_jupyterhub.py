"""A real JupyterHub with the example configuration of the documentation: two accounts of the machine, two lecturers."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lmskit.db import login_name
from lmskit.db.passfile import read_entries
from lmskit.settings import PROJECT_ROOT
from tests.db.conftest import Operators
from tests.db.hub_client import HubMachine, HubUser

ADA, BEN, EVE, CHIEF = (f"{name}@uni.example" for name in ("ada", "ben", "eve", "chief"))
ACCOUNTS = {name: f"canary-of-the-account-{name}" for name in ("ada", "ben", "eve")}
EXAMPLE = re.search(r"```python\n(.*?)```", (PROJECT_ROOT / "docs" / "jupyterhub.md").read_text(encoding="utf-8"), re.DOTALL)
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
    made = Path(tempfile.mkdtemp(prefix="lmskit-hub-", dir="/tmp"))
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
    operators.lmskit("init", address, "--email", CHIEF, *names, "--password-stdin", home=home, typed="canary of the chief\n")
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
def kernels(ada, ben):
    return {"ada": ada.kernel(), "ben": ben.kernel()}


def password(kept: Path, email: str) -> str:
    [found] = [entry.password for entry in read_entries(kept / "pgpass") if entry.user == login_name("hub", email)]
    return found


def test_each_lecturer_sees_their_own_courses_and_types_no_password(kernels):
    assert kernels["ada"].run(COURSES) == f"OF-ADA {login_name('hub', ADA)}"
    assert kernels["ben"].run(COURSES) == f"OF-BEN {login_name('hub', BEN)}"
