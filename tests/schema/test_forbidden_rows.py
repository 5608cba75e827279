"""For each check, foreign key, unique key and partial index: the row it forbids, and the nearest one it allows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from lmskit import limits
from lmskit.db import violated_constraint
from lmskit.models import Base
from tests.schema.world import NOON, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    Values = dict[str, Any]

DAY = dt.date(2026, 3, 1)
HOUR = dt.timedelta(hours=1)


class Case(NamedTuple):
    """A constraint, values that violate it, and the nearest values that do not."""

    constraint: str
    table: str
    forbidden: Values | Callable[[World], Values]
    allowed: Values | Callable[[World], Values]


def case(
    constraint: str, table: str, forbidden: Values | Callable[[World], Values], allowed: Values | Callable[[World], Values] | None = None
) -> Case:
    """Return a case; without `allowed`, the plain new row of the table is the allowed one."""
    return Case(constraint, table, forbidden, {} if allowed is None else allowed)


def section_of(world: World, course: int) -> int:
    """A further section of a course."""
    return world.add("sections", course_id=course, name="B")


def in_another(world: World) -> Values:
    """The student in a further section."""
    return {"section_id": section_of(world, world.course)}


NEW_PERSON = {"email": "another@example.org"}
NEW_LECTURER = {"email": "another@example.org", "role": "lecturer"}


def pending(world: World, **values: object) -> Values:
    """A new enrollment of the newcomer."""
    return {"student_id": world.newcomer, **values}


def second_week(world: World, **values: object) -> Values:
    """Values derived for a week that the base row does not have."""
    world.add("syllabi", week_number=2)
    return {"week_number": 2, **values}


def named(number: str, **values: object) -> Values:
    """An id of another system that is not taken."""
    return {"external_id": number, "term_id": None, **values}


ANOTHER_TEXT = {"passage_checksum": "a" * 64}
ANOTHER_BANK = {"bank": "another.xml"}
ANOTHER_PAGE = {"url": "https://example.org/another"}


def another_passage(world: World, **values: object) -> Values:
    """A vector for a passage that has none."""
    world.add("material_passages", ordinal=2)
    return {"ordinal": 2, **values}


def script_of(world: World, course: int) -> str:
    """The file name of a material that the course then has."""
    world.add("materials", course_id=course, url="https://example.org/script", file_name="week 1/script.pdf")
    return "week 1/script.pdf"


def nested(levels: int) -> list[Any]:
    """An array within an array, and so on: so many levels below the outermost."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


