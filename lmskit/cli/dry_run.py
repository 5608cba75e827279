"""The options of commands that change much: look first with `--dry-run`, or go on without a question with `--yes`."""

from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
WAS_DRY = "This was a dry run: nothing was changed."
"""What a command says at the end of a dry run."""
