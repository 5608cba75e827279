"""From the records of a source to the tables, in one transaction, with an account of every row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from lmskit.db.bulk import stage
from lmskit.errors import ImportFileError
from lmskit.importers.report import Outcome
from lmskit.progress import Progress, silent
from lmskit.services.file_import.notices import enqueue_messages
from lmskit.services.file_import.options import found_options
from lmskit.services.file_import.quizzes import Quizzes
from lmskit.services.file_import.report import Written, make_report
from lmskit.services.file_import.staging import stage_source
from lmskit.services.file_import.validation import Validation
from lmskit.services.importing import Statements, add_warnings, importing, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.record import Source
    from lmskit.importers.report import ImportReport
    from lmskit.services.file_import.options import Options
    from lmskit.services.file_import.staging import Staged


PLANNING = ("enable_nestloop", "jit")


def import_file(
    session: Session,
    source: Source,
    *,
    course: str | None = None,
    lecturer: str | None = None,
    term: str | None = None,
    week: int | None = None,
    notify: bool = False,
    withdraw_missing: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Bring the database to what a file says, and tell what became of every row.

    People are looked for by their id in the source system, then by their SIS id, then by address; what contradicts itself is
    rejected. Importing the same file twice changes nothing the second time. Nobody is dropped because the file does not
    name them, unless asked for. The mastery of `ImportReport.touched` is out of date afterwards: `services.mastery.refresh`
    mends it.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    source
        An opened file, such as ``detected(path).open(path, ReadOptions())``.
    course
        Code of the course that the file is about, where it does not say so itself.
    lecturer
        Address of a lecturer who is here, for new courses without a teacher in the file.
    term
        Code of a term that is here, for new courses whose term the file does not tell.
    week
        For new quizzes whose title names no week.
    notify
        Let new students wait, pending, for a message that confirms their place; `services.delivery` sends it.
    withdraw_missing
        Withdraw whoever is enrolled in a course for which the file names students, and is not among them.
    dry_run
        Give the same report and write nothing.
    progress
        Is told each step. What it raises cancels the import; roll the transaction back then.

    Raises
    ------
    ImportFileError
        A file cannot be read to its end; or somebody is to be withdrawn for missing in a file of which not every row can be
        imported.
    InputError
        The file does not say which course it is about, and `course` does not either.
    CourseNotFoundError, LecturerNotFoundError, TermNotFoundError
        There is none of this code or address.
    NotPermittedError
        The signed-in person is no administrator.
    ConflictError
        Somebody changed the same rows at the same time.
    """
    tell = progress
    options = found_options(session, source.system, course=course, lecturer=lecturer, term=term, week=week, notify=notify)
    if withdraw_missing and getattr(source, "is_partial", False):
        raise ImportFileError(f"{source.name} names only what has changed, so nobody can be withdrawn for missing in it.")
    tell("Waiting for other imports to end", 0, None)
    with importing(session, dry_run=dry_run), _joining_sets(session):
        report = _Import(session, source, options, tell).run(withdraw_missing=withdraw_missing, dry_run=dry_run)
        if not dry_run:
            record(session, report)
    return report


@contextmanager
def _joining_sets(session: Session) -> Iterator[None]:
    """Let the planner join whole sets with each other.

    It knows little about tables that were filled a moment ago. Where it takes thousands of rows for a few, it looks through
    one set for each row of another, which takes minutes; a hash takes little longer even for a few. The cost that it then
    counts for other loops would make it compile statements.
    """
    for setting in PLANNING:
        session.execute(text(f"SET LOCAL {setting} = off"))
    yield
    for setting in PLANNING:
        session.execute(text(f"SET LOCAL {setting} TO DEFAULT"))