CHECKS = [
    case("ck_users_email_is_an_address_in_lower_case", "users", {"email": "Upper@example.org"}, {"email": "upper@example.org"}),
    case("ck_users_email_is_an_address_in_lower_case", "users", {"email": "no address"}, NEW_PERSON),
    case("ck_users_only_students_lack_an_email", "users", {"email": None, "role": "lecturer"}, {"email": None}),
    case("ck_users_name_has_a_length", "users", {**NEW_PERSON, "family_name": ""}, {**NEW_PERSON, "family_name": "O"}),
    case("ck_users_preferred_name_is_a_name", "users", {**NEW_PERSON, "preferred_name": "Bess "}, {**NEW_PERSON, "preferred_name": "Bess"}),
    case("ck_users_name_is_no_missing_number", "users", {**NEW_PERSON, "family_name": "NaN"}, {**NEW_PERSON, "family_name": "Nan"}),
    case(
        "ck_users_password_is_hashed_or_locked",
        "users",
        {**NEW_PERSON, "password_hash": "secret"},
        {**NEW_PERSON, "password_hash": "$argon2id$v=19$x"},
    ),
    case("ck_users_students_have_no_login", "users", {**NEW_PERSON, "db_role": "u_0"}, {**NEW_LECTURER, "db_role": "u_0"}),
    case("ck_users_settings_is_an_object", "users", {**NEW_PERSON, "settings": []}, {**NEW_PERSON, "settings": {"theme": "light"}}),
    case(
        "ck_terms_ends_after_it_starts",
        "terms",
        {"code": "T", "starts_on": DAY, "ends_on": DAY},
        {"code": "T", "starts_on": DAY, "ends_on": DAY + dt.timedelta(1)},
    ),
    case("ck_terms_code_is_plain", "terms", {"code": "2026/1"}, {"code": "2026 1"}),
    case("ck_courses_code_is_plain", "courses", {"code": "../escape"}, {"code": "CS 101 (a)"}),
    case("ck_users_email_is_visible", "users", {"email": "an\u200bother@example.org"}, NEW_PERSON),
    case("ck_terms_code_is_visible", "terms", {"code": "T\ufeff"}, {"code": "T"}),
    case("ck_external_ids_id_is_visible", "external_ids", lambda _: {"external_id": "x\u00ad7"}, lambda _: {"external_id": "x7"}),
    case("ck_courses_code_is_visible", "courses", {"code": "NEW\u2060-1"}, {"code": "NÉW-1"}),
    case("ck_courses_title_is_one_line", "courses", {"title": "Two\nlines"}, {"title": "One line – with “signs”"}),
    case("ck_courses_mastery_rule_has_a_length", "courses", {"mastery_rule": "r" * 101}, {"mastery_rule": "r" * 100}),
    case("ck_courses_mastery_parameters_is_shallow", "courses", {"mastery_parameters": {"w": [1]}}, {"mastery_parameters": {"w": 0.65}}),
    case(
        "ck_courses_mastery_parameters_is_shallow",
        "courses",
        {"mastery_parameters": {"w": "9" * limits.LARGEST_PARAMETERS}},
        {"mastery_parameters": {"w": "9" * (limits.LARGEST_PARAMETERS - 100)}},
    ),
    case("ck_syllabi_topic_is_one_line", "syllabi", {"week_number": 2, "topic": "A\ttab"}, {"week_number": 2, "topic": "A\u00a0space"}),
    case(
        "ck_syllabi_objectives_has_a_length",
        "syllabi",
        {"week_number": 2, "objectives": "o" * (limits.LONGEST_PROSE + 1)},
        {"week_number": 2, "objectives": "ö" * limits.LONGEST_PROSE},
    ),
    case("ck_materials_title_is_one_line", "materials", {"title": "Two\rlines"}, {"title": "T"}),
    case(
        "ck_materials_url_has_a_length",
        "materials",
        {"url": "https://" + "u" * limits.LONGEST_URL},
        {"url": "https://" + "u" * (limits.LONGEST_URL - 8)},
    ),
    *[
        case(
            "ck_material_passages_location_and_ordinal_have_an_end",
            "material_passages",
            {"ordinal": 2, column: limits.MOST_PASSAGES + 1},
            {"ordinal": 2, column: limits.MOST_PASSAGES},
        )
        for column in ("ordinal", "page", "slide", "cell")
    ],
    case(
        "ck_material_passages_body_has_a_length",
        "material_passages",
        {"ordinal": 2, "body": "b" * (limits.LONGEST_PROSE + 1)},
        {"ordinal": 2, "body": "b" * limits.LONGEST_PROSE},
    ),
    case(
        "ck_material_passages_prose_has_a_length",
        "material_passages",
        {"ordinal": 2, "prose": "b" * (limits.LONGEST_PROSE + 1)},
        {"ordinal": 2, "prose": "b" * limits.LONGEST_PROSE},
    ),
    case(
        "ck_material_passages_overlap_is_within_the_body", "material_passages", {"ordinal": 2, "overlap": 5}, {"ordinal": 2, "overlap": 4}
    ),
    case("ck_material_passages_overlap_is_within_the_body", "material_passages", {"ordinal": 2, "overlap": -1}, {"ordinal": 2}),
    case(
        "ck_material_passages_language_is_a_code",
        "material_passages",
        {"ordinal": 2, "language": "German"},
        {"ordinal": 2, "language": "de"},
    ),
    case(
        "ck_material_passages_headings_are_few",
        "material_passages",
        {"ordinal": 2, "headings": ["h"] * (limits.MOST_HEADINGS_DEEP + 1)},
        {"ordinal": 2, "headings": ["h"] * limits.MOST_HEADINGS_DEEP},
    ),
    case(
        "ck_material_passages_headings_are_few",
        "material_passages",
        {"ordinal": 2, "headings": ["h" * limits.LARGEST_HEADINGS]},
        {"ordinal": 2, "headings": ["h" * (limits.LARGEST_HEADINGS - 100)]},
    ),
    case(
        "ck_material_passages_headings_are_few", "material_passages", {"ordinal": 2, "headings": [None]}, {"ordinal": 2, "headings": [""]}
    ),
    case("ck_quizzes_title_is_one_line", "quizzes", {"title": "Two\nlines"}, {"title": "One"}),
    case(
        "ck_quizzes_questions_is_shallow",
        "quizzes",
        {"questions": nested(limits.DEEPEST_JSON + 1)},
        {"questions": nested(limits.DEEPEST_JSON)},
    ),
    case(
        "ck_quizzes_answer_key_is_shallow",
        "quizzes",
        {"answer_key": {"1": nested(limits.DEEPEST_JSON)}},
        {"answer_key": {"1": nested(limits.DEEPEST_JSON - 1)}},
    ),
    case(
        "ck_quizzes_answer_key_is_shallow",
        "quizzes",
        {"answer_key": {"1": "a" * limits.LARGEST_QUIZ}},
        {"answer_key": {"1": "a" * 1000}},
    ),
    case("ck_quizzes_due_on_is_a_readable_day", "quizzes", {"due_on": "infinity"}, {"due_on": f"{limits.LATEST_YEAR}-12-31"}),
    case("ck_quizzes_due_on_is_a_readable_day", "quizzes", {"due_on": "20000-01-01"}, {"due_on": f"{limits.EARLIEST_YEAR}-01-01"}),
    case(
        "ck_quiz_attempts_number_has_an_end",
        "quiz_attempts",
        {"number": limits.MOST_ATTEMPTS + 1},
        {"number": limits.MOST_ATTEMPTS},
    ),
    case(
        "ck_quiz_attempts_feedback_has_a_length",
        "quiz_attempts",
        {"feedback": "f" * (limits.LONGEST_PROSE + 1)},
        {"feedback": "f" * limits.LONGEST_PROSE},
    ),
    case(
        "ck_quiz_attempts_answers_is_shallow",
        "quiz_attempts",
        {"answers": nested(limits.DEEPEST_JSON + 1)},
        {"answers": nested(limits.DEEPEST_JSON)},
    ),
    case(
        "ck_quiz_attempts_answers_is_shallow",
        "quiz_attempts",
        {"answers": [{"response": "a" * limits.LARGEST_ANSWERS}]},
        {"answers": [{"response": "a" * 1000}]},
    ),
    case(
        "ck_quiz_attempts_times_are_readable",
        "quiz_attempts",
        {"submitted_at": "4700-01-01 00:00:00+00 BC"},
        {"submitted_at": f"{limits.EARLIEST_YEAR}-01-01 00:00:00+00"},
    ),
    case(
        "ck_quiz_attempts_times_are_readable",
        "quiz_attempts",
        {"submitted_at": "2201-01-01 00:00:00+00"},
        {"submitted_at": f"{limits.LATEST_YEAR}-12-31 23:59:59+00"},
    ),
    case("ck_quiz_attempts_times_are_readable", "quiz_attempts", {"started_at": "1899-12-31 00:00:00+00"}, {"started_at": NOON}),
    case(
        "ck_quiz_attempts_start_is_readable",
        "quiz_attempts",
        {"started_at": "2201-01-01 00:00:00+00", "submitted_at": None},
        {"started_at": NOON, "submitted_at": None},
    ),
    case("ck_courses_title_has_a_length", "courses", {"title": ""}, {"title": "T"}),
    case("ck_courses_mastery_parameters_is_an_object", "courses", {"mastery_parameters": [1]}, {"mastery_parameters": {"w": 0.65}}),
    case(
        "ck_student_enrollments_ends_after_it_starts",
        "student_enrollments",
        lambda w: pending(w, status="withdrawn", started_on=DAY, ended_on=DAY - dt.timedelta(1)),
        lambda w: pending(w, status="withdrawn", started_on=DAY, ended_on=DAY),
    ),
    case(
        "ck_student_enrollments_days_are_finite",
        "student_enrollments",
        lambda w: pending(w, started_on="-infinity"),
        lambda w: pending(w, started_on="0001-01-01"),
    ),
    case(
        "ck_student_enrollments_only_an_ended_one_has_an_end",
        "student_enrollments",
        lambda w: pending(w, ended_on=DAY),
        lambda w: pending(w, status="completed", ended_on=DAY),
    ),
    case(
        "ck_student_enrollments_request_sequence_counts_from_one",
        "student_enrollments",
        lambda w: pending(w, request_sequence=0),
        lambda w: pending(w, request_sequence=1),
    ),
    case(
        "ck_student_enrollments_only_a_pending_one_remembers",
        "student_enrollments",
        lambda w: pending(w, previous_status="withdrawn"),
        lambda w: pending(w, status="pending", previous_status="withdrawn"),
    ),
    case("ck_syllabi_week_number_is_a_teaching_week", "syllabi", {"week_number": 61}, {"week_number": 60}),
    case("ck_syllabi_week_number_is_a_teaching_week", "syllabi", {"week_number": 0}, {"week_number": 2}),
    case("ck_syllabi_topic_has_a_length", "syllabi", {"week_number": 2, "topic": ""}, {"week_number": 2, "topic": "T"}),
    case("ck_materials_title_has_a_length", "materials", {"title": ""}, {"title": "T"}),
    case("ck_materials_url_is_a_web_address", "materials", {"url": "javascript:alert(1)"}, {"url": "http://example.org"}),
    case(
        "ck_materials_url_is_a_web_address", "materials", {"url": "https://example.org/über uns"}, {"url": "https://example.org/%C3%BCber"}
    ),
    case("ck_materials_checksum_is_sha256", "materials", {"checksum": "0"}, {"checksum": "f" * 64}),
    case("ck_materials_has_an_address_or_a_checksum", "materials", {"url": None}, {"url": None, "checksum": "f" * 64}),
    case("ck_materials_language_is_a_code", "materials", {"language": "de-CH"}, {"language": "de"}),
    case("ck_materials_licence_has_a_length", "materials", {"licence": ""}, {"licence": "l" * limits.LONGEST_LICENCE}),
    case("ck_materials_licence_is_one_line", "materials", {"licence": "CC\nBY"}, {"licence": "CC BY 4.0"}),
    case("ck_materials_file_name_has_a_length", "materials", {"file_name": ""}, {"file_name": "f" * limits.LONGEST_FILE_NAME}),
    case("ck_materials_file_name_is_one_line", "materials", {"file_name": "a\tb.pdf"}, {"file_name": "a b.pdf"}),
    *[
        case("ck_materials_file_name_leads_down_a_folder", "materials", {"file_name": name}, {"file_name": "..week 1/.script.pdf"})
        for name in ("../script.pdf", "/etc/passwd", "week/../../script.pdf", "week//script.pdf", "week/.", "week/")
    ],
    case(
        "ck_materials_what_is_known_of_a_file_has_a_checksum",
        "materials",
        {"media_type": "text/html"},
        {"media_type": "text/html", "checksum": "f" * 64},
    ),
    case(
        "ck_materials_what_is_known_of_a_file_has_a_checksum",
        "materials",
        lambda w: {"stored_as": w.file},
        lambda w: {"stored_as": w.file, "checksum": "f" * 64},
    ),
    case(
        "ck_materials_media_type_has_a_length",
        "materials",
        {"checksum": "f" * 64, "media_type": "m" * (limits.LONGEST_NAME + 1)},
        {"checksum": "f" * 64, "media_type": "m" * limits.LONGEST_NAME},
    ),
    case("ck_materials_size_is_a_count", "materials", {"checksum": "f" * 64, "size": -1}, {"checksum": "f" * 64, "size": 0}),
    case("ck_materials_extent_is_a_count", "materials", {"length": -1}, {"length": 0}),
    case(
        "ck_materials_only_what_has_an_address_is_gone",
        "materials",
        {"url": None, "checksum": "f" * 64, "state": "gone"},
        {"state": "gone"},
    ),
    case("ck_materials_what_was_fetched_has_an_address", "materials", {"url": None, "checksum": "f" * 64, "etag": "1"}, {"etag": "1"}),
    case(
        "ck_materials_validators_have_a_length",
        "materials",
        {"last_modified": "l" * (limits.LONGEST_HEADER + 1)},
        {"last_modified": "l" * limits.LONGEST_HEADER},
    ),
    case(
        "ck_materials_findings_are_few",
        "materials",
        {"findings": ["f"] * (limits.MOST_FINDINGS + 1)},
        {"findings": ["f"] * limits.MOST_FINDINGS},
    ),
    case("ck_material_files_stored_as_is_sha256", "material_files", {"stored_as": "../file"}),
    case("ck_material_passages_ordinal_counts_from_one", "material_passages", {"ordinal": 0}, {"ordinal": 2}),
    case(
        "ck_material_passages_location_has_one_number",
        "material_passages",
        {"ordinal": 2, "page": 1, "seconds": 1},
        {"ordinal": 2, "page": 1},
    ),
    *[
        case(
            "ck_material_passages_page_slide_and_cell_count_from_one",
            "material_passages",
            {"ordinal": 2, column: 0},
            {"ordinal": 2, column: 1},
        )
        for column in ("page", "slide", "cell")
    ],
    case("ck_material_passages_seconds_is_a_time", "material_passages", {"ordinal": 2, "seconds": "NaN"}, {"ordinal": 2, "seconds": 0}),
    case("ck_embedding_models_name_has_a_length", "embedding_models", {"name": ""}, {"name": "m" * limits.LONGEST_NAME}),
    case("ck_embedding_models_name_is_one_line", "embedding_models", {"name": "a\nb"}, {"name": "a b"}),
    case("ck_embedding_models_dimension_is_one_of_a_vector", "embedding_models", {"dimension": 0}, {"dimension": limits.MOST_DIMENSIONS}),
    case("ck_embedding_models_checksum_is_sha256", "embedding_models", {"checksum": "0"}),
    case(
        "ck_embedding_models_a_model_that_is_asked_has_a_checksum",
        "embedding_models",
        {"checksum": None},
        {"checksum": None, "state": "retired"},
    ),
    case("ck_passage_vectors_embedding_has_the_dimension_of_its_model", "passage_vectors", {"embedding": [1.0, 0.0]}, another_passage),
    case(
        "ck_passage_vectors_embedding_has_the_length_1",
        "passage_vectors",
        {"embedding": [0.0, 0.0, 1.02]},
        lambda w: another_passage(w, embedding=[0.0, 0.0, 0.995]),
    ),
    case("ck_passage_vectors_embedding_has_the_length_1", "passage_vectors", {"embedding": [0.0, 0.0, 0.0]}, another_passage),
    case("ck_embedding_models_probe_has_the_dimension", "embedding_models", {"probe": [1.0, 0.0, 0.0]}, {"probe": [1.0, 0.0]}),
    case("ck_reading_decisions_passage_checksum_is_sha256", "reading_decisions", {"passage_checksum": "0"}, ANOTHER_TEXT),
    case(
        "ck_reading_decisions_only_a_pinned_one_has_a_position",
        "reading_decisions",
        {**ANOTHER_TEXT, "decision": "banned", "position": 1},
        {**ANOTHER_TEXT, "position": 1},
    ),
    case(
        "ck_reading_decisions_position_counts_from_one",
        "reading_decisions",
        {**ANOTHER_TEXT, "position": 0},
        {**ANOTHER_TEXT, "position": 1},
    ),
    case(
        "ck_course_staff_only_an_assistant_is_limited",
        "course_staff",
        {"limited": True, "role": "co-lecturer"},
        {"limited": True, "role": "assistant"},
    ),
    case(
        "ck_quiz_exceptions_says_something",
        "quiz_exceptions",
        {"excused": False, "excused_by_format": None},
        {"excused": False, "excused_by_format": None, "due_on": dt.date(2026, 5, 1)},
    ),
    case(
        "ck_quiz_exceptions_a_format_excuses",
        "quiz_exceptions",
        {"excused": False, "due_on": dt.date(2026, 5, 1), "excused_by_format": "csv"},
        {"excused_by_format": "csv"},
    ),
    case(
        "ck_quiz_exceptions_due_on_is_a_readable_day",
        "quiz_exceptions",
        {"due_on": "infinity"},
        {"due_on": f"{limits.LATEST_YEAR}-12-31"},
    ),
    case("ck_student_activity_resource_has_a_length", "student_activity", {"resource": "A" * 301}, {"resource": "A" * 300}),
    case("ck_student_activity_resource_is_one_line", "student_activity", {"resource": "A\nB"}, {"resource": "A B"}),
    case(
        "ck_student_activity_only_a_completion_ends",
        "student_activity",
        {"source": "xapi", "occurred_at": None},
        {"source": "moodle-completion", "occurred_at": None},
    ),
    case(
        "ck_student_activity_time_is_readable",
        "student_activity",
        {"occurred_at": "infinity"},
        {"occurred_at": f"{limits.LATEST_YEAR}-12-31"},
    ),
    case("ck_sections_name_has_a_length", "sections", {"name": "A" * 301}, {"name": "A" * 300}),
    case("ck_sections_name_is_one_line", "sections", {"name": "A\nB"}, {"name": "A B"}),
    case("ck_sections_source_has_a_length", "sections", {"source": ""}),
    case("ck_material_crawls_start_url_is_a_web_address", "material_crawls", {"start_url": "file:///etc/passwd"}),
    case("ck_material_crawls_start_url_has_a_length", "material_crawls", {"start_url": "https://" + "u" * limits.LONGEST_URL}),
    case("ck_material_crawls_options_is_an_object", "material_crawls", {"options": []}, {"options": {"depth": 2}}),
    case("ck_material_crawls_options_is_shallow", "material_crawls", {"options": {"a": {"b": {"c": 1}}}}, {"options": {"a": {"b": 1}}}),
    case("ck_material_crawls_an_ended_one_has_an_end", "material_crawls", {"state": "done"}, {"state": "done", "ended_at": NOON}),
    case("ck_crawl_pages_url_is_a_web_address", "crawl_pages", {"url": "javascript:alert(1)"}, ANOTHER_PAGE),
    case(
        "ck_crawl_pages_url_has_a_length",
        "crawl_pages",
        {"url": "https://" + "u" * limits.LONGEST_URL},
        {"url": "https://" + "u" * (limits.LONGEST_URL - 8)},
    ),
    case(
        "ck_crawl_pages_depth_is_a_count", "crawl_pages", {**ANOTHER_PAGE, "depth": -1}, {**ANOTHER_PAGE, "depth": limits.MOST_CRAWL_DEPTH}
    ),
    case(
        "ck_crawl_pages_finding_has_a_length",
        "crawl_pages",
        {**ANOTHER_PAGE, "finding": "f" * (limits.LONGEST_PROSE + 1)},
        {**ANOTHER_PAGE, "finding": "f" * limits.LONGEST_PROSE},
    ),
    case(
        "ck_crawl_pages_a_refused_one_has_a_finding", "crawl_pages", {**ANOTHER_PAGE, "state": "refused"}, {**ANOTHER_PAGE, "state": "gone"}
    ),
    case("ck_bank_questions_bank_has_a_length", "bank_questions", {"bank": ""}, {"bank": "b" * limits.LONGEST_FILE_NAME}),
    case("ck_bank_questions_bank_is_one_line", "bank_questions", {"bank": "a\nb"}, ANOTHER_BANK),
    case("ck_bank_questions_number_counts_from_one", "bank_questions", {"number": 0}, {"number": 2}),
    case("ck_bank_questions_question_is_an_object", "bank_questions", {**ANOTHER_BANK, "question": []}, {**ANOTHER_BANK, "question": {}}),
    case(
        "ck_bank_questions_question_is_shallow",
        "bank_questions",
        {**ANOTHER_BANK, "question": {"1": nested(limits.DEEPEST_JSON)}},
        {**ANOTHER_BANK, "question": {"1": nested(limits.DEEPEST_JSON - 1)}},
    ),
    case("ck_bank_questions_answer_key_is_an_object", "bank_questions", {**ANOTHER_BANK, "answer_key": []}, ANOTHER_BANK),
    case(
        "ck_bank_questions_answer_key_is_shallow",
        "bank_questions",
        {**ANOTHER_BANK, "answer_key": {"1": nested(limits.DEEPEST_JSON)}},
        {**ANOTHER_BANK, "answer_key": {"1": nested(limits.DEEPEST_JSON - 1)}},
    ),
    case("ck_question_slots_slot_has_a_length", "question_slots", {"slot": ""}, {"slot": "s" * limits.LONGEST_QUESTION_ID}),
    case("ck_question_slots_slot_is_one_line", "question_slots", {"slot": "1\n2"}, {"slot": "1 2"}),
    case("ck_question_slots_number_counts_from_one", "question_slots", {"slot": "2", "number": 0}, {"slot": "2"}),
    case("ck_question_slots_points_are_a_score", "question_slots", {"slot": "2", "points": -0.5}, {"slot": "2", "points": 0}),
    case(
        "ck_question_slots_points_are_a_score",
        "question_slots",
        {"slot": "2", "points": "NaN"},
        {"slot": "2", "points": limits.LARGEST_SCORE},
    ),
    case("ck_question_slots_decimals_are_a_count", "question_slots", {"slot": "2", "decimals": 19}, {"slot": "2", "decimals": 18}),
    case("ck_question_slots_seen_is_an_object", "question_slots", {"slot": "2", "seen": []}, {"slot": "2", "seen": {}}),
    case(
        "ck_question_slots_seen_is_shallow",
        "question_slots",
        {"slot": "2", "seen": {"1": nested(limits.DEEPEST_JSON)}},
        {"slot": "2", "seen": {"1": nested(limits.DEEPEST_JSON - 1)}},
    ),
    case("ck_quizzes_title_has_a_length", "quizzes", {"title": ""}, {"title": "T"}),
    case("ck_quizzes_questions_is_an_array", "quizzes", {"questions": {}}, {"questions": [{"id": "1"}]}),
    case("ck_quizzes_answer_key_is_an_object", "quizzes", {"answer_key": []}, {"answer_key": {"1": {}}}),
    case("ck_quizzes_max_score_is_a_mark", "quizzes", {"max_score": "NaN"}, {"max_score": 0}),
    case("ck_quiz_attempts_number_counts_from_one", "quiz_attempts", {"number": 0}),
    case("ck_quiz_attempts_score_is_a_mark", "quiz_attempts", {"score": "NaN"}, {"score": None}),
    case("ck_quiz_attempts_score_is_a_mark", "quiz_attempts", {"score": -1}, {"score": 11}),
    case("ck_quiz_attempts_max_score_is_a_mark", "quiz_attempts", {"max_score": -1}, {"max_score": 0}),
    case("ck_quiz_attempts_answers_is_an_array", "quiz_attempts", {"answers": {}}, {"answers": [{"question": "1"}]}),
    case("ck_quiz_attempts_is_submitted_after_it_starts", "quiz_attempts", {"started_at": NOON + HOUR}, {"started_at": NOON}),
    case("ck_quiz_attempts_times_are_finite", "quiz_attempts", {"submitted_at": "infinity"}),
    case(
        "ck_topic_performance_value_is_a_fraction",
        "topic_performance",
        lambda w: second_week(w, value="NaN", low=None, high=None),
        lambda w: second_week(w, value=1.0, low=None, high=None),
    ),
    case(
        "ck_topic_performance_interval_has_two_ends_and_a_value",
        "topic_performance",
        lambda w: second_week(w, high=None),
        lambda w: second_week(w, low=None, high=None),
    ),
    case(
        "ck_topic_performance_interval_has_two_ends_and_a_value",
        "topic_performance",
        lambda w: second_week(w, value=None, level="not_assessed"),
        lambda w: second_week(w, value=None, low=None, high=None, level="not_assessed"),
    ),
    case(
        "ck_topic_performance_interval_holds_the_value",
        "topic_performance",
        lambda w: second_week(w, low=0.7),
        lambda w: second_week(w, low=0.6),
    ),
    case("ck_topic_performance_a_level_has_a_value", "topic_performance", lambda w: second_week(w, level="not_assessed"), second_week),
    case(
        "ck_topic_performance_there_is_evidence",
        "topic_performance",
        lambda w: second_week(w, n_evidence=0),
        lambda w: second_week(w, n_evidence=1),
    ),
    case("ck_topic_performance_parameters_is_an_object", "topic_performance", lambda w: second_week(w, parameters=[]), second_week),
    case("ck_knowledge_fits_parameters_are_probabilities", "knowledge_fits", lambda w: second_week(w, prior="NaN"), second_week),
    case(
        "ck_knowledge_fits_is_not_degenerate", "knowledge_fits", lambda w: second_week(w, guess=0.9), lambda w: second_week(w, guess=0.89)
    ),
    case("ck_knowledge_fits_correct_from_is_a_fraction", "knowledge_fits", lambda w: second_week(w, correct_from=0), second_week),
    case("ck_knowledge_fits_there_are_answers", "knowledge_fits", lambda w: second_week(w, n_students=41), second_week),
    case("ck_knowledge_fits_log_likelihood_is_one", "knowledge_fits", lambda w: second_week(w, log_likelihood="-Infinity"), second_week),
    case("ck_knowledge_fits_held_out_answers_are_among_them", "knowledge_fits", lambda w: second_week(w, n_held_out=41), second_week),
    case(
        "ck_knowledge_fits_held_out_figures_have_answers",
        "knowledge_fits",
        lambda w: second_week(w, n_held_out=0),
        lambda w: second_week(w, n_held_out=0, auc=None, rmse=None, log_loss=None),
    ),
    case(
        "ck_knowledge_fits_held_out_figures_are_in_range",
        "knowledge_fits",
        lambda w: second_week(w, auc="NaN"),
        lambda w: second_week(w, auc=None),
    ),
    case(
        "ck_external_ids_names_one_entity_of_its_kind",
        "external_ids",
        lambda w: named("2", kind="person", term_id=w.term),
        lambda w: named("2", kind="person", person_id=w.student),
    ),
    case(
        "ck_external_ids_names_one_entity_of_its_kind",
        "external_ids",
        lambda w: named("2", kind="quiz", quiz_id=w.quiz),
        lambda w: named("2", kind="quiz", quiz_id=w.quiz, course_id=w.course),
    ),
    case(
        "ck_external_ids_names_one_entity_of_its_kind",
        "external_ids",
        lambda w: named("2", kind="course", course_id=w.course, quiz_id=w.quiz),
        lambda w: named("2", kind="course", course_id=w.course),
    ),
    case("ck_external_ids_id_has_a_length", "external_ids", {"external_id": ""}, {"external_id": "0"}),
    case("ck_outbox_attempts_is_a_count", "outbox", {"attempts": -1}),
    case("ck_outbox_recipient_is_an_address", "outbox", {"recipient": "nobody"}),
    case("ck_outbox_recipient_can_receive", "outbox", {"recipient": "student@oulad.invalid"}, {"recipient": "student@invalid.example"}),
    case("ck_outbox_a_sent_one_has_a_time", "outbox", {"status": "sent"}, {"status": "sent", "sent_at": NOON}),
    case("ck_outbox_a_refused_one_has_a_reason", "outbox", {"status": "refused"}, {"status": "refused", "last_error": "550"}),
    case("ck_message_texts_kind_is_known", "message_texts", {"kind": "farewell"}, {"kind": "message"}),
    case("ck_message_texts_a_message_has_a_course", "message_texts", {"kind": "message", "course_id": None}, {"course_id": None}),
    case(
        "ck_message_texts_language_is_a_tag",
        "message_texts",
        {"course_id": None, "language": "German"},
        {"course_id": None, "language": "pt-BR"},
    ),
    case(
        "ck_message_texts_subject_has_a_length",
        "message_texts",
        {"course_id": None, "subject": "x" * (limits.LONGEST_TITLE + 1)},
        {"course_id": None, "subject": "x" * limits.LONGEST_TITLE},
    ),
    case(
        "ck_message_texts_subject_is_one_line",
        "message_texts",
        {"course_id": None, "subject": "Hello\r\nBcc: all@example.org"},
        {"course_id": None, "subject": "Hello, Bcc: all"},
    ),
    case(
        "ck_message_texts_body_has_a_length",
        "message_texts",
        {"course_id": None, "body": "x" * (limits.LONGEST_PROSE + 1)},
        {"course_id": None, "body": "x" * limits.LONGEST_PROSE},
    ),
    case(
        "ck_message_texts_body_has_line_breaks_only",
        "message_texts",
        {"course_id": None, "body": "Dear\x1b[31m"},
        {"course_id": None, "body": "Dear\n\tyou"},
    ),
    case("ck_import_runs_counts_are_counts", "import_runs", {"added": -4, "rejected": 9}),
    case("ck_import_runs_every_row_is_accounted_for", "import_runs", {"rejected": 0}, {"rejected": 0, "status": "failed"}),
    case(
        "ck_import_runs_ends_after_it_starts",
        "import_runs",
        {"started_at": NOON, "finished_at": NOON - HOUR},
        {"started_at": NOON, "finished_at": NOON},
    ),
    case("ck_import_choices_source_key_is_sha256", "import_choices", {"source_key": "G" * 64}, {"source_key": "a" * 64}),
    case(
        "ck_import_choices_choices_are_an_object",
        "import_choices",
        {"source_key": "a" * 64, "choices": []},
        {"source_key": "a" * 64, "choices": {"columns": {"email": "Mail"}}},
    ),
    case(
        "ck_import_choices_choices_is_shallow",
        "import_choices",
        {"source_key": "a" * 64, "choices": {"a": {"b": {"c": 1}}}},
        {"source_key": "a" * 64, "choices": {"a": {"b": 1}}},
    ),
    case("ck_invitations_login_is_one_of_lmskit", "invitations", {"login": "lmskit_admin"}),
    case("ck_invitations_accepted_with_a_code", "invitations", {"login": None}, {"login": None, "accepted_at": None, "revoked_at": NOON}),
    case("ck_invitations_accepted_or_revoked", "invitations", {"revoked_at": NOON}),
    case("ck_invitations_expires_within_30_days", "invitations", {"expires_at": NOON}, {"expires_at": NOON + HOUR}),
    case(
        "ck_invitations_expires_within_30_days",
        "invitations",
        {"expires_at": NOON + dt.timedelta(days=30, seconds=1)},
        {"expires_at": NOON + dt.timedelta(days=30)},
    ),
    case(
        "ck_person_merges_are_two_people",
        "person_merges",
        lambda w: {"removed_id": w.student},
        lambda w: {"removed_id": w.student + 1_000_002},
    ),
    case(
        "ck_person_merges_picture_is_an_object",
        "person_merges",
        {"removed_id": 1_000_003, "picture": []},
        {"removed_id": 1_000_003, "picture": {"kept": {"id": 1}}},
    ),
    case("ck_erasures_fingerprint_is_sha256", "erasures", {"fingerprint": "G" * 64}),
    case("ck_archives_sha256_is_hexadecimal", "archives", {"sha256": "G" * 64}),
    case("ck_archives_manifest_is_an_object", "archives", {"manifest": []}),
]

