"""Codes that differ only in case were two codes before revision 0037, which refuses them until a person gave one another code."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from lmskit.db import revision
from lmskit.errors import RevisionError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

SAME_BUT_FOR_CASE = """
INSERT INTO lms.terms (code, name, starts_on, ends_on) SELECT lower(code), name, starts_on, ends_on FROM lms.terms WHERE code = 'BASE';
INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT lower(c.code), 'BASE', 'Base', t.id, c.lecturer_id, 'form' FROM lms.courses AS c, lms.terms AS t
    WHERE c.code = 'BASE-1' AND t.code = 'base';
"""


def test_codes_that_would_become_the_same_are_named_and_nothing_is_changed(filled: Engine, endpoint: Endpoint) -> None:
    revision.downgrade("0036", engine=filled)
    with closing(psycopg.connect(endpoint.superuser_conninfo(str(filled.url.database)), autocommit=True)) as connection:
        connection.execute(SAME_BUT_FOR_CASE)
        connection.execute("SELECT lms.close_term(id) FROM lms.terms WHERE code = 'base'")
        with pytest.raises(RevisionError, match=r"courses BASE-1, base-1; terms BASE, base\. Nothing was changed") as refused:
            revision.upgrade("0037", engine=filled)
        assert revision.current(filled) == "0036"
        assert "UPDATE courses SET code = 'NEW' WHERE code = 'OLD';" in str(refused.value)
        assert "base-1 in base, which is closed" in str(refused.value)
        connection.execute("SELECT lms.reopen_term(id) FROM lms.terms WHERE code = 'base'")
        connection.execute("UPDATE lms.courses SET code = 'BASE-1-b' WHERE code = 'base-1'")
        connection.execute("SELECT lms.close_term(id) FROM lms.terms WHERE code = 'base'")
        connection.execute("UPDATE lms.terms SET code = 'b' WHERE code = 'base'")
        revision.upgrade("0037", engine=filled)
        assert revision.current(filled) == "0037"
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(SAME_BUT_FOR_CASE)
