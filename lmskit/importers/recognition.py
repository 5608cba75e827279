"""What a file is that no reader takes: the format to which it is nearest by its distinctive columns, and what to export instead.

A distinctive column is one that only a kind of table has, such as `Quiz: Week 1 (Real)` of a Moodle gradebook. A table with
such columns is never read as a plain roster, which would leave its grades out in silence; and a refusal says what the table
seems to be, what is wrong with it, and what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.file_content import advice_on_content
from lmskit.importers.moodle.gradebook import DISPLAYS
from lmskit.importers.moodle.words import HEADERS as MOODLE_HEADERS
from lmskit.importers.moodle.words import PERSON
from lmskit.importers.plain_headers import KNOWN, columns_of_fields, plain_header
from lmskit.importers.report import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOWN_COLUMNS = 8
CUT, MOST_HEADERS = 100, 500
"""Characters at each end of a header, and headers of a table, that are looked at."""
_DISPLAYED = rf".*\((?:{'|'.join(sorted(word for words in DISPLAYS.values() for word in words))})\)"
_GRADED_QUESTION = r"(?:question|q|frage|aufgabe|exercise|task|problem|pregunta|ejercicio) ?\.? ?[0-9]{1,3}[a-z]?"

_ASSIGNMENT = (
    r"(?:hw|homework|quiz|exam|midterm|final|test|lab|assignment|assessment|project|sheet|worksheet|exercise sheet|blatt|übung|"
    r"übungsblatt|serie|hausaufgabe|klausur|testat|devoir|examen|contrôle|tp|td|tarea|práctica|prueba|e|a|p|ws|pa|ps|mp) ?[0-9]{1,3}"
    r"|midterm(?: exam)?|final exam"
)


@dataclass(frozen=True, slots=True)
class DistinctiveColumns:
    """A kind of table: the columns that only it has, those that it has besides, and what to do with a table of it.

    All expressions are matched with whole headers in the form of `plain_header`.
    """

    name: str
    """What the table is, with its article."""
    distinctive: tuple[str, ...]
    besides: tuple[str, ...] = ()
    least: int = 1
    """How many headers have to match `distinctive`."""
    format: str | None = None
    """The format that reads such tables if nothing is wrong with them."""
    without: frozenset[str] = frozenset()
    """Fields of plain tables that it never has."""
    advice: str = ""
    """What to export or to do instead; a sentence."""

    def matches(self, headers: Sequence[str]) -> float:
        """Return how near a table is, from 0 to 1: the share of the columns of `besides` that it has; 0 without the distinctive ones."""
        if sum(any(re.fullmatch(known, header) for known in self.distinctive) for header in headers) < self.least:
            return 0.0
        if self.without and self.without & columns_of_fields(headers, {}).keys():
            return 0.0
        found = sum(any(re.fullmatch(known, header) for header in headers) for known in self.besides)
        return (1 + found) / (1 + len(self.besides))


_NAMES = (r"first name|vorname|prénom|nombre", r"last name|surname|nachname|nom|nom de famille|apellido\(s\)|apellidos")
KINDS: tuple[DistinctiveColumns, ...] = (
    DistinctiveColumns(
        "a Canvas gradebook",
        (r".*[^ ] \([0-9]{1,20}\)", r"(?:.* )?(?:unposted )?(?:current|final) (?:score|grade|points)"),
        ("student|lastname", "id", "section", "sis (?:login|user) id"),
        format="canvas-gradebook",
        advice="Export the gradebook from Canvas again (Grades, Export, Export Entire Gradebook) and leave its first rows as they are.",
    ),
    DistinctiveColumns(
        "a Canvas Student Analysis",
        ("[0-9]{1,20}: .*",),
        ("name", "id", "section", "submitted", "n correct"),
        format="canvas-quiz",
        advice="In the statistics of the quiz, export Student Analysis, not Item Analysis, of a quiz that is not anonymous.",
    ),
    DistinctiveColumns(
        "a Moodle gradebook",
        (_DISPLAYED,),
        _NAMES,
        format="moodle-gradebook",
        advice="Export it from Moodle as plain text with the grade display types real and percentage.",
    ),
    DistinctiveColumns(
        "a report on a Moodle quiz",
        (r"(?:grade|bewertung|note|calificación)/[0-9.,]{1,20}", r"(?:q|f|p)\.? ?[0-9]{1,4} ?/[0-9.,]{1,20}", "right answer [0-9]{1,4}"),
        (*_NAMES, "status|state|statut|estado|état"),
        format="moodle-quiz-grades",
        advice="Download the report Grades or Responses of the quiz with all its columns.",
    ),
    DistinctiveColumns(
        "a log of a Moodle course",
        ("user full name", "affected user", "event context", "event name"),
        least=3,
        advice="lmskit reads no logs. Export the gradebook, or the reports of quizzes.",
    ),
    DistinctiveColumns(
        "statistics of a Moodle quiz",
        (
            "quiz name",
            "number of complete graded first attempts",
            "facility index",
            "discrimination index",
            "average grade of all attempts",
            "quizname",
            "numberofcompletegradedfirstattempts",
            "averagegradeofallattempts",
        ),
        least=2,
        advice="lmskit computes statistics itself. Download the reports Grades and Responses of the quiz.",
    ),
    DistinctiveColumns(
        "one file of a OneRoster bundle",
        ("sourcedid", "datelastmodified", "propertyname"),
        advice="Import the folder or the zip archive with manifest.csv and all its files.",
    ),
    DistinctiveColumns(
        "one file of the Canvas SIS files",
        ("account id", "parent account id", "section id", "course id", "term id"),
        least=2,
        without=frozenset({"id", "sis_id", "email"}),
        advice="Import the folder or the zip archive with users.csv, courses.csv, enrollments.csv and the others.",
    ),
    DistinctiveColumns(
        "one file of the Open University Learning Analytics Dataset",
        ("code module", "code presentation", "id student", "id assessment", "id site"),
        least=2,
        advice="Import the folder with all its files.",
    ),
    DistinctiveColumns(
        "a list of groups, courses or other things that are not people",
        (
            "courseid|categoryid|category|kategorie|catégorie|categoría|category path",
            "description|beschreibung|descripción|descriptionformat|summary|summaryformat",
            "shortname|short name|kurzname|nom abrégé|nombre corto",
            "enrolmentkey|enrolment key|visibility|visible|sichtbar|participation",
        ),
        least=2,
        without=frozenset({"email", "family_name", "given_name", "role", "score"}),
        advice="lmskit reads lists of people. If its rows are students: lmskit import csv PATH",
    ),
    DistinctiveColumns(
        "a list of users, as a web service of Moodle gives it",
        ("mailformat", "trackforums", "profileimageurl", "profileimageurlsmall", "firstaccess", "lastaccess"),
        least=3,
        advice=(
            "It does not say who is a student and who teaches. Export the gradebook, whose rows are students; or, if all its people are "
            "students: lmskit import csv PATH"
        ),
    ),
    DistinctiveColumns(
        "a Gradescope gradebook of a whole course",
        (r".* - max points", r".* - submission time", r".* - lateness \(h:m:s\)"),
        least=2,
        advice="In Gradescope, download the grades of each assignment by itself (Review Grades, Download Grades, CSV).",
    ),
    DistinctiveColumns(
        "scores of an assignment in Gradescope",
        ("submission id", r"lateness \(h:m:s\)", r".*\([0-9.]{1,12} pts\)"),
        ("sid", "email", "total score", "max points"),
        least=2,
        format="gradescope",
        advice="In Gradescope, download the grades of the assignment as CSV, with SID or Email, Total Score and its questions.",
    ),
    DistinctiveColumns(
        "a Blackboard gradebook",
        (r".*\[total pts: .*\].*", r".*\|[0-9]{3,12}"),
        ("last name", "first name", "username"),
        advice="lmskit does not read it. Save one assignment as plain results with the columns id, quiz, score and max_score.",
    ),
    DistinctiveColumns(
        "a Brightspace gradebook",
        ("orgdefinedid", "end-of-line indicator", ".* points grade .*"),
        ("last name", "first name", "username"),
        advice="lmskit does not read it. Save one assignment as plain results with the columns id, quiz, score and max_score.",
    ),
    DistinctiveColumns(
        "a table of scores with points in its header",
        (r".*\([0-9.,]{1,12} ?(?:pts?|points?|punkte?)\.?\)",),
        format="gradescope",
        advice="For the scores of several assignments, save each as plain results with the columns id, quiz, score and max_score.",
    ),
    DistinctiveColumns(
        "scores with a column per question, without their points",
        (_GRADED_QUESTION,),
        least=2,
        format="gradescope",
        advice=(
            "Write the points of each question into its header, such as “Q1 (4 pts)”, and call the column of the sum Total Score. "
            "To import only the people: lmskit import csv PATH"
        ),
    ),
    DistinctiveColumns(
        "scores with a column per assignment, without their points",
        (_ASSIGNMENT,),
        least=2,
        advice=(
            "Save each assignment as plain results with the columns id, quiz, score and max_score. "
            "To import only the people: lmskit import csv PATH"
        ),
    ),
)
"""The kinds of tables that are recognised by their columns."""
COMPLETION = DistinctiveColumns(
    "a list of the completion of activities in Moodle",
    (),
    advice="lmskit does not read it. Export the gradebook, whose grades show what was done.",
)
PARTICIPANTS = DistinctiveColumns(
    "a list of the participants of a Moodle course",
    (),
    advice=(
        "It does not say who is a student and who teaches. Export the gradebook, whose rows are students, or a file for Upload users, "
        "which has roles; or, if all its people are students, import it with --all-students."
    ),
)
GROUPS = frozenset({"groups", "gruppen", "groupes", "grupos"})
IDENTITIES = ("username", "sis_id")
COMPLETED = frozenset({"completed", "not completed", "abgeschlossen", "nicht abgeschlossen", "terminé", "non terminé", "completado"})
"""Cells below each activity in Moodle's list of completion."""
HALF = 0.5


