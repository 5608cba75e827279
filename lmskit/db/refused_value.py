"""What the database says of a value that a column does not take, as a sentence that names the column and its bound."""

from __future__ import annotations

import psycopg

from lmskit.limits import (
    DEEPEST_JSON,
    EARLIEST_YEAR,
    LARGEST_ANSWERS,
    LARGEST_FINDINGS,
    LARGEST_HEADINGS,
    LARGEST_PARAMETERS,
    LARGEST_QUIZ,
    LATEST_YEAR,
    LONGEST_CODE,
    LONGEST_FILE_NAME,
    LONGEST_HEADER,
    LONGEST_LICENCE,
    LONGEST_NAME,
    LONGEST_PROSE,
    LONGEST_URL,
    MOST_ATTEMPTS,
    MOST_FINDINGS,
    MOST_HEADINGS_DEEP,
    MOST_PASSAGES,
)

UNCHANGED = "Nothing was changed; correct the value, then try again."
VISIBLE = "has a character that cannot be seen, such as a zero-width space"
ONE_LINE = "has a line break or another control character"
YEARS = f"is not between the years {EARLIEST_YEAR} and {LATEST_YEAR}"
WEB_ADDRESS = "is not a web address that begins with http:// or https:// and has neither blanks nor other characters than ASCII"
LANGUAGE = "is not the code of a language, such as en or de"
DEEP = f"has more than {DEEPEST_JSON} levels, or takes more than"

