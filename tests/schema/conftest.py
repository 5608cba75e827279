"""Databases for the tests of the schema."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.schema.world import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

_COPIES = count(1)


@pytest.fixture(scope="session")
def migrated_engine(migrated_database: Callable[[str], Engine]) -> Engine:
    """The owner's engine of a database at the newest revision, without rows."""
    return migrated_database("lmskit_schema")


@pytest.fixture(scope="session")
def empty_engine(fresh_database: Callable[[str], Engine]) -> Engine:
    """The owner's engine of a prepared database without tables; a test that adds some removes them."""
    return fresh_database("lmskit_stairway")


@pytest.fixture(scope="session")
def filled_once(migrated_database: Callable[[str], Engine]) -> str:
    """The name of a database at the newest revision with rows in every table, to be copied."""
    engine = migrated_database("lmskit_filled")
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()  # while it is connected, its database cannot be copied
    return str(engine.url.database)


@pytest.fixture
def filled(filled_once: str, copied_database: Callable[[str, str], Engine]) -> Engine:
    """The owner's engine of a database of the test's own at the newest revision, with rows in every table."""
    return copied_database(f"{filled_once}_{next(_COPIES)}", filled_once)
