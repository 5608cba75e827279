"""What a cell about a result means, by the system and the column that it is in: one table that all readers look it up in.

A column of results holds more than numbers: blanks, dashes, percentages, letters, and words such as “EX” or “Requires grading”. The same
cell means different things in different columns: a dash is an answer in a Canvas report, a blank answer in a Moodle report and no grade in
a gradebook.

Sources of the meanings, in the code of the systems that write the cells:

* Canvas gradebook: `lib/gradebook_exporter.rb` writes the score with at most two decimals and no thousands, `EX` for an excused student,
  `N/A` for a student to whom the assignment is not assigned, and the letter only for a scale of grade points. A complete or incomplete
  assignment has the score of all or no points; the words are those of its import.
* Blackboard gradebook: “In Progress” and “Needs Grading”, and behind them in brackets the points that the attempt has so far; an item
  that shows percentages has their numbers.
* Canvas Student Analysis: `app/models/quizzes/quiz_statistics/student_analysis.rb` writes two blanks for a question that the version of
  the quiz lacks, and no points for an answer that nobody scored.
* Moodle gradebook: `grade/export/lib.php` (`format_grade`) and `lib/gradelib.php` (`grade_format_gradevalue`) write `-` where there is no
  grade, the words of a scale as points, and a percentage of the range from the lowest to the highest grade.
* Moodle gradebook, suspended: `grade/export/txt/grade_export_txt.php` writes “Yes” in the language of the person, or nothing; other
  words are of people who filled in the column.
* Moodle quiz: `mod/quiz/report/overview/overview_table.php` (`other_cols`, `col_sumgrades`) writes `-` for a question without a fraction
  that does not need grading, which in a finished attempt is one that was given up, and for a question of 0 points; “Requires grading”
  where a person has to grade; and `-` as the total of an attempt that is not finished. `responses/responses_table.php` writes `-` for no
  answer.
"""

from __future__ import annotations

import re
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ResultColumn(Enum):
    """A column with cells about results, by the system that writes it."""

    CANVAS_GRADE = "Canvas gradebook: assignment"
    CANVAS_TOTAL = "Canvas quiz: score"
    CANVAS_QUESTION = "Canvas quiz: points of a question"
    CANVAS_RESPONSE = "Canvas quiz: answer"
    BLACKBOARD_GRADE = "Blackboard gradebook: item"
    MOODLE_GRADE = "Moodle gradebook: points"
    MOODLE_PERCENTAGE = "Moodle gradebook: percentage"
    MOODLE_SUSPENDED = "Moodle gradebook: suspended"
    MOODLE_TOTAL = "Moodle quiz: grade"
    MOODLE_QUESTION = "Moodle quiz: points of a question"
    MOODLE_RESPONSE = "Moodle quiz: response"
    PLAIN_SCORE = "plain table: score"
    PLAIN_MAXIMUM = "plain table: maximum score"


class CellKind(Enum):
    """What a cell looks like, whatever column it is in."""

    BLANK = "blank"
    DASH = "-"
    NUMBER = "number"
    NEGATIVE = "negative number"
    PERCENT = "percentage"
    LETTER = "letter"
    EXCUSED = "excused"
    NOT_ASSIGNED = "not assigned"
    WITHDRAWN = "withdrawn"
    NOT_GRADED = "requires grading"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    YES = "yes"
    NO = "no"
    ERROR = "error"
    TEXT = "other text"


class CellMeaning(Enum):
    """What a cell says about a result."""

    SCORE = "points"
    """A number of points; a reader knows its bounds."""
    FLOOR = "0 for a total below 0"
    """A total below 0 is stored as 0, with a warning: no quiz in lmskit has a negative total."""
    PERCENT = "share of the maximum"
    """A percentage of the maximum score, of 100 where that is not known."""
    SCALE = "on a scale"
    """A letter or word: a score if the file has the percentages of the scale, else rejected."""
    FULL = "all points"
    ZERO = "no points"
    BLANK_ANSWER = "0 for a blank answer"
    """No answer in a finished attempt: 0 points, if the total of the attempt shows that."""
    NOT_GRADED = "not graded yet"
    """There is a result without a score."""
    ABSENT = "no result"
    EXCUSED = "excused"
    NOT_ASSIGNED = "not assigned"
    WITHDRAWN = "withdrawn"
    NO_ANSWER = "no answer"
    ANSWER = "the answer"
    ACTIVE = "active"
    UNREADABLE = "rejected"

    @property
    def takes_back(self) -> bool:
        """Whether a score that an earlier export had no longer counts. An excused student keeps it, and it is not evidence."""
        return self in _TAKES_BACK

    @property
    def has_no_score(self) -> bool:
        """Whether the cell is neither a score nor rejected."""
        return self in _TAKES_BACK or self in {CellMeaning.EXCUSED, CellMeaning.NOT_GRADED}


