"""Predict every answer by parameters that were fitted without its student."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lmskit.analytics.bkt.fitting import fit
from lmskit.analytics.bkt.parameters import NEEDED
from lmskit.analytics.bkt.prediction import predict
from lmskit.analytics.bkt.responses import sequences_from
from lmskit.errors import InputError

FOLDS = 5


def cross_validate(responses: pd.DataFrame, *, folds: int = FOLDS, forgetting: bool = False, seed: int = 0) -> pd.Series:
    """Divide the students into folds, and predict each fold's answers by parameters fitted to the other folds'.

    Parameters
    ----------
    responses, forgetting, seed
        As for `fit`; the seed decides who is in which fold, too.
    folds
        2 or more; with fewer students than that, each is a fold.

    Returns
    -------
    Series of float64
        P(correct) before each answer, with the index of `responses`. NaN where the other folds have no answer to the skill, and
        everywhere where there is only one student.

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
    sequences_from(responses)  # what is wrong is told before anything is fitted
    code, students = pd.factorize(responses["student"], sort=True)
    fold_of = np.random.default_rng(seed).permutation(len(students)) % folds
    fold = fold_of[code] if len(students) else np.zeros(0, dtype=np.int64)
    chance = np.full(len(responses), np.nan)
    for held_out in np.unique(fold) if len(students) > 1 else ():
        known = fit(responses[fold != held_out], forgetting=forgetting, seed=seed).dropna(subset=list(NEEDED))
        asked = np.flatnonzero((fold == held_out) & responses["skill"].isin(known.index).to_numpy())
        chance[asked] = predict(responses.iloc[asked], known).to_numpy()
    return pd.Series(chance, index=responses.index, name="p_correct")
