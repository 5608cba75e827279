"""`lmskit material add`, `change`, `remove`, `refresh` and `sweep`."""

import re
import shlex
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Annotated

import typer
from pydantic import ValidationError

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.material import CourseOption, MaterialArgument
from lmskit.cli.material_crawl import add_fetched, refresh_fetched
from lmskit.cli.printing import print_error, print_line, print_table, spinner
from lmskit.cli.released_files import sweep_released
from lmskit.cli.typed_number import week_typed
from lmskit.cli.vector_advice import advise_vectors
from lmskit.db import access, engine_for, retried, snapshot, transaction
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import InputError, LmskitError, MaterialFileError, StoredFileError
from lmskit.materials.chosen_store import store_of
from lmskit.materials.folder import file_alone, files_of
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore
from lmskit.queries.course import course_by_code
from lmskit.queries.material import material, stored_materials
from lmskit.readable import bounded
from lmskit.rounding import count_text
from lmskit.schemas.material import AddMaterial, ChangeMaterial, MaterialDetails
from lmskit.schemas.mistakes import mistakes
from lmskit.services.material import AddedMaterial, MaterialContent, RemovedMaterial, add_material, refresh_material, remove_material
from lmskit.services.material_details import change_material
from lmskit.services.material_folder import FileResult, add_files, counts_of
from lmskit.services.material_store import sweep_all
from lmskit.vocabulary import MaterialKind

app = typer.Typer(name="material")

_HEADINGS = {"name": "File", "outcome": "Result", "week": "Week", "title": "Title", "n_passages": "Passages", "reason": "Why"}
_IS_ADDRESS = re.compile("https?://", re.IGNORECASE)


