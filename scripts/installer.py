"""Install packages with uv if it is installed, else with pip, and say in one sentence what went wrong."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.progress import ProgressPrinter

NO_CONNECTION = re.compile(
    "NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|Temporary failure in name resolution|Name or service not known"
    "|getaddrinfo failed|Network is unreachable|Connection refused|Connection reset|Max retries exceeded|ProxyError|Cannot connect to proxy"
    "|dns error|error sending request|tcp connect error|client error \\(Connect\\)|Failed to fetch|No route to host",
    re.IGNORECASE,
)
WRONG_HASH = re.compile("DO NOT MATCH THE HASHES|Hash mismatch", re.IGNORECASE)
DISK_FULL = re.compile("No space left on device|not enough space on the disk", re.IGNORECASE)
NO_PACKAGE = re.compile(
    r"No matching distribution found for (?P<pip>[\w.-]+)|Because (?P<uv>[\w.-]+)==\S+ (?:was not found|has no (?:usable )?wheels)",
    re.IGNORECASE,
)


class SetupError(Exception):
    """Setting up has stopped; the message is for the person at the terminal and says what to do."""


class PackagesNotInstalledError(SetupError):
    """The installer ended with an error."""


def without_python_variables() -> dict[str, str]:
    """Return the environment variables without those that would make a Python use packages of another."""
    others = {
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONUSERBASE",
        "PYTHONSTARTUP",
        "__PYVENV_LAUNCHER__",
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
    }
    return {name: value for name, value in os.environ.items() if name not in others}


def uv() -> str | None:
    """Return the path of uv, or None if it is not on the PATH."""
    return shutil.which("uv")


def install(python: Path, arguments: Sequence[str], *, log: Path, progress: ProgressPrinter, expected: int = 0) -> None:
    """Run `install` of uv or pip for the environment of `python`; if uv fails, pip is tried."""
    if (found := uv()) is not None:
        try:
            _run([found, "pip", "install", "--python", str(python), *arguments], log=log, progress=progress, expected=expected)
        except PackagesNotInstalledError:
            progress.step("uv could not install them; trying pip")
            ensure_pip(python)
        else:
            return
    pip = [str(python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile"]
    _run([*pip, *arguments], log=log, progress=progress, expected=expected)


def ensure_pip(python: Path) -> None:
    """Install pip into the environment of `python` unless it has it."""
    has_pip = subprocess.run([python, "-I", "-c", "import pip"], check=False, capture_output=True, env=without_python_variables())
    if has_pip.returncode == 0:
        return
    made = subprocess.run([python, "-I", "-m", "ensurepip"], check=False, capture_output=True, text=True, env=without_python_variables())
    if made.returncode != 0:
        message = (
            f"{python} cannot install packages, because its module ensurepip is missing or broken. "
            "On Debian or Ubuntu: apt install python3-venv. Then run the same command again."
        )
        raise SetupError(message)


def _run(command: Sequence[str], *, log: Path, progress: ProgressPrinter, expected: int) -> None:
    """Run an installer, print its progress, and append its output to `log`."""
    found = not_for_this_system = 0
    output: list[str] = []
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=without_python_variables(),
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - a pipe was requested
        for line in process.stdout:
            file.write(line)
            output.append(line)
            found += line.startswith(("Collecting ", "Processing "))
            not_for_this_system += line.startswith("Ignoring ")
            if expected and line.startswith("Installing collected packages"):
                progress.step(f"Unpacking {found} packages")
            elif expected and line.startswith(("Collecting ", "Processing ")):
                progress.update(f"{found} of {expected - not_for_this_system} packages found")
    if process.returncode != 0:
        raise PackagesNotInstalledError(_explanation("".join(output), log))


def _explanation(output: str, log: Path) -> str:
    """Return the likely reason, and what to do about it."""
    if DISK_FULL.search(output):
        return f"The disk is full: the packages need about 1 GB. Free some space and run the same command again. Details: {log}"
    if WRONG_HASH.search(output):
        return f"A downloaded package does not have the hash in requirements.lock; it was not installed. Details: {log}"
    if NO_CONNECTION.search(output):
        return (
            "The packages could not be downloaded, because the package index does not answer. Connect to the network "
            f"(behind a proxy: set HTTPS_PROXY; with a mirror: set PIP_INDEX_URL) and run the same command again. Details: {log}"
        )
    if (missing := NO_PACKAGE.search(output)) is not None:
        name = missing["pip"] or missing["uv"]
        return f"There is no ready-made package of {name} for this system and this Python at the package index. Details: {log}"
    return f"The packages could not be installed. The installer's output is in {log}"
