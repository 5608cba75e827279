"""The rules of mastery to choose from."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lmskit.analytics.rule import Rule
from lmskit.analytics.rules import RULES


class RuleList:
    """A list of the rules, and what the one that is chosen does.

    Parameters
    ----------
    on_choice
        Is called with the rule after one was chosen by hand.
    description
        What stands beside the list.

    Examples
    --------
    >>> rules = RuleList(lambda rule: print("chosen:", rule.name))
    >>> rules.show(RULES["average"])
    >>> rules.dropdown.value = "latest"
    chosen: latest
    >>> rules.explanation.value
    'The score of the newest attempt.'
    """

    def __init__(self, on_choice: Callable[[Rule], None], *, description: str = "") -> None:
        self._on_choice = on_choice
        self._filling = False
        self.dropdown = widgets.Dropdown(
            description=description,
            options=[(name.replace("_", " "), name) for name in RULES],
            value=None,
            layout=widgets.Layout(width="auto"),
        )
        self.explanation = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.explanation.add_class("lmskit-text")
        self.dropdown.observe(lambda _change: self._chosen(), names="value")

    @property
    def rule(self) -> Rule | None:
        """The rule that is chosen, if one is."""
        return None if self.dropdown.value is None else RULES[self.dropdown.value]

    def show(self, rule: Rule | None) -> None:
        """Show another choice, or none, without calling `on_choice`."""
        self._filling = True
        self.dropdown.value = None if rule is None else rule.name
        self.explanation.value = "" if rule is None else _explained(rule)
        self._filling = False

    def _chosen(self) -> None:
        if not self._filling and self.rule is not None:
            self.explanation.value = _explained(self.rule)
            self._on_choice(self.rule)


def _explained(rule: Rule) -> str:
    without = "" if rule.has_interval else f" No interval: {rule.no_interval[0].lower()}{rule.no_interval[1:]}"
    return f"{rule.explanation}{without}"
