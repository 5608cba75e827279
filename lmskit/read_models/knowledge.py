"""Knowledge tracing in a course: the stored fits, and a fit in memory with a check of its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmskit.analytics.bkt import (
    PredictionQuality,
    calibration,
    fit_and_validate,
    learning_curve,
    prediction_quality,
    responses_from_evidence,
)
from lmskit.queries.course import course_by_code, narrow, syllabus
from lmskit.queries.evidence import course_responses
from lmskit.queries.knowledge import knowledge_fits
from lmskit.queries.page import MAX_PAGE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FEW_STUDENTS = 30
"""A fit to fewer students than this is noted as uncertain."""
CONSTRAINED, NOT_CONVERGED, FEW = "constrained", "not converged", "few students"
"""Notes on a fit that should not be relied on."""


@dataclass(frozen=True)
class CourseAnswers:
    """The answers of a course and its stored fits, from one snapshot.

    Attributes
    ----------
    course
        Code of the course.
    topics
        Topic of each week of the syllabus.
    responses
        The answers as `lmskit.analytics.bkt.fit` takes them; the weeks are the skills.
    stored
        The stored fits, as `lmskit.queries.knowledge.knowledge_fits` gives them.
    """

    course: str
    topics: Mapping[int, str]
    responses: pd.DataFrame
    stored: pd.DataFrame


@dataclass(frozen=True)
class FitPreview:
    """A fit in memory, with its predictions of students it was not fitted to.

    Attributes
    ----------
    fits
        By week, as `lmskit.analytics.bkt.fit_and_validate` gives them.
    quality
        Quality of the predictions, over all weeks together.
    calibration
        Predicted against observed, over all weeks together, as `lmskit.analytics.bkt.calibration` gives it.
    learning_curves
        By week, as `lmskit.analytics.bkt.learning_curve` gives them.
    """

    fits: pd.DataFrame
    quality: PredictionQuality
    calibration: pd.DataFrame
    learning_curves: Mapping[int, pd.DataFrame]

    @property
    def constrained_weeks(self) -> list[int]:
        """The weeks whose fit is constrained: the likeliest one was degenerate."""
        weeks: list[int] = self.fits.index[self.fits["constrained"]].tolist()
        return weeks


def course_answers(session: Session, course: str, *, correct_from: float = 1.0) -> CourseAnswers:
    """Read all answers of a course, and its stored fits.

    Parameters
    ----------
    session
        Of the person who looks.
    course
        Code of the course.
    correct_from
        An answer that earned at least this share of its points is correct.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    weeks = syllabus(session, course, limit=MAX_PAGE)
    evidence = course_responses(session, [course_by_code(session, course).id])
    return CourseAnswers(
        course=course,
        topics=dict(zip(weeks["week_number"].tolist(), weeks["topic"].tolist(), strict=True)),
        responses=responses_from_evidence(evidence, correct_from=correct_from),
        stored=knowledge_fits(session, course, limit=MAX_PAGE),
    )


def fit_preview(answers: CourseAnswers, *, forgetting: bool) -> FitPreview:
    """Fit the answers in memory, and predict each of five folds of the students by a fit to the others."""
    responses = answers.responses
    fits, chance = fit_and_validate(responses, forgetting=forgetting)
    curves = {int(str(week)): learning_curve(rows, chance.loc[rows.index]) for week, rows in responses.groupby("skill")}
    return FitPreview(fits, prediction_quality(responses["correct"], chance), calibration(responses["correct"], chance), curves)


def fit_notes(fit: Mapping[Any, Any]) -> list[str]:
    """List why a fit should not be relied on; empty if there is no reason.

    Examples
    --------
    >>> fit_notes({"constrained": True, "converged": True, "n_students": 12})
    ['constrained', 'few students']
    """
    noted = {CONSTRAINED: fit["constrained"], NOT_CONVERGED: not fit["converged"], FEW: fit["n_students"] < FEW_STUDENTS}
    return [note for note, holds in noted.items() if holds]