FOREIGN_KEYS = [
    case("fk_courses_lecturer_id_lecturer_role", "courses", lambda w: {"lecturer_id": w.student}),
    case("fk_courses_term_id", "courses", {"term_id": 0}),
    case("fk_syllabi_course_id", "syllabi", {"course_id": 0}, {"week_number": 2}),
    case("fk_student_enrollments_course_id", "student_enrollments", {"course_id": 0}, pending),
    case("fk_student_enrollments_student_id_student_role", "student_enrollments", lambda w: {"student_id": w.lecturer}, pending),
    case("fk_materials_course_id_week_number", "materials", {"week_number": 2}),
    case("fk_materials_course_id", "materials", {"course_id": 0, "week_number": None}, {"week_number": None}),
    case(
        "fk_materials_stored_as",
        "materials",
        {"stored_as": "3" * 64, "checksum": "f" * 64},
        lambda w: {"stored_as": w.file, "checksum": "f" * 64},
    ),
    case("fk_material_passages_material_id_course_id", "material_passages", lambda w: {"material_id": w.other_material}, {"ordinal": 2}),
    case(
        "fk_passage_vectors_course_id_material_id_ordinal", "passage_vectors", lambda w: {"material_id": w.other_material}, another_passage
    ),
    case("fk_passage_words_material_id_course_id", "passage_words", lambda w: {"material_id": w.other_material}, {}),
    case("fk_passage_vectors_model_dimension", "passage_vectors", lambda w: another_passage(w, model="unknown"), another_passage),
    case(
        "fk_passage_vectors_model_dimension",
        "passage_vectors",
        lambda w: another_passage(w, dimension=2, embedding=[1.0, 0.0]),
        another_passage,
    ),
    case("fk_reading_decisions_course_id_week_number", "reading_decisions", {"week_number": 3}, ANOTHER_TEXT),
    case("fk_reading_decisions_material_id_course_id", "reading_decisions", lambda w: {"material_id": w.other_material}, ANOTHER_TEXT),
    case("fk_person_merges_kept_id", "person_merges", {"kept_id": 0, "removed_id": 1_000_004}, {"removed_id": 1_000_006}),
    case("fk_course_staff_course_id", "course_staff", {"course_id": 0}),
    case("fk_course_staff_person_id_person_role", "course_staff", lambda w: {"person_id": w.student}),
    case("fk_sections_course_id", "sections", {"course_id": 0}),
    case("fk_staff_sections_course_id_person_id", "staff_sections", lambda w: {**in_another(w), "person_id": w.student}, in_another),
    case("fk_staff_sections_section_id_course_id", "staff_sections", lambda w: {"section_id": section_of(w, w.other_course)}, in_another),
    case("fk_student_activity_course_id_student_id", "student_activity", lambda w: {"student_id": w.newcomer}),
    case("fk_quiz_exceptions_quiz_id_course_id", "quiz_exceptions", lambda w: {"quiz_id": w.other_quiz}),
    case("fk_quiz_exceptions_course_id_student_id", "quiz_exceptions", lambda w: {"student_id": w.newcomer}),
    case("fk_section_members_section_id_course_id", "section_members", lambda w: {"section_id": section_of(w, w.other_course)}, in_another),
    case("fk_section_members_course_id_student_id", "section_members", lambda w: {**in_another(w), "student_id": w.newcomer}, in_another),
    case("fk_material_crawls_course_id", "material_crawls", {"course_id": 0}),
    case("fk_crawl_pages_crawl_id_course_id", "crawl_pages", lambda w: {"course_id": w.other_course}, ANOTHER_PAGE),
    case(
        "fk_crawl_pages_material_id_course_id",
        "crawl_pages",
        lambda w: {**ANOTHER_PAGE, "material_id": w.other_material},
        lambda w: {**ANOTHER_PAGE, "material_id": w.material},
    ),
    case("fk_bank_questions_course_id", "bank_questions", {"course_id": 0}, ANOTHER_BANK),
    case("fk_question_slots_quiz_id_course_id", "question_slots", lambda w: {"quiz_id": w.other_quiz}, {"slot": "2"}),
    case("fk_quizzes_course_id", "quizzes", {"course_id": 10**9, "week_number": None}, {"week_number": None}),
    case("fk_quizzes_course_id_week_number", "quizzes", {"week_number": 2}),
    case("fk_quiz_attempts_quiz_id_course_id", "quiz_attempts", lambda w: {"quiz_id": w.other_quiz}),
    case("fk_quiz_attempts_course_id_student_id", "quiz_attempts", lambda w: {"student_id": w.newcomer}),
    case("fk_topic_performance_course_id_student_id", "topic_performance", lambda w: second_week(w, student_id=w.newcomer), second_week),
    case("fk_topic_performance_course_id_week_number", "topic_performance", {"week_number": 3}, second_week),
    case("fk_archived_attempts_quiz_id_course_id", "archived_attempts", lambda w: {"quiz_id": w.other_quiz}),
    case("fk_archived_attempts_course_id_student_id", "archived_attempts", lambda w: {"student_id": w.newcomer}),
    case("fk_archived_estimates_course_id_student_id", "archived_estimates", lambda w: second_week(w, student_id=w.newcomer), second_week),
    case("fk_archived_estimates_course_id_week_number", "archived_estimates", {"week_number": 3}, second_week),
    case("fk_archives_term_id", "archives", {"term_id": 0}),
    case("fk_invitations_person_id", "invitations", {"person_id": 0}),
    case("fk_knowledge_fits_course_id_week_number", "knowledge_fits", {"week_number": 3}, second_week),
    case(
        "fk_external_ids_person_id",
        "external_ids",
        named("2", kind="person", person_id=0),
        lambda w: named("2", kind="person", person_id=w.student),
    ),
    case("fk_external_ids_term_id", "external_ids", {"external_id": "2", "term_id": 0}, {"external_id": "2"}),
    case(
        "fk_external_ids_course_id",
        "external_ids",
        named("2", kind="course", course_id=0),
        lambda w: named("2", kind="course", course_id=w.course),
    ),
    case(
        "fk_external_ids_quiz_id_course_id",
        "external_ids",
        lambda w: named("2", kind="quiz", quiz_id=w.other_quiz, course_id=w.course),
        lambda w: named("2", kind="quiz", quiz_id=w.quiz, course_id=w.course),
    ),
    case("fk_message_texts_course_id", "message_texts", {"course_id": 0}, lambda w: {"course_id": w.other_course}),
    case("fk_outbox_course_id", "outbox", {"course_id": 0}),
    case("fk_outbox_student_id", "outbox", {"student_id": 0}),
]

