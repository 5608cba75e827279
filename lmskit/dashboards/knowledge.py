"""The lecturer's view of knowledge tracing: the fits of each week, and how well they predict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.charts.knowledge import calibration_chart, calibration_table, learning_curve, learning_curve_table
from lmskit.dashboards.dashboard import HALF, ChartOrTable, Dashboard, column, dropdown, row
from lmskit.db import Opener, snapshot
from lmskit.queries.knowledge import KNOWLEDGE_FITS
from lmskit.read_models.knowledge import (
    CONSTRAINED,
    FEW,
    FEW_STUDENTS,
    NOT_CONVERGED,
    CourseAnswers,
    FitPreview,
    course_answers,
    fit_notes,
    fit_preview,
)
from lmskit.rounding import number_text, percent_text
from lmskit.widgets import Table, errors_shown, heading

FIT_HEADINGS = {
    name: heading for name, heading in KNOWLEDGE_FITS.headings.items() if name not in {"week_number", "topic", "log_likelihood"}
}
"""The columns of a table of fits after the week."""


class KnowledgeDashboard(Dashboard):
    """Choose a course; see its stored fits, a fit of its answers in memory, how well that predicts, and the learning curve of a week.

    Nothing is written: an administrator stores fits with `lmskit knowledge fit`.

    Parameters
    ----------
    course
        Code of the first course to show; by default the newest course that has students.
    forgetting
        Whether the fit in memory allows for forgetting at first.
    open_session
        Opens a session to read in; by default a snapshot of the signed-in person.
    """

    def __init__(self, course: str = "", *, forgetting: bool = False, open_session: Opener = snapshot) -> None:
        super().__init__(open_session)
        self.answers: CourseAnswers | None = None
        self.preview: FitPreview | None = None
        self.forgetting = widgets.Checkbox(
            value=forgetting, description="Allow for forgetting", indent=False, layout=widgets.Layout(width="auto")
        )
        self.stored = Table(nothing="No fits are stored for this course. An administrator stores them with: lmskit knowledge fit")
        self.fits = Table(nothing="There are no answers yet.")
        self.words = Table(nothing="")
        self.week = dropdown("Week", max_width="480px")
        self.calibration = ChartOrTable(nothing="No answers could be predicted.", flex=HALF)
        self.curve = ChartOrTable()
        self._lay_out(
            [
                heading("Fitted now to these answers (not stored)"),
                self.fits.view,
                self.words.view,
                row(self.calibration.view, column(self.week, self.curve.view, flex=HALF)),
                heading("Stored fits, used by the rule bkt"),
                self.stored.view,
            ],
            controls=[self.forgetting],
        )
        self.forgetting.observe(lambda _change: self._fit(), names="value")
        self.week.observe(lambda _change: self._draw(), names="value")
        self._start(course)

    def _read_course(self) -> None:
        with errors_shown(self.message):
            with self._open_session() as session:
                self.answers = course_answers(session, self.course.value)
            self.stored.show(fits_table(self.answers.stored.set_index("week_number")))
            self._fit()

    def _fit(self) -> None:
        answers = self.answers
        if answers is None:
            return
        with errors_shown(self.message):
            self.preview = fit_preview(answers, forgetting=self.forgetting.value)
            weeks, chosen = list(self.preview.learning_curves), self.week.value
            self.week.options = [(f"{week}: {answers.topics.get(week, '–')}", week) for week in weeks]
            self.week.value = chosen if chosen in weeks else next(iter(weeks), None)
            if answers.responses.empty:
                self.message.neutral(f"There are no answers in {answers.course} yet.")
            self._show_body(shown=len(answers.responses) > 0 or len(answers.stored) > 0)
            self._draw()

    def _draw(self) -> None:
        answers, found = self.answers, self.preview
        if answers is None or found is None:
            return
        self.fits.show(fits_table(found.fits))
        self.words.show(words_table(found.fits, answers.topics))
        self.about.value = _about(found)
        curve = found.learning_curves.get(self.week.value)
        if self.as_tables:
            self.calibration.show_table(calibration_table(found.calibration))
        else:
            forgetting = "on" if self.forgetting.value else "off"
            about = f"Knowledge tracing (rule bkt), forgetting {forgetting}: each student is predicted by fits to other students."
            self.calibration.show_chart(calibration_chart(found.calibration, about=about))
        if curve is None:
            self.curve.hide()
        elif self.as_tables:
            self.curve.show_table(learning_curve_table(curve))
        else:
            self.curve.show_chart(learning_curve(curve, topic=answers.topics.get(self.week.value, "–")))


def fits_table(fits: pd.DataFrame) -> pd.DataFrame:
    """Write fits in numbers, one row per week, with notes on those that should not be relied on."""
    rows = [
        {"Week": week, **{title: _fit_cell(fit[name]) for name, title in FIT_HEADINGS.items()}, "Note": ", ".join(fit_notes(fit))}
        for week, fit in _by_week(fits).items()
    ]
    return pd.DataFrame(rows, columns=["Week", *FIT_HEADINGS.values(), "Note"])


def words_table(fits: pd.DataFrame, topics: Mapping[int, str]) -> pd.DataFrame:
    """Write fits in words, one row per week."""
    rows = [{"Week": week, "Topic": topics.get(week, "–"), "In words": in_words(fit)} for week, fit in _by_week(fits).items()]
    return pd.DataFrame(rows, columns=["Week", "Topic", "In words"])


def in_words(fit: Mapping[Hashable, Any]) -> str:
    """Write what the parameters of a week mean, and whether to rely on them.

    Examples
    --------
    >>> fit = {"prior": 0.4, "learn": 0.2, "guess": 0.25, "slip": 0.1, "forget": 0.0, "constrained": False, "converged": True}
    >>> in_words(fit | {"n_students": 80})
    '40 % knew it before; of the others, 20 % learn it with each answer. Without knowing it, 25 % of answers are correct; knowing it, 90 %.'
    """
    if pd.isna(fit["prior"]):
        return "Not fitted: no answer counts."
    sentences = [
        f"{percent_text(fit['prior'])} knew it before; of the others, {percent_text(fit['learn'])} learn it with each answer.",
        f"Without knowing it, {percent_text(fit['guess'])} of answers are correct; knowing it, {percent_text(1 - fit['slip'])}.",
    ]
    if fit["forget"] > 0:
        sentences.append(f"{percent_text(fit['forget'])} forget it between two answers.")
    return " ".join([*sentences, *(_NOTES[note] for note in fit_notes(fit))])


_NOTES = {
    CONSTRAINED: "Constrained: the likeliest fit to these answers says that knowing the topic makes correct answers rarer. "
    "This is the best fit that does not; do not rely on it.",
    NOT_CONVERGED: "The fit did not converge.",
    FEW: f"Few students: with fewer than {FEW_STUDENTS}, these numbers are uncertain.",
}


def _by_week(fits: pd.DataFrame) -> dict[int, dict[Hashable, Any]]:
    return dict(zip(fits.index.tolist(), fits.to_dict("records"), strict=True))


def _fit_cell(value: int | float) -> int | str:  # noqa: PYI041 - counts and numbers are written differently
    return number_text(value) if isinstance(value, float) else value


def _about(found: FitPreview) -> str:
    quality = found.quality
    n_answers = int(found.fits["n_answers"].sum())
    constrained = ", ".join(map(str, found.constrained_weeks))
    sentences = [
        f"{n_answers:,} answers; an answer with full points is correct.",
        f"Predictions of held-out students: AUC {number_text(quality.auc)} (0.50 is guessing, 1 is perfect),",
        f"RMSE {number_text(quality.rmse)}, log-loss {number_text(quality.log_loss)} (0.69 is a coin).",
        *([f"Constrained fits, which should not be relied on: week {constrained}."] if constrained else []),
    ]
    return " ".join(sentences)
