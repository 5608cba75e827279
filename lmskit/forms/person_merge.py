"""People who are in lmskit twice: likely ones, merging two after a table of what both have, and splitting them again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import ipywidgets as widgets

from lmskit.errors import CannotMergeError
from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.listings import DUPLICATES, PERSON_MERGES
from lmskit.schemas.person import MergePeople, SplitPerson
from lmskit.schemas.request import Request
from lmskit.widgets import PAGE_SIZE, Message, Pager, Table, errors_shown, heading, set_options

if TYPE_CHECKING:
    import pandas as pd

Wanted = TypeVar("Wanted", bound=Request)
ReadPage: TypeAlias = "Callable[[int, int], tuple[pd.DataFrame, int]]"
"""Takes a limit and an offset; returns that page of a list and the number of rows on all pages."""

_WIDE = {"overflow": "visible"}


@dataclass(frozen=True)
class PersonPreview:
    """What a merge or a split would do.

    Attributes
    ----------
    table
        Both people, as it is shown.
    question
        What has to be answered with yes; empty where it is not possible.
    refusal
        Why it is not possible, and what to do.
    report
        What the desk needs to do what was previewed.
    """

    table: pd.DataFrame
    question: str
    refusal: str = ""
    report: Any = None


@dataclass(frozen=True)
class TwiceWork:
    """What can be done with people who are in lmskit twice.

    Attributes
    ----------
    duplicates, merges
        Read a page of `queries.duplicates.duplicates` and of `queries.person_merge.person_merges`.
    preview_merge, preview_split
        Return what would be done, and change nothing.
    merge, split
        Do what was previewed, and return the sentence to show.
    """

    duplicates: ReadPage
    merges: ReadPage
    preview_merge: Callable[[MergePeople], PersonPreview]
    merge: Callable[[MergePeople, PersonPreview], str]
    preview_split: Callable[[SplitPerson], PersonPreview]
    split: Callable[[SplitPerson, PersonPreview], str]


class Previewed(Generic[Wanted]):
    """A button that shows a table and asks before it does what the table says.

    Parameters
    ----------
    description
        The text on the button.
    fields
        The fields by their names in the request; another value withdraws the question.
    read
        Builds the request from the fields.
    on_preview, on_submit
        Return what would be done, and do it. The sentence of an `LmskitError` they raise is shown.
    message
        Shows the result; by default a message under the button.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        description: str,
        *,
        fields: dict[str, Field],
        read: Callable[[], Wanted],
        on_preview: Callable[[Wanted], PersonPreview],
        on_submit: Callable[[Wanted, PersonPreview], str],
        message: Message | None = None,
        clock: Callable[[], float],
    ) -> None:
        self._on_preview, self._on_submit = on_preview, on_submit
        self._previewed: PersonPreview | None = None
        self.table = Table(nothing="The two have nothing that conflicts.")
        self.submission = Submission(
            description, fields=fields, read=read, on_submit=self._submit, confirm=self._ask, message=message, clock=clock
        )
        self.view = widgets.VBox([self.table.view, self.submission.view], layout=widgets.Layout(**_WIDE))
        self._hide()
        for field in fields.values():
            field.control.observe(lambda _change: self.forget(), names="value")

    def forget(self) -> None:
        """Withdraw a question about other people than the fields name."""
        self.submission.withdraw_question()
        self._hide()

    def _hide(self) -> None:
        self.table.view.layout.display = "none"

    def _ask(self, request: Wanted) -> str:
        self._hide()
        preview = self._previewed = self._on_preview(request)
        self.table.show(preview.table)
        self.table.view.layout.display = None
        if preview.refusal:
            raise CannotMergeError(preview.refusal)
        return preview.question

    def _submit(self, request: Wanted) -> str:
        if self._previewed is None:  # the question is not shown then
            raise RuntimeError("nothing was previewed")
        self._hide()
        return self._on_submit(request, self._previewed)


