"""`lmskit db` against a server reached by TCP: every command is a process, and no password is where others could read it."""

import re
import subprocess
import sys
from contextlib import closing

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from lmskit.db import Access, access, login_name, roles
from lmskit.db.address import hosts, read_address, shown, written
from lmskit.db.passfile import forget_password, keep_password, read_entries
from lmskit.errors import UnreachableError
from lmskit.settings import DEMO_ADMIN, PROJECT_ROOT
from tests.db.conftest import SECRETS, environment

LECTURER = "demo.lecturer@example.org"


def test_bootstrap_makes_a_database_that_does_not_exist_and_can_be_repeated(school, operators_home):
    again = school.lmskit("db", "bootstrap", school.address(user="dba"), home=operators_home, PGPASSWORD=SECRETS["dba"])
    assert "school" in again
    assert "roles made: 0" in again


def test_a_refused_password_is_a_sentence_that_says_how_to_give_it(school, operators_home):
    message = school.lmskit("db", "bootstrap", school.address(user="dba"), home=operators_home, status=1, PGPASSWORD=SECRETS["stranger"])
    assert "does not accept the login dba" in message
    assert "lmskit init ADDRESS --operator-password, or lmskit db bootstrap --password ADDRESS" in message


@pytest.mark.long
def test_without_a_superuser_bootstrap_says_exactly_what_is_missing(school, tmp_path):
    address = school.address(user="manager", database="managed", password=True)
    for kind, n_statements, database in (("GRANT", 1, "postgres"), ("CREATE", 2, "managed")):
        message = school.lmskit("db", "bootstrap", address, home=tmp_path, status=1)
        statements = re.findall(rf"({kind} [^;]+);", message)
        assert len(statements) == n_statements, message
        with closing(school.superuser(database)) as connection:
            for statement in statements:
                connection.execute(statement)
    printed = school.lmskit("db", "bootstrap", address, home=tmp_path)
    assert printed.startswith("The database managed on PostgreSQL")
    assert "Left out:" in printed
    there = {"LMSKIT_DATABASE_URL": school.address(database="managed")}
    school.lmskit("db", "upgrade", home=tmp_path, there=there)
    assert school.lmskit("seed", home=tmp_path, there=there).count("password: ") == 3


def test_a_server_whose_maintenance_database_is_missing_is_prepared_in_the_named_one(school, operators_home):
    with closing(school.superuser("school")) as connection:
        connection.execute("ALTER DATABASE postgres RENAME TO kept_aside")
        try:
            school.lmskit("db", "bootstrap", school.address(user="dba", password=True), home=operators_home)
        finally:
            connection.execute("ALTER DATABASE kept_aside RENAME TO postgres")


def test_every_other_command_works_with_a_password_of_another_login_in_the_address(school, operators_home):
    there: dict[str, str] = {"LMSKIT_DATABASE_URL": school.address(user="dba", password=True)}
    status = school.lmskit("db", "status", home=operators_home, there=there)
    assert f"Server:   {school.address(user='dba')}" in status
    assert "Revision: 0" in status
    assert "The database is at revision" in school.lmskit("db", "upgrade", home=operators_home, there=there)
    assert "does not stop" in school.lmskit("db", "stop", home=operators_home, status=1, there=there)
    assert "does not start" in school.lmskit("db", "start", home=operators_home, status=1, there=there)
    for options, login in (
        ((), "dba"),
        (("--as", LECTURER), login_name("school", LECTURER)),
        (("--migrator",), roles.migrator_of("school")),
    ):
        found = school.lmskit("db", "psql", *options, "-X", "-A", "-t", "-c", "SELECT session_user", home=operators_home, there=there)
        assert found == login


@pytest.mark.long
def test_downgrading_and_upgrading_again(school, operators_home):
    there: dict[str, str] = {"LMSKIT_DATABASE_URL": school.address()}
    assert "revision 0001" in school.lmskit("db", "downgrade", "0001", "--yes", home=operators_home, there=there)
    assert "from revision 0001" in school.lmskit("db", "upgrade", home=operators_home, there=there)


