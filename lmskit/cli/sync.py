"""`lmskit sync`: bring courses up to date with a learning management system, over the network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.progress import Progress
from sqlalchemy.orm import Session

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.import_options import (
    NewQuizzes,
    Rename,
    Report,
    SameQuiz,
    Section,
    Week,
    WeekOf,
    WithdrawAtMost,
    WithdrawMissing,
    WithoutWeek,
)
from lmskit.cli.import_report import StepBars, print_json_list, print_report, written_sentence
from lmskit.cli.import_values import quizzes_by_title, weeks_by_section, weeks_by_title
from lmskit.cli.imported import import_bars, imported, say_refreshed
from lmskit.cli.messages import message_for
from lmskit.cli.printing import print_error, print_line
from lmskit.db import access, engine_for, snapshot
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import InputError, LmsAddressError, LmskitError, LmsTokenError
from lmskit.importers.canvas.person import SYSTEM as CANVAS_IDS
from lmskit.importers.canvas.web_service.calls import KEPT_HEADERS
from lmskit.importers.canvas.web_service.calls import is_passing as canvas_is_passing
from lmskit.importers.canvas.web_service.reading import CanvasReading
from lmskit.importers.canvas.web_service.source import FORMAT as CANVAS_SYNC
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.moodle.person import SYSTEM as MOODLE_IDS
from lmskit.importers.moodle.web_service.functions import is_passing as moodle_is_passing
from lmskit.importers.moodle.web_service.reading import MoodleReading
from lmskit.importers.moodle.web_service.source import FORMAT as MOODLE_SYNC
from lmskit.importers.report import ImportReport
from lmskit.importers.report_file import check_report_path, write_report
from lmskit.importers.web_service.client import USUAL_PAUSE, ServiceAnswer, ServiceClient, required_token, service_address
from lmskit.importers.web_service.reading import LiveReading, ReadBatch
from lmskit.importers.web_service.whole_report import whole_report
from lmskit.limits import LONGEST_SERVICE_PAUSE
from lmskit.services.course_sync import known_course, sync_course
from lmskit.services.importing import ImportOptions
from lmskit.services.mastery import RefreshReport

app = typer.Typer(
    name="sync",
    no_args_is_help=True,
    help="Bring courses up to date with a learning management system, over the network. What is read becomes an import: "
    "`lmskit import list` shows it, and `lmskit import undo` takes it back.",
)

Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="The address of its start page.", show_default=False)]
Courses = Annotated[
    list[str] | None, typer.Option("--course", metavar="CODE", help="Code of the course in lmskit; give one for each.", show_default=False)
]
ShortName = Annotated[
    str | None,
    typer.Option("--short-name", metavar="NAME", help="Short name of the course in Moodle, if it is not the code.", show_default=False),
]
CanvasCourses = Annotated[
    list[str] | None,
    typer.Option(
        "--course",
        metavar="CODE",
        help="Code of the course in lmskit; give one for each. CODE=NUMBER, with the number that its address in Canvas has, if the code "
        "there is another.",
        show_default=False,
    ),
]
SameCourse = Annotated[
    bool,
    typer.Option("--same-course", help="The course is the one in lmskit, although that was another course of the system until now."),
]
Pause = Annotated[
    float,
    typer.Option("--pause", metavar="SECONDS", min=0, max=LONGEST_SERVICE_PAUSE, help="How long to wait between two requests."),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the reports of the courses as one JSON list, each as `lmskit import` prints it; all else is on standard error.",
    ),
]
_Sections = Mapping[int, ChosenWeek | None]


@dataclass(frozen=True)
class _System:
    """A learning management system, as it is asked and as its imports are stored."""

    title: str
    system: str
    format: str
    reading: Callable[[ServiceClient, str, str, _Sections], LiveReading]
    """Of a client, the code of a course in lmskit, its name in the system, and the weeks that were chosen for its sections."""
    is_busy: Callable[[ServiceAnswer], bool]
    kept_headers: tuple[str, ...] = ()

    @property
    def variables(self) -> str:
        """What the names of its variables begin with."""
        return f"LMSKIT_{self.title.upper()}"

    def client(self, address: str | None, token: str | None, pause: float) -> ServiceClient:
        """Return what asks it."""
        if address is None:
            raise InputError(f"Which {self.title}? Give --url URL, or set {self.variables}_URL.")
        secret = required_token(token, f"{self.variables}_TOKEN")
        return ServiceClient(service_address(address), secret, pause=pause, is_busy=self.is_busy, kept_headers=self.kept_headers)

    def courses(self, typed: list[str]) -> dict[str, str]:
        """Return the names of courses in the system by their codes in lmskit; `CODE=NAME` has both."""
        found = {}
        for each in filter(None, map(str.strip, typed)):
            code, _, other = each.partition("=")
            found[code.strip()] = other.strip() or code.strip()
        if not found:
            raise InputError(f"Which course? Give --course CODE, or set {self.variables}_COURSES.")
        return found


MOODLE = _System(
    "Moodle", MOODLE_IDS, MOODLE_SYNC, lambda client, _code, name, sections: MoodleReading(client, name, sections), moodle_is_passing
)
CANVAS = _System(
    "Canvas",
    CANVAS_IDS,
    CANVAS_SYNC,
    lambda client, code, name, sections: CanvasReading(client, name, sections, is_number=name != code and name.isdecimal()),
    canvas_is_passing,
    KEPT_HEADERS,
)


@app.callback()
def sync() -> None:
    """Bring courses up to date with a learning management system, over the network."""


@app.command("moodle")
def sync_moodle(
    *,
    url: Url = None,
    course: Courses = None,
    short_name: ShortName = None,
    same_course: SameCourse = False,
    section: Section = None,
    week: Week = None,
    week_of: WeekOf = None,
    without_week: WithoutWeek = False,
    same_quiz: SameQuiz = None,
    new_quizzes: NewQuizzes = False,
    withdraw_missing: WithdrawMissing = False,
    withdraw_at_most: WithdrawAtMost = None,
    rename: Rename = False,
    pause: Pause = USUAL_PAUSE,
    dry_run: DryRun = False,
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Bring courses up to date with Moodle: people, groups, quizzes, attempts with their answers, and grades.

    The token of Moodle's web services is in LMSKIT_MOODLE_TOKEN, or in the file that LMSKIT_MOODLE_TOKEN_FILE names.
    Without --url and --course, LMSKIT_MOODLE_URL and LMSKIT_MOODLE_COURSES say what is synced.
    """
    settings = access().settings
    client = MOODLE.client(url or settings.moodle_url, settings.token_for_moodle, pause)
    courses = MOODLE.courses(course or settings.moodle_courses.split(","))
    if short_name is not None:
        if len(courses) > 1:
            raise InputError("--short-name is the name of one course. Give one --course, or --course CODE=NAME for each.")
        courses = dict.fromkeys(courses, short_name)
    options = ImportOptions(
        same_course=same_course,
        week=week,
        weeks=weeks_by_title(week_of or []),
        without_week=without_week,
        same_quizzes=quizzes_by_title(same_quiz or []),
        new_quizzes=new_quizzes,
        withdraw_missing=withdraw_missing,
        withdraw_at_most=withdraw_at_most,
        rename=rename,
        dry_run=dry_run,
    )
    _sync(MOODLE, client, courses, section, options, as_json=as_json, report=report)


