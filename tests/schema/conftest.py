"""Databases for the tests of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lmskit.db import revision
from tests.schema.world import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def migrated_engine(fresh_database: Callable[[str], Engine]) -> Engine:
    """The owner's engine of a database at the newest revision, without rows."""
    engine = fresh_database("lmskit_schema")
    revision.upgrade(engine=engine)
    return engine


@pytest.fixture(scope="session")
def empty_engine(fresh_database: Callable[[str], Engine]) -> Engine:
    """The owner's engine of a prepared database without tables; a test that adds some removes them."""
    return fresh_database("lmskit_stairway")


@pytest.fixture
def filled(empty_engine: Engine) -> Iterator[Engine]:
    """The owner's engine of a database at the newest revision with rows in every table."""
    revision.upgrade(engine=empty_engine)
    with empty_engine.begin() as connection:
        fill(connection)
    yield empty_engine
    revision.downgrade("base", engine=empty_engine, lose_data=True)
