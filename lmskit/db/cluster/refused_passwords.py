"""Wrong passwords that were tried at the embedded server, by its log: PostgreSQL keeps no count of them."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_READ = 1 << 20
"""Bytes from the end of a log that are read."""
_REFUSED = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d{3} UTC \[\d+\] (?P<login>[\w.-]{1,63})@\S* FATAL:  password authentication failed "
)
"""Such a line as the settings of the embedded server make it."""


def refused_passwords(log: Path, since: dt.datetime) -> Counter[str]:
    """Count the connections that were refused because of a wrong password, by the login they asked for.

    Parameters
    ----------
    log
        The folder of the server's logs. One that this user may not read counts as empty.
    since
        Lines from before are left out, and those of a time to come, which only the name of a login can have written.
    """
    found: Counter[str] = Counter()
    now = dt.datetime.now(dt.UTC)
    with suppress(OSError):
        written = {path: path.stat().st_mtime for path in log.glob("*.log")}
        for path in sorted(written, key=written.__getitem__)[-2:]:  # the server begins another one at times
            for line in _last_lines(path):
                refused = _REFUSED.match(line)
                if refused is not None and (at := _time(refused["at"])) is not None and since <= at <= now:
                    found[refused["login"]] += 1
    return found


def _last_lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_READ))
        return file.read().decode(errors="replace").splitlines()


def _time(written: str) -> dt.datetime | None:
    """The time of a line; None where that is not a time, as after a line break in the name of a login."""
    try:
        return dt.datetime.fromisoformat(f"{written}+00:00")
    except ValueError:
        return None
