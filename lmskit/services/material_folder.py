"""Add the files of a folder to a course one by one, and account for every one of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from lmskit.db import Opener, retried
from lmskit.errors import MaterialExistsError, MaterialFileError, WeekNotFoundError
from lmskit.limits import LARGEST_MATERIAL
from lmskit.materials.folder import FolderFile
from lmskit.materials.material_text import MaterialText
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore, PreviewStore
from lmskit.progress import Progress, silent
from lmskit.queries.leading import led_course_by_code
from lmskit.rounding import count_text
from lmskit.schemas.material import AddMaterial, MaterialDetails
from lmskit.schemas.mistakes import one_sentence
from lmskit.services.material import AddedMaterial, MaterialContent, add_material, stored_if_added
from lmskit.vocabulary import MaterialKind, Origin

OUTCOMES = ("added", "changed", "unchanged", "skipped", "refused")


@dataclass(frozen=True)
class FileResult:
    """What one file of a folder became.

    Attributes
    ----------
    name
        Its path within the folder.
    outcome
        One of `OUTCOMES`.
    reason
        Why it was skipped or refused, with the page, slide, cell or part; None otherwise.
    material_id, title, week, n_passages
        Of the material; None and 0 where there is no material. In a preview a new material has no number.
    kind, length
        What the file is, and how many pages, slides, cells or seconds it has.
    findings
        What was not read or is doubtful.
    released
        Names in the store, for `sweep`.
    missing_week
        The week for which it was refused, since the syllabus lacks it; None if that is not why.
    changes, same_as
        As in `AddedMaterial`.
    is_link
        Whether it is an address in the manifest, without a file.
    """

    name: str
    outcome: str
    reason: str | None = None
    material_id: int | None = None
    title: str | None = None
    week: int | None = None
    kind: str | None = None
    length: int | None = None
    n_passages: int = 0
    findings: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    missing_week: int | None = None
    changes: tuple[str, ...] = ()
    same_as: tuple[int, str] | None = None
    is_link: bool = False


def add_files(
    opener: Opener,
    store: MaterialStore,
    course: str,
    files: Sequence[FolderFile],
    *,
    defaults: MaterialDetails | None = None,
    origin: Origin = Origin.FORM,
    replacing: bool = True,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Iterator[FileResult]:
    """Add files to a course, each in a transaction of its own, and give out what each became.

    Work that was interrupted can begin again: what was added is unchanged the second time.

    Parameters
    ----------
    opener
        Opens a transaction, which commits when its block ends; each is as short as writing one material takes.
    store
        Receives the files.
    course
        Code of the course.
    files
        As `lmskit.materials.folder.files_of` gives them.
    defaults
        What holds for all files about which neither the manifest nor the file says it.
    origin
        How the materials come in.
    replacing
        As for `add_material`.
    dry_run
        Whether nothing is written: each transaction is rolled back.
    progress
        Receives the number of files that are done.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    NotLeadingError
        The person is an assistant of the course.
    """
    asked = defaults or MaterialDetails()

    def add(request: AddMaterial, content: MaterialContent) -> AddedMaterial:
        if dry_run:
            return retried(lambda: _previewed(opener, request, content, replacing=replacing))
        with stored_if_added(opener, store, content.content):
            return retried(lambda: _added(opener, store, request, content, replacing=replacing))

    with opener() as session:  # before a file is in the store
        led_course_by_code(session, course)
    with MaterialReader() as reader:
        for number, file in enumerate(files):
            progress("Reading materials", number, len(files))
            if file.skipped is not None or file.refused is not None:
                yield FileResult(file.name, "skipped" if file.refused is None else "refused", file.refused or file.skipped)
                continue
            try:
                content = read_file(file, reader)
                request = _request(course, file, content.text, asked, origin)
                yield _result(file, content.text, add(request, content), dry_run=dry_run)
            except MaterialFileError as error:
                yield FileResult(file.name, "refused", f"{error.where}: {error.reason}" if error.where else error.reason)
            except ValidationError as error:
                yield FileResult(file.name, "refused", one_sentence(error, lambda field: field))
            except WeekNotFoundError as error:
                yield FileResult(file.name, "refused", str(error), missing_week=error.week)
            except MaterialExistsError as error:
                yield FileResult(file.name, "refused", str(error))
    progress("Reading materials", len(files), len(files))


def counts_of(results: Iterable[FileResult]) -> str:
    """Return how many files and links became what, so that the sum is the number of both.

    >>> counts_of([FileResult("a.md", "added"), FileResult("b.md", "added"), FileResult("c.png", "skipped", "a picture")])
    '3 files: 2 added, 0 changed, 0 unchanged, 1 skipped, 0 refused'
    >>> counts_of([FileResult("a.md", "added"), FileResult("https://example.org/", "added", is_link=True)])
    '1 file and 1 link: 2 added, 0 changed, 0 unchanged, 0 skipped, 0 refused'
    """
    listed = list(results)
    counts, n_links = Counter(result.outcome for result in listed), sum(result.is_link for result in listed)
    numbers = [count_text(len(listed) - n_links, "file"), *([count_text(n_links, "link")] if n_links else [])]
    return f"{' and '.join(numbers)}: {', '.join(f'{counts[outcome]:,} {outcome}' for outcome in OUTCOMES)}"


def read_file(file: FolderFile, reader: MaterialReader) -> MaterialContent:
    """Return a file with its text.

    Raises
    ------
    MaterialFileError
        It cannot be read, or changes meanwhile.
    """
    if file.path is None:
        return MaterialContent()
    try:
        with file.path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            content = stream.read(LARGEST_MATERIAL + 1)
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise MaterialFileError(f"it cannot be read: {error.strerror}. Check the right to read it.", name=file.name) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise MaterialFileError("it changed while it was read. Add it again when the program that writes it has ended.", name=file.name)
    text = reader.read(content, name=file.name)
    return MaterialContent(content, replace(text, week=None) if file.whole_course else text)


def _request(course: str, file: FolderFile, text: MaterialText | None, asked: MaterialDetails, origin: Origin) -> AddMaterial:
    """The request for a file: the manifest before the file, the file before its name, its name before what holds for all."""
    said = file.details
    of_file = (None, None, None) if text is None else (text.week, text.licence, text.language)
    return AddMaterial.model_validate(
        {
            "course": course,
            "file_name": file.name if file.path is not None else None,
            "week": None if file.whole_course else _first(said.week, of_file[0], file.named_week, asked.week),
            "title": said.title or asked.title,
            "url": said.url or asked.url,
            "licence": said.licence or (None if of_file[1] else asked.licence),
            "language": said.language or asked.language,
            "kind": said.kind or asked.kind or (MaterialKind.PAGE if file.path is None else None),
            "origin": origin,
            "whole_course": file.whole_course,
        }
    )


def _first(*weeks: int | None) -> int | None:
    return next((week for week in weeks if week is not None), None)


def _added(opener: Opener, store: MaterialStore, request: AddMaterial, content: MaterialContent, *, replacing: bool) -> AddedMaterial:
    with opener() as session:
        return add_material(session, store, request, content, replacing=replacing)


def _previewed(opener: Opener, request: AddMaterial, content: MaterialContent, *, replacing: bool) -> AddedMaterial:
    with opener() as session:
        savepoint = session.begin_nested()
        added = add_material(session, PreviewStore(), request, content, replacing=replacing)
        savepoint.rollback()
    return added


def _result(file: FolderFile, text: MaterialText | None, added: AddedMaterial, *, dry_run: bool) -> FileResult:
    is_new = added.outcome == "added"
    return FileResult(
        name=file.name,
        outcome=added.outcome,
        material_id=None if dry_run and is_new else added.material_id,
        title=added.title,
        week=added.week,
        kind=None if text is None else text.kind.value,
        length=None if text is None else text.length,
        n_passages=added.n_passages,
        findings=() if text is None else text.findings,
        released=() if dry_run else added.released,
        changes=added.changes,
        same_as=added.same_as,
        is_link=file.path is None,
    )
