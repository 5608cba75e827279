"""`lmskit material search`: find the passages of a course's materials that explain something."""

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from lmskit.cli.page import Format, Limit, ListPage, part_of
from lmskit.cli.typed_number import week_typed
from lmskit.db import access, snapshot
from lmskit.queries.course import require_week
from lmskit.queries.material_search import PassageFilter
from lmskit.read_models.passage_search import DEFAULT_HITS, PassageHit, embedder_in_use, prepared_search, search_passages
from lmskit.vocabulary import MaterialKind

app = typer.Typer(name="material", help="Search the materials of courses.", no_args_is_help=True)


RECORD = ("course", "week", "material", "material_id", "passage", "file", "location", "text", "score", "link")
HEADINGS = {
    "material": "Material",
    "material_id": "No.",
    "passage": "Passage",
    "location": "Where",
    "text": "Text",
    "score": "Score",
    "link": "Link",
}


class _SearchCommand(TyperCommand):
    """Takes a text that begins with a minus sign, such as `-numpy array`, for what it is: `-h` is the only option of one letter."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the types of Typer's own Click are private
        """Move such a text to the end, after `--`."""
        texts = [argument for argument in args if argument != "-h" and _IS_EXCLUSION.match(argument)]
        if texts and "--" not in args:
            args = [*(argument for argument in args if argument not in texts), "--", *texts]
        return list(super().parse_args(ctx, args))


_IS_EXCLUSION = re.compile(r'-(?:"|[^\W\d])')


@app.command(cls=_SearchCommand)
def search(  # noqa: PLR0917 - each is an option
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help='What the passages should explain, as words or as a question. "In quotation marks" is demanded, -word is excluded.',
            show_default=False,
        ),
    ],
    course: Annotated[
        list[str], typer.Option("--course", help="Code of the course; can be given several times.", is_eager=True, show_default=False)
    ],
    week: Annotated[
        int | None, typer.Option("--week", metavar="N", help="Only materials of this week.", callback=week_typed, show_default=False)
    ] = None,
    kind: Annotated[MaterialKind | None, typer.Option("--kind", help="Only materials of this kind.", show_default=False)] = None,
    language: Annotated[str | None, typer.Option("--language", help="Only passages in this language, as de.", show_default=False)] = None,
    limit: Limit = DEFAULT_HITS,
    output: Format = None,
) -> None:
    """Find the passages of a course's materials that suit a text best, by their words and by their meaning."""
    with snapshot() as session:
        require_week(session, course, week)
        embedder = embedder_in_use(session, access().settings)
    prepared = prepared_search(text, embedder)
    with snapshot() as session:
        found = search_passages(session, course, prepared, limit=limit, only=PassageFilter(week, kind, language))
    page = ListPage(limit, 0, output=output)
    page.show(
        part_of([_record(hit) for hit in found.hits]),
        RECORD,
        headings=HEADINGS,
        worded=lambda hit: {**hit, "score": f"{hit['score']:.2f}"},
        nothing=f"No passage of {' and '.join(course)} has anything to do with it.",
    )
    if found.caveat:
        page.say(found.caveat)
    if found.hits and not found.suitable:
        page.say(
            "No passage suits the text much better than the average passage does, so none of them would be given as reading advice; "
            "the first ones may answer it all the same."
        )


def _record(hit: PassageHit) -> dict[str, Any]:
    """A hit as it is printed."""
    return {
        "course": hit.course,
        "week": hit.week,
        "material": hit.title,
        "material_id": hit.material_id,
        "passage": hit.ordinal,
        "file": hit.file_name,
        "location": str(hit.location),
        "text": str(hit.snippet),
        "score": round(hit.score, 4),
        "link": hit.link,
    }