@app.command()
def add(
    what: Annotated[str, typer.Argument(metavar="PATH|URL", help="A file, a folder, or a web address.", show_default=False)],
    *,
    course: CourseOption,
    week: Annotated[
        int | None,
        typer.Option(
            "--week",
            metavar="N",
            help="Week of the syllabus. Default: what the file or its name says.",
            callback=week_typed,
            show_default=False,
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of a file or link. Default: that of the file.", show_default=False)] = None,
    licence: Annotated[str | None, typer.Option(help="An SPDX identifier such as CC-BY-4.0, or a text.", show_default=False)] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="Language, such as de. Default: it is detected.", show_default=False)
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where a file is on the web.", show_default=False)] = None,
    captions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Captions (VTT or SRT) of the video at URL.", show_default=False)
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name by which a file is recognised when it is added again. Default: its own.", show_default=False),
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Do not fetch the page or file at URL: keep its address alone.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Add a file, the files of a folder, or a page or file of the web to a course; what is there already is brought up to date.

    In a folder, week and title come from the manifest materials.csv or materials.yaml, from the files themselves, or from names such as
    week-03. What is not a material is skipped. If files were refused, the exit status is 3.
    """
    details = MaterialDetails.model_validate({"week": week, "title": title, "licence": licence, "language": language, "url": url})
    require_known_schema(engine_for())
    with snapshot() as session:
        code = course_by_code(session, course).code
    if _IS_ADDRESS.match(what):
        _add_address(code, what, details, captions, name, is_link=link, dry_run=dry_run)
        return
    if link:
        raise InputError("--link is for a web address, which begins with http:// or https://")
    if captions is not None:
        raise InputError("--captions is for a video: give its address instead of a path. To add captions alone, give their path.")
    path = Path(what)
    with suppress(RuntimeError):  # ~name of an account that this machine does not have
        path = path.expanduser()
    if _is_folder(path):
        if details.title is not None or details.url is not None or name is not None:
            raise InputError("--title, --url and --name are for one file. For a folder, write them into its manifest, materials.csv.")
        _add_folder(code, path, details, dry_run=dry_run)
    else:
        _add_file(code, path, details, name, dry_run=dry_run)


@app.command()
def change(
    number: MaterialArgument,
    *,
    title: Annotated[str | None, typer.Option(help="Another title.", show_default=False)] = None,
    week: Annotated[
        int | None, typer.Option("--week", metavar="N", help="Another week of the syllabus.", callback=week_typed, show_default=False)
    ] = None,
    whole_course: Annotated[bool, typer.Option("--whole-course", help="It is for no single week.")] = False,
    licence: Annotated[str | None, typer.Option(help="An SPDX identifier such as CC-BY-4.0, or a text.", show_default=False)] = None,
    without_licence: Annotated[bool, typer.Option("--without-licence", help="Its licence is not known.")] = False,
) -> None:
    """Change title, week or licence of a material; its file and text stay.

    To bring in a changed file, add it again.
    """
    if (title, week, licence) == (None, None, None) and not whole_course and not without_licence:
        raise InputError("Name what to change: --title, --week or --whole-course, --licence or --without-licence.")
    values = {"title": title, "week": week, "whole_course": whole_course, "licence": licence, "without_licence": without_licence}
    request = ChangeMaterial.model_validate({"material": number, **values})

    def work() -> AddedMaterial:
        with transaction() as session:
            return change_material(session, request)

    changed = retried(work)
    print_line(f"Material {number} was {_outcome(changed)}: {changed.title}, {_week(changed.week)}.")


@app.command()
def remove(
    numbers: Annotated[
        list[int], typer.Argument(metavar="MATERIAL…", help="Numbers of materials, as lmskit material list shows them.", show_default=False)
    ],
) -> None:
    """Remove materials with their passages; a file goes with the last material that has it."""

    def work() -> list[RemovedMaterial]:
        with transaction() as session:
            return [remove_material(session, number) for number in dict.fromkeys(numbers)]

    removed = retried(work)
    for gone in removed:
        print_line(f"Material {gone.material_id}, {gone.title}, was removed.")
    sweep_released([name for gone in removed for name in gone.released])


@app.command()
def refresh(
    course: CourseOption,
    number: Annotated[int | None, typer.Option("--material", metavar="N", help="Only this material.", show_default=False)] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Read stored files only; ask no site.")] = False,
) -> None:
    """Ask sites whether what was fetched from them has changed, then read the stored files again, as after lmskit has learned to read more.

    To bring in a changed file that was added from a folder, add it again. If some could not be fetched or read, the exit status is 3; the
    others are brought up to date.
    """
    require_known_schema(engine_for())
    if number is not None:
        with snapshot() as session:
            material(session, number)  # a mistake is reported before a site is asked
    refused = not stored and refresh_fetched(store_of(access().settings), course, number)
    with snapshot() as session:
        numbers = stored_materials(session, course) if number is None else [material(session, number).material_id]
    store, outcomes = store_of(access().settings), {"changed": 0, "unchanged": 0}
    with spinner("Reading materials") as show, MaterialReader() as reader:
        for done, each in enumerate(numbers):
            show(f"Reading materials ({done} of {len(numbers)})", done, len(numbers))
            try:
                outcomes[_read_again(store, reader, each).outcome] += 1
            except (MaterialFileError, StoredFileError) as error:
                refused = True
                print_error(f"Material {each}: {error}")
    print_line(f"{count_text(len(numbers), 'material')} read again: {outcomes['changed']:,} changed, {outcomes['unchanged']:,} unchanged.")
    if refused:
        raise typer.Exit(PARTLY)


@app.command("sweep")
def sweep_store() -> None:
    """Remove files from the store that no material has, as a crash may leave them; for the account that may list the store."""
    swept = sweep_all(transaction, store_of(access().settings))
    print_line(f"{count_text(swept.files, 'file')} of {swept.looked_at:,} removed: no material had {'it' if swept.files == 1 else 'them'}.")
    if swept.rows:
        print_line(f"{count_text(swept.rows, 'file')} forgotten that no material had, and that the store did not have.")


def _is_folder(path: Path) -> bool:
    """Whether a path that was typed is that of a folder, and not of a file; anything else is refused."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"There is no file or folder {path}. Check the path; a web address begins with http:// or https://") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"{bounded(str(path))} cannot be read: {reason}. Check the path, and the right to read it.") from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise InputError(
            f"{path} is neither a file nor a folder, but a pipe, a device or the like. Save what it gives as a file, and add that."
        )
    return stat.S_ISDIR(mode)


def _add_address(
    course: str, address: str, details: MaterialDetails, captions: Path | None, name: str | None, *, is_link: bool, dry_run: bool
) -> None:
    if details.url is not None:
        raise InputError("--url is where a file is on the web. The address itself is given already; leave the option out.")
    try:
        said = details.model_copy(update={"url": MaterialDetails(url=address).url})
    except ValidationError as error:
        raise InputError(f"PATH|URL: {' '.join(mistakes(error).values())}") from None
    if captions is not None:
        if _is_folder(captions):
            raise InputError(f"{captions} is a folder. Name the file with the captions.")
        said = said.model_copy(update={"kind": MaterialKind.VIDEO})
        _add_file(course, captions, said, name, dry_run=dry_run)
        return
    request = AddMaterial.model_validate({"course": course, **said.model_dump(exclude_none=True)})
    store = store_of(access().settings)
    if dry_run:
        print_line(f"Would add the {'link' if is_link else 'page or file at'} {request.url} to {course}.")
        return
    if not is_link:
        added = add_fetched(store, request)
        passages = count_text(added.n_passages, "passage")
        print_line(f"Material {added.material_id} was {_outcome(added)}: {added.title}, {_week(added.week)}, {passages}.")
        advise_vectors(course)
        return

    def work() -> AddedMaterial:
        with transaction() as session:
            return add_material(session, store, request, MaterialContent())

    added = retried(work)
    sweep_released(added.released)
    print_line(f"Material {added.material_id} was {_outcome(added)}: {added.title}, {_week(added.week)}; a link, without text.")


def _add_file(course: str, path: Path, said: MaterialDetails, name: str | None, *, dry_run: bool) -> None:
    if name is not None:
        name = AddMaterial(course=course, file_name=PurePath(name).as_posix()).file_name
    file = file_alone(path, name=name, details=said, typed=True)
    store = store_of(access().settings)
    with spinner(f"Reading {path.name}"):
        (result,) = add_files(transaction, store, course, [file], replacing=False, dry_run=dry_run)
    if result.reason is not None:
        print_error(f"{path.name}: {result.reason}")
        raise typer.Exit(REFUSED)
    passages = count_text(result.n_passages, "passage")
    if dry_run:
        print_line(f"{result.name} would be {_outcome(result)}: {result.title}, {_week(result.week)}, {passages}. Nothing was written.")
    else:
        print_line(f"Material {result.material_id} was {_outcome(result)}: {result.title}, {_week(result.week)}, {passages}.")
    _print_findings([result])
    if result.same_as is not None:
        print_line(_about_the_same(course, path, result))
    sweep_released(result.released)
    if not dry_run:
        advise_vectors(course)


def _add_folder(course: str, folder: Path, details: MaterialDetails, *, dry_run: bool) -> None:
    files = files_of(folder)
    store = store_of(access().settings)
    results: list[FileResult] = []
    with spinner("Reading materials") as show:

        def count(step: str, done: int, total: int | None) -> None:
            show(f"{step} ({done} of {total})", done, total)

        try:
            results.extend(add_files(transaction, store, course, files, defaults=details, dry_run=dry_run, progress=count))
        except (LmskitError, KeyboardInterrupt):
            if results:
                print_error(f"It stopped after {counts_of(results)}. To go on, give the same command again.")
            raise
    rows = [
        {name: getattr(result, name) for name in _HEADINGS} | {"reason": result.reason or ", ".join(result.changes)} for result in results
    ]
    print_table(rows, _HEADINGS, nothing=f"There are no files in {folder}.")
    _print_findings(results)
    print_line(f"{counts_of(results)}. {WAS_DRY if dry_run else ''}".rstrip())
    sweep_released([name for result in results for name in result.released])
    if not dry_run:
        advise_vectors(course)
    if any(result.outcome == "refused" for result in results):
        raise typer.Exit(PARTLY)


def _read_again(store: MaterialStore, reader: MaterialReader, number: int) -> AddedMaterial:
    with snapshot() as session:
        found = material(session, number)
    if found.stored_as is None or found.checksum is None:
        raise MaterialFileError("it is a link: there is no file to read. To read the page, crawl it.", name=found.title)
    text = reader.read(store.read(found.stored_as), name=found.file_name)
    checksum = found.checksum

    def work() -> AddedMaterial:
        with transaction() as session:
            return refresh_material(session, number, text, checksum=checksum)

    return retried(work)


def _print_findings(results: Iterable[FileResult]) -> None:
    for result in results:
        for finding in result.findings:
            print_line(f"Note: {result.name}: {finding}")


def _outcome(result: AddedMaterial | FileResult) -> str:
    if result.outcome == "changed":
        return f"changed ({', '.join(result.changes)})"
    return {"unchanged": "left as it is"}.get(result.outcome, result.outcome)


def _about_the_same(course: str, path: Path, result: FileResult) -> str:
    """What to do where another material of the course has the same file."""
    number, name = result.same_as or (0, "")
    said = f"Note: material {number} of {course}, {name}, has the same file."
    if _IS_ADDRESS.match(name):
        return said
    removed = "" if result.material_id is None else f"lmskit material remove {result.material_id}, and then "
    return f"{said} To bring that one up to date instead: {removed}{shlex.join(_command(course, path, name))}"


def _command(course: str, path: Path, name: str) -> list[str]:
    return ["lmskit", "material", "add", str(path), "--course", course, "--name", name]


def _week(week: int | None) -> str:
    return "for the whole course" if week is None else f"week {week}"
