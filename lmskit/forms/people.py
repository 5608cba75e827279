"""Lecturers and their logins, on one screen: add one, open and close logins, give new passwords."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.dropdown import set_options
from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.schemas.login import ChooseLogin
from lmskit.schemas.person import AddLecturer
from lmskit.widgets import ROOT, Message, Pager, SecretNote, Table, errors_shown, heading, style

PAGE_SIZE = 25
STATES = {"open": "open", "closed": "closed", "none": "no login"}
ROLES = {"lecturer": "lecturer", "super_admin": "administrator"}

Read: TypeAlias = Callable[[int, int], tuple[pd.DataFrame, int]]
"""From a limit and an offset to that page of `queries.login.logins` and the number of rows on all pages."""


@dataclass(frozen=True)
class Told:
    """What a person is told: a sentence and, this once, the password of a login that has a new one."""

    sentence: str
    email: str = ""
    password: str = field(default="", repr=False)


class PeopleScreen:
    """Who teaches and who administers, page by page, and what can be done about their logins.

    Parameters
    ----------
    read
        See `Read`; the sentence of an `LmskitError` it raises is shown.
    on_add, on_make, on_renew, on_close, on_open
        Add a lecturer; make a login for somebody who has none; give a new password; close; open with a new password. They do the
        work and return what to tell; the sentence of an `LmskitError` they raise is shown instead.
    page
        Of the list, to begin with.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self,
        *,
        read: Read,
        on_add: Callable[[AddLecturer], Told],
        on_make: Callable[[ChooseLogin], Told],
        on_renew: Callable[[ChooseLogin], Told],
        on_close: Callable[[ChooseLogin], Told],
        on_open: Callable[[ChooseLogin], Told],
        page: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read, clock
        self.note = SecretNote()
        self.email = widgets.Text(placeholder="lecturer@example.org")
        self.family_name, self.given_name = widgets.Text(), widgets.Text()
        self.with_login = widgets.Checkbox(value=True, description="with a login; its first password is shown once", indent=False)
        self.with_login.layout.width = "auto"
        fields = {
            "email": Field("E-mail", self.email),
            "family_name": Field("Family name", self.family_name, width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
        }
        self.adding = Submission(
            "Add the lecturer", fields=fields, read=self._lecturer, on_submit=self._telling(on_add), on_success=self._empty, clock=clock
        )
        self.person = widgets.Dropdown()
        self.message = Message()
        self._states: dict[str, str] = {}
        self._field = Field("Person", self.person, hint="Of those shown below.")
        self.making = self._action("Make a login", on_make)
        self.renewing = self._action("Set a new password", on_renew, ask="Give {} a new password? The old one will not do any more.")
        self.closing = self._action(
            "Close the login", on_close, ask="Close the login of {}? Open sessions are ended; person and courses stay."
        )
        self.opening = self._action("Open the login", on_open)
        self.pager = Pager(self.refresh, page_size=PAGE_SIZE, noun="people")
        self.pager.offset = max(page - 1, 0) * PAGE_SIZE
        self.table = Table(nothing="There is no lecturer yet.")
        names = row(fields["family_name"], fields["given_name"])
        logins = [self.making, self.renewing, self.closing, self.opening]
        buttons = widgets.HBox([action.view for action in logins], layout=widgets.Layout(flex_flow="row wrap", overflow="visible"))
        card = widgets.Layout(flex="1 1 320px", overflow="visible")
        cards = [
            widgets.VBox(
                [heading("Add a lecturer"), fields["email"].view, names, self.with_login, self.adding.view],
                layout=card,
            ),
            widgets.VBox([heading("Logins"), self._field.view, buttons, self.message.view], layout=card),
        ]
        self.view = widgets.VBox(
            [
                style(),
                widgets.HBox(
                    cards, layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px", align_items="flex-start")
                ),
                self.note,
                heading("Lecturers and administrators"),
                self.pager.view,
                self.table.view,
            ]
        )
        self.view.add_class(ROOT)
        self.person.observe(lambda _change: self._person_chosen(), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again; the person chosen stays chosen."""
        with errors_shown(self.message):
            page, total = self._read(PAGE_SIZE, self.pager.offset)
            self._states = dict(zip(page["email"], page["state"], strict=True))
            set_options(self.person, [(f"{name} · {email}", email) for name, email in zip(page["name"], page["email"], strict=True)])
            self.table.show(_as_people_read_it(page))
            self.pager.show(total=total)
            self._offer()

    def _action(self, description: str, work: Callable[[ChooseLogin], Told], ask: str = "") -> Submission[ChooseLogin]:
        action = Submission(
            description,
            fields={"email": self._field},
            read=lambda: ChooseLogin(email=self.person.value or ""),
            on_submit=self._telling(work),
            confirm=(lambda request: ask.format(request.email)) if ask else None,
            message=self.message,
            clock=self._clock,
        )
        action.button.button_style = ""
        return action

    def _telling(self, work: Callable[..., Told]) -> Callable[..., str]:
        """Show the password that the work made, and the list as it is afterwards."""

        def done(request: AddLecturer | ChooseLogin) -> str:
            self.note.clear()
            told = work(request)
            if told.password:
                self.note.show(f"Password of {told.email}, shown this once:", told.password)
            self.refresh()
            return told.sentence

        return done

    def _person_chosen(self) -> None:
        self.message.clear()
        self._offer()

    def _offer(self) -> None:
        """Offer what can be done about the login of the person who is chosen."""
        state = self._states.get(self.person.value or "")
        for action, needed in ((self.making, "none"), (self.renewing, "open"), (self.closing, "open"), (self.opening, "closed")):
            action.withdraw_question()
            action.view.layout.display = None if state == needed else "none"

    def _lecturer(self) -> AddLecturer:
        return AddLecturer(
            email=self.email.value,
            family_name=self.family_name.value,
            given_name=self.given_name.value,
            with_login=self.with_login.value,
        )

    def _empty(self) -> None:
        for control in (self.email, self.family_name, self.given_name):
            control.value = ""


def _as_people_read_it(page: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Name": page["name"],
            "E-mail": page["email"],
            "Role": [ROLES.get(role, role) for role in page["role"]],
            "Login": [STATES.get(state, state) for state in page["state"]],
        }
    )
