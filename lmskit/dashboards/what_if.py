"""The lecturer's comparison of rules: the same answers under two rules, and the students whose level differs."""

from __future__ import annotations

from lmskit.analytics.rules import configured
from lmskit.charts.rule_comparison import (
    level_changes,
    level_changes_table,
    level_transitions,
    level_transitions_table,
    levels_by_rule,
    levels_by_rule_table,
)
from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.dashboard import ALL_WEEKS, HALF, ChartOrTable, Dashboard, Filling, column, dropdown, row, text, week_options
from lmskit.dashboards.rule_picker import RulePicker
from lmskit.db import Opener, snapshot
from lmskit.errors import LmskitError
from lmskit.read_models.rule_comparison import ClassEvidence, LevelChanges, RuleComparison, class_evidence, rule_comparison
from lmskit.read_models.rule_in_use import DEFAULT_RULE
from lmskit.rounding import count_text, evidence_text
from lmskit.widgets import PAGE_SIZE, Debounced, Pager, Table, errors_shown, heading


class WhatIfDashboard(Dashboard):
    """Choose a course and a week; choose two rules and move their sliders; see the students whose level differs, and why.

    The answers are read once for each course. Every change of a rule is computed from them, and nothing is stored. If knowledge tracing
    was fitted to weeks, its rule uses the fits, as the stored estimates do, until a slider of a fitted parameter is moved.

    Parameters
    ----------
    course
        Code of the first course to show; by default the newest course that has students.
    other_rule
        Name of the rule to compare with that of the course.
    open_session
        Opens a session to read in; by default a snapshot of the signed-in person.

    Raises
    ------
    UnknownRuleError
        There is no such rule.
    """

    def __init__(self, course: str = "", *, other_rule: str = "weighted_average", open_session: Opener = snapshot) -> None:
        super().__init__(open_session)
        self.evidence: ClassEvidence | None = None
        self.comparison: RuleComparison | None = None
        self._filling = Filling()
        later = Debounced(self._compare)
        self.week = dropdown("Week", flex="1 1 220px", max_width="420px")
        self.summary = text()
        self.summary.add_class("lmskit-heading")
        self.first = RulePicker("Rule 1", later, start=configured(DEFAULT_RULE))
        self.second = RulePicker("Rule 2", later, start=configured(other_rule))
        self.pager = Pager(self._draw_changes, noun="changes")
        self.levels, self.transitions = ChartOrTable(flex=HALF), ChartOrTable(flex=HALF)
        self.changes, self.changes_table = ClickFigure(), Table(nothing="No level differs.")
        self._changes_box = column()
        self._lay_out(
            [
                row(self.first.view, self.second.view, gap="4px 30px"),
                self.summary,
                row(self.levels.view, self.transitions.view),
                heading("Differences, student by student"),
                self.pager.view,
                self._changes_box,
            ],
            controls=[self.week],
        )
        self.week.observe(lambda _change: self._week_chosen(), names="value")
        self._start(course)

    def _read_course(self) -> None:
        with errors_shown(self.message):
            with self._open_session() as session:
                self.evidence = class_evidence(session, self.course.value)
            with self._filling:
                self.week.options = week_options(self.evidence.weeks)
                self.week.value = ALL_WEEKS
            self._show_rules(self.evidence)
            self._compare()

    def _show_rules(self, evidence: ClassEvidence) -> None:
        """Set rule 1 to the rule of the course, or to the default if that cannot be used; rule 2 stays."""
        try:
            own = configured(evidence.rule, evidence.parameters)
        except LmskitError as error:
            own, about = configured(DEFAULT_RULE), f"The rule stored for the course cannot be used: {error}"
        else:
            name = own.name.replace("_", " ")
            about = f"Rule 1 is the rule of the course: {name}. Changes on this page are not stored."
        self.first.use_fits(evidence.fits)
        self.first.show(own)
        self.second.use_fits(evidence.fits)
        students = count_text(len(evidence.students), "student")
        scores = evidence_text(len(evidence.scores))
        self.about.value = f"{students} (active and completed), {scores}. {about}"

    def _week_chosen(self) -> None:
        if not self._filling:
            self._compare()

    def _compare(self) -> None:
        """Estimate by both rules, and show the result."""
        if self.evidence is None:
            return
        with errors_shown(self.message):
            rules = (self.first.read(), self.second.read())
            week = None if self.week.value == ALL_WEEKS else self.week.value
            self.comparison = rule_comparison(self.evidence, rules, week=week)
            for picker, rule in zip((self.first, self.second), rules, strict=True):
                picker.describe_fits(rule, self.comparison.weeks)
            self.message.clear()
            self.pager.first()
            self._draw()

    def _draw(self) -> None:
        found = self.comparison
        if found is None:
            return
        self._show_body(shown=len(found.cells) > 0)
        if found.cells.empty:
            missing = "weeks in its syllabus" if found.evidence.weeks.empty else "students"
            self.message.bad(f"{self.course.value} has no {missing} yet.")
            return
        rules = [rule.in_weeks(found.weeks) for rule in found.rules]
        counts, moved = found.level_counts(), found.transitions()
        self.summary.value = _summary(found.level_changes())
        if self.as_tables:
            self.levels.show_table(levels_by_rule_table(counts, rules=rules))
            self.transitions.show_table(level_transitions_table(moved, rules=rules))
        else:
            group = "all weeks" if self.week.value == ALL_WEEKS else f"week {self.week.value}"
            self.levels.show_chart(levels_by_rule(counts, rules=rules, group=group))
            self.transitions.show_chart(level_transitions(moved, rules=rules))
        self._draw_changes()

    def _draw_changes(self) -> None:
        """Show one page of the students whose level differs."""
        found = self.comparison
        if found is None:
            return
        total = found.n_changes()
        listed = found.changes(limit=PAGE_SIZE, offset=self.pager.offset)
        self.pager.show(total=total)
        self.changes_table.show(level_changes_table(listed))
        if self.as_tables or not total:
            self._changes_box.children = (self.changes_table.view,)
            return
        rules = [rule.in_weeks(found.weeks) for rule in found.rules]
        self.changes.show(level_changes(listed, rules=rules, n_changes=total))
        self._changes_box.children = (self.changes, self.changes_table.view)


def _summary(found: LevelChanges) -> str:
    """Say how many levels differ, and in which direction.

    >>> _summary(LevelChanges(n_cells=5, higher=2, lower=0, one_only=0))
    'By rule 2, 2 of 5 student weeks have a different level: 2 higher, 0 lower.'
    """
    one_only = f", {found.one_only:,} assessed by one rule only" if found.one_only else ""
    everything = count_text(found.n_cells, "student week")
    return f"By rule 2, {found.changed:,} of {everything} have a different level: {found.higher:,} higher, {found.lower:,} lower{one_only}."
