"""Changes of items between terms: whether an item became easier or harder, or discriminates differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.analytics.items.analysis import FEWEST, analysis_from_resamples
from lmskit.analytics.items.bootstrap import MOST_UNDEFINED, item_resamples
from lmskit.analytics.items.scores import validated_scores
from lmskit.analytics.items.statistics import item_statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.items.scores import Floats

SIGNIFICANT = 0.05
"""An adjusted p-value below this is reported as a change."""
INDICES = ("facility", "discrimination_index")
"""The indices that are compared between terms."""


@dataclass(frozen=True)
class RunScores:
    """The scores of one run of a quiz. Columns with the same name in other runs are the same item.

    Include all items of the run, shared or not: the rest score is computed from all of them.
    """

    run: str
    scores: pd.DataFrame
    max_scores: Mapping[Any, float] | pd.Series
    students: npt.ArrayLike | None = None


@dataclass(frozen=True)
class ItemDrift:
    """Statistics of items by run, and their changes.

    Attributes
    ----------
    by_run
        One row per item and run that contains it, in the order of items and runs: item, run, n (attempts), n_students, and for each of
        `INDICES` its value and ``_low``, ``_high`` (90 % bootstrap interval).
    changes
        One row per item and index, for items in at least two runs: item, index, runs (number of runs compared), first, last (the values
        in the first and last of these), change (last - first), p (of no change), p_adjusted (Holm, over all rows with a p) and changed
        (p_adjusted below 0.05). NaN and False if fewer than two runs could be compared.
    """

    by_run: pd.DataFrame
    changes: pd.DataFrame


def item_drift(runs: list[RunScores], *, items: list[Any] | None = None, seed: int = 0) -> ItemDrift:
    """Compare items between runs, and test whether they changed.

    A run is compared if it has at least 30 students and the error of the index can be estimated. Both tests are Cochran's: with
    estimates e of variance v in K runs and weights w = 1/v, Σ w(e - ē)² is χ² with K - 1 degrees of freedom if nothing changed.
    For the facility, v is the variance of the mean, with one observation of the variance over all runs together added to each, so
    that a run with equal answers is not treated as certain. For the discrimination index, e is Fisher's z and v its bootstrap
    variance. Because many items are tested, p-values are adjusted by Holm's method: if nothing changed, the chance of reporting any
    change is about 5 %.

    A change of the facility can be a change of the class instead of the item; if all items change alike, it is.

    Parameters
    ----------
    runs
        In order of time.
    items
        Items to compare; by default those of the last run.
    seed
        Seed of the bootstrap.

    References
    ----------
    Cochran (1954), The combination of estimates from different experiments, Biometrics 10(1). Holm (1979), A simple sequentially
    rejective multiple test procedure, Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> def run(name, right):
    ...     scores = pd.DataFrame({"q1": [1] * right + [0] * (60 - right), "q2": [1, 0, 1, 1, 0, 0] * 10})
    ...     return RunScores(name, scores, {"q1": 1, "q2": 1})
    >>> drift = item_drift([run("spring", 20), run("autumn", 50)])
    >>> drift.changes.loc[drift.changes["changed"], ["item", "index", "change"]].to_dict("records")
    [{'item': 'q1', 'index': 'facility', 'change': 0.5}]
    """
    wanted = items if items is not None else list(runs[-1].scores.columns) if runs else []
    rows: list[dict[str, Any]] = []
    estimates: dict[tuple[Any, str], list[tuple[float, float, float, int]]] = {}
    for run in runs:
        shared = [item for item in wanted if item in run.scores.columns]
        resampled = item_resamples(validated_scores(run.scores, run.max_scores), students=run.students, seed=seed)
        table = analysis_from_resamples(run.scores, run.max_scores, resampled, students=run.students).to_dict("index")
        spread = _error_of_discrimination(run, resampled["discrimination_index"])
        variance = (item_statistics(run.scores, run.max_scores)["sd"] / _maxima(run)) ** 2
        for item in shared:
            row: dict[Any, Any] = table[item]
            rows.append({"item": item, "run": run.run, **{name: row[name] for name in _BY_RUN[2:]}})
            n = int(row["n_students"])
            if n < FEWEST:
                continue
            if np.isfinite(variance[item]):
                estimates.setdefault((item, INDICES[0]), []).append((row["facility"], row["facility"], variance[item], n))
            if np.isfinite(spread[item]):
                z = float(np.arctanh(np.clip(row["discrimination_index"], -_STEEPEST, _STEEPEST)))
                estimates.setdefault((item, INDICES[1]), []).append((row["discrimination_index"], z, spread[item], n))
    by_run = pd.DataFrame(rows, columns=_BY_RUN).astype({"run": "str", "n": "int64", "n_students": "int64"})
    order = {item: number for number, item in enumerate(wanted)}
    by_run = by_run.sort_values("item", key=lambda column: column.map(order), kind="stable", ignore_index=True)
    n_runs = by_run["item"].value_counts()
    changes = [_change(item, index, estimates.get((item, index), [])) for item in wanted if n_runs.get(item, 0) > 1 for index in INDICES]
    return ItemDrift(by_run, _adjusted(pd.DataFrame(changes, columns=_CHANGES)))


_BY_RUN = ["item", "run", "n", "n_students", *(f"{name}{end}" for name in INDICES for end in ("", "_low", "_high"))]
_CHANGES = ["item", "index", "runs", "first", "last", "change", "p"]
_STEEPEST = 0.999
"""Fisher's z of a correlation of 1 is infinite."""


