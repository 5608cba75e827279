"""What the database says of a value that a column does not take, as a sentence that names the column and its bound."""

from __future__ import annotations

import psycopg

from lmskit.limits import (
    DEEPEST_JSON,
    EARLIEST_YEAR,
    LARGEST_ANSWERS,
    LARGEST_PARAMETERS,
    LARGEST_QUIZ,
    LATEST_YEAR,
    LONGEST_CODE,
    LONGEST_NAME,
    LONGEST_PROSE,
    LONGEST_URL,
    MOST_ATTEMPTS,
    MOST_PASSAGES,
)

UNCHANGED = "Nothing was changed; correct the value, then try again."
VISIBLE = "has a character that cannot be seen, such as a zero-width space"
ONE_LINE = "has a line break or another control character"
YEARS = f"is not between the years {EARLIEST_YEAR} and {LATEST_YEAR}"
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
    "ck_material_passages_ordinal_and_page_have_an_end": ("ordinal or page", f"is above {MOST_PASSAGES:,}"),
    "ck_material_passages_body_has_a_length": ("body", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_material_passages_embedding_model_has_a_length": ("embedding_model", f"does not have 1 to {LONGEST_NAME} characters"),
    "ck_quizzes_title_is_one_line": ("title", ONE_LINE),
    "ck_quizzes_questions_is_shallow": ("questions", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_quizzes_answer_key_is_shallow": ("answer_key", f"{DEEP} {LARGEST_QUIZ:,} bytes"),
    "ck_quizzes_due_on_is_a_readable_day": ("due_on", YEARS),
    "ck_quiz_attempts_number_has_an_end": ("number", f"is above {MOST_ATTEMPTS:,}"),
    "ck_quiz_attempts_feedback_has_a_length": ("feedback", f"has more than {LONGEST_PROSE:,} characters"),
    "ck_quiz_attempts_answers_is_shallow": (
        "answers",
        f"{DEEP} {LARGEST_ANSWERS:,} bytes",
    ),
    "ck_quiz_attempts_times_are_readable": ("submitted_at or started_at", YEARS),
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
