"""Search for passwords in what others could read: processes and their environments, files, logs, tables, what was printed.

Everything is recorded while the work is done and searched afterwards, when all passwords are known, also those that were generated.
"""

import base64
import os
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg

INTERVAL = 0.02
"""Seconds between two looks at the processes."""
SEEN_ENOUGH = 3
"""Looks at the environment of a process under one command line; it cannot change afterwards."""
ACTIVITY: LiteralString = "SELECT query FROM pg_stat_activity WHERE query <> '' AND pid <> pg_backend_pid()"

Connect = Callable[[], "psycopg.Connection[tuple[object, ...]]"]


def shapes(password: str) -> Iterator[str]:
    """Yield what a password looks like in text: as it is, in an address, in hexadecimal and in base64.

    Only its longest piece of letters and digits is looked for, which no quoting changes.
    """
    core = max(re.findall(r"[A-Za-z0-9]+", password), key=len)
    assert len(core) >= 8, "too short to differ from other text"
    yield core
    yield "".join(f"%{byte:02x}" for byte in core.encode())
    yield quote(password, safe="")
    yield core.encode().hex()
    for n_before in range(3):  # where it begins within a group of three bytes
        written = base64.b64encode(b"." * n_before + core.encode()).decode()
        yield written[4 if n_before else 0 : -4]


class Record:
    """What was seen, by the spot where it was."""

    def __init__(self) -> None:
        self.seen: dict[str, set[bytes]] = {}
        self.lock = threading.Lock()

    def add(self, spot: str, content: bytes | str) -> None:
        """Remember content of a spot."""
        with self.lock:
            self.seen.setdefault(spot, set()).add(content.encode(errors="replace") if isinstance(content, str) else content)

    def spots(self, pattern: str) -> list[str]:
        """The spots whose name has a pattern; to see that something was looked at."""
        with self.lock:
            return [spot for spot in self.seen if re.search(pattern, spot)]

    def found(self, passwords: dict[str, str]) -> list[str]:
        """Say which password is where."""
        known = [(name, shape.lower().encode()) for name, password in passwords.items() for shape in set(shapes(password))]
        finds = set()
        with self.lock:
            seen = [(spot, list(contents)) for spot, contents in self.seen.items()]
        for spot, contents in seen:
            for content in contents:
                lower = content.lower()
                finds |= {f"{name}: {spot}" for name, shape in known if shape in lower}
        return sorted(finds)

    # Files ------------------------------------------------------------------------------------------------

    def add_files(self, folder: Path, *, kept: Iterable[Path] = ()) -> None:
        """Remember all files of a folder, but not those that keep passwords, which only their owner may read."""
        keeping = set(kept)
        for path in folder.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            if path in keeping:
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            else:
                self.add(f"file {path}", path.read_bytes())

    def add_files_of(self, owners: set[int], folder: Path) -> None:
        """Remember the files in a folder that belong to one of these users."""
        for where, _, names in os.walk(folder):  # passes over what goes meanwhile
            for path in (Path(where) / name for name in names):
                with suppress(OSError):
                    found = path.lstat()
                    if found.st_uid in owners and stat.S_ISREG(found.st_mode):
                        self.add(f"file {path}", path.read_bytes())

    # The database ------------------------------------------------------------------------------------------

    def add_database(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        """Remember every row of every table and view with statements, as text."""
        relations = connection.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE (c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema') OR c.relname LIKE 'pg_stat_statements%'"
        ).fetchall()
        for (relation,) in relations:
            statement = f"SELECT r::text FROM {relation} AS r"
            for (row,) in connection.execute(statement.encode()).fetchall():
                self.add(f"table {relation}", str(row))

    # While it runs -----------------------------------------------------------------------------------------

    @contextmanager
    def watching(self, *servers: Connect) -> Iterator[None]:
        """Look at all processes of the machine, and at what the sessions of servers run, while the block runs."""
        ended = threading.Event()
        threads = [threading.Thread(target=self._processes, args=(ended,), name="processes")]
        threads += [threading.Thread(target=self._sessions, args=(ended, connect), name="sessions") for connect in servers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def _processes(self, ended: threading.Event) -> None:
        looks: dict[tuple[str, bytes], int] = {}
        while not ended.wait(INTERVAL):
            for process in Path("/proc").iterdir():
                if not process.name.isdecimal():
                    continue
                try:
                    command = (process / "cmdline").read_bytes()
                    key = process.name, command
                    looks[key] = looks.get(key, 0) + 1
                    if not command or looks[key] > SEEN_ENOUGH:
                        continue
                    name = command.replace(b"\0", b" ")[:120].decode(errors="replace")
                    self.add(f"command line of {name}", command)
                    self.add(f"environment of {name}", (process / "environ").read_bytes())
                except OSError:  # it has ended
                    continue

    def _sessions(self, ended: threading.Event, connect: Connect) -> None:
        with closing(connect()) as connection:
            while not ended.wait(INTERVAL * 5):
                for (query,) in connection.execute(ACTIVITY).fetchall():
                    self.add("pg_stat_activity", str(query))
