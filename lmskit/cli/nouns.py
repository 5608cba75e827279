"""The commands of `lmskit`, each of which is imported when it is called and not before: `lmskit --help` shall be quick."""

import importlib
from typing import Any

import typer
from typer.main import get_command, get_group

from lmskit.cli.refusals import Refusals

NOUNS = {
    "lab": "Open JupyterLab on the notebooks, as one person.",
    "demo": "Set up everything there is to look around in, from an empty machine.",
    "seed": "Make the demonstration people and their logins, unless they are there.",
    "login": "Make, close, open, rename and list the logins of lecturers and administrators.",
    "passwd": "Set a new password, your own or, as an administrator, somebody else's.",
    "audit": "Who changed what; for administrators.",
    "import": "Import what another system exports.",
    "course": "List, show and create courses.",
    "quiz": "List the quizzes of a course; judge a quiz and its questions.",
    "enrollment": "See who studies a course, enrol a student, withdraw one.",
    "mail": "Hand over the messages that wait, see what became of them, try some again.",
    "mastery": "Estimate mastery anew.",
    "knowledge": "Fit knowledge tracing, and see how good it is.",
    "report": "Build the reports of a term.",
    "db": "The database server, its preparation and its revision.",
    "doctor": "Say whether everything is as it should be, and if not, what to do.",
}
"""In the order `lmskit --help` shows them."""

MODULES = {noun: f"lmskit.cli.{noun}" for noun in NOUNS} | {"import": "lmskit.cli.import_"}
"""A module has either an `app` with its verbs, or a function called like the noun. Python keeps the word `import` for itself."""


class Nouns(Refusals):
    """The group of all nouns."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - as below
        """Find the command that the arguments name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if "--help" not in rest:
            act_as_demonstration()
        return name, command if name is None else loaded(name), rest


def act_as_demonstration() -> None:
    """Act as the demonstration administrator unless another person is named."""
    from lmskit.db import access
    from lmskit.settings import DEMO_ADMIN

    access().default_person = DEMO_ADMIN


def loaded(noun: str) -> Any:  # noqa: ANN401 - the types of Typer's own Click are private
    """The command of a noun, with its verbs if it has any."""
    module = importlib.import_module(MODULES[noun])
    holder = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    if not hasattr(module, "app"):
        holder.command(noun)(getattr(module, noun))
        return get_command(holder)
    holder.add_typer(module.app, name=noun)
    return get_group(holder).commands[noun]
