"""Python imports this at its start, where the folder is on PYTHONPATH: write down who asks for another machine, and for which."""

import os
import sys
from pathlib import Path

OWN = ("127.", "::1", "localhost")
# An address is the second argument of the first two events, a name the first of the others.
POSITIONS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}


def record(event: str, arguments: tuple[object, ...]) -> None:
    position = POSITIONS.get(event)
    if position is None:
        return
    address = arguments[position]
    host = address[0] if isinstance(address, tuple) else None if position else address  # a Unix socket's address is a path
    name = os.fsdecode(host) if isinstance(host, bytes | str) else ""
    if name and not name.startswith(OWN):
        with Path(os.environ["OUTBOUND_LOG"]).open("a", encoding="utf-8") as log:
            log.write(f"{event} {name}: {' '.join(sys.orig_argv)}\n")


if "OUTBOUND_LOG" in os.environ:  # not where pytest only looks for doctests
    sys.addaudithook(record)
