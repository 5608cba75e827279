"""Dashboards: choose, look, click, see what lies behind; they only read."""

from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.knowledge import KnowledgeDashboard
from lmskit.dashboards.mastery import MasteryDashboard
from lmskit.dashboards.quiz_quality import QuizQuality
from lmskit.dashboards.what_if import WhatIf

__all__ = ["ClickFigure", "KnowledgeDashboard", "MasteryDashboard", "QuizQuality", "WhatIf"]
