"""lmskit: a notebook-driven learning-analytics workbench over PostgreSQL.

In a notebook::

    import lmskit

    engine = lmskit.connect()
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

# jsonschema probes for this package only to support the `iri` format, which no Jupyter schema
# uses; building its grammar costs every kernel and every command two to four seconds.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def connect(person: str | None = None) -> Engine:
    """Return the engine of a person's login: what is read through it is what the database lets that person see.

    Parameters
    ----------
    person
        E-mail address of someone whose login this machine keeps; by default whoever JupyterLab was opened as
        (`lmskit lab --as EMAIL`), or the login that `LMSKIT_DATABASE_URL` or `PGSERVICE` names.

    Raises
    ------
    LoginMissingError
        This machine keeps no login for the person.
    UnreachableError
        No server answers.
    """
    from lmskit.db import engine_for

    return engine_for(person)


def __dir__() -> list[str]:
    """Offer only the public names to tab completion."""
    return __all__