_OTHERS = "all others"
_TAKES_BACK = frozenset({CellMeaning.ABSENT, CellMeaning.NOT_ASSIGNED, CellMeaning.WITHDRAWN})

WORDS: Mapping[CellKind, frozenset[str]] = MappingProxyType(
    {
        CellKind.EXCUSED: frozenset(
            {
                "ex",
                "excused",
                "exempt",
                "exempted",
                "entschuldigt",
                "befreit",
                "excusé",
                "excusée",
                "dispensé",
                "dispensée",
                "exento",
                "exenta",
            }
        ),
        CellKind.NOT_ASSIGNED: frozenset({"n/a", "na", "not assigned", "nicht zugewiesen", "non attribué", "sin asignar", "no asignado"}),
        CellKind.WITHDRAWN: frozenset(
            {"withdrawn", "dropped", "abgemeldet", "ausgetreten", "désinscrit", "désinscrite", "retirado", "retirada"}
        ),
        CellKind.NOT_GRADED: frozenset(
            {
                "not graded",
                "ungraded",
                "not yet graded",
                "requires grading",
                "needs grading",
                "in progress",
                "noch nicht bewertet",
                "nicht bewertet",
                "bewertung notwendig",
                "pas encore évalué",
                "non évalué",
                "nécessite une évaluation",
                "sin calificar",
                "sin calificar aún",
                "requiere calificación",
            }
        ),
        CellKind.COMPLETE: frozenset(
            {"complete", "completed", "vollständig", "abgeschlossen", "complet", "terminé", "completo", "completado"}
        ),
        CellKind.INCOMPLETE: frozenset(
            {
                "incomplete",
                "not completed",
                "unvollständig",
                "nicht abgeschlossen",
                "incomplet",
                "non terminé",
                "incompleto",
                "no completado",
            }
        ),
        CellKind.YES: frozenset(
            {
                "yes",
                "true",
                "ja",
                "wahr",
                "oui",
                "vrai",
                "sí",
                "si",
                "verdadero",
                "suspended",
                "gesperrt",
                "suspendu",
                "suspendue",
                "suspendido",
                "suspendida",
            }
        ),
        CellKind.NO: frozenset({"no", "false", "nein", "falsch", "non", "faux", "falso"}),
        CellKind.ERROR: frozenset({"inf", "infinity", "nan"}),
    }
)
"""The words of each kind in English, German, French and Spanish, in lower case."""
_KIND_OF_WORD = {word: kind for kind, words in WORDS.items() for word in words}
_LONGEST_WORD = 30
_DIGITS = r"[0-9][0-9.,'\u2019 \u00a0\u2009\u202f]*+"
_NUMBER = re.compile(rf"\+?{_DIGITS}")
_DASH = re.compile(r"[-\u2010-\u2015\u2212]{1,3}")
_NEGATIVE = re.compile(rf"[-\u2212]{_DIGITS}")
_PERCENT = re.compile(rf"[-+\u2212]?{_DIGITS}%")
_LETTER = re.compile(r"[A-Za-z][-+]?")
_ERROR = re.compile(r"[-+](?i:inf|infinity|nan)|#[A-Za-z0-9/]{2,12}[!?]?")
_NOT_GRADED_SO_FAR = re.compile(rf"(?i:needs grading|in progress) ?\({_DIGITS}\)")
_FORMS: Mapping[CellKind, Callable[[str], object]] = {
    CellKind.NUMBER: _NUMBER.fullmatch,
    CellKind.DASH: _DASH.fullmatch,
    CellKind.NEGATIVE: _NEGATIVE.fullmatch,
    CellKind.PERCENT: _PERCENT.fullmatch,
    CellKind.LETTER: _LETTER.fullmatch,
    CellKind.ERROR: _ERROR.fullmatch,
    CellKind.NOT_GRADED: _NOT_GRADED_SO_FAR.fullmatch,
}
"""How the kinds that are not words are recognised; the most frequent comes first."""


def kind_of(cell: str) -> CellKind:
    """Return what a cell looks like.

    Examples
    --------
    >>> [kind_of(cell).name for cell in ("7,5", "-0.50", "85 %", "B+", "EX", "Bewertung notwendig", "\u2013", "#REF!", "Very good")]
    ['NUMBER', 'NEGATIVE', 'PERCENT', 'LETTER', 'EXCUSED', 'NOT_GRADED', 'DASH', 'ERROR', 'TEXT']
    """
    text = cell.strip()
    if not text:
        return CellKind.BLANK
    for kind, has_form in _FORMS.items():
        if has_form(text):
            return kind
    word = " ".join(text.replace("\u2019", "'").split()).casefold() if len(text) <= _LONGEST_WORD else ""
    return _KIND_OF_WORD.get(word, CellKind.TEXT)


