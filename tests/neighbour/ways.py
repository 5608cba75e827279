"""Ways to stop others, as data: what the neighbour sends, and what its means are.

The name of a file in `ways/` is the means of its ways: *lock*, *memory*, *connection*, *value*, *disk* or *cpu*.
Each way begins with a comment, ``-- HOW [×N][, refused CODE or …]: what it does``:

========  ============================================================================================
``hold``  the statements are sent once, and the session stays open as they leave it
``loop``  they are sent again and again
``act``   the first line names a function of `actor.Neighbour`, and the statement after it is what it uses
``×N``    N sessions do so at once, of the five that a login has
========  ============================================================================================

A way that is ``refused`` fails with one of these SQLSTATEs; then there is nothing to measure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "ways"
MEANS = ("lock", "memory", "connection", "value", "disk", "cpu")
BOUNDED = ("lock", "memory", "connection")
"""The means by which no neighbour may make others wait for long; nothing in PostgreSQL divides processors and disks."""
_HEAD = re.compile(
    r"^-- (?P<how>hold|loop|act)(?: ×(?P<sessions>\d))?(?:, refused (?P<codes>[0-9A-Z]{5}(?: or [0-9A-Z]{5})*))?: (?P<name>.+)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Way:
    """One way to stop others."""

    means: str
    name: str
    how: str
    sessions: int
    refused: tuple[str, ...]
    statements: tuple[str, ...]


def ways() -> list[Way]:
    """All ways, by their means."""
    return [way for means in MEANS for way in _read(means)]


def _read(means: str) -> list[Way]:
    text = (FOLDER / f"{means}.sql").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Way(
            means=means,
            name=head["name"],
            how=head["how"],
            sessions=int(head["sessions"] or 1),
            refused=tuple(head["codes"].split(" or ")) if head["codes"] else (),
            statements=_statements(text[head.end() : end], is_act=head["how"] == "act"),
        )
        for head, end in zip(heads, ends, strict=True)
    ]


def _statements(text: str, *, is_act: bool) -> tuple[str, ...]:
    """The statements, each of which ends with a semicolon at the end of its line."""
    parts = re.split(r"\n" if is_act else r";\n", text.strip() + "\n", maxsplit=1 if is_act else 0)
    return tuple(part.strip().removesuffix(";") for part in parts if part.strip())
