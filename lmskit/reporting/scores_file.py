"""Write the scores of a course into a file that the gradebook of Canvas or of Moodle imports.

Both import CSV files with a row for each student and a column for each quiz. What they make of a cell that lmskit leaves blank is up to
them: Moodle removes the grade of the student, and Canvas offers to; so a quiz is a column only if a student has a result in it.

Sources: `lib/gradebook_importer.rb` of Canvas, `grade/import/csv/classes/load_data.php` of Moodle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.names import display_name
from lmskit.queries.course_export import EXCUSED, exported_gradebook, ids_of_quizzes, ids_of_students
from lmskit.reporting.table_file import require_new_file, write_table
from lmskit.vocabulary import GradebookSystem, ResultAttempt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from sqlalchemy.orm import Session

    Row = Mapping[str, Any]

POINTS_POSSIBLE = "    Points Possible"
STORED = Decimal("0.0001")


@dataclass(frozen=True)
class WrittenScores:
    """What a file of scores has: its students, its quizzes, and the students whom the system could not find."""

    n_students: int
    n_quizzes: int
    left_out: Sequence[str]


@dataclass
class _Scores:
    """The results of a course by student and quiz; both in the order of columns and rows."""

    quizzes: dict[int, Row] = field(default_factory=dict)
    students: dict[int, Row] = field(default_factory=dict)
    cells: dict[tuple[int, int], Decimal | str | None] = field(default_factory=dict)

    def of(self, student: int) -> list[Decimal | str | None]:
        """The cells of a student."""
        return [self.cells.get((student, quiz)) for quiz in self.quizzes]


def export_scores(
    session: Session, course: str, to: Path, system: GradebookSystem, *, counted: ResultAttempt = ResultAttempt.HIGHEST
) -> WrittenScores:
    """Write the scores of the active and completed students of `course` into a new CSV file for a system.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    InputError
        The file exists, cannot be made or does not end with .csv, or two quizzes have one title by which the system would find them.
    """
    if to.suffix.lower() != ".csv":
        raise InputError(f"{to} is not the name of a CSV file, which {system.value.title()} imports. End it with .csv.")
    require_new_file(to)
    scores = _scores(exported_gradebook(session, course, counted), system)
    write = _canvas if system is GradebookSystem.CANVAS else _moodle
    return write(session, course, to, scores)


def _scores(rows: Sequence[Row], system: GradebookSystem) -> _Scores:
    scores = _Scores()
    for row in sorted(rows, key=lambda row: (row["family_name"], row["given_name"], row["student_id"])):
        scores.students.setdefault(row["student_id"], row)
    for row in rows:
        scores.quizzes.setdefault(row["quiz_id"], row)
        scores.cells[row["student_id"], row["quiz_id"]] = _score_of(row, system)
    return scores


def _score_of(row: Row, system: GradebookSystem) -> Decimal | str | None:
    """The score out of the maximum of the quiz. Moodle takes numbers alone, and Canvas `EX`, too."""
    if row["instead_of_score"] is not None:
        return EXCUSED if row["instead_of_score"] == EXCUSED and system is GradebookSystem.CANVAS else None
    score: Decimal = row["score"]
    maximum, of_quiz = row["max_score"], row["quiz_max_score"]
    return score if maximum in {of_quiz, 0} else (score * of_quiz / maximum).quantize(STORED)


def _canvas(session: Session, course: str, to: Path, scores: _Scores) -> WrittenScores:
    """Canvas finds students by its id, then SIS id, then login, then name, and a column by the id of its assignment, then by its title."""
    quiz_ids, student_ids = ids_of_quizzes(session, course, "canvas"), ids_of_students(session, course, "canvas")
    titles = [f"{row['quiz']} ({quiz_ids[quiz]})" if quiz in quiz_ids else row["quiz"] for quiz, row in scores.quizzes.items()]
    _refuse_repeated(titles)
    names = Counter(_name(row) for row in scores.students.values())
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]
    possible = [POINTS_POSSIBLE, *[None] * 4, *(row["quiz_max_score"] for row in scores.quizzes.values())]
    rows, left_out = [], []
    for student, row in scores.students.items():
        ids = (student_ids.get(student), row["sis_id"], row["email"])
        if any(ids) or names[_name(row)] == 1:
            rows.append([_name(row), *ids, _sentence(row["sections"]), *scores.of(student)])
        else:
            left_out.append(_name(row))
    write_table(to, header, [possible, *rows], encoding="utf-8")
    return WrittenScores(len(rows), len(titles), left_out)


def _moodle(_session: Session, _course: str, to: Path, scores: _Scores) -> WrittenScores:
    """Moodle refuses the whole file for one student whom it does not find, so those with neither an address nor an id are left out."""
    titles = [f"Quiz: {row['quiz']} (Real)" for row in scores.quizzes.values()]
    _refuse_repeated(titles)
    header = ["First name", "Last name", "ID number", "Email address", *titles]
    known = {student: row for student, row in scores.students.items() if row["sis_id"] or row["email"]}
    rows = [[row["given_name"], row["family_name"], row["sis_id"], row["email"], *scores.of(student)] for student, row in known.items()]
    write_table(to, header, rows, encoding="utf-8")
    return WrittenScores(len(rows), len(titles), [_name(row) for student, row in scores.students.items() if student not in known])


def _refuse_repeated(titles: Sequence[str]) -> None:
    twice = [title for title, times in Counter(titles).items() if times > 1]
    if twice:
        raise InputError(
            f"Two quizzes are called {twice[0]!r}, so that their scores would be mixed. Nothing was written; rename one of them."
        )


def _name(row: Row) -> str:
    return display_name(row["family_name"], row["given_name"])


def _sentence(names: Sequence[str]) -> str:
    """Several sections as Canvas writes them: "A and B", or "A, B, and C"."""
    if len(names) <= 2:  # noqa: PLR2004 - one and one more
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"