def test_a_service_and_a_person_work_together(school, operators_home, tmp_path):
    services = tmp_path / "services"
    services.write_text(f"[school]\nhost=localhost\nport={school.port}\ndbname=school\nuser=dba\npassword={SECRETS['dba']}\n")
    there = {"PGSERVICE": "school", "PGSERVICEFILE": str(services)}
    ask = ("db", "psql", "-X", "-A", "-t", "-c", "SELECT session_user || '@' || current_database()")
    assert school.lmskit(*ask, home=operators_home, there=there) == "dba@school"
    assert school.lmskit(*ask, home=operators_home, there=there, LMSKIT_PERSON=LECTURER) == f"{login_name('school', LECTURER)}@school"
    assert "Revision: 0" in school.lmskit("db", "status", home=operators_home, there=there)
    message = school.lmskit("course", "list", home=operators_home, status=1, there=there | {"PGSERVICE": "other"})
    assert message.startswith("The connection service other was not found")


@pytest.mark.long
def test_passwords_can_be_in_files(school, operators_home, tmp_path):
    """The operator's, those of the logins for mail and dumps, and a person's; as containers mount them, others may read the file."""
    files = {name: tmp_path / name for name in ("dba", "dispatcher", "backup", "person")}
    secrets = {"dba": SECRETS["dba"], "dispatcher": "canary:of mail", "backup": "canary\\of dumps", "person": "canary of a person"}
    for name, file in files.items():
        file.write_text(secrets[name] + "\n")
        file.chmod(0o444)

    def signed_in(home, *options, **variables):
        return school.lmskit("db", "psql", *options, "-X", "-A", "-t", "-c", "SELECT session_user", home=home, **variables)

    there: dict[str, str] = {"LMSKIT_DATABASE_URL": school.address(user="dba"), "LMSKIT_PASSWORD_FILE": str(files["dba"])}
    given = ("--dispatcher-password-file", str(files["dispatcher"]), "--backup-password-file", str(files["backup"]))
    school.lmskit("db", "bootstrap", *given, home=operators_home, there=there)
    assert signed_in(tmp_path, **there) == "dba"
    for login, name in ((roles.DISPATCHER, "dispatcher"), (roles.BACKUP, "backup")):
        address = f"postgresql://{login}@localhost:{school.port}/school"
        with psycopg.connect(address, password=secrets[name]) as connection:
            assert connection.info.user == login
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address, password=secrets["person"])
    sent = {"LMSKIT_DATABASE_URL": f"postgresql://{roles.DISPATCHER}@localhost:{school.port}/school"}
    assert "0 sent" in school.lmskit("mail", "deliver", home=tmp_path, there=sent, LMSKIT_PASSWORD_FILE=str(files["dispatcher"]))

    email = "filed@example.org"
    with closing(school.superuser("school")) as connection:
        connection.execute(
            "INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'Filed', 'filed', 'lecturer') ON CONFLICT DO NOTHING",
            [email],
        )
        verifier = roles.scram_verifier(secrets["person"])
        connection.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [verifier, email])
    person = {"LMSKIT_DATABASE_URL": school.address(), "LMSKIT_PERSON": email, "LMSKIT_PASSWORD_FILE": str(files["person"])}
    assert "as filed@example.org, a lecturer" in school.lmskit("whoami", home=tmp_path, there=person)
    # The file has the password of that person alone.
    refused = school.lmskit("db", "psql", "--as", LECTURER, "-c", "SELECT 1", home=tmp_path, status=1, there=person)
    assert f"no login for {LECTURER}" in refused
    files["person"].unlink()
    assert "Check LMSKIT_PASSWORD_FILE" in school.lmskit("whoami", home=tmp_path, status=1, there=person)


