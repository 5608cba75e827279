"""Install packages with uv if it is there, else with pip, and say in one sentence what went wrong."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.narration import Narration

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
    """Setting up stopped; the message is for the person at the terminal and says what to do."""


class PackagesNotInstalledError(SetupError):
    """The installer ended with an error."""


def without_python_variables() -> dict[str, str]:
    """Return the environment without what would lead a Python to other packages than its own."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in astray}


def uv() -> str | None:
    """Where uv is, if it is on the PATH."""
    return shutil.which("uv")


def install(python: Path, arguments: Sequence[str], *, log: Path, narration: Narration, expected: int = 0) -> None:
    """Run `install` of uv or pip for the environment of `python`; uv's failure is followed by a try with pip."""
    if (found := uv()) is not None:
        try:
            _run([found, "pip", "install", "--python", str(python), *arguments], log=log, narration=narration, expected=expected)
        except PackagesNotInstalledError:
            narration.say("uv could not install them; trying pip")
            ensure_pip(python)
        else:
            return
    pip = [str(python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    _run([*pip, *arguments], log=log, narration=narration, expected=expected)


def ensure_pip(python: Path) -> None:
    """Put pip into the environment of `python` unless it is there."""
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


def _run(command: Sequence[str], *, log: Path, narration: Narration, expected: int) -> None:
    """Run an installer, tell its progress, keep its output in `log`."""
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
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            file.write(line)
            output.append(line)
            found += line.startswith(("Collecting ", "Processing "))
            not_for_this_system += line.startswith("Ignoring ")
            if expected and line.startswith("Installing collected packages"):
                narration.say(f"Unpacking {found} packages")
            elif expected and line.startswith(("Collecting ", "Processing ")):
                narration.progress(f"{found} of {expected - not_for_this_system} packages found")
    if process.returncode != 0:
        raise PackagesNotInstalledError(_explanation("".join(output), log))


def _explanation(output: str, log: Path) -> str:
    """The likely reason, and what to do about it."""
    if DISK_FULL.search(output):
        return f"The disk is full: the packages need about 1 GB. Make room and run the same command again. Details: {log}"
    if WRONG_HASH.search(output):
        return f"A downloaded package is not the one that requirements.lock names; it was not installed. Details: {log}"
    if NO_CONNECTION.search(output):
        return (
            "The packages could not be downloaded, because the package index does not answer. Connect to the network "
            f"(behind a proxy: set HTTPS_PROXY; with a mirror: set PIP_INDEX_URL) and run the same command again. Details: {log}"
        )
    if (missing := NO_PACKAGE.search(output)) is not None:
        name = missing["pip"] or missing["uv"]
        return f"There is no ready-made package of {name} for this system and this Python at the package index. Details: {log}"
    return f"The packages could not be installed. What the installer said is in {log}"
