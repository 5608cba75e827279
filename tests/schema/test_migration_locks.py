"""Whom a migration excludes while it reads or writes a whole table: measured, revision by revision, and compared with what it says.

A lock of an instant does no harm, since a migration that does not get it gives up and tries again. One that is held while a table is
read or written again excludes readers or writers for as long as that takes, and the larger the table the longer.
"""

from __future__ import annotations

import re
import shutil
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event

from lmskit.db import Access, access, revision, using
from lmskit.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from lmskit.db.cluster import Endpoint

    Held = dict[str, str]

SCRIPTS = ScriptDirectory.from_config(revision.alembic_config())
REVISIONS = [step.revision for step in reversed(list(SCRIPTS.walk_revisions()))]
LAST_BEFORE_THE_RULE = "0019"
"""Revisions up to this one say whom they exclude in words, under *Locks*; later ones in `HELD`, and for a reason."""
BEFORE_THE_RULE = {
    "0007": {
        "terms", "users", "courses", "syllabi", "materials", "quizzes", "external_ids", "material_passages", "quiz_attempts",
    },
    "0012": {"terms", "courses", "student_enrollments", "topic_performance"},
    "0014": {"courses", "quizzes", "quiz_attempts"},
    "0016": {"courses", "materials", "material_passages"},
    "0018": {"materials", "material_passages"},
}  # fmt: skip
"""What was measured of them."""
TABLES = (
    "SELECT c.oid, pg_relation_filenode(c.oid), c.relname FROM pg_class AS c WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r'"
)
EXCLUDING = """
SELECT DISTINCT l.relation FROM pg_locks AS l
WHERE l.pid = pg_backend_pid() AND l.granted
  AND l.mode IN ('AccessExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock')
"""
LOCKED = """
SELECT c.oid, c.relname, coalesce(s.seq_scan, 0), pg_relation_filenode(c.oid), bool_or(l.mode = 'AccessExclusiveLock'),
    bool_or(l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock'))
FROM pg_class AS c
LEFT JOIN pg_stat_xact_user_tables AS s ON s.relid = c.oid
LEFT JOIN pg_locks AS l ON l.relation = c.oid AND l.pid = pg_backend_pid() AND l.granted
WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
GROUP BY c.oid, c.relname, s.seq_scan
"""


