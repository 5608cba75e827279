"""The lecturer's comparison of rules: the same answers under two rules, and who would have another level."""

from __future__ import annotations

import ipywidgets as widgets

from lmskit.analytics.rule_choice import choice
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
from lmskit.read_models.rule_comparison import ClassEvidence, LevelChanges, RuleComparison, class_evidence, rule_comparison
from lmskit.read_models.rule_in_use import DEFAULT_RULE
from lmskit.rounding import count_text
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
        self.comparison: RuleComparison | None = None
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
        self._courses = offer_courses(self.course, self.message, self._opened, course)
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
                self.evidence = class_evidence(session, self.course.value)
            self.simulated.layout.display = None if self._courses and self.course.value in self._courses.simulated else "none"
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

    def _work(self) -> None:
        """Estimate by both rules, and show the result."""
        if self.evidence is None:
            return
        with errors_shown(self.message):
            rules = (self.first.read(), self.second.read())
            found = rule_comparison(self.evidence, rules, week=self.week.value or None)
            for picker, rule in zip((self.first, self.second), rules, strict=True):
                picker.tell(rule, found.weeks)
            self.comparison = found
            self.message.clear()
            self.pager.first()
            self._draw()

    def _draw(self) -> None:
        found = self.comparison
        if found is None:
            return
        self._body.layout.display = None if len(found.cells) else "none"
        if found.cells.empty:
            missing = "weeks in its syllabus" if found.evidence.weeks.empty else "students"
            self.message.bad(f"{self.course.value} has no {missing} yet.")
            return
        rules = [rule.named(found.weeks) for rule in found.rules]
        counts, moved = found.level_counts(), found.transitions()
        self.summary.value = _summary(found.level_changes())
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
        """Draw one page of the students whose level differs."""
        found = self.comparison
        if found is None:
            return
        total = found.n_changes()
        listed = found.changes(limit=PAGE_SIZE, offset=self.pager.offset)
        self.pager.show(total=total)
        self.why.show(level_changes_table(listed))
        if self.look.value == CHARTS and total:
            rules = [rule.named(found.weeks) for rule in found.rules]
            self.changes.show(level_changes(listed, rules=rules, n_changes=total))
            self._changes_place.children = (self.changes, self.why.view)
        else:
            self._changes_place.children = (self.why.view,)


def _half(figure: ClickFigure) -> widgets.VBox:
    """A figure that stands beside another where there is room for both."""
    return widgets.VBox([figure], layout=widgets.Layout(flex="1 1 480px", min_width="0", overflow="visible"))


def _summary(found: LevelChanges) -> str:
    """Say how many levels differ, and in which direction.

    >>> _summary(LevelChanges(n_cells=5, higher=2, lower=0, one_only=0))
    '2 of 5 student weeks would have another level by rule 2: 2 higher, 0 lower.'
    """
    one_only = f", {found.one_only:,} assessed by one rule only" if found.one_only else ""
    everything = count_text(found.n_cells, "student week")
    return (
        f"{found.changed:,} of {everything} would have another level by rule 2: {found.higher:,} higher, {found.lower:,} lower{one_only}."
    )
