"""The parameters of a report notebook, validated before papermill writes them into the notebook as code."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

SNAPSHOT = r"[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9]+"
"""Name of a snapshot that PostgreSQL exported, as a pattern."""


def _plain(code: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", code):
        message = "a code contains no control characters"
        raise ValueError(message)
    return code


class ReportParameters(BaseModel):
    """The parameters of a term report. They are stored in its files, so they are codes and numbers, never names or addresses."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    course: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]
    n_students: Annotated[int, Field(ge=1, le=200)] = 50
    snapshot: Annotated[str, Field(pattern=rf"^({SNAPSHOT})?$")] = ""
    snapshot_at: AwareDatetime | None = None
