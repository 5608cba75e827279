"""The lecturer's view of knowledge tracing: what was fitted week by week, and whether its predictions come true."""

from __future__ import annotations

import ipywidgets as widgets

from lmskit.charts.knowledge import calibration_chart, calibration_table, learning_curve, learning_curve_table
from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.course_choice import offer_courses
from lmskit.dashboards.knowledge_tables import fits_table, words_table
from lmskit.db import Opener, snapshot
from lmskit.read_models.knowledge import CourseAnswers, FitPreview, course_answers, fit_preview
from lmskit.rounding import number_text
from lmskit.widgets import ROOT, Message, Table, errors_shown, heading, style

CHARTS, TABLES = "Charts", "Tables"


class KnowledgeDashboard:
    """Choose a course; see its stored fits; fit its answers in memory; see how well that predicts, and how the class learns a topic.

    Nothing is written: what is stored is an administrator's `lmskit knowledge fit`.

    Parameters
    ----------
    course
        The code of the course to begin with; by default the newest one that has students.
    forgetting
        Whether the fit in memory allows for forgetting, to begin with.
    opened
        Opens a transaction to read in; by default a snapshot of the signed-in person.
    """

    def __init__(self, course: str = "", *, forgetting: bool = False, opened: Opener = snapshot) -> None:
        self._opened = opened
        self.answers: CourseAnswers | None = None
        self.preview: FitPreview | None = None
        self.course = widgets.Dropdown(description="Course", layout=widgets.Layout(flex="1 1 360px", width="auto", max_width="720px"))
        self.course.style.description_width = "56px"
        self.forgetting = widgets.Checkbox(
            value=forgetting, description="Allow for forgetting", indent=False, layout=widgets.Layout(width="auto")
        )
        self.look = widgets.ToggleButtons(options=[CHARTS, TABLES], tooltips=["Show figures", "Show the same as tables"])
        self.look.style.button_width = "72px"
        self.simulated = widgets.Label("Simulated data: nobody here exists.", layout=widgets.Layout(width="auto"))
        self.simulated.add_class("lmskit-mark")
        self.message = Message()
        self.about = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.about.add_class("lmskit-text")
        self.stored = Table(nothing="Nothing is stored for this course. An administrator can do it: lmskit knowledge fit")
        self.fits = Table(nothing="Nobody has answered anything yet.")
        self.words = Table(nothing="")
        self.week = widgets.Dropdown(description="Week", layout=widgets.Layout(width="auto", max_width="480px"))
        self.week.style.description_width = "56px"
        self.calibration, self.calibration_table = ClickFigure(), Table(nothing="No answers could be predicted.")
        self.curve, self.curve_table = ClickFigure(), Table()
        self._calibration_place = widgets.VBox(layout=widgets.Layout(flex="1 1 480px", min_width="0", overflow="visible"))
        self._curve_place = widgets.VBox(layout=widgets.Layout(min_width="0", overflow="visible"))
        self._body = self._laid_out()
        self.view = widgets.VBox(
            [
                style(),
                widgets.HBox([self.course, self.forgetting, self.look, self.simulated], layout=_ROW),
                self.message.view,
                self.about,
                self._body,
            ]
        )
        self.view.add_class(ROOT)
        self._courses = offer_courses(self.course, self.message, self._opened, course)
        self.course.observe(lambda _change: self._read(), names="value")
        self.forgetting.observe(lambda _change: self._fit(), names="value")
        self.look.observe(lambda _change: self._draw(), names="value")
        self.week.observe(lambda _change: self._draw(), names="value")
        self._read()

    def _laid_out(self) -> widgets.VBox:
        curve = widgets.VBox([self.week, self._curve_place], layout=widgets.Layout(flex="1 1 480px", min_width="0", overflow="visible"))
        return widgets.VBox(
            [
                heading("What these answers say, fitted now (nothing is written)"),
                self.fits.view,
                self.words.view,
                widgets.HBox([self._calibration_place, curve], layout=_ROW),
                heading("What is stored, and used where the rule of the course is bkt"),
                self.stored.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )

    def _read(self) -> None:
        if self.course.value is None:
            self.simulated.layout.display = self._body.layout.display = "none"
            return
        with errors_shown(self.message):
            with self._opened() as session:
                self.answers = course_answers(session, self.course.value)
            self.message.clear()
            self._body.layout.display = None
            self.simulated.layout.display = None if self._courses and self.course.value in self._courses.simulated else "none"
            self.stored.show(fits_table(self.answers.stored.set_index("week_number")))
            self._fit()

    def _fit(self) -> None:
        if self.answers is None:
            return
        with errors_shown(self.message):
            self.preview = fit_preview(self.answers, forgetting=self.forgetting.value)
            topics, kept = self.answers.topics, self.week.value
            self.week.options = [(f"{week}: {topics.get(week, '–')}", week) for week in self.preview.learning_curves]
            self.week.value = kept if kept in self.preview.learning_curves else next(iter(self.preview.learning_curves), None)
            if found_nothing := self.answers.responses.empty:
                self.message.neutral(f"Nobody has answered anything in {self.answers.course} yet.")
            self._body.layout.display = "none" if found_nothing and self.answers.stored.empty else None
            self._draw()

    def _draw(self) -> None:
        answers, found = self.answers, self.preview
        if answers is None or found is None:
            return
        tables = self.look.value == TABLES
        self.fits.show(fits_table(found.fits))
        self.words.show(words_table(found.fits, answers.topics))
        self.about.value = _about(found)
        forgetting = "on" if self.forgetting.value else "off"
        about = f"Knowledge tracing (rule bkt), forgetting {forgetting}: each student predicted by fits to others."
        places = found.learning_curves.get(self.week.value)
        if tables:
            self.calibration_table.show(calibration_table(found.calibration))
        else:
            self.calibration.show(calibration_chart(found.calibration, about=about))
        self._calibration_place.children = (self.calibration_table.view if tables else self.calibration,)
        if places is None:
            self._curve_place.children = ()
            return
        if tables:
            self.curve_table.show(learning_curve_table(places))
        else:
            self.curve.show(learning_curve(places, topic=answers.topics.get(self.week.value, "–")))
        self._curve_place.children = (self.curve_table.view if tables else self.curve,)


_ROW = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 14px", align_items="flex-start")


def _about(found: FitPreview) -> str:
    quality = found.quality
    degenerate = [str(week) for week in found.degenerate_weeks]
    told = (
        f"{int(found.fits['n_answers'].sum()):,} answers, an answer with full points being correct. Students who were held out: "
        f"AUC {number_text(quality.auc)} (0.50 is guessing, 1 is perfect), RMSE {number_text(quality.rmse)}, "
        f"log-loss {number_text(quality.log_loss)} (0.69 is a coin)."
    )
    return told + (f" Degenerate, not to be relied on: week {', '.join(degenerate)}." if degenerate else "")
