"""The command line: `lmskit <noun> <verb>`. A command parses, opens one transaction, calls one function and prints one result.

What a person can mend is one sentence on standard error with exit status 1; a bug keeps its traceback.
"""

import sys
from collections.abc import Sequence

import typer

from lmskit.cli.nouns import NOUNS, Nouns

app = typer.Typer(
    name="lmskit",
    cls=Nouns,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A notebook-driven learning-analytics workbench over PostgreSQL.",
)

for _noun, _help in NOUNS.items():

    @app.command(_noun, help=_help)
    def _stands_for_its_module() -> None:
        """Hold the place of a noun in the list of commands; `Nouns` puts the command of its module there when it is called."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name, by default those of this process."""
    # What the output cannot spell is written as its escape, rather than ending the command half-way.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(arguments, prog_name="lmskit")
