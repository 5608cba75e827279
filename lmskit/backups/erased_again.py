"""Erase again, in a database that a backup has filled, those who were erased after the backup: before it gets its name.

The statements run as the login that filled it, which has no power over the server: what a forged dump has left behind, such as a trigger,
could otherwise run as a superuser.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from lmskit.db import revision, roles
from lmskit.errors import BackupRefusedError, TeachesCoursesError
from lmskit.queries.erasure import Remembered, brought_back
from lmskit.queries.person import lecturer_by_email
from lmskit.services.erasure import erase_person

if TYPE_CHECKING:
    from lmskit.backups.power import Power
    from lmskit.backups.staged import StagedDatabase
    from lmskit.backups.target import Target

    Connection = psycopg.Connection[Any]

_SESSION = "-c search_path=lms,pg_catalog,pg_temp -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0"


@dataclass(frozen=True)
class ErasedAgain:
    """Who was erased again: how many people, and the logins that they had."""

    n_people: int = 0
    logins: frozenset[str] = frozenset()


def remembered_in(target: Target, database: str) -> set[Remembered]:
    """Return those whom the database that is to be replaced remembers; nobody where there is none, or of an older revision."""
    with closing(target.connect()) as connection:
        if connection.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [database]).fetchone() is None:
            return set()
    with closing(target.connect(database)) as inside:
        if inside.execute("SELECT to_regclass('lms.erasures') IS NOT NULL").fetchone() != (True,):
            return set()
        return {
            Remembered(int(person), str(fingerprint))
            for person, fingerprint in inside.execute("SELECT person_id, fingerprint FROM lms.erasures")
        }


def erase_again(
    connection: Connection, staged: StagedDatabase, remembered: Collection[Remembered], *, courses_to: str | None
) -> ErasedAgain:
    """Erase again who is remembered, and let the database remember all of them; it is brought to the newest revision for that.

    Parameters
    ----------
    connection
        Of the login that restores.
    staged
        The database, filled, whose restorer still exists.
    remembered
        Those who were erased.
    courses_to
        The address of the lecturer who takes over the courses of those who teach in the backup.

    Raises
    ------
    BackupRefusedError
        One of them teaches courses in the backup, and nobody takes them over.
    LecturerNotFoundError
        The backup has no lecturer with that address.
    """
    if not remembered:
        return ErasedAgain()
    connection.execute(
        sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE, ADMIN FALSE").format(
            sql.Identifier(roles.ADMIN), sql.Identifier(staged.restorer)
        )
    )
    revision.upgrade(engine=_engine(staged, f"-c role={roles.OWNER}"))
    with Session(_engine(staged)) as session, session.begin():
        taker = None if courses_to is None else lecturer_by_email(session, courses_to)
        again = brought_back(session, remembered)
        logins = {login for person in again if (login := _without_login(session, person.person_id)) is not None}
        for person in again:
            try:
                erase_person(session, person.person_id, courses_to=taker)
            except TeachesCoursesError as error:
                raise BackupRefusedError(
                    f"Person {person.person_id}, who was erased after this backup, teaches {', '.join(error.courses)} in it. Nothing was "
                    "changed. Name a lecturer of the backup who takes over: --courses-to EMAIL"
                ) from error
        session.execute(
            text(
                "INSERT INTO erasures (person_id, fingerprint) SELECT r.person, r.fingerprint "
                " FROM unnest(CAST(:people AS bigint[]), CAST(:fingerprints AS text[])) AS r (person, fingerprint)"
                " WHERE NOT EXISTS (SELECT FROM erasures AS e WHERE e.person_id = r.person AND e.fingerprint = r.fingerprint)"
            ),
            {"people": [person.person_id for person in remembered], "fingerprints": [person.fingerprint for person in remembered]},
        )
    return ErasedAgain(len(again), frozenset(logins))


def drop_logins(power: Power, logins: Collection[str]) -> None:
    """Drop logins of people who were erased again; one that owns something stays, closed."""
    connection = power.connection
    with power.as_manager_of_logins():
        for login in logins:
            role = sql.Identifier(login)
            try:
                with connection.transaction():
                    connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
            except psycopg.errors.DependentObjectsStillExist:
                connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(role))


def _engine(staged: StagedDatabase, options: str = "") -> Engine:
    parameters: dict[str, Any] = {"connect_timeout": 10, **staged.target.parameters, "dbname": staged.name, "user": staged.restorer}
    complete = make_conninfo("", **parameters, password=staged.secret, options=f"{_SESSION} {options}", application_name="lmskit restore")
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(complete), poolclass=NullPool)


def _without_login(session: Session, person_id: int) -> str | None:
    """Take a person's login from the row, and record it: roles belong to the server, which still has another database with people."""
    login: str | None = session.scalar(text("SELECT db_role FROM users WHERE id = :person"), {"person": person_id})
    if login is not None:
        session.execute(
            text(
                "INSERT INTO audit_log (action, table_name, row_key, old)"
                " VALUES ('login removed', 'users', CAST(:person AS text), jsonb_build_object('login', CAST(:login AS text)))"
            ),
            {"person": person_id, "login": login},
        )
        session.execute(text("UPDATE users SET db_role = NULL, password_hash = '!' WHERE id = :person"), {"person": person_id})
    return login
