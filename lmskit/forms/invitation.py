"""Invitations on one screen: invite a person to set their own password, see which invitations are open, revoke one, invite again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.finder import Finder, Options
from lmskit.forms.submission import Submission
from lmskit.limits import LONGEST_INVITATION
from lmskit.schemas.invitation import USUAL_DAYS, CreateInvitation, RevokeInvitation
from lmskit.schemas.text import is_invented
from lmskit.vocabulary import Role
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, SecretNote, Table, errors_shown, heading, set_options, style

BY_MAIL, SHOWN = "mail", "shown"
_ROLES = [(role.word, role) for role in (Role.LECTURER, Role.SUPER_ADMIN)]


class InvitationByForm(CreateInvitation):
    """A person to invite, and whether the code is shown instead of sent by mail."""

    is_shown: bool = False


@dataclass(frozen=True)
class InvitationResult:
    """Result of an invitation: the sentence to show and, if it does not go by mail, the code to show once."""

    sentence: str
    email: str
    code: str = field(default="", repr=False)


@dataclass(frozen=True)
class InvitationPage:
    """A page of the invitations.

    Attributes
    ----------
    table
        With headings.
    total
        Rows on all pages.
    people
        Label and address of each person on the page, once, the newest invitation first.
    are_open
        Addresses of the people whose invitation on the page can still be accepted.
    """

    table: pd.DataFrame
    total: int
    people: Options
    are_open: frozenset[str]


@dataclass(frozen=True)
class InvitationWork:
    """What the screen does.

    Attributes
    ----------
    people
        Returns label and address of the first lecturers and administrators that a search finds, and the number of all.
    page
        Returns a page of the invitations, or of those that are open, for its limit and offset.
    is_invited
        Returns whether the person with an address has an invitation that can still be accepted.
    invite
        Invites a person; the code goes by mail, or is returned if the request wants it shown.
    ask_to_revoke
        Returns the question that is answered with yes before an invitation is revoked.
    revoke
        Revokes an invitation and returns the sentence to show.
    """

    people: Callable[[str], tuple[Options, int]]
    page: Callable[[bool, int, int], InvitationPage]
    is_invited: Callable[[str], bool]
    invite: Callable[[InvitationByForm], InvitationResult]
    ask_to_revoke: Callable[[RevokeInvitation], str]
    revoke: Callable[[RevokeInvitation], str]


class InvitationScreen:
    """A form that invites a person, and the invitations page by page.

    Parameters
    ----------
    work
        What the screen does. The sentence of an `LmskitError` it raises is shown.
    mail_server
        The mail server by which codes are sent; empty if there is none, so that they are shown.
    page
        The page of the list to begin with.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: InvitationWork, *, mail_server: str = "", page: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._are_open: frozenset[str] = frozenset()
        self.note = SecretNote()
        self.person = Finder(
            "person",
            work.people,
            plural="people",
            hint="A part of name, address or id.",
            on_choose=self._person_chosen,
            none="A new person",
        )
        self.email, self.address = widgets.Text(placeholder="lecturer@example.org"), widgets.Text(placeholder="lecturer@example.org")
        self.family_name, self.given_name, self.role = widgets.Text(), widgets.Text(), widgets.Dropdown(options=_ROLES)
        self.days = widgets.BoundedIntText(value=USUAL_DAYS, min=1, max=LONGEST_INVITATION)
        ways = [("Show it here, once", SHOWN)]
        self.code = widgets.Dropdown(options=[("Send it by mail", BY_MAIL), *ways] if mail_server else ways)
        where = f"Mail goes to {mail_server}." if mail_server else "No mail server is set (LMSKIT_SMTP_HOST)."
        self._of_new = {
            "email": Field("E-mail", self.email),
            "family_name": Field("Family name", self.family_name, width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
            "role": Field("Role", self.role, width="1 1 150px"),
        }
        self._of_known = {"address": Field("New address", self.address)}
        self._of_all = {
            "days": Field("Days until the code expires", self.days, hint=f"At most {LONGEST_INVITATION}.", width="0 1 220px"),
            "code": Field("The code", self.code, hint=where, width="1 1 300px"),
        }
        self.inviting = Submission(
            "Invite",
            fields=self._of_new | self._of_known | self._of_all,
            read=self._request,
            on_submit=self._invite,
            on_success=self._empty,
            confirm=self._asked_again,
            clock=clock,
        )
        self.only_open = widgets.Checkbox(value=True, description="Only those that can still be accepted", indent=False)
        self.only_open.layout.width = "auto"
        self.pager = Pager(self.refresh, noun="invitations")
        self.pager.offset = max(page - 1, 0) * PAGE_SIZE
        self.table = Table(nothing="There is no such invitation.")
        self.chosen, self.message, self._list_message = widgets.Dropdown(), Message(), Message()
        invited = Field("Invited person", self.chosen, hint="One of the people shown above.", width="0 1 520px")
        self.revoking = Submission(
            "Revoke the invitation",
            fields={"email": invited},
            read=lambda: RevokeInvitation(email=self.chosen.value or ""),
            on_submit=self._revoke,
            confirm=work.ask_to_revoke,
            message=self.message,
            clock=clock,
        )
        self.revoking.button.button_style = "warning"
        self.again = Submission(
            "Invite again",
            fields={"email": invited},
            read=lambda: self._by_form(email=self.chosen.value or ""),
            on_submit=self._invite,
            confirm=self._asked_again,
            message=self.message,
            clock=clock,
        )
        self.again.button.button_style = ""
        wrapped = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 8px", align_items="flex-start")
        self._new, self._known = row(*self._of_new.values()), row(*self._of_known.values())
        self.view = widgets.VBox(
            [
                style(),
                heading("Invite a person to set their own password"),
                row(self.person.search_field, self.person.field),
                self.person.message.view,
                self._new,
                self._known,
                row(*self._of_all.values()),
                self.inviting.view,
                self.note,
                heading("Invitations, newest first"),
                self._list_message.view,
                self.only_open,
                self.pager.view,
                self.table.view,
                row(invited),
                widgets.HBox([self.revoking.view, self.again.view], layout=wrapped),
                self.message.view,
            ]
        )
        self.view.add_class(ROOT)
        self.only_open.observe(lambda _change: self._show_first_page(), names="value")
        self.chosen.observe(lambda _change: self._invited_chosen(), names="value")
        for each in (self._of_new | self._of_known | self._of_all).values():
            each.control.observe(lambda _change: self.inviting.withdraw_question(), names="value")
        for each in self._of_all.values():
            each.control.observe(lambda _change: self.again.withdraw_question(), names="value")
        self._person_chosen()
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self._list_message):
            page = self._work.page(self.only_open.value, PAGE_SIZE, self.pager.offset)
            self._list_message.clear()
            self._are_open = page.are_open
            set_options(self.chosen, list(page.people))
            self.table.show(page.table)
            self.pager.show(total=page.total)
            self._show_actions()

    def _request(self) -> InvitationByForm:
        known = self.person.value
        if known:
            return self._by_form(email=known, address=self.address.value.strip() or None)
        names = {"family_name": self.family_name.value, "given_name": self.given_name.value}
        return self._by_form(email=self.email.value, role=self.role.value, **names)

    def _by_form(self, **person: Any) -> InvitationByForm:
        return InvitationByForm(days=self.days.value, is_shown=self.code.value == SHOWN, **person)

    def _invite(self, request: InvitationByForm) -> str:
        """Invite, show the code if it does not go by mail, and the list as it is afterwards."""
        self._forget_code()
        result = self._work.invite(request)
        if result.code:
            self.note.show(f"Code of {result.email}, shown only once:", result.code)
        self.refresh()
        return result.sentence

    def _asked_again(self, request: InvitationByForm) -> str:
        if not self._work.is_invited(request.email):
            return ""
        return f"Invite {request.email} again? The code that the person has now stops working."

    def _revoke(self, request: RevokeInvitation) -> str:
        sentence = self._work.revoke(request)
        self._forget_code()
        self.refresh()
        return sentence

    def _forget_code(self) -> None:
        """Show no code any more, and nothing that was said about one."""
        self.note.clear()
        self.inviting.message.clear()

    def _empty(self) -> None:
        for control in (self.email, self.family_name, self.given_name, self.address):
            control.value = ""
        self.person.clear()
        self._show_fields()

    def _show_first_page(self) -> None:
        self.pager.first()
        self.refresh()

    def _person_chosen(self) -> None:
        self.inviting.withdraw_question()
        self.inviting.message.clear()
        self._show_fields()

    def _show_fields(self) -> None:
        """Show the fields that a new person needs, or those of one who is known."""
        known = self.person.value
        self._new.layout.display = "none" if known else None
        self._known.layout.display = None if known else "none"
        self._of_known["address"].hint = (
            "The present one was invented by an import, and no message reaches it."
            if is_invented(known)
            else "Only for a person who has another one now; empty: the present one."
        )

    def _invited_chosen(self) -> None:
        self.message.clear()
        self._show_actions()

    def _show_actions(self) -> None:
        """Show what can be done with the invitation of the chosen person."""
        for action in (self.revoking, self.again):
            action.withdraw_question()
        self.revoking.view.layout.display = None if self.chosen.value in self._are_open else "none"
        self.again.view.layout.display = None if self.chosen.value else "none"
