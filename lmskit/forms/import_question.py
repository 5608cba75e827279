"""The question before an import that withdraws students or takes results back: their number has to be typed."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.typed_number import is_typed
from lmskit.importers.report import ImportReport, MissingCheck


class ImportQuestion:
    """One box for each number that has to be typed; takes no room while there is none.

    Parameters
    ----------
    on_change
        Called when a person typed something.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.withdraw = widgets.Text(placeholder="their number")
        self.remove = widgets.Text(placeholder="their number")
        self.fields = {
            "withdraw_at_most": Field(
                "Students to withdraw",
                self.withdraw,
                hint="To import the file, type the number of students to withdraw.",
                width="0 1 420px",
            ),
            "remove_at_most": Field(
                "Students whose results to take back",
                self.remove,
                hint="To import the file, type the number of students whose results no longer count.",
                width="0 1 420px",
            ),
        }
        self.view = row(*self.fields.values())
        for control in (self.withdraw, self.remove):
            control.observe(lambda _change: on_change(), names="value")
        self.hide()

    def hide(self) -> None:
        """Ask nothing, and forget what was typed."""
        self.withdraw.value = self.remove.value = ""
        self.view.layout.display = "none"

    def ask(self, report: ImportReport) -> None:
        """Ask for the numbers that a preview needs."""
        asked = _asked(report)
        for name, field in self.fields.items():
            field.view.layout.display = None if name in asked else "none"
        self.view.layout.display = None if asked else "none"

    def is_answered(self, report: ImportReport) -> bool:
        """Whether every number that a preview needs is typed. A number that is not the right one is pointed out."""
        typed = {"withdraw_at_most": self.withdraw.value.strip(), "remove_at_most": self.remove.value.strip()}
        asked = _asked(report)
        for name, field in self.fields.items():
            is_wrong = name in asked and typed[name] and not is_typed(typed[name], asked[name].count)
            field.problem = "This is not the number of students in the preview." if is_wrong else ""
        return all(is_typed(typed[name], check.count) for name, check in asked.items())

    def disable(self, *, disabled: bool) -> None:
        """Allow changes, or not, while a task runs."""
        self.withdraw.disabled = self.remove.disabled = disabled


def _asked(report: ImportReport) -> dict[str, MissingCheck]:
    checks = {"withdraw_at_most": report.withdrawal, "remove_at_most": report.removal}
    return {name: check for name, check in checks.items() if check is not None and check.reasons}
