"""What `lmskit service print` writes: the units and lines are checked, and each of their commands is run as systemd or cron would."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lmskit.backups.repository import FolderRepository
from lmskit.cli import app, scheduled_job, service
from lmskit.cli.scheduled_job import JOBS, DailyAt, ScheduledJob
from lmskit.db import roles
from lmskit.db.passfile import find_password
from lmskit.settings import DEMO_ADMIN
from tests.reliability.mail_server import MailServer

WITHOUT_SETTINGS = [job for job in JOBS if not job.needs]
ANALYZE = shutil.which("systemd-analyze")
SECRETS = {"address": "canary-address", "PGPASSWORD": "canary-libpq", "LMSKIT_SMTP_PASSWORD": "canary-smtp"}
SECRETS |= {"LMSKIT_MOODLE_TOKEN": "canary-moodle", "LMSKIT_CANVAS_TOKEN": "canary-canvas"}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither systemd nor cron")


@pytest.fixture
def printed(configure, monkeypatch, tmp_path):
    """Run the command as a person with these variables, and return the files it wrote."""

    def run(folder, *options, home=tmp_path, **variables):
        monkeypatch.setenv("HOME", str(home))
        for name in ("XDG_CONFIG_HOME", "SSL_CERT_FILE"):
            monkeypatch.delenv(name, raising=False)
        configure(LMSKIT_HOME=str(home), **variables)
        answer = CliRunner().invoke(app, ["service", "print", *options, "--into", str(folder)])
        assert answer.exit_code == 0, answer.stderr
        assert sorted(answer.stdout.splitlines()) == sorted(map(str, folder.iterdir()))
        return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    return run


def settings_of(unit: str) -> list[tuple[str, str]]:
    """The settings of a unit; every line of it is a section, a comment or a setting."""
    lines = [line for line in unit.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=.*", line) for line in lines), lines
    return [(name, value) for name, found, value in (line.partition("=") for line in lines) if found]


def as_systemd(unit: str, folders: dict[str, Path]) -> tuple[list[str], dict[str, str]]:
    """The words and the environment with which systemd runs the command of a unit."""

    def expanded(text: str) -> str:
        return re.sub("%(.)", lambda found: "%" if found[1] == "%" else str(folders[found[1]]), text)

    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    words: list[str] = []
    for name, value in settings_of(unit):
        if name == "ExecStart":
            words = [word.replace("$$", "$") for word in shlex.split(expanded(value))]
        elif name == "Environment":
            environment |= dict(word.split("=", 1) for word in shlex.split(expanded(value)))
        elif name == "StateDirectory":
            (folders["S"] / value).mkdir(parents=True, exist_ok=True)
        elif name == "LoadCredential":
            key, _, path = expanded(value).partition(":")
            folders["d"].mkdir(exist_ok=True)
            shutil.copy(path, folders["d"] / key)
    for name, value in settings_of(unit):
        if name == "EnvironmentFile":
            environment |= variables_in(Path(expanded(value)).read_text(encoding="utf-8"))
    return words, environment


def variables_in(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(text, comments=True))


def checked(folder, *options):
    """Have systemd itself read the units."""
    if ANALYZE is None:
        pytest.skip("systemd is not installed here")
    runtime = folder.parent / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    files = sorted(map(str, [*folder.glob("*.service"), *folder.glob("*.timer")]))
    answer = subprocess.run(
        [ANALYZE, *options, *files], env=os.environ | {"XDG_RUNTIME_DIR": str(runtime)}, capture_output=True, text=True, check=False
    )
    # Of other units of the machine, systemd has something to say as well.
    about_ours = [line for line in answer.stderr.splitlines() if "lmskit" in line]
    assert (answer.returncode, about_ours) == (0, []), answer.stderr + answer.stdout


@pytest.fixture
def external(tmp_path):
    """The settings of an operator with passwords wherever they may be."""
    return {
        "LMSKIT_DATABASE_URL": f"postgresql://ada:{SECRETS['address']}@db.example.org/lmskit?sslmode=verify-full",
        "LMSKIT_SMTP_HOST": "mail.example.org",
        "LMSKIT_SMTP_USER": "courses",
        "LMSKIT_SMTP_PASSWORD": SECRETS["LMSKIT_SMTP_PASSWORD"],
        "LMSKIT_MAIL_FROM": "Courses of 'our' 100 % <courses@example.org>",
        "PGPASSWORD": SECRETS["PGPASSWORD"],
        "LMSKIT_MOODLE_URL": "https://moodle.example.org",
        "LMSKIT_MOODLE_COURSES": "CS101,CS102=CS-102-2026",
        "LMSKIT_MOODLE_TOKEN": SECRETS["LMSKIT_MOODLE_TOKEN"],
        "LMSKIT_CANVAS_URL": "https://canvas.example.org",
        "LMSKIT_CANVAS_COURSES": "CS101",
        "LMSKIT_CANVAS_TOKEN": SECRETS["LMSKIT_CANVAS_TOKEN"],
        "LMSKIT_PERSON": DEMO_ADMIN,
    }


@pytest.mark.parametrize("options", [(), ("--user",), ("--cron",)])
def test_no_password_is_written(options, external, printed, tmp_path):
    files = printed(tmp_path / "files", *options, **external)
    for name, text in files.items():
        assert not [secret for secret in SECRETS.values() if secret in text], name
    variables = variables_in(files["mail.env"])
    assert variables["LMSKIT_MAIL_FROM"] == external["LMSKIT_MAIL_FROM"]
    if options:
        assert variables["LMSKIT_DATABASE_URL"] == "postgresql://ada@db.example.org/lmskit?sslmode=verify-full"
        assert variables["LMSKIT_PASSWORD_FILE"].endswith("/lmskit/mail.password")
        assert variables["LMSKIT_SMTP_PASSWORD_FILE"].endswith("/lmskit/smtp.password")
        assert variables_in(files["sync.env"])["LMSKIT_MOODLE_TOKEN_FILE"].endswith("/lmskit/sync.token")
        assert variables_in(files["sync-canvas.env"])["LMSKIT_CANVAS_TOKEN_FILE"].endswith("/lmskit/sync-canvas.token")
    else:
        assert variables["LMSKIT_DATABASE_URL"] == "postgresql://lmskit_dispatcher@db.example.org/lmskit?sslmode=verify-full"
        assert "LMSKIT_PERSON" not in variables
        assert "LoadCredential=token:%E/lmskit/sync.token" in files["lmskit-sync.service"]
        assert "Environment=LMSKIT_MOODLE_TOKEN_FILE=%d/token" in files["lmskit-sync.service"]
        assert "LoadCredential=token:%E/lmskit/sync-canvas.token" in files["lmskit-sync-canvas.service"]
        of_moodle, of_canvas = (variables_in(files[f"{name}.env"]) for name in ("sync", "sync-canvas"))
        assert (of_moodle["LMSKIT_MOODLE_COURSES"], of_canvas["LMSKIT_CANVAS_COURSES"]) == ("CS101,CS102=CS-102-2026", "CS101")
        assert not [name for name in of_moodle if "CANVAS" in name] + [name for name in of_canvas if "MOODLE" in name]
        assert variables_in(files["mastery.env"]) == {
            "LMSKIT_DATABASE_URL": "postgresql://db.example.org/lmskit?sslmode=verify-full",
            "LMSKIT_PERSON": DEMO_ADMIN,
        }


def test_systemd_reads_the_units_and_finds_those_of_the_system_well_enclosed(external, printed, tmp_path):
    printed(tmp_path / "system", **external)
    checked(tmp_path / "system", "verify", "--recursive-errors=no")
    for job in JOBS:
        (only := tmp_path / job.name).mkdir()
        shutil.copy(tmp_path / "system" / f"lmskit-{job.name}.service", only)
        checked(only, "security", "--offline=yes", "--threshold=25", "--no-pager")


def test_systemd_reads_the_units_of_a_person_whose_home_has_blanks_and_percent_signs(printed, tmp_path):
    home = tmp_path / "a home, 100 %"
    files = printed(tmp_path / "user", "--user", home=home)
    assert "Requires=lmskit-database.service" in files["lmskit-mail.service"]
    assert variables_in(files["mail.env"]) == {"LMSKIT_HOME": str(home)}
    assert f"EnvironmentFile={home}/.config/lmskit/mail.env".replace("%", "%%") in files["lmskit-mail.service"]
    checked(tmp_path / "user", "verify", "--user", "--recursive-errors=no")


@pytest.mark.parametrize(("where", "kept"), [("/srv/backups", False), ("s3://bucket/backups", True)])
def test_a_service_of_the_system_keeps_backups_in_its_own_folder_or_in_a_bucket(external, printed, tmp_path, *, where, kept):
    files = printed(tmp_path / "files", **external, LMSKIT_BACKUPS=where)
    variables = variables_in(files["backup.env"])
    assert ("LMSKIT_BACKUPS" in variables) is kept
    assert variables["LMSKIT_DATABASE_URL"] == "postgresql://lmskit_backup@db.example.org/lmskit?sslmode=verify-full"
    assert "LMSKIT_PERSON" not in variables
    cron = printed(tmp_path / "cron", "--cron", **external, LMSKIT_BACKUPS=where)
    assert variables_in(cron["backup.env"])["LMSKIT_BACKUPS"] == where


def test_a_further_job_is_one_line(monkeypatch, tmp_path, configure, capsys):
    configure(LMSKIT_HOME=str(tmp_path), LMSKIT_DATABASE_URL="postgresql://db.example.org/lmskit")
    monkeypatch.setattr(service, "JOBS", (*scheduled_job.JOBS, ScheduledJob("fit", "Fit", ("knowledge", "fit"), at=DailyAt(2, 5))))
    service.print_files(cron=True)
    service.print_files(["fit"])
    out = capsys.readouterr().out
    assert re.search(r"^5 2 \* \* \* out=.* knowledge fit 2>&1", out, re.MULTILINE)
    assert "##### lmskit-fit.timer" in out
    assert "OnCalendar=*-*-* 02:05:00" in out


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "sentence"),
    [
        ((), {}, 1, "The embedded server is a person's own, which services of the system cannot use."),
        (
            ("post",),
            {"LMSKIT_DATABASE_URL": "postgresql://db.example.org/lmskit"},
            1,
            "There is no job 'post'. Choose from: mail, backup, mastery",
        ),
        (("sync", "--user"), {}, 1, "The job 'sync' needs LMSKIT_MOODLE_URL and LMSKIT_MOODLE_COURSES."),
        (("--user", "--cron"), {}, 2, "Choose --user or --cron."),
        (("--user", "--into", __file__), {}, 1, "The files cannot be written to"),
    ],
)
def test_a_mistake_is_named(configure, tmp_path, *, arguments, variables, status, sentence):
    configure(LMSKIT_HOME=str(tmp_path), **variables)
    answer = CliRunner().invoke(app, ["service", "print", *arguments])
    assert answer.exit_code == status
    assert sentence in answer.stderr


# The commands are run ------------------------------------------------------------------------------------------

STUDENTS = ("first", "second", "third", "fourth")


@pytest.fixture
def jobs_home(operators_home):
    """The home of a person with the passwords of the operator's; what jobs write is gone with it."""
    with tempfile.TemporaryDirectory(prefix="lmskit-jobs-") as folder:
        (home := Path(folder)).chmod(0o711)
        shutil.copy(operators_home / "pgpass", home)
        yield home


