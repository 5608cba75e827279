"""How good a quiz and its items are: classical test theory with Moodle's definitions, intervals, verdicts, options and drift."""

from lmskit.analytics.items.analysis import item_analysis, quiz_analysis
from lmskit.analytics.items.statistics import QuizStatistics, item_statistics, negative_covariance, quiz_statistics

__all__ = ["QuizStatistics", "item_analysis", "item_statistics", "negative_covariance", "quiz_analysis", "quiz_statistics"]
