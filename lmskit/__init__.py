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
__all__ = ["__version__", "connect", "sign_out"]


def connect(person: str | None = None) -> Engine:
    """Return the engine of a person's login: what is read through it is what the database lets that person see.

    In a notebook in which nobody is signed in, a form asks for address and password. They are kept in memory until the
    kernel ends or `sign_out` is called, and nowhere else. After signing in, run the cell again.

    Parameters
    ----------
    person
        E-mail address of someone whose login this machine keeps; by default whoever has signed in here, or JupyterLab was
        opened as (`lmskit lab --as EMAIL`), or the login that `LMSKIT_DATABASE_URL` or `PGSERVICE` names.

    Raises
    ------
    NotSignedInError
        Nobody is signed in yet; the form is on the screen.
    LoginMissingError
        This machine keeps no login for the person, and there is no screen for a form.
    SignInRefusedError
        The server does not accept the login, and there is no screen for a form.
    UnreachableError
        No server answers.
    """
    from lmskit.widgets.sign_in import signed_in_engine

    return signed_in_engine(person)


def sign_out() -> None:
    """Forget who is signed in here, with the password; `connect` then asks anew."""
    from lmskit.db import sign_out

    sign_out()


def __dir__() -> list[str]:
    """Offer only the public names to tab completion."""
    return __all__
