"""Which columns of a table hold which fields, for a person who maps them: every column with the first values in it.

The fields are those of `--map FIELD=HEADER`; the other formats recognise their columns by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import MASK, CsvFile
from lmskit.importers.plain_headers import HEADERS, columns_of_fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions

MOODLE_PEOPLE = ("given_name", "family_name", "username", "sis_id", "email")
MAPPED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "csv": tuple(HEADERS),
    "moodle-gradebook": MOODLE_PEOPLE,
    "moodle-quiz-grades": (*MOODLE_PEOPLE, "state", "started", "completed", "duration"),
    "moodle-quiz-responses": (*MOODLE_PEOPLE, "state", "started", "completed", "duration"),
    "canvas-quiz": ("name", "id", "sis_id", "submitted", "attempt"),
}
"""The fields of each format whose columns can be mapped."""
EXAMPLES = 3
"""Different values of a column that are shown."""
LONGEST_EXAMPLE = 40
"""Characters of a value that are shown."""
ROWS_LOOKED_AT = 200
MOST_COLUMNS = 200
"""Columns that a person can choose from."""


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a table.

    `examples` has the first different values of each column by its header; headers that are empty or not alone are left out,
    since nothing can be mapped to them. `recognised` has the header of each field that a plain table's reader finds by itself.
    """

    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recognised: Mapping[str, str] = field(default_factory=dict)


def table_columns(path: Path, reading: ReadOptions) -> TableColumns | None:
    """Return the columns of a table with examples; None if the path is not a table with at least two columns.

    The values of columns that may hold passwords are masked.
    """
    try:
        if path.is_dir():
            return None
        file = CsvFile(path, [], whole=True, delimiter=reading.delimiter)
        rows = [cells for _, cells in islice(file.rows(), ROWS_LOOKED_AT)]
    except ImportFileError:
        return None
    header = file.header
    alone = [index for index, text in enumerate(header) if text.strip() and header.count(text) == 1][:MOST_COLUMNS]
    if len(alone) < 2:  # noqa: PLR2004 - a text without columns has one
        return None
    examples = {
        header[index]: _examples([cells[index] for cells in rows], is_secret=header[index] in file.secret_columns) for index in alone
    }
    found = columns_of_fields(header, {})
    recognised = {name: header[columns[0]] for name, columns in found.items() if len(columns) == 1 and header[columns[0]] in examples}
    return TableColumns(examples, recognised)


def _examples(cells: list[str], *, is_secret: bool) -> tuple[str, ...]:
    values = list(dict.fromkeys(filter(None, map(str.strip, cells))))[:EXAMPLES]
    if is_secret:
        return (MASK,) if values else ()
    return tuple(value if len(value) <= LONGEST_EXAMPLE else f"{value[: LONGEST_EXAMPLE - 1]}…" for value in values)
