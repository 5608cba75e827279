"""A rule to choose, with a slider for each of its parameters."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lmskit.analytics.rule import Parameter, Rule
from lmskit.analytics.rule_choice import RuleChoice, choice
from lmskit.widgets import RuleList, heading


class RulePicker:
    """Choose a rule; move its sliders.

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
        self._place = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self.view = widgets.VBox(
            [heading(title), self.rule, self.explanation, self._place],
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
        return choice(self.rule.value, {name: slider.value for name, slider in self.sliders.items()})

    def show(self, chosen: RuleChoice) -> None:
        """Show another choice, without calling `on_change`."""
        self._rules.show(chosen.rule)
        self.sliders = {one.name: _slider(one, chosen.parameters[one.name]) for one in chosen.rule.parameters}
        for slider in self.sliders.values():
            slider.observe(lambda _change: self._on_change(), names="value")
        self._place.children = tuple(self.sliders.values())

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
