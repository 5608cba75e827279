"""From a fresh clone, and from a wheel, to a dashboard on the screen, compared with `pip install` of the lock file alone.

    python benchmarks/first_dashboard.py [--rounds 3] [--before CHECKOUT] [--uv]

Each way starts from nothing: an empty home, a new virtual environment. The ways take turns, in a new order each round. All of them
install with pip and its cache, which the first, unmeasured download fills; with `--uv` the clone takes uv, as `make run` does where
it finds one. `--before` adds a clone of another checkout. It needs git, Chromium and the package index.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - the path comes first

from tests.browser.conftest import ADDRESS, FLAGS  # noqa: E402
from tests.browser.lab import Lab, Window  # noqa: E402

PERSON = "demo.lecturer@example.org"
FIGURE = "Mastery by student and week"
LAB = ["lab", "--no-browser", "--as", PERSON]
RUN = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""
IN_PAGE = "--LabApp.expose_app_in_browser=True"


@dataclass
class Run:
    """One run of a way: when each part of it had ended."""

    folder: Path
    variables: dict[str, str]
    began: float = field(default_factory=time.perf_counter)
    parts: list[tuple[float, str]] = field(default_factory=list)

    def ended(self, part: str) -> None:
        """Note that a part has ended."""
        self.parts.append((time.perf_counter() - self.began, part))

    @property
    def seconds(self) -> float:
        """From the beginning to the end of the last part."""
        return self.parts[-1][0]

    def call(self, *command: str | Path, cwd: Path | None = None) -> None:
        """Run a command, which has to succeed."""
        subprocess.run([str(word) for word in command], cwd=cwd or self.folder, env=self.variables, check=True, stdout=subprocess.PIPE)


def main() -> None:
    """Take turns, and print seconds, ratios and parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="another checkout, to be compared")
    parser.add_argument("--uv", action="store_true", help="let the clones find uv")
    parser.add_argument("--only", nargs="*", default=[], help="words of the ways to run beside pip")
    options = parser.parse_args()
    ways: dict[str, Callable[[Run, Browser], None]] = {"clone": lambda run, browser: from_clone(run, browser, ROOT)}
    if options.before is not None:
        ways["clone before"] = lambda run, browser: from_clone(run, browser, options.before)
    ways["wheel"] = from_wheel
    ways = {name: way for name, way in ways.items() if not options.only or name in options.only}
    runs: dict[str, list[Run]] = {name: [] for name in ("pip install of the lock", *ways)}
    with opened_browser() as browser:
        for number in range(options.rounds):
            turns: list[tuple[str, Callable[[Run, Browser], None]]] = [("pip install of the lock", only_lock), *ways.items()]
            for name, way in turns if number % 2 == 0 else reversed(turns):
                with run_in_folder(with_uv=options.uv) as run:
                    way(run, browser)
                runs[name].append(run)
                print(f"round {number + 1}: {name:<24} {run.seconds:7.1f} s", flush=True)
    report(runs)


def report(runs: dict[str, list[Run]]) -> None:
    """Print the median of each way, its ratio to pip, and the parts of the median run."""
    alone = runs["pip install of the lock"]
    print()
    for name, of_way in runs.items():
        ratios = [run.seconds / pip.seconds for run, pip in zip(of_way, alone, strict=True)]
        print(f"{name:<24} {median(run.seconds for run in of_way):7.1f} s   {median(ratios):.2f} times pip install of the lock")
    for name, of_way in list(runs.items())[1:]:
        middle = sorted(of_way, key=lambda run: run.seconds)[len(of_way) // 2]
        print(f"\nParts of {name}, seconds for each and since the beginning:")
        before = 0.0
        for at, part in middle.parts:
            print(f"{at - before:7.1f} {at:7.1f}  {part}")
            before = at


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Chromium, started before anything is measured."""
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, *sandbox])
        yield browser
        browser.close()


@contextmanager
def run_in_folder(*, with_uv: bool) -> Iterator[Run]:
    """A run with an empty folder and home; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-first-"))
    folder.chmod(0o711)  # as root, the server runs as another user, who must be able to pass through
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "VIRTUAL_ENV", "PYTHON"))}
    if not with_uv:
        kept = [entry for entry in clean["PATH"].split(os.pathsep) if not (Path(entry) / "uv").exists()]
        clean["PATH"] = os.pathsep.join(kept)
    own = {"LMSKIT_HOME": str(folder / "home"), "PYTHONUNBUFFERED": "1"}
    run = Run(folder, clean | own)
    try:
        yield run
    finally:
        for lmskit in folder.glob("*/**/bin/lmskit"):
            subprocess.run([str(lmskit), "db", "stop"], env=run.variables, check=False, stdout=subprocess.PIPE)
        shutil.rmtree(folder, ignore_errors=True)