@pytest.mark.long
def test_an_empty_server_instead_of_a_prepared_one_is_refused(school, tmp_path):
    """As when a volume is not mounted: nothing is made in an empty cluster that hides the loss."""
    address, there = school.address(user="dba", database="moved", password=True), {"LMSKIT_DATABASE_URL": school.address(database="moved")}
    school.lmskit("db", "bootstrap", address, home=tmp_path)
    school.lmskit("db", "upgrade", home=tmp_path, there=there)

    def empty(*, with_role):
        with closing(school.superuser()) as connection:
            connection.execute("DROP DATABASE moved")
            if with_role:
                connection.execute(f"DROP ROLE {roles.migrator_of('moved')}")

    empty(with_role=True)
    assert "does not accept the login" in school.lmskit("db", "upgrade", home=tmp_path, status=1, there=there)
    init = ("init", address, "--email", "ada@uni.example", "--family-name", "Ada", "--given-name", "A", "--password-stdin")
    for command in (("db", "bootstrap", address), init):
        refused = school.lmskit(*command, home=tmp_path, status=1, typed="a long password for ada\n")
        assert "The server localhost is empty, and this machine had prepared the database moved there." in refused
    with closing(school.superuser()) as connection:
        assert connection.execute("SELECT FROM pg_database WHERE datname = 'moved'").fetchone() is None
    school.lmskit("db", "bootstrap", "--empty", address, home=tmp_path)
    refused = school.lmskit("db", "upgrade", home=tmp_path, status=1, there=there)
    assert "is empty, and this machine had brought it to revision 00" in refused
    assert "from revision none" in school.lmskit("db", "upgrade", "--empty", home=tmp_path, there=there)
    # What was asked for is not refused.
    school.lmskit("db", "downgrade", "base", "--yes", home=tmp_path, there=there)
    assert "from revision none" in school.lmskit("db", "upgrade", home=tmp_path, there=there)
    empty(with_role=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc shows command lines and environments")
@pytest.mark.parametrize("way", ["address", "PGPASSWORD", "service"])
def test_no_process_of_psql_shows_a_password(school, operators_home, way, tmp_path):
    services = tmp_path / "services"
    services.write_text(f"[school]\nhost=localhost\nport={school.port}\ndbname=school\nuser=dba\npassword={SECRETS['dba']}\n")
    there = {
        "address": {"LMSKIT_DATABASE_URL": school.address(user="dba", password=True)},
        "PGPASSWORD": {"LMSKIT_DATABASE_URL": school.address(user="dba"), "PGPASSWORD": SECRETS["dba"]},
        "service": {"PGSERVICE": "school", "PGSERVICEFILE": str(services)},
    }[way]
    command = [sys.executable, "-m", "lmskit", "db", "psql", "-X", "-A", "-t"]
    with subprocess.Popen(
        command, env=environment(operators_home, there), cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("SELECT session_user;\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == "dba"
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        visible = "\0".join("\0".join(member.cmdline()) + str(member.environ()) for member in tree)
        process.stdin.close()
        assert process.wait(30) == 0
    assert "psql" in visible
    assert "canary" not in visible
    assert "%63%61%6e" not in visible  # the same in an address


def test_parameters_of_libpq_are_respected(school, operators_home):
    ask = ("db", "psql", "--as", LECTURER, "-X", "-A", "-t", "-c", "SELECT session_user")
    login = login_name("school", LECTURER)
    unreachable = f"postgresql://127.0.0.1:1,localhost:{school.port}/school?target_session_attrs=read-write"
    assert school.lmskit(*ask, home=operators_home, LMSKIT_DATABASE_URL=unreachable) == login
    standby = school.address(query="?target_session_attrs=standby")
    assert "standby" in school.lmskit("course", "list", home=operators_home, status=1, LMSKIT_PERSON=LECTURER, LMSKIT_DATABASE_URL=standby)
    for query, mode in (("?sslmode=require", "require"), ("?sslmode=verify-full&sslrootcert=/nowhere/root.crt", "verify-full")):
        message = school.lmskit(
            "course", "list", home=operators_home, status=1, LMSKIT_PERSON=LECTURER, LMSKIT_DATABASE_URL=school.address(query=query)
        )
        assert f"offers no TLS, which the address asks for (sslmode={mode})" in message
    assert school.lmskit(*ask, home=operators_home, LMSKIT_DATABASE_URL=school.address(query="?prepare_threshold=0")) == login


@pytest.mark.parametrize(("written", "prepared"), [("0", True), ("none", False)])
def test_the_address_says_after_how_many_executions_a_statement_is_prepared(school, operators_home, written, prepared, configure):
    configure(LMSKIT_HOME=str(operators_home), LMSKIT_DATABASE_URL=school.address(query=f"?prepare_threshold={written}&sslmode=disable"))
    with access().engine_for(DEMO_ADMIN).connect() as connection:
        connection.execute(text("SELECT 'probe'"))
        found = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%probe%%'")
        assert bool(found.scalar_one()) == prepared


def test_no_password_is_printed_logged_or_stored_but_in_the_passfile(school, operators_home):
    printed = "\n".join(school.printed)
    kept = [entry.password for entry in read_entries(operators_home / "pgpass")]
    log = "\n".join(path.read_text(errors="replace") for path in school.cluster.layout.log.rglob("*") if path.is_file())
    files = "\n".join(path.read_text(errors="replace") for path in operators_home.rglob("*") if path.is_file() and path.name != "pgpass")
    for secret in (*SECRETS.values(), "canary", "%63%61%6e"):
        assert secret not in printed + log + files
        assert all(secret != password for password in kept)
    migrator = next(entry.password for entry in read_entries(operators_home / "pgpass") if entry.user == roles.migrator_of("school"))
    assert migrator not in printed + log + files


def test_a_login_is_forgotten_on_its_own_server_only(tmp_path, configure):
    made: dict[str, Access] = {}
    for host in ("one.example.org", "two.example.org", "localhost"):
        configure(LMSKIT_HOME=str(tmp_path), LMSKIT_DATABASE_URL=f"postgresql://{host}/school")
        access().server.keep_login(LECTURER, f"password at {host}")
        made[host] = access()
    made["one.example.org"].server.forget_login(LECTURER)
    assert [made[host].server.kept_login(LECTURER) for host in made] == [None, "password at two.example.org", "password at localhost"]
    configure(LMSKIT_DATABASE_URL="postgresql://127.0.0.1/school")
    assert access().server.kept_login(LECTURER) == "password at localhost"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://db.example.org/x", [("db.example.org", "5432")]),
        ("postgresql+psycopg://[::1]:6000/x", [("::1", "6000")]),
        ("postgres://a:1,b:2/x", [("a", "1"), ("b", "2")]),
        ("postgres://a,b/x?port=7", [("a", "7"), ("b", "7")]),
        ("postgresql:///x?host=/run/postgresql", [("/run/postgresql", "5432")]),
        ("postgresql:///x", [("localhost", "5432")]),
    ],
)
def test_an_address_is_read_as_libpq_reads_it(address: str, expected: list[tuple[str, str]]):
    from lmskit.db.address import parameters_of

    url = read_address(address)
    assert hosts(parameters_of(url)) == expected
    assert url.database == "x"


def test_a_shown_address_has_no_password():
    assert shown(read_address("postgresql://ada:hunter2@h/x?sslpassword=hunter3")) == "postgresql://ada@h/x"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://db/lms%20kit?sslrootcert=/etc/ssl/Uni Köln+1%25.crt",
        "postgresql://ada@/lmskit?host=/run/my%20sockets",
        "postgresql://o%40uni:a+b%20c@db/50%25?options=-c work_mem%3D8MB",
    ],
)
def test_an_address_that_another_process_gets_is_the_same_address(address: str):
    assert read_address(written(read_address(address))) == read_address(address)
    assert conninfo_to_dict(written(read_address(address))) == conninfo_to_dict(address.replace(" ", "%20"))


