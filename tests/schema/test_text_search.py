"""Words of passages are compared by the language of the passage, which is written once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lmskit.text_search import CONFIGURATIONS, SIMPLE, configuration_expression

if TYPE_CHECKING:
    from sqlalchemy import Engine

NEWER = {"estonian"}
"""Configurations that not every supported PostgreSQL has: a database could then not move to an older one."""


def test_every_configuration_of_the_server_belongs_to_a_language(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        found = set(connection.execute(text("SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'pg_catalog'::regnamespace")).scalars())
    assert found - {SIMPLE} - NEWER == set(CONFIGURATIONS.values())
    assert len(CONFIGURATIONS) == len(set(CONFIGURATIONS.values()))


def test_the_column_of_the_database_has_the_same_list(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        stored = connection.execute(
            text(
                "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d"
                " JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
                " WHERE a.attrelid = 'lms.material_passages'::regclass AND a.attname = 'body_vector'"
            )
        ).scalar_one()
    assert dict(re.findall(r"WHEN '(\w+)'::text THEN '(\w+)'::regconfig", stored)) == CONFIGURATIONS
    assert f"ELSE '{SIMPLE}'::regconfig" in stored


@pytest.mark.parametrize(
    ("language", "asked", "found"),
    [("de", "Häuser", True), ("en", "Häuser", False), ("en", "houses", True), (None, "houses", False), ("zh", "house", True)],
)
def test_a_word_is_found_in_another_form_by_its_language(language: str | None, asked: str, found: bool, migrated_engine: Engine) -> None:
    configuration = configuration_expression("t.language")
    matches = f"to_tsvector({configuration}, 'Ein Haus, a house') @@ plainto_tsquery({configuration}, t.asked)".replace("::", r"\:\:")
    with migrated_engine.connect() as connection:
        answer = connection.execute(
            text(f"SELECT {matches} FROM (SELECT CAST(:language AS text) AS language, :asked AS asked) AS t"),
            {"language": language, "asked": asked},
        ).scalar_one()
    assert answer is found
