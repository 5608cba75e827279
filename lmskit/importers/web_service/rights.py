"""What the user of a token may not do: collected, so that all of it is named at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from lmskit.errors import LmsRightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


@dataclass
class MissingRights:
    """Collects what a system refuses.

    Attributes
    ----------
    system, course
        As messages name them.
    remedy
        Who has the rights.
    """

    system: str
    course: str
    remedy: str
    refused: list[str] = field(default_factory=list, init=False)

    def ask(self, read: Callable[[], T], otherwise: T) -> T:
        """Read something; return `otherwise`, and note it, if the user of the token may not."""
        try:
            return read()
        except LmsRightsError as error:
            self.refused.append(str(error))
            return otherwise

    def require_none(self) -> None:
        """Require that nothing was refused.

        Raises
        ------
        LmsRightsError
            Something was; all of it is named.
        """
        if self.refused:
            raise LmsRightsError(
                f"{self.system} does not let the user of the token do what a sync of {self.course} needs; nothing was written. "
                f"{'; '.join(self.refused)}. {self.remedy}"
            )

    def of_rest(self, read: Iterable[T]) -> Iterator[T]:
        """Give out what is read after that, in which only a right that was lost meanwhile is missing.

        Raises
        ------
        LmsRightsError
            One was.
        """
        try:
            yield from read
        except LmsRightsError as error:
            raise LmsRightsError(
                f"{self.system} does not let the user of the token go on reading {self.course} ({error}). Perhaps people or rights were "
                "changed meanwhile: sync again later."
            ) from None
