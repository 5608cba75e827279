"""The formats that lmskit reads, and which of them a file is in.

A format is recognised by its content: the header of a CSV file, the root element of an XML file, the files in a folder
or an archive. The name of a file says nothing, since people rename what they download.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lmskit.importers.record import Source


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read where its content does not tell, or where somebody knows better."""

    delimiter: str | None = None
    """Comma, semicolon or tab; None: found out."""
    decimal_mark: str | None = None
    """`.` or `,`; None: found out."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """For plain CSV: the header of the column that holds each field."""
    title: str | None = None
    """What a quiz is called, for reports that do not tell; None: by the name of the file."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name on the command line, what it is, whether a path holds it, and how it is opened."""

    name: str
    title: str
    needs_course: bool
    """Whether the files do not tell which course they are about."""
    detect: Callable[[Path], bool]
    """Whether the path holds this format; False, never an error, for whatever else it holds."""
    open: Callable[[Path, ReadOptions], Source]
    """Open the files; an `ImportFileError` says what is wrong with them."""


def detect_by_opening(open_file: Callable[[Path, ReadOptions], object]) -> Callable[[Path], bool]:
    """Return the `Format.detect` of a format whose files are opened at little cost: whether they can be opened."""

    def detect(path: Path) -> bool:
        try:
            open_file(path, ReadOptions())
        except ImportFileError:
            return False
        return True

    return detect