UNIQUE_KEYS = [
    case("uq_users_email", "users", {}, NEW_PERSON),
    case(
        "uq_users_db_role",
        "users",
        {**NEW_LECTURER, "db_role": "u_lecturer"},
        {**NEW_LECTURER, "db_role": "u_another"},
    ),
    case("uq_terms_code", "terms", {}, {"code": "NEXT"}),
    case("uq_person_merges_removed_id", "person_merges", {}, {"removed_id": 1_000_005}),
    case("uq_import_choices_source_key", "import_choices", {}, {"source_key": "a" * 64}),
    case("uq_courses_code", "courses", {"code": "BASE-1"}),
    case("pk_student_enrollments", "student_enrollments", {}, pending),
    case("pk_syllabi", "syllabi", {}, {"week_number": 2}),
    case("uq_materials_course_id_url", "materials", {"url": "https://example.org/0"}, {"url": None, "checksum": "f" * 64}),
    case(
        "uq_materials_course_id_file_name",
        "materials",
        lambda w: {"file_name": script_of(w, w.course), "url": "https://example.org/another"},
        lambda w: {"file_name": script_of(w, w.other_course)},
    ),
    case("pk_material_files", "material_files", lambda w: {"stored_as": w.file}),
    case("pk_material_passages", "material_passages", {}, {"ordinal": 2}),
    case("pk_embedding_models", "embedding_models", {"name": "base"}),
    case("pk_passage_vectors", "passage_vectors", {}, another_passage),
    case("uq_reading_decisions_course_id_passage", "reading_decisions", {"decision": "banned"}, ANOTHER_TEXT),
    case("pk_course_staff", "course_staff", lambda w: {"course_id": w.course}),
    case("uq_sections_course_id_kind_name", "sections", {"kind": "section"}, {"kind": "group"}),
    case(
        "uq_student_activity_course_id_student_id_fingerprint",
        "student_activity",
        {"fingerprint": "00000000-0000-0000-0000-000000000000"},
        {"fingerprint": "00000000-0000-0000-0000-000000000002"},
    ),
    case("pk_section_members", "section_members", {}, in_another),
    case("pk_staff_sections", "staff_sections", {}, in_another),
    case("pk_quiz_exceptions", "quiz_exceptions", lambda w: {"quiz_id": w.excused_quiz}),
    case("pk_crawl_pages", "crawl_pages", {}, ANOTHER_PAGE),
    case("pk_bank_questions", "bank_questions", {}, ANOTHER_BANK),
    case("pk_question_slots", "question_slots", {}, {"slot": "2"}),
    case("uq_quiz_attempts_quiz_id_student_id_number", "quiz_attempts", {"number": 1}),
    case("pk_topic_performance", "topic_performance", {}, second_week),
    case("pk_knowledge_fits", "knowledge_fits", {}, second_week),
    case("uq_archived_attempts_quiz_id_student_id_number", "archived_attempts", {"number": 1}),
    case("pk_archived_estimates", "archived_estimates", {}, second_week),
    case("ix_archives_term_id", "archives", {"ended_at": None}),
    case("uq_invitations_person_id", "invitations", {"accepted_at": None}),
    case("uq_invitations_login", "invitations", {"login": "u_" + "f" * 16}, {}),
    case("uq_external_ids_source_kind_external_id", "external_ids", {}, {"source": "another"}),
    case("uq_message_texts_course_id", "message_texts", {}, {"kind": "message"}),
    case("uq_outbox_idem_key", "outbox", {"idem_key": "first"}),
    case("uq_outbox_message_id", "outbox", {"message_id": "<first@lmskit.example>"}),
]

