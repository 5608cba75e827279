"""What is needed to choose the rule of a course."""

from collections.abc import Mapping

from pydantic import Field

from lmskit.schemas.request import Request
from lmskit.schemas.text import Code


class ChooseRule(Request):
    """The rule that the mastery of a course is to be estimated by; which parameters it takes is for the rule to say."""

    course: Code
    rule: str = Field(min_length=1)
    parameters: Mapping[str, float]
    """Those that are left out follow the rule's defaults."""
