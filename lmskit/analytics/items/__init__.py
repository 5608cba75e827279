"""Quality of a quiz and its items: classical test theory with Moodle's definitions, intervals, verdicts, options and drift."""

from lmskit.analytics.items.analysis import item_analysis, quiz_analysis
from lmskit.analytics.items.drift import ItemDrift, RunScores, item_drift
from lmskit.analytics.items.options import NO_ANSWER, OTHER, option_statistics
from lmskit.analytics.items.scores import counted_attempts
from lmskit.analytics.items.statistics import QuizStatistics, item_statistics, negative_covariance, quiz_statistics

__all__ = [
    "NO_ANSWER",
    "OTHER",
    "ItemDrift",
    "QuizStatistics",
    "RunScores",
    "counted_attempts",
    "item_analysis",
    "item_drift",
    "item_statistics",
    "negative_covariance",
    "option_statistics",
    "quiz_analysis",
    "quiz_statistics",
]
