"""Which database is used, with which login; and a clear sentence for each way in which that can fail."""

import os
import socket
import stat
import subprocess
import sys
import threading

import pytest
from sqlalchemy import text

from lmskit.db import Access, access, engine_for, keep_login, login_name, revision, roles, transaction, using
from lmskit.db.passfile import Entry, find_password, forget_password, keep_password, move_host, read_entries
from lmskit.db.roles import generate_password, scram_verifier
from lmskit.errors import DatabaseError, LoginMissingError, NotSignedInError, RevisionError, UnreachableError
from lmskit.settings import DEMO_ADMIN


def refused(engine_or_none=None):
    """Return the sentence with which a first statement is refused."""
    with pytest.raises(DatabaseError) as error, transaction(engine_or_none) as session:
        session.execute(text("SELECT 1"))
    return str(error.value)


def kept_password(endpoint, login):
    password = find_password(access().settings.passfile, host=endpoint.host, port="", database="lmskit", user=login)
    assert password is not None
    return password


# Identity --------------------------------------------------------------------------------------------------


def test_everyone_acts_as_the_demonstration_administrator_unless_another_person_is_named(admin_engine, lecturer_engine, configure):
    assert access().url_for() == access().url_for(DEMO_ADMIN)
    configure(LMSKIT_PERSON="demo.lecturer@example.org")
    assert access().url_for().username == login_name("lmskit", "demo.lecturer@example.org")
    with transaction() as session:
        assert session.execute(text("SELECT session_user")).scalar_one() == lecturer_engine.url.username


def test_an_address_is_the_same_person_in_any_case(admin_engine):
    assert access().url_for(f"  {DEMO_ADMIN.upper()} ") == access().url_for(DEMO_ADMIN)


def test_no_address_holds_a_password(admin_engine, lecturer_engine):
    for url in (access().url_for(), access().url_for("demo.lecturer@example.org"), access().server.address_of_migrator()):
        assert url.password is None
        assert all(entry.password not in url.render_as_string(hide_password=False) for entry in read_entries(access().settings.passfile))


def test_someone_without_a_login_reads_how_to_sign_in(cluster):
    with pytest.raises(LoginMissingError) as error:
        access().url_for("nobody@example.org")
    assert str(error.value) == (
        "There is no login for nobody@example.org on this machine. "
        "To sign in with address and password: lmskit sign-in nobody@example.org; "
        "to set the password with the code of an invitation: lmskit invitation accept nobody@example.org"
    )


def test_a_wrong_password_is_a_sentence(make_person, cluster):
    from lmskit.vocabulary import Role

    make_person("changed@example.org", Role.LECTURER)
    keep_login("changed@example.org", "something else")
    message = refused(engine_for("changed@example.org"))
    assert f"does not accept the login {login_name('lmskit', 'changed@example.org')} with the password it was given" in message
    assert "something else" not in message


@pytest.fixture
def busy(make_person, cluster):
    """Six engines of one login, and the connections of five of them."""
    from lmskit.vocabulary import Role

    make_person("busy@example.org", Role.LECTURER)
    url = access().url_for("busy@example.org")
    engines = [access().engine_at(url.update_query_dict({"application_name": f"notebook {n}"})) for n in range(6)]
    connections = [engine.connect() for engine in engines[:5]]
    yield engines, connections
    for connection in connections:
        connection.close()
    for engine in engines:
        engine.dispose()


def test_a_login_has_its_five_connections_and_no_more(busy):
    engines, _connections = busy
    assert "has no connection left for" in refused(engines[5])


def test_a_connection_that_is_just_being_closed_is_waited_for(busy):
    engines, connections = busy
    closing = threading.Timer(0.5, lambda: (connections[0].close(), engines[0].dispose()))
    closing.start()
    with transaction(engines[5]) as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1
    closing.join()


def test_a_password_with_letters_from_anywhere_works(endpoint, cluster):
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    for password in ("Grüße Ⅷ 北京", generate_password(), "it's \\ odd:"):
        verifier = scram_verifier(password)
        assert verifier.startswith("SCRAM-SHA-256$4096:")
        with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE worldly LOGIN PASSWORD {}").format(verifier))
            connection.execute("GRANT CONNECT ON DATABASE lmskit TO worldly")
            psycopg.connect(make_conninfo("", **endpoint.parameters(), dbname="lmskit", user="worldly", password=password)).close()
            connection.execute("REVOKE CONNECT ON DATABASE lmskit FROM worldly")
            connection.execute("DROP ROLE worldly")


