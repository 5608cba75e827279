"""The wheel is a product: installed into an environment of its own, it brings its migrations, notebooks and templates."""

import json
import re
import signal
import subprocess
import sysconfig
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from lmskit import __version__
from tests.installed_wheel import ROOT, build, environment_beside, inherited, purelib

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, "-d", folder)
    return {path.suffix: path for path in folder.iterdir()}


class Installed:
    """The wheel in an environment of its own, used by a person with a home folder of their own."""

    def __init__(self, folder, wheel):
        self.folder, self.python = folder, environment_beside(folder, wheel)
        self.site_packages = purelib(folder / "venv")
        (folder / "person").mkdir()
        shared = Path(sysconfig.get_path("data")) / "share" / "jupyter"  # templates and JupyterLab's own files
        self.environment = inherited() | {
            "HOME": str(folder / "person"),
            "LMSKIT_HOME": str(folder / "data"),
            "JUPYTER_PATH": str(shared),
            "JUPYTERLAB_DIR": str(shared / "lab"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def command(self, *arguments):
        return [self.python, "-m", "lmskit", *arguments]

    def run(self, *arguments, expect=0):
        result = subprocess.run(
            self.command(*arguments), env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=300
        )
        assert result.returncode == expect, result.stdout + result.stderr
        return result.stdout + result.stderr

    def files(self):
        """The files of the installed package with their contents, without Python's and numba's caches."""
        return {
            path: path.read_bytes()
            for path in (self.site_packages / "lmskit").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture(scope="module")
def installed(built):
    with tempfile.TemporaryDirectory(prefix="lmskit-wheel-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # the server's own user must reach its data
        product = Installed(folder, built[".whl"])
        yield product
        product.run("db", "stop")


def test_the_sdist_builds_the_same_wheel(built, tmp_path):
    subprocess.run(["tar", "-xzf", built[".gz"], "-C", tmp_path], check=True)
    (source,) = tmp_path.iterdir()
    build(source, "-t", "wheel", "-d", tmp_path / "again")
    (again,) = (tmp_path / "again").iterdir()
    with zipfile.ZipFile(again) as left, zipfile.ZipFile(built[".whl"]) as right:
        assert {name: left.read(name) for name in left.namelist()} == {name: right.read(name) for name in right.namelist()}


def test_the_wheel_has_all_migrations_and_notebooks_and_no_tests(built, project_files):
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith(f"lmskit-{__version__}.dist-info/")}
    paths = {path.relative_to(ROOT).as_posix() for path in project_files}
    package = {path for path in paths if path.startswith("lmskit/")}
    beside = {path for path in paths if re.match(r"alembic\.ini$|migrations/|notebooks/\w+/", path)}
    assert names == package | {f"lmskit/project/{path}" for path in beside}


def test_the_installed_product_makes_a_term_its_reports_and_a_dashboard_and_leaves_its_own_files_alone(installed):
    before = installed.files()
    assert f"lmskit {__version__} " in installed.run("--version")
    assert str(installed.site_packages) in installed.run("--version")
    installed.run("demo", "--students", "15")
    workspace = installed.folder / "person" / "lmskit"
    assert (workspace / "reports").is_dir()
    assert list((workspace / "reports").rglob("index.html"))

    address = "http://127.0.0.1:{port}/api/contents?token={token}"
    with subprocess.Popen(
        installed.command("lab", "--no-browser", "--as", "demo.lecturer@example.org"),
        env=installed.environment, cwd=installed.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as lab:  # fmt: skip
        try:
            assert lab.stdout is not None
            lines = []
            for line in lab.stdout:
                lines.append(line)
                if found := re.search(r"http://127.0.0.1:(?P<port>\d+)/lab\?token=(?P<token>\w+)", line):
                    break
            else:
                pytest.fail("".join(lines))
            with urllib.request.urlopen(address.format(**found.groupdict())) as answer:  # noqa: S310 - our own server
                assert {entry["name"] for entry in json.load(answer)["content"]} == {"admin", "lecturer", "reports"}
        finally:
            lab.send_signal(signal.SIGINT)
            lab.wait(timeout=60)

    notebook = workspace / "notebooks" / "lecturer" / "mastery_dashboard.ipynb"
    program = (
        "import sys, nbformat, nbclient; path = sys.argv[1]; book = nbformat.read(path, as_version=4);"
        " nbclient.NotebookClient(book, timeout=120, kernel_name='python3').execute(); nbformat.write(book, path)"
    )
    environment = installed.environment | {"LMSKIT_PERSON": "demo.lecturer@example.org"}
    subprocess.run([installed.python, "-c", program, notebook], env=environment, check=True, capture_output=True, cwd=notebook.parent)
    assert "application/vnd.jupyter.widget-view+json" in notebook.read_text(encoding="utf-8")
    assert "up to date" in installed.run("notebooks", "copy")
    assert installed.files() == before
