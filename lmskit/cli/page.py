"""The two options of every command that prints a list."""

from typing import Annotated

import typer

from lmskit.cli.typed_number import limit_typed, offset_typed

Limit = Annotated[int, typer.Option("--limit", help="Rows to show, 1 to 1000.", callback=limit_typed)]
Offset = Annotated[int, typer.Option("--offset", help="Rows to skip.", callback=offset_typed)]