_SCORE_OR_WORD: Mapping[CellMeaning, str] = {
    CellMeaning.SCORE: "number",
    CellMeaning.PERCENT: "percentage",
    CellMeaning.SCALE: "letter",
    CellMeaning.FULL: "complete",
    CellMeaning.ZERO: "incomplete",
    CellMeaning.NOT_GRADED: "requires grading",
    CellMeaning.ABSENT: "blank, -",
    CellMeaning.EXCUSED: "excused",
    CellMeaning.NOT_ASSIGNED: "not assigned",
    CellMeaning.WITHDRAWN: "withdrawn",
}
_LINES: Mapping[ResultColumn, Mapping[CellMeaning, str]] = {
    ResultColumn.CANVAS_GRADE: _SCORE_OR_WORD,
    ResultColumn.BLACKBOARD_GRADE: {
        CellMeaning.SCORE: "number",
        CellMeaning.PERCENT: "percentage",
        CellMeaning.SCALE: "letter",
        CellMeaning.NOT_GRADED: "requires grading",
        CellMeaning.ABSENT: "blank, -",
        CellMeaning.EXCUSED: "excused",
    },
    ResultColumn.CANVAS_TOTAL: {
        CellMeaning.SCORE: "number",
        CellMeaning.FLOOR: "negative number",
        CellMeaning.NOT_GRADED: "blank, -, requires grading",
    },
    ResultColumn.CANVAS_QUESTION: {
        CellMeaning.SCORE: "number, negative number",
        CellMeaning.NOT_GRADED: "blank, -, requires grading",
    },
    ResultColumn.CANVAS_RESPONSE: {CellMeaning.NO_ANSWER: "blank", CellMeaning.ANSWER: _OTHERS},
    ResultColumn.MOODLE_GRADE: {
        CellMeaning.SCORE: "number, negative number",
        CellMeaning.PERCENT: "percentage",
        CellMeaning.ABSENT: "blank, -",
        CellMeaning.UNREADABLE: "error",
        CellMeaning.SCALE: _OTHERS,
    },
    ResultColumn.MOODLE_PERCENTAGE: {CellMeaning.PERCENT: "number, percentage", CellMeaning.ABSENT: "blank, -"},
    ResultColumn.MOODLE_SUSPENDED: {CellMeaning.ACTIVE: "blank, -, no", CellMeaning.WITHDRAWN: "yes, withdrawn"},
    ResultColumn.MOODLE_TOTAL: {
        CellMeaning.SCORE: "number",
        CellMeaning.FLOOR: "negative number",
        CellMeaning.NOT_GRADED: "blank, -, requires grading",
    },
    ResultColumn.MOODLE_QUESTION: {
        CellMeaning.SCORE: "number, negative number",
        CellMeaning.BLANK_ANSWER: "-",
        CellMeaning.NOT_GRADED: "blank, requires grading",
    },
    ResultColumn.MOODLE_RESPONSE: {CellMeaning.NO_ANSWER: "blank, -", CellMeaning.ANSWER: _OTHERS},
    ResultColumn.PLAIN_SCORE: _SCORE_OR_WORD,
    ResultColumn.PLAIN_MAXIMUM: {
        CellMeaning.SCORE: "number",
        CellMeaning.ABSENT: "blank, -, excused, not assigned, withdrawn, requires grading",
    },
}
"""The kinds of cells of each column by their meaning, as `CellKind` names them; kinds that are not named are rejected."""


def _meanings(line: Mapping[CellMeaning, str]) -> dict[CellKind, CellMeaning]:
    """Return the meaning of every kind of cell of a column."""
    others = next((meaning for meaning, kinds in line.items() if kinds == _OTHERS), CellMeaning.UNREADABLE)
    named = {CellKind(kind): meaning for meaning, kinds in line.items() if kinds != _OTHERS for kind in kinds.split(", ")}
    return {kind: named.get(kind, others) for kind in CellKind}


MEANINGS: Mapping[tuple[ResultColumn, CellKind], CellMeaning] = MappingProxyType(
    {(column, kind): meaning for column in ResultColumn for kind, meaning in _meanings(_LINES[column]).items()}
)
"""The meaning of every kind of cell in every column: a pair that is missing would be a bug, and a test tries all of them."""


def meaning_of(column: ResultColumn, cell: str) -> CellMeaning:
    """Return what a cell of a column means.

    Examples
    --------
    >>> meaning_of(ResultColumn.MOODLE_QUESTION, "-").value, meaning_of(ResultColumn.CANVAS_GRADE, "-").value
    ('0 for a blank answer', 'no result')
    """
    return MEANINGS[column, kind_of(cell)]
