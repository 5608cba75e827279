"""pyproject.toml, requirements.lock and environment.yml agree, and the lock names no host."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

ENTRIES = [Requirement(line.removesuffix(" \\")) for line in LOCK.splitlines() if re.match(r"[A-Za-z0-9]", line)]
DEPENDENCIES = [
    Requirement(text)
    for text in [
        *PYPROJECT["project"]["dependencies"],
        *chain.from_iterable(PYPROJECT["project"]["optional-dependencies"].values()),
        *PYPROJECT["dependency-groups"]["dev"],
        *PYPROJECT["build-system"]["requires"],
    ]
]


def locked(requirement: Requirement, python: str) -> list[Version]:
    """The versions of a package in the lock that an installer takes on Linux with this Python."""
    system = {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux", "platform_system": "Linux"}
    return [
        Version(str(entry.specifier).removeprefix("=="))
        for entry in ENTRIES
        if canonicalize_name(entry.name) == canonicalize_name(requirement.name) and (entry.marker is None or entry.marker.evaluate(system))
    ]


@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize("requirement", DEPENDENCIES, ids=str)
def test_the_lock_has_one_version_of_each_dependency_and_it_satisfies_pyproject(requirement, python):
    versions = locked(requirement, python)
    assert len(versions) == 1, f"{requirement} is {versions} in requirements.lock; write it again: make lock"
    assert requirement.specifier.contains(versions[0], prereleases=True)


def test_every_entry_of_the_lock_is_pinned_and_has_hashes():
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCK)[1:]
    assert len(blocks) == len(ENTRIES)
    for block in blocks:
        assert re.match(r"[\w.-]+(\[[\w,.-]+\])?==\S+", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_lock_names_no_host_and_no_file():
    assert not re.findall(r"(?m)^\s*(?:--(?!hash).*|.*://.*|.*\bfile:.*|.* @ .*)$", LOCK)


def test_the_lock_holds_only_dependencies():
    because = {line.strip() for line in re.findall(r"(?m)^ +# +(?:via )?(.*)$", LOCK)} - {"via"}
    names = {canonicalize_name(entry.name) for entry in ENTRIES}
    direct = {reason for reason in because if "(pyproject.toml" in reason}
    assert direct
    assert {canonicalize_name(Requirement(reason).name) for reason in because - direct} <= names


def test_conda_users_get_the_oldest_python_that_is_promised_and_the_lock():
    pinned = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    assert pinned == [f"python={_oldest_python()}", "pip"]
    assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-r requirements.lock"]}


def test_tools_and_bootstrap_agree_on_the_oldest_python():
    assert PYPROJECT["tool"]["mypy"]["python_version"] == _oldest_python()
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + _oldest_python().replace(".", "")
    assert f"sys.version_info < ({_oldest_python().replace('.', ', ')})" in (ROOT / "bootstrap.py").read_text(encoding="utf-8")


def test_nothing_is_built_while_installing():
    """Every package comes ready-made, so no compiler is needed: both installers get the same argument."""
    assert '"--only-binary", ":all:"' in (ROOT / "scripts" / "environment.py").read_text(encoding="utf-8")


def _oldest_python() -> str:
    specifier = SpecifierSet(PYPROJECT["project"]["requires-python"])
    [oldest] = [clause for clause in specifier if clause.operator == ">="]
    return oldest.version
