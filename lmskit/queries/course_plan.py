"""How the planner reads the rows of one course, where its own estimates mislead it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_SETTINGS = ["enable_seqscan", "enable_nestloop"]
_SWITCH = text(
    "SELECT current_setting(name) AS before, set_config(name, setting, true)"
    " FROM unnest(CAST(:names AS text[]), CAST(:settings AS text[])) WITH ORDINALITY AS s (name, setting, number) ORDER BY number"
)


@contextmanager
def read_by_course(session: Session) -> Iterator[None]:
    """Let statements read tables by their indexes on the course, and each table once; afterwards the settings are what they were.

    The planner does not know how few courses the policies leave: it would read all of a table. It also expects so few rows of a course, or
    of what JSON unfolds to, that it would go through one side of a join again for each row of the other.
    """
    before = list(session.scalars(_SWITCH, {"names": _SETTINGS, "settings": ["off"] * len(_SETTINGS)}))
    yield
    session.execute(_SWITCH, {"names": _SETTINGS, "settings": before})
