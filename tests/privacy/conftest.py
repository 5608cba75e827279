"""A session of the owner of the tables, whose changes of the schema are undone."""

import pytest
from sqlalchemy.orm import Session

from lmskit.db import migrator_engine


@pytest.fixture
def owner_session(cluster):
    """A session that may add tables; nothing of it stays."""
    with migrator_engine().connect() as connection, Session(connection) as session:
        yield session
        session.rollback()
