"""`lmskit import`: read the exports of other systems, and report the result of every row."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.import_group import DETECT, new_app
from lmskit.cli.import_report import StepBars, print_json, print_report, written_sentence
from lmskit.cli.import_values import columns_by_field, max_scores_by_title, quizzes_by_title, value_named, weeks_by_section, weeks_by_title
from lmskit.cli.mail import deliver_once
from lmskit.cli.printing import print_error, print_line
from lmskit.cli.typed_number import week_typed
from lmskit.db import PATIENT, engine_for, retried, snapshot, transaction
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import LmskitError
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.registry import FORMATS, AnyFormat, detected, format_named
from lmskit.importers.report import ImportReport
from lmskit.importers.report_file import check_report_path, write_report
from lmskit.importers.source_key import source_key
from lmskit.importers.times import DayOrder
from lmskit.limits import MOST_STUDENTS
from lmskit.progress import waits_shown
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_choices import forget_choices, remember_choices, remembered_choices
from lmskit.services.mastery import RefreshReport, refresh
from lmskit.services.permission import administrators_only

app = new_app()

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "colon": ":"}
DECIMAL_MARKS = {"point": ".", "comma": ","}

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
        help="Week of a section of a described course, by the section's number, or none: NUMBER=none; give one for each.",
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


def _command_for(name: str | None) -> Callable[..., None]:
    """The command that imports a format; None: the command that detects it."""

    def command(
        path: PathArgument,
        *,
        course: Course = None,
        lecturer: Lecturer = None,
        term: Term = None,
        module: Module = None,
        section: Section = None,
        week: Week = None,
        week_of: WeekOf = None,
        without_week: WithoutWeek = False,
        title: Title = None,
        columns: Map = None,
        maximum: Maximum = None,
        decimal: Decimal = None,
        delimiter: Delimiter = None,
        time_zone: TimeZone = None,
        day_order: Days = None,
        source: Source = None,
        all_students: AllStudents = False,
        same_quiz: SameQuiz = None,
        new_quizzes: NewQuizzes = False,
        notify: Notify = False,
        withdraw_missing: WithdrawMissing = False,
        withdraw_at_most: WithdrawAtMost = None,
        remove_missing: RemoveMissing = False,
        remove_at_most: RemoveAtMost = None,
        rename: Rename = False,
        dry_run: DryRun = False,
        strict: Strict = False,
        as_json: Json = False,
        report: Report = None,
        forget: ForgetChoices = False,
    ) -> None:
        del strict
        reading = ReadOptions(
            delimiter=value_named(delimiter, DELIMITERS, "delimiter"),
            decimal_mark=value_named(decimal, DECIMAL_MARKS, "decimal mark"),
            columns=columns_by_field(columns or []),
            title=title,
            time_zone=time_zone,
            day_order=day_order,
            max_scores=max_scores_by_title(maximum or []),
            source=source,
            all_students=all_students,
            sections=weeks_by_section(section or []),
        )
        say = print_error if as_json else print_line
        key = source_key(path) if path.exists() else None
        if key is not None:
            reading = _with_remembered(key, reading, say, forget=forget)
        _import(
            path,
            name,
            report=report,
            as_json=as_json,
            key=key,
            reading=reading,
            course=course,
            lecturer=lecturer,
            term=term,
            module=module,
            week=week,
            weeks=weeks_by_title(week_of or []),
            without_week=without_week,
            same_quizzes=quizzes_by_title(same_quiz or []),
            new_quizzes=new_quizzes,
            notify=notify,
            withdraw_missing=withdraw_missing,
            withdraw_at_most=withdraw_at_most,
            remove_missing=remove_missing,
            remove_at_most=remove_at_most,
            rename=rename,
            dry_run=dry_run,
        )

    return command


def _bank_command_for(name: str) -> Callable[..., None]:
    def command(
        path: PathArgument,
        *,
        course: Course = None,
        week: Week = None,
        without_week: WithoutWeek = False,
        title: Title = None,
        dry_run: DryRun = False,
        strict: Strict = False,
        as_json: Json = False,
        report: Report = None,
    ) -> None:
        del strict
        _import(
            path,
            name,
            report=report,
            as_json=as_json,
            reading=ReadOptions(title=title),
            course=course,
            week=week,
            without_week=without_week,
            dry_run=dry_run,
        )

    return command


def _data_set_command_for(name: str) -> Callable[..., None]:
    def command(
        path: PathArgument, *, dry_run: DryRun = False, strict: Strict = False, as_json: Json = False, report: Report = None
    ) -> None:
        del strict
        _import(path, name, report=report, as_json=as_json, dry_run=dry_run)

    return command


app.command(DETECT, help="Import a file, folder or archive whose format is detected; `lmskit import PATH` is short for it.")(
    _command_for(None)
)
for _format in FORMATS:
    _make = _command_for if isinstance(_format, Format) else _bank_command_for if isinstance(_format, BankFormat) else _data_set_command_for
    app.command(_format.name, help=f"Import {_format.title}.")(_make(_format.name))


def _with_remembered(key: str, reading: ReadOptions, say: Callable[[str], None], *, forget: bool) -> ReadOptions:
    """Return the options with what was chosen for the source the last time, which is said, or forget that."""
    require_known_schema(engine_for())
    if forget:
        with transaction() as session:
            if forget_choices(session, key):
                say("What was chosen for files with these headers is forgotten.")
        return reading
    with snapshot() as session, administrators_only("import files"):
        remembered = remembered_choices(session, key)
    if remembered is None:
        return reading
    say(f"{remembered.sentence()} To forget that: --forget-choices")
    return remembered.under(reading)


def _import(path: Path, name: str | None, *, report: Path | None, as_json: bool, key: str | None = None, **asked: Any) -> None:
    """Import, refresh mastery, send the messages, and print the result of every row.

    How the file was read is remembered for its source, if that is known.
    """
    say = print_error if as_json else print_line  # with --json, standard output is one JSON object
    options = ImportOptions(**asked)
    if report is not None:
        check_report_path(report)
    require_known_schema(engine_for())
    format_ = detected(path, options.reading) if name is None else format_named(name)
    if name is None:
        say(f"{path.name} is {format_.title} ({format_.name}).")
    imported, refreshed = _imported(path, format_, options, key)
    if as_json:
        print_json(imported, refreshed)
    else:
        print_report(imported)
    if refreshed is not None:
        _say_refreshed(refreshed, say)
    if report is not None:
        write_report(imported, report)
        say(written_sentence(imported, report))
    if options.dry_run:
        say(WAS_DRY)
    elif options.notify:
        deliver_once(say, none_sent=PARTLY)
    if imported.rejections or (refreshed is not None and refreshed.skipped):
        raise typer.Exit(PARTLY)


def _imported(path: Path, format_: AnyFormat, options: ImportOptions, key: str | None) -> tuple[ImportReport, RefreshReport | None]:
    """Import and refresh mastery in one transaction, and show the progress."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown_on = Console(stderr=True)
    with Progress(*columns, console=shown_on, disable=not shown_on.is_terminal) as bars:

        def work() -> tuple[ImportReport, RefreshReport | None]:
            show = StepBars(bars)
            with waits_shown(show.show_wait), transaction() as session:
                imported = import_path(session, path, format_, options, progress=show)
                if key is not None and not options.dry_run:
                    remember_choices(session, key, options.reading)
                refreshed = refresh(session, touched=imported.touched, progress=show) if imported.touched and not options.dry_run else None
                show("Saving", 0, None)
            show.end()
            return imported, refreshed

        try:
            return retried(work, lock_attempts=PATIENT)
        except LmskitError:
            StepBars.clear(bars)  # only the message stays on the screen
            raise


def _say_refreshed(refreshed: RefreshReport, say: Callable[[str], None]) -> None:
    say(refreshed.sentence())
    for sentence in refreshed.skipped_sentences:
        say(sentence)
