"""`lmskit material`: list and show the materials of a course; `material_change` has the verbs that change them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.cli.typed_number import week_typed
from lmskit.db import access, snapshot
from lmskit.errors import InputError
from lmskit.listings import MATERIALS, PASSAGES
from lmskit.materials.block import one_line
from lmskit.materials.chosen_store import store_of
from lmskit.materials.kind_words import length_text, state_text
from lmskit.materials.location import Location
from lmskit.queries.course import require_week
from lmskit.queries.material import StoredMaterial, count_materials, material, material_rows
from lmskit.queries.passage import passage_rows
from lmskit.readable import bounded
from lmskit.rounding import count_text
from lmskit.schemas.material import MaterialDetails
from lmskit.vocabulary import MaterialKind
from lmskit.whole_file import write_whole

app = typer.Typer(
    name="material",
    help="Add, list, show and remove the materials of a course: documents, pages, captions of videos.",
    no_args_is_help=True,
)

CourseOption = Annotated[str, typer.Option("--course", metavar="CODE", help="Code of the course.", is_eager=True, show_default=False)]
"""Read before the other options, so that what is wrong with a week can name it."""
MaterialArgument = Annotated[
    int, typer.Argument(metavar="MATERIAL", help="Number of the material, as lmskit material list shows it.", show_default=False)
]


@app.command("list")
@paged()
def list_materials(
    page: ListPage,
    *,
    course: CourseOption,
    week: Annotated[
        int | None, typer.Option("--week", metavar="N", help="Only those of this week.", callback=week_typed, show_default=False)
    ] = None,
    kind: Annotated[MaterialKind | None, typer.Option("--kind", help="Only those of this kind.", show_default=False)] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="Only those in this language, such as de.", show_default=False)
    ] = None,
) -> None:
    """List the materials of a course, those for the whole course first, then by week."""
    asked = MaterialDetails.model_validate({"week": week, "kind": kind, "language": language})
    filters: dict[str, Any] = {"week": asked.week, "kind": asked.kind, "language": asked.language}
    with snapshot() as session:
        require_week(session, [course], asked.week)
        total = count_materials(session, course, **filters)
        some = " of this kind" if any(value is not None for value in filters.values()) else ""
        nothing = f"{course} has no materials{some} yet. To add some: lmskit material add PATH --course {course}"
        page.show(partial(material_rows, session, course, **filters), MATERIALS, total=total, worded=_worded, nothing=nothing)


def _worded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "length": length_text(row["kind"], row["length"]),
        "state": state_text(row["state"], row["n_passages"], has_file=row["size"] is not None),
    }


@app.command()
@paged()
def show(
    number: MaterialArgument,
    page: ListPage,
    *,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Write its file here.", show_default=False)] = None,
    passages: Annotated[bool, typer.Option("--passages", help="List its passages with their numbers, too.")] = False,
) -> None:
    """Show a material: where it comes from, what was read, and what is doubtful.

    --limit, --offset, --all and --format are for the list of passages.
    """
    if page.is_for_a_program and not passages:
        raise InputError("--format is for the list of passages. To list them: --passages")
    with snapshot() as session:
        found = material(session, number)
        for line in _lines(found):
            page.say(line)
        if passages:
            page.show(
                partial(passage_rows, session, number),
                PASSAGES,
                total=found.n_passages,
                headings=_PASSAGE,
                worded=_passage,
                nothing="It has no passages.",
            )
    if save is not None and found.stored_as is None:
        page.say("It is a link: there is no file to save.")
    elif save is not None and found.stored_as is not None:
        content = store_of(access().settings).read(found.stored_as)
        try:
            write_whole(save, content)
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise InputError(
                f"{bounded(str(save))} cannot be written: {reason}. Name a file in a folder that exists and that you can write to."
            ) from error
        page.say(f"Its file was written to {save}.")


_PASSAGE = {"ordinal": "No.", "where": "Where", "text": "Text"}
_SHOWN = 120
"""Characters of a passage that are shown."""


def _passage(row: Mapping[str, Any]) -> dict[str, Any]:
    location = Location(row["page"], row["slide"], row["cell"], row["seconds"], tuple(row["headings"]))
    text = one_line(row["body"], len(row["body"]))
    return {"ordinal": row["ordinal"], "where": str(location), "text": text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"}


def _lines(found: StoredMaterial) -> list[str]:
    week = "for the whole course" if found.week is None else f"week {found.week}"
    lines = [f"Material {found.material_id} of {found.course}, {week}: {found.title}"]
    length = length_text(found.kind.value, found.length)
    is_link = found.checksum is None and not found.n_passages
    passages = "a link, whose text is not read" if is_link else count_text(found.n_passages, "passage")
    parts = [found.kind.value, *([length] if length else []), *([f"language {found.language}"] if found.language else [])]
    lines.append(f"{', '.join(parts)}; licence: {found.licence or 'not known'}; {passages}")
    if found.file_name is not None:
        lines.append(f"File: {found.file_name}" + ("" if found.size is None else f", {found.size:,} bytes, SHA-256 {found.checksum}"))
    if found.url is not None:
        lines.append(f"Address: {found.url}" + (" (gone)" if found.state == "gone" else ""))
    return [*lines, *(f"Note: {finding}" for finding in found.findings)]
