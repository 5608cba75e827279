"""The materials of a course, wired to the database, the store of files, the web and the model of vectors.

Lecturers may use it too: the database decides that they see and change the materials of their own courses only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import Opener, access, retried, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.desks.released_files import sweep_released
from lmskit.errors import EmbedderError, LmskitError, NotPermittedError, WorkCancelledError
from lmskit.forms.background_work import Task
from lmskit.forms.material import MaterialScreen, MaterialWork
from lmskit.forms.material_files import FileOutcome
from lmskit.materials.chosen_store import store_of
from lmskit.materials.folder import FolderFile, file_alone, week_beyond
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore
from lmskit.materials.vectors.choice import chosen_embedder
from lmskit.materials.web.fetching import WebFetcher, web_fetcher
from lmskit.queries.course import syllabus
from lmskit.queries.crawl_list import crawls
from lmskit.queries.material import count_materials, materials_of_course
from lmskit.queries.material_vectors import lacks_vectors, model_in_use
from lmskit.queries.page import MAX_PAGE
from lmskit.readable import minute
from lmskit.rounding import count_text
from lmskit.schemas.crawl import CrawlRequest
from lmskit.schemas.material import AddMaterial, ChangeMaterial, MaterialDetails, RemoveMaterials
from lmskit.services.material import AddedMaterial, MaterialContent, RemovedMaterial, add_material, remove_material
from lmskit.services.material_crawl import crawl_site
from lmskit.services.material_details import change_material
from lmskit.services.material_folder import FileResult, add_files
from lmskit.services.material_refresh import refresh_from_web
from lmskit.services.material_vectors import embed_passages
from lmskit.services.material_web import add_web_material
from lmskit.vocabulary import CrawlState

BY_WORDS = (
    "What is new is found by its words alone until its vectors are computed: with the next files, link or crawl, "
    "or by lmskit material embed."
)
_CRAWL_WORDS = {CrawlState.RUNNING: "not ended"}
"""Of a crawl that runs, or whose process was killed."""
_NAMED = 3
"""Pages that a sentence names."""
_POLL = 0.1
"""Seconds between two looks whether a pause between two pages was cancelled."""


def material_desk(
    course: str = "", *, begin: Opener = transaction, read: Opener = snapshot, fetcher: Callable[[], WebFetcher] | None = None
) -> MaterialScreen:
    """Return the materials of a course; it begins with `course`, or with the newest one.

    Files, pages and vectors are read, fetched and computed outside of transactions; each file or page is written in one of its own, so
    that work that is stopped keeps what it has done.

    Parameters
    ----------
    course
        Code of the course.
    begin, read
        Open a transaction, and a snapshot.
    fetcher
        Returns what fetches from the web; by default as the settings say.
    """
    desk = _Desk(begin, read, fetcher or (lambda: web_fetcher(access().settings)))
    with read() as session:
        known_courses = course_options(session)
        about = _about_vectors(session)
    work = MaterialWork(
        read=desk.page,
        weeks=desk.weeks,
        last_crawl=desk.last_crawl,
        preview=desk.preview,
        add=desk.add,
        link=desk.link,
        crawl=desk.crawl,
        refresh=desk.refresh,
        change=desk.change,
        remove=desk.remove,
    )
    return MaterialScreen(work, courses=known_courses, course=course, about_vectors=about)


class _Desk:
    """What the screen does."""

    def __init__(self, begin: Opener, read: Opener, fetcher: Callable[[], WebFetcher]) -> None:
        self._begin, self._read, self._fetcher = begin, read, fetcher

    def page(self, course: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with self._read() as session:
            return materials_of_course(session, course, limit=limit, offset=offset), count_materials(session, course)

    def weeks(self, course: str) -> list[tuple[str, int]]:
        with self._read() as session:
            weeks = syllabus(session, course, limit=MAX_PAGE)
        return [(f"{number}. {topic}", int(number)) for number, topic in zip(weeks["week_number"], weeks["topic"], strict=True)]

    def last_crawl(self, course: str) -> str:
        with self._read() as session:
            newest = crawls(session, course, limit=1).to_dict("records")
        return " ".join(
            f"Last crawl: {crawl['start_url']}, {minute(crawl['started_at'])}, "
            f"{_CRAWL_WORDS.get(crawl['state'], crawl['state'])}: {crawl['done']:,} done, {crawl['not_added']:,} not added, "
            f"{crawl['waiting']:,} waiting."
            for crawl in newest
        )

    # Files ------------------------------------------------------------------------------------------

    def preview(self, task: Task, course: str, paths: Sequence[Path]) -> list[FileOutcome]:
        files = [file_alone(path) for path in paths]
        results = list(add_files(self._begin, self._store, course, files, dry_run=True, progress=task.report))
        missing = {number: result.missing_week for number, result in enumerate(results) if result.missing_week is not None}
        # A week that the course does not have can be corrected in the row of the file.
        again = [replace(files[number], whole_course=True) for number in missing]
        corrected = add_files(self._begin, self._store, course, again, dry_run=True, progress=task.report)
        for (number, week), result in zip(missing.items(), corrected if again else (), strict=True):
            results[number] = _with_week_to_choose(result, f"It names week {week}, which {course} does not have.")
        for number, path in enumerate(paths):
            if results[number].week is None and (beyond := week_beyond(path.name)) is not None:
                results[number] = _with_week_to_choose(results[number], f"Its name says week {beyond}, which no course can have.")
        return [_outcome(path, result) for path, result in zip(paths, results, strict=True)]

    def add(self, task: Task, requests: Sequence[tuple[Path, AddMaterial]]) -> tuple[list[FileOutcome], str]:
        files = [
            FolderFile(path.name, path, MaterialDetails(week=request.week, title=request.title), whole_course=request.week is None)
            for path, request in requests
        ]
        outcomes: list[FileOutcome] = []
        released: list[str] = []
        try:
            for result in add_files(self._begin, self._store, requests[0][1].course, files, progress=task.report):
                outcomes.append(_outcome(requests[len(outcomes)][0], result))
                released += result.released
        except WorkCancelledError:
            left = len(requests) - len(outcomes)
            stopped = f"Stopped: {count_text(left, 'file')} left out."
            sentences = [stopped, sweep_released(self._begin, released), self._without_vectors(requests[0][1].course)]
            return outcomes, " ".join(filter(None, sentences))
        return outcomes, f"{sweep_released(self._begin, released)} {self._embed(task)}".strip()

    # Links and sites --------------------------------------------------------------------------------

    def link(self, task: Task, request: AddMaterial, captions: Path | None, fetch: bool) -> str:  # noqa: FBT001 - as MaterialLink calls it
        if captions is not None:
            details = MaterialDetails.model_validate(request.model_dump(include=set(MaterialDetails.model_fields)))
            file = FolderFile(captions.name, captions, details)
            [result] = add_files(self._begin, self._store, request.course, [file], progress=task.report)
            outcome = _outcome(captions, result)
            if outcome.is_refused:
                raise LmskitError(f"{captions.name}: {outcome.reason} Nothing was added.")
            text = count_text(result.n_passages, "passage")
            sentences = [
                f"{outcome.title} was {_done(outcome.outcome)}, {text} of captions.",
                sweep_released(self._begin, result.released),
                self._embed(task),
            ]
            return " ".join(filter(None, sentences))
        task.report("Fetching" if fetch else "Adding", 0, None)
        if fetch:
            added = add_web_material(self._begin, self._store, self._patient(task), request)
        else:
            added = retried(lambda: self._add_link(request))
        text = count_text(added.n_passages, "passage") if fetch else "a link, whose text is not read"
        sentences = [f"{added.title} was {_done(added.outcome)}, {text}.", sweep_released(self._begin, added.released)]
        if added.n_passages:
            sentences.append(self._embed(task))
        return " ".join(filter(None, sentences))

    def _add_link(self, request: AddMaterial) -> AddedMaterial:
        with self._begin() as session:
            return add_material(session, self._store, request, MaterialContent())

    def crawl(self, task: Task, request: CrawlRequest) -> tuple[str, list[tuple[str, str]]]:
        try:
            report = crawl_site(self._begin, self._store, self._patient(task), request, progress=task.report)
        except WorkCancelledError:
            stopped = "Stopped. What was fetched is in the list; to go on, crawl the same page again."
            return f"{stopped} {self._without_vectors(request.course)}".strip(), []
        stopped = f" It stopped: {report.stopped}" if report.stopped else ""
        resumed = "The crawl went on where it was: " if report.resumed else ""
        return f"{resumed}{report.sentence}{stopped} {self._embed(task)}".strip(), [*report.gone, *report.refused]

    def refresh(self, task: Task, course: str) -> str:
        try:
            with MaterialReader() as reader:
                report = refresh_from_web(self._begin, self._store, self._patient(task), course, reader=reader, progress=task.report)
        except WorkCancelledError:
            return f"Stopped. What was fetched until then is up to date. {self._without_vectors(course)}".strip()
        if not report.asked:
            return "No material of this course was fetched from the web. To bring in a changed file, add it again under the same name."
        sentences = [
            f"{count_text(report.asked, 'page')} of the web: {report.sentence}",
            _first("Gone, and kept as read before", report.gone),
            _first("Not fetched", [reason.removesuffix(".") for _, reason in report.refused]),
            self._embed(task),
        ]
        return " ".join(filter(None, sentences))

    def _patient(self, task: Task) -> WebFetcher:
        """A fetcher whose pauses end when the work is cancelled."""

        def wait(seconds: float) -> None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if task.cancelled:
                    raise WorkCancelledError
                time.sleep(min(left, _POLL))

        return replace(self._fetcher(), wait=wait)

    # Changes, removal, store and vectors ---------------------------------------------------------------------

    def change(self, request: ChangeMaterial) -> str:
        def work() -> AddedMaterial:
            with self._begin() as session:
                return change_material(session, request)

        changed = retried(work)
        return f"{changed.title} was changed: {', '.join(changed.changes)}." if changed.changes else f"{changed.title} was so already."

    def remove(self, request: RemoveMaterials) -> str:
        def work() -> list[RemovedMaterial]:
            with self._begin() as session:
                return [remove_material(session, number) for number in dict.fromkeys(request.materials)]

        removed = retried(work)
        sentence = f"{count_text(len(removed), 'material')} removed."
        return f"{sentence} {sweep_released(self._begin, [name for gone in removed for name in gone.released])}".strip()

    @property
    def _store(self) -> MaterialStore:
        return store_of(access().settings)

    def _embed(self, task: Task) -> str:
        """Compute the vectors of new passages; a sentence if they are missing."""
        try:
            embed_passages(self._begin, access().settings, progress=task.report)
        except WorkCancelledError:
            return "Stopped while vectors were computed; the next work here goes on with them."
        except NotPermittedError:
            return "The new passages are found by their words, until an administrator has computed the first vectors: lmskit material embed"
        except LmskitError as error:
            return f"The new passages are found by their words, not by their meaning, since they have no vectors: {error}"
        return ""

    def _without_vectors(self, course: str) -> str:
        """A sentence if passages of a course have no vector, as after work that was stopped."""
        with self._read() as session:
            lacking = lacks_vectors(session, course)
        return BY_WORDS if lacking else ""


def _first(what: str, pages: Sequence[str]) -> str:
    """A sentence that names the first of some pages; empty if there are none."""
    further = [f"{len(pages) - _NAMED:,} more"] if len(pages) > _NAMED else []
    return f"{what}: {'; '.join([*pages[:_NAMED], *further])}." if pages else ""


def _with_week_to_choose(result: FileResult, why: str) -> FileResult:
    sentence = f"{why} Choose a week, or leave it empty for the whole course."
    return replace(result, findings=(sentence, *result.findings))


def _outcome(path: Path, result: FileResult) -> FileOutcome:
    reason = result.reason and result.reason[:1].upper() + result.reason[1:]
    if result.missing_week is not None:
        reason = f"The course has no week {result.missing_week} any more. Choose the file again, with another week."
    return FileOutcome(path, result.outcome, reason, result.week, result.title, result.n_passages, result.findings)


def _done(outcome: str) -> str:
    return "left as it is" if outcome == "unchanged" else outcome


def _about_vectors(session: Session) -> str:
    """Say which model compares meanings, and whether texts leave the machine."""
    used = model_in_use(session)
    try:
        chosen = chosen_embedder(access().settings)
    except EmbedderError as error:
        return f"Meanings cannot be compared: {error}"
    name = chosen.embedder.name if used is None else used.name
    note = chosen.note or ("The texts stay on this machine." if used is None or used.name == chosen.embedder.name else "")
    if used is None:
        return f"Search compares words until there are vectors; the model for them is {name}. {note}".strip()
    return f"Search compares meanings with the model {name}. {note}".strip()
