"""What a person's kernel at a hub can reach of an account: run in the kernel, of oneself and of another; see `test_jupyterhub`."""

import json
import os
import pwd
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

PROC, TEMPORARY = Path("/proc"), Path("/tmp")  # noqa: S108 - it is searched


def probe(*, account: str, hub: str, kernel: str, runtime: str, folder: str) -> dict[str, str]:
    """Try everything of an account; what was refused is a sentence that begins with "refused".

    Parameters
    ----------
    account
        Name of the account, also at the hub.
    hub, kernel, runtime, folder
        Address of the hub, id of a kernel of the account and the folder of its sockets, folder of the hub.
    """
    found: dict[str, str] = {}
    owner = pwd.getpwnam(account)
    home, uid = Path(owner.pw_dir), owner.pw_uid
    notebooks = home / "lmskit" / "notebooks"
    tries: dict[str, Callable[[], object]] = {
        "environments of processes": lambda: [read(process / "environ") for process in processes(uid)],
        "memory of processes": lambda: [open_memory(process) for process in processes(uid)],
        "open files of processes": lambda: [names(process / "fd") for process in processes(uid)],
        "signals to processes": lambda: [signal(process) for process in processes(uid)],
        "a notebook": lambda: read(notebooks / "lecturer" / "mastery_dashboard.ipynb"),
        "the folder of notebooks": lambda: names(notebooks),
        "a new file in the notebooks": lambda: write(notebooks / f"by-{os.geteuid()}"),
        "own files of lmskit": lambda: names(home / ".local" / "share" / "lmskit"),
        "the sign-in": lambda: [read(private / "sign-in.json") for private in TEMPORARY.glob("lmskit-*") if private.stat().st_uid == uid],
        "connection file of a kernel": lambda: read(Path(runtime) / f"kernel-{kernel}.json"),
        "sockets of a kernel": lambda: connect(Path(runtime) / f"kernel-{kernel}-ipc-{number}" for number in range(1, 6)),
    }
    for where, address in {"of the server itself": f"http://127.0.0.1:{port_of(uid)}", "of the server at the hub": hub}.items():
        server = f"{address}/user/{account}"
        for path in ("contents", "kernels", f"kernels/{kernel}", "sessions", "terminals"):
            tries[f"api/{path.replace(kernel, 'ID')} {where}"] = partial(ask, f"{server}/api/{path}")
        tries[f"a new kernel {where}"] = partial(ask, f"{server}/api/kernels", "POST")
        tries[f"the page {where}"] = partial(ask, f"{server}/lab")
    tries["the user at the hub"] = lambda: ask(f"{hub}/hub/api/users/{account}")
    for name, work in tries.items():
        try:
            found[name] = str(work())
        except Exception as error:  # noqa: BLE001 - what refuses it
            found[name] = f"refused: {error!r}"
    for name in ("pgpass", "sign-in.json", "jupyterhub.sqlite", "jupyterhub_cookie_secret", "jupyterhub_config.py", "hub.log"):
        with suppress(PermissionError):
            found[f"{name} of the hub"] = read(Path(folder) / name)
    return found


def seen_of_others() -> str:
    """Everything that the system shows of processes of other accounts."""
    shown = []
    for process in PROC.glob("[0-9]*"):
        for name in ("cmdline", "environ", "comm", "status"):
            with suppress(OSError):
                if process.stat().st_uid != os.geteuid():
                    shown.append(read(process / name))
    return "\n".join(shown)


def files_of_others(*tops: str, without: str) -> list[str]:
    """The names of files under some folders, but not under another, that can be opened, and are not one's own."""
    found = []
    for top in tops:
        for folder, names, names_in in os.walk(top):
            names[:] = [name for name in names if str(Path(folder) / name) != without]
            for path in (Path(folder) / name for name in names_in):
                with suppress(OSError), path.open("rb") as file:
                    if os.fstat(file.fileno()).st_uid != os.geteuid():
                        found.append(path.name)
    return sorted(set(found))


def processes(uid: int) -> list[Path]:
    found = [process for process in PROC.glob("[0-9]*") if process.stat().st_uid == uid]
    assert len(found) > 1, "a server and a kernel run"
    return found


def open_memory(process: Path) -> object:
    with (process / "mem").open("rb") as file:
        return file.name


def signal(process: Path) -> object:
    os.kill(int(process.name), 0)
    return process


def read(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def write(path: Path) -> None:
    path.touch(exist_ok=False)
    path.unlink()


def connect(paths: Iterable[Path]) -> None:
    for path in paths:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.connect(str(path))


def port_of(uid: int) -> int:
    """The port on which an account listens, as every account can see it."""
    lines = [line.split() for line in read(PROC / "net" / "tcp").splitlines()[1:]]
    ports = {int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and int(line[7]) == uid}
    [port] = [port for port in ports if speaks_http(port)]  # the others take a kernel's output from its own children
    return port


def speaks_http(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as opened:
        opened.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return opened.recv(5) == b"HTTP/"


def ask(url: str, method: str = "GET") -> str:
    """Ask with the token of this kernel's server."""
    headers = {"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, method=method, headers=headers, data=b"{}" if method == "POST" else None)  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        if "/hub/" in answer.url and "/hub/" not in url:
            raise PermissionError(f"sent to {answer.url}")
        text: str = answer.read().decode()
        return text


def report(found: object) -> None:
    sys.stdout.write(json.dumps(found))
