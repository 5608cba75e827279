"""A small manifest in a folder of materials: which week, title, address and licence each file has, as CSV or YAML."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from lmskit.errors import MaterialFileError
from lmskit.materials.extraction.encoding import decoded
from lmskit.schemas.material import MaterialDetails
from lmskit.schemas.mistakes import one_sentence

MANIFESTS = ("materials.csv", "materials.yaml", "materials.yml")
"""Names of the manifest, in the folder itself."""
LARGEST_MANIFEST = 4 * 1024**2
"""Bytes of a manifest."""
MOST_ENTRIES = 10_000
"""Rows or entries of a manifest."""
FILE = "file"
FIELDS = (FILE, *MaterialDetails.model_fields)


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What the manifest says about one file or link."""

    position: str
    """Such as `materials.csv, row 3`."""
    file: str | None
    """Path within the folder, with slashes; None for a link without a file."""
    details: MaterialDetails
    mistake: str | None = None
    """A sentence about what is wrong with it."""


def manifest_of(folder: Path) -> Path | None:
    """Return the manifest of a folder; None if it has none.

    Raises
    ------
    MaterialFileError
        It has two.
    """
    found = [folder / name for name in MANIFESTS if (folder / name).is_file()]
    if len(found) > 1:
        raise MaterialFileError(f"there is {found[1].name} too. Keep one of them.", name=found[0].name)
    return found[0] if found else None


def read_manifest(path: Path) -> list[ManifestEntry]:
    """Return the entries of a manifest in their order; wrong values of one entry are its mistake.

    Raises
    ------
    MaterialFileError
        It cannot be read as a whole: it is too large, not valid YAML, or has unknown columns.
    """
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise MaterialFileError(f"it is larger than {LARGEST_MANIFEST // 1024**2} MiB. Split the folder.", name=path.name)
        text = decoded(path.read_bytes()).text
    except OSError as error:
        raise MaterialFileError(f"it cannot be read: {error.strerror}. Check the right to read it.", name=path.name) from error
    rows = _rows_of_csv(text, path.name) if path.suffix == ".csv" else _rows_of_yaml(text, path.name)
    entries: list[ManifestEntry] = []
    for position, row in rows:
        if len(entries) == MOST_ENTRIES:
            raise MaterialFileError(f"it has more than {MOST_ENTRIES:,} entries. Split the folder.", name=path.name)
        entries.append(_entry(position, row))
    return entries


def _rows_of_csv(text: str, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
        header = [column.strip().lower() for column in next(rows, [])]
        _require_known(header, name, "row 1")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                raise MaterialFileError(
                    f"it has {len(row)} cells, and the header has {len(header)}. Put quotes around a text with {delimiter!r} in it.",
                    name=name,
                    where=f"row {rows.line_num}",
                )
            yield f"{name}, row {rows.line_num}", {column: cell.strip() for column, cell in zip(header, row, strict=False) if cell.strip()}
    except csv.Error as error:
        raise MaterialFileError(f"it is not valid CSV: {error}. Save it again as CSV.", name=name) from error


def _rows_of_yaml(text: str, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = None if mark is None else f"line {mark.line + 1}"
        raise MaterialFileError("it is not valid YAML. Check the indentation and the quotes.", name=name, where=where) from error
    shared: Mapping[str, object] = {}
    if isinstance(content, dict):
        shared = {str(key).lower(): value for key, value in content.items() if key != "materials"}
        _require_known(shared, name, "its first level")
        content = content.get("materials")
    if not isinstance(content, list):
        raise MaterialFileError("it has no list of materials. Write `materials:` and an entry with `file:` for each.", name=name)
    for number, entry in enumerate(content, start=1):
        if not isinstance(entry, dict):
            raise MaterialFileError("it is not a mapping, such as `file: week-03/loops.pdf`.", name=name, where=f"entry {number}")
        row = {str(key).lower(): value for key, value in entry.items()}
        _require_known(row, name, f"entry {number}")
        yield f"{name}, entry {number}", {**shared, **row}


def _require_known(columns: Mapping[str, object] | list[str], name: str, where: str) -> None:
    unknown = [column for column in columns if column not in FIELDS]
    if unknown:
        raise MaterialFileError(f"there is no field {unknown[0][:40]!r}. The fields are: {', '.join(FIELDS)}.", name=name, where=where)


def _entry(position: str, row: Mapping[str, object]) -> ManifestEntry:
    values = {key: value for key, value in row.items() if value is not None}
    file = values.pop(FILE, None)
    named = None if file is None else str(file).replace("\\", "/").removeprefix("./")
    mistake, details = None, MaterialDetails()
    try:
        details = MaterialDetails.model_validate(values)
    except ValidationError as error:
        mistake = one_sentence(error, lambda field: field)
    if named is None and mistake is None and details.url is None:
        mistake = "It names neither a file nor a url. Give one of them."
    return ManifestEntry(position, named, details, mistake)
