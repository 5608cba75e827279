"""Title, week and licence of a material that is there already."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.material_web import WHOLE_COURSE
from lmskit.forms.submission import Submission
from lmskit.schemas.material import ChangeMaterial


class MaterialDetailsForm:
    """Choose a material of the list, and change what is said about it.

    Parameters
    ----------
    on_change
        Changes a material; returns a sentence.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, *, on_change: Callable[[ChangeMaterial], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._shown: dict[int, Mapping[Hashable, Any]] = {}
        self.material, self.week = widgets.Dropdown(), widgets.Dropdown()
        self.title, self.licence = widgets.Text(), widgets.Text(placeholder="not known")
        fields = {
            "material": Field("Material of this page of the list", self.material, width="1 1 100%"),
            "title": Field("Title", self.title, width="3 1 280px"),
            "week": Field("Week", self.week, width="2 1 220px"),
            "licence": Field("Licence", self.licence, hint="Such as CC-BY-4.0; empty if it is not known.", width="2 1 200px"),
        }
        self.submission = Submission("Save", fields=fields, read=self._request, on_submit=on_change, clock=clock)
        parts = [row(fields["material"]), row(fields["title"], fields["week"], fields["licence"]), self.submission.view]
        self.view = widgets.VBox(parts, layout=widgets.Layout(overflow="visible"))
        self.material.observe(lambda _change: self._fill(), names="value")

    def offer_weeks(self, weeks: Sequence[tuple[str, int]]) -> None:
        """Offer the weeks of the chosen course, each as label and number."""
        self.week.options = [("for the whole course", WHOLE_COURSE), *weeks]

    def offer(self, materials: Sequence[Mapping[Hashable, Any]], label: Callable[[Mapping[Hashable, Any]], str]) -> None:
        """Offer these materials; the one that was chosen stays chosen."""
        chosen = self.material.value
        self._shown = {int(material["material_id"]): material for material in materials}
        options = [(label(material), number) for number, material in self._shown.items()]
        self.material.options = options
        self.material.value = chosen if chosen in self._shown else next(iter(self._shown), None)
        self._fill()
        self.submission.button.disabled = not options

    def _fill(self) -> None:
        """Show what is stored about the chosen material."""
        for field in self.submission.fields.values():
            field.clear_problem()
        material = self._shown.get(self.material.value)
        self.title.value, self.licence.value = _text(material, "title"), _text(material, "licence")
        weeks = {number for _, number in self.week.options}
        week = _week(material)
        self.week.value = week if week in weeks else WHOLE_COURSE if weeks else None

    def _request(self) -> ChangeMaterial:
        """What differs from what is stored, so that nothing else is changed."""
        material = self._shown.get(self.material.value)
        title, licence, week = self.title.value.strip(), self.licence.value.strip(), self.week.value
        return ChangeMaterial.model_validate(
            {
                "material": self.material.value,
                "title": title if title != _text(material, "title") else None,
                "week": week if week and week != _week(material) else None,
                "whole_course": week == WHOLE_COURSE != _week(material),
                "licence": licence if licence and licence != _text(material, "licence") else None,
                "without_licence": not licence and bool(_text(material, "licence")),
            }
        )


def _text(material: Mapping[Hashable, Any] | None, name: str) -> str:
    return "" if material is None or pd.isna(material[name]) else str(material[name])


def _week(material: Mapping[Hashable, Any] | None) -> int:
    return WHOLE_COURSE if material is None or pd.isna(material["week_number"]) else int(material["week_number"])
