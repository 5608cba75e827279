"""What to read again, on the screen. All texts are those of files, web pages and quizzes, so every piece of them is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as widgets
import pandas as pd

from lmskit.dashboards.dashboard import ALL_WEEKS, Filling, column, dropdown, row, text, week_options
from lmskit.dashboards.hit_list import entry
from lmskit.materials.kind_words import KIND_WORDS
from lmskit.read_models.advised_passage import question_names
from lmskit.read_models.material_link import is_web_address
from lmskit.readable import bounded
from lmskit.services.reading_decision import ban_passages, move_pin, pin_passage, take_back
from lmskit.vocabulary import Decision
from lmskit.widgets import Download, Message, Table, errors_shown, heading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.db import Opener
    from lmskit.read_models.advised_passage import AdvisedPassage, CourseAdvice, DecidedPassage, ReadingAdvice

HINT = "Choose a week to see which passages of the materials help with the questions that were missed."
OVERVIEW = -1
"""Value of the option "all weak weeks"; week numbers begin at 1."""
WHAT_TO_DO = "To close the gap, add materials in admin/materials; lecturer/find_material searches all of them."
NO_WEAK_WEEK = "There is no weak week: on average, the class has mastered every week that is assessed."


class AdviceList:
    """Advice with its reasons, what is missing, and the caveat.

    Parameters
    ----------
    buttons
        Makes the buttons of a passage; by default there are none.
    what_to_do
        Shown below questions for which nothing is suitable.
    """

    def __init__(
        self, buttons: Callable[[AdvisedPassage, ReadingAdvice], list[widgets.Widget]] | None = None, *, what_to_do: str | None = None
    ) -> None:
        self._buttons, self._what_to_do = buttons, what_to_do
        self._table = Table()
        self.view = column()
        self.view.add_class("lmskit-hits")

    def show(self, advice: ReadingAdvice, *, tables: bool = False) -> None:
        """Show the advice, as a table if `tables`."""
        if tables and advice.passages:
            self._table.show(advice_table(advice))
            parts: list[widgets.Widget] = [self._table.view]
        else:
            parts = [self._entry(passage, advice) for passage in advice.passages]
        notes = [advice.nothing, unanswered_text(advice), self._what_to_do if advice.unanswered else None, advice.caveat]
        self.view.children = (*parts, *(text(note) for note in notes if note))

    def clear(self) -> None:
        """Show nothing."""
        self.view.children = ()

    def _entry(self, passage: AdvisedPassage, advice: ReadingAdvice) -> widgets.Widget:
        shown = widgets.HTML(passage_html(passage), layout=widgets.Layout(width="auto", overflow="visible"))
        return entry(shown, self._buttons(passage, advice) if self._buttons else [])


class ReadingPanel:
    """Choose a week; see what its class should read again; pin passages, ban them, and take that back.

    Parameters
    ----------
    read
        Reads the advice for a week; the sentence of an `LmskitError` that it raises is shown.
    read_course
        Reads the advice for all weak weeks.
    file_of
        Returns name and content of the file of a material; None if it cannot, and has shown why in the message.
    open_transaction
        Opens a session to decide in.
    """

    def __init__(
        self,
        read: Callable[[int], ReadingAdvice],
        read_course: Callable[[], CourseAdvice],
        file_of: Callable[[AdvisedPassage, Message], tuple[str, bytes] | None],
        open_transaction: Opener,
    ) -> None:
        self._read, self._read_course, self._file_of, self._open = read, read_course, file_of, open_transaction
        self._course = ""
        self._as_tables = False
        self._filling = Filling()
        self.advice: ReadingAdvice | None = None
        self.overview: CourseAdvice | None = None
        self.week = dropdown("Week", flex="1 1 300px", max_width="560px")
        self.message = Message()
        self.list = AdviceList(self._buttons_of, what_to_do=WHAT_TO_DO)
        self.weak_weeks = Table(nothing=NO_WEAK_WEEK)
        self.decided = column()
        self.decided.add_class("lmskit-hits")
        self._hint = text(HINT)
        self.view = column(heading("What to read again"), row(self.week), self.message.view, self._hint, self.list.view, self.decided)
        self.week.observe(lambda _change: self._chosen(), names="value")

    def offer(self, course: str, weeks: pd.DataFrame) -> None:
        """Offer the weeks of a course; the chosen one stays if it is the same course."""
        options = [("choose …", ALL_WEEKS), ("all weak weeks", OVERVIEW), *week_options(weeks)[1:]]
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
        self.list.clear()
        self.decided.children = ()
        self._reread()

    def _reread(self) -> None:
        """Read the advice for what is chosen; meanwhile the message says so, and what was shown about the same week stays."""
        self.advice = self.overview = None
        with errors_shown(self.message):
            if self.week.value == OVERVIEW:
                self._say_searching("all weak weeks")
                self.overview = self._read_course()
                self.message.clear()
            elif self.week.value not in {None, ALL_WEEKS}:
                self._say_searching(f"week {self.week.value}")
                self.advice = self._read(int(self.week.value))
                self.message.clear()
        self._draw()

    def _say_searching(self, weeks: str) -> None:
        self._hint.layout.display = "none"
        self.message.neutral(f"Searching the materials for the questions of {weeks} …")

    def _draw(self) -> None:
        self._hint.layout.display = "none" if self.advice or self.overview else None
        if self.advice is None:
            self.list.clear()
            self.decided.children = ()
            if self.overview is not None:
                self._draw_overview(self.overview)
            return
        self.list.show(self.advice, tables=self._as_tables)
        listed = [self._decided_row(decided) for decided in self.advice.decided]
        self.decided.children = (heading("Decided for this week, and not shown above"), *listed) if listed else ()

    def _draw_overview(self, found: CourseAdvice) -> None:
        self.weak_weeks.show(overview_table(found))
        below = [text(f"Choose a week to see its passages. {WHAT_TO_DO}")] if found.weeks else []
        self.list.view.children = (self.weak_weeks.view, *below)

    def _buttons_of(self, passage: AdvisedPassage, advice: ReadingAdvice) -> list[widgets.Widget]:
        course, week, material = self._course, advice.week, passage.material_id
        made: list[widgets.Widget] = []
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
            position = pins.index(pin) + 1
            if position > 1:
                up = self._button("Up", "arrow-up", "One up among the pinned ones", lambda session: _moved(session, pin, position - 1))
                made.append(up)
            if position < len(pins):
                down = self._button(
                    "Down", "arrow-down", "One down among the pinned ones", lambda session: _moved(session, pin, position + 1)
                )
                made.append(down)
        made.append(
            self._button(
                "Do not show",
                "ban",
                "Never show this passage in the advice for this week",
                lambda session: ban_passages(session, course, week, material, passage.ordinals).sentence(),
            )
        )
        if passage.link is None and passage.file_name is not None:
            made.append(Download(f"Download {bounded(passage.file_name)}", lambda: self._file_of(passage, self.message)))
        return made

    def _decided_row(self, decided: DecidedPassage) -> widgets.Widget:
        back = self._button("Take back", "undo", "Take this decision back", lambda session: take_back(session, decided.decision_id))
        about = text(decided_text(decided))
        about.layout.flex, about.layout.min_width = "1 1 0", "200px"
        return row(back, about, gap="8px", align="center")

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
                self.week.focus()  # the pressed button is gone; the keyboard goes on beside the message
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
    about = html.escape(bounded(f"{KIND_WORDS[passage.kind]} · {passage.main_reasons}"))
    return (
        f'<div class="lmskit-hit"><p class="title"><span dir="auto">{name}</span>{where}</p>'
        f'<p class="snippet" dir="auto">{snippet}</p><p class="about">{about}</p></div>'
    )


def advice_table(advice: ReadingAdvice) -> pd.DataFrame:
    """The advice as a table, with all reasons."""
    table = pd.DataFrame(
        {
            "Material": [passage.title for passage in advice.passages],
            "Where": [passage.where for passage in advice.passages],
            "Why": ["; ".join(passage.reasons) for passage in advice.passages],
            "Link": [passage.link if is_web_address(passage.link) else None for passage in advice.passages],
            "File": [None if is_web_address(passage.link) else passage.file_name for passage in advice.passages],
        }
    )
    return table.drop(columns=[name for name in ("Link", "File") if table[name].isna().all()])


def overview_table(found: CourseAdvice) -> pd.DataFrame:
    """The weak weeks of a course: how much there is to read again about each, and for which questions there is nothing."""
    return pd.DataFrame(
        {
            "Weak week": [f"{advice.week}: {advice.topic}" for advice in found.weeks],
            "Passages to read": [len(advice.passages) for advice in found.weeks],
            "Questions missed often": [advice.n_missed for advice in found.weeks],
            "Nothing suitable for": [question_names(advice.unanswered) or None for advice in found.weeks],
        }
    )


def unanswered_text(advice: ReadingAdvice) -> str | None:
    """For which questions nothing is suitable; None if there is none."""
    if not advice.unanswered:
        return None
    reasons = bounded("; ".join(question.about for question in advice.unanswered))
    return f"Nothing suitable for {reasons}." if advice.passages else f"The questions: {reasons}."


def decided_text(decided: DecidedPassage) -> str:
    """Say what was decided about a passage that is not shown."""
    what = "pinned" if decided.decision is Decision.PINNED else "banned"
    if decided.gone:
        return f"{bounded(decided.title)}: {what}; no passage of it has the text any more."
    within = decided.location.within(decided.title) if decided.location is not None else ""
    where = f", {within}" if within else ""
    return f"{bounded(decided.title)}{bounded(where)}: {what}. {decided.beginning}"


def _moved(session: Session, pin: int, position: int) -> str:
    move_pin(session, pin, position)
    return f"The passage is number {position} of the pinned ones now."
