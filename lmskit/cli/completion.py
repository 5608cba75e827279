"""`lmskit completion`: what a shell reads so that the Tab key completes nouns, verbs and options."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # it is there, and not in `__all__`

from lmskit.cli.nouns import COMPLETION


class Shell(StrEnum):
    """Shells whose Tab key can complete commands of lmskit."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)]) -> None:
    """Print the completion of a shell.

    For bash: eval "$(lmskit completion bash)" in ~/.bashrc. For zsh: the same with zsh in ~/.zshrc, after compinit.
    For fish: lmskit completion fish > ~/.config/fish/completions/lmskit.fish
    """
    typer.echo(get_completion_script(prog_name="lmskit", complete_var=COMPLETION, shell=shell.value))
