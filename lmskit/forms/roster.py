"""Who has a place in a course, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.queries.page import MAX_PAGE
from lmskit.vocabulary import EnrollmentStatus
from lmskit.widgets import Message, Pager, Table, errors_shown, heading

PAGE_SIZE = 25

Read: TypeAlias = Callable[[str, int, int], tuple[pd.DataFrame, int]]
"""From a course, a limit and an offset to that page of its roster and the number of rows on all pages."""


class Roster:
    """The roster of one course at a time.

    Parameters
    ----------
    read
        See `Read`; the sentence of an `LmskitError` it raises is shown.

    Attributes
    ----------
    leavers
        Those on the page that is shown who could leave: what each is called, and their number.
    on_shown
        Called after another page is shown.
    """

    def __init__(self, read: Read) -> None:
        self._read, self._course = read, ""
        self.pager = Pager(self.refresh, page_size=PAGE_SIZE, noun="students")
        self.table = Table(nothing="Nobody is enrolled in this course yet.")
        self.message = Message()
        self.leavers: tuple[tuple[str, int], ...] = ()
        self.on_shown: Callable[[], None] = lambda: None
        self.view = widgets.VBox(
            [heading("Roster"), self.pager.view, self.message.view, self.table.view], layout=widgets.Layout(overflow="visible")
        )

    def show(self, course: str) -> None:
        """Show the first page of `course`."""
        self._course = course
        self.pager.first()
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self.message):
            page, total = self._read(self._course, PAGE_SIZE, self.pager.offset)
            self.message.clear()
            self.leavers = _leavers(page)
            self.table.show(_as_people_read_it(page))
            self.pager.show(total=total)
            self.on_shown()

    def show_student(self, *, email: str | None = None, student_id: int | None = None) -> None:
        """Turn to the page with this student; the page stays where it is if there is none."""
        with errors_shown(self.message):
            position = self._position("email", email) if email is not None else self._position("student_id", student_id)
            if position is not None:
                self.pager.offset = position - position % PAGE_SIZE
            self.refresh()

    def _position(self, column: str, value: object) -> int | None:
        offset, total = 0, 1
        while offset < total:
            page, total = self._read(self._course, MAX_PAGE, offset)
            found = (page[column] == value).to_numpy().nonzero()[0]
            if len(found):
                return offset + int(found[0])
            offset += MAX_PAGE
        return None


def _leavers(page: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Two people may have one name, and no address to tell them apart: then their number does."""
    staying = page[page["status"].isin([EnrollmentStatus.ACTIVE, EnrollmentStatus.PENDING])]
    return tuple(
        (f"{name} · {email}" if isinstance(email, str) else f"{name} · no address, student {student_id}", int(student_id))
        for name, email, student_id in zip(staying["name"], staying["email"], staying["student_id"], strict=True)
    )


def _as_people_read_it(page: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Name": page["name"],
            "E-mail": page["email"],
            "Status": page["status"],
            "Since": page["started_on"],
            "Until": page["ended_on"],
            "Entered by": page["origin"],
        }
    )
