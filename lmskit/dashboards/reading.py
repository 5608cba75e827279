"""What to read again, on the screen. All texts are those of files, web pages and quizzes, so every piece of them is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as widgets
import pandas as pd

from lmskit.dashboards.dashboard import ALL_WEEKS, Filling, column, dropdown, row, text, week_options
from lmskit.dashboards.hit_list import is_web_address
from lmskit.materials.kind_words import KIND_WORDS
from lmskit.readable import bounded
from lmskit.services.reading_decision import ban_passages, move_pin, pin_passage, take_back
from lmskit.vocabulary import Decision
from lmskit.widgets import Message, Table, errors_shown, heading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.db import Opener
    from lmskit.read_models.advised_passage import AdvisedPassage, DecidedPassage, ReadingAdvice

HINT = "Choose a week to see which passages of the materials help with the questions that were missed."


class AdviceList:
    """Advice with its reasons, what is missing, and the caveat.

    Parameters
    ----------
    buttons
        Makes the buttons of a passage; by default there are none.
    """

    def __init__(self, buttons: Callable[[AdvisedPassage, ReadingAdvice], list[widgets.Widget]] | None = None) -> None:
        self._buttons = buttons
        self._table = Table()
        self.view = column()

    def show(self, advice: ReadingAdvice, *, tables: bool = False) -> None:
        """Show the advice, as a table if `tables`."""
        self.shown = advice
        if tables and advice.passages:
            self._table.show(advice_table(advice))
            parts: list[widgets.Widget] = [self._table.view]
        else:
            parts = [part for passage in advice.passages for part in self._parts(passage, advice)]
        notes = [advice.nothing, unanswered_text(advice) if advice.passages else None, advice.caveat]
        self.view.children = (*parts, *(text(note) for note in notes if note))

    def clear(self) -> None:
        """Show nothing."""
        self.view.children = ()

    def _parts(self, passage: AdvisedPassage, advice: ReadingAdvice) -> list[widgets.Widget]:
        shown = widgets.HTML(passage_html(passage), layout=widgets.Layout(width="auto", overflow="visible"))
        return [shown, row(*self._buttons(passage, advice), gap="4px")] if self._buttons else [shown]


class ReadingPanel:
    """Choose a week; see what its class should read again; pin passages, ban them, and take that back.

    Parameters
    ----------
    read
        Reads the advice for a week; the sentence of an `LmskitError` that it raises is shown.
    open_transaction
        Opens a session to decide in.
    """

    def __init__(self, read: Callable[[int], ReadingAdvice], open_transaction: Opener) -> None:
        self._read, self._open = read, open_transaction
        self._course = ""
        self._as_tables = False
        self._filling = Filling()
        self.advice: ReadingAdvice | None = None
        self.week = dropdown("Week", flex="1 1 300px", max_width="560px")
        self.message = Message()
        self.list = AdviceList(self._buttons_of)
        self.decided = column()
        self._hint = text(HINT)
        self.view = column(heading("What to read again"), row(self.week), self.message.view, self._hint, self.list.view, self.decided)
        self.week.observe(lambda _change: self._chosen(), names="value")

    def offer(self, course: str, weeks: pd.DataFrame) -> None:
        """Offer the weeks of a course; the chosen one stays if it is the same course."""
        options = [("choose …", ALL_WEEKS), *week_options(weeks)[1:]]
        same = course == self._course and self.week.value in {week for _, week in options}
        with self._filling:
            chosen = self.week.value if same else ALL_WEEKS
            self._course, self.week.options = course, options
            self.week.value = chosen
        if not same:
            self._chosen()

    def show_as(self, *, tables: bool) -> None:
        """Show the advice as a table, or as text."""
        self._as_tables = tables
        self._draw()

    def _chosen(self) -> None:
        if self._filling:
            return
        self.message.clear()
        self._reread()

    def _reread(self) -> None:
        self.advice = None
        with errors_shown(self.message):
            if self.week.value not in {None, ALL_WEEKS}:
                self.advice = self._read(int(self.week.value))
        self._draw()

    def _draw(self) -> None:
        self._hint.layout.display = "none" if self.advice else None
        if self.advice is None:
            self.list.clear()
            self.decided.children = ()
            return
        self.list.show(self.advice, tables=self._as_tables)
        listed = [self._decided_row(decided) for decided in self.advice.decided]
        self.decided.children = (heading("Decided for this week, and not shown above"), *listed) if listed else ()

    def _buttons_of(self, passage: AdvisedPassage, advice: ReadingAdvice) -> list[widgets.Widget]:
        course, week, material = self._course, advice.week, passage.material_id
        made = []
        if passage.decision_id is None:
            made.append(
                self._button(
                    "Pin",
                    "thumb-tack",
                    "Show this passage first in the advice for this week",
                    lambda session: pin_passage(session, course, week, material, passage.ordinal).sentence(),
                )
            )
        else:
            pin = passage.decision_id
            made.append(self._button("Unpin", "thumb-tack", "Take the pin back", lambda session: take_back(session, pin)))
            pins = [other.decision_id for other in advice.passages if other.pinned]
            if pins.index(pin):
                made.append(self._button("Up", "arrow-up", "One up among the pinned ones", lambda session: _moved(session, pin, pins)))
        made.append(
            self._button(
                "Do not show",
                "ban",
                "Never show this passage in the advice for this week",
                lambda session: ban_passages(session, course, week, material, passage.ordinals).sentence(),
            )
        )
        return made

    def _decided_row(self, decided: DecidedPassage) -> widgets.Widget:
        back = self._button("Take back", "undo", "Take this decision back", lambda session: take_back(session, decided.decision_id))
        return row(back, text(decided_text(decided)), gap="8px", align="center")

    def _button(self, label: str, icon: str, tooltip: str, work: Callable[[Session], str]) -> widgets.Button:
        made = widgets.Button(description=label, icon=icon, tooltip=tooltip, layout=widgets.Layout(width="auto"))

        def pressed(_button: widgets.Button) -> None:
            made.disabled = True
            self.message.clear()
            sentence = ""
            with errors_shown(self.message), self._open() as session:
                sentence = work(session)
            if sentence:  # otherwise the message says what went wrong
                self._reread()
                self.message.good(sentence)
            made.disabled = False

        made.on_click(pressed)
        return made


def passage_html(passage: AdvisedPassage) -> str:
    """Write a passage with its reasons as HTML; only tags of ours are tags in it."""
    title = html.escape(bounded(passage.title))
    address = html.escape(passage.link or "", quote=True)
    name = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{title}</a>' if is_web_address(passage.link) else title
    where = f' <span class="where" dir="auto">{html.escape(bounded(passage.where))}</span>' if passage.where else ""
    snippet = "".join(f"<mark>{html.escape(piece)}</mark>" if marked else html.escape(piece) for piece, marked in passage.snippet.pieces)
    about = html.escape(bounded(f"{KIND_WORDS[passage.kind]} · {'; '.join(passage.reasons)}"))
    return (
        f'<div class="lmskit-hit"><p class="title"><span dir="auto">{name}</span>{where}</p>'
        f'<p class="snippet" dir="auto">{snippet}</p><p class="about">{about}</p></div>'
    )


def advice_table(advice: ReadingAdvice) -> pd.DataFrame:
    """The advice as a table."""
    return pd.DataFrame(
        {
            "Material": [passage.title for passage in advice.passages],
            "Where": [passage.where for passage in advice.passages],
            "Why": ["; ".join(passage.reasons) for passage in advice.passages],
            "Link": [passage.link if is_web_address(passage.link) else None for passage in advice.passages],
        }
    )


def unanswered_text(advice: ReadingAdvice) -> str | None:
    """For which questions nothing is suitable; None if there is none."""
    reasons = "; ".join(question.reason for question in advice.unanswered)
    return f"Nothing suitable for {bounded(reasons)}." if reasons else None


def decided_text(decided: DecidedPassage) -> str:
    """Say what was decided about a passage that is not shown."""
    what = "pinned" if decided.decision is Decision.PINNED else "banned"
    if decided.gone:
        return f"{bounded(decided.title)}: {what}; no passage of it has the text any more."
    where = f", {decided.location}" if str(decided.location) else ""
    return f"{bounded(decided.title)}{bounded(where)}: {what}. {decided.beginning}"


def _moved(session: Session, pin: int, pins: list[int | None]) -> str:
    move_pin(session, pin, pins.index(pin))
    return "Moved up among the pinned passages."
