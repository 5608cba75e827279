"""A rule to choose, with a slider for each of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import ipywidgets as widgets

from lmskit.analytics.rules import NO_FITS, Parameter, Rule, Values, configured, describe_weeks, rule_named, with_fits
from lmskit.configured_rule import ConfiguredRule
from lmskit.dashboards.dashboard import Filling, column, text
from lmskit.widgets import RuleList, heading


class RulePicker:
    """Choose a rule; move its sliders.

    If knowledge tracing was fitted to weeks of the course, its rule uses the fits until a slider of a fitted parameter is moved.

    Parameters
    ----------
    title
        Heading above the rule.
    on_change
        Called after the person has changed the rule or a parameter.
    start
        The rule at first.
    """

    def __init__(self, title: str, on_change: Callable[[], None], *, start: ConfiguredRule) -> None:
        self._on_change = on_change
        rules = RuleList(self._rule_chosen, description="Rule")
        rules.dropdown.style.description_width = "56px"
        self._rules, self.rule, self.explanation = rules, rules.dropdown, rules.explanation
        self.sliders: dict[str, widgets.FloatSlider | widgets.IntSlider] = {}
        self._fits: Mapping[int, Values] = NO_FITS
        self._fitted_changed = False
        self._filling = Filling()
        self.by_fits = widgets.Checkbox(
            description="Parameters fitted to each week",
            indent=False,
            tooltip="Use the fits instead of the sliders, in weeks that have one",
        )
        self.by_fits.layout = widgets.Layout(width="auto")
        self.by_fits.observe(lambda _change: self._by_fits_changed(), names="value")
        self.fit_note = text()
        self._sliders_box = column()
        self.view = column(heading(title), self.rule, self.explanation, self.by_fits, self.fit_note, self._sliders_box, flex="1 1 380px")
        self.show(start)

    def read(self) -> ConfiguredRule:
        """Read the rule with its parameters.

        Raises
        ------
        RuleParameterError
            The parameters contradict each other, though each slider allows its own.
        """
        chosen = configured(self.rule.value, {name: slider.value for name, slider in self.sliders.items()})
        return with_fits(chosen, self._fits) if self.by_fits.value else chosen

    def use_fits(self, fits: Mapping[int, Values]) -> None:
        """Take the fits of another course."""
        self._fits = fits
        self._show_fits()

    def describe_fits(self, chosen: ConfiguredRule, weeks: Collection[int]) -> None:
        """Say which of these weeks use their fits, and which the sliders."""
        self.fit_note.value = describe_weeks(chosen, self._fits, weeks)

    def show(self, chosen: ConfiguredRule) -> None:
        """Show another rule with its parameters, without calling `on_change`."""
        rule = rule_named(chosen.name)
        self._rules.show(rule)
        self._fitted_changed = False
        self._show_fits()
        self.sliders = {parameter.name: _slider(parameter, chosen.parameters[parameter.name]) for parameter in rule.parameters}
        for name, slider in self.sliders.items():
            moved = self._fitted_moved if name in rule.fitted else self._moved
            slider.observe(moved, names="value")
        self._sliders_box.children = tuple(self.sliders.values())

    def _moved(self, _change: object) -> None:
        self._on_change()

    def _fitted_moved(self, _change: object) -> None:
        """A fitted parameter that the person sets is used in all weeks."""
        self._fitted_changed = True
        self._show_fits()
        self._on_change()

    def _by_fits_changed(self) -> None:
        if not self._filling:
            self._fitted_changed = not self.by_fits.value
            self._on_change()

    def _show_fits(self) -> None:
        usable = self._rules.rule is not None and self._rules.rule.takes_fits and bool(self._fits)
        with self._filling:
            self.by_fits.value = usable and not self._fitted_changed
        self.by_fits.layout.display = None if usable else "none"
        self.fit_note.value = ""

    def _rule_chosen(self, rule: Rule) -> None:
        self.show(rule.configured())
        self._on_change()


def _slider(parameter: Parameter, value: float) -> widgets.FloatSlider | widgets.IntSlider:
    common = {
        "description": parameter.name.replace("_", " "),
        "tooltip": f"{parameter.meaning} ({parameter.low:g} to {parameter.high:g})",
        "layout": widgets.Layout(width="auto"),
    }
    if parameter.whole:
        made = widgets.IntSlider(min=int(parameter.low), max=int(parameter.high), value=int(value), **common)
    else:
        made = widgets.FloatSlider(min=parameter.low, max=parameter.high, step=0.01, value=value, readout_format=".2f", **common)
    made.style.description_width = "140px"
    return made
