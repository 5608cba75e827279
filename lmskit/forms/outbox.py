"""The outbox on one screen: the status of each message with the reason, deliver what is due, try one again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.forms.welcome import WelcomeForm, WelcomeWork
from lmskit.listings import MESSAGES
from lmskit.schemas.outbox import RetryMessage
from lmskit.vocabulary import OutboxStatus
from lmskit.widgets import PAGE_SIZE, ROOT, Disclosure, Message, Pager, Table, errors_shown, heading, set_options, style

STATUSES = {
    OutboxStatus.WAITING: "waiting",
    OutboxStatus.SENT: "sent",
    OutboxStatus.REFUSED: "refused",
    OutboxStatus.DEAD: "given up",
}


class Read(Protocol):
    """Reads a page of `queries.outbox.outbox_messages`, with the number of rows on all pages."""

    def __call__(self, *, status: OutboxStatus | None, course: str | None, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        """Read the page of the messages with this status, about this course; None means all."""


class OutboxScreen:
    """The messages page by page, and what can be done with them.

    Parameters
    ----------
    read
        See `Read`. The sentence of an `LmskitError` it raises is shown.
    courses
        Label and code of each course.
    on_deliver
        Sends what is due, until the task is cancelled, and returns the sentence to show.
    on_retry
        Tries one message again and returns the sentence to show.
    welcome
        Writes what the message says that confirms an enrollment.
    mail_destination
        A sentence that says where messages are sent.
    status
        The status to begin with, as shown on the screen; by default all messages.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        read: Read,
        courses: Sequence[tuple[str, str]],
        on_deliver: Callable[[Task], str],
        on_retry: Callable[[RetryMessage], str],
        welcome: WelcomeWork,
        mail_destination: str,
        status: str = "all",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._on_deliver = read, on_deliver
        self.status = widgets.Dropdown(options=[("all", ""), *((text, status) for status, text in STATUSES.items())])
        self.status.value = {text: kind for kind, text in STATUSES.items()}.get(status, "")
        self.course = widgets.Dropdown(options=[("all", ""), *courses])
        self.deliver = widgets.Button(description="Deliver what is due", button_style="primary", layout=widgets.Layout(width="auto"))
        self.work, self.message = BackgroundWork(), Message()
        self.chosen = widgets.Dropdown()
        chosen = Field(
            "Message",
            self.chosen,
            hint="One of the unsent messages shown below. If it was refused or given up, the enrollment is requested again.",
        )
        self.retrying = Submission(
            "Try again", fields={"message_id": chosen}, read=self._request, on_submit=on_retry, on_success=self.refresh, clock=clock
        )
        self.retrying.button.button_style = ""
        self.pager = Pager(self.refresh, noun="messages")
        self.table = Table(nothing="There are no such messages.")
        self._read_message = Message()
        self.welcome = WelcomeForm(welcome, courses=courses, clock=clock)
        texts = Disclosure("What the message says that confirms an enrollment", self.welcome.view)
        card = widgets.Layout(flex="1 1 320px", overflow="visible")
        where = Message()
        where.neutral(mail_destination)
        self.view = widgets.VBox(
            [
                style(),
                where.view,
                widgets.HBox(
                    [
                        widgets.VBox(
                            [heading("Deliver"), widgets.HBox([self.deliver]), self.work.view, self.message.view],
                            layout=card,
                        ),
                        widgets.VBox([heading("Try again"), chosen.view, self.retrying.view], layout=card),
                    ],
                    layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px", align_items="flex-start"),
                ),
                texts.view,
                heading("Messages, newest first"),
                row(Field("Status", self.status, width="1 1 140px"), Field("Course", self.course, width="3 1 260px")),
                self._read_message.view,
                self.pager.view,
                self.table.view,
            ]
        )
        self.view.add_class(ROOT)
        for control in (self.status, self.course):
            control.observe(lambda _change: self._show_first_page(), names="value")
        self.deliver.on_click(lambda _button: self._deliver())
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self._read_message):
            page, total = self._read(
                status=self.status.value or None, course=self.course.value or None, limit=PAGE_SIZE, offset=self.pager.offset
            )
            self._read_message.clear()
            unsent = page[page["status"] != OutboxStatus.SENT]
            offered = [
                (f"{number} · {recipient} · {STATUSES[OutboxStatus(status)]}", int(number))
                for number, recipient, status in zip(unsent["id"], unsent["recipient"], unsent["status"], strict=True)
            ]
            set_options(self.chosen, offered)
            self.retrying.button.disabled = not offered
            self.table.show(_message_table(page))
            self.pager.show(total=total)

    def _show_first_page(self) -> None:
        self.pager.first()
        self.refresh()

    def _request(self) -> RetryMessage:
        return RetryMessage.model_validate({"message_id": self.chosen.value})

    def _deliver(self) -> None:
        if self.deliver.disabled:
            return
        self.deliver.disabled = True
        self.work.start(self._on_deliver, done=self.message.good, ended=self._delivered, message=self.message)

    def _delivered(self) -> None:
        self.deliver.disabled = False
        self.refresh()


def _message_table(page: pd.DataFrame) -> pd.DataFrame:
    when = [
        sent if status == OutboxStatus.SENT else due if status == OutboxStatus.WAITING else None
        for status, sent, due in zip(page["status"], page["sent_at"], page["available_at"], strict=True)
    ]
    table = MESSAGES.shown(page.assign(status=[STATUSES[OutboxStatus(status)] for status in page["status"]]))
    table.insert(list(table.columns).index("Reason"), "Sent, or next try", pd.Series(when, dtype="object"))
    return table
