"""A list to choose a mastery rule from."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lmskit.analytics.rules import RULES, Rule


class RuleList:
    """A list of the rules, and a sentence that explains the chosen rule.

    Parameters
    ----------
    on_choice
        Called with the rule after a person has chosen it.
    description
        The label beside the list.

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
        """The chosen rule, if any."""
        return None if self.dropdown.value is None else RULES[self.dropdown.value]

    def show(self, rule: Rule | None) -> None:
        """Show another rule, or none, without calling `on_choice`."""
        self._filling = True
        self.dropdown.value = None if rule is None else rule.name
        self.explanation.value = "" if rule is None else _description(rule)
        self._filling = False

    def _chosen(self) -> None:
        if not self._filling and self.rule is not None:
            self.explanation.value = _description(self.rule)
            self._on_choice(self.rule)


def _description(rule: Rule) -> str:
    without = "" if rule.has_interval else f" No interval: {rule.no_interval[0].lower()}{rule.no_interval[1:]}"
    return f"{rule.description}{without}"
