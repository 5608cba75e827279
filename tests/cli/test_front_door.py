"""The command line as a whole, each command in a process and a home of its own."""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.cli.asking import asked, confirmed
from lmskit.cli.messages import message_for
from lmskit.cli.nouns import MODULES, NOUNS, loaded
from lmskit.cli.printing import print_line
from lmskit.errors import CourseNotFoundError
from lmskit.settings import PROJECT_ROOT

SLOW = ("sqlalchemy", "pandas", "numpy", "alembic", "psycopg", "plotly", "jupyterlab", "ipywidgets", "papermill", "nbconvert", "pydantic")


class StoppedInput(io.StringIO):
    """Input of a person who presses Ctrl-C instead of typing a line."""

    def readline(self, *_size):
        raise KeyboardInterrupt


def lmskit(*arguments, home, **variables):
    return in_a_process("-m", "lmskit", *arguments, home=home, **variables)


def in_a_process(*arguments, home, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    environment |= {"LMSKIT_HOME": str(home), "LMSKIT_REPORTS_DIR": str(home / "reports"), **variables}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=180
    )


@pytest.fixture(scope="module")
def home():
    """A home with nothing in it, whose server is stopped at the end; in a folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="lmskit-front-door-") as made:
        yield Path(made)
        lmskit("db", "stop", home=Path(made))


def test_help_names_every_noun_and_imports_nothing_slow():
    program = (
        "import sys; from typer.testing import CliRunner; from lmskit.cli import app;"
        " print(CliRunner().invoke(app, ['--help']).stdout); print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout
    text, _, modules = out.partition("LOADED")
    assert all(re.search(rf"\b{noun}\b", text) for noun in NOUNS)
    assert not set(SLOW) & set(modules.split())


def test_the_version_imports_nothing_slow():
    program = (
        "import sys; from typer.testing import CliRunner; from lmskit.cli import app;"
        " CliRunner().invoke(app, ['--version']); print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout.split()
    assert not {*SLOW, "rich", "lmskit.settings", "lmskit.db"} & set(modules)


def test_a_list_imports_no_data_frames():
    """All lists in one process: what none of them imports, each of them does without."""
    nouns = ("course", "enrollment", "login", "mail", "quiz", "audit", "term")
    program = f"import sys; from lmskit.cli.nouns import loaded; [loaded(noun, 'list') for noun in {nouns}]; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout.split()
    assert {f"lmskit.cli.{noun}" for noun in nouns} <= set(modules)
    assert not {"pandas", "numpy", "pyarrow", "alembic", "plotly"} & set(modules)


def test_a_small_list_knows_only_its_own_tables():
    program = "import sys; from lmskit.cli.nouns import loaded; loaded('course', 'list'), loaded('term', 'list'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout.split()
    assert not {"rich", "jinja2", "scipy", "openpyxl", "lmskit.models.material", "lmskit.models.operations"} & set(modules)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_a_command(noun):
    assert loaded(noun).name == noun
    assert all(module.startswith("lmskit.cli.") for module in MODULES[noun])


def test_help_has_a_short_spelling_everywhere_and_excludes_no_word_of_a_search():
    for arguments in (["-h"], ["import", "-h"], *([noun, "-h"] for noun in ("course", "doctor")), ["material", "search", "-h"]):
        shown = CliRunner().invoke(app, arguments)
        assert (shown.exit_code, "Usage: lmskit" in shown.output or "Usage: root" in shown.output) == (0, True), arguments


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("cou",), {"course"}),
        (("course", ""), {"list", "show", "create"}),
        (("course", "list", "--fo"), {"--format"}),
        (("course", "list", "--format", ""), {"table", "csv", "json"}),
    ],
)
def test_bash_completes_nouns_verbs_options_and_values(home, typed, offered):
    script = (
        'lmskit() { "$PYTHON" -m lmskit "$@"; }; export -f lmskit; eval "$(lmskit completion bash)"; '
        'COMP_WORDS=(lmskit "$@"); COMP_CWORD=$#; _lmskit_completion "$0"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "LMSKIT_HOME": str(home)}
    program = home / "lmskit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lmskit "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script, program, *typed], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) >= offered
    assert done.stderr == ""


@pytest.mark.parametrize(("shell", "words"), [("zsh", "#compdef lmskit"), ("fish", "complete --command lmskit")])
def test_other_shells_get_their_own_script(shell, words):
    assert CliRunner().invoke(app, ["completion", shell]).stdout.startswith(words)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to another process")
def test_ctrl_c_says_what_was_done(home):
    program = (
        "import os, signal, sys; import lmskit.cli.term as term; from lmskit.cli import run;"
        " term.snapshot = lambda: os.kill(os.getpid(), signal.SIGINT); run(['term', 'list'])"
    )
    stopped = in_a_process("-c", program, home=home)
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert stopped.stderr.strip().startswith("Stopped. What the command reported as done is done;")


@pytest.mark.parametrize("ask", [lambda: asked("Family name", instead="--family-name NAME"), lambda: confirmed("Go on?", instead="--yes")])
def test_ctrl_c_at_a_question_is_no_answer(monkeypatch, ask):
    monkeypatch.setattr(sys, "stdin", StoppedInput())
    with pytest.raises(KeyboardInterrupt):
        ask()


def test_one_meaning_has_one_spelling():
    """A spelling that another option of the same meaning has, too, is hidden: it was released, and stays."""
    retired = {"--family": "--family-name", "--given": "--given-name"}
    found: dict[str, set[str]] = {}
    for noun in NOUNS:
        command = loaded(noun)
        for verb, called in getattr(command, "commands", {"": command}).items():
            for parameter in called.params:
                if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
                    for spelling in parameter.opts:
                        found.setdefault(spelling, set()).add(f"{noun} {verb}")
    assert not retired.keys() & found.keys()
    assert not [spelling for spelling in found if "_" in spelling or not spelling.startswith("--")]
    synonyms = (
        {"--dry-run", "--preview", "--simulate"},
        {"--yes", "--force", "--assume-yes"},
        {"--all", "--everything"},
        {"--limit", "--top", "--max-rows"},
        {"--family-name", "--last-name", "--surname"},
        {"--given-name", "--first-name"},
        {"--email", "--mail", "--address"},
    )
    assert [names & found.keys() for names in synonyms if len(names & found.keys()) > 1] == []


def test_a_bug_has_no_message():
    assert message_for(ValueError("a bug")) is None
    assert message_for(CourseNotFoundError(course="X"))


def test_an_unknown_noun_is_answered_with_the_most_similar(home):
    result = lmskit("cours", home=home)
    assert result.returncode == 2
    assert "Did you mean 'course'?" in result.stderr


def test_a_database_that_is_not_there_is_one_sentence(home):
    result = lmskit("course", "list", home=home, LMSKIT_DATABASE_URL="postgresql://nobody@127.0.0.1:9/lmskit")
    assert (result.returncode, result.stdout) == (1, "")
    assert "cannot be reached" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.long
def test_from_an_empty_home_to_a_demonstration_and_back_after_losing_the_passwords(home):
    first = lmskit("demo", "--students", "12", "--no-reports", home=home)
    assert first.returncode == 0, first.stderr
    assert first.stdout.count("password: ") == 3
    assert "all simulated" in first.stdout

    second = lmskit("demo", "--students", "12", "--no-reports", home=home)
    assert "The demonstration people exist already." in second.stdout
    assert "Simulating" not in second.stdout
    assert float(re.findall(r"([\d.]+) s  To look around", second.stdout)[0]) < 5

    passwords = home / "pgpass"
    kept = passwords.read_text().splitlines(keepends=True)
    passwords.write_text("".join(line for line in kept if ":u_" not in line))
    lost = lmskit("seed", home=home)
    assert (lost.returncode, lost.stderr.count("\n")) == (1, 1)
    assert "lmskit seed --reset-passwords" in lost.stderr
    found = in_a_process("scripts/seed_db.py", "--reset-passwords", home=home)
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("password: ") == 3
    assert "SIM-PROG-2026B" in lmskit("course", "list", home=home).stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("db", "status"),
        pytest.param(("course", "--help"), marks=pytest.mark.long),
        pytest.param(("doctor",), marks=pytest.mark.long),
    ],
    ids=" ".join,
)
def test_a_full_disk_behind_the_output_is_one_sentence(home, arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lmskit", *arguments],
            env=environment | {"LMSKIT_HOME": str(home)}, cwd=PROJECT_ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The output cannot be written: No space left on device.")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes an output")
def test_an_output_that_is_closed_gets_no_complaint(home):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m lmskit db status >&-', sys.executable],
        env=environment | {"LMSKIT_HOME": str(home)}, cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("--help",), ("db", "status"), pytest.param(("doctor",), marks=pytest.mark.long)], ids=" ".join)
def test_a_reader_that_has_gone_away_gets_no_complaint(home, arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "lmskit", *arguments],
        env=environment | {"LMSKIT_HOME": str(home)}, cwd=PROJECT_ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


LONG = Path("/a-folder-with-a-rather-long-name") / "and-another-one-inside-it" / "which-goes-on-and-on-and-on" / "to-a-file"


def test_a_path_stays_whole_in_a_log(tmp_path, capfd):
    path = tmp_path / LONG.relative_to("/")
    path.parent.mkdir(parents=True)
    path.touch()
    refused = lmskit("report", "build", "--term", "2026B", "--output", str(path), home=tmp_path)
    assert refused.returncode == 2
    assert f"Error: Invalid value for '--output': dir '{path}' is a file.\n" in refused.stderr
    print_line(f"The file is in {LONG}{LONG}{LONG}")
    assert capfd.readouterr().out == f"The file is in {LONG}{LONG}{LONG}\n"
