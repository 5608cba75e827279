"""The limits that forms and importers check are those that the database holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lmskit import limits
from lmskit.db.refused_value import BOUNDS

if TYPE_CHECKING:
    from sqlalchemy import Engine

# By constraint, the numbers in it, in order.
HELD = {
    "ck_terms_code_is_plain": (1, limits.LONGEST_CODE),
    "ck_courses_code_is_plain": (1, limits.LONGEST_CODE),
    "ck_courses_title_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_sections_name_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_sections_source_has_a_length": (1, limits.LONGEST_SOURCE),
    "ck_student_activity_resource_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_syllabi_topic_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_quizzes_title_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_bank_questions_bank_has_a_length": (1, limits.LONGEST_FILE_NAME),
    "ck_question_slots_slot_has_a_length": (1, limits.LONGEST_QUESTION_ID),
    "ck_materials_title_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_syllabi_week_number_is_a_teaching_week": (limits.FIRST_WEEK, limits.LAST_WEEK),
    "ck_users_name_has_a_length": (1, limits.LONGEST_NAME, limits.LONGEST_NAME),
    "ck_users_preferred_name_is_a_name": (limits.LONGEST_NAME,),
    "ck_courses_mastery_rule_has_a_length": (1, limits.LONGEST_CODE),
    "ck_syllabi_objectives_has_a_length": (limits.LONGEST_PROSE,),
    "ck_materials_url_has_a_length": (limits.LONGEST_URL,),
    "ck_material_passages_body_has_a_length": (limits.LONGEST_PROSE,),
    "ck_material_passages_prose_has_a_length": (limits.LONGEST_PROSE,),
    "ck_material_passages_overlap_is_within_the_body": (0,),
    "ck_materials_licence_has_a_length": (1, limits.LONGEST_LICENCE),
    "ck_materials_file_name_has_a_length": (1, limits.LONGEST_FILE_NAME),
    "ck_materials_media_type_has_a_length": (1, limits.LONGEST_NAME),
    "ck_materials_validators_have_a_length": (limits.LONGEST_HEADER, limits.LONGEST_HEADER),
    "ck_embedding_models_name_has_a_length": (1, limits.LONGEST_NAME),
    "ck_material_crawls_start_url_has_a_length": (limits.LONGEST_URL,),
    "ck_crawl_pages_url_has_a_length": (limits.LONGEST_URL,),
    "ck_crawl_pages_finding_has_a_length": (limits.LONGEST_PROSE,),
    "ck_quiz_attempts_feedback_has_a_length": (limits.LONGEST_PROSE,),
    "ck_quiz_attempts_number_has_an_end": (limits.MOST_ATTEMPTS,),
    "ck_message_texts_subject_has_a_length": (1, limits.LONGEST_TITLE),
    "ck_message_texts_body_has_a_length": (1, limits.LONGEST_PROSE),
    "ck_external_ids_id_has_a_length": (1, limits.LONGEST_SOURCE, 1, limits.LONGEST_EXTERNAL_ID),
}


@pytest.mark.parametrize("constraint", HELD)
def test_a_limit_is_the_same_in_the_database(constraint: str, migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        definition = connection.execute(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name AND conislocal"), {"name": constraint}
        ).scalar_one()
    assert tuple(map(int, re.findall(r"\b\d+\b", definition))) == HELD[constraint]


def test_every_limit_on_a_length_or_a_week_is_compared(migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT conname FROM pg_constraint WHERE connamespace = 'lms'::regnamespace AND contype = 'c'"
                " AND (pg_get_constraintdef(oid) LIKE '%length(%' OR pg_get_constraintdef(oid) LIKE '%week_number >= %'"
                " OR conname LIKE '%number_has_an_end')"
            )
        ).scalars()
        assert set(found) == set(HELD)


def test_every_bound_has_a_sentence_that_names_its_column(migrated_engine: Engine) -> None:
    named = re.compile(r"_is_visible$|_is_one_line$|_is_shallow$|_readable(_day)?$|_have_an_end$|_number_has_an_end$")
    with migrated_engine.connect() as connection:
        checks = connection.execute(text("SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'c'"))
        definitions = {row.conname: row.definition for row in checks}
    assert {name for name in definitions if named.search(name)} <= set(BOUNDS) <= set(definitions)
    for constraint, (columns, _) in BOUNDS.items():
        assert all(column in definitions[constraint] for column in columns.split(" or "))


@pytest.mark.parametrize(("table", "column"), [("quizzes", "max_score"), ("quiz_attempts", "score"), ("quiz_attempts", "max_score")])
def test_the_largest_score_is_the_largest_whole_number_that_its_column_takes(table: str, column: str, migrated_engine: Engine) -> None:
    with migrated_engine.connect() as connection:
        precision, scale = connection.execute(
            text(
                "SELECT numeric_precision, numeric_scale FROM information_schema.columns"
                " WHERE table_schema = 'lms' AND table_name = :table AND column_name = :column"
            ),
            {"table": table, "column": column},
        ).one()
    assert 10 ** (precision - scale) - 1 == limits.LARGEST_SCORE