@pytest.fixture
def course(school, jobs_home):
    """A course that is there until the test ends, with its students, their messages and its term."""
    there = {"LMSKIT_DATABASE_URL": school.address(host="127.0.0.1"), "LMSKIT_PERSON": DEMO_ADMIN}
    made: tuple[str, ...] = ("--title", "Jobs", "--lecturer", "demo.lecturer@example.org", "--term", "JOBS", "--term-name", "Jobs")
    made += ("--term-starts", "2026-09-01", "--term-ends", "2199-12-31", "--week", "1: First")
    school.lmskit("course", "create", "JOBS-1", *made, home=jobs_home, there=there)
    yield "JOBS-1"
    with closing(school.superuser("school")) as connection:
        connection.execute("DELETE FROM lms.courses WHERE code = 'JOBS-1'")
        connection.execute("DELETE FROM lms.terms WHERE code = 'JOBS'")
        connection.execute("DELETE FROM lms.users WHERE email = ANY(%s)", [[f"{name}@example.org" for name in STUDENTS]])


@pytest.fixture
def passwords(school, operators_home):
    """The passwords of the dispatcher and of the administrator at the database `school`."""
    login = roles.login_name("school", DEMO_ADMIN)
    administrator = find_password(operators_home / "pgpass", host="127.0.0.1", port=school.port, database="school", user=login)
    assert administrator is not None
    own = {"lmskit_dispatcher": "canary of the dispatcher", "lmskit_backup": "canary of the backup"}
    with closing(school.superuser("school")) as connection:
        for name, password in own.items():
            connection.execute(f"ALTER ROLE {name} PASSWORD '{roles.scram_verifier(password)}'".encode())
    yield {"mail": own["lmskit_dispatcher"], "backup": own["lmskit_backup"], "mastery": administrator}
    with closing(school.superuser("school")) as connection:
        for name in own:
            connection.execute(f"ALTER ROLE {name} PASSWORD NULL".encode())


