"""What a OneRoster bundle's `manifest.csv` declares: the version, and for each file whether it is there and how it is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.report import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")
BULK, DELTA, ABSENT = "bulk", "delta", "absent"
MEANINGS = (BULK, DELTA, ABSENT)
MAX_PROPERTIES = 1000


@dataclass(frozen=True, slots=True)
class Manifest:
    """The version, and `bulk`, `delta` or `absent` by the name of a file without `.csv`."""

    file: CsvFile
    version: str
    files: Mapping[str, str]

    def declares(self, name: str) -> bool:
        """Whether a file is declared to be there."""
        return self.files.get(name, ABSENT) != ABSENT

    @property
    def is_delta(self) -> bool:
        """Whether any file holds changes only."""
        return DELTA in self.files.values()


def manifest_of(path: Path, delimiter: str | None) -> Manifest:
    """Read a manifest.

    Raises
    ------
    ImportFileError
        It is none, or of a version that is not read.
    """
    file = CsvFile(path, ["propertyName", "value"], delimiter=delimiter)
    properties: dict[str, str] = {}
    for row, (name, value) in file.rows():
        if properties.get(name.strip(), value.strip()) != value.strip():
            raise ImportFileError(f"{file.name}, row {row}: {shortened(name)} is declared twice, and differently.")
        properties[name.strip()] = value.strip()
        if len(properties) > MAX_PROPERTIES:
            raise ImportFileError(f"{file.name} declares more than {MAX_PROPERTIES:,} properties: it is no manifest of OneRoster.")
    if file.rejections:
        raise ImportFileError(f"A manifest has to be right: {file.rejections[0]}.")
    version = properties.get("oneroster.version")
    if version not in VERSIONS:
        said = "names no oneroster.version" if version is None else f"is of OneRoster {shortened(version)}"
        raise ImportFileError(f"{file.name} {said}; versions {' and '.join(VERSIONS)} are read.")
    files = {name.removeprefix("file."): value for name, value in properties.items() if name.startswith("file.")}
    for name, meaning in files.items():
        if meaning not in MEANINGS:
            raise ImportFileError(f"{file.name} declares {shortened(name)} as {shortened(meaning)!r}; it has to be bulk, delta or absent.")
    return Manifest(file, version, files)
