"""How good knowledge tracing is: predictions of answers by parameters that were fitted to other students' answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.bkt.fitting import fit
from lmskit.analytics.bkt.parameters import NEEDED
from lmskit.analytics.bkt.prediction import predict
from lmskit.analytics.bkt.responses import sequences_from
from lmskit.analytics.interval import beta_interval
from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

FOLDS = 5
SUREST = 1e-15
"""A prediction counts as no surer than this, so that one wrong answer that was ruled out does not make the log-loss infinite."""
FEWEST = 5
"""A learning curve leaves out positions that fewer students than this reached."""


def cross_validate(responses: pd.DataFrame, *, folds: int = FOLDS, forgetting: bool = False, seed: int = 0) -> pd.Series:
    """Divide the students into folds, and predict each fold's answers by parameters fitted to the other folds' answers.

    Parameters
    ----------
    responses, forgetting, seed
        As for `fit`; the seed also decides which students are in which fold.
    folds
        2 or more; with fewer students than folds, each student is a fold.

    Returns
    -------
    Series of float64
        P(correct) before each answer, with the index of `responses`. NaN where the other folds have no answer to the skill, and
        everywhere if there is only one student.

    Raises
    ------
    ColumnsMissingError, InputError
        As for `fit`; or there are fewer than 2 folds.

    Examples
    --------
    >>> several = pd.DataFrame({"student": np.repeat(range(9), 3), "skill": "sets", "correct": [0, 1, 1] * 9, "order": [1, 2, 3] * 9})
    >>> cross_validate(several, folds=3).between(0, 1).sum()
    np.int64(27)
    """
    if folds < 2:  # noqa: PLR2004 - with one fold, nothing is left to fit to
        raise InputError(f"Students are divided into 2 folds or more, not {folds}.")
    sequences_from(responses)  # wrong input is reported before anything is fitted
    code, students = pd.factorize(responses["student"], sort=True)
    fold_of = np.random.default_rng(seed).permutation(len(students)) % folds
    fold = fold_of[code] if len(students) else np.zeros(0, dtype=np.int64)
    chance = np.full(len(responses), np.nan)
    for held_out in np.unique(fold) if len(students) > 1 else ():
        fits = fit(responses[fold != held_out], forgetting=forgetting, seed=seed).dropna(subset=list(NEEDED))
        predicted = np.flatnonzero((fold == held_out) & responses["skill"].isin(fits.index).to_numpy())
        chance[predicted] = predict(responses.iloc[predicted], fits).to_numpy()
    return pd.Series(chance, index=responses.index, name="p_correct")


@dataclass(frozen=True)
class PredictionQuality:
    """How good predictions are.

    Attributes
    ----------
    n
        Answers that were predicted.
    auc
        The chance that of a right and a wrong answer the right one was predicted to be likelier, a tie counting half; 0.5 is guessing.
        NaN if the answers are all right or all wrong.
    rmse
        The root of the mean squared difference between prediction and answer; 0 to 1. NaN without answers.
    log_loss
        The mean of -ln P(the answer given); 0 or more, ln 2 = 0.693 for a coin. NaN without answers.
    """

    n: int
    auc: float
    rmse: float
    log_loss: float


def prediction_quality(correct: npt.ArrayLike, chance: npt.ArrayLike) -> PredictionQuality:
    """Compare predictions with the answers given; pairs with a missing part are left out.

    Parameters
    ----------
    correct
        1 right, 0 wrong, NaN missing; shape (n,).
    chance
        The predicted probability that each answer is right, 0 to 1, NaN missing; shape (n,).

    Returns
    -------
    PredictionQuality
        With NaN for what is not defined.

    Raises
    ------
    InputError
        There are not as many answers as predictions, or a number is out of range.

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
    given = np.where(right, expected, 1 - expected)
    return PredictionQuality(n, auc, float(np.sqrt(np.mean((1 - given) ** 2))), float(-np.log(np.clip(given, SUREST, 1)).mean()))


