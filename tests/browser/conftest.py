"""A demonstration in a home of its own, JupyterLab on a copy of the notebooks, and a Chromium that is watched.

Pictures: `LMSKIT_PICTURES=folder make test-browser` writes what the tests see as PNG files into that folder, in both window
sizes; `docs/pictures/mastery_dashboard.png` is its `readme_mastery_dashboard.png`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.browser.lab import Lab, Window

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
STUDENTS = "60"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\?token=\w+")
SHUT_DOWN = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()"
"""A kernel that nobody looks at any more takes memory."""
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
    """Where Chromium is. Whoever asks for browser tests and has none is told so; otherwise they are skipped."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    sentence = "There is no Chromium on this machine, so nothing can drive JupyterLab. Install it: apt install chromium (.ci/run does)."
    if request.config.getoption("markexpr").strip() == "browser":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The variables of a demonstration with its own home, and with notebooks that JupyterLab may write to."""
    place = Path(tempfile.mkdtemp(prefix="lmskit-browser-"))
    place.chmod(0o711)  # as root, the server runs as another user, who has to get through
    root = place / "checkout"
    for name in ("notebooks", "migrations"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(ROOT / "alembic.ini", root)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "JUPYTER"))}
    variables = clean | {
        "LMSKIT_HOME": str(place / "home"),
        "LMSKIT_PROJECT_ROOT": str(root),
        "JUPYTER_CONFIG_DIR": str(place / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(place / "run"),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
        "IPYTHONDIR": str(place / "ipython"),
        "PYTHONUNBUFFERED": "1",
    }
    try:
        made = lmskit(variables, "demo", "--students", STUDENTS, "--no-reports")
        if made.returncode != 0:
            pytest.fail(f"lmskit demo failed:\n{made.stdout}\n{made.stderr}", pytrace=False)
        yield variables
    finally:
        lmskit(variables, "db", "stop")
        shutil.rmtree(place, ignore_errors=True)


def lmskit(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lmskit", *arguments]
    return subprocess.run(command, check=False, env=variables, capture_output=True, text=True)


@contextmanager
def jupyterlab(variables: dict[str, str], person: str, log: Path) -> Iterator[str]:
    """Run `lmskit lab` and give its address."""
    command = [sys.executable, "-m", "lmskit", "lab", "--no-browser", "--as", person, "--", "--LabApp.expose_app_in_browser=True"]
    with log.open("w") as out, subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=out, text=True) as process:
        assert process.stdout is not None
        told = []
        try:
            for line in process.stdout:
                told.append(line)
                if found := ADDRESS.search(line):
                    yield found[0]
                    break
            else:
                pytest.fail(f"lmskit lab ended without an address:\n{''.join(told)}\n{log.read_text()}", pytrace=False)
        finally:
            process.terminate()
            process.stdout.close()
            process.wait(timeout=60)


@pytest.fixture(scope="session")
def lab_of(environment, tmp_path_factory) -> Iterator[Callable[[str], str]]:
    """Give the address of JupyterLab for a person; each is started once."""
    from contextlib import ExitStack

    with ExitStack() as running:
        addresses: dict[str, str] = {}

        def address(person: str) -> str:
            if person not in addresses:
                log = tmp_path_factory.mktemp("lab") / "log"
                addresses[person] = running.enter_context(jupyterlab(environment, person, log))
            return addresses[person]

        yield address


@pytest.fixture(scope="session")
def browser(chromium):
    """A headless Chromium; as root it has no sandbox to go into."""
    from playwright.sync_api import sync_playwright

    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *(["--no-sandbox"] if as_root else [])])
        yield opened
        opened.close()


@pytest.fixture
def open_lab(browser, environment, lab_of, request) -> Iterator[Callable[..., Lab]]:
    """Open a notebook as a person in a window; when the test ends, everything the window asked for and complained of is judged."""
    windows: list[Window] = []

    def opened(person: str, notebook: str, *, size: str = "1280") -> Lab:
        width, height = SIZES[size]
        # JupyterLab saves outputs, by itself too; a view of a widget whose kernel has gone would be complained of at the next opening.
        shutil.copy(ROOT / "notebooks" / notebook, Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / notebook)
        window = Window(browser.new_page(viewport={"width": width, "height": height}))
        windows.append(window)
        lab = Lab(window, lab_of(person), notebook)
        lab.open()
        return lab

    yield opened
    elsewhere = [address for window in windows for address in window.asked_elsewhere]
    complaints = [complaint for window in windows for complaint in window.complaints]  # without those of having lost its kernel
    for window in windows:
        name = re.sub(r"\W+", "_", request.node.name)
        if pictures := os.environ.get("LMSKIT_PICTURES"):
            window.page.screenshot(path=Path(pictures) / f"end_of_{name}.png")
        window.page.evaluate(SHUT_DOWN)
        window.page.close()
    assert elsewhere == [], "the page asked for something from another machine"
    assert complaints == [], "the page complained"


@pytest.fixture(scope="session")
def picture() -> Callable[[Lab, str], None]:
    """Save what is seen, if pictures are wanted."""
    folder = os.environ.get("LMSKIT_PICTURES")

    def save(lab: Lab, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            lab.page.wait_for_timeout(900)  # a smooth scroll and a figure's transition
            lab.page.screenshot(path=Path(folder) / f"{name}.png")

    return save


class Pictures:
    """Saves what is seen in both window sizes, if pictures are wanted."""

    def __init__(self, picture: Callable[[Lab, str], None]) -> None:
        self.once = picture

    def __call__(self, lab: Lab, name: str, *, top: Locator | None = None) -> None:
        """Save it, from the top of the form or of a part of it."""
        if "LMSKIT_PICTURES" not in os.environ:
            return
        for size, (width, height) in SIZES.items():
            lab.page.set_viewport_size({"width": width, "height": height})
            place = lab.output.locator(".lmskit").first if top is None else top
            place.evaluate("(place) => place.scrollIntoView({ block: 'start' })")
            self.once(lab, f"{name}_{size}")
            message = lab.output.locator(".lmskit-message:visible").last
            if message.count() and not in_view(message):
                message.evaluate("(place) => place.scrollIntoView({ block: 'center' })")
                self.once(lab, f"{name}_{size}_message")
        width, height = SIZES["1280"]
        lab.page.set_viewport_size({"width": width, "height": height})


def in_view(place: Locator) -> bool:
    seen: bool = place.evaluate("(place) => { const box = place.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; }")
    return seen


@pytest.fixture(scope="session")
def pictures(picture) -> Pictures:
    """Save what is seen of a form in both window sizes, if pictures are wanted."""
    return Pictures(picture)
