"""`lmskit import`: read what another system exports, and say what became of every row."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from lmskit.cli.page import Limit, Offset
from lmskit.errors import InputError, LmskitError
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.registry import FORMATS, detected, format_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.importers.report import ImportReport
    from lmskit.services.mastery import RefreshReport

FIND_OUT = "file"
"""The command that finds the format out; it may be left out."""


class Formats(TyperGroup):
    """The group of all formats; what is none of their names is the path of a file whose format is found out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the types of Typer's own Click are private
        """Put the command in front that finds the format out, where the arguments begin with no command."""
        known = {*self.commands, "--help"}
        return super().parse_args(ctx, [FIND_OUT, *args] if args and args[0] not in known else args)


app = typer.Typer(
    name="import",
    cls=Formats,
    no_args_is_help=True,
    help="Import what another system exports. `lmskit import PATH` finds the format out; with the name of a format it need not.",
)

RUNS = {
    "id": "Run",
    "format": "Format",
    "name": "Name",
    "actor": "By",
    "started_at": "At",
    "rows_in": "In",
    "added": "Added",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "rejected": "Rejected",
}

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
DECIMAL_MARKS = {"point": ".", "comma": ","}

Place = Annotated[Path, typer.Argument(metavar="PATH", help="A file, a folder or a zip archive.", show_default=False)]
Course = Annotated[str | None, typer.Option(metavar="CODE", help="The course, where the file does not say it.", show_default=False)]
Lecturer = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="Whose new courses without a teacher in the file are.", show_default=False)
]
Term = Annotated[str | None, typer.Option(metavar="CODE", help="Of new courses whose term the file does not tell.", show_default=False)]
Week = Annotated[int | None, typer.Option(metavar="N", help="Of new quizzes whose title names no week.", show_default=False)]
Title = Annotated[str | None, typer.Option(metavar="TITLE", help="Of the quiz, where the file does not tell.", show_default=False)]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=HEADER", help="Which column holds a field; may be given several times.", show_default=False),
]
Decimal = Annotated[str | None, typer.Option(metavar="MARK", help="The decimal mark: point or comma.", show_default=False)]
Delimiter = Annotated[
    str | None, typer.Option(metavar="NAME", help="What is between columns: comma, semicolon or tab.", show_default=False)
]
Notify = Annotated[
    bool, typer.Option("--notify", help="Write to new students; each is enrolled once the mail server has accepted the message.")
]
WithdrawMissing = Annotated[bool, typer.Option("--withdraw-missing", help="Withdraw students of the file's courses whom it does not name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.csv", help="Write what became of every row into this file.", show_default=False)
]


def _command_for(name: str | None) -> Callable[..., None]:
    """The command that imports a format; None: the one that finds it out."""

    def command(
        path: Place,
        *,
        course: Course = None,
        lecturer: Lecturer = None,
        term: Term = None,
        week: Week = None,
        title: Title = None,
        columns: Map = None,
        decimal: Decimal = None,
        delimiter: Delimiter = None,
        notify: Notify = False,
        withdraw_missing: WithdrawMissing = False,
        dry_run: DryRun = False,
        report: Report = None,
    ) -> None:
        reading = ReadOptions(
            delimiter=_chosen(delimiter, DELIMITERS, "delimiter"),
            decimal_mark=_chosen(decimal, DECIMAL_MARKS, "decimal mark"),
            columns=_mapped(columns or []),
            title=title,
        )
        _import(
            path,
            name,
            report=report,
            reading=reading,
            course=course,
            lecturer=lecturer,
            term=term,
            week=week,
            notify=notify,
            withdraw_missing=withdraw_missing,
            dry_run=dry_run,
        )

    return command


def _bank_command_for(name: str) -> Callable[..., None]:
    def command(
        path: Place, *, course: Course = None, week: Week = None, title: Title = None, dry_run: DryRun = False, report: Report = None
    ) -> None:
        _import(path, name, report=report, reading=ReadOptions(title=title), course=course, week=week, dry_run=dry_run)

    return command


