"""Delete what was made by mistake: choose it, see what goes with it, delete it; for much, a number has to be typed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ipywidgets as widgets

from lmskit.errors import InputError
from lmskit.forms.field import Field
from lmskit.forms.import_undo import MUCH
from lmskit.forms.submission import Submission
from lmskit.forms.typed_number import is_typed
from lmskit.rounding import count_text
from lmskit.schemas.deletion import NAMED_BY, Deletable, DeleteRequest
from lmskit.widgets import Message, SearchableDropdown, errors_shown, heading, set_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class DeletionShown:
    """What went, or would go, in a sentence, and how many rows go beside the one that was chosen, together and by kind."""

    sentence: str
    n_rows: int
    going: tuple[tuple[str, int], ...] = ()


class DeletionForm:
    """One thing to delete: what goes with it is shown first.

    Parameters
    ----------
    read_options
        Returns label and code of each course, and of each term.
    read_quizzes, read_banks
        Return label and number of each quiz of a course, and label and name of each of its question banks.
    on_rehearse
        Returns what would go; the sentence of an `LmskitError` it raises is shown, such as that results rest on it.
    on_delete
        Deletes it unless more would go than was shown, and returns what went.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        read_options: Callable[[], tuple[Options, Options]],
        read_quizzes: Callable[[str], Sequence[tuple[str, int]]],
        read_banks: Callable[[str], Options],
        on_rehearse: Callable[[DeleteRequest], DeletionShown],
        on_delete: Callable[[DeleteRequest, DeletionShown], DeletionShown],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_options = read_options
        self._on_rehearse, self._on_delete = on_rehearse, on_delete
        self._rehearsed: tuple[DeleteRequest, DeletionShown] | None = None
        self.what = widgets.Dropdown(options=[(kind.value, kind) for kind in Deletable])
        self.course, self.term = SearchableDropdown(), SearchableDropdown()
        self.quiz, self.bank = SearchableDropdown(), SearchableDropdown()
        self._of_course = {
            Deletable.QUIZ: (self.quiz, read_quizzes, ("no quizzes", 0)),
            Deletable.QUESTION_BANK: (self.bank, read_banks, ("no question banks", "")),
        }
        self.attempt, self.person = widgets.Text(placeholder="12345"), widgets.Text(placeholder="student@example.org")
        self.typed = widgets.Text(continuous_update=True)
        self.fields = {
            "what": Field("What", self.what),
            "course": Field("Course", self.course),
            "quiz": Field("Quiz", self.quiz),
            "bank": Field("Question bank", self.bank, hint="Quizzes keep their questions."),
            "attempt": Field("Attempt", self.attempt, hint="Its number, as lmskit attempt list shows it."),
            "term": Field("Term", self.term),
            "person": Field("Person", self.person, hint="The address, or the number (No.) that lists show."),
        }
        self._typed = Field("Rows that go", self.typed, hint="Type the number of rows to go on.")
        self.message = Message()
        self.rehearsing = Submission(
            "Show what would go", fields=self.fields, read=self._request, on_submit=self._rehearse, message=self.message, clock=clock
        )
        self.rehearsing.button.button_style = ""
        self.deleting = Submission(
            "Delete", fields=self.fields, read=self._request, on_submit=self._delete, message=self.message, clock=clock
        )
        self.deleting.button.button_style = "danger"
        for field in (*self.fields.values(), self._typed):
            field.view.layout.flex, field.view.layout.min_width = "1 1 260px", "0"
        rows = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 18px")
        buttons = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 8px", align_items="flex-start")
        self.view = widgets.VBox(
            [
                heading("Delete what was made by mistake"),
                widgets.HBox([*(field.view for field in self.fields.values()), self._typed.view], layout=rows),
                widgets.HBox([self.rehearsing.view, self.deleting.view], layout=buttons),
                self.message.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )
        self.what.observe(lambda _change: self._show_fields(), names="value")
        self.course.observe(lambda _change: self._list_what_it_has(), names="value")
        for control in (self.what, self.course, self.quiz, self.bank, self.attempt, self.term, self.person):
            control.observe(lambda _change: self._forget(), names="value")
        self._show_fields()
        self._ask_for_number()
        self.refresh()

    def refresh(self) -> None:
        """Read anew what can be chosen."""
        with errors_shown(self.message):
            courses, terms = self._read_options()
            set_options(self.course, courses)
            set_options(self.term, terms)
            self._list_what_it_has()

    def _list_what_it_has(self) -> None:
        """List the quizzes or the question banks of the chosen course."""
        if self.course.value is None or self.what.value not in self._of_course:
            return
        control, read, nothing = self._of_course[self.what.value]
        set_options(control, ())
        with errors_shown(self.message):
            set_options(control, read(self.course.value) or [nothing])

    def _show_fields(self) -> None:
        shown = {"what", *NAMED_BY[self.what.value]}
        for name, field in self.fields.items():
            field.view.layout.display = None if name in shown else "none"
        of_nothing = {"": self.fields[NAMED_BY[self.what.value][-1]]}  # that nothing is chosen is said of the whole request
        self.rehearsing.fields = self.deleting.fields = self.fields | of_nothing
        self._list_what_it_has()

    def _forget(self) -> None:
        """What would go of one thing says nothing about another."""
        self._rehearsed = None
        self._ask_for_number()
        self.message.clear()

    def _request(self) -> DeleteRequest:
        names = NAMED_BY[self.what.value]
        return DeleteRequest.model_validate({"what": self.what.value} | {name: getattr(self, name).value or None for name in names})

    def _rehearse(self, request: DeleteRequest) -> str:
        self._rehearsed = None
        self._ask_for_number()
        planned = self._on_rehearse(request)
        self._rehearsed = (request, planned)
        self._ask_for_number()
        return f"Nothing was changed. {planned.sentence}"

    def _delete(self, request: DeleteRequest) -> str:
        """Delete what was shown; of anything else, show first what would go."""
        if self._rehearsed is None or self._rehearsed[0] != request:
            return f"{self._rehearse(request)} To delete it, press Delete again."
        shown = self._rehearsed[1]
        n_rows = shown.n_rows
        if n_rows > MUCH and not is_typed(self.typed.value, n_rows):
            self._typed.problem = f"{count_text(n_rows, 'row')} would go: type this number."
            raise InputError("Nothing was deleted. Type the number of rows first.")
        self._rehearsed = None  # if it is refused, what would go now is shown again first
        done = self._on_delete(request, shown)
        self.refresh()
        self._ask_for_number()
        return done.sentence

    def _ask_for_number(self) -> None:
        n_rows = self._rehearsed[1].n_rows if self._rehearsed is not None else 0
        self.typed.value, self._typed.problem = "", ""
        self._typed.view.layout.display = None if n_rows > MUCH else "none"
