"""The group `lmskit import`, and its verbs that read no file: they need not import what reads all formats."""

from typing import Any

import typer
from typer.core import TyperGroup

from lmskit.cli.import_list import list_runs, show_run

DETECT = "file"
"""The command that detects the format; it may be left out."""


class Formats(TyperGroup):
    """The group of all formats; an argument that is not the name of a format is the path of a file whose format is detected."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the types of Typer's own Click are private
        """Put the command that detects the format first if the arguments begin with a path."""
        known = {*self.commands, "-h", "--help"}
        return super().parse_args(ctx, [DETECT, *args] if args and args[0] not in known else args)


def new_app() -> typer.Typer:
    """The group without a verb."""
    return typer.Typer(
        name="import",
        cls=Formats,
        no_args_is_help=True,
        help="Import the exports of other systems. `lmskit import PATH` detects the format; the name of a format can be given instead.",
    )


app = new_app()
app.command("list")(list_runs)
app.command("runs", help="List the imports, newest first; the same as `lmskit import list`.")(list_runs)
app.command("show")(show_run)
