"""Dashboards: choose, look, click, and see what is behind a number; they only read.

Each dashboard is imported when it is first used, so a notebook loads what its own dashboard needs and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmskit.dashboards.click_figure import ClickFigure
    from lmskit.dashboards.find_material import FindMaterialDashboard
    from lmskit.dashboards.knowledge import KnowledgeDashboard
    from lmskit.dashboards.mastery import MasteryDashboard
    from lmskit.dashboards.quiz_quality import QuizQualityDashboard
    from lmskit.dashboards.what_if import WhatIfDashboard

__all__ = ["ClickFigure", "FindMaterialDashboard", "KnowledgeDashboard", "MasteryDashboard", "QuizQualityDashboard", "WhatIfDashboard"]

_MODULES = {
    "ClickFigure": "click_figure",
    "FindMaterialDashboard": "find_material",
    "KnowledgeDashboard": "knowledge",
    "MasteryDashboard": "mastery",
    "QuizQualityDashboard": "quiz_quality",
    "WhatIfDashboard": "what_if",
}


def __getattr__(name: str) -> object:
    """Import the module of a dashboard when the dashboard is first used."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Offer only the public names to tab completion."""
    return __all__