def base_python() -> str:
    """The interpreter below this virtual environment."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def only_lock(run: Run, _browser: Browser) -> None:
    """`pip install` of the lock file into a new virtual environment."""
    run.call(base_python(), "-m", "venv", "alone")
    run.began = time.perf_counter()
    run.call("alone/bin/pip", "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements.lock")
    run.ended("pip install")


def from_clone(run: Run, browser: Browser, origin: Path) -> None:
    """Clone, `bootstrap.py run`, and the dashboard."""
    clone = run.folder / "clone"
    run.call("git", "clone", "-q", origin, clone)
    run.ended("git clone")
    shown_by(run, browser, [base_python(), "bootstrap.py", "run", *LAB[1:], "--", IN_PAGE], cwd=clone)


def from_wheel(run: Run, browser: Browser) -> None:
    """`pip install` of the wheel, `lmskit demo`, `lmskit lab`, and the dashboard."""
    run.call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", run.folder, cwd=ROOT)
    run.call(base_python(), "-m", "venv", "installed")
    run.began = time.perf_counter()
    (wheel,) = run.folder.glob("*.whl")
    run.call("installed/bin/pip", "install", "-q", wheel)
    run.ended("pip install")
    run.variables["LMSKIT_WORKSPACE"] = str(run.folder / "workspace")
    run.call("installed/bin/lmskit", "demo")
    run.ended("lmskit demo")
    shown_by(run, browser, [run.folder / "installed/bin/lmskit", *LAB, "--", IN_PAGE], cwd=run.folder)


def shown_by(run: Run, browser: Browser, command: list[str | Path], *, cwd: Path) -> None:
    """Run a command that opens JupyterLab, open the dashboard as the demonstration lecturer, and wait until its heat map is drawn."""
    own = {"JUPYTER_CONFIG_DIR": str(run.folder / "jupyter"), "JUPYTERLAB_SETTINGS_DIR": str(run.folder / "settings")}
    words = [str(word) for word in command]
    lab = subprocess.Popen(words, cwd=cwd, env=run.variables | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert lab.stdout is not None
        for line in lab.stdout:
            if (address := re.search(ADDRESS, line)) is not None:
                break
            if line.strip() and not re.search(r" of \d+ packages found", line):
                run.ended(f"until: {line.strip()[:100]}")
        else:
            message = f"{words} ended without an address"
            raise RuntimeError(message)
        run.ended("JupyterLab listens")
        page = browser.new_page()
        notebook = Lab(Window(page), address.group(), "lecturer/mastery_dashboard.ipynb")
        notebook.open()
        run.ended("the notebook is open and its kernel has started")
        page.evaluate(RUN)
        page.locator(".lmskit").first.wait_for()
        run.ended("the cell has shown its widgets")
        notebook.figure(FIGURE).first.wait_for()
        run.ended("the first figure is drawn")
        page.close()
    finally:
        lab.send_signal(signal.SIGINT)
        lab.send_signal(signal.SIGTERM)
        lab.wait(timeout=60)


if __name__ == "__main__":
    main()
