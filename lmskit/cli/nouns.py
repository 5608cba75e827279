"""The commands of `lmskit`, each of which is imported when it is called and not before, so that `lmskit --help` is quick."""

import importlib
import os
from collections.abc import Mapping
from typing import Any

import typer
from typer.main import get_command, get_group

from lmskit.cli.messages import CALLED, ErrorMessages
from lmskit.cli.typed_as import called

NOUNS = {
    "lab": "Open JupyterLab on the notebooks, as one person.",
    "notebooks": "Copy the notebooks, or bring your copies up to date.",
    "demo": "Set up a demonstration with people, courses, results and reports, from an empty machine.",
    "init": "Begin with a new database: roles, tables and the first administrator.",
    "sign-in": "Sign in with address and password.",
    "sign-out": "Sign out.",
    "whoami": "Show as whom commands and notebooks of this machine act.",
    "seed": "Make the demonstration people and their logins, unless they exist.",
    "invitation": "Invite people to set their own password; accept an invitation.",
    "login": "Make, close, open, rename and list the logins of lecturers and administrators.",
    "person": "List, search, show, change, merge and delete people; export or erase everything about one; for administrators.",
    "passwd": "Set a new password: your own or, as an administrator, that of another person.",
    "audit": "Who changed what; for administrators.",
    "import": "Import the exports of other systems.",
    "sync": "Bring courses up to date with a learning management system, over the network.",
    "term": "Create, list, show, copy, close and delete terms, open one again.",
    "course": "List, show, create, change, copy, hand over and delete courses.",
    "staff": "List the staff of a course, add a lecturer to it, remove one.",
    "section": "List the sections and groups of a course.",
    "quiz": "List the quizzes of a course; show how good a quiz and its questions are; delete one.",
    "attempt": "List the attempts at quizzes, delete one that is not evidence.",
    "exception": "Excuse students from quizzes, give them more time, take both back.",
    "question-bank": "List the question banks of a course, show which questions wait for a quiz, forget a bank.",
    "material": "Add, list, show, search and remove the materials of courses.",
    "enrollment": "List the students of a course, enrol students, withdraw some.",
    "message": "Write to students of a course.",
    "welcome": "What the message that confirms an enrollment says: show it, preview it, write it, return to the built-in text.",
    "mail": "Send the messages that wait, list messages, try some again.",
    "mastery": "Estimates of mastery: refresh them, show them, and choose their rule.",
    "knowledge": "Knowledge tracing: fit it to responses, and see how well it predicts.",
    "report": "Build the reports of a term.",
    "archive": "Archive a term, list the archives, verify one, bring a term back.",
    "export": "Write a course into files: tables, scores, question banks, and records without names.",
    "retention": "Show or remove what is kept longer than the retention periods say.",
    "service": "Run the jobs that need no person: units of systemd, lines of cron.",
    "backup": "Make, verify, restore, list and remove backups.",
    "db": "The database server, its preparation and its revision.",
    "doctor": "Check that everything is as it should be, and say what to do about problems.",
    "completion": "Print what lets a shell complete nouns, verbs and options with the Tab key.",
}
"""In the order `lmskit --help` shows them."""

