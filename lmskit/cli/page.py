"""The two options of every command that prints a list."""

from typing import Annotated

import typer

Limit = Annotated[int, typer.Option("--limit", help="Rows to show, 1 to 1000.")]
Offset = Annotated[int, typer.Option("--offset", help="Rows to skip.")]
