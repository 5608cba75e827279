"""Everything that is kept of one person, on one screen: export it, see what erasing would do, erase; and what is kept too long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.schemas.privacy import ChooseAnyPerson, ErasePerson
from lmskit.widgets import ROOT, Download, Message, Table, errors_shown, heading, style


@dataclass(frozen=True)
class ErasureResult:
    """What an erasure did, or would do: the sentence to show, the rows of the table, what remains and why, and the receipt as text.

    `rows` has the columns What, In and Rows.
    """

    sentence: str
    rows: pd.DataFrame
    remains: tuple[str, ...]
    receipt: str = field(default="", repr=False)


class PrivacyScreen:
    """One person to export or to erase, and the retention periods.

    Parameters
    ----------
    on_export
        Returns the name and the content of the file with everything about a person.
    on_rehearse
        Returns what an erasure would do.
    on_erase
        Erases the person.
    read_periods
        Returns what is kept, how long, and how much of it is due, with headings.
    person
        The address or number to begin with.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        on_export: Callable[[ChooseAnyPerson], tuple[str, bytes]],
        on_rehearse: Callable[[ErasePerson], ErasureResult],
        on_erase: Callable[[ErasePerson], ErasureResult],
        read_periods: Callable[[], pd.DataFrame],
        person: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_export, self._read_periods = on_export, read_periods
        self.person = widgets.Text(value=person, placeholder="student@example.org")
        self.courses_to = widgets.Text(placeholder="lecturer@example.org")
        self.family_alone, self.remove_files = (
            widgets.Checkbox(value=False, description=text, indent=False, layout=widgets.Layout(width="auto"))
            for text in (
                "Replace the family name alone in texts too; it may be a word, or another person's",
                "Remove reports and messages on this machine that name the person",
            )
        )
        fields = {
            "person": Field("Person", self.person, hint="The address, or the number (No.) that lists of students show."),
            "courses_to": Field("Courses go to", self.courses_to, hint="The lecturer who takes over, if the person teaches courses."),
        }
        self.message = Message()
        self.download = Download("Download what is kept", self.file)
        self.rehearsing = self._action("Show what erasing would do", fields, on_rehearse, clock)
        self.rehearsing.button.button_style = ""
        self.erasing = self._action("Erase the person", fields, on_erase, clock, confirm=True)
        self.erasing.button.button_style = "danger"
        self.table = Table(nothing="Nothing in the database names the person.")
        self.remains = Table()
        self.receipt = Download("Download the receipt", self.receipt_file)
        self._receipt = ""
        self._result = widgets.VBox(
            [heading("Rows and files"), self.table.view, heading("What remains, and why"), self.remains.view, self.receipt],
            layout=widgets.Layout(display="none", overflow="visible"),
        )
        self.periods, self._periods_message = Table(), Message()
        buttons = widgets.HBox(
            [self.download, self.rehearsing.view, self.erasing.view],
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 8px", align_items="flex-start"),
        )
        self.view = widgets.VBox(
            [
                style(),
                heading("One person"),
                row(fields["person"], fields["courses_to"]),
                self.family_alone,
                self.remove_files,
                buttons,
                self.message.view,
                self._result,
                heading("Retention periods"),
                self._periods_message.view,
                self.periods.view,
            ]
        )
        self.view.add_class(ROOT)
        self.refresh()

    def refresh(self) -> None:
        """Read again what is due by the retention periods."""
        with errors_shown(self._periods_message):
            self.periods.show(self._read_periods())

    def file(self) -> tuple[str, bytes] | None:
        """Return the file with everything about the person; None where there is no such person, which the message says."""
        self.message.clear()
        if not self.person.value.strip():
            self.message.bad("Person: This must not be empty.")
            return None
        with errors_shown(self.message):
            return self._on_export(ChooseAnyPerson(person=self.person.value))
        return None

    def receipt_file(self) -> tuple[str, bytes] | None:
        """Return the receipt of what is shown."""
        return ("receipt.txt", self._receipt.encode()) if self._receipt else None

    def _action(
        self,
        description: str,
        fields: dict[str, Field],
        work: Callable[[ErasePerson], ErasureResult],
        clock: Callable[[], float],
        *,
        confirm: bool = False,
    ) -> Submission[ErasePerson]:
        return Submission(
            description,
            fields=fields,
            read=self._request,
            on_submit=lambda request: self._show(work(request)),
            confirm=(lambda request: f"Erase {request.person} for ever? It cannot be undone.") if confirm else None,
            message=self.message,
            clock=clock,
        )

    def _request(self) -> ErasePerson:
        self._result.layout.display = "none"
        return ErasePerson(
            person=self.person.value,
            courses_to=self.courses_to.value.strip() or None,
            family_alone=self.family_alone.value,
            remove_files=self.remove_files.value,
        )

    def _show(self, result: ErasureResult) -> str:
        self.table.show(result.rows)
        self.remains.show(pd.DataFrame({"Remains": list(result.remains)}))
        self._receipt = result.receipt
        self.receipt.layout.display = None if result.receipt else "none"
        self._result.layout.display = None
        self.refresh()
        return result.sentence