def kind_of_headers(headers: Sequence[str]) -> DistinctiveColumns | None:
    """Return the kind of table of these headers, if at least half of its columns are there; None for other headers.

    Examples
    --------
    >>> kind_of_headers(["First name", "Last name", "Quiz: Week 1 (Letter)"]).name
    'a Moodle gradebook'
    >>> kind_of_headers(["First name", "Last name", "E-mail"]) is None
    True
    """
    plain = _plain(headers)
    best = max(KINDS, key=lambda kind: kind.matches(plain))
    return best if best.matches(plain) > HALF else None


def _plain(headers: Sequence[str]) -> list[str]:
    """Return headers as they are compared, of long ones the beginning and the end."""
    return [plain_header(header if len(header) <= 2 * CUT else header[:CUT] + header[-CUT:]) for header in headers[:MOST_HEADERS]]


def kind_of_table(path: Path, *, all_students: bool = False) -> DistinctiveColumns | None:
    """Return the kind of the table at a path; None if it is not a table, or of another kind.

    Parameters
    ----------
    path
        The file.
    all_students
        Whether a list of participants is a roster, since a person said that all of them are students.
    """
    try:
        file = CsvFile(path, [], whole=True)
        if _is_completion(file):
            return COMPLETION
        if not all_students and is_list_of_participants(file.header):
            return PARTICIPANTS
        return kind_of_headers(file.header)
    except ImportFileError:
        return None