BOUNDS = {
    "ck_users_email_is_visible": ("email", VISIBLE),
    "ck_terms_code_is_visible": ("code", VISIBLE),
    "ck_external_ids_id_is_visible": ("external_id", VISIBLE),
    "ck_courses_code_is_visible": ("code", VISIBLE),
    "ck_courses_title_is_one_line": ("title", ONE_LINE),
    "ck_courses_mastery_rule_has_a_length": ("mastery_rule", f"does not have 1 to {LONGEST_CODE} characters"),
    "ck_courses_mastery_parameters_is_shallow": (
        "mastery_parameters",
        f"has values within values, or takes more than {LARGEST_PARAMETERS:,} bytes",
    ),
    "ck_syllabi_topic_is_one_line": ("topic", ONE_LINE),
    "ck_syllabi_objectives_has_a_length": ("objectives", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_materials_title_is_one_line": ("title", ONE_LINE),
    "ck_materials_url_has_a_length": ("url", f"has more than {LONGEST_URL:,} characters"),
    "ck_materials_url_is_a_web_address": ("url", WEB_ADDRESS),
    "ck_materials_licence_is_one_line": ("licence", ONE_LINE),
    "ck_materials_licence_has_a_length": ("licence", f"does not have 1 to {LONGEST_LICENCE} characters"),
    "ck_materials_file_name_is_one_line": ("file_name", ONE_LINE),
    "ck_materials_file_name_has_a_length": ("file_name", f"does not have 1 to {LONGEST_FILE_NAME} characters"),
    "ck_materials_file_name_leads_down_a_folder": ("file_name", "is not a path below a folder, such as week 1/script.pdf"),
    "ck_materials_language_is_a_code": ("language", LANGUAGE),
    "ck_materials_media_type_has_a_length": ("media_type", f"does not have 1 to {LONGEST_NAME} characters"),
    "ck_materials_validators_have_a_length": ("etag or last_modified", f"has more than {LONGEST_HEADER:,} characters"),
    "ck_materials_findings_are_few": ("findings", f"has more than {MOST_FINDINGS:,} values, or takes more than {LARGEST_FINDINGS:,} bytes"),
    "ck_material_passages_location_and_ordinal_have_an_end": ("ordinal or page or slide or cell", f"is above {MOST_PASSAGES:,}"),
    "ck_material_passages_headings_are_few": (
        "headings",
        f"has more than {MOST_HEADINGS_DEEP} values, or takes more than {LARGEST_HEADINGS:,} bytes",
    ),
    "ck_material_passages_body_has_a_length": ("body", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_material_passages_prose_has_a_length": ("prose", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_material_passages_language_is_a_code": ("language", LANGUAGE),
    "ck_embedding_models_name_is_one_line": ("name", ONE_LINE),
    "ck_embedding_models_name_has_a_length": ("name", f"does not have 1 to {LONGEST_NAME} characters"),
    "ck_material_crawls_start_url_has_a_length": ("start_url", f"has more than {LONGEST_URL:,} characters"),
    "ck_material_crawls_start_url_is_a_web_address": ("start_url", WEB_ADDRESS),
    "ck_import_choices_choices_is_shallow": ("choices", f"has more than 2 levels, or takes more than {LARGEST_PARAMETERS:,} bytes"),
    "ck_material_crawls_options_is_shallow": ("options", f"has more than 2 levels, or takes more than {LARGEST_PARAMETERS:,} bytes"),
    "ck_crawl_pages_url_has_a_length": ("url", f"has more than {LONGEST_URL:,} characters"),
    "ck_crawl_pages_url_is_a_web_address": ("url", WEB_ADDRESS),
    "ck_crawl_pages_finding_has_a_length": ("finding", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_message_texts_language_is_a_tag": ("language", LANGUAGE),
    "ck_message_texts_subject_is_one_line": ("subject", ONE_LINE),
    "ck_sections_name_is_one_line": ("name", ONE_LINE),
    "ck_student_activity_resource_is_one_line": ("resource", ONE_LINE),
    "ck_student_activity_time_is_readable": ("occurred_at", YEARS),
    "ck_bank_questions_bank_is_one_line": ("bank", ONE_LINE),
    "ck_bank_questions_question_is_shallow": ("question", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_bank_questions_answer_key_is_shallow": ("answer_key", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_question_slots_slot_is_one_line": ("slot", ONE_LINE),
    "ck_question_slots_seen_is_shallow": ("seen", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_quizzes_title_is_one_line": ("title", ONE_LINE),
    "ck_quizzes_questions_is_shallow": ("questions", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_quizzes_answer_key_is_shallow": ("answer_key", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_quizzes_due_on_is_a_readable_day": ("due_on", YEARS),
    "ck_quiz_exceptions_due_on_is_a_readable_day": ("due_on", YEARS),
    "ck_quiz_attempts_number_has_an_end": ("number", f"is above {MOST_ATTEMPTS:,}"),
    "ck_quiz_attempts_feedback_has_a_length": ("feedback", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_quiz_attempts_answers_is_shallow": (
        "answers",
        f"{DEEP} {LARGEST_ANSWERS:,} bytes",
    ),
    "ck_quiz_attempts_times_are_readable": ("submitted_at or started_at", YEARS),
    "ck_quiz_attempts_start_is_readable": ("started_at", YEARS),
}
"""By constraint, its column and what is wrong with a value that it refuses. Other constraints are described by their names."""

TOO_LARGE = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.StringDataRightTruncation,
    psycopg.errors.DatetimeFieldOverflow,
    psycopg.errors.IntervalFieldOverflow,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.CharacterNotInRepertoire,
)


def refusal(error: BaseException | None) -> str | None:
    """Return the sentence for a value that a column does not take; None for anything else."""
    if isinstance(error, psycopg.errors.CheckViolation) and error.diag.constraint_name:
        return f"{_broken(error.diag.constraint_name, error.diag.table_name or 'the table')} {UNCHANGED}"
    if isinstance(error, TOO_LARGE):
        said = (error.diag.message_primary or "out of range").strip().rstrip(".")
        detail = (error.diag.message_detail or "").strip()
        return f"The database does not take a value: {said}.{f' {detail}' if detail else ''} {UNCHANGED}"
    return None


def _broken(constraint: str, table: str) -> str:
    if constraint in BOUNDS:
        column, mistake = BOUNDS[constraint]
        return f"The database refuses a row of {table}: {column} {mistake}."
    rule = constraint.removeprefix(f"ck_{table}_").replace("_", " ")
    return f"The database refuses a row of {table}, since it breaks the rule: {rule}."