class _Import:
    """One import, from the first row to the report."""

    def __init__(self, session: Session, source: Source, options: Options, tell: Progress) -> None:
        self._session, self._source, self._options, self._tell = session, source, options, tell
        self._people = Statements(session, "file_import/people.sql")
        self._courses = Statements(session, "file_import/courses.sql")
        self._enrollments = Statements(session, "file_import/enrollments.sql")
        self._attempts = Statements(session, "file_import/attempts.sql")
        self._written = Written()

    def run(self, *, withdraw_missing: bool, dry_run: bool) -> ImportReport:
        session, source = self._session, self._source
        self._options.stage(session)
        stage(session, "file_rejected", {"unit": "integer PRIMARY KEY", "value": "text", "reason": "text"})
        stage(session, "file_added_person", {"who": "integer PRIMARY KEY", "person_id": "bigint"})
        staged = stage_source(session, source, self._tell, has_course=self._options.course is not None)
        quizzes = Quizzes(session, staged, self._options.course, system=source.system, week=self._options.week)
        Validation(session).run(self._tell)
        if withdraw_missing:
            self._refuse_to_withdraw(staged)
        self._write(quizzes)
        if withdraw_missing:
            self._withdraw_missing()
        self._tell("Counting", 0, None)
        report = make_report(session, source, self._options, quizzes, self._written, dry_run=dry_run)
        self._drop()
        return report

    def _write(self, quizzes: Quizzes) -> None:
        session, tell = self._session, self._tell
        tell("Writing people", 0, None)
        self._people.build("file_taken_person", "taken_people")
        self._people.run("person_warnings", "add_people", "change_people", "name_people")
        session.execute(text("ANALYZE file_added_person"))
        tell("Writing courses", 0, None)
        self._courses.run("add_terms", "find_terms", "change_terms", "name_terms")
        self._courses.build("file_teacher", "teachers")
        self._courses.run("find_lecturers", "course_states", "teacher_states", "teacher_warnings")
        self._courses.run("add_courses", "change_courses", "find_courses", "name_courses")
        tell("Writing enrollments", 0, None)
        self._enrollments.build("file_place", "places")
        self._enrollments.run("place_warnings", "add_enrollments", "call_back_messages", "change_enrollments")
        if self._options.notify:
            self._written.n_messages = enqueue_messages(session, self._enrollments)
        tell("Writing attempts", 0, None)
        quizzes.write()
        add_warnings(session, quizzes.warnings)
        self._attempts.build("file_written", "written")
        self._attempts.run("add_attempts", "change_attempts", "total_warnings")

    def _refuse_to_withdraw(self, staged: Staged) -> None:
        """Refuse where a row that cannot be imported might name somebody who would be withdrawn for missing."""
        unread = [one for part in self._source.parts if part.name in staged.enrollment_parts for one in part.rejections]
        statement = """
            SELECT f.name, u.row_number, r.reason
            FROM file_rejected AS r
            JOIN file_unit AS u ON u.unit = r.unit
            JOIN file_part AS f ON f.part = u.part
            JOIN file_enrollment AS e ON e.unit = r.unit
            ORDER BY f.position, u.row_number
            LIMIT 1
        """
        found = self._session.execute(text(statement)).first()
        if unread or found is not None:
            first = str(unread[0]) if unread or found is None else f"{found[0]}, row {found[1]}: {found[2]}"
            raise ImportFileError(
                "Nobody can be withdrawn for missing while rows that name students cannot be imported; nothing was written. "
                f"Mend the file, or leave --withdraw-missing out. The first: {first}."
            )

    def _withdraw_missing(self) -> None:
        self._tell("Withdrawing who is missing", 0, None)
        self._enrollments.build("file_missing", "missing")
        self._enrollments.run("call_back_messages_of_missing", "withdraw_missing")
        self._written.withdrawn = [
            Outcome(self._source.name, None, None, "withdrawn", f"{name} · {code}", "is not named in the file")
            for name, code in cast("Sequence[tuple[str, str]]", self._enrollments.read("missing_students"))
        ]

    def _drop(self) -> None:
        """Remove the temporary tables, so that another import can follow in the same transaction."""
        names = [str(name) for (name,) in Statements(self._session, "file_import/outcomes.sql").read("temporary_tables")]
        self._session.execute(text(f"DROP TABLE {', '.join(names)}"))