def enrol(school, home, name):
    """Enrol a student, whose message waits, since no mail server can be reached."""
    there = {"LMSKIT_DATABASE_URL": school.address(host="127.0.0.1"), "LMSKIT_SMTP_HOST": "127.0.0.1", "LMSKIT_SMTP_PORT": "9"}
    there["LMSKIT_PERSON"] = DEMO_ADMIN
    there |= {"LMSKIT_SMTP_SECURITY": "none", "LMSKIT_MAIL_FROM": "courses@example.org"}
    arguments = ("enrollment", "add", "JOBS-1", f"{name}@example.org", "--family-name", name, "--yes")
    assert "pending" in school.lmskit(*arguments, home=home, there=there)


def command_lines() -> list[str]:
    """The arguments and the environment of every process of this user that can be read."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for part in ("cmdline", "environ"):
            with suppress(OSError):
                found.append((process / part).read_bytes().decode(errors="replace"))
    return found


@pytest.mark.long
@pytest.mark.usefixtures("course")
def test_every_unit_and_every_line_of_cron_does_its_job_and_shows_no_password(school, jobs_home, passwords, printed, tmp_path):
    """The watch goes on when the server is restarted, sends what comes then, and ends at SIGTERM; cron has a bare environment."""
    there = {"LMSKIT_DATABASE_URL": school.address(host="127.0.0.1"), "LMSKIT_PERSON": DEMO_ADMIN}
    folders = {name: tmp_path / name for name in "ESCd"}
    (etc := folders["E"] / "lmskit").mkdir(parents=True)
    for name, password in passwords.items():
        (etc / f"{name}.password").write_text(f"{password}\n")
    with MailServer() as server:
        mail = {"LMSKIT_SMTP_HOST": "127.0.0.1", "LMSKIT_SMTP_PORT": str(server.port), "LMSKIT_SMTP_SECURITY": "none"}
        mail |= {"LMSKIT_MAIL_FROM": "Courses <courses@example.org>"}
        units = printed(tmp_path / "system", **there, **mail)
        for job in WITHOUT_SETTINGS:
            shutil.copy(tmp_path / "system" / f"{job.name}.env", etc)
        words, environment = as_systemd(units["lmskit-mastery.service"], folders)
        refreshed = subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True, check=False)
        assert (refreshed.returncode, refreshed.stderr) == (0, ""), refreshed.stderr

        if os.geteuid() != 0:  # started by root, a server cannot run below pytest's own folders
            words, environment = as_systemd(units["lmskit-backup.service"], folders)
            saved = subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True, check=False)
            assert (saved.returncode, saved.stderr) == (0, ""), saved.stderr

        words, environment = as_systemd(units["lmskit-mail.service"], folders)
        watch = subprocess.Popen(words, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert watch.stdout is not None
        try:
            assert watch.stdout.readline().startswith("Looking for messages")
            enrol(school, jobs_home, STUDENTS[0])
            assert watch.stdout.readline() == "1 sent, 0 refused for good, 0 to be tried again.\n"
            assert not [line for line in command_lines() if any(password in line for password in passwords.values())]
            school.cluster.stop()
            assert "database" in watch.stdout.readline().lower()
            restarted = school.cluster.start()
            assert restarted.port == school.port
            enrol(school, jobs_home, STUDENTS[1])
            assert {watch.stdout.readline(), watch.stdout.readline()} == {
                "1 sent, 0 refused for good, 0 to be tried again.\n",
                "Messages are sent again.\n",
            }
            watch.send_signal(signal.SIGTERM)
            assert watch.stdout.read() == "Stopped; no message is being sent.\n"
            assert watch.wait(30) == 0
        finally:
            watch.kill()
            watch.stdout.close()
            watch.wait()

        # Cron, as a person whose administrator's password is kept on the machine.
        (config := jobs_home / ".config" / "lmskit").mkdir(parents=True)
        lines = printed(tmp_path / "cron", "--cron", home=jobs_home, **there, **mail)
        for job in WITHOUT_SETTINGS:
            shutil.copy(tmp_path / "cron" / f"{job.name}.env", config)
        (config / "backup.password").write_text(f"{passwords['backup']}\n")
        enrol(school, jobs_home, STUDENTS[2])
        scheduled = [line for line in lines["lmskit.crontab"].splitlines() if line and not line.startswith("#")]
        assert len(scheduled) == len(WITHOUT_SETTINGS)
        for line in scheduled:
            answer = by_cron(line, jobs_home)
            assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", ""), line
        [kept] = [backup for backup in FolderRepository(jobs_home / "backups").backups() if backup.verification is not None]
        assert kept.database == "school"
        assert server.recipients() == [f"{name}@example.org" for name in STUDENTS[:3]]
    # Without a mail server nothing can be sent, and cron has something to send to the person.
    enrol(school, jobs_home, STUDENTS[3])
    assert "mail server" in by_cron(scheduled[0], jobs_home).stdout


def by_cron(line: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run a line as cron does: after its five fields, an unescaped percent sign ends the command."""
    command = line.split(maxsplit=5)[5]
    assert not re.search(r"(?<!\\)%", command)
    environment = ["/usr/bin/env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin", "SHELL=/bin/sh"]
    return subprocess.run(
        [*environment, "/bin/sh", "-c", command.replace("\\%", "%")], cwd="/", capture_output=True, text=True, check=False
    )
