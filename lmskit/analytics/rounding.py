"""Rounding for display, under the name analysts look for; the rule itself stands in `lmskit.rounding`, where charts reach it too."""

from __future__ import annotations

from lmskit.rounding import MISSING, number_text, percent_text, round_half_up

__all__ = ["MISSING", "number_text", "percent_text", "round_half_up"]