def calibration(correct: npt.ArrayLike, chance: npt.ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Compare predictions with answers, bin by bin, such as the share of right answers among those predicted with 70 to 80 %.

    Parameters
    ----------
    correct, chance
        As for `prediction_quality`.
    bins
        Number of equal bins that 0 to 1 is divided into, 1 to 100.

    Returns
    -------
    DataFrame
        One row per bin, empty bins included, with the columns

        ==========  =======  ==================================================================================
        from, to    float64  bounds; the upper bound belongs to the last bin only
        n           int64    answers with a prediction in the bin
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
        raise InputError(f"A calibration has 1 to 100 bins, not {bins}.")
    right, expected = _pairs(correct, chance)
    bin_of = np.searchsorted(np.arange(1, bins) / bins, expected, side="right")
    n = np.bincount(bin_of, minlength=bins)
    filled = n > 0
    predicted, observed = np.full(bins, np.nan), np.full(bins, np.nan)
    predicted[filled] = np.bincount(bin_of, weights=expected, minlength=bins)[filled] / n[filled]
    observed[filled] = np.bincount(bin_of, weights=right, minlength=bins)[filled] / n[filled]
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


def fit_and_validate(responses: pd.DataFrame, *, forgetting: bool = False, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Fit each skill, and measure how well fits to four fifths of the students predict the answers of the rest.

    Parameters
    ----------
    responses, forgetting, seed
        As for `fit`.

    Returns
    -------
    fits
        As `fit` returns them, with the columns `n_held_out`, `auc`, `rmse` and `log_loss` (see `PredictionQuality`).
    chance
        As `cross_validate` returns it.
    """
    fits = fit(responses, forgetting=forgetting, seed=seed)
    chance = cross_validate(responses, forgetting=forgetting, seed=seed)
    skill, correct = responses["skill"].to_numpy(), responses["correct"].to_numpy(dtype=np.float64, na_value=np.nan)
    qualities = [prediction_quality(correct[skill == name], chance.to_numpy()[skill == name]) for name in fits.index]
    columns = {column: [getattr(quality, field) for quality in qualities] for column, field in _QUALITY_COLUMNS.items()}
    dtypes = {column: "int64" if column == "n_held_out" else "float64" for column in _QUALITY_COLUMNS}
    return fits.assign(**columns).astype(dtypes), chance


_QUALITY_COLUMNS = {"n_held_out": "n", "auc": "auc", "rmse": "rmse", "log_loss": "log_loss"}


def learning_curve(responses: pd.DataFrame, chance: pd.Series) -> pd.DataFrame:
    """Follow the answers to one topic from each student's first to the last.

    Parameters
    ----------
    responses
        student, correct (0 or 1) and order, of one skill.
    chance
        The predicted probability that each answer is right, with the index of `responses`.

    Returns
    -------
    DataFrame
        One row per position that at least `FEWEST` students reached, and the first in any case, by position, with the columns

        =========  =======  ============================================================
        position   int64    1 for each student's first answer
        n          int64    students who reached it
        observed   float64  share of correct answers
        low, high  float64  central 90 % interval of that share
        predicted  float64  mean of the predictions; NaN where there is no prediction
        =========  =======  ============================================================

    Examples
    --------
    >>> responses = pd.DataFrame({"student": [1, 1, 2], "correct": [0, 1, 1], "order": [1, 2, 3]})
    >>> learning_curve(responses, pd.Series([0.5, 0.7, 0.5]))[["position", "n", "observed", "predicted"]].to_dict("records")
    [{'position': 1, 'n': 2, 'observed': 0.5, 'predicted': 0.5}]
    """
    in_order = responses.assign(chance=chance).sort_values("order", kind="stable")
    in_order["position"] = in_order.groupby("student").cumcount() + 1
    positions = in_order.groupby("position", as_index=False).agg(
        n=("correct", "size"), observed=("correct", "mean"), predicted=("chance", "mean")
    )
    kept = positions[(positions["n"] >= FEWEST) | (positions["position"] == 1)].reset_index(drop=True)
    low, high = beta_interval(kept["observed"].to_numpy(dtype=np.float64), kept["n"].to_numpy(dtype=np.float64))
    return kept.assign(low=low, high=high)
