"""What the view of knowledge tracing shows: stored fits, and a fit made in memory for looking at."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lmskit.analytics.held_out import PredictionQuality, calibration, prediction_quality
from lmskit.analytics.traced import learning_places, responses_from, topic_fits
from lmskit.db import Opener
from lmskit.queries.course import course_by_code, narrow, syllabus
from lmskit.queries.evidence import course_responses
from lmskit.queries.knowledge import knowledge_fits
from lmskit.queries.page import MAX_PAGE
from lmskit.rounding import number_text, percent_text

FEW_STUDENTS = 30
"""A fit to fewer students than this says little, and the view says so."""


@dataclass(frozen=True)
class CourseAnswers:
    """The answers of a course and the fits that are stored for it, as of one moment.

    Attributes
    ----------
    topics
        By week.
    responses
        As `lmskit.analytics.bkt.fit` takes them; the weeks are the skills.
    stored
        As `knowledge_fits` gives them.
    """

    course: str
    topics: Mapping[int, str]
    responses: pd.DataFrame
    stored: pd.DataFrame


@dataclass(frozen=True)
class Preview:
    """A fit in memory, and how good it is for students it was not fitted to.

    Attributes
    ----------
    fits
        By week, as `lmskit.analytics.traced.topic_fits` gives them.
    quality
        Over all weeks together.
    parts
        The calibration over all weeks together.
    places
        By week, the learning curve.
    """

    fits: pd.DataFrame
    quality: PredictionQuality
    parts: pd.DataFrame
    places: Mapping[int, pd.DataFrame]


def read_answers(opened: Opener, course: str, *, correct_from: float = 1.0) -> CourseAnswers:
    """Read all answers of a course, and its stored fits.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    with opened() as session:
        narrow(session, course)
        weeks = syllabus(session, course, limit=MAX_PAGE)
        evidence = course_responses(session, [course_by_code(session, course).id])
        stored = knowledge_fits(session, course, limit=MAX_PAGE)
    topics = dict(zip(weeks["week_number"].tolist(), weeks["topic"].tolist(), strict=True))
    return CourseAnswers(course, topics, responses_from(evidence, correct_from=correct_from), stored)


def preview(answers: CourseAnswers, *, forgetting: bool) -> Preview:
    """Fit in memory what was answered, five folds of students besides."""
    responses = answers.responses
    fits, chance = topic_fits(responses, forgetting=forgetting)
    places = {int(str(week)): learning_places(rows, chance.loc[rows.index]) for week, rows in responses.groupby("skill")}
    return Preview(fits, prediction_quality(responses["correct"], chance), calibration(responses["correct"], chance), places)


def fits_table(fits: pd.DataFrame) -> pd.DataFrame:
    """Write fits in numbers, one row per week, with a note on those that are not to be relied on."""
    rows = [
        {
            "Week": week,
            "Prior": number_text(row["prior"]),
            "Learn": number_text(row["learn"]),
            "Guess": number_text(row["guess"]),
            "Slip": number_text(row["slip"]),
            "Forget": number_text(row["forget"]),
            "Students": row["n_students"],
            "Answers": row["n_answers"],
            "AUC": number_text(row["auc"]),
            "RMSE": number_text(row["rmse"]),
            "Log-loss": number_text(row["log_loss"]),
            "Note": ", ".join(_notes(row)),
        }
        for week, row in zip(fits.index.tolist(), fits.to_dict("records"), strict=True)
    ]
    columns = ["Week", "Prior", "Learn", "Guess", "Slip", "Forget", "Students", "Answers", "AUC", "RMSE", "Log-loss", "Note"]
    return pd.DataFrame(rows, columns=columns)


def words_table(fits: pd.DataFrame, topics: Mapping[int, str]) -> pd.DataFrame:
    """Write fits in words, one row per week."""
    rows = [
        {"Week": week, "Topic": topics.get(week, "–"), "In words": in_words(row)}
        for week, row in zip(fits.index.tolist(), fits.to_dict("records"), strict=True)
    ]
    return pd.DataFrame(rows, columns=["Week", "Topic", "In words"])


def in_words(fit: Mapping[Hashable, Any]) -> str:
    """Say what the parameters of a week mean, and how far to trust them.

    Examples
    --------
    >>> fit = {"prior": 0.4, "learn": 0.2, "guess": 0.25, "slip": 0.1, "forget": 0.0, "constrained": False, "converged": True}
    >>> in_words(fit | {"n_students": 80})
    '40 % knew it before; of the others, 20 % learn it with each answer. Without knowing it, 25 % of answers are correct; knowing it, 90 %.'
    """
    if pd.isna(fit["prior"]):
        return "Nothing can be said: no answer counts."
    told = f"{percent_text(fit['prior'])} knew it before; of the others, {percent_text(fit['learn'])} learn it with each answer. "
    told += f"Without knowing it, {percent_text(fit['guess'])} of answers are correct; knowing it, {percent_text(1 - fit['slip'])}."
    if fit["forget"] > 0:
        told += f" {percent_text(fit['forget'])} forget it between two answers."
    sentences = {
        DEGENERATE: "Degenerate: these answers are likeliest if knowing the topic makes correct ones rarer. This is the best fit that "
        "makes sense; do not rely on it.",
        NOT_SETTLED: "The fit did not settle.",
        FEW: f"Few students: with fewer than {FEW_STUDENTS}, these numbers could as well be others.",
    }
    return " ".join([told, *(sentences[note] for note in _notes(fit))])


DEGENERATE, NOT_SETTLED, FEW = "degenerate", "not settled", "few students"


def _notes(fit: Mapping[Hashable, Any]) -> list[str]:
    noted = {DEGENERATE: fit["constrained"], NOT_SETTLED: not fit["converged"], FEW: fit["n_students"] < FEW_STUDENTS}
    return [note for note, holds in noted.items() if holds]
