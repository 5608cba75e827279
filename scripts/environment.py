"""Make the virtual environment that holds exactly what requirements.lock says.

States of the folder, each recognised by what lies in it:

* `lmskit-environment.json` says what was installed: finished.
* `lmskit-unfinished`: someone is at work, or was killed at it. Built anew from nothing.
* neither, but a Python that works: made by hand. The packages are installed into it.
* neither, and no Python that works: built anew.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.exclusive import exclusive
from scripts.installer import SetupError, ensure_pip, install, uv, without_python_variables
from scripts.narration import Narration

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Environment:
    """The virtual environment of one checkout."""

    root: Path
    """The checkout."""
    folder: Path
    """Where the environment lies."""

    @property
    def python(self) -> Path:
        """Its interpreter. Scripts beside it name the place where they were made; this one can be moved."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def _stamp(self) -> Path:
        return self.folder / "lmskit-environment.json"

    @property
    def _unfinished(self) -> Path:
        return self.folder / "lmskit-unfinished"

    @property
    def _log(self) -> Path:
        return self.folder / "lmskit-install.log"

    def ready(self) -> bool:
        """Whether the environment holds what the checkout asks for."""
        return self._packages_ready() and self._installed("checkout") == self._checkout()

    def prepare(self, narration: Narration) -> None:
        """Make the environment, mend it or bring it up to date; a second call finds nothing to do."""
        if self.ready():
            return
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with exclusive(
                self.folder.with_name(self.folder.name + ".lock"),
                when_waiting=lambda: narration.say("Another process is preparing this environment; waiting for it"),
            ):
                if not self.ready():
                    self._prepare(narration)
        except PermissionError as error:
            message = (
                f"There is no permission to write to {error.filename or self.folder}. Work in a copy of the checkout that belongs to you, "
                "or set LMSKIT_VENV to a folder of your own for the environment."
            )
            raise SetupError(message) from error

    def _prepare(self, narration: Narration) -> None:
        if not self._packages_ready():
            if self._unfinished.exists() or not self._python_version():
                self._make(narration)
            self._begin()
            self._install_packages(narration)
        narration.say("Installing lmskit itself, so that changes to the checkout take effect at once")
        arguments = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(self.root)]
        install(self.python, arguments, log=self._log, narration=narration)
        self._finish()
        narration.say(f"The environment in {self.folder} is ready")

    def _make(self, narration: Narration) -> None:
        """Build an environment without packages, in place of whatever half-made one is there."""
        if self.folder.exists():
            narration.say(f"The environment in {self.folder} is half-made; starting again")
            shutil.rmtree(self.folder)
        with_pip = uv() is None
        for module in ["venv", "ensurepip"] if with_pip else ["venv"]:
            if importlib.util.find_spec(module) is None:
                message = (
                    f"Python at {sys.executable} cannot make virtual environments, because its module {module} is missing. "
                    "On Debian or Ubuntu: apt install python3-venv. Then run the same command again."
                )
                raise SetupError(message)
        narration.say(f"Making a virtual environment in {self.folder} with Python {'.'.join(map(str, sys.version_info[:3]))}")
        self.folder.mkdir()
        self._unfinished.touch()
        command = [sys.executable, "-I", "-m", "venv", *([] if with_pip else ["--without-pip"]), str(self.folder)]
        made = subprocess.run(command, check=False, capture_output=True, text=True, env=without_python_variables())
        if made.returncode != 0:
            told = (made.stderr or made.stdout).strip().splitlines() or ["it did not say why"]
            message = f"{sys.executable} could not make a virtual environment: {told[-1]}. On Debian or Ubuntu: apt install python3-venv."
            raise SetupError(message)

    def _install_packages(self, narration: Narration) -> None:
        lock = self.root / "requirements.lock"
        expected = len(re.findall(r"(?m)^[\w.-]+(\[[\w,.-]+\])?==", lock.read_text(encoding="utf-8")))
        if uv() is None:
            ensure_pip(self.python)
        narration.say(f"Installing {expected} packages, each checked against its hash in requirements.lock (a minute or two)")
        arguments = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
        install(self.python, arguments, log=self._log, narration=narration, expected=expected)

    def _begin(self) -> None:
        """From here on the environment is unfinished, whatever it was before."""
        if self._stamp.exists():
            self._stamp.replace(self._unfinished)
        else:
            self._unfinished.touch()

    def _finish(self) -> None:
        contents = {"packages": self._packages(), "python": self._python_version(), "checkout": self._checkout()}
        new = self._stamp.with_suffix(".new")
        new.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
        new.replace(self._stamp)
        self._unfinished.unlink(missing_ok=True)

    def _packages_ready(self) -> bool:
        return (
            not self._unfinished.exists()
            and self._installed("packages") == self._packages()
            and self._installed("python") == self._python_version()
        )

    def _installed(self, what: str) -> str | None:
        try:
            contents = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return contents.get(what) if isinstance(contents, dict) else None

    def _packages(self) -> str:
        return hashlib.sha256((self.root / "requirements.lock").read_bytes()).hexdigest()

    def _checkout(self) -> str:
        """Where lmskit lies and what its metadata say: a checkout that was moved is installed again."""
        return hashlib.sha256(os.fsencode(self.root) + b"\0" + (self.root / "pyproject.toml").read_bytes()).hexdigest()

    def _python_version(self) -> str:
        """The environment's version of Python, such as `3.11`; empty if it has none that works or one that is too old.

        An upgrade of the system can exchange the Python that an environment rests on.
        """
        if not self.python.exists():
            return ""
        program = "import sys; print(*sys.version_info[:2], sep='.')"
        try:
            told = subprocess.run(
                [self.python, "-I", "-S", "-c", program], check=False, capture_output=True, text=True, env=without_python_variables()
            )
        except OSError:
            return ""
        version = told.stdout.strip()
        if told.returncode != 0 or tuple(map(int, version.split("."))) < OLDEST_PYTHON:
            return ""
        return version


def environment(root: Path = ROOT) -> Environment:
    """The environment of the checkout: `.venv` in it, or where `LMSKIT_VENV` says."""
    elsewhere = os.environ.get("LMSKIT_VENV")
    return Environment(root=root, folder=Path(elsewhere).absolute() if elsewhere else root / ".venv")
