"""What `bootstrap` prepares on a server, and what it refuses."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import NullPool, create_engine

from lmskit.db import access, roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.cluster.binaries import shared_files
from lmskit.db.passfile import find_password, forget_password, read_entries
from lmskit.db.prepared_database import vector_behind
from lmskit.errors import BootstrapError, UnreachableError
from lmskit.queries.server_release import VECTOR_RELEASE, releases_with_holes, vector_finding


@pytest.fixture
def superuser(endpoint: Endpoint) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        yield connection


def attributes(connection: psycopg.Connection[tuple[object, ...]], role: str) -> set[str]:
    names = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolcanlogin", "rolreplication", "rolbypassrls")
    row = connection.execute(f"SELECT {', '.join(names)} FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    assert row is not None, role
    return {name.removeprefix("rol") for name, is_set in zip(names, row, strict=True) if is_set}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (roles.OWNER, set()),
        (roles.DEFINER, set()),
        (roles.LOGINS, {"createrole"}),
        (roles.ADMIN, set()),
        (roles.LECTURER, set()),
        (roles.MAILER, set()),
        (roles.BACKUP, {"canlogin", "bypassrls"}),
        (roles.MIGRATOR, {"canlogin"}),
        (roles.DISPATCHER, {"canlogin"}),
    ],
)
def test_every_role_has_exactly_the_attributes_it_needs(superuser, role, expected):
    assert attributes(superuser, role) == expected


def test_only_the_groups_and_the_two_service_logins_may_connect(superuser):
    found = superuser.execute(
        "SELECT coalesce(r.rolname, 'PUBLIC'), array_agg(a.privilege_type ORDER BY a.privilege_type)"
        " FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = 'lmskit' GROUP BY 1"
    ).fetchall()
    assert dict(found) == {
        roles.OWNER: ["CONNECT", "CREATE", "TEMPORARY"],
        roles.ADMIN: ["CONNECT", "TEMPORARY"],
        roles.LECTURER: ["CONNECT"],
        roles.MAILER: ["CONNECT"],
        roles.BACKUP: ["CONNECT"],
        roles.MIGRATOR: ["CONNECT"],
    }


def test_logins_of_lmskit_cannot_enter_the_other_databases_of_its_cluster(endpoint, lecturer_engine):
    parameters = dict(lecturer_engine.url.query)
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(
                make_conninfo(
                    "", **parameters | {"dbname": database, "user": lecturer_engine.url.username, "password": password_of(lecturer_engine)}
                )
            )


def password_of(engine):
    password = find_password(
        access().settings.passfile, host=engine.url.query["host"], port="1", database="lmskit", user=engine.url.username
    )
    assert password is not None
    return password


def test_the_schema_belongs_to_the_owner_and_nothing_in_public_is_open(superuser):
    owners = superuser.execute("SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'lms'").fetchall()
    assert owners == [("lms", roles.OWNER)]
    public = superuser.execute(
        "SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'public' AND a.grantee = 0"
    ).fetchone()
    assert public == (0,)


def test_a_function_of_the_owner_is_not_executable_for_everyone(superuser):
    for role in roles.ROLES_OF_MIGRATOR:
        superuser.execute(f"GRANT CREATE ON SCHEMA lms TO {role}")
        superuser.execute(f"SET ROLE {role}")
        superuser.execute("CREATE FUNCTION lms.probe() RETURNS int LANGUAGE sql RETURN 1")
        superuser.execute("RESET ROLE")
        assert superuser.execute("SELECT has_function_privilege('lmskit_lecturer', 'lms.probe()', 'EXECUTE')").fetchone() == (False,)
        superuser.execute("DROP FUNCTION lms.probe()")
    superuser.rollback()


def test_the_role_that_makes_logins_can_grant_two_groups_and_is_a_member_of_neither(superuser):
    found = superuser.execute(
        "SELECT roleid::regrole::text, bool_or(admin_option), bool_or(inherit_option), bool_or(set_option)"
        " FROM pg_auth_members WHERE member = 'lmskit_logins'::regrole AND roleid::regrole::text LIKE 'lmskit%' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert found == [(roles.ADMIN, True, False, False), (roles.LECTURER, True, False, False)]


def test_the_migrator_acts_as_the_owner_and_can_become_the_two_others(admin_engine):
    from lmskit.db import migrator_engine

    with migrator_engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT session_user, current_user").one() == (roles.MIGRATOR, roles.OWNER)
        for role in roles.ROLES_OF_MIGRATOR:
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")


def test_doing_it_again_changes_nothing_and_keeps_the_migrators_password(endpoint, superuser, cluster):
    def state():
        superuser.rollback()
        return [
            superuser.execute(query).fetchall()
            for query in (
                "SELECT rolname, rolpassword, rolsuper, rolcreaterole, rolbypassrls FROM pg_authid ORDER BY 1",
                "SELECT roleid, member, admin_option, inherit_option, set_option FROM pg_auth_members ORDER BY 1, 2, 3, 4, 5",
                "SELECT datname, ARRAY(SELECT unnest(datacl)::text ORDER BY 1) FROM pg_database ORDER BY 1",
                "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
                "SELECT nspname, ARRAY(SELECT unnest(nspacl)::text ORDER BY 1) FROM pg_namespace ORDER BY 1",
                "SELECT defaclrole, defaclacl::text FROM pg_default_acl ORDER BY 1",
            )
        ]

    before, entries = state(), read_entries(access().settings.passfile)
    result = bootstrap(endpoint.superuser_conninfo(), passfile=access().settings.passfile, own_cluster=True)
    assert result.roles_made == []
    assert result.skipped == []
    assert state() == before
    assert read_entries(access().settings.passfile) == entries


def test_a_lost_password_of_the_migrator_is_replaced(endpoint, cluster):
    from lmskit.db import access, migrator_engine

    forget_password(access().settings.passfile, database="lmskit", user=roles.MIGRATOR)
    access().server.start()
    with migrator_engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT current_user").scalar_one() == roles.OWNER


def test_what_was_changed_by_hand_is_restored(endpoint, superuser, cluster):
    superuser.execute("ALTER ROLE lmskit_admin CREATEDB BYPASSRLS")
    superuser.execute("GRANT CONNECT ON DATABASE lmskit TO PUBLIC")
    superuser.commit()
    bootstrap(endpoint.superuser_conninfo(), passfile=access().settings.passfile, own_cluster=True)
    assert attributes(superuser, roles.ADMIN) == set()
    row = superuser.execute(
        "SELECT count(*) FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = 'lmskit' AND a.grantee = 0"
    ).fetchone()
    assert row == (0,)


def test_a_login_with_createrole_prepares_a_server_and_learns_what_it_could_not_do(own_cluster: Callable[..., Cluster], tmp_path: Path):
    endpoint = own_cluster().start()
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'a password'")
        connection.execute("CREATE DATABASE elsewhere")
        connection.execute("ALTER DATABASE elsewhere OWNER TO manager")
    managed = make_conninfo("", **endpoint.parameters() | {"user": "manager"})
    # What a managed server has: an extension that is trusted, or that its own superuser has made.
    with pytest.raises(BootstrapError, match=r"A superuser has to run in the database lmskit: .*CREATE EXTENSION vector SCHEMA lms"):
        bootstrap(managed, passfile=tmp_path / "pgpass", password="a password")
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS lms AUTHORIZATION lmskit_owner")
        connection.execute("CREATE EXTENSION vector SCHEMA lms")
    for _ in range(2):
        result = bootstrap(managed, passfile=tmp_path / "pgpass", password="a password", harden=True)
        assert [re.split(r"[.:]", sentence)[0] for sentence in result.skipped] == [
            "lmskit_backup may not read all data",
            "lmskit_admin may not see what other sessions do",
            "lmskit_admin, lmskit_mailer, lmskit_backup, lmskit_migrator may not connect when all ordinary connections are taken",
            "lmskit_backup does not bypass row security",
            "The built-in functions stay as they are",
            "Advisory locks and large objects stay open to every login",
        ]
    password = find_password(tmp_path / "pgpass", host=endpoint.host, port=endpoint.port, database="lmskit", user=roles.MIGRATOR)
    with psycopg.connect(
        make_conninfo("", **endpoint.parameters() | {"user": roles.MIGRATOR, "dbname": "lmskit", "password": password})
    ) as connection:
        connection.execute("CREATE TABLE probe (embedding vector(3))")
        owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'probe'").fetchone()
    assert owner == (roles.OWNER,)
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        members = connection.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = 'manager'::regrole AND (inherit_option OR set_option)"
        ).fetchone()
        connection.execute("UPDATE pg_extension SET extversion = '0.8.4' WHERE extname = 'vector'")
    assert members == (0,)
    stays = "pgvector stays at 0.8.4. A superuser can change that in the database: ALTER EXTENSION vector UPDATE"
    assert stays in bootstrap(managed, passfile=tmp_path / "pgpass", password="a password").skipped
    assert bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass").skipped == []
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        assert vector_behind(connection) is None


def test_a_login_that_may_not_make_roles_is_refused(lecturer_engine, tmp_path):
    conninfo = make_conninfo("", **dict(lecturer_engine.url.query), user=lecturer_engine.url.username, dbname="lmskit")
    with pytest.raises(
        BootstrapError, match=r"^The login u_\w+ may not make roles\. Bootstrap as a superuser, or as a login with CREATEROLE\.$"
    ):
        bootstrap(conninfo, passfile=tmp_path / "pgpass", password=password_of(lecturer_engine))


def test_a_server_without_pgvector_is_refused_and_left_as_it_was(
    own_cluster: Callable[..., Cluster], install_without_vector: Path, tmp_path: Path
):
    endpoint = own_cluster(installation=install_without_vector).start()
    with pytest.raises(BootstrapError, match=r"^The server has no pgvector\. Install the extension 0\.8 or newer"):
        bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass")
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lmskit%'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname = 'lmskit'").fetchone() == (0,)


def test_a_pgvector_that_is_too_old_is_refused(own_cluster: Callable[..., Cluster], install_without_vector: Path, tmp_path: Path):
    control = shared_files(install_without_vector) / "extension" / "vector.control"
    control.write_text("comment = 'old'\ndefault_version = '0.7.4'\nmodule_pathname = '$libdir/vector'\nrelocatable = true\n")
    endpoint = own_cluster(installation=install_without_vector).start()
    with pytest.raises(BootstrapError, match=r"^The server has pgvector 0\.7\.4, and lmskit needs 0\.8 or newer\.$"):
        bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass")


def test_a_pgvector_with_a_known_hole_is_named(own_cluster: Callable[..., Cluster], install_without_vector: Path, tmp_path: Path):
    folder = shared_files(install_without_vector) / "extension"
    whole = max(folder.glob("vector--?.?.?.sql"))
    shutil.copy(whole, folder / "vector--0.8.1.sql")
    (folder / "vector.control").write_text("default_version = '0.8.1'\nmodule_pathname = '$libdir/vector'\nrelocatable = true\n")
    endpoint = own_cluster(installation=install_without_vector).start()
    bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")), poolclass=NullPool
    )
    with engine.connect() as connection:
        broken = dict(releases_with_holes(connection))
        finding = vector_finding(connection)
        assert broken[VECTOR_RELEASE].startswith("pgvector 0.8.1; pgvector 0.8.2 of 2026-02-25 mends an index build")
        assert not finding.is_well
        assert finding.sentence.endswith("(CVE-2026-3172). Install it, then: lmskit db bootstrap")
        (folder / "vector.control").write_text("default_version = '0.8.6'\nmodule_pathname = '$libdir/vector'\nrelocatable = true\n")
        behind = vector_finding(connection)
        assert VECTOR_RELEASE not in dict(releases_with_holes(connection))
        assert (behind.is_note, behind.sentence) == (
            True, "The database has pgvector 0.8.1, and its server 0.8.6. To update it: lmskit db bootstrap",
        )  # fmt: skip


def test_an_address_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UnreachableError, match="The address of the server cannot be read"):
        bootstrap("=nonsense", passfile=tmp_path / "pgpass")
