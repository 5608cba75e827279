"""The options of `lmskit import`."""

from pathlib import Path
from typing import Annotated

import typer

from lmskit.cli.exit_status import PARTLY
from lmskit.cli.typed_number import week_typed
from lmskit.importers.times import DayOrder
from lmskit.limits import MOST_STUDENTS

PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="A file, a folder or a zip archive.", show_default=False)]
Course = Annotated[
    str | None,
    typer.Option(
        metavar="CODE", help="Code of the course, if the file does not name it, or lmskit has it under another code.", show_default=False
    ),
]
Lecturer = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="Lecturer of new courses without a teacher in the file.", show_default=False)
]
Term = Annotated[str | None, typer.Option(metavar="CODE", help="Term of new courses, if the file does not name it.", show_default=False)]
Module = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Module code of a course that the import makes; by default the course's code.", show_default=False),
]
Section = Annotated[
    list[str] | None,
    typer.Option(
        "--section",
        metavar="NUMBER=N",
        help="Week of a section of a described or synced course, by the section's number, or none: NUMBER=none; give one for each.",
        show_default=False,
    ),
]
Week = Annotated[
    int | None,
    typer.Option(metavar="N", help="Week of new quizzes whose title does not name one.", callback=week_typed, show_default=False),
]
WeekOf = Annotated[
    list[str] | None,
    typer.Option("--week-of", metavar="TITLE=N", help="Week of a new quiz, or none: TITLE=none; give one for each.", show_default=False),
]
WithoutWeek = Annotated[
    bool,
    typer.Option(
        "--without-week", help="Store new quizzes of which nothing names a week without one: their results are not evidence of mastery."
    ),
]
Title = Annotated[str | None, typer.Option(metavar="TITLE", help="Title of the quiz, if the file does not name it.", show_default=False)]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=HEADER",
        help="Header of the column of a field; give one for each. FIELD= ignores its column.",
        show_default=False,
    ),
]
Maximum = Annotated[
    list[str] | None,
    typer.Option("--max", metavar="TITLE=POINTS", help="Maximum score of a new quiz, if the file does not contain it.", show_default=False),
]
Decimal = Annotated[str | None, typer.Option(metavar="MARK", help="The decimal mark: point or comma.", show_default=False)]
Delimiter = Annotated[
    str | None, typer.Option(metavar="NAME", help="The separator of columns: comma, semicolon, tab or colon.", show_default=False)
]
TimeZone = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The zone of times without one, such as Europe/Berlin; by default UTC.", show_default=False),
]
Days = Annotated[
    DayOrder | None,
    typer.Option("--day-order", help="What dates such as 09/10/2026 begin with, if the file does not prove it.", show_default=False),
]
Source = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The system that the column id of a plain table has ids of, such as campus.", show_default=False),
]
AllStudents = Annotated[bool, typer.Option("--all-students", help="All people of a list without roles are students.")]
NewQuizzes = Annotated[bool, typer.Option("--new-quizzes", help="Make a new quiz even if a quiz of the course has nearly the same title.")]
SameQuiz = Annotated[
    list[str] | None,
    typer.Option(
        "--same-quiz",
        metavar="TITLE=QUIZ",
        help="A quiz of the file, and the title of the quiz of the course that it is; give one for each.",
        show_default=False,
    ),
]
Notify = Annotated[
    bool, typer.Option("--notify", help="Send new students a message; each is enrolled once the mail server has accepted it.")
]
WithdrawMissing = Annotated[
    bool, typer.Option("--withdraw-missing", help="Withdraw students who are enrolled in a course of the file and missing from it.")
]
WithdrawAtMost = Annotated[
    int | None,
    typer.Option(
        "--withdraw-at-most",
        metavar="N",
        min=0,
        max=MOST_STUDENTS,
        help="With --withdraw-missing: the number of students to withdraw, if they are more than 20 or than 10 % of a course, or if one "
        "was enrolled by hand.",
        show_default=False,
    ),
]
RemoveMissing = Annotated[
    bool,
    typer.Option("--remove-missing", help="Let results at quizzes of the file count no longer if no row names their student any more."),
]
RemoveAtMost = Annotated[
    int | None,
    typer.Option(
        "--remove-at-most",
        metavar="N",
        min=0,
        max=MOST_STUDENTS,
        help="With --remove-missing: the number of students, if they are more than 20 or than 10 % of those with results.",
        show_default=False,
    ),
]
Rename = Annotated[
    bool,
    typer.Option(
        "--rename",
        help="Rename people who are found by an id and share neither name nor address with their row. Look at them with --dry-run first.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help=f"Changes nothing: every import ends with exit status {PARTLY} if a row was rejected, or a course's mastery left as it is.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the report and the result of every row as one JSON object; all else is on standard error.")
]
ForgetChoices = Annotated[
    bool,
    typer.Option(
        "--forget-choices",
        help="Forget how files with these headers were read the last time; otherwise columns, decimal mark and so on are used again.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.csv",
        help="Write the result of every row into this file; for oulad the rejected rows and those with warnings.",
        show_default=False,
    ),
]
