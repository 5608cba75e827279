"""What the user of a token may not do: collected, so that all of it is named at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from lmskit.errors import LmsRightsError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass
class MissingRights:
    """Collects what a system refuses."""

    refused: list[str] = field(default_factory=list)

    def ask(self, read: Callable[[], T], otherwise: T) -> T:
        """Read something; return `otherwise`, and note it, if the user of the token may not."""
        try:
            return read()
        except LmsRightsError as error:
            self.refused.append(str(error))
            return otherwise

    def require_none(self, system: str, course: str, remedy: str) -> None:
        """Require that nothing was refused.

        Raises
        ------
        LmsRightsError
            Something was; all of it is named.
        """
        if self.refused:
            raise LmsRightsError(
                f"{system} does not let the user of the token do what a sync of {course} needs; nothing was written. "
                f"{'; '.join(self.refused)}. {remedy}"
            )
