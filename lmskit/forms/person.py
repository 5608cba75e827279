"""People on one screen: find anyone, see what is known of a person, correct it, and merge and split people."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.person_merge import PeopleTwice, TwiceWork
from lmskit.forms.submission import Submission
from lmskit.listings import PEOPLE
from lmskit.schemas.person import ChangePerson
from lmskit.vocabulary import Role
from lmskit.widgets import ROOT, Debounced, Message, Pager, Table, errors_shown, heading, set_options, style

if TYPE_CHECKING:
    import pandas as pd

PEOPLE_ON_A_PAGE = 100
"""So that a number of three digits names any page of 60,000 people."""
HIGHEST = "420px"
"""Of a table; a longer one is scrolled in its box, so that what can be done with a person stays near."""
FOUND_BY = "Parts of name, address or id, or the number; accents and order do not matter."
ALL = NO_ID = ""
CHANGED = ("family_name", "given_name", "preferred_name", "email")
"""Fields that show what is stored, and change it."""
WORDS = {role.value: role.word for role in Role}


class ReadPeople(Protocol):
    """Reads a page of `queries.person.people`, with the number of rows on all pages."""

    def __call__(self, *, search: str | None, role: Role | None, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        """Read the page of the people whom the search finds, of this role; None means all."""


@dataclass(frozen=True)
class PersonShown:
    """What is known of one person.

    Attributes
    ----------
    sentence
        Who it is.
    name
        As lists show it.
    family_name, given_name, preferred_name, email
        As they are stored; without an address or a preferred name, an empty text.
    ids
        What other systems call the person, each as SYSTEM:ID, and former addresses.
    id_table, courses, merges
        As they are shown.
    """

    sentence: str
    name: str
    family_name: str
    given_name: str
    preferred_name: str
    email: str
    ids: tuple[str, ...]
    id_table: pd.DataFrame
    courses: pd.DataFrame
    merges: pd.DataFrame


@dataclass(frozen=True)
class PersonWork:
    """What the screen does.

    Attributes
    ----------
    page
        See `ReadPeople`.
    show
        Returns what is known of the person with this number.
    change
        Changes a person, and returns the sentence to show.
    twice
        What can be done with people who are in lmskit twice.
    """

    page: ReadPeople
    show: Callable[[int], PersonShown]
    change: Callable[[ChangePerson], str]
    twice: TwiceWork


class PersonScreen:
    """The people page by page, what is known of the chosen one, and what can be done.

    Parameters
    ----------
    work
        What the screen does. The sentence of an `LmskitError` it raises is shown.
    search
        The search to begin with.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: PersonWork, *, search: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._shown: tuple[int, PersonShown] | None = None
        self._filling = False
        self.search = widgets.Text(value=search, placeholder="muller anna", continuous_update=True)
        self.role = widgets.Dropdown(options=[("all", ALL), *((WORDS[role], role) for role in Role)])
        self.pager = Pager(self.refresh, noun="people", page_size=PEOPLE_ON_A_PAGE)
        self.table, self._list_message = Table(nothing="There is no such person."), Message()
        self.table.view.layout.max_height = HIGHEST
        self.person, self.status = widgets.Dropdown(), Message()
        self.ids, self.courses = Table(nothing="No id of another system."), Table(nothing="No courses.")
        self.merges = Table(nothing="Nobody was merged into this person.")
        self.family_name, self.given_name, self.preferred_name, self.email = (widgets.Text() for _ in range(4))
        self.add_id, self.remove_id = widgets.Text(placeholder="SYSTEM:ID"), widgets.Dropdown()
        fields = {
            "family_name": Field("Family name", self.family_name, width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
            "preferred_name": Field(
                "Preferred name", self.preferred_name, hint="Shown instead of the given name, also in messages.", width="1 1 150px"
            ),
            "email": Field("E-mail", self.email, hint="A login is renamed with it; messages that wait go there."),
            "add_id.0": Field("Add an id", self.add_id, hint="Such as sis:0047110; imports find the person by it.", width="1 1 150px"),
            "remove_id.0": Field("Remove an id", self.remove_id, width="1 1 150px"),
        }
        self.changing = Submission(
            "Save the changes", fields=fields, read=self._request, on_submit=work.change, on_success=self._changed, clock=clock
        )
        self.twice = PeopleTwice(work.twice, on_changed=self.refresh, clock=clock)
        self.view = widgets.VBox(
            [
                style(),
                heading("People"),
                row(
                    Field(
                        "Search",
                        self.search,
                        hint=FOUND_BY,
                        width="3 1 320px",
                    ),
                    Field("Role", self.role, width="1 1 140px"),
                ),
                self._list_message.view,
                self.pager.view,
                self.table.view,
                heading("One person"),
                Field("Person", self.person, hint="One of the people shown above; who was changed stays chosen.").view,
                self.status.view,
                self.courses.view,
                _side_by_side(self.ids.view, self.merges.view),
                heading("Change the person"),
                row(*list(fields.values())[:3]),
                row(*list(fields.values())[3:]),
                self.changing.view,
                self.twice.view,
            ]
        )
        self.view.add_class(ROOT)
        later = Debounced(self._show_first_page)
        for control in (self.search, self.role):
            control.observe(lambda _change: later(), names="value")
        self.person.observe(lambda _change: self._chosen(), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown, and what is known of the chosen person, again."""
        self._list()
        self._chosen()

    def _list(self, *, kept: tuple[str, int] | None = None) -> None:
        """Read the page; `kept` is label and number of who is offered although the search does not find them."""
        with errors_shown(self._list_message):
            page, total = self._work.page(
                search=self.search.value or None, role=self.role.value or None, limit=PEOPLE_ON_A_PAGE, offset=self.pager.offset
            )
            self._list_message.clear()
            self.table.show(PEOPLE.shown(page.assign(role=[WORDS[role] for role in page["role"]])))
            named = zip(page["name"], page["email"], page["person_id"], strict=True)
            offered = [(_label(name, email if isinstance(email, str) else "", number), int(number)) for name, email, number in named]
            if kept is not None and kept[1] not in (number for _, number in offered):
                offered.insert(0, kept)
            self._filling = True
            try:
                set_options(self.person, offered)
            finally:
                self._filling = False
            self.pager.show(total=total)

    def _show_first_page(self) -> None:
        """List whom the search finds; what was typed about a person who stays chosen is kept."""
        self.pager.first()
        self._list()
        if self._shown is None or self._shown[0] != self.person.value:
            self._chosen()

    def _chosen(self) -> None:
        if not self._filling:
            self.changing.message.clear()
            self._show()

    def _show(self) -> None:
        self._shown = None
        self.status.clear()
        number = self.person.value
        if number is not None:
            with errors_shown(self.status):
                shown = self._work.show(number)
                self._shown = (number, shown)
                self.status.neutral(shown.sentence)
                for table, found in ((self.ids, shown.id_table), (self.courses, shown.courses), (self.merges, shown.merges)):
                    table.show(found)
                for name in CHANGED:
                    getattr(self, name).value = getattr(shown, name)
                self.add_id.value = ""
                self.remove_id.options = [("none", NO_ID), *((each, each) for each in shown.ids)]
                self.remove_id.value = NO_ID
        for table in (self.ids, self.courses, self.merges):
            table.view.layout.display = None if self._shown is not None and (table is not self.merges or len(table.frame)) else "none"
        self.changing.button.disabled = self._shown is None

    def _request(self) -> ChangePerson:
        if self._shown is None:  # the button cannot be pressed then
            raise RuntimeError("nobody is shown")
        number, shown = self._shown
        changed = {name: typed for name in CHANGED if (typed := getattr(self, name).value.strip()) != getattr(shown, name)}
        ids = {name: (typed,) for name in ("add_id", "remove_id") if (typed := getattr(self, name).value.strip())}
        return ChangePerson.model_validate({"person": str(number)} | changed | ids)

    def _changed(self) -> None:
        """Show the people and the person again; who was changed stays chosen, so that the next press changes no other person."""
        self._show()
        if self._shown is None:
            self._list()
        else:
            number, shown = self._shown
            self._list(kept=(_label(shown.name, shown.email, number), number))


def _label(name: str, email: str, number: int) -> str:
    return f"{name} · {email or 'no address'} · {number}"


def _side_by_side(*parts: widgets.Widget) -> widgets.HBox:
    for part in parts:
        part.layout.flex = "0 1 auto"
    return widgets.HBox(list(parts), layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px"))
