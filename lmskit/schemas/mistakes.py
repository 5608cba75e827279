"""The mistakes in a request, as sentences to show beside their fields."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_ENUM_MEMBER = re.compile(r"<\w+\.\w+: '([^']*)'>")
"""How Python shows a member of an enum; a person reads its value."""

SENTENCES = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be text.",
    "string_too_short": "At least {min_length} characters.",
    "too_short": "At least {min_length} entries.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "int_parsing_size": "This number is too large.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "finite_number": "This must be a finite number.",
    "decimal_parsing": "This must be a number.",
    "bool_type": "This must be yes or no.",
    "bool_parsing": "This must be yes or no.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "date_type": "This must be a day, such as 2026-09-14.",
    "date_parsing": "This must be a day, such as 2026-09-14.",
    "date_from_datetime_parsing": "This must be a day, such as 2026-09-14.",
    "date_from_datetime_inexact": "This must be a day without a time, such as 2026-09-14.",
    "enum": "This must be one of: {expected}.",
    "literal_error": "This must be one of: {expected}.",
    "union_tag_invalid": "This must be one of: {expected_tags}.",
    "union_tag_not_found": "The field {discriminator} is needed.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object with named fields.",
    "model_type": "This must be an object with named fields.",
    "model_attributes_type": "This must be an object with named fields.",
}
"""The sentence for each of Pydantic's types of error; our own validators raise theirs."""


def mistakes(error: ValidationError) -> dict[str, str]:
    """Return one sentence for each field that is wrong, in the order of the fields.

    A field in a list is named with its index, counted from 0: `weeks.2.topic`. A mistake that concerns the whole request
    has the name "".

    Examples
    --------
    >>> from lmskit.schemas.course import SyllabusWeek
    >>> try:
    ...     SyllabusWeek(week_number=61, topic=" ")
    ... except ValidationError as error:
    ...     mistakes(error)
    {'week_number': 'This must be at most 60.', 'topic': 'This must not be empty.'}
    """
    found: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False):
        if details["type"] == "default_factory_not_called":  # only because another field is wrong
            continue
        found.setdefault(".".join(str(part) for part in details["loc"]), _sentence(details))
    return found


def one_sentence(error: ValidationError, named: Callable[[str], str] = str) -> str:
    """Return all mistakes as one line of text, each field as `named` calls it.

    Examples
    --------
    >>> from lmskit.schemas.course import SyllabusWeek
    >>> try:
    ...     SyllabusWeek(week_number=61, topic=" ")
    ... except ValidationError as error:
    ...     one_sentence(error)
    'week_number: This must be at most 60. topic: This must not be empty.'
    """
    shown = ((named(field) if field else "", sentence) for field, sentence in mistakes(error).items())
    return " ".join(sentence if sentence.startswith(f"{name} ") or not name else f"{name}: {sentence}" for name, sentence in shown)


def _sentence(details: ErrorDetails) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    if details["type"] in {"value_error", "assertion_error"} and "error" in context:
        return str(context["error"])
    if details["type"] in {"string_too_short", "too_short"} and context.get("min_length") == 1:
        return "This must not be empty."
    if details["type"] in {"string_too_long", "too_long"}:
        return f"At most {context['max_length']} {'entries' if context.get('field_type') in {'List', 'Tuple'} else 'characters'}."
    template = SENTENCES.get(details["type"])
    if template is None:
        return f"{details['msg'].rstrip('.')}."
    shown = {name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in context.items()}
    return _ENUM_MEMBER.sub(r"\1", template.format(**shown))
