"""How often the interval of a mastery value holds the truth, found by simulation: students whose true share of right answers is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.mastery import estimate_of
from lmskit.analytics.what_if import evidence_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.analytics.rule_choice import RuleChoice


def interval_coverage(
    choices: Sequence[RuleChoice], counts: Sequence[int], *, n_students: int, prior: tuple[float, float] = (1.0, 1.0), seed: int = 0
) -> pd.DataFrame:
    """Measure how often the 90 % interval of each choice holds the truth.

    Each student has a true share of right answers, drawn from Beta(a, b), which stays as it is, and answers so many questions, each right
    with that probability. All choices see the same answers.

    Parameters
    ----------
    choices
        Rules that carry an interval, with their parameters.
    counts
        Numbers of questions, at least 1; each is a study of its own.
    n_students
        Simulated students for each of `counts`.
    prior
        a and b of the distribution of the truth; (1, 1) is uniform.
    seed
        Of the generator.

    Returns
    -------
    DataFrame
        One row per choice and count, by choice: choice (int64, from 1), rule, n_evidence, n_students, coverage (share of students whose
        truth the interval holds) and width (mean width of the interval).

    Examples
    --------
    >>> from lmskit.analytics.rule_choice import choice
    >>> table = interval_coverage([choice("average")], [10], n_students=2000)
    >>> bool(0.87 <= table["coverage"].item() <= 0.93)
    True
    """
    generator = np.random.default_rng(seed)
    rows = []
    for n in counts:
        truth = generator.beta(*prior, size=n_students)
        right = generator.random((n_students, n)) < truth[:, None]
        scores = pd.DataFrame(
            {
                "student": np.repeat(np.arange(n_students), n),
                "week": 1,
                "score": right.ravel().astype(np.float64),
                "max_score": 1.0,
                "submitted_at": np.tile(np.arange(n), n_students),
            }
        )
        evidence = evidence_for(scores, choices)
        for number, one in enumerate(choices, start=1):
            found = estimate_of(evidence, one.rule, one.parameters)
            low, high = found["low"].to_numpy(), found["high"].to_numpy()
            held = float(((low <= truth) & (truth <= high)).mean())
            rows.append((number, one.rule.name, n, n_students, held, float((high - low).mean())))
    table = pd.DataFrame(rows, columns=["choice", "rule", "n_evidence", "n_students", "coverage", "width"])
    return table.sort_values(["choice", "n_evidence"], ignore_index=True)
