"""Build the reports of a term: one snapshot, one notebook run per course, and files that are replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import nbformat
import pandas as pd
from sqlalchemy.orm import Session

from lmskit.codes import find_code
from lmskit.db import access
from lmskit.db.children import passed_on
from lmskit.db.transaction import snapshot
from lmskit.errors import InputError, LmskitError, TermNotFoundError
from lmskit.progress import Progress, silent
from lmskit.queries import provenance
from lmskit.queries.course import courses
from lmskit.queries.page import all_rows
from lmskit.queries.term import term_by_code, terms
from lmskit.read_models.course_report import CourseSummary, course_summary
from lmskit.reporting import execution, export
from lmskit.reporting.files import file_names
from lmskit.reporting.parameters import ReportParameters
from lmskit.reporting.snapshot import export_snapshot
from lmskit.rounding import number_text
from lmskit.whole_file import remove_stale_parts, write_whole

AT_ONCE = 2
"""Kernels at a time; together with the builder's own connection they stay below the limit of five per login."""


@dataclass(frozen=True)
class TermBuild:
    """The result of a build.

    Attributes
    ----------
    term
        Code of the term.
    folder
        Folder of its reports.
    index
        Page that lists them.
    built
        Page of each report that was built, by course code.
    failed
        Why a report could not be built, as a sentence, by course code. Its earlier report, if any, is unchanged.
    """

    term: str
    folder: Path
    index: Path
    built: dict[str, Path] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListEntry:
    """One row of the list of reports, which is stored in the notebook of its report.

    Attributes
    ----------
    course, title, lecturer
        Code, title and lecturer ("Family, Given") of the course.
    simulated
        Whether the course has simulated data.
    n_students
        Active and completed students.
    n_to_help
        Students who need help.
    week
        The last week in which a student is assessed; None without one.
    n_assessed, mean
        Students assessed in that week, and the mean of their values as a text.
    read_at
        Time of the snapshot, UTC.
    """

    course: str
    title: str
    lecturer: str
    simulated: bool
    n_students: int
    n_to_help: int
    week: int | None
    n_assessed: int
    mean: str
    read_at: str


def build_term(
    term: str, *, course: str | None = None, output: Path | None = None, n_students: int = 50, progress: Progress = silent
) -> TermBuild:
    """Build the reports of the courses of a term that the signed-in person can see.

    All reports and their list read the same snapshot of the database. If one report fails, the others are built nevertheless. Each file
    is written whole before it replaces the old one, the list last.

    Parameters
    ----------
    term
        Code of the term.
    course
        Code of the only course to build; by default all courses.
    output
        Folder for the term's own folder, by default the setting `reports_dir`.
    n_students
        The most students in a heat map.
    progress
        Receives how many of the reports are built, first and after each course; the step names the course.

    Raises
    ------
    TermNotFoundError
        There is no such term among those the person can see.
    InputError
        The course does not belong to the term, or the folder cannot be written to.
    """
    notebook = execution.term_report_notebook()
    with snapshot() as session:
        at = provenance.database_time(session)
        period = term_by_code(session, term)
        in_term = all_rows(lambda limit, after: courses(session, term=term, limit=limit, after=after), name="code")
        if in_term.empty:
            raise TermNotFoundError(term=term)
        term = period.code
        chosen = None if course is None else find_code(course, in_term["code"])
        if course is not None and chosen is None:
            raise InputError(f"The term {term} has no course {course!r} among those you can see. To list them: lmskit course list")
        wanted = in_term if course is None else in_term[in_term["code"] == chosen]
        folder = _folder(output or access().settings.reports_dir, file_names(_term_codes(session))[period.code])
        names = file_names(in_term["code"])
        shared = export_snapshot(session)
        entries = {row["code"]: _list_entry(course_summary(session, row), at) for row in wanted.to_dict("records")}
        build = TermBuild(term=term, folder=folder, index=folder / "index.html")
        progress(f"Reports of {term}", 0, len(wanted))
        with passed_on(access()), ThreadPoolExecutor(AT_ONCE, thread_name_prefix="report") as pool:
            runs = {
                pool.submit(
                    _build,
                    notebook,
                    ReportParameters(course=code, n_students=n_students, snapshot=shared, snapshot_at=at),
                    entries[code],
                    folder / names[code],
                ): code
                for code in wanted["code"]
            }
            for done, run in enumerate(as_completed(runs), start=1):
                code = runs[run]
                try:
                    build.built[code] = run.result()
                except LmskitError as error:
                    build.failed[code] = str(error)
                except OSError as error:
                    build.failed[code] = f"Its files cannot be written to {folder}: {error.strerror or error}."
                progress(f"Reports of {term}: {code}", done, len(wanted))
    page = _index(folder, term=term, name=period.name, first=period.starts_on, last=period.ends_on)
    try:
        write_whole(build.index, page)
    except OSError as error:
        raise _not_writable(build.index, error) from error
    return build


