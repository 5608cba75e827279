"""Going back to an older revision loses nothing: what it has no table or column for is parked, and put back by the next upgrade."""

from __future__ import annotations

import io
import re
from contextlib import closing, redirect_stdout
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import revision
from lmskit.errors import DataWouldBeLostError
from lmskit.models import Base
from lmskit.queries.access_rules import violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

    Ask = Callable[[str], list[tuple[Any, ...]]]

FOLLOWS = {"passage_words": "to_jsonb(t) - 'id'"}
"""Tables that are filled from others, with what of a row is compared."""
REMOVED_GOING_FORWARD = {
    "DROP COLUMN minute": "it is in seconds",
    "DROP COLUMN embedding": "passage_vectors has it",
    "DROP COLUMN embedding_model": "embedding_models has it",
    "DROP COLUMN body_vector": "it is generated",
    "DELETE FROM lms.passage_vectors WHERE lms.l2_norm(embedding) = 0": "it has no direction, so it is computed again",
    "DROP TABLE lms.archives": "refused while it has rows",
}
"""What revisions remove on the way forward, in order, and why no row is lost by that."""


@pytest.fixture
def ask(filled: Engine, endpoint: Endpoint) -> Ask:
    """Carry out statements as a superuser."""

    def answer(statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(endpoint.superuser_conninfo(str(filled.url.database)), autocommit=True)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return answer


def rows(ask: Ask) -> dict[str, list[str]]:
    """Every row of every table, but the audit trail, which goes on."""
    return {
        name: [str(row[0]) for row in ask(f"SELECT {FOLLOWS.get(name, 'to_jsonb(t)')} AS r FROM lms.{name} AS t ORDER BY r")]
        for name in Base.metadata.tables
        if name != "audit_log"
    }


def test_going_back_to_the_first_revision_and_forward_again_loses_nothing(filled: Engine, ask: Ask) -> None:
    before, n_audited = rows(ask), ask("SELECT count(*) FROM lms.audit_log")[0][0]
    assert [name for name, found in before.items() if not found] == []
    revision.downgrade("0002", engine=filled)
    parked: dict[str, int] = dict(ask("SELECT relation, count(*) FROM lms.parked_rows GROUP BY relation"))
    assert {"outbox", "knowledge_fits", "materials", "material_passages", "passage_vectors", "reading_decisions"} <= parked.keys()
    assert ask("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'lms.parked_rows'::regclass") == [(True, True)]
    granted = (
        "SELECT DISTINCT a.grantee::regrole::text FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = 'lms.parked_rows'::regclass"
    )
    assert sorted(ask(granted)) == [("lmskit_definer",), ("lmskit_owner",)]
    revision.downgrade("0001", engine=filled)
    revision.upgrade(engine=filled)
    assert rows(ask) == before
    assert ask("SELECT count(*) FROM lms.audit_log")[0][0] >= n_audited
    assert ask("SELECT to_regclass('lms.parked_rows') IS NULL") == [(True,)]
    # New rows get ids after those that came back.
    ask("INSERT INTO lms.material_crawls (course_id, start_url) SELECT course_id, start_url FROM lms.material_crawls")


def test_results_of_a_quiz_that_got_another_week_meanwhile_stay_out_of_the_evidence(filled: Engine, ask: Ask) -> None:
    found = (
        "SELECT q.week_number, a.banked FROM lms.quiz_attempts AS a JOIN lms.quizzes AS q ON q.id = a.quiz_id WHERE q.title = 'Of no week'"
    )
    assert set(ask(found)) == {(None, False)}
    revision.downgrade("0033", engine=filled)
    ask("SET session_replication_role = replica; UPDATE lms.quizzes SET week_number = 7 WHERE title = 'Of no week'")
    revision.upgrade(engine=filled)
    assert set(ask(found)) == {(7, True)}


def test_an_excuse_that_a_person_gave_again_meanwhile_is_not_a_files(filled: Engine, ask: Ask) -> None:
    found = "SELECT DISTINCT x.excused, x.excused_by_format FROM lms.quiz_exceptions AS x"
    assert ask(found) == [(True, "canvas-gradebook")]
    revision.downgrade("0048", engine=filled)
    ask("SET session_replication_role = replica; UPDATE lms.quiz_exceptions SET granted_at = now()")
    revision.upgrade(engine=filled)
    assert ask(found) == [(True, None)]


@pytest.mark.long
def test_what_does_not_fit_any_more_stays_parked_and_nobody_reads_it(filled: Engine, ask: Ask) -> None:
    revision.downgrade("0015", engine=filled)
    ask("UPDATE lms.material_passages SET body = 'Other words' WHERE minute IS NOT NULL")
    ask("DELETE FROM lms.materials WHERE title = 'Page'")
    revision.upgrade(engine=filled)
    # A material is gone with its passage, two vectors and the decision about it; a second and a vector belong to other words.
    parked: dict[str, int] = dict(ask("SELECT relation, count(*) FROM lms.parked_rows GROUP BY relation"))
    assert parked == {"materials": 2, "material_passages": 2, "passage_vectors": 3, "reading_decisions": 1}
    assert ask("SELECT seconds FROM lms.material_passages WHERE body = 'Other words'") == [(333.6,)]
    with Session(filled) as session:
        found = [each for each in violations(session) if "parked" in str(each)]
    assert [str(each) for each in found] == []
    revision.downgrade("0015", engine=filled, lose_data=True)
    revision.upgrade(engine=filled)
    assert ask("SELECT count(*) FROM lms.reading_decisions") == [(0,)]


@pytest.mark.long
def test_tables_with_rows_are_removed_only_if_that_is_said(
    filled: Engine, ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    revision.downgrade("0001", engine=filled)
    with pytest.raises(DataWouldBeLostError, match=r"would remove the rows of: users \(4\), .*, parked_rows. Make a backup first"):
        revision.downgrade("base", engine=filled)
    assert ask("SELECT count(*) FROM lms.users") == [(4,)]
    monkeypatch.setattr("lmskit.db.revision.migrator_engine", lambda: filled)
    refused = CliRunner().invoke(app, ["db", "downgrade", "base", "--yes"])
    assert isinstance(refused.exception, DataWouldBeLostError) or refused.exit_code == 1
    done = CliRunner().invoke(app, ["db", "downgrade", "base", "--yes", "--lose-data"])
    assert "The database is at revision base." in done.output, done.exception
    assert ask("SELECT count(*) FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r'") == [(1,)]


@pytest.mark.long
def test_rows_of_a_table_that_is_made_anew_are_not_removed(filled: Engine, ask: Ask) -> None:
    """Administrators could write to the table of archives before lmskit did."""
    revision.downgrade("0021", engine=filled)
    ask("SET ROLE lmskit_admin; INSERT INTO lms.archives (course_code, location, sha256) VALUES ('CS101', '/mnt/archive', repeat('0', 64))")
    with pytest.raises(DataWouldBeLostError, match=r"0022 makes the table lms.archives anew, and it has 1 row .* DELETE FROM lms.archives"):
        revision.upgrade(engine=filled)
    assert ask("SELECT a.course_code FROM lms.archives AS a") == [("CS101",)]
    assert revision.current(filled) == "0021"
    ask("SET ROLE lmskit_admin; DELETE FROM lms.archives")
    revision.upgrade(engine=filled)
    assert ask("SELECT count(*) FROM lms.archives WHERE location = '/mnt/archive'") == [(0,)]
    assert ask("SELECT to_regclass('lms.parked_rows') IS NULL") == [(True,)]


def test_what_the_way_forward_removes_is_kept_elsewhere_or_refused_or_made_again() -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        revision.write_script(start="base")
    outside_functions = re.sub(r"(\$\w*\$).*?\1", "", printed.getvalue(), flags=re.DOTALL)
    found = re.findall(r"^(?:DROP TABLE|DELETE FROM|TRUNCATE) [^;\n]+|DROP COLUMN \w+", outside_functions, re.MULTILINE)
    assert found == list(REMOVED_GOING_FORWARD)


def test_each_revision_says_what_its_way_back_loses() -> None:
    """One of three: nothing, or what is parked, or what is refused."""
    for step in ScriptDirectory.from_config(revision.alembic_config()).walk_revisions():
        down = re.search(r"^Down: +(.+)", step.doc if "Down:" in step.doc else str(step.module.__doc__), re.MULTILINE)
        assert down is not None, step.revision
        assert re.match("loses nothing|parks|refuses", down[1]), (step.revision, down[1])
