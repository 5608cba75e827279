"""How good predictions of right and wrong answers are, judged by answers that were kept away from whatever made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

SUREST = 1e-15
"""A prediction counts as no surer than this, so that one wrong answer that was ruled out does not make the log-loss infinite."""


@dataclass(frozen=True)
class PredictionQuality:
    """How good predictions are.

    Attributes
    ----------
    n
        Answers that were predicted.
    auc
        The chance that of a right and a wrong answer the right one was thought likelier, a tie counting half; 0.5 is guessing. NaN
        where the answers are all right or all wrong.
    rmse
        The root of the mean squared difference between prediction and answer; 0 to 1. NaN without answers.
    log_loss
        The mean of -ln P(what was answered); 0 or more, ln 2 = 0.693 for a coin. NaN without answers.
    """

    n: int
    auc: float
    rmse: float
    log_loss: float


def prediction_quality(correct: npt.ArrayLike, chance: npt.ArrayLike) -> PredictionQuality:
    """Judge predictions; pairs of which one is missing are left out.

    Parameters
    ----------
    correct
        1 right, 0 wrong, NaN missing; shape (n,).
    chance
        What was thought of each before, 0 to 1, NaN missing; shape (n,).

    Returns
    -------
    PredictionQuality
        With NaN for what is not defined.

    Raises
    ------
    InputError
        There are not as many answers as predictions, or something is out of range.

    References
    ----------
    Hanley, McNeil (1982), The meaning and use of the area under a receiver operating characteristic curve.

    Examples
    --------
    >>> prediction_quality([1, 0, 1], [0.9, 0.4, 0.4])
    PredictionQuality(n=3, auc=0.75, rmse=0.420..., log_loss=0.510...)
    """
    right, expected = _pairs(correct, chance)
    n, n_right = len(right), int(right.sum())
    if not n:
        return PredictionQuality(0, float("nan"), float("nan"), float("nan"))
    auc = float("nan")
    if 0 < n_right < n:
        above = pd.Series(expected).rank().to_numpy()[right].sum() - n_right * (n_right + 1) / 2
        auc = float(above / n_right / (n - n_right))
    told = np.where(right, expected, 1 - expected)
    return PredictionQuality(n, auc, float(np.sqrt(np.mean((1 - told) ** 2))), float(-np.log(np.clip(told, SUREST, 1)).mean()))


def calibration(correct: npt.ArrayLike, chance: npt.ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Compare predictions with what happened, such as how many were right of the answers thought 70 to 80 % likely to be.

    Parameters
    ----------
    correct, chance
        As for `prediction_quality`.
    bins
        Into how many equal parts 0 to 1 is divided, 1 to 100.

    Returns
    -------
    DataFrame
        One row per part, also where it is empty, with the columns

        ==========  =======  ==================================================================================
        from, to    float64  bounds; the upper one belongs to the last part alone
        n           int64    answers predicted there
        predicted   float64  mean of the predictions; NaN without any
        observed    float64  share of right answers; NaN without any
        low, high   float64  central 90 % interval of that share, as if the answers were independent
        ==========  =======  ==================================================================================

    Examples
    --------
    >>> table = calibration([1, 0, 1, 1], [0.9, 0.4, 0.4, 0.8], bins=2)
    >>> table["n"].tolist(), table["predicted"].round(3).tolist(), table["observed"].tolist()
    ([2, 2], [0.4, 0.85], [0.5, 1.0])
    """
    if not 1 <= bins <= 100:  # noqa: PLR2004 - as the docstring says
        raise InputError(f"A calibration has 1 to 100 parts, not {bins}.")
    right, expected = _pairs(correct, chance)
    part = np.searchsorted(np.arange(1, bins) / bins, expected, side="right")
    n = np.bincount(part, minlength=bins)
    known = n > 0
    predicted, observed = np.full(bins, np.nan), np.full(bins, np.nan)
    predicted[known] = np.bincount(part, weights=expected, minlength=bins)[known] / n[known]
    observed[known] = np.bincount(part, weights=right, minlength=bins)[known] / n[known]
    low, high = beta_interval(observed, n.astype(np.float64))
    edges = np.arange(bins + 1) / bins
    return pd.DataFrame(
        {
            "from": edges[:-1],
            "to": edges[1:],
            "n": n.astype(np.int64),
            "predicted": predicted,
            "observed": observed,
            "low": low,
            "high": high,
        }
    )


def _pairs(correct: npt.ArrayLike, chance: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], Floats]:
    answers, expected = np.asarray(correct, dtype=np.float64), np.asarray(chance, dtype=np.float64)
    if answers.shape != expected.shape or answers.ndim != 1:
        raise InputError(f"Each prediction belongs to one answer, and there are {answers.size} answers and {expected.size} predictions.")
    known = ~(np.isnan(answers) | np.isnan(expected))
    answers, expected = answers[known], expected[known]
    if not (np.isin(answers, (0, 1)).all() and ((expected >= 0) & (expected <= 1)).all()):
        raise InputError("Answers are 1 for right or 0 for wrong, and predictions are probabilities from 0 to 1.")
    return answers == 1, expected
