"""A rule to choose, with a slider for each of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import ipywidgets as widgets

from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.rule import Parameter, Rule, Values
from lmskit.analytics.rule_choice import NO_FITS, RuleChoice, choice, weeks_told, with_fits
from lmskit.analytics.traced import BKT
from lmskit.widgets import RuleList, heading


class RulePicker:
    """Choose a rule; move its sliders.

    Where knowledge tracing was fitted to weeks of the course, its rule goes by the fits until a slider of what is fitted is moved.

    Parameters
    ----------
    title
        What stands above.
    on_change
        Is called after the rule or a parameter was changed by hand.
    start
        What is chosen in the beginning.
    """

    def __init__(self, title: str, on_change: Callable[[], None], *, start: RuleChoice) -> None:
        self._on_change = on_change
        rules = RuleList(self._rule_chosen, description="Rule")
        rules.dropdown.style.description_width = "56px"
        self._rules, self.rule, self.explanation = rules, rules.dropdown, rules.explanation
        self.sliders: dict[str, widgets.FloatSlider | widgets.IntSlider] = {}
        self._fits: Mapping[int, Values] = NO_FITS
        self._by_hand, self._filling = False, False
        self.by_fits = widgets.Checkbox(
            description="Parameters fitted to each week", indent=False, tooltip="Where a week has a fit, in place of the sliders"
        )
        self.by_fits.layout = widgets.Layout(width="auto")
        self.by_fits.observe(lambda _change: self._by_fits_set(), names="value")
        self.weeks_told = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.weeks_told.add_class("lmskit-text")
        self._place = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self.view = widgets.VBox(
            [heading(title), self.rule, self.explanation, self.by_fits, self.weeks_told, self._place],
            layout=widgets.Layout(flex="1 1 380px", min_width="0", overflow="visible"),
        )
        self.show(start)

    def read(self) -> RuleChoice:
        """What is chosen.

        Raises
        ------
        RuleParameterError
            Parameters that the sliders allow one by one do not go together.
        """
        chosen = choice(self.rule.value, {name: slider.value for name, slider in self.sliders.items()})
        return with_fits(chosen, self._fits) if self.by_fits.value else chosen

    def offer(self, fits: Mapping[int, Values]) -> None:
        """Take the fits of another course; the rule goes by them unless a slider of what is fitted was moved."""
        self._fits = fits
        self._show_fits()

    def tell(self, chosen: RuleChoice, weeks: Collection[int]) -> None:
        """Say which of these weeks go by their fits, and which by the sliders."""
        self.weeks_told.value = weeks_told(chosen, self._fits, weeks)

    def show(self, chosen: RuleChoice) -> None:
        """Show another choice, without calling `on_change`."""
        self._rules.show(chosen.rule)
        self._by_hand = False
        self._show_fits()
        self.sliders = {one.name: _slider(one, chosen.parameters[one.name]) for one in chosen.rule.parameters}
        for name, slider in self.sliders.items():
            slider.observe(self._fitted_moved if name in PARAMETERS else self._moved, names="value")
        self._place.children = tuple(self.sliders.values())

    def _moved(self, _change: object) -> None:
        self._on_change()

    def _fitted_moved(self, _change: object) -> None:
        """What is moved by hand holds for all weeks."""
        self._by_hand = True
        self._show_fits()
        self._on_change()

    def _by_fits_set(self) -> None:
        if not self._filling:
            self._by_hand = not self.by_fits.value
            self._on_change()

    def _show_fits(self) -> None:
        self._filling = True
        there = self._rules.rule is BKT and bool(self._fits)
        self.by_fits.value = there and not self._by_hand
        self.by_fits.layout.display = None if there else "none"
        self.weeks_told.value = ""
        self._filling = False

    def _rule_chosen(self, rule: Rule) -> None:
        self.show(choice(rule.name))
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
