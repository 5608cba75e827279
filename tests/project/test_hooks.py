"""Hooks and the workflow run the project's own tools, and nothing that has to be downloaded first."""

import importlib.util
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]


def test_every_hook_is_local_and_runs_in_the_environment_of_the_project():
    assert [repository["repo"] for repository in HOOKS] == ["local"]
    assert {hook["language"] for hook in HOOKS[0]["hooks"]} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/python -") for hook in HOOKS[0]["hooks"])


def test_every_module_that_a_hook_runs_exists():
    modules = [match[1] for hook in HOOKS[0]["hooks"] if (match := re.search(r" -m ([\w.]+)", hook["entry"]))]
    assert modules
    assert not [module for module in modules if importlib.util.find_spec(module) is None]


def test_the_workflow_runs_what_everybody_can_run():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert workflow["permissions"] == {"contents": "read"}