# A server of one's own -------------------------------------------------------------------------------------


@pytest.fixture
def external(endpoint, admin_engine):
    """The address of the test cluster, written as if it were not embedded."""
    return f"127.0.0.1:{endpoint.port}/lmskit"


def test_an_address_with_a_user_is_an_identity(external, endpoint, configure):
    login = login_name("lmskit", DEMO_ADMIN)
    password = kept_password(endpoint, login)
    configure(LMSKIT_DATABASE_URL=f"postgres://{login}:{password}@{external}")
    with transaction() as session:
        assert session.execute(text("SELECT session_user")).scalar_one() == login
    assert access().url_for(DEMO_ADMIN) == access().url_for()
    with pytest.raises(LoginMissingError, match=r"There is no login for demo\.lecturer@example\.org on this machine"):
        access().url_for("demo.lecturer@example.org")


def test_an_address_without_a_user_is_completed_from_the_passfile(external, endpoint, configure):
    login = login_name("lmskit", DEMO_ADMIN)
    password = kept_password(endpoint, login)
    configure(LMSKIT_DATABASE_URL=f"postgresql://{external}")
    with pytest.raises(LoginMissingError, match=r"on this machine for the server 127\.0\.0\.1\."):
        access().url_for(DEMO_ADMIN)
    keep_login(DEMO_ADMIN, password)
    with transaction(engine_for(DEMO_ADMIN)) as session:
        assert session.execute(text("SELECT session_user")).scalar_one() == login
    with pytest.raises(DatabaseError, match="lmskit db bootstrap"):
        access().server.address_of_migrator()


def test_a_service_names_the_server(external, endpoint, configure, tmp_path):
    login = login_name("lmskit", DEMO_ADMIN)
    password = kept_password(endpoint, login)
    services = tmp_path / "services"
    services.write_text(f"[school]\nhost=127.0.0.1\nport={endpoint.port}\ndbname=lmskit\nuser={login}\npassword={password}\n")
    configure(PGSERVICE="school", PGSERVICEFILE=str(services))
    with transaction() as session:
        assert session.execute(text("SELECT session_user")).scalar_one() == login
    configure(PGSERVICE="another")
    assert refused().startswith("The connection service another was not found: no section [another] is in ")


def test_a_server_that_does_not_answer_is_named_with_its_host_and_port(configure):
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        configure(LMSKIT_DATABASE_URL=f"postgresql://ada:hunter2@127.0.0.1:{port}/lmskit")
        message = refused()
    assert message.startswith(f"The database server 127.0.0.1, port {port}, cannot be reached (")
    assert "refused" in message
    assert "hunter2" not in message
    assert "\n" not in message


def test_a_host_that_does_not_exist_is_named(configure):
    configure(LMSKIT_DATABASE_URL="postgresql://ada:hunter2@db.invalid/lmskit")
    message = refused()
    assert message.startswith("The database server db.invalid, port 5432,")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "://",
        "mysql://ada:hunter2@host/lmskit",
        "postgresql://ada:hunter2@host:port/lmskit",
        "postgresql://ada:hunter2%zz@host/lmskit",
        "postgresql://ada:hunter2@host/lmskit?sslmod=require",
        "postgresql://ada:hunter2@host/lmskit?prepare_threshold=often",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(address, configure):
    configure(LMSKIT_DATABASE_URL=address)
    with pytest.raises(UnreachableError, match=r"It should look like postgresql://") as error:
        access().url_for()
    assert "hunter2" not in str(error.value)


def test_a_database_that_does_not_exist_is_a_sentence(external, endpoint, configure):
    login = login_name("lmskit", DEMO_ADMIN)
    password = kept_password(endpoint, login)
    configure(LMSKIT_DATABASE_URL=f"postgresql://{login}:{password}@127.0.0.1:{endpoint.port}/lms")
    assert refused() == f"The database server 127.0.0.1, port {endpoint.port}, has no database lms. To prepare it: lmskit db bootstrap"


# Revisions -------------------------------------------------------------------------------------------------


def test_a_database_at_the_newest_revision_is_accepted(cluster):
    revision.require_current()
    assert revision.current() == revision.head()


