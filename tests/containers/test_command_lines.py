"""Every command line of the Dockerfile and the services is run outside a container, as it is written there.

Folders of the image and names of the network are replaced by those of the test; the server is a real one. What only an image has,
its entrypoint, is a stand-in that makes and starts a cluster.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.metadata import requires
from pathlib import Path

import psycopg
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lmskit import __version__
from lmskit.db import access, roles
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import installation
from scripts.pinned_requirements import pinned
from tests.containers.files import ROOT, command_lines, compose, environment_of_image, instructions, own_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the command lines are for Linux")

TRIED = {
    ("Dockerfile", 0): "test_the_image_can_be_built_from_the_lock",
    ("Dockerfile", 1): "test_the_image_can_be_built_from_the_lock",
    ("Dockerfile", 2): "test_the_image_can_be_built_from_the_lock",
    ("Dockerfile", 3): "test_the_image_can_be_built_from_the_lock",
    ("Dockerfile", 4): "test_the_user_of_the_image_is_made",
    ("Dockerfile", "CMD"): "test_without_a_command_the_image_says_what_it_can_do",
    ("postgres", "command"): "test_postgres_starts_in_an_empty_volume_and_in_its_own",
    ("postgres", "healthcheck"): "test_the_services_work_together",
    ("upgrade", "command"): "test_the_services_work_together",
    ("mail", "command"): "test_the_services_work_together",
    ("refresh", "command"): "test_the_services_work_together",
    ("init", "command"): "test_the_services_work_together",
    ("lmskit", "command"): "test_the_services_work_together",
    ("lab", "command"): "test_the_services_work_together",
    ("lab", "healthcheck"): "test_the_services_work_together",
    ("backup", "command"): "test_the_services_work_together",
    ("dump", "command"): "test_the_services_work_together",
    ("restore", "command"): "test_the_services_work_together",
    ("superuser", "command"): "test_the_services_work_together",
}
"""By which test."""


def test_the_named_tests_exist():
    assert {name for name in TRIED.values() if name not in globals()} == set()


def ended(command, *, status=0, **options):
    run = subprocess.run(command, capture_output=True, check=False, timeout=900, **options)
    assert run.returncode == status, (run.stdout, run.stderr)
    return run


# The image ------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_image_can_be_built_from_the_lock(tmp_path):
    """Every instruction of the first stage, with the folders of the image below one of the test."""
    folders = {"/opt/tools": tmp_path / "tools", "/opt/lmskit": tmp_path / "lmskit"}
    source = tmp_path / "source"
    source.mkdir()
    environment = own_environment()
    for keyword, text in instructions()[2:]:
        for folder, replacement in folders.items():
            text = text.replace(folder, str(replacement))  # noqa: PLW2901 - the same instruction
        if keyword == "FROM":
            break
        if keyword == "ENV":
            environment |= dict(pair.split("=", 1) for pair in text.split())
        elif keyword == "COPY":
            *sources, target = text.split()
            for name in sources:
                to = source / target if len(sources) == 1 and (ROOT / name).is_dir() else source / target / Path(name).name
                to.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, to)
        elif keyword == "RUN":
            ended(["sh", "-ec", text.replace("python3 ", f"{sys.executable} ")], cwd=source, env=environment)
    made = tmp_path / "lmskit" / "bin"
    assert f"lmskit {__version__} " in ended([made / "lmskit", "--version"], env=environment).stdout.decode()
    packages = ended(
        [tmp_path / "tools" / "bin" / "python", "-m", "pip", "--python", made / "python", "list"], env=environment
    ).stdout.decode()
    assert "jupyterlab " in packages
    assert not re.search(r"(?m)^(pytest|mypy|ruff|hatchling|playwright|pip) ", packages)


def needed(package):
    """The names of all installed packages that a package needs here, itself included."""
    found, waiting = set(), {package}
    while waiting:
        found.add(name := waiting.pop())
        entries = map(Requirement, requires(name) or ())
        names = {canonicalize_name(entry.name) for entry in entries if entry.marker is None or entry.marker.evaluate({"extra": ""})}
        waiting |= names - found
    return found


def test_the_lock_says_what_an_installation_needs_and_what_is_a_tool():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    def names(*package):
        return {canonicalize_name(Requirement(entry.split(" \\")[0]).name) for entry in pinned(lock, *package)}

    assert needed("lmskit") - {"lmskit"} <= names()
    assert not {"pytest", "mypy", "ruff", "playwright", "hatchling"} & names()
    assert needed("hatchling") <= names("hatchling")
    assert "jupyterlab" not in names("hatchling")
    with pytest.raises(ValueError, match="no package nosuch"):
        pinned(lock, "nosuch")


@pytest.mark.skipif(not shutil.which("useradd") or os.geteuid() != 0, reason="only root makes users")
def test_the_user_of_the_image_is_made(tmp_path):
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group", "shadow", "gshadow"):
        (tmp_path / "etc" / name).touch()
    _, _, text = command_lines()["Dockerfile", 4]
    home = environment_of_image()["HOME"]
    line = text.replace("useradd ", f"useradd --prefix {tmp_path} ").replace(f" {home}/", f" {tmp_path}{home}/")
    (tmp_path / "var" / "lib").mkdir(parents=True)
    ended(["sh", "-ec", line])
    assert f"lmskit:x:10001:10001::{home}:/usr/sbin/nologin" in (tmp_path / "etc" / "passwd").read_text()
    for folder in ("", "home", "work", "mail", "backups"):
        assert (tmp_path / home[1:] / folder).stat().st_uid == 10001


def test_without_a_command_the_image_says_what_it_can_do():
    line = [sys.executable, "-m", *command_lines()["Dockerfile", "CMD"]]
    assert "mastery" in ended(line, cwd=ROOT, env=own_environment()).stdout.decode()


# The database ---------------------------------------------------------------------------------------------

ENTRYPOINT = """#!/bin/sh
set -eu
[ -s "$PGDATA/PG_VERSION" ] || { mkdir -p "$PGDATA"; echo "$PG_MAJOR" > "$PGDATA/PG_VERSION"; echo made; }
echo "$@"
"""
"""What the image's own entrypoint does, as far as its files show."""


