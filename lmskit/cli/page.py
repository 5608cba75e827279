"""The options of every command that prints a list."""

from typing import Annotated

import typer

from lmskit.cli.typed_number import limit_typed, offset_typed

Limit = Annotated[int, typer.Option("--limit", help="Rows to show, 1 to 1000.", callback=limit_typed)]
Offset = Annotated[int, typer.Option("--offset", help="Rows to skip.", callback=offset_typed)]
AfterCode = Annotated[str | None, typer.Option("--after", metavar="CODE", help="Begin after the row with this code.", show_default=False)]
AfterEmail = Annotated[str | None, typer.Option("--after", metavar="EMAIL", help="Begin after this person.", show_default=False)]
AfterNumber = Annotated[int | None, typer.Option("--after", metavar="NUMBER", help="Begin after this row.", show_default=False)]
