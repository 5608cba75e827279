"""Which constraint refused a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from sqlalchemy.exc import IntegrityError


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that was violated, or None where the server names none.

    A service turns the name into an error of the domain; NOT NULL has no name.
    """
    cause = error.orig
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
