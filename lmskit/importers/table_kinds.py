"""The kinds of tables that are recognised by their columns, each with what to do with a table of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers import advice
from lmskit.importers.moodle.gradebook import DISPLAYS
from lmskit.importers.plain_headers import columns_of_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_DISPLAYED = rf".*\((?:{'|'.join(sorted(word for words in DISPLAYS.values() for word in words))})\)"
_GRADED_QUESTION = r"(?:question|q|frage|aufgabe|exercise|task|problem|pregunta|ejercicio) ?\.? ?[0-9]{1,3}[a-z]?"

_POINTS = r"[0-9]{1,4}(?:[.,][0-9]{1,2})? ?(?:pts?|points?|punkte?|pkte?|p|puntos?|mark[s]?|%)?\.?"
_OF_A_PERSON = r"(?!(?:tel|phone|mobil|handy|fax|e-?mail|mail|addr|adress|dirección|parent|guardian|eltern|contact|kontakt|name|vorname))"
_TOTALS = (
    r"(?:(?:grand|overall|course|quiz|exam) )?(?:total|totals|sum|result|results|percentage|percent|summe|gesamt|gesamtpunkte"
    r"|gesamtpunktzahl|gesamtergebnis|punktesumme|ergebnis|endergebnis|endnote|gesamtnote|abschlussnote|prozent|total points|total mark[s]"
    r"|final score|final mark|final result|score ?%|score ?\(%\)|somme|total des points|note finale|note totale|résultat|pourcentage|suma"
    r"|puntos totales|puntuación total|nota final|calificación final|resultado|porcentaje|punkte gesamt|points total)(?: ?[(\[/].*)?"
)
_GRADED_WORK = (
    r"(?:hw|homework|quiz|exam|midterm|test|assignment|assessment|problem set|hausaufgabe|übungsblatt|klausur|testat|devoir|examen|contrôle"
    r"|tarea|prueba|cuestionario|práctica) ?#?[0-9]{1,3}"
)
_PARTS_OF_A_COURSE = (
    r"(?:week|woche|semaine|semana|uni[t]|lecture|session|sitzung|termin|séance|sesión|module|modul|módulo|chapter|kapitel|übung|hü|ü|ha|ss?t"
    r"|day|tag|task|lab) ?[0-9]{1,2}|essay|essai|ensayo|attendance|participation|presentation|anwesenheit|mitarbeit|präsentation|referat"
    r"|hausarbeit|bonus|bonuspunkte|extra credit|présence|exposé|asistencia|participación|presentación|midterm|final|klausur|exam|note"
    r"|grade|bewertung|calificación|nota|mark[s]?|feedback"
)
_ASSIGNMENT = (
    r"(?:hw|homework|quiz|exam|midterm|final|test|lab|assignment|assessment|project|sheet|worksheet|exercise sheet|blatt|übung|"
    r"übungsblatt|serie|hausaufgabe|klausur|testat|devoir|examen|contrôle|tp|td|tarea|práctica|prueba|e|a|p|ws|pa|ps|mp) ?[0-9]{1,3}"
    r"|midterm(?: exam)?|final exam"
)
_PLAIN = "plain results with the columns id, quiz, score and max_score"
_ONE_AS_PLAIN = f"lmskit does not read it. Save one assignment as {_PLAIN}."
RESULTS = "a table of results, whose scores a roster would leave out"
_ONE_COLUMN = f"{advice.ONE_BY_ONE}; or save each assignment as {_PLAIN}. {advice.ONLY_PEOPLE}"


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
    unless: frozenset[str] = frozenset()
    """Fields of plain tables with which, if they are all there, it is a plain table."""
    is_of_scores: bool = False
    """Whether its distinctive columns are scores of any system: one without a score does not count, and a person may say what is read."""
    advice: str = ""
    """What to export or to do instead; a sentence."""

    def matches(self, headers: Sequence[str], without_scores: Collection[int] = ()) -> float:
        """Return how near a table is, from 0 to 1: the share of the columns of `besides` that it has; 0 without the distinctive ones.

        `without_scores` are the indices of columns without a score.
        """
        left_out = without_scores if self.is_of_scores else ()
        if sum(index not in left_out for index in self.distinctive_columns(headers)) < self.least:
            return 0.0
        fields = columns_of_fields(headers, {}).keys() if self.without or self.unless else set()
        if self.without & fields or (self.unless and self.unless <= fields):
            return 0.0
        found = sum(any(re.fullmatch(known, header) for header in headers) for known in self.besides)
        return (1 + found) / (1 + len(self.besides))

    def distinctive_columns(self, headers: Sequence[str]) -> list[int]:
        """Return the indices of the headers that only this kind of table has."""
        return [index for index, header in enumerate(headers) if any(re.fullmatch(known, header) for known in self.distinctive)]


_NAMES = (r"first name|vorname|prénom|nombre", r"last name|surname|nachname|nom|nom de famille|apellido\(s\)|apellidos")
KINDS: tuple[DistinctiveColumns, ...] = (
    DistinctiveColumns(
        "a Canvas gradebook",
        (r".*[^ ] \([0-9]{1,20}\)", r"(?:.* )?(?:unposted )?(?:current|final) (?:score|grade|points)"),
        (
            "student|lastname|estudiante|étudiant|studierende/r|schüler/in",
            "id",
            "section|sección|abschnitt",
            "sis (?:login|user) id|.*(?:de|utilisateur) sis|sis-.*-id",
        ),
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
        format="moodle-log",
        advice="Download it from Moodle again under Reports, Logs, with all its columns.",
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
        advice=f"lmskit reads lists of people. {advice.ROSTER}",
    ),
    DistinctiveColumns(
        "a list of users, as a web service of Moodle gives it",
        ("mailformat", "trackforums", "profileimageurl", "profileimageurlsmall", "firstaccess", "lastaccess"),
        least=3,
        advice=(f"It does not say who is a student and who teaches. Export the gradebook, whose rows are students. {advice.ROSTER}"),
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
        format="blackboard-gradebook",
        advice="Download it from Blackboard again (Work Offline, Download, Full Grade Center) and leave its headers as they are.",
    ),
    DistinctiveColumns(
        "a Brightspace gradebook",
        ("orgdefinedid", "end-of-line indicator", ".* points grade .*"),
        ("last name", "first name", "username"),
        advice=_ONE_AS_PLAIN,
    ),
    DistinctiveColumns(
        "the answers to a test in Blackboard",
        ("question id [0-9]{1,4}", "possible points [0-9]{1,4}", "auto score [0-9]{1,4}", "manual score [0-9]{1,4}"),
        least=2,
        advice="lmskit does not read it. Save the results as a plain table with the columns id, quiz, score and max_score.",
    ),
    DistinctiveColumns(
        "the answers to a quiz in Microsoft Forms",
        (
            "points - .*",
            "feedback [-\u2013] .*",
            "punkte [-\u2013] .*",
            "completion time",
            "total points|gesamtpunktzahl",
            "quiz feedback|quizfeedback",
        ),
        least=2,
        advice=f"{advice.SUM_OF_POINTS}.",
    ),
    DistinctiveColumns(
        "results of PrairieLearn by question or assessment, without the points of the assessment",
        (
            "assessment",
            "assessment label",
            "assessment instance",
            "question points",
            r"(?:question )?score \(%\)|question % score",
            "set",
            "uid",
        ),
        least=3,
        unless=frozenset({"quiz", "score"}),
        advice=(
            "In PrairieLearn, download the file ending in _instances.csv of the assessment, which has Assessment, Points and Max points in "
            "one row for each student."
        ),
    ),
    DistinctiveColumns(
        "a table of scores with points in its header",
        (r".*\([0-9.,]{1,12} ?(?:pts?|points?|punkte?)\.?\)",),
        format="gradescope",
        advice=f"For the scores of several assignments, save each as {_PLAIN}.",
    ),
    DistinctiveColumns(
        "scores with a column per question, without their points",
        (_GRADED_QUESTION,),
        least=2,
        is_of_scores=True,
        format="gradescope",
        advice=(
            "Write the points of each question into its header, such as “Q1 (4 pts)”, and call the column of the sum Total Score. "
            f"{advice.ONLY_PEOPLE}"
        ),
    ),
    DistinctiveColumns(
        "scores with a column per assignment, without their points",
        (_ASSIGNMENT,),
        least=2,
        is_of_scores=True,
        advice=f"Save each assignment as {_PLAIN}. {advice.ONLY_PEOPLE}",
    ),
    DistinctiveColumns(
        RESULTS,
        (_TOTALS, _GRADED_WORK, rf".*[^ ] ?[(\[](?:max\.? ?|/ ?|out of |von |sur |de |sobre ){_POINTS}[)\]]"),
        is_of_scores=True,
        unless=frozenset({"quiz", "score"}),
        advice=_ONE_COLUMN,
    ),
    DistinctiveColumns(
        RESULTS,
        (_PARTS_OF_A_COURSE, rf"{_OF_A_PERSON}.*[^ ] ?[(\[]{_POINTS}[)\]]", rf"{_OF_A_PERSON}(?:.*[^ 0-9]/|.* / ?){_POINTS}"),
        least=2,
        is_of_scores=True,
        unless=frozenset({"quiz", "score"}),
        advice=_ONE_COLUMN,
    ),
)
"""The kinds of tables that are recognised by their columns."""
COMPLETION = DistinctiveColumns(
    "a list of the completion of activities in Moodle",
    (),
    format="moodle-completion",
    advice="Download it from Moodle again under Reports, Activity completion.",
)
PARTICIPANTS = DistinctiveColumns(
    "a list of the participants of a Moodle course",
    (),
    advice=(
        "It does not say who is a student and who teaches. Add a column Roles with the words Student and Teacher; or export the gradebook, "
        f"whose rows are students, or a file for Upload users, which has roles; or, if all its people are students, {advice.ALL_STUDENTS}."
    ),
)