def test_a_parameter_that_does_not_exist_is_named():
    with pytest.raises(UnreachableError, match=r"^The address has the parameter sslmod, which does not exist\."):
        read_address("postgresql://ada:hunter2@h/x?sslmod=require")


# Several databases, several machines -----------------------------------------------------------------------


@pytest.mark.long
def test_another_machine_does_not_change_the_migrators_password_unasked(school, operators_home, tmp_path):
    address, there = school.address(user="dba", password=True), {"LMSKIT_DATABASE_URL": school.address()}
    printed = school.lmskit("db", "bootstrap", address, home=tmp_path)
    assert "Left out: lmskit_migrator_school keeps its password, which another machine has" in printed
    assert "There is no login lmskit_migrator_school on this machine" in school.lmskit(
        "db", "upgrade", home=tmp_path, status=1, there=there
    )
    assert "is at revision" in school.lmskit("db", "upgrade", home=operators_home, there=there)
    for changing, other in ((tmp_path, operators_home), (operators_home, tmp_path)):
        school.lmskit("db", "bootstrap", "--new-migrator-password", address, home=changing)
        assert "is at revision" in school.lmskit("db", "upgrade", home=changing, there=there)
        assert "does not accept the login lmskit_migrator_school" in school.lmskit("db", "upgrade", home=other, status=1, there=there)