def _data_set_command_for(name: str) -> Callable[..., None]:
    def command(path: Place, *, dry_run: DryRun = False, report: Report = None) -> None:
        _import(path, name, report=report, dry_run=dry_run)

    return command


app.command(FIND_OUT, help="Import a file, folder or archive whose format is found out; `lmskit import PATH` is short for it.")(
    _command_for(None)
)
for _one in FORMATS:
    _make = _command_for if isinstance(_one, Format) else _bank_command_for if isinstance(_one, BankFormat) else _data_set_command_for
    app.command(_one.name, help=f"Import {_one.title}.")(_make(_one.name))


def _chosen(name: str | None, known: dict[str, str], what: str) -> str | None:
    if name is None:
        return None
    if name in known.values():
        return name
    if name not in known:
        raise InputError(f"There is no {what} {name!r}. It can be {' or '.join(known)}.")
    return known[name]


def _mapped(columns: "Iterable[str]") -> dict[str, str]:
    pairs = [one.partition("=") for one in columns]
    for field, mark, header in pairs:
        if not (field and mark and header):
            raise InputError(f"{field}{mark}{header} says no column. Write it as FIELD=HEADER, such as --map 'email=E-mail'")
    return {field: header for field, _, header in pairs}


def _import(path: Path, name: str | None, *, report: Path | None, **asked: Any) -> None:
    """Import, bring mastery up to date, send what is to be sent, and print what became of every row."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from lmskit.cli.import_report import Steps, print_report
    from lmskit.cli.printing import say
    from lmskit.db import engine_for, retried, transaction
    from lmskit.db.revision import require_current
    from lmskit.importers.report_file import check_report_path, write_report
    from lmskit.services.file_import import ImportOptions, import_path
    from lmskit.services.mastery import refresh

    options = ImportOptions(**asked)
    if report is not None:
        check_report_path(report)
    require_current(engine_for())
    format_ = detected(path) if name is None else format_named(name)
    if name is None:
        say(f"{path.name} is {format_.title} ({format_.name}).")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def work() -> "tuple[ImportReport, RefreshReport | None]":
            show = Steps(bars)
            with transaction() as session:
                imported = import_path(session, path, format_, options, progress=show)
                refreshed = refresh(session, touched=imported.touched, progress=show) if imported.touched and not options.dry_run else None
                show("Saving", 0, None)
            show.end()
            return imported, refreshed

        try:
            imported, refreshed = retried(work)
        except LmskitError:
            Steps.clear(bars)  # what is left on the screen is the sentence
            raise
    print_report(imported)
    if refreshed is not None:
        say(refreshed.sentence())
        for code, reason in refreshed.skipped.items():
            say(f"Mastery of {code} was left as it is: {reason}")
    if report is not None:
        write_report(imported, report)
        say(
            f"The result of every row was written to {report}: {len(imported.rejections):,} rejections, "
            f"{len(imported.warnings):,} warnings, {len(imported.outcomes):,} outcomes."
        )
    if options.dry_run:
        say("This was a dry run: nothing was written.")
    elif options.notify:
        _deliver()


def _deliver() -> None:
    """Hand over the messages that the import has left in the outbox."""
    from lmskit.cli.mail import deliver_once

    deliver_once()


@app.command()
def runs(limit: Limit = 100, offset: Offset = 0) -> None:
    """List the imports there were, newest first."""
    from lmskit.cli.printing import print_table
    from lmskit.db import engine_for, snapshot
    from lmskit.db.revision import require_current
    from lmskit.queries.import_run import count_import_runs, import_runs

    require_current(engine_for())
    with snapshot() as session:
        table = import_runs(session, limit=limit, offset=offset)
        total = count_import_runs(session)
    table["started_at"] = [started.strftime("%Y-%m-%d %H:%M %Z") for started in table["started_at"]]
    print_table(table, RUNS, offset=offset, total=total, nothing="Nothing was imported yet. To import: lmskit import PATH")
