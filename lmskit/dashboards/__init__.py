"""Dashboards: choose, look, click, see what lies behind; they only read."""

from lmskit.dashboards.click_figure import ClickFigure
from lmskit.dashboards.mastery import MasteryDashboard

__all__ = ["ClickFigure", "MasteryDashboard"]
