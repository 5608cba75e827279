"""lmskit: a notebook-driven learning-analytics workbench over PostgreSQL.

In a notebook::

    import lmskit

    engine = lmskit.connect()
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sqlalchemy import Engine

    from lmskit.desks.export import CourseFiles

# jsonschema probes for this package only to support the `iri` format, which no Jupyter schema
# uses; building its grammar costs every kernel and every command two to four seconds.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
__all__ = ["__version__", "connect", "export", "read_frame", "sign_out"]


def connect(person: str | None = None) -> Engine:
    """Return the engine of a person's login: it reads what the database lets that person see.

    In a notebook in which no person is signed in, a form asks for address and password, or for a code. They are kept in memory
    until the kernel ends or `sign_out` is called, and are stored nowhere else. After signing in, run all cells.

    Parameters
    ----------
    person
        E-mail address of a person whose login is stored on this machine. By default the person who has signed in with the form, or
        whom JupyterLab was opened as (`lmskit lab --as EMAIL`), or the login that `LMSKIT_DATABASE_URL` or `PGSERVICE` names.

    Raises
    ------
    NotSignedInError
        No person is signed in; the form is on the screen.
    LoginMissingError
        This machine has no login for the person, and there is no screen for a form.
    SignInRefusedError
        The server does not accept the login, and there is no screen for a form.
    UnreachableError
        No server answers.
    """
    from lmskit.chart_sharing import keep_charts_here
    from lmskit.desks.sign_in import signed_in_engine

    keep_charts_here()
    return signed_in_engine(person)


def export(course: str, *, person: str | None = None) -> CourseFiles:
    """Return what writes files of a course, read as the person who is signed in, as `lmskit export` does.

    Each of its methods is a command of that name::

        lmskit.export("CS101-2026").roster("people.xlsx")
        lmskit.export("CS101-2026").scores("scores.csv", "moodle")
        lmskit.export("CS101-2026").question_bank("arrays.xml", "arrays.gift")

    Parameters
    ----------
    course
        Code of the course.
    person
        As in `connect`, which also lists the errors of signing in.
    """
    from lmskit.desks.export import CourseFiles

    return CourseFiles(course, person)


def read_frame(
    statement: str, parameters: Mapping[str, object] | None = None, *, course: str | None = None, person: str | None = None
) -> pd.DataFrame:
    """Return the rows of a SELECT as a table, read as the person who is signed in; there may be any number of rows.

    It is several times as fast as `pandas.read_sql`, with the same values and types; it reads committed rows and can change nothing::

        lmskit.read_frame("SELECT score, max_score, submitted_at FROM quiz_attempts WHERE score >= :least", {"least": 5})

    Parameters
    ----------
    statement
        One SELECT; ``:name`` stands for a value.
    parameters
        The values. A list is an array: ``WHERE code = ANY(:codes)``.
    course
        Code of a course: a lecturer's query becomes faster, and sees no rows of other courses.
    person
        As in `connect`, which also lists the errors of signing in.

    Raises
    ------
    QueryError
        It is not one SELECT, the server cannot run it, or a table cannot hold a time in it.
    UnreachableError, BusyError, NotPermittedError
        The connection was lost, the server ended the query, or the person may not read this.
    """
    from lmskit.desks.sign_in import as_signed_in
    from lmskit.queries.large_frame import read_frame as read

    return as_signed_in(lambda engine: read(engine, statement, parameters, course=course), person)


def sign_out() -> None:
    """Forget the person who is signed in, and the password; `connect` then asks again."""
    from lmskit.db import access

    access().sign_out()


def __dir__() -> list[str]:
    """Offer only the public names to tab completion."""
    return __all__
