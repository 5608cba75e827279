"""Dashboards: choose, look, click, and see what is behind a number; they only read."""

from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.knowledge import KnowledgeDashboard
from lmskit.dashboards.mastery import MasteryDashboard
from lmskit.dashboards.quiz_quality import QuizQualityDashboard
from lmskit.dashboards.what_if import WhatIfDashboard

__all__ = ["ClickFigure", "KnowledgeDashboard", "MasteryDashboard", "QuizQualityDashboard", "WhatIfDashboard"]
