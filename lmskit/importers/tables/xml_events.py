"""Large XML of a workbook, read as events: without document type and of limited size, so that no tree of it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_DEPTH = 100
MAX_TAG = 1024**2
"""Bytes of one tag or comment, which the parser keeps until it ends."""
CHUNK = 64 * 1024


class XmlEvents:
    """Receives the events of an XML file; names are without their namespaces.

    Parameters
    ----------
    name
        The name of the file for refusals.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""

    def end(self, tag: str) -> None:
        """End an element."""

    def data(self, text: str) -> None:
        """Add a piece of text."""

    def read(self, path: Path, *, most: int) -> None:
        """Read a file of at most `most` bytes.

        Raises
        ------
        ImportFileError
            It is larger, is not XML, has a document type, or has elements that are nested too deeply.
        """
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self._doctype
        size = 0
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise self.refusal(f"it has more than {most // 1024**2} MiB of {path.name}, which is more than is read")
                    parser.Parse(chunk, False)  # noqa: FBT003 - a positional argument
                    if size - max(0, parser.CurrentByteIndex) > MAX_TAG:
                        raise self.refusal(f"a tag of {path.name} is longer than 1 MiB")
            parser.Parse(b"", True)  # noqa: FBT003 - a positional argument
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise ImportFileError(self.damage(path.name)) from error

    def damage(self, part: str) -> str:
        """Return the sentence about a part that is not well-formed."""
        return f"{self.name} is damaged: {part} in it is not well-formed XML. Get it again, or export the table as CSV."

    def refusal(self, reason: str) -> ImportFileError:
        """Return the error that refuses the whole file."""
        return ImportFileError(f"{self.name}: {reason}. Export the table as CSV.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"elements are nested more than {MAX_DEPTH} deep")
        self.start(tag.rpartition("}")[2], attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        self.end(tag.rpartition("}")[2])

    def _doctype(self, *_: object) -> None:
        raise self.refusal("it has a document type, which a workbook does not need")
