"""The base class of requests: unknown fields are refused, and a validated request cannot be changed."""

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """A request of a person or a program, validated before anything is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
