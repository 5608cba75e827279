"""The server's programs bring extensions and libraries that lmskit does not use; no login may reach them."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.security.world import World

REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateObject, psycopg.errors.InvalidSchemaName)
"""The last is a lecturer's answer to temporary schemas."""
LIBRARIES = ("$libdir/refint", "$libdir/auth_delay", "$libdir/basebackup_to_shell", "$libdir/vector")


@pytest.fixture(params=["own", "admin"])
def login(request, world: World):
    """A lecturer, who may make nothing, and an administrator, who may make temporary objects."""
    return getattr(world, request.param)


def test_no_login_can_create_an_extension_that_the_server_brings(world, login, say):
    with world.superuser() as superuser, world.connect(login) as connection:
        found = superuser.execute("SELECT name FROM pg_available_extensions WHERE installed_version IS NULL").fetchall()
        names = [*(row[0] for row in found), "vector"]
        for name in names:
            for statement in ("CREATE EXTENSION {} CASCADE", "CREATE EXTENSION {} SCHEMA pg_temp CASCADE"):
                with pytest.raises(REFUSED):
                    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        assert superuser.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall() == [("plpgsql",), ("vector",)]
    say(f"extensions that {login.email.partition('@')[0]} may not create: {len(names)}")


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_login_can_load_a_library_that_the_server_brings(world, login, library):
    with world.connect(login) as connection:
        for statement in (
            f"LOAD '{library}'",
            f"SET session_preload_libraries = '{library}'",
            f"SET jit_provider = '{library}'",
            f"SET dynamic_library_path = '{library}'",
            f"CREATE FUNCTION pg_temp.raw() RETURNS int LANGUAGE c AS '{library}', 'raw'",
            f"CREATE FUNCTION lms.raw() RETURNS int LANGUAGE c AS '{library}', 'raw'",
        ):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CantChangeRuntimeParam)):
                connection.execute(statement.encode())


def test_no_login_can_use_a_language_that_reaches_the_server(world, login):
    with world.superuser() as superuser, world.connect(login) as connection:
        found = superuser.execute("SELECT lanname FROM pg_language ORDER BY 1").fetchall()
        assert [name for (name,) in found] == ["c", "internal", "plpgsql", "sql"]
        for statement in (
            "CREATE FUNCTION pg_temp.raw(int, int) RETURNS int LANGUAGE internal AS 'int4pl'",
            "CREATE FUNCTION lms.raw(int, int) RETURNS int LANGUAGE internal AS 'int4pl'",
            "CREATE LANGUAGE plunsafe HANDLER plpgsql_call_handler",
            "CREATE EXTENSION plperlu",
        ):
            with pytest.raises((*REFUSED, psycopg.errors.FeatureNotSupported)):
                connection.execute(statement.encode())
