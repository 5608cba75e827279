"""No command of the documentation has a password on its line, where the history of the shell and the list of processes would show it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ON_THE_LINE = re.compile(
    r"postgres(?:ql)?://[^\s/@:`]+:[^\s@`]+@"
    r"|\b(?:PGPASSWORD|LMSKIT_SMTP_PASSWORD)=\S"
    r"|--(?:[a-z]+-)?password[= ](?!postgresql:|ADDRESS|EMAIL)[^\s`-]\S*"
    r"|[?&](?:ssl)?password=\S"
)


def test_no_documented_command_has_a_password_on_its_line():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "compose.yaml"]
    assert len(pages) > 10
    found = [
        f"{page.name}:{number}: {line.strip()}"
        for page in pages
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if ON_THE_LINE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "command",
    [
        "lmskit init postgresql://postgres:secret@db.example.org/lmskit",
        "PGPASSWORD=secret lmskit db upgrade",
        "export LMSKIT_SMTP_PASSWORD=secret",
        "lmskit sign-in ada@uni.example --password secret",
        "lmskit whoami 'postgresql://h/x?sslpassword=secret'",
    ],
)
def test_such_a_command_would_be_found(command):
    assert ON_THE_LINE.search(command)
