"""The request to try a message again."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.request import Request


class RetryMessage(Request):
    """A message that was not sent."""

    message_id: Annotated[int, Field(ge=1)]
