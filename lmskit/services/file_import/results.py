"""The stages of an import that write quizzes, attempts and excuses, and take results back; `pipeline.py` says when."""

from __future__ import annotations

from operator import attrgetter

from lmskit.services.file_import.absence import check_removals, list_missing, list_removed, list_taken_back
from lmskit.services.file_import.excuses import list_excuses
from lmskit.services.file_import.stage import Code, Sql, Stage
from lmskit.services.file_import.steps import join_quizzes, note_weeks, write_quizzes

RESULTS = (
    Stage(
        "Writing attempts",
        (
            Code(
                write_quizzes,
                needs=("file_compared_attempt", "file_excuse", "file_part", "file_position", "file_quiz", "file_rejected"),
                reports=("warnings",),
            ),
            Sql(
                "attempts",
                "planned_attempts",
                ("file_added_person", "file_compared_attempt", "file_quiz", "file_rejected"),
                makes="file_planned_attempt",
            ),
            Sql("attempts", "add_attempts", ("file_planned_attempt",)),
            Sql("attempts", "change_attempts", ("file_planned_attempt",)),
            Code(join_quizzes, needs=("file_quiz",), reports=("warnings",)),
            Code(note_weeks, needs=("file_planned_attempt",)),
            Sql("attempts", "total_warnings", ("file_part", "file_planned_attempt", "file_position"), reports="warnings"),
            Sql(
                "attempts",
                "maximum_warnings",
                ("file_compared_attempt", "file_part", "file_position", "file_rejected"),
                reports="warnings",
            ),
            Sql(
                "excuses",
                "planned_excuses",
                (
                    "file_absent_row",
                    "file_added_person",
                    "file_excuse",
                    "file_option",
                    "file_person_reference",
                    "file_planned_attempt",
                    "file_quiz",
                    "file_rejected",
                ),
                makes="file_planned_excuse",
            ),
            Sql("excuses", "add_excuses", ("file_option", "file_planned_excuse")),
            Sql("excuses", "remove_excuses", ("file_planned_excuse",)),
            Sql("excuses", "leave_more_time", ("file_planned_excuse",)),
            Code(list_excuses, needs=("file_absent_row", "file_planned_excuse"), queries=("excuses.outcomes", "excuses.students")),
            Sql(
                "taken_back",
                "taken_back",
                ("file_absent_row", "file_attempt", "file_person_reference", "file_quiz", "file_rejected"),
                makes="file_taken_back",
            ),
            Sql("taken_back", "take_back", ("file_taken_back",)),
            Sql("taken_back", "kept_warnings", ("file_taken_back",), reports="warnings"),
            Code(list_taken_back, needs=("file_taken_back",), queries=("taken_back.outcomes",)),
            Sql("taken_back", "missing_results", ("file_added_person", "file_person_reference", "file_quiz"), makes="file_missing_result"),
            Code(list_missing, needs=("file_missing_result",), queries=("taken_back.missing_students",)),
        ),
    ),
    Stage(
        "Taking back results that are not in the file",
        (
            Code(
                check_removals,
                needs=("file_enrollment", "file_missing_result", "file_quiz", "file_rejected"),
                queries=("taken_back.result_counts",),
            ),
            Code(list_removed, needs=("file_missing_result",), queries=("taken_back.removed_results",)),
            Sql("taken_back", "take_missing_back", ("file_missing_result",)),
        ),
        when=attrgetter("remove_missing"),
    ),
)
