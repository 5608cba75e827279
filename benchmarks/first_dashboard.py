"""From a fresh clone to a dashboard on the screen, compared with `pip install` of the lock file alone.

    python benchmarks/first_dashboard.py

Both start from nothing: a clone, an empty home, a new virtual environment. It needs git, Chromium and the package registry.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402 - the path comes first

from tests.browser.conftest import ADDRESS, FLAGS  # noqa: E402
from tests.browser.lab import Lab, Window  # noqa: E402

PERSON = "demo.lecturer@example.org"


def main() -> None:
    """Time both, and print the seconds and their ratio."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-first-"))
    folder.chmod(0o711)  # as root, the server runs as another user, who must be able to pass through
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "VIRTUAL_ENV"))}
    variables = clean | {"LMSKIT_HOME": str(folder / "home")}
    clone = folder / "clone"
    try:
        lock = installed(folder)
        started = time.perf_counter()
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        subprocess.run([base_python(), "bootstrap.py", "demo"], cwd=clone, env=variables, check=True)
        demo = time.perf_counter() - started
        opened(clone, variables)
        dashboard = time.perf_counter() - started
        print(f"pip install of the lock file alone     {lock:7.1f} s")
        print(f"fresh clone to a finished make demo    {demo:7.1f} s   {demo / lock:.2f} times that")
        print(f"fresh clone to a dashboard on screen   {dashboard:7.1f} s   {dashboard / lock:.2f} times that")
    finally:
        lmskit = clone / ".venv/bin/lmskit"
        if lmskit.exists():
            subprocess.run([str(lmskit), "db", "stop"], env=variables, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def base_python() -> str:
    """The interpreter below this virtual environment."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def installed(folder: Path) -> float:
    """Seconds to install the lock file with pip into a new virtual environment."""
    subprocess.run([base_python(), "-m", "venv", str(folder / "alone")], check=True)
    command = [
        str(folder / "alone/bin/pip"),
        "install",
        "-q",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        str(ROOT / "requirements.lock"),
    ]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def opened(clone: Path, variables: dict[str, str]) -> None:
    """Open the dashboard in JupyterLab as the demonstration lecturer, and wait until its heat map is drawn."""
    command = [str(clone / ".venv/bin/lmskit"), "lab", "--no-browser", "--as", PERSON, "--", "--LabApp.expose_app_in_browser=True"]
    lab = subprocess.Popen(command, cwd=clone, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert lab.stdout is not None
        address = next(found.group() for line in lab.stdout if (found := re.search(ADDRESS, line)))
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, *sandbox])
            notebook = Lab(Window(browser.new_page()), address, "lecturer/mastery_dashboard.ipynb")
            notebook.open()
            notebook.run_all()
            notebook.figure("Mastery by student and week").first.wait_for()
            browser.close()
    finally:
        lab.send_signal(signal.SIGINT)
        lab.send_signal(signal.SIGTERM)
        lab.wait(timeout=60)


if __name__ == "__main__":
    main()