def test_for_a_database_without_tables_the_sentence_says_how_to_make_them(fresh_database):
    engine = fresh_database("lmskit_empty")
    assert revision.current(engine) is None
    with pytest.raises(RevisionError, match=r"^The database has no tables yet\. To make them: lmskit db upgrade$"):
        revision.require_current(engine)


def test_an_older_and_a_newer_database_are_distinguished(fresh_database):
    engine = fresh_database("lmskit_other_times")
    revision.upgrade("0001", engine=engine)
    with pytest.raises(RevisionError, match=r"at revision 0001, and this lmskit needs \w+\. To bring it up to date: lmskit db upgrade$"):
        revision.require_current(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    for refusing in (lambda: revision.require_current(engine), lambda: revision.upgrade(engine=engine)):
        with pytest.raises(
            RevisionError, match=r"at revision from the future, which this lmskit does not have.* Install a newer lmskit\.$"
        ):
            refusing()


def test_a_revision_that_does_not_exist_is_refused(fresh_database):
    with pytest.raises(RevisionError, match="cannot go to the revision nowhere"):
        revision.upgrade("nowhere", engine=fresh_database("lmskit_nowhere"))


# The passfile ----------------------------------------------------------------------------------------------


def test_a_passfile_is_private_and_keeps_what_it_is_given(tmp_path):
    path = tmp_path / "home" / "pgpass"
    keep_password(path, host="/odd:folder\\name", port="*", database="lmskit", user="ada", password="p:a\\ss")
    keep_password(path, host="db.example.org", port=5432, database="lmskit", user="ada", password="other")
    keep_password(path, host="db.example.org", port=5432, database="lmskit", user="ada", password="newer")
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_password(path, host="/odd:folder\\name", port="1234", database="lmskit", user="ada") == "p:a\\ss"
    assert find_password(path, host="db.example.org", port=5432, database="lmskit", user="ada") == "newer"
    assert find_password(path, host="db.example.org", port=5433, database="lmskit", user="ada") is None
    move_host(path, old="/odd:folder\\name", new="/new")
    assert find_password(path, host="/new", port="1", database="lmskit", user="ada") == "p:a\\ss"
    forget_password(path, database="lmskit", user="ada")
    assert read_entries(path) == []


def test_libpq_reads_the_passfile_as_lmskit_writes_it(cluster, admin_engine):
    with admin_engine.connect() as connection:
        assert connection.execute(text("SELECT session_user")).scalar_one() == admin_engine.url.username


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_a_passfile_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "pgpass"
    path.write_text("*:*:*:ada:secret\n")
    path.chmod(0o644)
    with pytest.raises(DatabaseError, match=r"Other users could read or change the passwords in .*\. Check the file, then: chmod 600"):
        read_entries(path)


def test_an_entry_does_not_show_its_password():
    assert "secret" not in repr(Entry("host", "1", "lmskit", "ada", "secret"))


# The command line ------------------------------------------------------------------------------------------


def test_psql_passes_further_arguments_on_and_signs_in_as_the_person(admin_engine):
    command = [sys.executable, "-c", "from lmskit.cli import run; run()", "db", "psql", "-X", "-A", "-t", "-c", "SELECT session_user"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == admin_engine.url.username


def test_the_migrators_login_takes_on_the_owner(cluster):
    assert access().server.address_of_migrator().username == roles.MIGRATOR


def test_without_a_front_door_a_person_has_to_be_named(cluster):
    with using(Access()) as nobody:
        with pytest.raises(NotSignedInError, match=r"To sign in: lmskit sign-in\."):
            nobody.engine_for()
        with nobody.engine_for(DEMO_ADMIN).connect() as connection:
            assert connection.scalar(text("SELECT session_user")) == login_name("lmskit", DEMO_ADMIN)


def test_two_accesses_share_neither_person_nor_connections(admin_engine, configure):
    configure()
    other = Access(default_person=DEMO_ADMIN)
    assert other.engine_for() is not engine_for()
    other.sign_out()
    with pytest.raises(NotSignedInError):
        other.engine_for()
    assert engine_for() is engine_for(DEMO_ADMIN)


def test_json_with_more_levels_than_python_reads_stops_no_query(admin_engine):
    with admin_engine.connect() as connection:
        rows = (
            connection.execute(text("SELECT (repeat('[', 3000) || repeat(']', 3000))::jsonb UNION ALL SELECT '{\"a\": 1}'")).scalars().all()
        )
    assert rows == [{"unreadable": "nested too deeply to be read"}, {"a": 1}]
