"""The request to choose the rule of a course."""

from collections.abc import Mapping

from pydantic import Field

from lmskit.schemas.request import Request
from lmskit.schemas.text import Code


class ChooseRule(Request):
    """The rule that estimates the mastery of a course, and its parameters, which the rule validates."""

    course: Code
    rule: str = Field(min_length=1)
    parameters: Mapping[str, float]
    """A parameter that is left out has the default of the rule."""
