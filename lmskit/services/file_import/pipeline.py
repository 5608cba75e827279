"""The steps of an import in order, as data.

Each step names what it needs and makes: temporary tables. `writer.py` runs the steps; a test compares them with the `.sql`
files and with `docs/import-pipeline.md`.
"""

from __future__ import annotations

from operator import attrgetter

from lmskit.services.file_import.absence import list_absent
from lmskit.services.file_import.identities import compare_names, resolve_keys
from lmskit.services.file_import.messages import enqueue_messages
from lmskit.services.file_import.report import make_report
from lmskit.services.file_import.results import RESULTS
from lmskit.services.file_import.stage import Code, Repeat, Sql, Stage
from lmskit.services.file_import.staging import drop_tables, stage_options, stage_records
from lmskit.services.file_import.steps import list_withdrawn, plan_quizzes, refuse_if_rows_were_rejected
from lmskit.services.file_import.withdrawal import check_withdrawals

GIVEN = ("import_rejection", "import_warning")
"""Temporary tables that `services.importing.importing` makes for every import."""

DEPENDENT = (
    Sql("people", "reject_nameless_people", ("file_identity", "file_person", "file_rejected"), reports="rejections"),
    Sql("courses", "reject_courses_without_term", ("file_course", "file_option", "file_rejected", "file_term"), reports="rejections"),
    Sql(
        "courses",
        "reject_courses_without_lecturer",
        ("file_course", "file_enrollment", "file_option", "file_rejected"),
        reports="rejections",
    ),
    Sql(
        "courses",
        "reject_orphans",
        ("file_attempt", "file_course", "file_enrollment", "file_excuse", "file_person", "file_rejected"),
        reports="rejections",
    ),
    Sql("attempts", "reject_not_enrolled", ("file_attempt", "file_enrollment", "file_excuse", "file_rejected"), reports="rejections"),
    Sql("courses", "reject_cells_of_rejected_rows", ("file_position", "file_rejected"), reports="rejections", analyzes=("file_rejected",)),
)
"""Reject rows that depend on rejected rows. One rejection can make another, so they are repeated."""
PIPELINE = (
    Stage(
        None,
        (
            Code(stage_options, makes=("file_option", "file_rejected", "file_added_person")),
            Code(
                stage_records,
                makes=(
                    "file_position",
                    "file_section_row",
                    "file_term_row",
                    "file_person_row",
                    "file_course_row",
                    "file_enrollment_row",
                    "file_attempt_row",
                    "file_excuse_row",
                    "file_absent_row",
                    "file_part",
                ),
                reports=("rejections",),
            ),
            Code(plan_quizzes, makes=("file_quiz",)),
        ),
    ),
    Stage(
        "Recognising people",
        (
            Sql("people", "keys", ("file_person_row",), makes="file_key"),
            Code(resolve_keys, needs=("file_key",), makes=("file_resolved_key",), queries=("people.shared_keys",)),
            Sql("people", "resolve_keys", ("file_key", "file_resolved_key")),
            Sql("people", "identities", ("file_key", "file_option", "file_resolved_key"), makes="file_identity"),
            Code(
                compare_names,
                needs=("file_identity", "file_key", "file_person_row"),
                makes=("file_compared_name",),
                queries=("identities.names_to_compare",),
            ),
            Sql("identities", "reject_contradictory_names", ("file_compared_name", "file_identity")),
            Sql("identities", "reject_other_people", ("file_compared_name", "file_identity", "file_option")),
            Sql("identities", "reject_lost_zeros", ("file_identity", "file_key", "file_option", "file_person_row")),
            Sql("people", "reject_given_up_addresses", ("file_identity",)),
            Sql("people", "reject_twins", ("file_identity",)),
            Sql("identities", "reject_other_addresses", ("file_identity", "file_key", "file_option", "file_person_row")),
            Sql("people", "people", ("file_identity", "file_key", "file_person_row"), makes="file_person"),
            Sql(
                "people",
                "person_references",
                (
                    "file_absent_row",
                    "file_attempt_row",
                    "file_enrollment_row",
                    "file_excuse_row",
                    "file_identity",
                    "file_key",
                    "file_option",
                ),
                makes="file_person_reference",
            ),
            Sql(
                "people",
                "roles",
                ("file_enrollment_row", "file_identity", "file_person", "file_person_reference"),
                analyzes=("file_identity",),
            ),
            Sql("people", "reference_roles", ("file_identity", "file_person_reference"), analyzes=("file_person_reference",)),
            Sql("courses", "terms", ("file_option", "file_term_row"), makes="file_term"),
            Sql("courses", "courses", ("file_course_row", "file_option", "file_term"), makes="file_course"),
            Sql("courses", "course_references", ("file_course", "file_enrollment_row", "file_option"), makes="file_course_reference"),
            Sql(
                "courses", "enrollments", ("file_course_reference", "file_enrollment_row", "file_person_reference"), makes="file_enrollment"
            ),
            Sql("attempts", "attempts", ("file_attempt_row", "file_option", "file_person_reference", "file_quiz"), makes="file_attempt"),
            Sql(
                "excuses",
                "excuses",
                ("file_attempt", "file_excuse_row", "file_option", "file_person_reference", "file_quiz"),
                makes="file_excuse",
            ),
        ),
    ),
    Stage(
        "Checking every row",
        (
            Sql("people", "reject_people", ("file_identity", "file_person", "file_rejected"), reports="rejections"),
            Sql("courses", "reject_rows", ("file_course", "file_enrollment", "file_rejected", "file_term"), reports="rejections"),
            Sql("attempts", "reject_attempts", ("file_attempt", "file_rejected"), reports="rejections"),
            Sql("excuses", "reject_excuses", ("file_excuse", "file_rejected"), reports="rejections", analyzes=("file_rejected",)),
            Repeat(DEPENDENT),
            Sql("attempts", "numbered_attempts", ("file_attempt", "file_rejected"), makes="file_numbered_attempt"),
            Sql("attempts", "matched_attempts", ("file_numbered_attempt", "file_quiz"), makes="file_matched_attempt"),
            Sql(
                "attempts",
                "reject_repeated",
                ("file_matched_attempt", "file_numbered_attempt", "file_rejected"),
                reports="rejections",
                analyzes=("file_rejected",),
            ),
            Repeat(DEPENDENT, only_after_rejections=True),
            Sql("attempts", "compared_attempts", ("file_matched_attempt", "file_rejected"), makes="file_compared_attempt"),
            Sql(
                "attempts",
                "reject_changes_of_other_origins",
                ("file_compared_attempt", "file_rejected"),
                reports="rejections",
                analyzes=("file_rejected",),
            ),
            Sql(
                "attempts",
                "reject_changes_beyond_limits",
                ("file_compared_attempt", "file_option", "file_rejected"),
                reports="rejections",
                analyzes=("file_rejected",),
            ),
            Sql(
                "attempts",
                "reject_excess_attempts",
                ("file_compared_attempt", "file_option", "file_rejected"),
                reports="rejections",
                analyzes=("file_rejected",),
            ),
            Repeat(DEPENDENT, only_after_rejections=True),
        ),
    ),
    Stage(
        None,
        (Code(refuse_if_rows_were_rejected, needs=("file_enrollment", "file_part", "file_position", "file_rejected")),),
        when=attrgetter("withdraw_missing"),
    ),
    Stage(
        "Writing people",
        (
            Sql(
                "people",
                "planned_people",
                (
                    "file_attempt_row",
                    "file_compared_name",
                    "file_enrollment",
                    "file_excuse_row",
                    "file_identity",
                    "file_option",
                    "file_person",
                    "file_rejected",
                ),
                makes="file_planned_person",
            ),
            Sql(
                "people",
                "person_warnings",
                ("file_compared_name", "file_part", "file_person", "file_planned_person", "file_position", "file_rejected"),
                reports="warnings",
            ),
            Sql("people", "add_people", ("file_added_person", "file_planned_person"), analyzes=("file_added_person",)),
            Sql("people", "change_people", ("file_planned_person",)),
            Sql("people", "add_person_ids", ("file_added_person", "file_option", "file_planned_person")),
        ),
    ),
    Stage(
        "Writing courses",
        (
            Sql("courses", "add_terms", ("file_rejected", "file_term")),
            Sql("courses", "link_added_terms", ("file_term",)),
            Sql("courses", "change_terms", ("file_rejected", "file_term")),
            Sql("courses", "add_term_ids", ("file_option", "file_rejected", "file_term")),
            Sql("courses", "teachers", ("file_added_person", "file_enrollment", "file_rejected"), makes="file_teacher"),
            Sql("courses", "removed_teachers", ("file_teacher",)),
            Sql("courses", "complete_courses", ("file_course", "file_option", "file_rejected", "file_teacher", "file_term")),
            Sql("courses", "course_states", ("file_course", "file_rejected")),
            Sql("courses", "teacher_states", ("file_course", "file_teacher")),
            Sql(
                "courses",
                "teacher_warnings",
                ("file_course", "file_enrollment", "file_part", "file_position", "file_teacher"),
                reports="warnings",
            ),
            Sql("courses", "add_courses", ("file_course",)),
            Sql("courses", "change_courses", ("file_course",)),
            Sql("courses", "link_added_courses", ("file_course",)),
            Sql("courses", "add_staff", ("file_course", "file_teacher")),
            Sql("courses", "add_course_ids", ("file_course", "file_option")),
        ),
    ),
    Stage(
        "Writing enrollments",
        (
            Sql(
                "enrollments",
                "planned_enrollments",
                ("file_added_person", "file_course", "file_enrollment", "file_option", "file_rejected"),
                makes="file_planned_enrollment",
            ),
            Sql(
                "enrollments",
                "enrollment_warnings",
                (
                    "file_added_person",
                    "file_course",
                    "file_enrollment",
                    "file_option",
                    "file_part",
                    "file_planned_enrollment",
                    "file_position",
                    "file_rejected",
                ),
                reports="warnings",
            ),
            Sql(
                "enrollments",
                "possible_duplicates",
                ("file_part", "file_planned_enrollment", "file_planned_person", "file_position"),
                reports="warnings",
            ),
            Sql("enrollments", "add_enrollments", ("file_option", "file_planned_enrollment")),
            Sql("enrollments", "cancel_messages", ("file_planned_enrollment",)),
            Sql("enrollments", "change_enrollments", ("file_planned_enrollment",)),
            Sql(
                "sections",
                "planned_sections",
                ("file_added_person", "file_course", "file_enrollment", "file_rejected", "file_section_row"),
                makes="file_planned_section",
            ),
            Sql("sections", "add_sections", ("file_option", "file_planned_section")),
            Sql("sections", "remove_members", ("file_planned_section",)),
            Sql("sections", "add_members", ("file_planned_section",)),
        ),
    ),
    Stage(
        None,
        (
            Sql("enrollments", "raise_sequences", ("file_planned_enrollment",)),
            Code(enqueue_messages, needs=("file_planned_enrollment",), makes=("file_message",), queries=("enrollments.messages",)),
        ),
        when=attrgetter("notify"),
    ),
    *RESULTS,
    Stage(
        None,
        (
            Sql("enrollments", "missing_enrollments", ("file_planned_enrollment",), makes="file_missing_enrollment"),
            Code(list_absent, needs=("file_missing_enrollment", "file_quiz"), queries=("enrollments.absent_students",)),
        ),
    ),
    Stage(
        "Withdrawing students who are not in the file",
        (
            Code(check_withdrawals, needs=("file_missing_enrollment", "file_planned_enrollment"), queries=("enrollments.missing_counts",)),
            Sql("enrollments", "cancel_messages_of_missing", ("file_missing_enrollment",)),
            Sql("enrollments", "withdraw_missing", ("file_missing_enrollment", "file_option")),
            Code(list_withdrawn, needs=("file_missing_enrollment",), queries=("enrollments.missing_students",)),
        ),
        when=attrgetter("withdraw_missing"),
    ),
    Stage(
        "Counting",
        (
            Sql(
                "outcomes",
                "outcomes",
                (
                    "file_compared_attempt",
                    "file_course",
                    "file_enrollment",
                    "file_person",
                    "file_planned_attempt",
                    "file_planned_enrollment",
                    "file_planned_excuse",
                    "file_planned_person",
                    "file_planned_section",
                    "file_position",
                    "file_rejected",
                    "file_teacher",
                    "file_term",
                ),
                makes="file_outcome",
            ),
            Sql("outcomes", "rejections", ("file_outcome", "file_part"), reports="rejections"),
            Code(
                make_report,
                needs=(
                    "file_attempt",
                    "file_attempt_row",
                    "file_course",
                    "file_course_row",
                    "file_enrollment",
                    "file_enrollment_row",
                    "file_excuse",
                    "file_outcome",
                    "file_part",
                    "file_person",
                    "file_planned_attempt",
                    "file_planned_enrollment",
                    "file_planned_excuse",
                    "file_planned_person",
                    "file_quiz",
                    "file_missing_result",
                    "file_rejected",
                    "file_taken_back",
                    "file_term",
                ),
                reports=("rejections", "warnings"),
                queries=("outcomes.position_states", "outcomes.entity_states", "attempts.touched", "outcomes.first_outcomes"),
            ),
            Code(drop_tables, queries=("outcomes.temporary_tables",)),
        ),
    ),
)
"""The stages of an import."""
