"""Documentation that cannot go stale: every command and target is documented, and no document names another."""

import re
from pathlib import Path

import pytest

from lmskit.cli.nouns import NOUNS, loaded
from scripts.commands import PAGE, page

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def commands(group: object, prefix: str) -> list[str]:
    """Every command below a group, as it is typed; hidden ones are left out."""
    found = []
    for name, command in getattr(group, "commands", {}).items():
        if command.hidden:
            continue
        found += commands(command, f"{prefix} {name}") if hasattr(command, "commands") else [f"{prefix} {name}"]
    return found


def all_commands() -> list[str]:
    return [command for noun in NOUNS for command in (commands(loaded(noun), f"lmskit {noun}") or [f"lmskit {noun}"])]


def test_the_page_of_commands_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m scripts.commands"


@pytest.fixture(scope="module")
def documentation() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def test_every_command_is_documented(documentation):
    found = all_commands()
    assert found
    assert not [command for command in found if not re.search(rf"{re.escape(command)}\b", documentation)]


def test_no_message_advises_a_command_that_does_not_exist():
    known = {tuple(command.split()) for command in all_commands()}
    advised = {
        tuple(words)
        for path in (ROOT / "lmskit").rglob("*.py")
        for words in re.findall(rf"(lmskit) ({'|'.join(NOUNS)}) ([a-z]+(?:-[a-z]+)*)", path.read_text(encoding="utf-8"))
        if len([command for command in known if command[:2] == tuple(words[:2])]) > 1
    }
    assert advised
    assert advised <= known


def test_documents_name_no_command_that_does_not_exist(documentation):
    known = all_commands()
    groups = {" ".join(command.split()[:2]) for command in known}
    named = set(re.findall(r"(?m)(?:^|`)\s*\$?\s*(lmskit [a-z][a-z-]*(?: [a-z][a-z-]*(?![\w./-]))?)", documentation))
    unknown = {text for text in named if text not in known and text not in groups and " ".join(text.split()[:2]) not in known}
    assert not unknown


def test_every_target_of_bootstrap_is_one_of_make():
    from scripts.targets import TARGETS

    [line] = re.findall(r"(?m)^TARGETS = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert sorted(line.split()) == sorted(TARGETS)


def test_every_target_is_documented():
    from scripts.targets import TARGETS

    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in TARGETS if f"make {name}" not in text]


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "GLOSSARY.md", "CHANGELOG.md"])
def test_links_between_documents_lead_to_a_file(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [
        target.split("#")[0]
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in target and not target.startswith(("#", "mailto:"))
    ]
    assert not [target for target in targets if not (ROOT / target).exists()]
