"""Lecturers and their logins, on one screen: find and add one, open and close logins, give new passwords."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.errors import InputError
from lmskit.forms.field import Field, row
from lmskit.forms.finder import Finder, Options
from lmskit.forms.submission import Submission
from lmskit.listings import LOGINS
from lmskit.schemas.login import ChooseLogin, CloseLogin
from lmskit.schemas.person import AddLecturer
from lmskit.vocabulary import Role
from lmskit.widgets import PAGE_SIZE, ROOT, Debounced, Message, Pager, SecretNote, Table, errors_shown, heading, set_options, style

STATES = {"open": "open", "closed": "closed", "none": "no login"}
ROLES = {role.value: role.word for role in (Role.LECTURER, Role.SUPER_ADMIN)}

Read: TypeAlias = Callable[[str, int, int], tuple[pd.DataFrame, int]]
"""Takes a search, a limit and an offset; returns that page of `queries.login.logins` and the number of rows on all pages."""
NOT_CHOSEN, TO_ANOTHER, KEPT = "", "another", "kept"
_COURSES = [
    ("Choose …", NOT_CHOSEN),
    ("Hand them over to another lecturer", TO_ANOTHER),
    ("Leave them with the person: nobody else is responsible", KEPT),
]


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
    read_courses
        Returns the codes of the courses of open terms for which the person with an address is responsible.
    find_lecturers
        Returns label and address of the first lecturers that a search finds, and the number of all.
    ask_to_close
        Returns the question that is answered with yes before a login is closed.
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
        read_courses: Callable[[str], Sequence[str]],
        find_lecturers: Callable[[str], tuple[Options, int]],
        ask_to_close: Callable[[CloseLogin], str],
        on_add: Callable[[AddLecturer], LoginResult],
        on_create: Callable[[ChooseLogin], LoginResult],
        on_renew: Callable[[ChooseLogin], LoginResult],
        on_close: Callable[[CloseLogin], LoginResult],
        on_open: Callable[[ChooseLogin], LoginResult],
        page: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._read_courses, self._ask_to_close, self._clock = read, read_courses, ask_to_close, clock
        self._filling = False
        self.note = SecretNote()
        self.email = widgets.Text(placeholder="lecturer@example.org")
        self.family_name, self.given_name = widgets.Text(), widgets.Text()
        self.with_login = widgets.Checkbox(value=True, description="Create a login; its password is shown once", indent=False)
        self.with_login.layout.width = "auto"
        fields = {
            "email": Field("E-mail", self.email, hint="Who is to set their own password is invited in admin/invitations."),
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
        self._led: tuple[str, ...] = ()
        self.search = widgets.Text(placeholder="a part of name, address or id")
        self.courses = widgets.Dropdown(options=_COURSES)
        self.courses_to = Finder(
            "lecturer",
            find_lecturers,
            hint="A part of name, address or id.",
            on_choose=self._taker_chosen,
            none="Choose …",
        )
        self._courses_field = Field("Courses of the person", self.courses)
        self._taker = row(self.courses_to.search_field, self.courses_to.field)
        self._field = Field("Person", self.person, hint="One of the people shown below.")
        self.creating = self._action("Create a login", on_create)
        self.renewing = self._action("Set a new password", on_renew, confirm="Set a new password for {}? The old one stops working.")
        self.closing: Submission[CloseLogin] = Submission(
            "Close the login",
            fields={"email": self._field, "courses_to": self.courses_to.field, "keep_courses": self._courses_field},
            read=self._login_to_close,
            on_submit=self._showing_result(on_close),
            confirm=self._asked_to_close,
            message=self.message,
            clock=clock,
        )
        self.closing.button.button_style = "warning"
        self.opening = self._action("Open the login", on_open)
        self.pager = Pager(self.refresh, noun="people")
        self.pager.offset = max(page - 1, 0) * PAGE_SIZE
        self.table = Table(nothing="There are no lecturers yet.")
        names = row(fields["family_name"], fields["given_name"])
        logins = [self.creating.view, self.renewing.view, self.closing.view, self.opening.view]
        buttons = widgets.HBox(logins, layout=widgets.Layout(flex_flow="row wrap", overflow="visible"))
        card = widgets.Layout(flex="1 1 320px", overflow="visible")
        adding = [heading("Add a lecturer"), fields["email"].view, names, self.with_login, self.adding.view]
        of_login = [heading("Logins"), self._field.view, self._courses_field.view, self._taker, buttons, self.message.view]
        cards = [widgets.VBox(parts, layout=card) for parts in (adding, of_login)]
        self.view = widgets.VBox(
            [
                style(),
                widgets.HBox(
                    cards, layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px", align_items="flex-start")
                ),
                self.note,
                heading("Lecturers and administrators"),
                row(Field("Find people", self.search, width="0 1 420px")),
                self.pager.view,
                self.table.view,
            ]
        )
        self.view.add_class(ROOT)
        later = Debounced(self._show_first_page)
        self.search.observe(lambda _change: later(), names="value")
        self.person.observe(lambda _change: self._person_chosen(), names="value")
        self.courses.observe(lambda _change: self._courses_chosen(), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again; the chosen person stays chosen."""
        search, before = self.search.value.strip(), self.person.value
        with errors_shown(self.message):
            page, total = self._read(search, PAGE_SIZE, self.pager.offset)
            self._states = dict(zip(page["email"], page["state"], strict=True))
            self._filling = True
            try:
                set_options(self.person, [(f"{name} · {email}", email) for name, email in zip(page["name"], page["email"], strict=True)])
            finally:
                self._filling = False
            if self.person.value != before:
                self.message.clear()
            self._show_actions()
            self.table.show(_login_table(page), nothing="Nobody is found." if search else "")
            self.pager.show(total=total)

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

    def _login_to_close(self) -> CloseLogin:
        hands_over = bool(self._led) and self.courses.value == TO_ANOTHER
        return CloseLogin(
            email=self.person.value or "",
            courses_to=(self.courses_to.value or None) if hands_over else None,
            keep_courses=bool(self._led) and self.courses.value == KEPT,
        )

    def _asked_to_close(self, request: CloseLogin) -> str:
        self._show_led(self._read_courses(request.email))  # courses may have come or gone since the person was chosen
        if self._led and not (request.courses_to or request.keep_courses):
            raise InputError("Nothing was changed. Choose first what becomes of the courses, and who takes them over.")
        return self._ask_to_close(request)

    def _showing_result(self, work: Callable[..., LoginResult]) -> Callable[..., str]:
        """Show the new password, if there is one, and the list as it is afterwards."""

        def done(request: Any) -> str:  # noqa: ANN401 - a request of one of the actions
            self.note.clear()
            result = work(request)
            if result.password:
                self.note.show(f"Password of {result.email}, shown only once:", result.password)
            self.refresh()
            return result.sentence

        return done

    def _show_first_page(self) -> None:
        self.pager.first()
        self.refresh()

    def _person_chosen(self) -> None:
        if not self._filling:
            self.message.clear()
            self._show_actions()

    def _taker_chosen(self) -> None:
        self.closing.withdraw_question()
        self.message.clear()

    def _courses_chosen(self) -> None:
        self.closing.withdraw_question()
        self.message.clear()
        self._taker.layout.display = None if self._led and self.courses.value == TO_ANOTHER else "none"

    def _show_actions(self) -> None:
        """Show the actions that apply to the login of the chosen person."""
        state = self._states.get(self.person.value or "")
        for action, needed in ((self.creating, "none"), (self.renewing, "open"), (self.opening, "closed")):
            action.withdraw_question()
            action.view.layout.display = None if state == needed else "none"
        self.closing.withdraw_question()
        self.closing.view.layout.display = None if state == "open" else "none"
        self._show_led(())
        self.courses.value = NOT_CHOSEN
        with errors_shown(self.message):
            self._show_led(self._read_courses(self.person.value) if state == "open" else ())
        self._taker.layout.display = "none"

    def _show_led(self, courses: Sequence[str]) -> None:
        """Ask what becomes of the courses for which the person is responsible, if there are any."""
        self._led = tuple(courses)
        self._courses_field.hint = f"Responsible for {', '.join(self._led)}: these need a lecturer before the login is closed."
        self._courses_field.view.layout.display = None if self._led else "none"

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