MODULES = {noun: (f"lmskit.cli.{noun}",) for noun in NOUNS} | {
    "import": ("lmskit.cli.import_group", "lmskit.cli.import_undo", "lmskit.cli.import_"),
    "sign-in": ("lmskit.cli.sign_in",),
    "sign-out": ("lmskit.cli.sign_in",),
    "whoami": ("lmskit.cli.sign_in",),
    "term": ("lmskit.cli.term", "lmskit.cli.term_change", "lmskit.cli.term_delete", "lmskit.cli.term_copy"),
    "course": (
        "lmskit.cli.course",
        "lmskit.cli.course_create",
        "lmskit.cli.course_change",
        "lmskit.cli.course_hand_over",
        "lmskit.cli.course_delete",
        "lmskit.cli.course_copy",
    ),
    "person": (
        "lmskit.cli.person_list",
        "lmskit.cli.person_change",
        "lmskit.cli.person_merge",
        "lmskit.cli.person_delete",
        "lmskit.cli.person",
    ),
    "quiz": ("lmskit.cli.quiz", "lmskit.cli.quiz_delete", "lmskit.cli.quiz_quality"),
    "attempt": ("lmskit.cli.attempt", "lmskit.cli.attempt_delete"),
    "question-bank": ("lmskit.cli.question_bank", "lmskit.cli.question_bank_change"),
    "material": (
        "lmskit.cli.material",
        "lmskit.cli.material_change",
        "lmskit.cli.material_search",
        "lmskit.cli.material_advice",
        "lmskit.cli.material_vectors",
        "lmskit.cli.material_crawl",
        "lmskit.cli.material_crawls",
    ),
}
"""A module has either an `app` with verbs, or a function named like the noun, with `_` for `-`. Python keeps the word `import` for itself.

A noun with a quick list and slower verbs has two modules: the second is imported only if the first does not have the verb.
"""


COMPLETION = "_LMSKIT_COMPLETE"
"""The variable by which the script of `lmskit completion` asks what could stand at the cursor."""
WITHOUT_SETTINGS = {"completion"}
"""Nouns that read no setting and no database; a shell runs them whenever it starts."""


class Nouns(ErrorMessages):
    """The group of all nouns."""

    def _main_shell_completion(self, ctx_args: Any, prog_name: str, complete_var: str | None = None) -> None:  # noqa: ANN401 - as below
        """Answer a shell that asks what could stand at the cursor, if this process was started for that, and end."""
        if _is_asked_by_a_shell(os.environ):
            from typer._completion_classes import completion_init  # noqa: PLC0415 - Typer does it for apps that install themselves

            completion_init()
        super()._main_shell_completion(ctx_args, prog_name, complete_var)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - as below
        """Find the command that the arguments name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if not (ctx.resilient_parsing or {"-h", "--help"} & set(rest) or name in WITHOUT_SETTINGS):
            act_as_demonstration()
            warn_of_variables()
        if name is not None:
            command = loaded(name, *rest[:1])
            ctx.meta[CALLED] = called(command, rest)
        return name, command, rest


def _is_asked_by_a_shell(variables: Mapping[str, str]) -> bool:
    return COMPLETION in variables


def act_as_demonstration() -> None:
    """Act as the administrator of the demonstration where there is one and no person is signed in or named."""
    from lmskit.db import access  # noqa: PLC0415 - loads the database driver, which `lmskit --help` does without
    from lmskit.settings import DEMO_ADMIN  # noqa: PLC0415 - as above

    access().default_person = DEMO_ADMIN


def warn_of_variables() -> None:
    """Say on standard error which variables are almost called like a setting and set nothing."""
    from lmskit.variables import misspelt_variables  # noqa: PLC0415 - as above

    for sentence in misspelt_variables(os.environ):
        typer.echo(sentence, err=True)


def loaded(noun: str, verb: str | None = None) -> Any:  # noqa: ANN401 - the types of Typer's own Click are private
    """The command of a noun, with all its verbs, or with those of the module that has `verb`."""
    holder = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    apps: list[typer.Typer] = []
    for name in MODULES[noun]:
        module = importlib.import_module(name)
        if not hasattr(module, "app"):
            holder.command(noun)(getattr(module, noun.replace("-", "_")))
            return get_command(holder)
        apps.append(module.app)
        if verb in _verbs(module.app):
            break
    for further in apps[1:]:
        apps[0].registered_commands += [command for command in further.registered_commands if command not in apps[0].registered_commands]
    holder.add_typer(apps[0], name=noun)
    return get_group(holder).commands[noun]


def _verbs(app: typer.Typer) -> set[str]:
    return {command.name or command.callback.__name__ for command in app.registered_commands if command.callback is not None}
