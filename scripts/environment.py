"""Make the virtual environment that holds exactly what requirements.lock says.

States of the folder, each recognised by the files in it:

* `lmskit-environment.json`: finished; the file says what was installed.
* `lmskit-unfinished`: another process is making it, or was killed while making it. It is removed and made again.
* neither file, but a Python that works: made by hand. The packages are installed into it.
* neither file, and no Python that works: it is removed and made again.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.exclusive import exclusive
from scripts.installer import SetupError, ensure_pip, install, uv, without_python_variables
from scripts.progress import ProgressPrinter

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Environment:
    """The virtual environment of one checkout."""

    root: Path
    """The checkout."""
    folder: Path
    """The folder of the environment."""

    @property
    def python(self) -> Path:
        """The interpreter. Scripts beside it contain the path at which they were made; the interpreter can be moved."""
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
        """Whether the environment has what the checkout needs."""
        return self._packages_ready() and self._installed("checkout") == self._checkout()

    def prepare(self, progress: ProgressPrinter, *, at_once: bool = False) -> None:
        """Make the environment, repair it or bring it up to date; a second call does nothing.

        With `at_once` it can be used while another process still compiles some of its packages.
        """
        if self.ready():
            return
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with exclusive(
                self.folder.with_name(self.folder.name + ".lock"),
                when_waiting=lambda: progress.step("Another process is preparing this environment; waiting for it"),
            ):
                if not self.ready():
                    self._prepare(progress, at_once=at_once)
        except PermissionError as error:
            message = (
                f"There is no permission to write to {error.filename or self.folder}. Work in a copy of the checkout that belongs to you, "
                "or set LMSKIT_VENV to a folder of your own for the environment."
            )
            raise SetupError(message) from error

    def _prepare(self, progress: ProgressPrinter, *, at_once: bool) -> None:
        if not self._packages_ready():
            if self._unfinished.exists() or not self._python_version():
                self._make(progress)
            self._begin()
            with self._compiling(at_once=at_once):
                self._install_packages(progress)
        progress.step("Installing lmskit itself, so that changes to the checkout take effect at once")
        arguments = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(self.root)]
        install(self.python, arguments, log=self._log, progress=progress)
        self._finish()
        progress.step(f"The environment in {self.folder} is ready")

    def _make(self, progress: ProgressPrinter) -> None:
        """Make an environment without packages; a half-made one is removed first."""
        if self.folder.exists():
            progress.step(f"The environment in {self.folder} is half-made; making it again")
            shutil.rmtree(self.folder)
        with_pip = uv() is None
        for module in ["venv", "ensurepip"] if with_pip else ["venv"]:
            if importlib.util.find_spec(module) is None:
                message = (
                    f"Python at {sys.executable} cannot make virtual environments, because its module {module} is missing. "
                    "On Debian or Ubuntu: apt install python3-venv. Then run the same command again."
                )
                raise SetupError(message)
        progress.step(f"Making a virtual environment in {self.folder} with Python {'.'.join(map(str, sys.version_info[:3]))}")
        self.folder.mkdir()
        self._unfinished.touch()
        command = [sys.executable, "-I", "-m", "venv", *([] if with_pip else ["--without-pip"]), str(self.folder)]
        made = subprocess.run(command, check=False, capture_output=True, text=True, env=without_python_variables())
        if made.returncode != 0:
            reasons = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
            message = (
                f"{sys.executable} could not make a virtual environment: {reasons[-1]}. On Debian or Ubuntu: apt install python3-venv."
            )
            raise SetupError(message)

    def _install_packages(self, progress: ProgressPrinter) -> None:
        lock = self.root / "requirements.lock"
        expected = len(re.findall(r"(?m)^[\w.-]+(\[[\w,.-]+\])?==", lock.read_text(encoding="utf-8")))
        if uv() is None:
            ensure_pip(self.python)
        progress.step(f"Installing {expected} packages, each checked against its hash in requirements.lock (a minute or two)")
        arguments = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
        install(self.python, arguments, log=self._log, progress=progress, expected=expected)

    @contextmanager
    def _compiling(self, *, at_once: bool) -> Iterator[None]:
        """Compile the packages while they are installed; pip would do it afterwards, on one processor, which takes nearly as long again.

        Nobody waits for it after uv, which is done so early that little would be compiled.
        """
        program = Path(__file__).with_name("bytecode.py")
        command = [str(self.python), "-I", str(program), *(["apart"] if at_once or uv() is not None else [])]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=without_python_variables()
        ):
            yield

    def _begin(self) -> None:
        """Mark the environment as unfinished, whatever its state was before."""
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
        """A hash of the path of the checkout and its metadata: a checkout that was moved is installed again."""
        return hashlib.sha256(os.fsencode(self.root) + b"\0" + (self.root / "pyproject.toml").read_bytes()).hexdigest()

    def _python_version(self) -> str:
        """The environment's version of Python, such as `3.11`; empty if it does not work or is too old.

        An upgrade of the system can replace the Python that an environment uses.
        """
        if not self.python.exists():
            return ""
        program = "import sys; print(*sys.version_info[:2], sep='.')"
        try:
            answer = subprocess.run(
                [self.python, "-I", "-S", "-c", program], check=False, capture_output=True, text=True, env=without_python_variables()
            )
        except OSError:
            return ""
        version = answer.stdout.strip()
        if answer.returncode != 0 or tuple(map(int, version.split("."))) < OLDEST_PYTHON:
            return ""
        return version


def environment_of(root: Path = ROOT) -> Environment:
    """Return the environment of a checkout: `.venv` in it, or the folder in `LMSKIT_VENV`."""
    chosen = os.environ.get("LMSKIT_VENV")
    return Environment(root=root, folder=Path(chosen).absolute() if chosen else root / ".venv")
