"""Databases for the tests of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lmskit.db import revision

if TYPE_CHECKING:
    from collections.abc import Callable

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
