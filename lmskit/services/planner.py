"""What PostgreSQL's planner cannot know of rows that were written a moment ago, said to it for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

SETTINGS = {"enable_nestloop": "off", "jit": "off", "default_statistics_target": "10"}


@contextmanager
def joining_whole_tables(session: Session) -> Iterator[None]:
    """Keep the planner from nested loops.

    It knows little about tables that were filled a moment ago. If it expects a few rows and there are thousands, a nested
    loop takes minutes; a hash join takes little longer even for a few rows. Without nested loops the estimated costs rise
    so high that the planner would compile statements, so that is off too. What it needs to know of the tables, their size and how many
    different values a column has, a small sample says.
    """
    for setting, value in SETTINGS.items():
        session.execute(text(f"SET LOCAL {setting} = {value}"))
    yield
    for setting in SETTINGS:
        session.execute(text(f"SET LOCAL {setting} TO DEFAULT"))
