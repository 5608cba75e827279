"""Every revision can be reached and left, and the models say the same as the migrations."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from lmskit.db import access, revision
from lmskit.models import Base
from tests.schema.catalogue import OF_THE_MODELS, catalogue

if TYPE_CHECKING:
    from sqlalchemy import Engine

REVISIONS = [step.revision for step in reversed(list(ScriptDirectory.from_config(revision.alembic_config()).walk_revisions()))]


def test_there_is_one_line_of_revisions() -> None:
    assert len(ScriptDirectory.from_config(revision.alembic_config()).get_heads()) == 1


def test_each_revision_has_the_number_after_that_of_the_one_it_follows() -> None:
    """As CONTRIBUTING says: the number, then in words what it does; files of statements begin with the number too."""
    scripts = ScriptDirectory.from_config(revision.alembic_config())
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    for step in scripts.walk_revisions():
        assert re.fullmatch(rf"{step.revision}_[a-z0-9_]+\.py", Path(step.path).name)
        assert step.down_revision == (None if step.revision == "0001" else f"{int(step.revision) - 1:04}")
    named = [path.name for path in (Path(scripts.dir) / "sql").iterdir()]
    assert named
    assert not [name for name in named if not re.fullmatch(rf"({'|'.join(REVISIONS)})_[a-z0-9_]+_(up|down)\.sql", name)]


@pytest.mark.long
def test_every_step_up_can_be_taken_back_and_again(empty_engine: Engine) -> None:
    """The stairway: before, up, down to the same as before, up to the same as after."""

    def catalogue_of_now() -> dict[str, list[str]]:
        with empty_engine.connect() as connection:
            return catalogue(connection)

    for below, step in pairwise(["base", *REVISIONS]):
        before = catalogue_of_now()
        revision.upgrade(step, engine=empty_engine)
        after = catalogue_of_now()
        assert after != before, f"revision {step} changes nothing in the catalogue"
        revision.downgrade(below, engine=empty_engine)
        assert catalogue_of_now() == before
        revision.upgrade(step, engine=empty_engine)
        assert catalogue_of_now() == after
    revision.downgrade("base", engine=empty_engine)


def test_alembic_finds_no_difference_between_models_and_migrations(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("subject", OF_THE_MODELS)
def test_the_models_build_the_same_catalogue_as_the_migrations(subject: str, empty_engine: Engine, migrated_engine: Engine) -> None:
    """Sees what Alembic does not: a check constraint, or the WHERE of a partial index, in one of the two only."""
    with empty_engine.connect() as connection:
        Base.metadata.create_all(connection)
        from_models = catalogue(connection, subject)
        connection.rollback()
    with migrated_engine.connect() as connection:
        assert catalogue(connection, subject)[subject] == from_models[subject]


@pytest.mark.parametrize("name", [None, "of_my_own"])
def test_a_new_revision_is_numbered_unless_it_is_named(name: str | None, migrated_engine: Engine, tmp_path: Path) -> None:
    shutil.copytree(access().settings.project_root / "migrations", tmp_path / "migrations")
    config = revision.alembic_config()
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    with migrated_engine.connect() as connection:
        config.attributes["connection"] = connection
        made = command.revision(config, "let enrollments end", rev_id=name)
    number = f"{int(REVISIONS[-1]) + 1:04}"
    assert isinstance(made, Script)
    assert (made.revision, made.down_revision) == (name or number, REVISIONS[-1])
    assert (tmp_path / "migrations" / "versions" / f"{name or number}_let_enrollments_end.py").is_file()


def test_no_foreign_key_refers_to_a_table_with_archived_rows(migrated_engine: Engine) -> None:
    """It would look for live rows alone."""
    statement = (
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid IN (SELECT inhparent FROM pg_inherits AS i"
        " JOIN pg_class AS c ON c.oid = i.inhparent WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r')"
    )
    with migrated_engine.connect() as connection:
        assert connection.exec_driver_sql(statement).scalars().all() == []
        parents = connection.exec_driver_sql("SELECT DISTINCT inhparent::regclass::text FROM pg_inherits ORDER BY 1").scalars()
        assert {"quiz_attempts", "topic_performance"} <= set(parents)
