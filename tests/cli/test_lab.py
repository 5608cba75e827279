"""`lmskit lab`: the printed address is the real one, and nothing is written outside lmskit's home."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lmskit import jupyter_settings
from lmskit.cli import lab

START = """
import sys
from pathlib import Path
from lmskit import jupyter_settings
from lmskit.cli import lab

home, port = Path(sys.argv[1]), int(sys.argv[2])
jupyter_settings.prepare_kernels("demo.lecturer@example.org")
server = lab.start_server(lab.jupyter_arguments(
    notebooks=home / "notebooks", settings_folder=jupyter_settings.write_lab_settings(home),
    port=port, ip="127.0.0.1", no_browser=True, token="a-token",
), kernels=jupyter_settings.write_kernel(home))
lab.serve(server, once_listening=server.connection_url)
"""
ASK = """
import os, sys
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)
client.execute_interactive("import os, sys; print(os.environ['LMSKIT_PERSON'], os.environ['PLOTLY_RENDERER'])", timeout=60)
client.execute_interactive("print('lmskit.chart_sharing' in sys.modules)", timeout=60)
"""


@pytest.fixture
def arguments(tmp_path):
    return lab.jupyter_arguments(notebooks=tmp_path, settings_folder=tmp_path, port=8888, ip="127.0.0.1", no_browser=True, token="t")


@pytest.fixture
def environment(tmp_path):
    """Variables for a JupyterLab that leaves the tester's own configuration alone."""
    folders = {
        name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }
    return os.environ | folders | {"JUPYTER_RUNTIME_DIR": str(tmp_path / "r")}


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def ask(url: str, data: bytes | None = None) -> dict[str, object]:
    request = urllib.request.Request(url, data=data, headers={"Authorization": "token a-token"})  # noqa: S310 - an address of ours
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        found: dict[str, object] = json.load(answer)
    return found


def test_where_the_port_is_taken_the_address_is_still_true_and_kernels_act_as_the_person(tmp_path, environment):
    (tmp_path / "notebooks").mkdir()
    with taken_port() as port:
        command = [sys.executable, "-c", START, tmp_path, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            try:
                address = process.stdout.readline().strip()  # nothing else is printed before
                assert f":{port}/" not in address
                plugin = ask(f"{address}lab/api/settings/@jupyterlab/notebook-extension:tracker")
                assert plugin["schema"]["properties"]["windowingMode"]["default"] == "none"  # type: ignore[index]
                kernel = ask(f"{address}api/kernels", b"{}")["id"]
                found = subprocess.run(
                    [sys.executable, "-c", ASK, tmp_path / "r" / f"kernel-{kernel}.json"], capture_output=True, text=True, check=True
                )
                assert found.stdout.splitlines() == ["demo.lecturer@example.org plotly_mimetype", "True"]
            finally:
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


@pytest.mark.long
def test_two_that_start_at_the_same_time_have_each_a_port(tmp_path, environment):
    """Both have chosen before either of them runs."""
    (tmp_path / "notebooks").mkdir()
    with taken_port() as port:
        pass
    waiting = START.replace("lab.serve(", "print('chosen', flush=True)\nsys.stdin.readline()\nlab.serve(")
    command = [sys.executable, "-c", waiting, tmp_path, str(port)]
    with ExitStack() as running:
        pipes = []
        for _ in range(2):
            process = running.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            )
            running.callback(process.kill)
            assert process.stdin is not None
            assert process.stdout is not None
            pipes.append((process.stdin, process.stdout))
        assert [output.readline() for _, output in pipes] == ["chosen\n"] * 2
        for answer, _ in pipes:
            answer.write("\n")
            answer.flush()
        addresses = [output.readline().strip() for _, output in pipes]
        assert len(set(addresses)) == 2
        assert all("version" in ask(f"{address}api") for address in addresses)


def test_nothing_asks_the_internet(tmp_path):
    folder = jupyter_settings.write_lab_settings(tmp_path)
    found = json.loads((folder / "overrides.json").read_text())
    assert found["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert found["@jupyterlab/extensionmanager-extension:plugin"] == {"enabled": False}


def test_the_settings_are_written_whole_and_nothing_is_left_beside_them(tmp_path):
    jupyter_settings.write_lab_settings(tmp_path)
    folder = jupyter_settings.write_lab_settings(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["overrides.json"]


def test_it_listens_on_this_machine_alone_and_wants_a_token(arguments):
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--IdentityProvider.token=t" in arguments


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere kernels listen on loopback")
@pytest.mark.parametrize(("folder", "short"), [("/run/user/1000/jupyter", True), ("/" + "long" * 20, False)])
def test_kernels_use_unix_sockets_where_their_names_are_short_enough(folder, short, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
    assert jupyter_settings.sockets_are_short_enough() is short


def test_the_demonstration_names_its_people_and_another_database_does_not():
    found = lab.welcome(address="http://127.0.0.1:8888/lab?token=t", person=None, demonstration=True, embedded=True)
    assert "http://127.0.0.1:8888/lab?token=t" in found
    assert "lmskit lab --as demo.lecturer@example.org" in found
    assert "lmskit db stop" in found
    there = lab.welcome(address="http://127.0.0.1:8888", person="someone@example.org", demonstration=False, embedded=False)
    assert "demo." not in there
    assert "lmskit db stop" not in there, "a server of one's own is not stopped by lmskit"


def test_without_a_checkout_there_is_a_sentence(tmp_path, configure):
    from typer.testing import CliRunner

    from lmskit.cli import app

    configure(LMSKIT_PROJECT_ROOT=str(tmp_path))
    found = CliRunner().invoke(app, ["lab", "--no-browser"])
    assert found.exit_code == 1
    assert f"There is no folder {Path(tmp_path) / 'notebooks'}" in " ".join(found.output.split())
