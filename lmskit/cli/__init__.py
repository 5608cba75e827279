"""The command line: `lmskit <noun> <verb>`. A command parses, opens one transaction, calls one function and prints one result.

An error that a person can correct is one sentence on standard error with exit status 1; a bug keeps its traceback.
"""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from lmskit.cli.exit_status import REFUSED
from lmskit.cli.messages import message_for
from lmskit.cli.nouns import NOUNS, Nouns
from lmskit.held_folder import remove_left_temporary_folders

app = typer.Typer(
    name="lmskit",
    cls=Nouns,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="A notebook-driven learning-analytics workbench over PostgreSQL.",
)


def _print_version(asked: bool) -> None:
    """Print the versions of lmskit and Python, and where lmskit is installed."""
    if asked:
        import importlib.metadata  # noqa: PLC0415 - reads e-mail, of all things, and takes a sixth of the time of a command

        typer.echo(f"lmskit {importlib.metadata.version('lmskit')} on Python {sys.version.split()[0]}, in {Path(__file__).parent.parent}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)] = False,
) -> None:
    """Take the options of `lmskit` itself."""


for _noun, _help in NOUNS.items():

    @app.command(_noun, help=_help)
    def _placeholder() -> None:
        """List the noun; `Nouns` replaces this function by the command of the noun's module when it is called."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name, by default those of this process."""
    # Imports make many objects that all stay; looking for garbage among them would take a tenth of the time of a short command.
    gc.set_threshold(100_000)
    # A character that the output cannot encode is written as its escape, instead of ending the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    remove_left_temporary_folders()
    try:
        try:
            app(arguments, prog_name="lmskit")
        finally:
            if sys.stdout is not None:  # it was closed before the command began
                sys.stdout.flush()
            # At its end the interpreter looks for garbage among all objects again, which took a third of the time of a short command.
            gc.freeze()
    except OSError as error:
        message = message_for(error)
        if message is None and not isinstance(error, BrokenPipeError):
            raise
        _forget_output()
        if message is not None:
            sys.stderr.write(f"{message}\n")
        sys.exit(REFUSED)


def _forget_output() -> None:
    """Let what was not written go nowhere; otherwise the interpreter would try again at its end, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
