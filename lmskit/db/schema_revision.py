"""Whether the database has the revision that this lmskit needs; quick, since every process asks it before its first work.

Alembic itself is imported only by `lmskit.db.revision`, which migrates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.db.access import access, companion_of
from lmskit.errors import RevisionError, UpgradedMeanwhileError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def revisions() -> list[str]:
    """Return the revisions that this lmskit has, oldest first: the first word of each file's name."""
    folder = access().settings.project_root / "migrations" / "versions"
    return sorted(path.name.partition("_")[0] for path in folder.glob("[!_]*.py"))


def read_revision(connection: Connection) -> str | None:
    """Read the revision from the function `schema_revision`, which every login may call, or from the table while there is no function."""
    state = connection.execute(
        text("SELECT to_regclass('lms.alembic_version') IS NOT NULL, to_regprocedure('lms.schema_revision()') IS NOT NULL")
    ).one()
    if state[1]:
        statement = "SELECT lms.schema_revision()"
    elif state[0]:
        statement = "SELECT max(version_num) FROM lms.alembic_version"
    else:
        return None
    found = connection.execute(text(statement)).scalar_one()
    return None if found is None else str(found)


def serves(connection: Connection, revision: str) -> bool:
    """Whether a database that is newer than an lmskit of this revision says that the lmskit works with it."""
    function = connection.execute(
        text("SELECT coalesce(has_function_privilege(to_regprocedure('lms.oldest_served()'), 'EXECUTE'), false)")
    ).scalar_one()
    if not function:
        return False
    oldest, found = connection.execute(text("SELECT lms.oldest_served(), lms.schema_revision()")).one()
    return found is not None and oldest <= revision < found


def require_known_schema(engine: Engine, *, again: bool = False) -> None:
    """Refuse a database of another age than this lmskit, before the first work of this process with an engine of an `Access`.

    A newer database is not refused if its revision says that it works with this lmskit.

    Parameters
    ----------
    engine
        An engine of an `Access`.
    again
        Ask also if the database was found to be right before: for a process that runs for days.

    Raises
    ------
    UpgradedMeanwhileError
        The database and lmskit were brought to another revision while this process ran.
    RevisionError
        The revision differs; the sentence says what to do.
    """
    companion = companion_of(engine)
    if companion.schema_is_known and not again:
        return
    # As they were at the first look: a process keeps the code it began with when another lmskit is installed.
    known = companion.revisions = companion.revisions or revisions()
    if not known:
        return
    with engine.connect() as connection:
        may_ask = connection.execute(
            text("SELECT has_function_privilege(to_regprocedure('lms.schema_revision()'), 'EXECUTE')")
        ).scalar_one()
        if may_ask is False:
            raise RevisionError(
                f"The database does not let this login read its revision, as before 0015, and this lmskit needs {known[-1]}. "
                "To bring it up to date: lmskit db upgrade"
            )
        found = read_revision(connection)
        is_right = found == known[-1] or serves(connection, known[-1])
    if not is_right:
        if found == (revisions() or known)[-1]:
            raise UpgradedMeanwhileError(began_with=known[-1], found=found)
        raise difference(found, needed=known[-1], known=known)
    companion.schema_is_known = True


def difference(found: str | None, *, needed: str, known: list[str]) -> RevisionError:
    """Return the error for a database at a revision that is not the needed one."""
    if found is None:
        return RevisionError("The database has no tables yet. To make them: lmskit db upgrade")
    if found not in known:
        return RevisionError(
            f"The database is at revision {found}, which this lmskit does not have: the database is newer. Install a newer lmskit."
        )
    return RevisionError(f"The database is at revision {found}, and this lmskit needs {needed}. To bring it up to date: lmskit db upgrade")
