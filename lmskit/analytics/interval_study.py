"""How often the interval of a mastery value contains the truth, by simulation: students whose true share of right answers is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.mastery import estimate_by, evidence_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.configured_rule import ConfiguredRule


def interval_coverage(
    rules: Sequence[ConfiguredRule], counts: Sequence[int], *, n_students: int, prior: tuple[float, float] = (1.0, 1.0), seed: int = 0
) -> pd.DataFrame:
    """Measure how often the 90 % interval of each rule contains the truth.

    Each student has a constant true share of right answers, drawn from Beta(a, b), and answers a number of questions, each right with
    that probability. All rules are given the same answers.

    Parameters
    ----------
    rules
        Rules that have an interval.
    counts
        Numbers of questions, at least 1; one study for each.
    n_students
        Simulated students for each of `counts`.
    prior
        a and b of the distribution of the truth; (1, 1) is uniform.
    seed
        Of the generator.

    Returns
    -------
    DataFrame
        One row per rule and count, by rule: number (int64, of the rule, from 1), rule, n_evidence, n_students, coverage (share of
        students whose interval contains the truth) and width (mean width of the interval).

    Examples
    --------
    >>> from lmskit.analytics.rules import configured
    >>> table = interval_coverage([configured("average")], [10], n_students=2000)
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
        evidence = evidence_for(scores, rules)
        for number, rule in enumerate(rules, start=1):
            found = estimate_by(rule, evidence)
            low, high = found["low"].to_numpy(), found["high"].to_numpy()
            coverage = float(((low <= truth) & (truth <= high)).mean())
            rows.append((number, rule.name, n, n_students, coverage, float((high - low).mean())))
    table = pd.DataFrame(rows, columns=["number", "rule", "n_evidence", "n_students", "coverage", "width"])
    return table.sort_values(["number", "n_evidence"], ignore_index=True)
