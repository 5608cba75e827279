"""Dropdowns: options that change while they are shown, and a search where there are many."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import ipywidgets as widgets
import traitlets

from lmskit.codes import find_code
from lmskit.names import searched_words, sort_name

MOST_LISTED = 100
"""Options that a dropdown lists at once; among more one searches."""
SEARCHED_FROM = 20
"""Options from which on there is a search."""

Options = Sequence[tuple[str, Hashable]]


class SearchableDropdown(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A dropdown with a search beside it if there are many options, such as the courses of an institution.

    A search lists the options that have all of its words, whatever their accents, and chooses the first of them.

    Parameters
    ----------
    options
        Label and value of each option.
    label
        Written before the dropdown; in a form, the field has its name above it.

    Attributes
    ----------
    value
        That of the chosen option; None if there are no options.
    listed
        The dropdown itself.
    search
        Where words are typed, and taken with Enter.
    found
        Says how many options a search has found, if the dropdown does not list exactly those.

    Examples
    --------
    >>> term = SearchableDropdown([(f"T{number} · Term {number}", number) for number in range(500)])
    >>> term.search.value = "term 321"
    >>> term.value, term.listed.options
    (321, (('T321 · Term 321', 321),))
    """

    value = traitlets.Any(default_value=None, allow_none=True)
    disabled = traitlets.Bool(default_value=False)

    def __init__(self, options: Options = (), *, label: str = "") -> None:
        self._options: tuple[tuple[str, Hashable], ...] = ()
        self._is_filling = False
        self.listed = widgets.Dropdown(layout=widgets.Layout(flex="3 1 auto", width="auto", min_width="0"))
        self.search = widgets.Text(continuous_update=False, layout=widgets.Layout(flex="1 1 140px", width="auto", min_width="120px"))
        self.search.add_class("lmskit-named")
        self.found = widgets.Label("", layout=widgets.Layout(width="auto", display="none"))
        for css in ("lmskit-text", "lmskit-hint"):
            self.found.add_class(css)
        beside = widgets.HBox([self.listed, self.search], layout=widgets.Layout(overflow="visible"))
        super().__init__([beside, widgets.VBox([self.found])], layout=widgets.Layout(overflow="visible"))
        self.listed.observe(lambda change: self._choose(change["new"]), names="value")
        self.search.observe(lambda _change: self._search(), names="value")
        if label:
            self.listed.description, self.search.description = label, f"Search: {label}"
        self.options = options

    @property
    def options(self) -> tuple[tuple[str, Hashable], ...]:
        """Label and value of each option. Other options end a search; the value stays if it is among them, or else is the first."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        self._options = tuple(options)
        self.search.layout.display = None if len(options) > SEARCHED_FROM else "none"
        self.search.placeholder = f"Search all {len(options):,}"
        values = [value for _, value in self._options]
        self.value = self.value if self.value in values else next(iter(values), None)
        self.search.value = ""
        self._list(self._options)

    @property
    def description(self) -> str:
        """The name of the field for screen readers."""
        return str(self.listed.description)

    @description.setter
    def description(self, name: str) -> None:
        self.listed.description, self.search.description = name, f"Search: {name}"
        self.listed.add_class("lmskit-named")

    @traitlets.validate("value")
    def _among_options(self, proposal: dict[str, object]) -> object:
        value = proposal["value"]
        if value is not None and value not in [value for _, value in self._options]:
            raise traitlets.TraitError(f"{value!r} is not among the options")
        return value

    @traitlets.observe("value")
    def _show_chosen(self, _change: object) -> None:
        if not self._is_filling:
            if self.value not in [value for _, value in self.listed.options]:
                self._list(self._options)
            self.listed.value = self.value

    @traitlets.observe("disabled")
    def _show_disabled(self, _change: object) -> None:
        self.listed.disabled = self.search.disabled = self.disabled

    def _choose(self, value: Hashable) -> None:
        if not self._is_filling:
            self.value = value

    def _search(self) -> None:
        words = searched_words(self.search.value)
        found = [option for option in self._options if all(any(form in sort_name(option[0]) for form in forms) for forms in words)]
        if found and self.value not in [value for _, value in found]:
            self.value = found[0][1]
        self._list(found or self._options)
        self.found.value = "Nothing found." if not found else f"The first {MOST_LISTED} of {len(found):,} found." if words else ""
        self.found.layout.display = None if words and not 0 < len(found) <= MOST_LISTED else "none"

    def _list(self, options: Options) -> None:
        """List the first of these options, and always the chosen one."""
        listed = tuple(options[:MOST_LISTED])
        if self.value not in [value for _, value in listed]:
            listed = (*(option for option in self._options if option[1] == self.value), *listed)
        self._is_filling = True
        try:
            self.listed.options = listed
            self.listed.value = self.value
        finally:
            self._is_filling = False


def set_options(dropdown: widgets.Dropdown | SearchableDropdown, options: Options) -> None:
    """Give a dropdown other options. The value stays if it is among them; otherwise the first option is selected.

    Examples
    --------
    >>> dropdown = widgets.Dropdown()
    >>> set_options(dropdown, [("Ada", 1), ("Ben", 2)])
    >>> dropdown.value
    1
    """
    before = dropdown.value
    dropdown.options = options
    if options:
        values = [value for _, value in options]
        dropdown.value = before if before in values else values[0]


def course_dropdown(courses: Sequence[tuple[str, str]], first: str = "") -> SearchableDropdown:
    """A dropdown of courses, with the one whose code is `first` selected, or else the first one.

    Examples
    --------
    >>> course_dropdown([("One", "C1"), ("Two", "C2")], "C2").value, course_dropdown([("One", "C1")], "C9").value
    ('C2', 'C1')
    """
    dropdown = SearchableDropdown(courses)
    if (chosen := find_code(first, (code for _, code in courses))) is not None:
        dropdown.value = chosen
    return dropdown
