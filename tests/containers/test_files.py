"""Dockerfile and compose files: valid, pinned, closed, without secrets, and tried."""

import fnmatch
import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from lmskit import __version__
from lmskit.db.releases import SAFE_POSTGRES, SAFE_VECTOR
from tests.containers.files import ROOT, command_lines, compose, environment_of_image, instructions, stages

COMPOSE_FILES = ["compose.yaml", "compose.tls.yaml"]
SCHEMA = Path(__file__).parent / "compose_spec" / "compose-spec.json"
DIGEST = re.compile(r"[\w./-]+:(?P<tag>[\w.-]+)@sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_a_compose_file_follows_the_specification(name):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    found = compose(name)
    assert [error.message for error in validator.iter_errors(found)] == []
    found["services"]["postgres"]["cap_dropp"] = ["ALL"]
    assert list(validator.iter_errors(found)) != []


@pytest.mark.parametrize("files", [COMPOSE_FILES[:1], COMPOSE_FILES])
def test_docker_compose_reads_the_files_together(files, tmp_path):
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("there is no docker-compose")
    given = [argument for name in files for argument in ("--file", str(ROOT / name))]
    command = [program, *given, "--project-directory", str(ROOT), "--profile", "*", "config", "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    assert run.returncode == 0, run.stderr
    read = json.loads(run.stdout)
    published = read["services"]["postgres"]["ports"]
    assert [port["host_ip"] == "127.0.0.1" for port in published] == [len(files) == 1]
    clients = {name for name, service in read["services"].items() if service.get("environment", {}).get("PGSSLMODE") == "verify-full"}
    over_the_socket = {"postgres", "backup", "restore"}
    assert clients == (set() if len(files) == 1 else read["services"].keys() - over_the_socket)
    ours = {name: service.get("command") for name, service in compose()["services"].items()}
    assert {name: service.get("command") for name, service in read["services"].items()} == ours


def test_hadolint_finds_nothing_in_the_dockerfile():
    program = shutil.which("hadolint")
    if program is None:
        pytest.skip("there is no hadolint")
    subprocess.run([program, ROOT / "Dockerfile"], check=True)


def test_images_are_pinned_by_digest_and_have_releases_without_known_holes():
    (python,) = [text.split("=", 1)[1] for keyword, text in instructions() if keyword == "ARG"]
    assert [text for keyword, text in instructions() if keyword == "FROM"] == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    images = {service["image"] for service in compose()["services"].values()}
    assert f"lmskit:{__version__}" in images
    (database,) = images - {f"lmskit:{__version__}"}
    assert DIGEST.fullmatch(python)
    found = DIGEST.fullmatch(database)
    assert found is not None
    ((vector, postgres),) = re.findall(r"^(\d+\.\d+\.\d+)-pg(\d+)-\w+$", found["tag"])
    assert tuple(map(int, vector.split("."))) >= SAFE_VECTOR.number
    assert int(postgres) in SAFE_POSTGRES


@pytest.mark.parametrize("name", compose()["services"])
def test_a_service_has_no_rights_that_it_does_not_need(name):
    service = compose()["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["pids_limit"] <= 2048
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()
    assert int(service["user"].split(":")[0]) > 0
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not [volume for volume in service.get("volumes", []) if volume.startswith(("/", ".", "~"))], "no folder of the host"


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_secrets_are_files_and_no_variable_has_one(name):
    found = compose(name)
    assert {tuple(secret) for secret in found["secrets"].values()} == {("file",)}
    assert all(secret["file"].startswith("secrets/") for secret in found["secrets"].values())
    known = compose()["secrets"].keys() | found["secrets"].keys()
    for service in found["services"].values():
        secrets = set(service.get("secrets", []))
        assert secrets <= known
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or str(value).startswith("/run/secrets/"):
                assert variable.endswith(("_FILE", "ROOTCERT"))
                assert str(value).removeprefix("/run/secrets/") in secrets
    ignored = subprocess.run(["git", "check-ignore", "-q", "secrets/postgres_password", ".env"], cwd=ROOT, check=False)
    assert ignored.returncode in {0, 128}, "secrets/ is not in .gitignore"  # 128: no git here


def test_services_end_in_their_own_time_and_watched_ones_say_that_they_work():
    services = compose()["services"]
    for name in ("postgres", "mail", "refresh", "backup", "upgrade"):
        assert "stop_grace_period" in services[name]
    for name in ("postgres", "lab"):
        assert services[name]["healthcheck"]["retries"] > 0
    for name in ("mail", "refresh", "backup"):
        assert services[name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "upgrade": {"condition": "service_completed_successfully"},
        }
    assert services["postgres"]["volumes"][0] == "postgres_data:/var/lib/postgresql", "the image of PostgreSQL 18 has its data below this"


def test_the_image_has_an_unprivileged_user_and_nothing_to_build_with():
    build, final = stages()
    assert ("USER", "10001:10001") in final
    assert not [text for keyword, text in final if keyword == "RUN" and re.search(r"\b(apt-get|pip|gcc|curl|wget)\b", text)]
    installs = [text for keyword, text in build for text in text.split("&&") if keyword == "RUN" and " install " in text]
    assert len(installs) == 3
    for text in installs:
        assert "--require-hashes --only-binary :all:" in text or "--no-index --no-deps dist/*.whl" in text
    home = environment_of_image()["HOME"]
    assert {volume.split(":")[1] for service in compose()["services"].values() for volume in service.get("volumes", [])} <= {
        home, f"{home}/home", f"{home}/mail", f"{home}/backups", f"{home}/person", "/var/lib/postgresql", "/run/postgresql",
    }  # fmt: skip


def test_the_build_is_given_what_the_dockerfile_copies_and_no_data_or_secrets():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    given = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source
        for keyword, text in instructions()
        if keyword == "COPY" and not text.startswith("--from")
        for source in text.split()[:-1]
    }  # fmt: skip
    assert given == copied
    assert all((ROOT / path).exists() for path in given)
    assert not [path for path in given if fnmatch.fnmatch(path, "*secret*")]
    assert not {"reports", "tests", ".git"} & given


def test_every_command_line_is_tried():
    from tests.containers.test_command_lines import TRIED

    assert command_lines().keys() == TRIED.keys()


def test_every_script_and_configuration_is_used():
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", *COMPOSE_FILES))
    assert [path.name for path in (ROOT / "containers").iterdir() if f"containers/{path.name}" not in text] == []


def test_the_specification_is_as_it_was_published():
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    assert schema["$id"] == "compose_spec.json"
    assert "Apache License" in (SCHEMA.parent / "LICENSE").read_text(encoding="utf-8")