def _list_entry(summary: CourseSummary, at: dt.datetime) -> ListEntry:
    course, latest = summary.course, summary.latest
    return ListEntry(
        course=course["code"],
        title=course["title"],
        lecturer=course["lecturer"],
        simulated=summary.is_simulated,
        n_students=int(course["n_students"]),
        n_to_help=summary.n_to_help,
        week=None if latest is None else int(latest["week_number"]),
        n_assessed=0 if latest is None else int(latest["n_assessed"]),
        mean=number_text(None if latest is None else float(latest["mean_value"])),
        read_at=f"{at:%Y-%m-%d %H:%M:%S}",
    )


def _build(notebook: Path, parameters: ReportParameters, entry: ListEntry, stem: Path) -> Path:
    executed = execution.run(notebook, parameters)
    executed.metadata["lmskit"]["summary"] = asdict(entry)
    page = export.page(executed, title=f"{entry.course}: {entry.title}")
    _write(stem, ".ipynb", nbformat.writes(executed))
    return _write(stem, ".html", page)


def _write(stem: Path, suffix: str, text: str) -> Path:
    path = stem.with_name(stem.name + suffix)  # `with_suffix` would cut a code at its last point
    write_whole(path, text.encode())
    return path


def _folder(output: Path, name: str) -> Path:
    """Make the folder of a term, readable by its owner alone, with the script that its pages share."""
    folder = output / name
    script, plotly = folder / export.PLOTLY_FILE, export.plotly_script()
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        remove_stale_parts(folder)
        with TemporaryFile(dir=folder):  # now, and not after minutes of building
            pass
        if not script.is_file() or script.stat().st_size != len(plotly) or script.read_bytes() != plotly:
            write_whole(script, plotly)
    except OSError as error:
        raise _not_writable(folder, error) from error
    return folder


def _not_writable(path: Path, error: OSError) -> InputError:
    return InputError(f"Reports cannot be written to {path}: {error.strerror or error}. Choose another folder with --output.")


def _index(folder: Path, *, term: str, name: str, first: dt.date, last: dt.date) -> str:
    """Write the page that lists all reports in the folder, also those of earlier builds."""
    reports = []
    for page in folder.glob("*.html"):
        entry = _stored_entry(page.with_name(page.name.removesuffix(".html") + ".ipynb"))
        if entry is not None:
            reports.append(asdict(entry) | {"href": page.name})
    reports.sort(key=lambda report: (str(report["course"]), report["href"]))
    return export.term_page(term=term, term_name=name, first=first, last=last, reports=reports)


def _stored_entry(notebook: Path) -> ListEntry | None:
    """Read the list entry that is stored in a report; None for a file that is not a report of lmskit."""
    try:
        return ListEntry(**json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["lmskit"]["summary"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _term_codes(session: Session) -> pd.Series:
    return all_rows(lambda limit, after: terms(session, limit=limit, after=after), name="code")["code"]