CASES = CHECKS + FOREIGN_KEYS + UNIQUE_KEYS
UNREACHABLE = {
    "uq_users_id_role",
    "uq_materials_id_course_id",
    "uq_quizzes_id_course_id",
    "uq_sections_id_course_id",
    "uq_embedding_models_name_dimension",
    "uq_material_crawls_id_course_id",
}
"""Their first column is already the primary key; foreign keys refer to them."""


@pytest.fixture(scope="module")
def owner(migrated_engine: Engine) -> Iterator[Connection]:
    """The owner of the tables, without row security, in a transaction that is rolled back."""
    with migrated_engine.connect() as connection:
        for table in Base.metadata.tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        connection.info["world"] = World(connection)
        yield connection
        connection.rollback()


@pytest.fixture
def world(owner: Connection) -> Iterator[World]:
    """One row in every table; what a test adds is rolled back after it."""
    savepoint = owner.begin_nested()
    yield owner.info["world"]
    savepoint.rollback()


def values(of: Values | Callable[[World], Values], world: World) -> Values:
    """Return the values, with ids from the world where a case needs them."""
    return of(world) if callable(of) else of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.constraint)
def test_the_forbidden_row_is_refused_and_the_one_beside_it_stored(case: Case, world: World) -> None:
    with world.connection.begin_nested() as savepoint:
        forbidden = values(case.forbidden, world)
        with pytest.raises(IntegrityError) as refusal:
            world.add(case.table, **forbidden)
        savepoint.rollback()
    assert violated_constraint(refusal.value) == case.constraint
    world.add(case.table, **values(case.allowed, world))


