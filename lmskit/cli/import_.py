"""`lmskit import`: read the exports of other systems, and report the result of every row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.orm import Session

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.import_group import DETECT, new_app
from lmskit.cli.import_options import (
    AllStudents,
    Course,
    Days,
    Decimal,
    Delimiter,
    ForgetChoices,
    Json,
    Lecturer,
    Map,
    Maximum,
    Module,
    NewQuizzes,
    Notify,
    PathArgument,
    RemoveAtMost,
    RemoveMissing,
    Rename,
    Report,
    SameQuiz,
    Section,
    Source,
    Strict,
    Term,
    TimeZone,
    Title,
    Week,
    WeekOf,
    WithdrawAtMost,
    WithdrawMissing,
    WithoutWeek,
)
from lmskit.cli.import_report import StepBars, print_json, print_report, written_sentence
from lmskit.cli.import_values import columns_by_field, max_scores_by_title, quizzes_by_title, value_named, weeks_by_section, weeks_by_title
from lmskit.cli.imported import import_bars, imported, say_refreshed
from lmskit.cli.mail import deliver_once
from lmskit.cli.printing import print_error, print_line
from lmskit.cli.vector_advice import advise_vectors
from lmskit.db import access, engine_for, snapshot, transaction
from lmskit.db.schema_revision import require_known_schema
from lmskit.importers.activity import ActivityFormat
from lmskit.importers.cartridge.package import CartridgeFormat
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.registry import FORMATS, AnyFormat, DataSet, detected, format_named
from lmskit.importers.report import ImportReport
from lmskit.importers.report_file import check_report_path, write_report
from lmskit.importers.source_key import source_key
from lmskit.materials.chosen_store import store_of
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_choices import forget_choices, remember_choices, remembered_choices
from lmskit.services.mastery import RefreshReport
from lmskit.services.permission import administrators_only

app = new_app()

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "colon": ":"}
DECIMAL_MARKS = {"point": ".", "comma": ","}


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


def _cartridge_command_for(name: str) -> Callable[..., None]:
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
            reading=ReadOptions(sections=weeks_by_section(section or [])),
            course=course,
            lecturer=lecturer,
            term=term,
            module=module,
            week=week,
            weeks=weeks_by_title(week_of or []),
            without_week=without_week,
            dry_run=dry_run,
        )

    return command


def _activity_command_for(name: str) -> Callable[..., None]:
    def command(
        path: PathArgument,
        *,
        course: Course = None,
        delimiter: Delimiter = None,
        time_zone: TimeZone = None,
        day_order: Days = None,
        dry_run: DryRun = False,
        strict: Strict = False,
        as_json: Json = False,
        report: Report = None,
    ) -> None:
        del strict
        reading = ReadOptions(delimiter=value_named(delimiter, DELIMITERS, "delimiter"), time_zone=time_zone, day_order=day_order)
        _import(path, name, report=report, as_json=as_json, reading=reading, course=course, dry_run=dry_run)

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
_COMMANDS = {
    Format: _command_for,
    BankFormat: _bank_command_for,
    CartridgeFormat: _cartridge_command_for,
    ActivityFormat: _activity_command_for,
    DataSet: _data_set_command_for,
}
for _format in FORMATS:
    app.command(_format.name, help=f"Import {_format.title}.")(_COMMANDS[type(_format)](_format.name))


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
    done, refreshed = _imported(path, format_, options, key)
    if as_json:
        print_json(done, refreshed)
    else:
        print_report(done)
    if refreshed is not None:
        say_refreshed(refreshed, say)
    if report is not None:
        write_report(done, report)
        say(written_sentence(done, report))
    if options.dry_run:
        say(WAS_DRY)
    elif done.course is not None and isinstance(format_, CartridgeFormat):
        advise_vectors(done.course.code)
    elif options.notify:
        deliver_once(say, none_sent=PARTLY)
    if done.rejections or (refreshed is not None and refreshed.skipped):
        raise typer.Exit(PARTLY)


def _imported(path: Path, format_: AnyFormat, options: ImportOptions, key: str | None) -> tuple[ImportReport, RefreshReport | None]:
    store = store_of(access().settings) if isinstance(format_, CartridgeFormat) else None

    def work(session: Session, show: StepBars) -> ImportReport:
        report = import_path(session, path, format_, options, store=store, progress=show)
        if key is not None and not options.dry_run:
            remember_choices(session, key, options.reading)
        return report

    with import_bars() as bars:
        return imported(bars, work, dry_run=options.dry_run)
