"""`bootstrap.py` makes the environment, mends a half-made one, and leaves a finished one alone.

These tests are about what is decided and reported, so programs that write down their arguments stand in for uv and pip.
That the real ones install the real lock is shown by running this suite in `.venv`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.environment import Environment, environment_of
from scripts.installer import SetupError
from scripts.progress import ProgressPrinter

ROOT = Path(__file__).resolve().parents[2]
OLD_PYTHONS = ["2.7", "3.6", "3.8", "3.9", "3.10"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

INSTALLER = """#!/bin/sh
echo "$*" >> "{calls}"
{then}
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of what setting up needs, in a folder with a blank in its name."""
    root = tmp_path / "a checkout"
    root.mkdir()
    for name in ("bootstrap.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def calls(tmp_path):
    return tmp_path / "calls"


@pytest.fixture
def put_uv(tmp_path, calls, monkeypatch):
    """Put a program called uv first on the PATH; it does what `then` says."""

    def put(then: str = "exit 0") -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "uv").write_text(INSTALLER.format(calls=calls, then=then))
        (folder / "uv").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.fixture
def environment(checkout, put_uv, monkeypatch):
    monkeypatch.delenv("LMSKIT_VENV", raising=False)
    put_uv()
    return environment_of(checkout)


def installations(calls: Path) -> int:
    return len(calls.read_text().splitlines()) if calls.exists() else 0


@pytest.mark.parametrize("version", OLD_PYTHONS)
def test_a_python_that_is_too_old_gets_one_sentence(version):
    candidates = [shutil.which(f"python{version}"), *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    python = next((path for path in candidates if path and runs(path, version)), None)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    answer = subprocess.run([python, ROOT / "bootstrap.py", "run"], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"lmskit needs Python 3.11 or newer, and this is Python {version} (")
    assert len(answer.stderr.splitlines()) == 1


def runs(python: str, version: str) -> bool:
    ran = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False)
    return ran.stdout.strip() == version


def test_packages_are_installed_by_hash_and_ready_made_then_lmskit_without_asking_an_index(environment, calls):
    environment.prepare(ProgressPrinter())
    packages, lmskit = calls.read_text().splitlines()
    assert "--require-hashes --only-binary :all: --requirement" in packages
    assert "--no-deps --no-build-isolation --no-index --editable" in lmskit
    assert environment.ready()


def test_packages_are_compiled_while_they_are_installed_and_afterwards(environment, put_uv):
    """The stand-in installs one module and waits until it is compiled, then another one, after which it ends."""
    packages = site_packages(environment)
    wait = f"for i in $(seq 600); do [ -e {compiled('first')} ] && break; sleep 0.1; done; [ -e {compiled('first')} ] || exit 1"
    put_uv(f'case "$*" in *--requirement*) cd "{packages}"; echo "a = 1" > first.py; {wait}; echo "b = 1" > last.py;; esac')
    environment.prepare(ProgressPrinter(), at_once=True)
    deadline = time.monotonic() + 60
    while not (packages / compiled("last")).exists():
        assert time.monotonic() < deadline, "it was not compiled"
        time.sleep(0.1)


def test_who_cannot_wait_for_imports_gets_all_packages_compiled(environment, monkeypatch):
    environment.prepare(ProgressPrinter())
    monkeypatch.setattr("scripts.environment.uv", lambda: None)
    packages = site_packages(environment)
    with environment._compiling(at_once=False):
        (packages / "last.py").write_text("b = 1", encoding="utf-8")
    assert (packages / compiled("last")).exists()


def site_packages(environment: Environment) -> Path:
    return environment.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def compiled(module: str) -> str:
    return f"__pycache__/{module}.{sys.implementation.cache_tag}.pyc"


def test_a_second_run_calls_no_installer_and_does_not_wait(environment, calls, monkeypatch):
    environment.prepare(ProgressPrinter())
    before = installations(calls)
    monkeypatch.setattr(time, "sleep", pytest.fail)
    environment.prepare(ProgressPrinter())
    assert installations(calls) == before


def test_it_says_what_it_does_while_it_does_it(environment, capsys):
    environment.prepare(ProgressPrinter())
    printed = capsys.readouterr().out
    assert "Making a virtual environment" in printed
    assert re.search(r"Installing \d{3} packages", printed)
    assert "Installing lmskit itself" in printed
    assert all(line.split(maxsplit=2)[1] == "s" for line in printed.splitlines()), "each line begins with the seconds since the start"


def test_an_environment_whose_making_was_killed_is_made_again(environment, calls, capsys, put_uv):
    put_uv("kill -9 $PPID; exit 1")
    killed = subprocess.run([sys.executable, "bootstrap.py", "setup"], cwd=environment.root, capture_output=True, check=False)
    assert killed.returncode < 0
    assert not environment.ready()
    (environment.folder / "debris").touch()
    put_uv()
    environment.prepare(ProgressPrinter())
    assert "half-made" in capsys.readouterr().out
    assert environment.ready()
    assert not (environment.folder / "debris").exists()


def test_an_environment_without_a_working_python_is_made_again(environment):
    environment.prepare(ProgressPrinter())
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    assert not environment.ready()
    environment.prepare(ProgressPrinter())
    assert environment.ready()


def test_an_environment_made_by_hand_is_kept_and_filled(environment, calls):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment.folder], check=True)
    (environment.folder / "mine").touch()
    environment.prepare(ProgressPrinter())
    assert environment.ready()
    assert (environment.folder / "mine").exists()
    assert installations(calls) == 2


def test_a_new_lock_is_installed(environment, calls):
    environment.prepare(ProgressPrinter())
    (environment.root / "requirements.lock").write_text("typer==0.29.2 --hash=sha256:0\n")
    assert not environment.ready()
    environment.prepare(ProgressPrinter())
    assert installations(calls) == 4


def test_a_checkout_that_was_moved_is_installed_again_and_its_packages_are_kept(environment, calls):
    environment.prepare(ProgressPrinter())
    moved = environment.root.rename(environment.root.with_name("moved"))
    there = environment_of(moved)
    assert not there.ready()
    there.prepare(ProgressPrinter())
    assert there.ready()
    assert installations(calls) == 3


def test_two_at_once_make_one_environment(environment, calls, put_uv):
    put_uv("sleep 1")
    command = [sys.executable, "bootstrap.py", "setup"]
    both = [subprocess.Popen(command, cwd=environment.root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("waiting for it" in text for text in outputs) == 1
    assert installations(calls) == 2
    assert environment.ready()


def test_without_a_network_the_sentence_says_so(environment, put_uv, monkeypatch):
    monkeypatch.setattr("scripts.environment.uv", lambda: None)
    monkeypatch.setattr("scripts.installer.uv", lambda: None)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(SetupError, match=r"package index does not answer\. Connect to the network"):
        environment.prepare(ProgressPrinter())
    assert not environment.ready()


def test_uv_is_followed_by_pip_when_it_fails(environment, put_uv, capsys, monkeypatch):
    put_uv("echo 'error: something about mirrors'; exit 2")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    (environment.root / "requirements.lock").write_text("")
    with pytest.raises(SetupError):
        environment.prepare(ProgressPrinter())
    assert "trying pip" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_gets_one_sentence(environment, missing, monkeypatch):
    monkeypatch.setattr("scripts.environment.uv", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else name)
    with pytest.raises(SetupError, match=f"its module {missing} is missing. On Debian or Ubuntu: apt install python3-venv"):
        environment.prepare(ProgressPrinter())
    assert not environment.folder.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_checkout_of_someone_else_gets_one_sentence(environment):
    environment.root.chmod(0o555)
    try:
        with pytest.raises(SetupError, match=r"no permission to write .* LMSKIT_VENV"):
            environment.prepare(ProgressPrinter())
    finally:
        environment.root.chmod(0o755)


def test_the_environment_can_be_in_another_folder(checkout, tmp_path, put_uv, monkeypatch):
    put_uv()
    monkeypatch.setenv("LMSKIT_VENV", str(tmp_path / "elsewhere"))
    environment = environment_of(checkout)
    environment.prepare(ProgressPrinter())
    assert environment == Environment(root=checkout, folder=tmp_path / "elsewhere")
    assert json.loads((tmp_path / "elsewhere" / "lmskit-environment.json").read_text())["python"]
    assert not (checkout / ".venv").exists()


def test_an_unknown_target_is_refused_with_the_list_of_targets(checkout):
    answer = subprocess.run([sys.executable, "bootstrap.py", "rum"], cwd=checkout, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "There is no target 'rum'. Targets: run, demo," in answer.stderr
    assert not (checkout / ".venv").exists()


def test_bootstrap_needs_nothing_but_the_standard_library():
    scripts = [
        path
        for path in (ROOT / "scripts").glob("*.py")
        if path.stem in {"bytecode", "environment", "exclusive", "gate", "installer", "lock", "progress", "targets"}
    ]
    assert len(scripts) == 8
    isolated = "import sys; sys.path.insert(0, sys.argv[1]); import scripts.targets"
    subprocess.run([sys.executable, "-I", "-S", "-c", isolated, ROOT], check=True)
