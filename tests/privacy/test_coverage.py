"""Every column that holds a person, a login or a text is known to the export and to the erasure: a new one fails here."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lmskit.queries.personal_data import person_columns, text_columns
from lmskit.read_models.personal_data import HOLDINGS
from lmskit.services.erased_texts import ELSEWHERE, FOLLOWING_TYPES, LEFT, NUMBERED, REPLACED_TYPES


def unhandled(session):
    """The columns that hold a person's id, and that no holding names."""
    handled = {(holding.table, holding.column) for holding in HOLDINGS}
    return {(found.table, found.column) for found in person_columns(session)} - handled


def test_every_reference_to_a_person_is_exported(session):
    assert unhandled(session) == set()


def test_every_holding_is_a_column_of_the_database(session):
    logins = {(column.table, column.column) for column in text_columns(session) if column.is_login}
    people = {(found.table, found.column) for found in person_columns(session)} | {("users", "id")}
    assert {(holding.table, holding.column) for holding in HOLDINGS} == people | logins


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE lms.badges (id bigint, owner bigint REFERENCES lms.users)",
        (
            "CREATE TABLE lms.badges (course_id bigint, holder bigint,"
            " FOREIGN KEY (course_id, holder) REFERENCES lms.student_enrollments (course_id, student_id))"
        ),
        (
            "CREATE TABLE lms.badges (course_id bigint, holder bigint, week integer,"
            " FOREIGN KEY (course_id, holder, week) REFERENCES lms.topic_performance (course_id, student_id, week_number))"
        ),
        "CREATE TABLE lms.archived (course_id bigint, student_id bigint)",
        "ALTER TABLE lms.materials ADD COLUMN author bigint REFERENCES lms.users",
    ],
)
def test_a_new_reference_is_noticed(owner_session, statement):
    owner_session.execute(text(statement))
    assert len(unhandled(owner_session)) == 1


def test_a_table_that_inherits_is_covered_by_its_parent(owner_session):
    before = text_columns(owner_session)
    owner_session.execute(text("CREATE TABLE lms.copied_attempts () INHERITS (lms.quiz_attempts)"))
    assert unhandled(owner_session) == set()
    assert text_columns(owner_session) == before


def test_every_text_column_is_of_a_type_that_is_treated(session):
    assert {column.type for column in text_columns(session)} == REPLACED_TYPES | FOLLOWING_TYPES


def test_a_new_kind_of_text_is_noticed(owner_session):
    owner_session.execute(
        text("CREATE TABLE lms.badges (note varchar(20), more xml, raw bytea, parts jsonb[], code json, name name, bits bit)")
    )
    found = {column.type for column in text_columns(owner_session) if column.table == "badges"}
    assert not found & (REPLACED_TYPES | FOLLOWING_TYPES)
    assert len(found) == 7


def test_what_is_treated_differently_exists(session):
    columns: dict[str, set[str]] = {}
    for column in text_columns(session):
        columns.setdefault(column.table, set()).add(column.column)
    assert set(ELSEWHERE) <= set(columns)
    assert all(left <= columns[table] for table, left in LEFT.items())


def test_a_key_that_is_replaced_has_a_number_beside_it(session):
    with_id = {column.table for column in text_columns(session)} & set(
        session.scalars(text("SELECT table_name FROM information_schema.columns WHERE table_schema = 'lms' AND column_name = 'id'"))
    )
    keys = {
        column.table
        for column in text_columns(session)
        if column.is_key and column.type == "text" and column.table not in ELSEWHERE and column.column not in LEFT.get(column.table, set())
    }
    assert keys <= with_id | set(NUMBERED)
