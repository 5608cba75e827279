"""A forged backup: its statements are run by a login without power over the server, and what it plants is noticed; nothing stays."""

import subprocess
from contextlib import closing

import pytest

from lmskit.backups.archive import BackupArchive, new_archive
from lmskit.backups.manifest import DUMP, BackupManifest
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import restore_backup
from lmskit.backups.verification import verify_backup
from lmskit.db import access
from lmskit.db.cluster.binaries import installation, program
from lmskit.errors import BackupRefusedError
from tests.backups.conftest import DATABASE
from tests.backups.test_backup_and_restore import leftovers
from tests.conftest import FAST

pytestmark = pytest.mark.long
COMMENT = "a comment that is long enough for whatever replaces it " * 5
STATEMENT = f"COMMENT ON TABLE lms.topic_performance IS '{COMMENT}';\n"


@pytest.fixture
def forged(saved, tmp_path):
    """A backup in whose dump a statement is replaced, with manifest and seal that fit."""

    def make(statement: str) -> BackupArchive:
        with saved.superuser() as connection:
            before = connection.execute("SELECT obj_description('lms.topic_performance'::regclass)").fetchone()
            connection.execute(f"COMMENT ON TABLE lms.topic_performance IS '{COMMENT}'".encode())
            try:
                command = [
                    str(program(installation(access().settings.postgres_version), "pg_dump")),
                    "-Fc",
                    "-Z0",
                    "-N",
                    "pg_catalog",
                    "-d",
                ]
                where = saved.endpoint.superuser_conninfo(DATABASE)
                dumped = subprocess.run([*command, where], capture_output=True, check=True).stdout
            finally:
                connection.execute(f"COMMENT ON TABLE lms.topic_performance IS '{before[0]}'".encode())
        assert dumped.count(STATEMENT.encode()) == 1
        (folder := tmp_path / "whole").mkdir()
        made = saved.backup(folder)
        archive = BackupArchive(folder / made.name, made.name)
        content = dumped.replace(STATEMENT.encode(), statement.ljust(len(STATEMENT)).encode())
        path = tmp_path / "forged.lmskit.zip"
        with path.open("wb") as file, new_archive(file) as writer:
            for name in archive.manifest.parts:
                writer.add(name, content if name == DUMP else archive.read(name))
            writer.finish(BackupManifest.model_validate(archive.manifest.model_dump() | {"parts": writer.parts}))
        return BackupArchive(path, "forged.lmskit.zip")

    return make


def test_what_is_not_forged_is_restored(forged, other_server, tmp_path):
    restore_backup(forged("SELECT 1;\n"), other_server, None, database=DATABASE, work=tmp_path)
    assert leftovers(other_server) == []


STATEMENTS = {
    "program": "COPY lms.terms FROM PROGRAM 'touch {flag}';",
    "program of the client": "COPY (SELECT 1) TO PROGRAM 'touch {flag}';",
    "file": "COPY lms.terms (name) FROM '/etc/passwd';",
    "written file": "COPY (SELECT 1) TO '{flag}';",
    "superuser": "ALTER ROLE CURRENT_USER SUPERUSER;",
    "another role": "RESET ROLE; SET SESSION AUTHORIZATION postgres;",
    "its own role": "SET ROLE postgres;",
    "new role": "CREATE ROLE lmskit_planted SUPERUSER LOGIN;",
    "event trigger": "CREATE FUNCTION lms.x() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "CREATE EVENT TRIGGER planted ON ddl_command_end EXECUTE FUNCTION lms.x();",
    "native function": "CREATE FUNCTION lms.x(text) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';",
    "large object": "SELECT lo_import('/etc/passwd');",
    "server's file": "SELECT pg_read_file('/etc/passwd');",
    "setting": "ALTER SYSTEM SET archive_command = 'touch {flag}';",
    "extension": "CREATE EXTENSION dblink;",
    "transaction": "COMMIT; CREATE DATABASE lmskit_planted;",
    "power of another": "GRANT pg_execute_server_program TO lmskit_owner;",
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_statement_that_takes_power_is_refused_and_leaves_nothing(kind, forged, other_server, tmp_path):
    flag = tmp_path / "flag"
    tmp_path.chmod(0o777)
    forgery = forged(STATEMENTS[kind].format(flag=flag))
    with pytest.raises(BackupRefusedError, match=r"cannot be restored, and what was there is as it was\. pg_restore says"):
        restore_backup(forgery, other_server, None, database=DATABASE, work=tmp_path)
    assert not flag.exists()
    assert leftovers(other_server) == []
    with closing(other_server.connect()) as connection:
        planted = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = 'lmskit_planted' OR (rolsuper AND rolname <> 'postgres') UNION ALL "
            "SELECT datname FROM pg_database WHERE datname = 'lmskit_planted' UNION ALL "
            "SELECT evtname FROM pg_event_trigger UNION ALL "
            "SELECT m.member::regrole::text FROM pg_auth_members m WHERE m.roleid = 'pg_execute_server_program'::regrole"
        ).fetchall()
        assert planted == []


PLANTED = {
    "function for everybody": "CREATE FUNCTION lms.x() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::text';",
    "stand-in": "CREATE FUNCTION lms.md5(text) RETURNS text LANGUAGE sql AS $$SELECT 'fd'::text$$;",
    "policy": "CREATE POLICY x ON lms.users FOR SELECT TO lmskit_lecturer USING (true);",
    "trigger": "CREATE FUNCTION lms.x() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
    "CREATE TRIGGER x BEFORE INSERT ON lms.materials FOR EACH ROW EXECUTE FUNCTION lms.x();",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_noticed(kind, forged, own_settings, tmp_path):
    forgery = forged(PLANTED[kind])
    # The comment of a table comes before all rows, so a trigger has taken those of another.
    sentence = "does not restore to what was saved" if kind == "trigger" else "people could see or do more than they should"
    with pytest.raises(BackupRefusedError, match=sentence):
        verify_backup(FolderRepository(tmp_path), forgery.path.name, settings=own_settings, server_settings=FAST)
