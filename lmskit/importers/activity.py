"""What readers of logs and events make of a file: one record for each thing that a person did, and the count of all that is left out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import MAX_REJECTIONS
from lmskit.importers.report import Rejection, shortened
from lmskit.importers.text_cell import one_line
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.vocabulary import ActivityKind, ActivitySource

MOST_KINDS = 10_000
"""Kinds of a file that are counted by themselves; of a file with more, the further ones are counted together."""
OTHER_KINDS = "others"
UNTITLED = "(no title)"


class ActorKey(NamedTuple):
    """By what a file names the person who did something."""

    ids: tuple[str, ...] = ()
    """In any system; one that leads to a student is enough."""
    address: str = ""
    """In lower case."""
    address_sha1: str = ""
    """SHA-1 of `mailto:` and the address."""
    name: str = ""
    """The whole name, by which a student is found who alone has it in the course."""
    number: str = ""
    """The number of the person in the file's system, by which people of one name differ."""

    @property
    def words(self) -> str:
        """How a report names the person."""
        return shortened(self.name or self.address or (self.ids[0] if self.ids else "") or self.address_sha1)


class ActivityRecord(NamedTuple):
    """One thing that a person did."""

    row: int
    actor: ActorKey
    kind: ActivityKind
    resource: str
    occurred_at: dt.datetime | None
    """None: the person has not done it, or not any more."""
    identity: str
    """In what it differs from all others of its source."""


@dataclass(slots=True)
class Tally:
    """What was read so far and is not a record."""

    file: str
    rows_in: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are not taken, by what they are."""
    rejections: list[Rejection] = field(default_factory=list)

    def leave_out(self, kind: str) -> None:
        """Count a row that is of a kind which is not taken."""
        kind = shortened(one_line(kind)) or UNTITLED
        self.left_out[kind if kind in self.left_out or len(self.left_out) < MOST_KINDS else OTHER_KINDS] += 1

    def reject(self, row: int, column: str | None, value: str | None, reason: str) -> None:
        """Report a row that cannot be read.

        Raises
        ------
        ImportFileError
            More than `MAX_REJECTIONS` rows are rejected.
        """
        self.rejections.append(Rejection(self.file, row, column, None if value is None else shortened(value), reason))
        if len(self.rejections) > MAX_REJECTIONS:
            raise ImportFileError(f"More than {MAX_REJECTIONS:,} rows of {self.file} cannot be imported; the first: {self.rejections[0]}.")


class ActivityFile(ABC):
    """An opened file. After `records` was read to its end, `tally` has the other rows, and `notes` are complete.

    Attributes
    ----------
    source
        Of its records; the name of its format, too.
    counted
        What is counted, in the plural.
    repeats
        Whether records that are equal in all are several things that a person did; otherwise they are one.
    name, sha256
        Of the file, without its path.
    tally
        What was read and is not a record.
    """

    source: ClassVar[ActivitySource]
    counted: ClassVar[str]
    repeats: ClassVar[bool] = False
    name: str
    sha256: str
    tally: Tally

    @property
    @abstractmethod
    def notes(self) -> list[str]:
        """Notes on how the file was read."""

    @abstractmethod
    def records(self) -> Iterator[ActivityRecord]:
        """Give out the records, one by one, and begin the tally anew."""


@dataclass(frozen=True, slots=True)
class ActivityFormat:
    """A format of logs or events; like `formats.Format`, but opening it gives an `ActivityFile`."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    open: Callable[[Path, ReadOptions], ActivityFile]
    needs_course: ClassVar[bool] = True


@lru_cache(10_000)  # most rows of a file have the title of another one
def resource_title(text: str) -> str:
    r"""Return what something was done with, as it is stored.

    Examples
    --------
    >>> resource_title(" Quiz\n1 "), resource_title(""), len(resource_title("x" * 500))
    ('Quiz 1', '(no title)', 300)
    """
    title = one_line(text) or UNTITLED
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
