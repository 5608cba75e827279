"""A demonstration in its own home, JupyterLab on a copy of the notebooks, and a Chromium whose requests and errors are recorded.

Pictures: `LMSKIT_PICTURES=folder make test-browser` saves the screens of the tests as PNG files in that folder, in two window
sizes; `docs/pictures/mastery_dashboard.png` is its `readme_mastery_dashboard.png`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from playwright.sync_api import Locator

from tests.browser.lab import Lab, Window

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
STUDENTS = "60"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\?token=\w+")
SHUT_DOWN = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()"
"""A kernel that is no longer used takes memory."""
SIZES = {"1280": (1280, 800), "1920": (1920, 1080)}
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium(request) -> str:
    """The path of Chromium. Without Chromium, browser tests fail if they were asked for, and are skipped otherwise."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    sentence = "There is no Chromium on this machine, so nothing can drive JupyterLab. Install it: apt install chromium (.ci/run does)."
    if request.config.getoption("markexpr").strip() == "browser":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@contextmanager
def home(*first: str, typed: str = "") -> Iterator[dict[str, str]]:
    """The environment variables of a home of its own, made by one command, and of notebooks that JupyterLab may write to."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-browser-"))
    folder.chmod(0o711)  # as root, the server runs as another user, who must reach the folder
    root = folder / "checkout"
    for name in ("notebooks", "migrations"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(ROOT / "alembic.ini", root)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "JUPYTER"))}
    variables = clean | {
        "LMSKIT_HOME": str(folder / "home"),
        "LMSKIT_PROJECT_ROOT": str(root),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "run"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(Path(__file__).parent / "outbound"),
        "OUTBOUND_LOG": str(folder / "outbound"),
    }
    try:
        completed = lmskit(variables, *first, typed=typed)
        if completed.returncode != 0:
            pytest.fail(f"lmskit {first[0]} failed:\n{completed.stdout}\n{completed.stderr}", pytrace=False)
        yield variables
    finally:
        lmskit(variables, "db", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The environment variables of a demonstration."""
    with home("demo", "--students", STUDENTS, "--no-reports") as variables:
        yield variables


def lmskit(variables: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lmskit", *arguments]
    return subprocess.run(command, check=False, env=variables, input=typed, capture_output=True, text=True)


@contextmanager
def jupyterlab(variables: dict[str, str], person: str, log: Path) -> Iterator[str]:
    """Run `lmskit lab` and yield its address."""
    # Two workers that look for a free port at the same moment would find the same one.
    port = str(8900 + 50 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
    options = ["--no-browser", "--as", person, "--port", port, "--", "--LabApp.expose_app_in_browser=True"]
    command = [sys.executable, "-m", "lmskit", "lab", *options]
    with log.open("w") as out, subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=out, text=True) as process:
        assert process.stdout is not None
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if found := ADDRESS.search(line):
                    yield found[0]
                    break
            else:
                pytest.fail(f"lmskit lab ended without an address:\n{''.join(lines)}\n{log.read_text()}", pytrace=False)
        finally:
            process.terminate()
            process.stdout.close()
            process.wait(timeout=60)


@contextmanager
def labs(variables: dict[str, str], folder: Path) -> Iterator[Callable[[str], str]]:
    """The address of JupyterLab for a person; each JupyterLab is started once."""
    with ExitStack() as running:
        addresses: dict[str, str] = {}

        def address(person: str) -> str:
            if person not in addresses:
                addresses[person] = running.enter_context(jupyterlab(variables, person, folder / f"{len(addresses)}.log"))
            return addresses[person]

        yield address


@pytest.fixture(scope="session")
def lab_of(environment, tmp_path_factory) -> Iterator[Callable[[str], str]]:
    """The address of JupyterLab of the demonstration for a person."""
    with labs(environment, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium):
    """A headless Chromium; as root it runs without a sandbox."""
    from playwright.sync_api import sync_playwright

    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *(["--no-sandbox"] if as_root else [])])
        yield opened
        opened.close()


@pytest.fixture
def open_lab(browser, environment, lab_of, request) -> Iterator[Callable[..., Lab]]:
    """Open a notebook as a person in a window: one of ours, or one with the given cells.

    After the test, the window must have no error, and neither it nor a process of lmskit may have asked for another machine.
    """
    windows: list[Window] = []

    def opened(person: str, notebook: str, *, size: str = "1280", cells: Sequence[NotebookNode] = ()) -> Lab:
        width, height = SIZES[size]
        copy = Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / notebook
        if cells:
            nbformat.write(new_notebook(cells=list(cells), metadata={"kernelspec": KERNEL}), copy)
        else:
            # JupyterLab saves outputs, also by itself; at the next opening, a view of a widget without its kernel would be an error.
            shutil.copy(ROOT / "notebooks" / notebook, copy)
        window = Window(browser.new_page(viewport={"width": width, "height": height}))
        windows.append(window)
        lab = Lab(window, lab_of(person), notebook)
        lab.open()
        return lab

    yield opened
    foreign = [address for window in windows for address in window.foreign_requests]
    errors = [error for window in windows for error in window.errors]  # before the kernels are shut down, which causes errors
    for window in windows:
        name = re.sub(r"\W+", "_", request.node.name)
        if pictures := os.environ.get("LMSKIT_PICTURES"):
            window.page.screenshot(path=Path(pictures) / f"end_of_{name}.png")
        window.page.evaluate(SHUT_DOWN)
        window.page.close()
    assert foreign == [], "the page sent a request to another machine"
    log = Path(environment["OUTBOUND_LOG"])
    assert not log.exists() or log.read_text(encoding="utf-8") == "", "a process of lmskit asked for another machine"
    assert errors == [], "the page had errors"


@pytest.fixture(scope="session")
def picture() -> Callable[[Lab, str], None]:
    """Save the screen, if pictures are wanted."""
    folder = os.environ.get("LMSKIT_PICTURES")

    def save(lab: Lab, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            lab.page.wait_for_timeout(900)  # a smooth scroll and a figure's transition
            lab.page.screenshot(path=Path(folder) / f"{name}.png")

    return save


class Pictures:
    """Saves the screen in both window sizes, if pictures are wanted."""

    def __init__(self, picture: Callable[[Lab, str], None]) -> None:
        self.once = picture

    def __call__(self, lab: Lab, name: str, *, top: Locator | None = None) -> None:
        """Save the screen, from the top of the form or of a part of it."""
        if "LMSKIT_PICTURES" not in os.environ:
            return
        for size, (width, height) in SIZES.items():
            lab.page.set_viewport_size({"width": width, "height": height})
            element = lab.output.locator(".lmskit").first if top is None else top
            element.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
            self.once(lab, f"{name}_{size}")
            message = lab.output.locator(".lmskit-message:visible").last
            if message.count() and not in_view(message):
                message.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
                self.once(lab, f"{name}_{size}_message")
        width, height = SIZES["1280"]
        lab.page.set_viewport_size({"width": width, "height": height})


def in_view(element: Locator) -> bool:
    visible: bool = element.evaluate("(it) => { const box = it.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; }")
    return visible


@pytest.fixture(scope="session")
def pictures(picture) -> Pictures:
    """Save what is seen of a form in both window sizes, if pictures are wanted."""
    return Pictures(picture)