class Watch:
    """Looks at the end of each transaction which tables it excludes others from, and whether it has read or written a whole one.

    Attributes
    ----------
    held
        Who is excluded from which table while a whole one is read or written.
    late
        Tables that were locked when others had been already, so that a query which reads both may be ended as a deadlock.
    """

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as connection:
            tables = connection.exec_driver_sql(TABLES).all()
        self.before = {oid: node for oid, node, name in tables if name != "alembic_version"}
        self._names = {oid: name for oid, _, name in tables if oid in self.before}
        self.held: Held = {}
        self.late: set[str] = set()
        self._first: set[str] = set()
        self.n_scans: dict[int, int] = {}

    def begin(self, connection: Connection) -> None:
        """Remember the scans of earlier transactions, which the server's counts still have."""
        self.n_scans, self._first = {row[0]: row[2] for row in connection.exec_driver_sql(LOCKED)}, set()

    def executed(self, connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        """Remember what `lock_first` has locked."""
        if statement.startswith("DO $lock$"):
            self._first = self._excluding(connection)

    def _excluding(self, connection: Connection) -> set[str]:
        """Tables that this transaction excludes others from, and those that it has removed."""
        return {self._names[oid] for oid in connection.exec_driver_sql(EXCLUDING).scalars() if oid in self._names}

    def commit(self, connection: Connection) -> None:
        """Look what the transaction has done."""
        if len(excluding := self._excluding(connection)) > 1:
            self.late |= excluding - self._first
        found = [row for row in connection.exec_driver_sql(LOCKED) if row[0] in self.before]
        scanned = {oid for oid, _, n_scans, *_ in found if n_scans > self.n_scans.get(oid, 0)}
        if scanned or any(self.before[oid] != node for oid, _, _, node, _, _ in found):
            for oid, name, _, _, readers, writers in found:
                if readers or (writers and oid in scanned):
                    self.held[name] = "readers" if readers else "writers"


@contextmanager
def watched(engine: Engine) -> Iterator[Watch]:
    """Watch the transactions of an engine within the block."""
    watch = Watch(engine)
    event.listen(engine, "begin", watch.begin)
    event.listen(engine, "commit", watch.commit)
    event.listen(engine, "after_cursor_execute", watch.executed)
    yield watch
    event.remove(engine, "begin", watch.begin)
    event.remove(engine, "commit", watch.commit)
    event.remove(engine, "after_cursor_execute", watch.executed)


def unnamed(held: Held, names: Iterable[str]) -> str:
    """What `HELD` of a revision lacks, or has in excess."""
    return f"HELD has to name these tables, each with a reason: {sorted(held)}" if set(names) != set(held) else ""


def test_a_revision_says_from_which_tables_it_excludes_others_and_why(filled: Engine) -> None:
    for before, step in pairwise(reversed(REVISIONS)):
        with watched(filled) as watch:
            revision.downgrade(step, engine=filled, lose_data=True)
        assert watch.late == set(), f"{before}, on the way back: lock_first has to name these tables too"
    measured: dict[str, Held] = {}
    for step in REVISIONS[1:]:
        with watched(filled) as watch:
            revision.upgrade(step, engine=filled)
        assert watch.late == set(), f"{step}: lock_first has to name these tables too"
        measured[step] = watch.held
    assert {step: set(held) for step, held in measured.items() if held and step <= LAST_BEFORE_THE_RULE} == BEFORE_THE_RULE
    for step, held in measured.items():
        module = SCRIPTS.get_revision(step).module
        if step > LAST_BEFORE_THE_RULE:
            assert unnamed(held, getattr(module, "HELD", {})) == "", step
            continue
        said = re.search(r"^Locks: (.*?)^Down:", str(module.__doc__), re.MULTILINE | re.DOTALL)
        assert said is not None
        assert "each table" in said[1] or [name for name in held if name not in said[1]] == [], step
        assert not (held and "no table is scanned" in said[1]), step


BAD = """
    op.create_index("ix_quiz_attempts_number", "quiz_attempts", ["course_id", "number"])
"""
WORSE = """
    op.execute("ALTER TABLE lms.quiz_attempts ADD CONSTRAINT ck_quiz_attempts_is_new CHECK (number > 0) NOT VALID")
    op.execute("ALTER TABLE lms.quiz_attempts VALIDATE CONSTRAINT ck_quiz_attempts_is_new")
"""
GOOD = """
    op.execute("ALTER TABLE lms.quiz_attempts ADD COLUMN reviewed boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE lms.quiz_attempts ADD CONSTRAINT ck_quiz_attempts_is_newer CHECK (number > 0) NOT VALID")
"""
BETTER = """
    index_concurrently("ix_quiz_attempts_reviewed", "lms.quiz_attempts", "(course_id, reviewed)")
"""
INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'lms.quiz_attempts'::regclass AND indisvalid"


@pytest.fixture
def next_ones(tmp_path: Path, configure: Callable[..., None]) -> list[str]:
    """A checkout with four more revisions."""
    root = access().settings.project_root
    shutil.copytree(root / "migrations", tmp_path / "migrations")
    shutil.copy(root / "alembic.ini", tmp_path)
    numbers = [REVISIONS[-1], *(f"{int(REVISIONS[-1]) + n:04}" for n in range(1, 5))]
    for (below, number), body in zip(pairwise(numbers), (BAD, WORSE, GOOD, BETTER), strict=True):
        serves = f'SERVES = "{REVISIONS[-1]}"\n' if body is GOOD else ""
        text = f'{serves}revision = "{number}"\ndown_revision = "{below}"\n\n\ndef upgrade() -> None:{body}\n\n'
        text += "def downgrade() -> None: ...\n"
        imports = "from alembic import op\n\nfrom lmskit.db.migration_statements import index_concurrently\n\n"
        (tmp_path / "migrations" / "versions" / f"{number}_next.py").write_text(imports + text)
    configure(LMSKIT_PROJECT_ROOT=str(tmp_path))
    return numbers[1:]


@pytest.mark.long
def test_an_index_of_a_table_in_use_and_a_check_of_all_rows_are_noticed_and_there_is_a_way_without(
    fresh_database: Callable[[str], Engine], next_ones: list[str], endpoint: Endpoint
) -> None:
    engine = fresh_database("lmskit_next")
    revision.upgrade(REVISIONS[-1], engine=engine)
    found, served = [], []
    for step in next_ones:
        with watched(engine) as watch:
            revision.upgrade(step, engine=engine)
        found.append(watch.held)
        with engine.connect() as connection:
            served.append(connection.exec_driver_sql("SELECT lms.oldest_served()").scalar_one())
    # Of the four, one only added something.
    assert served == [*next_ones[:2], REVISIONS[-1], next_ones[3]]
    assert found == [{"quiz_attempts": "writers"}, {"quiz_attempts": "readers", "archived_attempts": "readers"}, {}, {}]
    assert "['quiz_attempts']" in unnamed(found[0], ())
    assert unnamed(found[0], ["quiz_attempts"]) == ""
    with engine.connect() as connection:
        assert "ix_quiz_attempts_reviewed" in list(connection.exec_driver_sql(INDEXES).scalars())
        # What was added for new rows alone holds for all of them after the upgrade; foreign keys would need row security lifted.
        assert not connection.exec_driver_sql("SELECT conname FROM pg_constraint WHERE NOT convalidated AND contype <> 'f'").all()


@pytest.mark.long
def test_an_index_that_could_not_be_made_beside_a_long_transaction_is_made_by_the_next_try(
    fresh_database: Callable[[str], Engine], next_ones: list[str], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMSKIT_LOCK_TIMEOUT", "0.5")
    monkeypatch.setattr("lmskit.db.revision.TRIES", 1)
    engine = fresh_database("lmskit_next_index")
    revision.upgrade(next_ones[2], engine=engine)
    engine.dispose()
    impatient = Access()
    with using(impatient), closing(psycopg.connect(endpoint.superuser_conninfo("lmskit_next_index"))) as reader:
        engine = impatient.engine_at(engine.url)
        reader.execute("SELECT count(*) FROM lms.quiz_attempts")
        reader.execute("LOCK TABLE lms.quiz_attempts IN ROW EXCLUSIVE MODE")
        with pytest.raises(LockedError):
            revision.upgrade(engine=engine)
        reader.rollback()
        assert revision.current(engine) == next_ones[2]
        with engine.connect() as connection:
            assert "ix_quiz_attempts_reviewed" not in list(connection.exec_driver_sql(INDEXES).scalars())
        revision.upgrade(engine=engine)
        with engine.connect() as connection:
            assert "ix_quiz_attempts_reviewed" in list(connection.exec_driver_sql(INDEXES).scalars())
        engine.dispose()
