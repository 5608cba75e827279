"""Build the reports of a term: one snapshot, one notebook run per course, files that are whole or as they were."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import access
from lmskit.db.transaction import snapshot
from lmskit.errors import InputError, LmskitError, TermNotFoundError
from lmskit.progress import Progress, silent
from lmskit.queries import provenance
from lmskit.queries.course import courses
from lmskit.queries.page import all_pages
from lmskit.queries.term import term_by_code, terms
from lmskit.read_models.course_report import CourseSummary, course_summary
from lmskit.reporting import execution, export
from lmskit.reporting import snapshot as shared
from lmskit.reporting.files import file_names
from lmskit.reporting.parameters import ReportParameters
from lmskit.rounding import number_text
from lmskit.whole_file import remove_stale_parts, write_whole

AT_ONCE = 2
"""Kernels at a time; with the builder's own connection they stay below the five a login may have."""


@dataclass(frozen=True)
class TermBuild:
    """What a build has written, and what it has not.

    Attributes
    ----------
    term, folder, index
        Code of the term, where its reports lie, and the page that lists them.
    built
        By course code: its page.
    failed
        By course code: why its report could not be built, as a sentence. Its earlier report, if any, is as it was.
    """

    term: str
    folder: Path
    index: Path
    built: dict[str, Path] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def build_term(
    term: str, *, course: str | None = None, output: Path | None = None, n_students: int = 50, progress: Progress = silent
) -> TermBuild:
    """Build the reports of the courses of a term that the signed-in person sees.

    All of them, and the list of them, read the same snapshot of the database. A course that fails does not keep the others
    from being built. Everything is written beside and put in place as a whole, the list last.

    Parameters
    ----------
    term
        Code of the term.
    course
        Code of the one course to build, by default all.
    output
        Folder for the term's own folder, by default the setting `reports_dir`.
    n_students
        How many students a heat map shows at most.
    progress
        Receives how many of the reports are built, first and after each course; the step names the course.

    Raises
    ------
    TermNotFoundError
        The person sees no such term.
    InputError
        The course is not one of the term, or the folder cannot be written to.
    """
    notebook = execution.term_report_notebook()
    with snapshot() as session:
        at = provenance.database_time(session)
        period = term_by_code(session, term)
        listed = all_pages(lambda limit, offset: courses(session, term=term, limit=limit, offset=offset))
        if listed.empty:
            raise TermNotFoundError(term=term)
        if course is not None and course not in set(listed["code"]):
            raise InputError(f"The term {term} has no course {course!r} among those you can see. To list them: lmskit course list")
        wanted = listed if course is None else listed[listed["code"] == course]
        folder = _folder(output or access().settings.reports_dir, file_names(_term_codes(session))[term])
        names = file_names(listed["code"])
        held = shared.export(session)
        summaries = {row["code"]: _listed(course_summary(session, row), at) for row in wanted.to_dict("records")}
        build = TermBuild(term=term, folder=folder, index=folder / "index.html")
        progress(f"Reports of {term}", 0, len(wanted))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="report") as pool:
            runs = {
                pool.submit(
                    _build,
                    notebook,
                    ReportParameters(course=code, n_students=n_students, snapshot=held, snapshot_at=at),
                    summaries[code],
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
    write_whole(build.index, _index(folder, term=term, name=period.name, first=period.starts_on, last=period.ends_on).encode())
    return build


def _listed(summary: CourseSummary, at: dt.datetime) -> dict[str, Any]:
    """Write the summary of a course as its row in the list of reports, which is stored in the course's notebook."""
    course, latest = summary.course, summary.latest
    return {
        "course": course["code"],
        "title": course["title"],
        "lecturer": course["lecturer"],
        "simulated": summary.is_simulated,
        "n_students": int(course["n_students"]),
        "n_to_help": summary.n_to_help,
        "week": None if latest is None else int(latest["week_number"]),
        "n_assessed": 0 if latest is None else int(latest["n_assessed"]),
        "mean": number_text(None if latest is None else float(latest["mean_value"])),
        "read_at": f"{at:%Y-%m-%d %H:%M:%S}",
    }


def _build(notebook: Path, parameters: ReportParameters, about: dict[str, Any], stem: Path) -> Path:
    executed = execution.run(notebook, parameters)
    executed.metadata["lmskit"]["summary"] = about
    page = export.page(executed, title=f"{about['course']}: {about['title']}")
    _write(stem, ".ipynb", nbformat.writes(executed))
    return _write(stem, ".html", page)


def _write(stem: Path, suffix: str, text: str) -> Path:
    path = stem.with_name(stem.name + suffix)  # with_suffix would cut a code at its last point
    write_whole(path, text.encode())
    return path


def _folder(output: Path, name: str) -> Path:
    """Make the folder of a term, readable by its owner alone, with what its pages share."""
    folder = output / name
    script, plotly = folder / export.PLOTLY_FILE, export.plotly_script()
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        remove_stale_parts(folder)
        if not script.is_file() or script.stat().st_size != len(plotly) or script.read_bytes() != plotly:
            write_whole(script, plotly)
    except OSError as error:
        raise InputError(
            f"Reports cannot be written to {folder}: {error.strerror or error}. Choose another folder with --output."
        ) from error
    return folder


def _index(folder: Path, *, term: str, name: str, first: dt.date, last: dt.date) -> str:
    """List the reports that lie in the folder, each as it was built, also those of earlier builds."""
    reports = []
    for page in sorted(folder.glob("*.html")):
        about = _about(page.with_name(page.name.removesuffix(".html") + ".ipynb"))
        if about is not None:
            reports.append(about | {"href": page.name})
    reports.sort(key=lambda report: str(report["course"]))
    return export.term_page(term=term, term_name=name, first=first, last=last, reports=reports)


def _about(path: Path) -> dict[str, Any] | None:
    """What a report said of itself when it was built; None for files that are not ours."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["lmskit"]["summary"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return about if isinstance(about, dict) and about.keys() == _SUMMARY else None


def _term_codes(session: Session) -> pd.Series:
    return all_pages(lambda limit, offset: terms(session, limit=limit, offset=offset))["code"]


_SUMMARY = {"course", "title", "lecturer", "simulated", "n_students", "n_to_help", "week", "n_assessed", "mean", "read_at"}
