"""Bound what can be written, so that no row stops the work of others.

Why:   a lecturer may write to the tables of their own courses. Ten megabytes in the name of a rule, JSON of 3,000 levels, a day in the year
       20000 or the attempt number 2147483647 were accepted, and stopped lists, the mastery refresh and imports of everybody. Ids, addresses
       and codes that differ in invisible characters alone were taken for different ones.
Locks: each table, exclusively, while its rows are checked: about 2 s for a million attempts with answers (measured).
       A row beyond the bounds stays: the constraint then holds for new and changed rows alone, and lmskit doctor says so.
Down:  loses nothing.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INVISIBLE = r"[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"


def shallow(column: str, *, levels: int, size: int) -> str:
    """The condition that a JSON column has at most so many levels, and takes at most so many bytes."""
    return f"NOT jsonb_path_exists({column}, '$.**{{{levels + 1} to last}}') AND pg_column_size({column}) <= {size}"


CHECKS = {
    "ck_users_email_is_visible": ("users", f"email !~ '{INVISIBLE}'"),
    "ck_terms_code_is_visible": ("terms", f"code !~ '{INVISIBLE}'"),
    "ck_external_ids_id_is_visible": ("external_ids", f"external_id !~ '{INVISIBLE}'"),
    "ck_courses_code_is_visible": ("courses", f"code !~ '{INVISIBLE}'"),
    "ck_courses_title_is_one_line": ("courses", "title !~ '[[:cntrl:]]'"),
    "ck_courses_mastery_rule_has_a_length": ("courses", "length(mastery_rule) BETWEEN 1 AND 100"),
    "ck_courses_mastery_parameters_is_shallow": ("courses", shallow("mastery_parameters", levels=1, size=10_000)),
    "ck_syllabi_topic_is_one_line": ("syllabi", "topic !~ '[[:cntrl:]]'"),
    "ck_syllabi_objectives_has_a_length": ("syllabi", "length(objectives) <= 20000"),
    "ck_materials_title_is_one_line": ("materials", "title !~ '[[:cntrl:]]'"),
    "ck_materials_url_has_a_length": ("materials", "length(url) <= 2000"),
    "ck_material_passages_ordinal_and_page_have_an_end": ("material_passages", "ordinal <= 1000000 AND page <= 1000000"),
    "ck_material_passages_body_has_a_length": ("material_passages", "length(body) <= 20000"),
    "ck_material_passages_embedding_model_has_a_length": ("material_passages", "length(embedding_model) BETWEEN 1 AND 200"),
    "ck_quizzes_title_is_one_line": ("quizzes", "title !~ '[[:cntrl:]]'"),
    "ck_quizzes_questions_is_shallow": ("quizzes", shallow("questions", levels=8, size=16 * 1024**2)),
    "ck_quizzes_answer_key_is_shallow": ("quizzes", shallow("answer_key", levels=8, size=16 * 1024**2)),
    "ck_quizzes_due_on_is_a_readable_day": ("quizzes", "due_on BETWEEN '1900-01-01' AND '2200-12-31'"),
    "ck_quiz_attempts_number_has_an_end": ("quiz_attempts", "number <= 10000"),
    "ck_quiz_attempts_feedback_has_a_length": ("quiz_attempts", "length(feedback) <= 20000"),
    "ck_quiz_attempts_answers_is_shallow": ("quiz_attempts", shallow("answers", levels=8, size=4 * 1024**2)),
    "ck_quiz_attempts_times_are_readable": (
        "quiz_attempts",
        "submitted_at >= '1900-01-01 00:00:00+00' AND submitted_at < '2201-01-01 00:00:00+00' AND started_at >= '1900-01-01 00:00:00+00'",
    ),
}


def upgrade() -> None:
    """Go forward."""
    lock_first(*{table: None for table, _ in CHECKS.values()})
    for name, (table, condition) in CHECKS.items():
        op.execute(sa.text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({escaped(condition)}) NOT VALID"))
        op.execute(
            sa.text(
                f"DO $$ BEGIN ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
                f" EXCEPTION WHEN check_violation THEN RAISE WARNING 'A row of {table} is beyond {name}, and stays as it is.'; END $$"
            )
        )


def downgrade() -> None:
    """Go back."""
    lock_first(*{table: None for table, _ in CHECKS.values()})
    for name, (table, _) in reversed(CHECKS.items()):
        op.drop_constraint(op.f(name), table, type_="check")


def escaped(condition: str) -> str:
    """The condition as `text` takes it: a colon before a word would be a parameter."""
    return condition.replace(":", r"\:")