@app.command("canvas")
def sync_canvas(
    *,
    url: Url = None,
    course: CanvasCourses = None,
    same_course: SameCourse = False,
    section: Section = None,
    week: Week = None,
    week_of: WeekOf = None,
    without_week: WithoutWeek = False,
    same_quiz: SameQuiz = None,
    new_quizzes: NewQuizzes = False,
    withdraw_missing: WithdrawMissing = False,
    withdraw_at_most: WithdrawAtMost = None,
    rename: Rename = False,
    pause: Pause = USUAL_PAUSE,
    dry_run: DryRun = False,
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Bring courses up to date with Canvas: people, sections, assignments, attempts at classic quizzes with their answers, and grades.

    The token of Canvas's REST API is in LMSKIT_CANVAS_TOKEN, or in the file that LMSKIT_CANVAS_TOKEN_FILE names.
    Without --url and --course, LMSKIT_CANVAS_URL and LMSKIT_CANVAS_COURSES say what is synced.
    """
    settings = access().settings
    client = CANVAS.client(url or settings.canvas_url, settings.token_for_canvas, pause)
    courses = CANVAS.courses(course or settings.canvas_courses.split(","))
    options = ImportOptions(
        same_course=same_course,
        week=week,
        weeks=weeks_by_title(week_of or []),
        without_week=without_week,
        same_quizzes=quizzes_by_title(same_quiz or []),
        new_quizzes=new_quizzes,
        withdraw_missing=withdraw_missing,
        withdraw_at_most=withdraw_at_most,
        rename=rename,
        dry_run=dry_run,
    )
    _sync(CANVAS, client, courses, section, options, as_json=as_json, report=report)


def _sync(
    system: _System,
    client: ServiceClient,
    courses: dict[str, str],
    section: list[str] | None,
    options: ImportOptions,
    *,
    as_json: bool,
    report: Path | None,
) -> None:
    """Sync courses one after the other, and report on each; one that cannot be synced does not end the others."""
    _require_one(courses, section, report)
    sections = weeks_by_section(section or [])
    require_known_schema(engine_for())
    say = print_error if as_json else print_line
    done: list[Synced] = []
    has_failed = False
    try:
        for code, name in courses.items():
            try:
                synced = _synced(system.reading(client, code, name, sections), system, replace(options, course=code), say)
            except LmskitError as error:
                if len(courses) == 1 or isinstance(error, LmsTokenError | LmsAddressError):
                    raise
                print_error(f"{code} was not synced. {message_for(error)}")
                has_failed = True
                continue
            done.append(synced)
            _say(synced, say, as_json=as_json)
            if report is not None:
                write_report(synced.report, report)
                say(written_sentence(synced.report, report))
    finally:
        if as_json and done:
            print_json_list((synced.report, synced.refreshed) for synced in done)
    if options.dry_run:
        say(WAS_DRY)
    if has_failed:
        raise typer.Exit(REFUSED)
    if any(synced.is_partly for synced in done):
        raise typer.Exit(PARTLY)


def _require_one(courses: dict[str, str], section: list[str] | None, report: Path | None) -> None:
    """Require that there is one course if an option is about one."""
    if report is not None:
        check_report_path(report)
        if len(courses) > 1:
            raise InputError("--report is about one course. Give one --course, or --json for the reports of all.")
    if section and len(courses) > 1:
        raise InputError("--section is about the sections of one course. Give one --course.")


class Synced(NamedTuple):
    """A course that was synced; each of the imports that this took has refreshed mastery by itself."""

    report: ImportReport
    refreshed: list[RefreshReport]
    n_requests: int

    @property
    def is_partly(self) -> bool:
        """Whether a row was rejected, or a course's mastery left as it is."""
        return bool(self.report.rejections or any(each.skipped for each in self.refreshed))


def _synced(reading: LiveReading, system: _System, options: ImportOptions, say: Callable[[str], None]) -> Synced:
    """Sync one course, and show the progress."""
    done: list[tuple[ImportReport, RefreshReport | None]] = []
    try:
        with import_bars() as bars:
            show = StepBars(bars)
            with snapshot() as session:
                known = known_course(session, options.course or "", system=system.system, format_=system.format, name=reading.name)
            done.extend(_imported(batch, options, bars) for batch in reading.batches(known, whole=options.dry_run, progress=show))
            show.end()
    except LmskitError:
        _say_what_stays(done, say)
        raise
    reports, refreshed = zip(*done, strict=True)
    return Synced(whole_report(reports), [each for each in refreshed if each is not None], reading.n_requests)


def _imported(batch: ReadBatch, options: ImportOptions, bars: Progress) -> tuple[ImportReport, RefreshReport | None]:
    def work(session: Session, show: StepBars) -> ImportReport:
        return sync_course(session, batch.source, options, lacking=batch.lacking, known_until=batch.known_until, progress=show)

    return imported(bars, work, dry_run=options.dry_run)


def _say(synced: Synced, say: Callable[[str], None], *, as_json: bool) -> None:
    if not as_json:
        print_report(synced.report)
    for refreshed in synced.refreshed:
        say_refreshed(refreshed, say)
    say(f"{synced.report.name}: {synced.n_requests:,} requests.")


def _say_what_stays(done: list[Any], say: Callable[[str], None]) -> None:
    """Say what of a sync that ended early is written; the next one goes on from there."""
    if done:
        n_rows = sum(report.total.rows_in for report, _ in done)
        say(f"What was read until then is written ({n_rows:,} rows); the next sync goes on from there.")