COPIES = [
    ("answer_key", {"a": "a" * 100_000}, "courses", "mastery_parameters"),
    ("questions", [{"a": "a" * (limits.LARGEST_ANSWERS + 1)}], "quiz_attempts", "answers"),
]


@pytest.mark.parametrize(("source", "large", "target", "column"), COPIES, ids=[f"{table}.{column}" for _, _, table, column in COPIES])
def test_a_value_copied_from_a_row_is_measured_unpacked(source: str, large: object, target: str, column: str, world: World) -> None:
    world.add("quizzes", **{source: large})
    quizzes = table("quizzes")
    stored = select(quizzes.c[source]).order_by(quizzes.c.id.desc()).limit(1).scalar_subquery()
    with pytest.raises(IntegrityError) as refused:
        world.connection.execute(update(table(target)).values({column: stored}))
    assert violated_constraint(refused.value) == f"ck_{target}_{column}_is_shallow"


def test_every_constraint_of_the_database_is_tried(owner: Connection) -> None:
    in_database = set(
        owner.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'lms'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')"
            " AND conrelid <> coalesce(to_regclass('lms.alembic_version'), 0)"
        ).scalars()
    )
    generated_keys = {f"pk_{name}" for name, table in Base.metadata.tables.items() if "id" in table.c}
    unique_indexes = {"ix_archives_term_id", "uq_invitations_person_id", "uq_message_texts_course_id"}
    assert in_database - generated_keys - UNREACHABLE == {case.constraint for case in CASES} - unique_indexes


