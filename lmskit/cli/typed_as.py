"""What the fields of a request are called on the command line: the options and arguments of the command that was called."""

from __future__ import annotations

from typing import Any

OTHER_NAMES = {
    "module_code": "module",
    "weeks": "week",
    "remove_weeks": "remove_week",
    "new_term.name": "term_name",
    "new_term.starts_on": "term_starts",
    "new_term.ends_on": "term_ends",
    "columns": "map",
    "file_name": "name",
    "starts_on": "starts",
    "ends_on": "ends",
    "people": "file",
    "text": "text_file",
    "sections": "section",
    "students": "student",
    "person": "who",
}
"""Fields whose option has another name."""


def called(command: Any, arguments: list[str]) -> Any:  # noqa: ANN401 - the types of Typer's own Click are private
    """Return the command of a noun that the arguments after the noun name; a group may have one that is named by leaving it out."""
    verbs = getattr(command, "commands", None)
    if verbs is None:
        return command
    first = arguments[0] if arguments else ""
    return verbs.get(first) or verbs.get("file")


def typed_as(field: str, command: Any) -> str:  # noqa: ANN401 - as above
    """Return what a person types for a field of a request.

    Parameters
    ----------
    field
        Name of the field, as `lmskit.schemas.mistakes.mistakes` gives it; a field in a list has its index, counted from 0.
    command
        The command that was called; None if it is not known.

    Examples
    --------
    >>> from lmskit.cli.nouns import loaded
    >>> create = loaded("course").commands["create"]
    >>> [typed_as(field, create) for field in ("code", "module_code", "new_term.starts_on", "weeks.2.topic", "elsewhere")]
    ['COURSE', '--module', '--term-starts', '--week, number 3', 'elsewhere']
    """
    first, _, rest = field.partition(".")
    number, _, _ = rest.partition(".")
    name = OTHER_NAMES.get(field) or OTHER_NAMES.get(first) or first
    option = f"--{name.replace('_', '-')}"
    for parameter in getattr(command, "params", ()):
        is_argument = parameter.param_type_name == "argument"
        if parameter.name != name and option not in parameter.opts:
            continue
        shown = (parameter.metavar or parameter.name.upper()).strip("[]") if is_argument else parameter.opts[0]
        return f"{shown}, number {int(number) + 1}" if number.isdecimal() else str(shown)
    return field