@pytest.fixture
def volume(tmp_path):
    """A volume, and a call of the service `postgres` with it."""
    (tmp_path / "entrypoint.sh").write_text(ENTRYPOINT)
    (tmp_path / "entrypoint.sh").chmod(0o755)
    for name in ("volume", "secrets", "run"):
        (tmp_path / name).mkdir()

    def start(*, major="18", status=0, **variables):
        line = [word.replace("/etc/lmskit/", f"{ROOT}/containers/") for word in command_lines()["postgres", "command"]]
        image = {
            "PG_MAJOR": major,
            "PGDATA": f"{tmp_path}/volume/{major}/docker",
            "LMSKIT_VOLUME": f"{tmp_path}/volume",
            "LMSKIT_SECRETS": f"{tmp_path}/secrets",
            "LMSKIT_PRIVATE": f"{tmp_path}/run",
            "LMSKIT_RULES": "/etc/lmskit/pg_hba.conf",
            "LMSKIT_ENTRYPOINT": f"{tmp_path}/entrypoint.sh",
        }
        run = ended(line, status=status, env=own_environment() | image | variables, text=True)
        return run.stdout if status == 0 else run.stderr

    return tmp_path / "volume", start


def files(folder):
    return {path.relative_to(folder): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_postgres_starts_in_an_empty_volume_and_in_its_own(volume):
    _, start = volume
    assert start() == "made\npostgres -c log_statement=none -c log_min_error_statement=panic -c password_encryption=scram-sha-256\n"
    assert start().startswith("postgres -c")


@pytest.mark.parametrize(
    ("path", "version"), [(".", "17"), ("data", "17"), ("17/docker", "17"), ("16/data", "16"), ("18/docker", "18"), ("17/main/data", None)]
)
def test_postgres_makes_no_empty_cluster_beside_a_full_one(volume, path, version):
    """As when the tag of the image is raised, or a volume of an older image is mounted as the newer one wants it."""
    folder, start = volume
    (folder / path).mkdir(parents=True, exist_ok=True)
    if version is not None:
        (folder / path / "PG_VERSION").write_text(f"{version}\n")
    before = files(folder)
    if version is None:
        assert start(major="19").startswith("made")
        return
    message = start(major="19", status=1)
    assert f"those of PostgreSQL {version} are in" in message
    assert "Nothing was changed. Start the image of that version again, or upgrade" in message
    assert files(folder) == before
    assert "PostgreSQL" in start(major="19", status=1, LMSKIT_NEW_CLUSTER="18"), "permitted for another version"
    assert start(major="19", LMSKIT_NEW_CLUSTER="19").startswith("made")
    assert start(major="19").startswith("postgres"), "it has a cluster of its own now"
    assert files(folder).items() > before.items()


def test_postgres_does_not_start_on_data_of_another_version(volume):
    folder, start = volume
    start()
    (folder / "18" / "docker" / "PG_VERSION").write_text("17\n")
    message = start(status=1, LMSKIT_NEW_CLUSTER="18")
    assert "are of PostgreSQL 17, and this image has PostgreSQL 18. Nothing was changed. Start the image of PostgreSQL 17 again" in message


def test_postgres_has_tls_and_nothing_else_where_there_is_a_key(volume):
    folder, start = volume
    (folder.parent / "secrets" / "server_key").write_text("key")
    (folder.parent / "secrets" / "server_key").chmod(0o444)
    for _ in range(2):  # also after a restart
        printed = start()
        assert "-c ssl=on -c ssl_min_protocol_version=TLSv1.2" in printed
        assert f"-c ssl_key_file={folder.parent}/run/server.key -c hba_file=/etc/lmskit/pg_hba.conf" in printed
        assert (folder.parent / "run" / "server.key").stat().st_mode & 0o777 == 0o600
    rules = [line.split() for line in (ROOT / "containers" / "pg_hba.conf").read_text().splitlines() if not line.startswith("#")]
    assert rules == [["local", "all", "all", "scram-sha-256"], ["hostssl", "all", "all", "all", "scram-sha-256"]]


# Secrets and repetition -----------------------------------------------------------------------------------


def test_secrets_are_made_once(tmp_path):
    folder = tmp_path / "secrets"
    script = ["sh", ROOT / "containers" / "make_secrets.sh", folder]
    assert ended(script).stdout == b""
    made = files(folder)
    needed = {secret["file"].removeprefix("secrets/") for secret in compose()["secrets"].values()}
    assert {str(path) for path in made} == needed
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}, "services run as other users"
    secrets = [text for path, text in made.items() if str(path) != "smtp_password"]
    assert len(set(secrets)) == len(secrets)
    assert all(re.fullmatch("[0-9a-f]{48}", text) for text in secrets)
    (folder / "backup_password").unlink()
    ended(script)
    changed = files(folder)
    assert {str(path) for path in made if made[path] != changed[path]} == {"backup_password"}


