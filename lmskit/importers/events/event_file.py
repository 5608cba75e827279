"""What xAPI and Caliper have in common: a file of events, each with an id, of which those that are taken become records."""

from __future__ import annotations

from abc import abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from lmskit.errors import ImportFileError
from lmskit.importers.activity import ActivityFile, ActivityRecord, Tally
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.events.json_objects import json_objects
from lmskit.importers.text_cell import one_line
from lmskit.importers.text_file import scan
from lmskit.importers.times import TimeReader
from lmskit.limits import LONGEST_EXTERNAL_ID

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.activity import ActorKey
    from lmskit.importers.formats import ReadOptions
    from lmskit.vocabulary import ActivityKind

OBJECTS_LOOKED_AT = 100
"""Objects of a file among which one is an event of the format; an envelope of Caliper may begin with others."""
NO_ID = "has no id, by which it would be known again"


class EventFile(ActivityFile):
    """An opened file of events.

    Raises
    ------
    ImportFileError
        It cannot be read, or its first object is not such an event.
    """

    wrapped_in: ClassVar[str]
    """The key of the list of events in an object that wraps them."""
    time: ClassVar[tuple[str, ...]]
    """The keys of the time of an event, of which the first one that is there is read."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._file = scan(path)
        self.name, self.sha256 = self._file.name, self._file.sha256
        self._times = TimeReader(time_zone=options.time_zone)
        self.tally = Tally(self.name)
        first = islice(json_objects(self._file, self.wrapped_in), OBJECTS_LOOKED_AT)
        if not any(isinstance(found, dict) and self.is_event(found) for _, found in first):
            raise ImportFileError(f"{self.name} has no {self.counted} among its first objects.")

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        return []

    def records(self) -> Iterator[ActivityRecord]:
        """Give out the records, one by one, and begin the tally anew."""
        self.tally = tally = Tally(self.name)
        for row, event in json_objects(self._file, self.wrapped_in):
            tally.rows_in += 1
            if not isinstance(event, dict) or not self.is_event(event):
                tally.leave_out(f"no {self.counted.removesuffix('s')}")
                continue
            kind, words = self.kind_of(event)
            if kind is None:
                tally.leave_out(words)
                continue
            try:
                actor = self.actor_of(event)
                occurred_at = self._occurred_at(event)
            except UnreadableCellError as error:
                tally.reject(row, None, None, str(error))
                continue
            identity = text_of(event, "id")
            if not identity or len(identity) > LONGEST_EXTERNAL_ID:
                tally.reject(row, "id", identity or None, NO_ID)
            elif actor is None:
                tally.leave_out(f"{words} of a group, or of nobody")
            else:
                yield ActivityRecord(row, actor, kind, self.resource_of(event), occurred_at, identity)

    def _occurred_at(self, event: Mapping[str, Any]) -> dt.datetime:
        written = next(filter(None, (text_of(event, key) for key in self.time)), "")
        found = self._times.instant(written)
        if found is None:
            raise UnreadableCellError("has no time")
        return found

    @abstractmethod
    def is_event(self, event: Mapping[str, Any]) -> bool:
        """Whether an object is an event of this format."""

    @abstractmethod
    def kind_of(self, event: Mapping[str, Any]) -> tuple[ActivityKind | None, str]:
        """Return what an event is taken as, None if it is not taken, and its kind in its own words."""

    @abstractmethod
    def actor_of(self, event: Mapping[str, Any]) -> ActorKey | None:
        """Return the person who did it; None if it was a group."""

    @abstractmethod
    def resource_of(self, event: Mapping[str, Any]) -> str:
        """Return what it was done with."""


def text_of(value: object, *keys: str) -> str:
    """Return the text at a path of keys, in one line; empty where there is none.

    Examples
    --------
    >>> text_of({"verb": {"id": "x"}}, "verb", "id"), text_of({"verb": ["x"]}, "verb", "id")
    ('x', '')
    """
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return one_line(value) if isinstance(value, str) else ""


def object_of(value: object, *keys: str) -> Mapping[str, Any]:
    """Return the object at a path of keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
