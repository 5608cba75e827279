"""What all requests share: unknown fields are refused, and a validated request does not change."""

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """A request of a person or a program, checked before anything is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