def test_a_second_database_of_the_server_has_a_migrator_that_cannot_enter_the_first(school, operators_home, tmp_path):
    assert "roles made: 1" in school.lmskit("db", "bootstrap", school.address(user="dba", database="trial", password=True), home=tmp_path)
    assert "is at revision" in school.lmskit("db", "upgrade", home=operators_home, LMSKIT_DATABASE_URL=school.address())
    trial = next(entry for entry in read_entries(tmp_path / "pgpass") if entry.user == roles.migrator_of("trial"))
    given = {"host": "localhost", "port": school.port, "user": trial.user, "password": trial.password}
    psycopg.connect(**given, dbname="trial").close()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(**given, dbname="school")


@pytest.mark.long
def test_a_database_of_the_shared_migrator_is_handed_over_to_its_own(school, tmp_path):
    """Before each database had its own, `lmskit_migrator` migrated all of a server, and the passfile had one entry for them."""
    address, there = school.address(user="dba", database="older", password=True), {"LMSKIT_DATABASE_URL": school.address(database="older")}
    school.lmskit("db", "bootstrap", address, home=tmp_path)
    forget_password(tmp_path / "pgpass", database="older", user=roles.migrator_of("older"))
    with closing(school.superuser()) as connection:
        for statement in (
            f"CREATE ROLE lmskit_migrator LOGIN PASSWORD '{roles.scram_verifier('the shared one')}'",
            "GRANT lmskit_owner, lmskit_definer, lmskit_logins TO lmskit_migrator WITH INHERIT FALSE, SET TRUE",
            "ALTER ROLE lmskit_migrator IN DATABASE older SET role = lmskit_owner",
            "GRANT CONNECT ON DATABASE older TO lmskit_migrator",
            "REVOKE CONNECT ON DATABASE older FROM lmskit_migrator_older",
            "DROP OWNED BY lmskit_migrator_older",
            "DROP ROLE lmskit_migrator_older",
        ):
            connection.execute(statement)
    keep_password(tmp_path / "pgpass", host="localhost", port=school.port, database="*", user=roles.MIGRATOR, password="the shared one")
    assert "from revision none" in school.lmskit("db", "upgrade", home=tmp_path, there=there)
    school.lmskit("db", "bootstrap", address, home=tmp_path)
    assert "is at revision" in school.lmskit("db", "upgrade", home=tmp_path, there=there)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(host="localhost", port=school.port, user=roles.MIGRATOR, password="the shared one", dbname="older")
