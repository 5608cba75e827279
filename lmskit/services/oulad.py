"""Import the Open University Learning Analytics Dataset: files to staging by COPY, then whole sets of rows at a time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from lmskit.importers import oulad
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport
from lmskit.progress import reported, silent
from lmskit.services.importing import (
    ImportOptions,
    Statements,
    TouchedRow,
    add_rejections,
    all_rejections,
    all_warnings,
    importing,
    record,
    states_of,
)
from lmskit.services.staging_table import StagingTable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.progress import Progress

STAGED: Mapping[str, StagingTable[Any]] = {
    "courses.csv": StagingTable("oulad_course_row", oulad.OuladCourse),
    "assessments.csv": StagingTable("oulad_assessment_row", oulad.OuladAssessment),
    "studentInfo.csv": StagingTable("oulad_student_row", oulad.OuladStudent),
    "studentRegistration.csv": StagingTable("oulad_registration_row", oulad.OuladRegistration),
    "studentAssessment.csv": StagingTable("oulad_attempt_row", oulad.OuladResult),
}
"""The table that each file is staged in."""
MADE_TABLES = (
    "oulad_course",
    "oulad_term",
    "oulad_quiz",
    "oulad_person",
    "oulad_student",
    "oulad_registration",
    "oulad_enrollment",
    "oulad_stored",
    "oulad_attempt",
)


class TotalsRow(NamedTuple):
    """How many lecturers, weeks and students the accepted rows have, and how many students are in several presentations."""

    lecturers: int
    weeks: int
    students: int
    students_in_several: int


def import_oulad(session: Session, folder: Path, options: ImportOptions | None = None, *, progress: Progress = silent) -> ImportReport:
    """Bring the database to what the five files of OULAD say, and report the outcome of every row.

    Importing the same files twice changes nothing the second time. Students who are not in the files stay enrolled. The files
    become: courses.csv terms, courses, their weeks and one invented lecturer per module; assessments.csv quizzes;
    studentInfo.csv and studentRegistration.csv students and enrollments; studentAssessment.csv attempts. The mastery of
    `ImportReport.touched` is out of date afterwards: `services.mastery.refresh` computes it again.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    folder
        With courses.csv, assessments.csv, studentInfo.csv, studentRegistration.csv and studentAssessment.csv.
    options
        Only `dry_run` is used.
    progress
        Receives each step, and how many of its rows are done.

    Raises
    ------
    ImportFileError
        The folder or a file is missing, cut off, not text, or has other columns.
    NotPermittedError
        The signed-in person is not an administrator.
    ConflictError
        Another person changed the same rows at the same time.
    """
    dry_run = options is not None and options.dry_run
    progress("Opening the files", 0, None)
    source = oulad.read(folder)
    progress("Waiting for other imports to end", 0, None)
    with importing(session, oulad.FORMAT, source.name, dry_run=dry_run) as run:
        _stage(session, source, progress)
        statements = Statements(session, "oulad.sql")
        entities = _write(statements, progress)
        progress("Counting", 0, None)
        report = _report(session, statements, source, entities, dry_run=dry_run)
        _drop(session)
        if not dry_run:
            record(session, run, report)
    return report


def _stage(session: Session, source: oulad.OuladFolder, progress: Progress) -> None:
    for name, table in STAGED.items():
        file = source.files[name]
        table.create(session)
        # The last line may lack its line end, and the first one is the header.
        table.copy(session, reported(file, progress, f"Reading {name}", file.csv.text.n_lines))
        add_rejections(session, file.csv.rejections)


def _write(run: Statements, progress: Progress) -> Counter[str]:
    """Validate and write one subject after the other; return how many lecturers, weeks and students were added."""
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
    run.build("oulad_stored", "stored_attempts")
    run.run("attempts", "attempt_rejections", "attempt_warnings")
    progress("Writing attempts", 0, None)
    run.run("add_attempts", "change_attempts")
    return added


def _report(session: Session, run: Statements, source: oulad.OuladFolder, added: Mapping[str, int], *, dry_run: bool) -> ImportReport:
    order = list(source.files)
    rows, things = states_of(run, "row_states"), states_of(run, "entity_states")
    (totals,) = run.read("totals", TotalsRow)
    for kind in ("lecturers", "weeks", "students"):
        things[kind] = Counter(added=added[kind], unchanged=totals._asdict()[kind] - added[kind])
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
        rejections=all_rejections(session, order),
        warnings=all_warnings(session, order),
        notes=(*source.notes, *_notes(added["lecturers"], totals.students, totals.students_in_several)),
        touched=tuple(run.read("touched", TouchedRow)),
    )


def _notes(lecturers: int, students: int, several: int) -> list[str]:
    notes = [
        (
            "OULAD has no lecturers: each module has an invented one, lecturer.<module>@oulad.invalid, without a login "
            f"({lecturers} added now)."
        ),
        "OULAD has no names or addresses of students: they are called Student <id>, and their addresses in .invalid receive nothing.",
        "OULAD has no topics: the weeks are called Week 1, Week 2 and so on. The weights of assessments are checked, not kept.",
        "OULAD has days without hours: submissions are set to 12:00 UTC.",
    ]
    if several:
        notes.append(f"Students in several presentations: {several:,} of {students:,}.")
    return notes


def _drop(session: Session) -> None:
    """Drop the temporary tables, so that another import can follow in the same transaction."""
    tables = ", ".join((*MADE_TABLES, *(table.name for table in STAGED.values()), "import_rejection", "import_warning"))
    session.execute(text(f"DROP TABLE {tables}"))
