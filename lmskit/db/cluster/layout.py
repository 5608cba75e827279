"""The folders of an embedded server, and who may enter them.

::

    home/                            the owner's; if root starts the server, its user may pass through
        postgresql-18.lock
        postgresql-18/
            data/  log/  run/        the server's own, 0700
            conf/                    written by lmskit, readable for the server
            install/                 a copy of the binaries, if the server's user cannot reach the wheel's
            port  bootstrapped       the last port; how the server was prepared
            ballast                  given up when the disk is full
            held                     locked as long as a process of the server lives

If root starts the server, the server's user owns only data, log and run. An attacker who breaks out of the
database can then neither change the rules of who may sign in nor make root follow a link.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from lmskit.db.cluster.server_user import ServerUser

LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.65535")
"""`sun_path` holds 107 characters on Linux and 103 on macOS."""
SHORT_FOLDERS = Path("/tmp")  # noqa: S108 - not TMPDIR, which differs between a login and a scheduled job; see `socket_folder`
MINE = 0o700
PASS_THROUGH = 0o710


@dataclass(frozen=True)
class Layout:
    """The paths of one embedded server."""

    home: Path
    version: int

    @property
    def base(self) -> Path:
        """The folder of this server."""
        return self.home / f"postgresql-{self.version}"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """The folder of the server's logs."""
        return self.base / "log"

    @property
    def run(self) -> Path:
        """The folder of the socket, if its path is short enough."""
        return self.base / "run"

    @property
    def conf(self) -> Path:
        """The folder of the configuration, which lmskit writes at each start."""
        return self.base / "conf"

    @property
    def install(self) -> Path:
        """The copy of the binaries."""
        return self.base / "install"

    @property
    def port(self) -> Path:
        """The file with the last port."""
        return self.base / "port"

    @property
    def held(self) -> Path:
        """The file that the processes of the server hold locked."""
        return self.base / "held"

    @property
    def ballast(self) -> Path:
        """The file that is given up when the disk is full."""
        return self.base / "ballast"

    @property
    def bootstrapped(self) -> Path:
        """The file that says how the cluster was prepared."""
        return self.base / "bootstrapped"

    @property
    def superuser_passfile(self) -> Path:
        """The file with the superuser's password, on systems without peer authentication."""
        return self.base / "superuser.pgpass"

    @property
    def lock(self) -> Path:
        """The lock file for starting, stopping and preparing."""
        return self.home / f"postgresql-{self.version}.lock"


def made_by_others(home: Path, version: int) -> list[int]:
    """Return the other major versions whose data a home has, oldest first."""
    found = [re.fullmatch(r"postgresql-(\d+)", path.parent.name) for path in home.glob("postgresql-*/data")]
    return sorted(int(name[1]) for name in found if name is not None and int(name[1]) != version)


def prepare_home(layout: Layout, user: ServerUser) -> None:
    """Make the home, and let the server's user pass through it if that is another user.

    Folders above the home are left as they are; if they keep the server's user out, that is an error.
    """
    home = layout.home
    if not home.exists():
        home.mkdir(mode=MINE, parents=True, exist_ok=True)
    if not user.switch:
        return
    if not enterable(home, user) and home.stat().st_uid == os.geteuid() and _looks_like_ours(home):
        os.chown(home, 0, user.gid)
        home.chmod(PASS_THROUGH)
    if not enterable(home, user):
        message = (
            f"The database server runs as the system user {user.name}, which cannot enter {home}. "
            "Choose a folder that every user can reach with LMSKIT_HOME, such as /var/lib/lmskit."
        )
        raise ClusterError(message)


OURS = (
    "postgresql-", "pgpass", "sign-in", "mail", "migration.lock", "jupyter", "known-databases", "materials", "backups", "sending",
    "verification",
)  # fmt: skip
"""The beginnings of the names of all that lmskit puts into a home."""


def _looks_like_ours(home: Path) -> bool:
    return all(entry.name.startswith(OURS) for entry in home.iterdir())


def enterable(folder: Path, user: ServerUser) -> bool:
    """Whether the server's user can enter this folder; the operating system itself is asked."""
    probe = subprocess.run(  # noqa: S603 - fixed arguments, no shell text from outside
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=user.uid, group=user.gid, extra_groups=[], cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    return probe.returncode == 0


def prepare_base(layout: Layout, user: ServerUser) -> None:
    """Make the folders of the server with the owners and modes they must have."""
    owned_by_caller(layout.base, PASS_THROUGH if user.switch else MINE, user)
    owned_by_caller(layout.conf, 0o750 if user.switch else MINE, user)
    for folder in (layout.log, layout.run):
        owned_by_server(folder, user)


def owned_by_caller(folder: Path, mode: int, user: ServerUser) -> None:
    """Make a folder of the caller that the server's user may pass through or read."""
    folder.mkdir(mode=MINE, exist_ok=True)
    if user.switch:
        os.chown(folder, 0, user.gid)
    folder.chmod(mode)


def owned_by_server(folder: Path, user: ServerUser) -> None:
    """Make a folder that belongs to the server's user alone."""
    folder.mkdir(mode=MINE, exist_ok=True)
    if user.switch:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(MINE)


def socket_folder(layout: Layout, user: ServerUser) -> Path:
    """Return a folder for the socket whose path is short enough and to which no other user can write.

    A home with a long path gets a folder in /tmp, not under XDG_RUNTIME_DIR, which vanishes at log-out while
    the server runs on. Someone else may have made a folder of that name first: it counts only when it
    belongs to the server's user alone, else one with an unguessable name is made. Clients read from the data
    directory which one it is.
    """
    if os.name == "nt" or len(os.fsencode(layout.run)) <= LONGEST_SOCKET_FOLDER:
        return layout.run
    digest = hashlib.sha256(os.fsencode(layout.base)).hexdigest()[:12]
    folder = SHORT_FOLDERS / f"lmskit-{user.uid}-{digest}"
    try:
        folder.mkdir(mode=MINE)
    except FileExistsError:
        if belongs_to_server(folder, user):
            return folder
        folder = Path(tempfile.mkdtemp(prefix=f"lmskit-{user.uid}-", dir=SHORT_FOLDERS))
    if user.switch:
        os.chown(folder, user.uid, user.gid)
    return folder


def belongs_to_server(folder: Path, user: ServerUser) -> bool:
    """Whether this is a real folder of the server's user that no other user may enter."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == user.uid and not found.st_mode & 0o077
