"""Tests change nothing outside, whatever the environment of the person who runs them says."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lmskit.settings import Settings, variable_of
from tests.variables import of_the_person

ROOT = Path(__file__).resolve().parents[2]
MAIL = "tests/cli/test_mail.py::test_a_watch_sends_new_messages_and_stops_with_none_under_way"
NOTEBOOK = "notebooks/admin/outbox.ipynb"


@pytest.fixture
def servers():
    """A mail server and a database server of the operator, which would accept a connection."""
    with socket.socket() as mail, socket.socket() as database:
        for server in (mail, database):
            server.bind(("127.0.0.1", 0))
            server.listen()
            server.setblocking(False)
        yield mail, database


@pytest.fixture
def operator(servers, tmp_path):
    """The variables of an operator: every setting of lmskit, and what libpq reads."""
    mail, database = (str(server.getsockname()[1]) for server in servers)
    settings = {
        "LMSKIT_BACKUPS": str(tmp_path / "backups"),
        "LMSKIT_BACKUP_IDENTITY_FILE": str(tmp_path / "backup-identity"),
        "LMSKIT_BACKUP_RECIPIENTS": "age1canary",
        "LMSKIT_CANVAS_COURSES": "CS101",
        "LMSKIT_CANVAS_TOKEN": "secret",
        "LMSKIT_CANVAS_TOKEN_FILE": str(tmp_path / "canvas-token"),
        "LMSKIT_CANVAS_URL": f"http://127.0.0.1:{mail}",
        "LMSKIT_CRAWL_CONTACT": "https://example.org/lmskit",
        "LMSKIT_CRAWL_NETWORKS": "10.20.0.0/16",
        "LMSKIT_DATABASE_URL": f"postgresql://127.0.0.1:{database}/lmskit",
        "LMSKIT_EMBEDDER": "institute.model:Own",
        "LMSKIT_EMBEDDING_DIMENSION": "3",
        "LMSKIT_EMBEDDING_KEY": "secret",
        "LMSKIT_EMBEDDING_KEY_FILE": str(tmp_path / "embedding-key"),
        "LMSKIT_EMBEDDING_MODEL": "small",
        "LMSKIT_EMBEDDING_TIMEOUT": "2",
        "LMSKIT_EMBEDDING_URL": f"http://127.0.0.1:{mail}/v1",
        "LMSKIT_HOME": str(tmp_path / "home"),
        "LMSKIT_LEAKPROOF_BUILTINS": "keep",
        "LMSKIT_LOCK_TIMEOUT": "1",
        "LMSKIT_MAIL_DIR": str(tmp_path / "mail"),
        "LMSKIT_MAIL_FROM": "Courses <courses@example.org>",
        "LMSKIT_MATERIAL_STORE": str(tmp_path / "materials"),
        "LMSKIT_MOODLE_COURSES": "CS101",
        "LMSKIT_MOODLE_TOKEN": "secret",
        "LMSKIT_MOODLE_TOKEN_FILE": str(tmp_path / "moodle-token"),
        "LMSKIT_MOODLE_URL": f"http://127.0.0.1:{mail}",
        "LMSKIT_PASSWORD_FILE": str(tmp_path / "password"),
        "LMSKIT_PERSON": "operator@example.org",
        "LMSKIT_POSTGRES_VERSION": "16",
        "LMSKIT_PROJECT_ROOT": str(tmp_path / "checkout"),
        "LMSKIT_REPORTS_DIR": str(tmp_path / "reports"),
        "LMSKIT_RETENTION_AUDIT": "400",
        "LMSKIT_RETENTION_IMPORTS": "30",
        "LMSKIT_RETENTION_MESSAGES": "30",
        "LMSKIT_RETENTION_STUDENTS": "30",
        "LMSKIT_SIGN_IN_FILE": str(tmp_path / "sign-in"),
        "LMSKIT_SMTP_HOST": "127.0.0.1",
        "LMSKIT_SMTP_PASSWORD": "secret",
        "LMSKIT_SMTP_PASSWORD_FILE": str(tmp_path / "smtp-password"),
        "LMSKIT_SMTP_PORT": mail,
        "LMSKIT_SMTP_SECURITY": "none",
        "LMSKIT_SMTP_TIMEOUT": "2",
        "LMSKIT_SMTP_USER": "operator",
        "LMSKIT_WORKSPACE": str(tmp_path / "workspace"),
    }
    libpq = {
        "PGDATABASE": "production",
        "PGHOST": "127.0.0.1",
        "PGOPTIONS": "-c statement_timeout=1",
        "PGPASSWORD": "secret",
        "PGPORT": database,
        "PGSERVICE": "production",
        "PGSERVICEFILE": str(tmp_path / "services"),
        "PGSYSCONFDIR": str(tmp_path),
        "PGUSER": "operator",
    }
    assert set(map(variable_of, Settings.model_fields)) <= (settings | libpq).keys(), "a setting is missing here"
    return settings | libpq | {"LMSKIT_PICTURES": str(tmp_path / "pictures")}


def connections(server: socket.socket) -> int:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return 0
    return 1


@pytest.mark.parametrize("part", [MAIL, pytest.param(NOTEBOOK, marks=pytest.mark.long)])
def test_mail_and_data_of_tests_stay_in_their_own_folder(part, operator, servers, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", part, "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=ROOT, env=kept | operator, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert [connections(server) for server in servers] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_only_variables_about_tests_are_left():
    assert set(filter(of_the_person, os.environ)) <= {"LMSKIT_HOME", "LMSKIT_POSTGRES_VERSION"}, "what the tests themselves set"
