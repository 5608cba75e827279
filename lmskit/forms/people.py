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
from lmskit.listings import LOGINS
from lmskit.schemas.login import ChooseLogin
from lmskit.schemas.person import AddLecturer
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, SecretNote, Table, errors_shown, heading, style

STATES = {"open": "open", "closed": "closed", "none": "no login"}
ROLES = {"lecturer": "lecturer", "super_admin": "administrator"}

Read: TypeAlias = Callable[[int, int], tuple[pd.DataFrame, int]]
"""Takes a limit and an offset; returns that page of `queries.login.logins` and the number of rows on all pages."""


@dataclass(frozen=True)
class LoginResult:
    """Result of a change: the sentence to show and, if there is a new password, the password to show once."""

    sentence: str
    email: str = ""
    password: str = field(default="", repr=False)


class PeopleScreen:
    """Lecturers and administrators page by page, and what can be done with their logins.

    Parameters
    ----------
    read
        See `Read`. The sentence of an `LmskitError` it raises is shown.
    on_add, on_create, on_renew, on_close, on_open
        Add a lecturer; create a login; set a new password; close a login; open it with a new password. If they raise an
        `LmskitError`, that error's sentence is shown.
    page
        The page of the list to begin with.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        read: Read,
        on_add: Callable[[AddLecturer], LoginResult],
        on_create: Callable[[ChooseLogin], LoginResult],
        on_renew: Callable[[ChooseLogin], LoginResult],
        on_close: Callable[[ChooseLogin], LoginResult],
        on_open: Callable[[ChooseLogin], LoginResult],
        page: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read, clock
        self.note = SecretNote()
        self.email = widgets.Text(placeholder="lecturer@example.org")
        self.family_name, self.given_name = widgets.Text(), widgets.Text()
        self.with_login = widgets.Checkbox(value=True, description="Create a login; its password is shown once", indent=False)
        self.with_login.layout.width = "auto"
        fields = {
            "email": Field("E-mail", self.email),
            "family_name": Field("Family name", self.family_name, width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
        }
        self.adding = Submission(
            "Add the lecturer",
            fields=fields,
            read=self._lecturer,
            on_submit=self._showing_result(on_add),
            on_success=self._empty,
            clock=clock,
        )
        self.person = widgets.Dropdown()
        self.message = Message()
        self._states: dict[str, str] = {}
        self._field = Field("Person", self.person, hint="One of the people shown below.")
        self.creating = self._action("Create a login", on_create)
        self.renewing = self._action("Set a new password", on_renew, confirm="Set a new password for {}? The old one stops working.")
        self.closing = self._action(
            "Close the login", on_close, confirm="Close the login of {}? Open sessions are ended; the person and the courses stay."
        )
        self.opening = self._action("Open the login", on_open)
        self.pager = Pager(self.refresh, noun="people")
        self.pager.offset = max(page - 1, 0) * PAGE_SIZE
        self.table = Table(nothing="There are no lecturers yet.")
        names = row(fields["family_name"], fields["given_name"])
        logins = [self.creating, self.renewing, self.closing, self.opening]
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
        """Read the page that is shown again; the chosen person stays chosen."""
        with errors_shown(self.message):
            page, total = self._read(PAGE_SIZE, self.pager.offset)
            self._states = dict(zip(page["email"], page["state"], strict=True))
            set_options(self.person, [(f"{name} · {email}", email) for name, email in zip(page["name"], page["email"], strict=True)])
            self.table.show(_login_table(page))
            self.pager.show(total=total)
            self._show_actions()

    def _action(self, description: str, work: Callable[[ChooseLogin], LoginResult], confirm: str = "") -> Submission[ChooseLogin]:
        action = Submission(
            description,
            fields={"email": self._field},
            read=lambda: ChooseLogin(email=self.person.value or ""),
            on_submit=self._showing_result(work),
            confirm=(lambda request: confirm.format(request.email)) if confirm else None,
            message=self.message,
            clock=self._clock,
        )
        action.button.button_style = ""
        return action

    def _showing_result(self, work: Callable[..., LoginResult]) -> Callable[..., str]:
        """Show the new password, if there is one, and the list as it is afterwards."""

        def done(request: AddLecturer | ChooseLogin) -> str:
            self.note.clear()
            result = work(request)
            if result.password:
                self.note.show(f"Password of {result.email}, shown only once:", result.password)
            self.refresh()
            return result.sentence

        return done

    def _person_chosen(self) -> None:
        self.message.clear()
        self._show_actions()

    def _show_actions(self) -> None:
        """Show the actions that apply to the login of the chosen person."""
        state = self._states.get(self.person.value or "")
        for action, needed in ((self.creating, "none"), (self.renewing, "open"), (self.closing, "open"), (self.opening, "closed")):
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


def _login_table(page: pd.DataFrame) -> pd.DataFrame:
    words = {"role": [ROLES.get(role, role) for role in page["role"]], "state": [STATES.get(state, state) for state in page["state"]]}
    return LOGINS.shown(page.assign(**words))
