"""The XML that Moodle exports of a gradebook: the ID number of a student, that of a grade item, and the score.

Source of the format: `grade/export/xml/grade_export_xml.php` of Moodle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.importers.tables.sheets import SheetRows
from lmskit.importers.xml_file import first_elements, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.xml_file import XmlElement

ROOT, ROW = "results", "result"
COLUMNS = {"student": "sis_id", "assignment": "quiz", "score": "score", "feedback": "feedback"}
"""The header of each element's column: the one that plain CSV files of results have."""


def is_grades(path: Path) -> bool:
    """Return whether a file begins like such an export."""
    return [element.local for element in first_elements(path, 2)] == [ROOT, ROW]


def read_xml(path: Path) -> SheetRows:
    """Read an export; the row of a grade is the line on which it begins, or the next if that line has another.

    Raises
    ------
    ImportFileError
        It is not XML, or larger than is read.
    """
    root = parsed(path).root
    found = SheetRows(path.name, "", _rows(root))
    columns = ", ".join(f"{header} from <{element}>" for element, header in COLUMNS.items())
    found.notes = (f"{path.name} was read as a table of grades: {columns}. It has ID numbers and no names, titles or maximum scores.",)
    return found.checked()


def _rows(root: XmlElement) -> Iterator[tuple[int, list[str]]]:
    row = root.line
    yield row, list(COLUMNS.values())
    for result in root.below(ROW):
        row = max(row + 1, result.line)  # several may begin on one line
        cells = {child.local: child.whole_text() for child in result.below(*COLUMNS)}
        yield row, [cells.get(element, "") for element in COLUMNS]
