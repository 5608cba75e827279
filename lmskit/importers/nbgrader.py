"""The grades that nbgrader exports: one row per student and assignment.

Its columns are those of plain results under names of its own. A submission that is missing has the score 0 and no time, so
it is a total of 0 points. The ids are those of plain tables, as in nbgrader's roster of students, which has no distinctive columns.

Source of the format: `nbgrader/plugins/export.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.plain_csv import PlainCsv

if TYPE_CHECKING:
    from pathlib import Path

DISTINCTIVE = frozenset({"assignment", "student_id", "raw_score", "max_score", "late_submission_penalty"})
"""Columns that only nbgrader's export has together."""


class NbgraderGrades(PlainCsv):
    """An opened export; see `lmskit.importers.record.Source`."""

    format = "nbgrader"

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        if missing := sorted(DISTINCTIVE - set(self.file.header)):
            raise ImportFileError(f"{self.name} lacks {', '.join(missing)}, which grades of nbgrader have. Import it as a plain table: csv")


FORMAT = Format("nbgrader", "nbgrader grades", needs_course=True, detect=detect_by_opening(NbgraderGrades), open=NbgraderGrades)
