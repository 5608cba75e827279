"""A machine of its own for a hub, as far as a hub sees one: accounts, homes and processes that end with this one.

To be run by root within namespaces of its own: ``unshare --mount --pid --fork --mount-proc --kill-child python hub_machine.py FOLDER``.
The accounts are made in a copy of /etc that is seen in here alone. Lines of standard input start and stop the hub; each is answered by
a line.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def mount(*arguments: str | Path) -> None:
    subprocess.run(["/bin/mount", *arguments], check=True)


def let_everybody_reach(paths: list[Path], spare: Path) -> None:
    """Open the way to folders of root's, in here alone, and begin with an empty /tmp.

    A closed folder on the way is replaced by one with nothing else in it.
    """
    closed = {folder for path in paths for folder in path.parents if not folder.stat().st_mode & 0o001}
    for number, path in enumerate(paths):
        (spare / str(number)).mkdir(parents=True)
        mount("--bind", path, spare / str(number))
    temporary = Path("/tmp")  # noqa: S108 - it is replaced
    for folder in sorted(closed | {temporary}):
        if folder != temporary and (not folder.exists() or folder.stat().st_mode & 0o001):
            continue  # it was in another that is replaced
        mount("-t", "tmpfs", "-o", "mode=1777" if folder == temporary else "mode=755", "tmpfs", folder)
        for number, path in enumerate(paths):
            if folder in path.parents:
                path.mkdir(parents=True, exist_ok=True)
                mount("--bind", spare / str(number), path)


def make_accounts(folder: Path, passwords: dict[str, str]) -> None:
    shutil.copytree("/etc", folder / "etc", symlinks=True, copy_function=shutil.copy2)
    for name in ("shadow", "gshadow"):
        shutil.chown(folder / "etc" / name, "root", "shadow")
    mount("--bind", folder / "etc", "/etc")
    (folder / "home").mkdir()
    for name in passwords:
        subprocess.run(["/usr/sbin/useradd", "-m", "-b", folder / "home", "-s", "/bin/bash", name], check=True)
    typed = "".join(f"{name}:{password}\n" for name, password in passwords.items())
    subprocess.run(["/usr/sbin/chpasswd", "-c", "SHA512"], input=typed, text=True, check=True)


def answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def bury(_signal: int, _frame: object) -> None:
    """Take leave of ended processes, as the first process of a machine does: servers whose hub was restarted are its children."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def main(folder: Path) -> None:
    let_everybody_reach([ROOT, Path(sys.prefix), Path(sys.base_prefix)], folder / "spare")
    typed = sys.stdin.readline().split()
    make_accounts(folder, dict(account.split(":", 1) for account in typed))
    answer("accounts")
    variables = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(Path.home())}
    command = [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"]
    signal.signal(signal.SIGCHLD, bury)
    hub = None
    for line in sys.stdin:
        if line.strip() == "start":
            with (folder / "hub" / "hub.log").open("a") as log:
                hub = subprocess.Popen(command, env=variables, cwd=folder / "hub", stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        elif hub is not None:
            hub.terminate()
            hub.wait(60)
        answer(line.strip())


if __name__ == "__main__":
    os.umask(0o022)  # as a machine has it
    main(Path(sys.argv[1]))