@pytest.mark.parametrize(
    ("index", "inside", "outside"),
    [
        ("ix_external_ids_person_id", "external_ids WHERE person_id = 1", "external_ids WHERE person_id IS NULL"),
        ("ix_external_ids_term_id", "external_ids WHERE term_id = 1", "external_ids WHERE term_id IS NULL"),
        ("ix_external_ids_course_id_quiz_id", "external_ids WHERE course_id = 1", "external_ids WHERE course_id IS NULL"),
        ("ix_outbox_available_at_id", "outbox WHERE status = 'waiting' AND available_at < now()", "outbox WHERE available_at < now()"),
    ],
)
def test_a_partial_index_serves_its_rows_and_no_others(index: str, inside: str, outside: str, world: World) -> None:
    """A partial index forbids no row; it must be usable for rows that meet its condition, and only for them."""

    def plan(rows: str) -> str:
        return "\n".join(world.connection.exec_driver_sql(f"EXPLAIN SELECT 1 FROM {rows}").scalars())

    world.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    assert index in plan(inside)
    assert index not in plan(outside)


def table(name: str) -> Any:
    """Return a table of the models."""
    return Base.metadata.tables[name]


@pytest.mark.parametrize(
    ("parent", "constraint"),
    [
        ("users", "fk_courses_lecturer_id_lecturer_role"),
        ("terms", "fk_courses_term_id"),
        ("quizzes", "fk_quiz_attempts_quiz_id_course_id"),
    ],
)
def test_what_evidence_or_a_course_rests_on_cannot_be_deleted(parent: str, constraint: str, world: World) -> None:
    key = {"users": world.lecturer, "terms": world.term, "quizzes": world.quiz}[parent]
    with pytest.raises(IntegrityError) as refusal, world.connection.begin_nested():
        world.connection.execute(delete(table(parent)).where(table(parent).c.id == key))
    assert violated_constraint(refusal.value) == constraint


