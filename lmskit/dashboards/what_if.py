"""The lecturer's comparison of rules: the same answers under two rules, and who would have another level."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd

from lmskit.analytics.rule_choice import RuleChoice, choice
from lmskit.analytics.what_if import changes, level_counts, n_changes, side_by_side, transitions, with_everyone
from lmskit.charts.rule_comparison import (
    level_changes,
    level_changes_table,
    level_transitions,
    level_transitions_table,
    levels_by_rule,
    levels_by_rule_table,
)
from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.course_choice import offer_courses
from lmskit.dashboards.debounced import Debounced
from lmskit.dashboards.rule_picker import RulePicker
from lmskit.db import Opener, snapshot
from lmskit.errors import LmskitError
from lmskit.queries.course import narrow
from lmskit.queries.what_if import ClassEvidence, class_evidence
from lmskit.rounding import count_text
from lmskit.services.mastery_rule import DEFAULT_RULE
from lmskit.vocabulary import Origin
from lmskit.widgets import ROOT, Message, Pager, Table, errors_shown, heading, style

CHARTS, TABLES = "Charts", "Tables"
ALL_WEEKS = 0
"""Stands for all weeks in the choice of weeks."""
PAGE_SIZE = 25
"""Changes on one page."""


class WhatIf:
    """Choose a course and a week; choose two rules and move their sliders; see who would have another level, and why.

    The answers are read once for each course that is chosen. Whatever is moved afterwards is worked out from them, and nothing is stored.
    Where knowledge tracing was fitted to weeks, its rule goes by the fits, as what is stored does, until a slider of theirs is moved.

    Parameters
    ----------
    course
        The code of the course to begin with; by default the newest one that has students.
    other_rule
        The rule to compare with that of the course.
    opened
        Opens a transaction to read in; by default a snapshot of the signed-in person.

    Raises
    ------
    UnknownRuleError
        There is no such rule.
    """

    def __init__(self, course: str = "", *, other_rule: str = "weighted_average", opened: Opener = snapshot) -> None:
        self._opened = opened
        self._filling = False
        self.evidence: ClassEvidence | None = None
        self.cells = pd.DataFrame()
        self._shown: tuple[RuleChoice, ...] = ()
        later = Debounced(self._work)
        self.course = widgets.Dropdown(description="Course", layout=widgets.Layout(flex="2 1 360px", width="auto", max_width="720px"))
        self.week = widgets.Dropdown(description="Week", layout=widgets.Layout(flex="1 1 220px", width="auto", max_width="420px"))
        for one in (self.course, self.week):
            one.style.description_width = "56px"
        self.look = widgets.ToggleButtons(options=[CHARTS, TABLES], tooltips=["Show figures", "Show the same as tables"])
        self.look.style.button_width = "72px"
        self.simulated = widgets.Label("Simulated data: nobody here exists.", layout=widgets.Layout(width="auto"))
        self.simulated.add_class("lmskit-mark")
        self.about, self.summary = (widgets.Label("", layout=widgets.Layout(width="auto")) for _ in range(2))
        for label in (self.about, self.summary):
            label.add_class("lmskit-text")
        self.summary.add_class("lmskit-heading")
        self.message = Message()
        self.first = RulePicker("Rule 1", later, start=choice(DEFAULT_RULE))
        self.second = RulePicker("Rule 2", later, start=choice(other_rule))
        self.pager = Pager(self._draw_changes, page_size=PAGE_SIZE, noun="changes")
        self.levels, self.transitions, self.changes = ClickFigure(), ClickFigure(), ClickFigure()
        self.levels_table, self.transitions_table = Table(), Table()
        self.why = Table(nothing="Nobody would have another level.")
        self._pictures = widgets.HBox(
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 18px", align_items="flex-start")
        )
        self._changes_place = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self._body = self._laid_out()
        self.view = widgets.VBox([style(), self._head(), self.about, self.message.view, self._body])
        self.view.add_class(ROOT)
        self._origins = offer_courses(self.course, self.message, self._opened, course)
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self.week.observe(lambda _change: self._week_chosen(), names="value")
        self.look.observe(lambda _change: self._draw(), names="value")
        self._course_chosen()

    def _head(self) -> widgets.HBox:
        return widgets.HBox(
            [self.course, self.week, self.look, self.simulated],
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 14px", align_items="center"),
        )

    def _laid_out(self) -> widgets.VBox:
        rules = widgets.HBox(
            [self.first.view, self.second.view],
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 30px", align_items="flex-start"),
        )
        return widgets.VBox(
            [rules, self.summary, self._pictures, heading("Who would have another level, and why"), self.pager.view, self._changes_place],
            layout=widgets.Layout(overflow="visible"),
        )

    def _course_chosen(self) -> None:
        if self.course.value is None:
            self.simulated.layout.display = self._body.layout.display = "none"
            return
        self.message.clear()
        with errors_shown(self.message):
            with self._opened() as session:
                narrow(session, self.course.value)
                self.evidence = class_evidence(session, self.course.value)
            self.simulated.layout.display = None if self._origins[self.course.value] == Origin.SIMULATION else "none"
            self._filling = True
            weeks = self.evidence.weeks.to_dict("records")
            self.week.options = [
                ("all weeks", ALL_WEEKS),
                *((f"{row['week_number']}: {row['topic']}", row["week_number"]) for row in weeks),
            ]
            self.week.value = ALL_WEEKS
            self._filling = False
            self._show_rules(self.evidence)
            self._work()

    def _show_rules(self, evidence: ClassEvidence) -> None:
        """Begin with the rule of the course, where it cannot be used say why and begin with another; the other rule stays."""
        students, units = count_text(len(evidence.students), "student"), count_text(len(evidence.scores), "unit")
        words = f"{students} (active and completed), {units} of evidence."
        try:
            own = choice(evidence.rule, evidence.parameters)
        except LmskitError as error:
            own, told = choice(DEFAULT_RULE), f"The rule stored for the course cannot be used: {error}"
        else:
            told = f"Rule 1 is the course's own: {own.rule.name.replace('_', ' ')}. Nothing that you change here is stored."
        self.first.offer(evidence.fits)
        self.first.show(own)
        self.second.offer(evidence.fits)
        self.about.value = f"{words} {told}"

    def _week_chosen(self) -> None:
        if not self._filling:
            self._work()

    def _weeks(self) -> list[int]:
        """The weeks that are looked at."""
        if self.week.value != ALL_WEEKS:
            return [self.week.value]
        return [] if self.evidence is None else self.evidence.weeks["week_number"].tolist()

    def _work(self) -> None:
        """Estimate by both rules, and draw what comes of it."""
        if self.evidence is None:
            return
        with errors_shown(self.message):
            self._shown = (self.first.read(), self.second.read())
            known, weeks = self.evidence, self._weeks()
            for picker, one in zip((self.first, self.second), self._shown, strict=True):
                picker.tell(one, weeks)
            scores = known.scores[known.scores["week"].isin(weeks)]
            self.cells = with_everyone(side_by_side(scores, self._shown), known.students["position"], weeks)
            self.message.clear()
            self.pager.first()
            self._draw()

    def _draw(self) -> None:
        if not self._shown:
            return
        self._body.layout.display = None if len(self.cells) else "none"
        if self.cells.empty:
            missing = "weeks in its syllabus" if self.evidence is not None and self.evidence.weeks.empty else "students"
            self.message.bad(f"{self.course.value} has no {missing} yet.")
            return
        rules = [one.named(self._weeks()) for one in self._shown]
        counts, moved = level_counts(self.cells), transitions(self.cells)
        self.summary.value = _summary(moved)
        if self.look.value == TABLES:
            self.levels_table.show(levels_by_rule_table(counts, rules=rules))
            self.transitions_table.show(level_transitions_table(moved, rules=rules))
            self._pictures.children = (self.levels_table.view, self.transitions_table.view)
        else:
            group = "all weeks" if self.week.value == ALL_WEEKS else f"week {self.week.value}"
            self.levels.show(levels_by_rule(counts, rules=rules, group=group))
            self.transitions.show(level_transitions(moved, rules=rules))
            self._pictures.children = (_half(self.levels), _half(self.transitions))
        self._draw_changes()

    def _draw_changes(self) -> None:
        """Draw one page of those who change."""
        known = self.evidence
        if known is None:
            return
        total = n_changes(self.cells)
        listed = changes(known.scores, self.cells, self._shown, limit=PAGE_SIZE, offset=self.pager.offset)
        names = known.students.set_index("position")["name"]
        listed = listed.assign(name=listed["student"].map(names).astype("str"))
        self.pager.show(total=total)
        self.why.show(level_changes_table(listed))
        if self.look.value == CHARTS and total:
            rules = [one.named(self._weeks()) for one in self._shown]
            self.changes.show(level_changes(listed, rules=rules, n_changes=total))
            self._changes_place.children = (self.changes, self.why.view)
        else:
            self._changes_place.children = (self.why.view,)


def _half(figure: ClickFigure) -> widgets.VBox:
    """A figure that stands beside another where there is room for both."""
    return widgets.VBox([figure], layout=widgets.Layout(flex="1 1 480px", min_width="0", overflow="visible"))


def _summary(moved: pd.DataFrame) -> str:
    """Tell how many change, and whereto.

    >>> _summary(pd.DataFrame({"from": ["remedial", "mastered"], "to": ["mastered", "mastered"], "n": [2, 3]}))
    '2 of 5 student weeks would have another level by rule 2: 2 higher, 0 lower.'
    """
    order = ["remedial", "developing", "mastered"]
    both = moved[moved["from"].isin(order) & moved["to"].isin(order)]
    step = both["to"].map(order.index) - both["from"].map(order.index)
    changed = int(moved.loc[moved["from"] != moved["to"], "n"].sum())
    higher, lower = int(both.loc[step > 0, "n"].sum()), int(both.loc[step < 0, "n"].sum())
    rest = changed - higher - lower
    other = f", {rest:,} assessed by one rule only" if rest else ""
    all_of_them = count_text(int(moved["n"].sum()), "student week")
    return f"{changed:,} of {all_of_them} would have another level by rule 2: {higher:,} higher, {lower:,} lower{other}."
