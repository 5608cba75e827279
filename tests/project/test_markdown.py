"""Markdown has one sentence a line, so that a change of a sentence is a change of a line."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    name
    for name in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    if name != "docs/commands.md"  # generated from the help of the commands
]
NEXT_SENTENCE = re.compile(r"(?<=[\w)`*\]\"][.!?]) (?=[A-Z`*\[])|(?<=[.!?]\*\*) (?=[A-Z`*\[])")
ABBREVIATION = re.compile(r"(?:\bNo|\be\.g|\bi\.e|\b[A-Z])\.$")
NOT_PROSE = ("|", "#", "<", "!", "```")


def sentences_on_one_line(text: str) -> list[str]:
    """The lines of prose with more than one sentence; tables, headings and code are not prose."""
    found, in_code = [], False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        if in_code or line.lstrip().startswith(NOT_PROSE):
            continue
        for match in NEXT_SENTENCE.finditer(line):
            before = line[: match.start()]
            within = before.count("`") % 2 or before.count("(") > before.count(")")
            if not within and not ABBREVIATION.search(before) and not re.fullmatch(r"\s*\d+\.", before):
                found.append(line)
                break
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_line_has_one_sentence(document):
    assert not sentences_on_one_line((ROOT / document).read_text(encoding="utf-8"))


def test_two_sentences_on_a_line_are_found():
    assert sentences_on_one_line("One sentence. Another one.\n- **Bold.** And more.\n") == [
        "One sentence. Another one.",
        "- **Bold.** And more.",
    ]
    assert sentences_on_one_line("| a cell. Another | \n1. First, e.g. `a. B` (see there. There) is one\n```\nA. B\n```\n") == []
