"""Import the Open University Learning Analytics Dataset: files to staging by COPY, then whole sets of rows at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from lmskit.importers import oulad
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport
from lmskit.progress import Progress, reported, silent
from lmskit.services.importing import (
    Statements,
    add_rejections,
    importing,
    record,
    rejections,
    stage_rows,
    warnings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

# How each file is staged: the table, and its columns with the types of the records' values.
STAGED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "courses.csv": (
        "oulad_course_row",
        {"row_number": "int4", "module": "text", "presentation": "text", "length": "int4", "first_day": "date", "weeks": "int4"},
    ),
    "assessments.csv": (
        "oulad_assessment_row",
        {
            "row_number": "int4",
            "module": "text",
            "presentation": "text",
            "assessment": "text",
            "kind": "text",
            "day": "int4",
            "weight": "float8",
        },
    ),
    "studentInfo.csv": (
        "oulad_student_row",
        {"row_number": "int4", "module": "text", "presentation": "text", "student": "text", "result": "text"},
    ),
    "studentRegistration.csv": (
        "oulad_registration_row",
        {
            "row_number": "int4",
            "module": "text",
            "presentation": "text",
            "student": "text",
            "registered": "int4",
            "unregistered": "int4",
        },
    ),
    "studentAssessment.csv": (
        "oulad_attempt_row",
        {"row_number": "int4", "assessment": "text", "student": "text", "day": "int4", "banked": "bool", "score": "float8"},
    ),
}
MADE_TABLES = (
    "oulad_course",
    "oulad_term",
    "oulad_quiz",
    "oulad_person",
    "oulad_student",
    "oulad_registration",
    "oulad_enrollment",
    "oulad_attempt",
)


def import_oulad(session: Session, folder: Path, *, progress: Progress = silent, dry_run: bool = False) -> ImportReport:
    """Bring the database to what the five files of OULAD say, and tell what became of every row.

    Importing the same files twice changes nothing the second time. Nobody is dropped because the files do not name
    them. Rows of the data set become: courses.csv terms, courses, their weeks and one made lecturer per module;
    assessments.csv quizzes; studentInfo.csv and studentRegistration.csv students and enrollments; studentAssessment.csv
    attempts. The mastery of `ImportReport.touched` is out of date afterwards: `services.mastery.refresh` mends it.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    folder
        With courses.csv, assessments.csv, studentInfo.csv, studentRegistration.csv and studentAssessment.csv.
    progress
        Receives each step, and how many rows of it are done.
    dry_run
        Give the same report and write nothing.

    Raises
    ------
    ImportFileError
        The folder or a file is missing, cut off, not text, or has other columns.
    NotPermittedError
        The signed-in person is no administrator.
    ConflictError
        Somebody changed the same rows at the same time.
    """
    progress("Opening the files", 0, None)
    source = oulad.read(folder)
    progress("Waiting for other imports to end", 0, None)
    with importing(session, dry_run=dry_run):
        _stage(session, source, progress)
        statements = Statements(session, "oulad.sql")
        entities = _write(statements, progress)
        progress("Counting", 0, None)
        report = _report(session, statements, source, entities, dry_run=dry_run)
        _drop(session)
        if not dry_run:
            record(session, report)
    return report


def _stage(session: Session, source: oulad.OuladFolder, progress: Progress) -> None:
    for name, (table, columns) in STAGED.items():
        file = source.files[name]
        rows = oulad.with_calendar(iter(file)) if name == "courses.csv" else iter(file)
        # The last line may lack its line end, and the first one is the header.
        stage_rows(session, table, columns, reported(rows, progress, f"Reading {name}", file.csv.text.n_lines))
        add_rejections(session, file.csv.rejections)


def _write(run: Statements, progress: Progress) -> Counter[str]:
    """Judge and write one subject after the other; return how many of what only SQL knows were added."""
    added: Counter[str] = Counter()
    progress("Writing terms and courses", 0, None)
    run.build("oulad_course", "courses")
    run.run("course_rejections", "course_warnings")
    run.build("oulad_term", "terms")
    run.run("add_terms", "widen_terms", "find_added_terms", "name_terms")
    added["lecturers"] = run.run("add_lecturers")
    run.run("add_courses", "find_added_courses", "name_courses")
    added["weeks"] = run.run("add_weeks")
    progress("Writing quizzes", 0, None)
    run.build("oulad_quiz", "quizzes")
    run.run("quiz_rejections", "quiz_warnings", "add_quizzes", "find_added_quizzes", "change_quizzes")
    progress("Writing students", 0, None)
    run.build("oulad_person", "people")
    added["students"] = run.run("add_people")
    run.build("oulad_student", "students")
    run.run("name_people")
    progress("Writing enrollments", 0, None)
    run.build("oulad_registration", "registrations")
    run.build("oulad_enrollment", "enrollments")
    run.run("enrollment_rejections", "enrollment_warnings", "add_enrollments", "change_enrollments")
    progress("Checking attempts", 0, None)
    run.run("attempts", "attempt_rejections", "attempt_warnings")
    progress("Writing attempts", 0, None)
    run.run("add_attempts", "change_attempts")
    return added


def _report(session: Session, run: Statements, source: oulad.OuladFolder, added: Mapping[str, int], *, dry_run: bool) -> ImportReport:
    order = list(source.files)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for file, state, count in cast("list[tuple[str, str, int]]", run.read("row_states")):
        rows[file][state] = count
    things: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, state, count in cast("list[tuple[str, str, int]]", run.read("entity_states")):
        things[kind][state] = count
    (totals,) = cast("list[Any]", run.read("totals"))
    for kind in ("lecturers", "weeks", "students"):
        things[kind] = Counter(added=added[kind], unchanged=int(getattr(totals, kind)) - added[kind])
    return ImportReport(
        format=oulad.FORMAT,
        name=source.name,
        sha256=source.sha256,
        dry_run=dry_run,
        files=tuple(
            FileCounts(
                file=name,
                rows_in=opened.csv.rows_in,
                added=rows[name]["added"],
                changed=rows[name]["changed"],
                unchanged=rows[name]["unchanged"],
                rejected=rows[name]["rejected"] + len(opened.csv.rejections),
                skipped_columns=opened.csv.skipped_columns,
            )
            for name, opened in source.files.items()
        ),
        entities=tuple(
            EntityCounts(kind, things[kind]["added"], things[kind]["changed"], things[kind]["unchanged"])
            for kind in ("terms", "lecturers", "courses", "weeks", "quizzes", "students", "enrollments", "attempts")
        ),
        rejections=rejections(session, order),
        warnings=warnings(session, order),
        notes=(*source.notes, *_notes(added["lecturers"], totals.students, totals.students_in_several)),
        touched=tuple((student, course, week) for student, course, week in cast("list[tuple[int, int, int]]", run.read("touched"))),
    )


def _notes(lecturers: int, students: int, several: int) -> list[str]:
    notes = [
        f"OULAD names no lecturers: each module has a made one, lecturer.<module>@oulad.invalid, without a login ({lecturers} made now).",
        "OULAD has no names or addresses of students: they are called Student <id>, and their addresses in .invalid receive nothing.",
        "OULAD has no topics: the weeks are called Week 1, Week 2 and so on. The weights of assessments are checked, not kept.",
        "OULAD has days without hours: submissions are set to 12:00 UTC.",
    ]
    if several:
        notes.append(f"Students in several presentations: {several:,} of {students:,}.")
    return notes


def _drop(session: Session) -> None:
    """Remove the temporary tables, so that another import can follow in the same transaction."""
    tables = ", ".join((*MADE_TABLES, *(table for table, _ in STAGED.values()), "import_rejection", "import_warning"))
    session.execute(text(f"DROP TABLE {tables}"))