def _maxima(run: RunScores) -> pd.Series:
    maxima = pd.Series({item: float(run.max_scores[item]) for item in run.scores.columns}, dtype="float64")
    return maxima.where(maxima > 0)


def _error_of_discrimination(run: RunScores, resampled: Floats) -> pd.Series:
    """The bootstrap variance of Fisher's z of each item's discrimination index; NaN if it is undefined in too many resamples."""
    z = np.arctanh(np.clip(resampled, -_STEEPEST, _STEEPEST))
    variances = [
        float(np.nanvar(column, ddof=1)) if np.isnan(column).mean() <= MOST_UNDEFINED and len(run.scores) > 1 else np.nan for column in z.T
    ]
    variance = pd.Series(variances, index=run.scores.columns, dtype="float64")
    return variance.where(variance > 0)


def _change(item: Any, index: str, estimates: list[tuple[float, float, float, int]]) -> dict[str, Any]:  # noqa: ANN401  # any name
    row = {"item": item, "index": index, "runs": len(estimates), "first": np.nan, "last": np.nan, "change": np.nan, "p": np.nan}
    if len(estimates) < 2:  # noqa: PLR2004  # a change takes two
        return row
    shown, values, variances, n = (np.array(column, dtype=np.float64) for column in zip(*estimates, strict=True))
    if index == INDICES[0]:
        pooled = float(np.average(variances + (values - np.average(values, weights=n)) ** 2, weights=n))
        variances = ((n - 1) * variances + pooled) / n**2
    return row | {"first": shown[0], "last": shown[-1], "change": shown[-1] - shown[0], "p": _p_of_no_change(values, variances)}


def _p_of_no_change(values: Floats, variances: Floats) -> float:
    """Cochran's test of homogeneity; 1 if nothing varies, within runs or between them."""
    from scipy.special import chdtrc  # takes long to import, so that only computing pays for it

    if not (variances > 0).all():
        return 1.0
    weights = 1 / variances
    centre = (weights * values).sum() / weights.sum()
    return float(chdtrc(len(values) - 1, (weights * (values - centre) ** 2).sum()))


def _adjusted(changes: pd.DataFrame) -> pd.DataFrame:
    """Holm's step-down: the smallest of m p-values times m, the next times m - 1, and so on, never falling."""
    p = changes["p"].astype("float64")
    known = p.dropna().sort_values(kind="stable")
    steps = np.maximum.accumulate(known.to_numpy() * np.arange(len(known), 0, -1)) if len(known) else known.to_numpy()
    changes["p_adjusted"] = pd.Series(np.minimum(steps, 1.0), index=known.index, dtype="float64").reindex(changes.index)
    changes["changed"] = changes["p_adjusted"] < SIGNIFICANT
    return changes.astype({"index": "str", "runs": "int64", "first": "float64", "last": "float64", "change": "float64", "p": "float64"})