class PeopleTwice:
    """Likely duplicates, the form that merges two students, and the merges, each of which can be split.

    Parameters
    ----------
    work
        What can be done.
    on_changed
        Called after a merge or a split.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: TwiceWork, *, on_changed: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._on_changed = work, on_changed
        self.find = widgets.Button(description="List likely duplicates", layout=widgets.Layout(width="auto"))
        self.pairs_pager = Pager(self._list_pairs, noun="pairs")
        self.pairs, self._pairs_message = Table(nothing="No two people are alike."), Message()
        self.pair = widgets.Dropdown()
        self.take = widgets.Button(description="Take these two", layout=widgets.Layout(width="auto"))
        pair = Field("Pair", self.pair, hint="One of those shown above.")
        self._pair_parts = widgets.VBox([pair.view, widgets.HBox([self.take])], layout=widgets.Layout(**_WIDE))
        self._pairs_parts = widgets.VBox(
            [
                self.pairs_pager.view,
                self.pairs.view,
                self._pair_parts,
            ],
            layout=widgets.Layout(display="none", **_WIDE),
        )
        self.kept, self.removed = (widgets.Text(placeholder="address, number, or SYSTEM:ID") for _ in range(2))
        of_merge = {
            "kept": Field("Who stays", self.kept, hint="With this number, name and address."),
            "removed": Field("Who goes", self.removed, hint="The same student once more; results, enrollments and ids are kept."),
        }
        self.swap = widgets.Button(description="Exchange the two", layout=widgets.Layout(width="auto"))
        self.merging = Previewed(
            "Merge",
            fields=of_merge,
            read=lambda: MergePeople(kept=self.kept.value, removed=self.removed.value),
            on_preview=work.preview_merge,
            on_submit=self._merge,
            clock=clock,
        )
        self.merges_pager = Pager(self.refresh, noun="merges")
        self.merges, self._merges_message = Table(nothing="No person was merged yet."), Message()
        self._split_message = Message()  # stays when no merge is left to be chosen
        self.receipt = widgets.Dropdown()
        self.splitting = Previewed(
            "Split",
            fields={"receipt": Field("Merge", self.receipt, hint="One of those shown above.")},
            read=lambda: SplitPerson.model_validate({"receipt": self.receipt.value}),
            on_preview=work.preview_split,
            on_submit=self._split,
            message=self._split_message,
            clock=clock,
        )
        self._splitting_parts = widgets.VBox(
            [self.splitting.submission.fields["receipt"].view, self.splitting.view], layout=widgets.Layout(**_WIDE)
        )
        self.view = widgets.VBox(
            [
                heading("People who are probably in lmskit twice"),
                widgets.HBox([self.find]),
                self._pairs_message.view,
                self._pairs_parts,
                heading("Merge two students who are one person"),
                row(*of_merge.values()),
                widgets.HBox([self.swap]),
                self.merging.view,
                heading("Merges, newest first"),
                self._merges_message.view,
                self.merges_pager.view,
                self.merges.view,
                self._splitting_parts,
                self._split_message.view,
            ],
            layout=widgets.Layout(**_WIDE),
        )
        self.find.on_click(lambda _button: self._list_pairs())
        self.take.on_click(lambda _button: self._take_pair())
        self.swap.on_click(lambda _button: self._exchange())
        self.refresh()

    def refresh(self) -> None:
        """Read the page of merges that is shown again."""
        with errors_shown(self._merges_message):
            page, total = self._work.merges(PAGE_SIZE, self.merges_pager.offset)
            self._merges_message.clear()
            self.merges.show(PERSON_MERGES.shown(page))
            labels = zip(page["receipt"], page["removed_id"], page["former_name"], page["kept_id"], page["name"], strict=True)
            set_options(
                self.receipt,
                [(f"{receipt} · {former} ({gone}) into {name} ({kept})", int(receipt)) for receipt, gone, former, kept, name in labels],
            )
            self._splitting_parts.layout.display = None if total else "none"
            self.merges_pager.show(total=total)

    def _list_pairs(self) -> None:
        with errors_shown(self._pairs_message):
            page, total = self._work.duplicates(PAGE_SIZE, self.pairs_pager.offset)
            self._pairs_message.clear()
            self.pairs.show(DUPLICATES.shown(page))
            two = zip(page["person_id"], page["name"], page["other_id"], page["other_name"], strict=True)
            set_options(self.pair, [(f"{one} {name} · {other} {also}", (str(one), str(other))) for one, name, other, also in two])
            self._pair_parts.layout.display = None if total else "none"
            self._pairs_parts.layout.display = None
            self.pairs_pager.show(total=total)

    def _take_pair(self) -> None:
        """Fill the form with the chosen pair, and show what merging the two would do."""
        if self.pair.value is not None:
            self.kept.value, self.removed.value = self.pair.value
            self.merging.submission.button.click()

    def _exchange(self) -> None:
        self.kept.value, self.removed.value = self.removed.value, self.kept.value

    def _merge(self, request: MergePeople, preview: PersonPreview) -> str:
        sentence = self._work.merge(request, preview)
        self.kept.value = self.removed.value = ""
        self._changed()
        return sentence

    def _split(self, request: SplitPerson, preview: PersonPreview) -> str:
        sentence = self._work.split(request, preview)
        self._changed()
        return sentence

    def _changed(self) -> None:
        self.refresh()
        if self._pairs_parts.layout.display is None:
            self._list_pairs()
        self._on_changed()
