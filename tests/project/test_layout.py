"""Rules about files that no linter knows."""

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lmskit"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_READ_THE_ENVIRONMENT = {
    "settings.py",  # the one reader
}

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base_utils"}

MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:work|root|farm|home/\w+|tmp/(?!(?:pictures|numba|lmskit|evil)\b)\w+|opt/(?!(?:lmskit|lms|tools)\b)\w+|Users/\w+)"
    r"(?=[/\s\"'`)]|$)"
)
REGISTRY = re.compile(
    r"(?:pypi\.org|pythonhosted\.org|anaconda\.(?:org|com)|registry\.npmjs|extra-index-url|--index-url|--find-links)", re.IGNORECASE
)

TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".sh",
    ".yaml",
    ".lock",
    ".ini",
    ".sql",
    ".mako",
    ".ipynb",
    ".html",
    ".j2",
    ".js",
    ".css",
    ".cfg",
    ".json",
    ".txt",
    "",
}


def test_only_the_settings_read_the_environment():
    readers = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in MODULES
        if path.relative_to(PACKAGE).as_posix() not in MAY_READ_THE_ENVIRONMENT
        for line in reads_of_the_environment(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not readers


@pytest.mark.parametrize(
    "program", ["os.getenv('A')", "os.environ['A']", "os.environ.get('A')", "'A' in os.environ", "from os import environ"]
)
def test_a_read_of_the_environment_is_noticed(program):
    assert reads_of_the_environment(ast.parse(program))


@pytest.mark.parametrize(
    "program", ["os.environ['A'] = 'b'", "del os.environ['A']", "run(x, env=os.environ | {'A': 'b'})", "os.environ.items()"]
)
def test_setting_a_variable_and_handing_all_on_to_a_child_are_not_reads(program):
    assert not reads_of_the_environment(ast.parse(program))


def reads_of_the_environment(program: ast.AST) -> list[int]:
    """Lines where a module asks for a variable by its name."""
    return [node.lineno for node in ast.walk(program) if isinstance(node, ast.stmt | ast.expr) and asks_for_a_variable(node)]


def asks_for_a_variable(node: ast.AST) -> bool:
    match node:
        case ast.ImportFrom(module="os", names=names):
            return bool({alias.name for alias in names} & {"environ", "getenv"})
        case ast.Attribute(value=ast.Name(id="os"), attr="getenv"):
            return True
        case ast.Attribute(value=value, attr="get" | "pop" | "setdefault"):
            return is_the_environment(value)
        case ast.Subscript(value=value, ctx=ast.Load()):
            return is_the_environment(value)
        case ast.Compare(comparators=comparators):
            return any(map(is_the_environment, comparators))
    return False


def is_the_environment(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os" and node.attr == "environ"


def test_modules_are_named_by_their_subject(project_files):
    python = [path for path in project_files if path.suffix == ".py"]
    assert python
    assert not [path for path in python if NAMES_THAT_SAY_NOTHING & {path.stem, path.parent.name}]


def test_no_file_names_a_path_of_one_machine_or_a_package_registry(project_files):
    found = []
    for path in project_files:
        if path.suffix not in TEXT or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINE_PATH.search(line) or (REGISTRY.search(line) and "--no-emit" not in line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


@pytest.mark.parametrize(
    "line", ["cd /home/someone/checkout", "'/root/.venv'", "see /home/someone/x", "in /tmp/notes", "/opt/mirror/x.whl"]
)
def test_a_path_of_one_machine_is_noticed(line):
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize("line", ["reports/work/x", "homework/week1", "https://example.org/home", "/opt/lmskit/bin"])
def test_an_ordinary_path_is_accepted(line):
    assert not MACHINE_PATH.search(line)


def test_modules_stay_short_enough_to_read():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {path: length for path, length in lengths.items() if length > 400}


def test_every_module_says_what_it_is_for():
    assert not [path.relative_to(ROOT).as_posix() for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_no_benchmark_starts_a_server_in_a_persons_home():
    """It would make one there, or measure among their rows."""
    programs = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")}
    starting = {name for name, program in programs.items() if "server.start()" in program}
    assert "audit.py" in starting
    assert {name for name in starting if "from benchmarks.scratch import" not in programs[name]} - {"scratch.py"} == set()


def test_the_changelog_has_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.search(rf"(?m)^## {re.escape(project['version'])}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def test_the_version_is_the_same_in_the_package(project_files):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f'__version__ = "{project["version"]}"' in (PACKAGE / "__init__.py").read_text(encoding="utf-8")


def test_programs_that_are_called_by_name_may_be_executed():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_access_of_the_process_is_the_only_rebound_global():
    """Who a query runs as is decided in one object (lmskit/db/access.py); no module keeps state of its own beside it."""
    rebound = {
        f"{path.relative_to(PACKAGE).as_posix()}: {name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Global)
        for name in node.names
    }
    assert rebound == {"db/access.py: _of_this_process"}


@pytest.mark.parametrize("path", ["env/.env", ".env", ".venv/bin/python", "reports/2026B/index.html"])
def test_secrets_and_what_is_made_here_are_not_committed(path):
    assert subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0