def test_a_command_is_run_again_and_ends_with_the_script(tmp_path):
    log = tmp_path / "log"
    third = "sleep 60 2>/dev/null & wait"  # it holds the errors of the script no longer than the script lives
    work = f"trap 'echo ended >> {log}; exit 0' TERM; echo run >> {log}; [ $(grep -c run {log}) -lt 3 ] && exit 7; {third}"
    command = ["sh", "-c", work]
    with subprocess.Popen(["sh", ROOT / "containers" / "every.sh", "0", *command], stderr=subprocess.PIPE, text=True) as script:
        until(lambda: log.exists() and log.read_text().count("run") == 3)
        time.sleep(0.1)  # the command has set its trap before it wrote; the script waits for it
        script.send_signal(signal.SIGTERM)
        assert script.wait(30) == 0
        assert script.stderr is not None
        assert script.stderr.read().count("Exit status 7 of: sh -c") == 2
    assert log.read_text() == "run\nrun\nrun\nended\n"


def until(true, limit=60):
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


# The services ---------------------------------------------------------------------------------------------


OPERATOR = "operator"
"""The superuser `postgres` of a container; the test's server uses its own in another way."""


class Services:
    """The services of compose.yaml with a server, secrets and volumes of the test."""

    def __init__(self, folder, programs, port, secrets=None):
        self.folder, self.port = folder, port
        self.lab_port = free_port()
        self.rest, self.status = "", 0
        self.variables = {"LAB_PORT": str(self.lab_port), "REFRESH_PERSON": "refresh@uni.example"}
        self.server = f"localhost:{port}"
        self.programs = [Path(sys.executable).parent, programs]
        if secrets is not None:
            shutil.copytree(secrets, folder / "secrets")
        ended(["sh", ROOT / "containers" / "make_secrets.sh", folder / "secrets"])
        (folder / "secrets" / f"{OPERATOR}_password").write_text(self.secret("postgres_password"))

    def secret(self, name):
        return (self.folder / "secrets" / name).read_text()

    def here(self, text, service):
        """A text of the service with the folders and the server of the test."""
        if (service, text) == ("superuser", "postgres"):
            return OPERATOR
        home = environment_of_image()["HOME"]
        volumes = {volume.split(":")[1]: volume.split(":")[0] for volume in compose()["services"][service].get("volumes", [])}
        for target, name in volumes.items():
            text = text.replace(target, str(self.folder / name)) if target != home or text.startswith(home) else text
        folders = {
            home: self.folder / service,
            "/run/secrets": self.folder / "secrets",
            "/opt/lmskit/containers": ROOT / "containers",
            "/etc/lmskit": ROOT / "containers",
            "/tmp": self.folder / "tmp",  # noqa: S108 - the image's
        }
        if str(self.folder) not in text:
            text = re.sub("|".join(map(re.escape, folders)), lambda found: str(folders[found[0]]), text)
        text = text.replace("//postgres@/", f"//{OPERATOR}@/")
        login = {"postgres@": f"{OPERATOR}@", None: ""}
        return re.sub(r"//(\w+@)?postgres/", lambda found: f"//{login.get(found[1], found[1])}{self.server}/", text)

    def line(self, service, kind="command"):
        return [self.here(word, service) for word in command_lines(**self.variables)[service, kind]]

    def environment(self, service):
        given = environment_of_image() | compose(**self.variables)["services"][service].get("environment", {})
        given = {name: self.here(value, service) for name, value in given.items() if name != "PATH"}
        given |= {name: "localhost" for name in given if name == "PGHOST"}
        return own_environment(self.programs) | given | {"LMSKIT_SECRETS": str(self.folder / "secrets"), "PGPORT": str(self.port)}

    def run(self, service, *arguments, kind="command", status=0, typed=""):
        """Run a service, whose command is replaced by arguments if there are any, and return what it prints."""
        line = self.line(service, kind)
        if arguments:
            replaced = len(compose()["services"][service].get("command", []))
            line = [*line[: len(line) - replaced], *arguments]
        run = ended(
            line, status=status, env=self.environment(service), cwd=self.folder, input=typed if isinstance(typed, bytes) else typed.encode()
        )
        return run.stdout if service in {"dump", "superuser"} else (run.stdout + run.stderr).decode()

    @contextmanager
    def running(self, service, *arguments):
        """Run a service until the block ends, and then end it as Docker does; gives the lines that it prints."""
        command = [*self.line(service), *arguments]
        pipes, environment = (subprocess.PIPE, subprocess.STDOUT), self.environment(service)
        with subprocess.Popen(command, env=environment, cwd=self.folder, text=True, stdout=pipes[0], stderr=pipes[1]) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
            finally:
                process.send_signal(signal.SIGTERM)
                self.rest = process.stdout.read()
                self.status = process.wait(60)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(secrets=None):
    version = access().settings.postgres_version
    with tempfile.TemporaryDirectory(prefix="lmskit-services-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        cluster = Cluster(folder / "server", version, overrides={"shared_buffers": "16MB"})
        try:
            endpoint = cluster.start()
            found = Services(folder, installation(version) / "bin", endpoint.port, secrets)
            (folder / "socket").symlink_to(endpoint.host)
            verifier = roles.scram_verifier(found.secret("postgres_password"))
            with psycopg.connect(endpoint.superuser_conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {OPERATOR} LOGIN SUPERUSER PASSWORD '{verifier}'")
            yield found
        finally:
            cluster.stop()


@pytest.fixture
def services():
    with server() as found:
        yield found


@pytest.fixture
def new_services(services):
    """The same with a new server, as of a new major version, and with the same secrets."""
    with server(services.folder / "secrets") as found:
        yield found


@pytest.mark.long
def test_the_services_work_together(services, new_services):
    """From an empty server to mail, refresh, JupyterLab and a dump, each by the command line of its service."""
    administrator = "ada@uni.example"
    assert "There is no login lmskit_migrator" in services.run("upgrade", status=1)
    person = ("--email", administrator, "--family-name", "Lovelace", "--given-name", "Ada", "--password-stdin")
    begun = services.run("init", *person, typed="a long password of ada\n")
    assert f"{administrator} is the first administrator" in begun
    assert f"{administrator} is signed out" in begun
    assert "Left out" not in begun
    assert "lmskit login recover EMAIL" in services.run("init", *person, status=1, typed="a long password of ada\n")
    assert "is at revision" in services.run("upgrade")
    assert services.run("postgres", kind="healthcheck") == ""

    services.run("lmskit", "sign-in", administrator, "--password-stdin", typed="a long password of ada\n")
    refresh = (services.variables["REFRESH_PERSON"], "--family-name", "Refresh", "--role", "super_admin", "--password-stdin")
    services.run("lmskit", "login", "create", *refresh, typed=services.secret("refresh_password") + "\n")
    assert "wrong" not in services.run("lmskit", "doctor")

    with services.running("refresh") as lines:
        assert "0 " in next(lines)
    assert services.status == 0
    with services.running("mail") as lines:
        assert next(lines).startswith("Looking for messages every 5 seconds")
    assert services.status == 0
    assert services.rest.endswith("Stopped; no message is being sent.\n")

    services.run("lab", kind="healthcheck", status=1)
    with services.running("lab") as lines:
        found = next(line for line in lines if "JupyterLab: " in line)
        assert f":{services.lab_port}/lab?token=" in found
        services.run("lab", kind="healthcheck")
    assert services.status == 0

    dump = services.folder / "lmskit.dump"
    dump.write_bytes(services.run("dump"))
    listed = ended([services.programs[1] / "pg_restore", "--list", dump]).stdout.decode()
    assert "TABLE DATA lms users" in listed
    with services.running("backup") as lines:
        assert " has " in next(lines)
        assert " is verified: " in next(lines)
        assert next(lines).startswith("RPO: ")
        assert "0 backups removed, 1 backup kept" in next(lines)
    assert services.status == 0
    [backup] = (services.folder / "backups" / "backups").glob("*.zip")
    assert backup.stat().st_mode & 0o777 == 0o600
    (services.folder / "person" / "home" / "materials").mkdir(mode=0o700, exist_ok=True)
    assert "has rows, and a restore would replace them" in services.run("restore", backup.name, status=1)
    assert "What was there is kept as the database lmskit_before_" in services.run("restore", backup.name, "--replace", "lmskit")
    assert "is at revision" in services.run("upgrade")
    assert "wrong" not in services.run("lmskit", "doctor")
    (services.folder / "secrets" / "backup_password").chmod(0o600)
    (services.folder / "secrets" / "backup_password").write_text("wrong")
    services.run("dump", status=1)

    kept = "".join(path.read_text(errors="replace") for path in services.folder.rglob("*") if path.is_file() and "server" not in path.parts)
    assert "a long password of ada" not in kept.replace((services.folder / "person" / "home" / "sign-in.json").read_text(), "")

    # A new major version: everything is moved by a dump; what marks functions as hardened is in no dump.
    new_services.run("superuser", typed=services.run("superuser", "pg_dumpall", "--exclude-database=template1"))
    shutil.copytree(services.folder / "operator_home", new_services.folder / "operator_home")
    passfile = new_services.folder / "operator_home" / "pgpass"
    passfile.write_text(passfile.read_text().replace(f":{services.port}:", f":{new_services.port}:"))
    ended(["lmskit", "db", "bootstrap", "--harden"], env=new_services.environment("init"), cwd=new_services.folder)
    assert "is at revision" in new_services.run("upgrade")
    new_services.run("lmskit", "sign-in", administrator, "--password-stdin", typed="a long password of ada\n")
    assert "wrong" not in new_services.run("lmskit", "doctor")
    assert services.variables["REFRESH_PERSON"] in new_services.run("lmskit", "login", "list")


def test_services_run_without_the_folder_of_a_checkout():
    """The image has an installed lmskit, whose workspace is not the checkout's."""
    assert environment_of_image()["LMSKIT_WORKSPACE"].startswith(environment_of_image()["HOME"])
