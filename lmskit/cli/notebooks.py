"""`lmskit notebooks`: own copies of the notebooks."""

from pathlib import Path
from typing import Annotated

import typer

from lmskit.cli.printing import print_line
from lmskit.db import access
from lmskit.services.notebook_copies import copy_notebooks

app = typer.Typer(name="notebooks", help="Your own copies of the notebooks.", no_args_is_help=True)


@app.callback()
def notebooks() -> None:
    """Your own copies of the notebooks."""


@app.command()
def copy(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder for the copies; by default the one `lmskit lab` opens.", show_default=False),
    ] = None,
) -> None:
    """Copy the notebooks, or bring copies up to date: what you changed stays, and a new version of it is written beside it."""
    settings = access().settings
    for line in copy_notebooks(settings.original_notebooks, (folder or settings.own_notebooks).absolute()).lines():
        print_line(line)