def is_list_of_participants(headers: Sequence[str]) -> bool:
    """Return whether headers are those of Moodle's list of participants, whose rows are students and teachers alike.

    Examples
    --------
    >>> is_list_of_participants(["First name", "Last name", "ID number", "Email address", "Groups"])
    True
    >>> is_list_of_participants(["First name", "Last name", "Email address"])
    False
    """
    plain = _plain(headers)
    fields = {next((field for field in PERSON if header in MOODLE_HEADERS[field]), header) for header in plain}
    if not {"given_name", "family_name"} <= fields or "role" in fields:
        return False
    others = {field for field in fields if field not in PERSON}
    return bool(others & GROUPS) or (not others and "email" in fields and bool(fields & set(IDENTITIES)))


def _is_completion(file: CsvFile) -> bool:
    """Return whether the first row below the header consists of people and of words for completion."""
    first = next((cells for _, cells in file.rows()), ())
    return sum(cell.strip().casefold() in COMPLETED for cell in first) > 1


def refusal(path: Path, kind: DistinctiveColumns | None, reason: str | None, formats: str) -> ImportFileError:
    """Return the refusal of a file that no reader takes.

    Parameters
    ----------
    path
        The file, folder or archive.
    kind
        The kind of table to which it is nearest.
    reason
        What is wrong with it as a table of this kind, or as a plain table, as the reader says it.
    formats
        The formats that lmskit reads, for a file that is like none of them.
    """
    name, columns = path.name, _columns(path)
    if kind is not None:
        if reason is None:
            return ImportFileError(
                f"{name} is not in a format that lmskit reads. By its columns {columns} it seems to be {kind.name}. {kind.advice}"
            )
        advice = "" if "xport" in reason else f" {kind.advice}"
        nearest = "" if kind.name in reason else f" It seems to be {kind.name}."
        return ImportFileError(f"{name} is not in a format that lmskit reads.{nearest} {reason}{advice}")
    if described := advice_on_content(path):
        return ImportFileError(f"{name} is not in a format that lmskit reads: {described}")
    if columns:
        missing = reason or "A roster also needs a column family_name or name. Map it: --map name=HEADER"
        return ImportFileError(
            f"{name} is not in a format that lmskit reads. It has the columns {columns}. The nearest format is a plain table (csv). "
            f"{missing.rstrip('.')}. If it is an export of another system, see the formats: lmskit import --help"
        )
    return ImportFileError(f"{name} is not in a format that lmskit reads: {formats}. To choose a format: lmskit import FORMAT PATH")


def _columns(path: Path) -> str:
    """Return the headers of a table with two columns or more, as a refusal names them; empty for other texts."""
    try:
        file = CsvFile(path, [], whole=True)
        is_known = any(plain_header(text) in KNOWN for text in file.header)
        is_table = len(file.header) > 1 and (is_known or (max(map(len, file.header)) <= CUT and next(file.rows(), None) is not None))
    except ImportFileError:
        return ""
    if not is_table:
        return ""
    named = [shortened(text) for text in file.header if text.strip()]
    more = f" and {len(named) - SHOWN_COLUMNS:,} more" if len(named) > SHOWN_COLUMNS else ""
    return ", ".join(named[:SHOWN_COLUMNS]) + more
