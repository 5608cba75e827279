"""A database of its own for attacks."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.security.older import Elsewhere
from tests.security.world import World, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import psycopg
    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint


@pytest.fixture(scope="session")
def world(migrated_database: Callable[[str], Engine], endpoint: Endpoint) -> World:
    """Two lecturers and an administrator, with rows in every table."""
    return prepared(migrated_database, endpoint, "lmskit_security")


@pytest.fixture(scope="session")
def elsewhere(endpoint: Endpoint) -> Iterator[Elsewhere]:
    """A factory of worlds in clusters of their own."""
    made = Elsewhere()
    yield made
    for cluster in made.started:
        cluster.stop()
        shutil.rmtree(cluster.layout.home, ignore_errors=True)


@pytest.fixture
def superuser(world: World) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to that database; what it does is rolled back."""
    with world.superuser() as connection:
        yield connection
        connection.rollback()
