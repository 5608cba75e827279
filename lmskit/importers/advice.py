"""What to do about a file that cannot be imported as it is: in the words of the command, and in those of the form.

A sentence is written once, with the advice for a reader of the command; `in_form` exchanges the options for the fields of the form.
So neither names what its reader does not have. Where a statement of SQL writes a sentence, it has the words of the command literally.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lmskit.errors import LmskitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.importers.report import ImportReport

COLUMNS = 'under "Columns of the file"'
PREVIEW_AGAIN = "Preview the file again, and type their number"
RENAME = '"Rename people who are found by an id"'
WITHDRAW = '"Withdraw students who are enrolled but not in the file"'
TAKE_BACK = '"Take back results at quizzes of the file whose students are not in the file any more"'


@dataclass(frozen=True, slots=True)
class Advice:
    """One advice: its words for the command and for the form.

    In those for the command, `{}` stands for a text from the file or the request, and at the end for a number.

    Examples
    --------
    >>> COLUMN.about("email")
    'say which: --map email=HEADER'
    >>> f"Two columns may be the address; {COLUMN.about('email')}"
    'Two columns may be the address; say which: --map email=HEADER'
    """

    command: str
    form: str
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = [re.escape(text) for text in self.command.split("{}")]
        last = "" if texts[-1] else r"(\d+)"
        pattern = "(.+?)".join(texts[:-1] if last else texts) + last
        object.__setattr__(self, "_pattern", re.compile(pattern))

    def __str__(self) -> str:
        return self.command

    def about(self, *texts: object) -> str:
        """Return the words of the command with what they are about."""
        return self.command.format(*texts)

    def in_form(self, sentence: str) -> str:
        """Return a sentence with the words of the form instead of those of the command."""
        return self._pattern.sub(lambda found: self.form.format(*found.groups()), sentence)


COURSE = Advice("Name the course: --course CODE", 'Choose it under "Course"')
COURSE_ALL_THE_SAME = Advice(
    "If they are one course all the same: --course CODE", 'If they are one course all the same, choose it under "Course"'
)
SAME_COURSE = Advice("Check the codes of both; if they are one course all the same: --same-course", "Check the codes of both")
OTHER_CODE = Advice("name that: --course CODE", 'choose it under "Course"')
COURSE_OF_ALL = Advice("--course names the course in which all persons are enrolled", 'all persons are enrolled in that under "Course"')
TERM = Advice("choose one with --term CODE", 'choose one under "Term of new courses"')
LECTURER = Advice("choose a lecturer with --lecturer EMAIL", 'choose one under "Lecturer of new courses"')
COLUMN = Advice("say which: --map {}=HEADER", f"say which {COLUMNS}")
WHICH_COLUMN = Advice("Say which column it is: --map {}=HEADER", f"Say which column it is {COLUMNS}")
WHICH_TIMES = Advice("Say which columns they are: --map started=HEADER --map completed=HEADER", f"Choose them {COLUMNS}")
IDENTIFYING_COLUMN = Advice(
    "Say which column it is: --map email=HEADER or --map sis_id=HEADER", f"Say {COLUMNS} which column is one of them"
)
ONE_COLUMN = Advice("Choose one: --map {}=HEADER", f"Choose one {COLUMNS}")
MAP_ADDRESS = Advice("Map one: --map email=HEADER", f"Choose one {COLUMNS}")
MAP_NAME = Advice("Map it: --map name=HEADER", f"Choose it {COLUMNS}")
MAP_RESULTS = Advice(
    "Map them: --map quiz=HEADER --map score=HEADER; or name the quiz of all rows: --title TITLE",
    f'Choose them {COLUMNS}; or name the quiz of all rows under "Title of the quiz"',
)
NO_RESULTS = Advice(
    "To import only the people: --map quiz= --map score=", f"To import only the people, ignore the columns of quiz and score {COLUMNS}"
)
GIVEN_NAMES = Advice(
    "Say which has the given names: --map given_name=HEADER; or leave out the one without names of people: --map name= or "
    "--map family_name=",
    f"Choose {COLUMNS} which has the given names, or ignore the one without names of people",
)
MAP_ANALYSIS = Advice("say with --map which columns are", f"choose {COLUMNS} which columns are")
MAP_NAMED_ANALYSIS = Advice(
    "say in which columns: --map name=HEADER --map id=HEADER --map submitted=HEADER", f"choose {COLUMNS} which columns have them"
)
DECIMAL_MARK = Advice("Say which the file has: --decimal point or --decimal comma", 'Choose which the file has under "Decimal mark"')
OTHER_DECIMAL_MARK = Advice("--decimal changes that", '"Decimal mark" changes that')
DECIMAL_MARK_OF_CELL = Advice("say which with --decimal", 'choose which under "Decimal mark"')
DAY_ORDER = Advice("say which: --day-order day-first or --day-order month-first", 'choose which under "Dates begin with"')
ZONE = Advice("such as --time-zone Europe/Berlin", 'such as Europe/Berlin, under "Time zone"')
TITLE = Advice("--title changes that", '"Title of the quiz" changes that')
OTHER_TITLE = Advice(
    "that is the name of the file: if the quiz is called otherwise, --title TITLE",
    'that is the name of the file: if the quiz is called otherwise, give its title under "Title of the quiz"',
)
SOURCE = Advice("such as --source campus", "such as campus")
OTHER_SOURCE = Advice(
    "if the ids are of another system, --source NAME", 'if the ids are of another system, name it under "System of the ids"'
)
ALL_STUDENTS = Advice("import it with --all-students", 'tick "All people of a list without roles are students"')
LOOK_AT_RENAMED = Advice("look at the change with --rename --dry-run --report FILE.csv", f"tick {RENAME} and preview the change")
RENAMED = Advice("to change the address: --rename", f"to change the address, tick {RENAME}")
MAX_SCORE = Advice("give it: --max '{}=POINTS'", 'give it under "Maximum scores of new quizzes"')
MAX_SCORE_OR_QUIZ = Advice(
    "give it: --max '{}=POINTS', or, if lmskit has the quiz under another title, that title: --same-quiz '{}=TITLE'",
    'give it under "Maximum scores of new quizzes"',
)
WEEK = Advice(
    "give its week: --week N for all such quizzes, or --week-of '{}=N', or store it in none: --without-week",
    "choose its week, or none, below the preview",
)
LATER_WEEK = Advice("To give it one: --week-of '{}=N', or the notebook admin/quiz_setup", "To give it one: the notebook admin/quiz_setup")
NEAR_QUIZ = Advice(
    "if it is that quiz, --same-quiz '{}={}', if it is another, --new-quizzes", "choose below the preview whether it is that quiz"
)
WHICH_QUIZ = Advice("say which with --same-quiz '{}=QUIZ'", "choose which below the preview")
FORMATS = Advice("see the formats: lmskit import --help", 'see the formats under "Format"')
FORMAT = Advice("To choose a format: lmskit import FORMAT PATH", 'A format can be chosen under "Format"')
ONE_FORMAT = Advice("Choose one: lmskit import {} PATH", 'Choose one under "Format"')
ROSTER = Advice("If its rows are students: lmskit import csv PATH", 'If its rows are students, choose Plain CSV under "Format"')
ONLY_PEOPLE = Advice(
    "To import only the people: lmskit import csv PATH --map quiz= --map score=",
    f'To import only the people, choose Plain CSV under "Format", and ignore the columns of quiz and score {COLUMNS}',
)
ONE_BY_ONE = Advice(
    "Import one column after the other: lmskit import csv PATH --map score=HEADER --title TITLE --max TITLE=POINTS",
    f'Choose Plain CSV under "Format" and import one column after the other as the score {COLUMNS}, with "Title of the quiz" and "Maximum '
    'scores of new quizzes"',
)
SUM_OF_POINTS = Advice(
    "Read the column of the sum, such as Total points, with the title of the quiz and its maximum, and not the numbers of the answers as "
    "ids: lmskit import csv PATH --map id= --map score=HEADER --map submitted_at=HEADER --title TITLE --max TITLE=POINTS",
    'Choose Plain CSV under "Format", the column of the sum, such as Total points, as the score and that of the end as the time '
    f'{COLUMNS}, ignore that of the id, and give "Title of the quiz" and "Maximum scores of new quizzes"',
)
MATERIAL = Advice(
    "to the materials of a course: lmskit material add PATH --course CODE", "to the materials of a course with admin/materials"
)
OTHER_MATERIAL = Advice(
    "To take this one: lmskit material remove {}, and import again", "To take this one, remove that with admin/materials, and import again"
)
LEAVE_WITHDRAW_OUT = Advice("leave --withdraw-missing out", f"untick {WITHDRAW}")
LEAVE_REMOVE_OUT = Advice("leave --remove-missing out", f"untick {TAKE_BACK}")
WITHDRAW_ALL = Advice(
    "Look at them with --dry-run --report FILE.csv. To withdraw them: --withdraw-at-most {}",
    PREVIEW_AGAIN,
)
WITHDRAW_MORE = Advice(
    "Look at them again with --dry-run. To withdraw them all the same: --withdraw-at-most {}",
    PREVIEW_AGAIN,
)
REMOVE_ALL = Advice(
    "Look at them with --dry-run --report FILE.csv. To take their results back: --remove-at-most {}",
    PREVIEW_AGAIN,
)
REMOVE_LATER = Advice("--remove-missing lets them count no longer", f"{TAKE_BACK} lets them count no longer")
WITHDRAW_LATER = Advice("--withdraw-missing withdraws them", f"{WITHDRAW} does")
EXCUSE = Advice("lmskit exception remove takes an excuse back", "admin/enrollment takes an excuse back")
REPORT = Advice("which --report lists", "which the downloaded report lists")

ALL = sorted((found for found in tuple(globals().values()) if isinstance(found, Advice)), key=lambda found: -len(found.command))
"""Every advice; the longest first, since one may be a part of another."""


def in_form(sentence: str) -> str:
    """Return a sentence as the form shows it.

    Examples
    --------
    >>> in_form("roster.csv does not say which course it is about. Name the course: --course CODE")
    'roster.csv does not say which course it is about. Choose it under "Course"'
    >>> in_form("3 students would be withdrawn. Look at them with --dry-run --report FILE.csv. To withdraw them: --withdraw-at-most 3")
    '3 students would be withdrawn. Preview the file again, and type their number'
    """
    if "--" not in sentence and "lmskit " not in sentence:
        return sentence
    for advice in ALL:
        sentence = advice.in_form(sentence)
    return sentence


def refusal_in_form(error: LmskitError) -> str:
    """Return the sentence of an error as the form shows it: the command ends one with what to type, without a full stop."""
    sentence = in_form(str(error))
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


@contextmanager
def refused_in_form() -> Iterator[None]:
    """Word an error that ends the block as the form shows it."""
    try:
        yield
    except LmskitError as error:
        error.args = (refusal_in_form(error),)
        raise


def report_in_form(report: ImportReport) -> ImportReport:
    """Return a report whose sentences are those of the form."""
    return replace(
        report,
        rejections=tuple(replace(found, reason=in_form(found.reason)) for found in report.rejections),
        warnings=tuple(replace(found, reason=in_form(found.reason)) for found in report.warnings),
        notes=tuple(map(in_form, report.notes)),
        outcomes=tuple(found._replace(reason=in_form(found.reason)) for found in report.outcomes),
    )