def test_neither_course_nor_week_nor_enrollment_with_attempts_can_be_deleted(world: World) -> None:
    for name, condition in (
        ("courses", table("courses").c.id == world.course),
        ("syllabi", table("syllabi").c.course_id == world.course),
        ("student_enrollments", table("student_enrollments").c.course_id == world.course),
    ):
        with pytest.raises(IntegrityError) as refusal, world.connection.begin_nested():
            world.connection.execute(delete(table(name)).where(condition))
        assert violated_constraint(refusal.value) in {"fk_quiz_attempts_quiz_id_course_id", "fk_quiz_attempts_course_id_student_id"}


def test_a_course_without_attempts_takes_all_its_parts_along(world: World) -> None:
    world.connection.execute(delete(table("quiz_attempts")).where(table("quiz_attempts").c.course_id == world.course))
    world.connection.execute(delete(table("courses")).where(table("courses").c.id == world.course))
    for name in (
        "course_staff",
        "sections",
        "section_members",
        "staff_sections",
        "syllabi",
        "student_activity",
        "student_enrollments",
        "message_texts",
        "materials",
        "material_passages",
        "passage_vectors",
        "passage_words",
        "reading_decisions",
        "material_crawls",
        "crawl_pages",
        "quizzes",
        "bank_questions",
        "question_slots",
        "quiz_exceptions",
        "topic_performance",
        "knowledge_fits",
    ):
        left = world.connection.execute(select(table(name).c.course_id).where(table(name).c.course_id == world.course)).all()
        assert left == [], name


def test_a_lecturer_who_teaches_cannot_become_a_student(world: World) -> None:
    with pytest.raises(IntegrityError) as refusal, world.connection.begin_nested():
        world.connection.execute(update(table("users")).where(table("users").c.id == world.lecturer).values(role="student", db_role=None))
    assert violated_constraint(refusal.value) == "fk_courses_lecturer_id_lecturer_role"
