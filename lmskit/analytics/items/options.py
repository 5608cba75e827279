"""Statistics of the options of a choice item: how many choose each, and whether these are the strong or the weak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.analytics.items.analysis import FEWEST
from lmskit.analytics.items.bootstrap import RESAMPLES, bounds, item_resamples
from lmskit.analytics.items.scores import ItemScores
from lmskit.errors import InputError
from lmskit.vocabulary import OptionVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lmskit.analytics.items.scores import Floats

NO_ANSWER = "no answer"
OTHER = "no option of the question"
"""Shown instead of an option for attempts without an answer, and for answers that are not options of the question."""

IDLE_SHARE = 0.05
"""A wrong option chosen by a smaller share than this does not work (Tarrant, Ware, Mohammed 2009)."""


def option_statistics(
    responses: Sequence[object],
    rest: npt.ArrayLike,
    *,
    options: Sequence[str],
    right: Sequence[str] = (),
    students: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Count the attempts that chose each option, and correlate the choice with the rest score.

    Parameters
    ----------
    responses
        For each attempt: the id of an option, a list of ids if several may be chosen, or None without an answer. True and False are
        the options ``true`` and ``false``.
    rest
        The rest score of each attempt: its total without this item.
    options
        Ids of the options, in the order in which they are shown.
    right
        Ids of the right options; empty without a key.
    students, resamples, seed
        As for `item_analysis`.

    Returns
    -------
    DataFrame
        Indexed by ``option``: one row per option, then `NO_ANSWER` and `OTHER`. If an attempt chooses one option, n adds up to the
        number of attempts.

        ===================  =======  =========================================================================================
        n                    int64    attempts that chose it
        share                float64  of all attempts, 0 to 1; NaN without attempts
        share_low, _high     float64  90 % interval (Jeffreys)
        point_biserial       float64  correlation of choosing it with the rest score, -1 to 1; NaN if all or no attempts chose it,
                                      or all rest scores are equal
        point_biserial_low,  float64  90 % bootstrap interval; NaN if it is undefined in more than 5 % of the resamples
        _high
        right                bool
        verdict              str      `OptionVerdict`, see below
        ===================  =======  =========================================================================================

        A wrong option is ``attractive`` if the interval of its point-biserial lies above 0: strong students choose it, so that it may
        be right, or mislead those who know. It is also attractive if more attempts choose it than any right option. It is ``idle`` if
        less than 5 % choose it, and ``working`` otherwise. With fewer than 30 students these verdicts are ``withheld``. Without a key
        the verdict on every option is by its point-biserial alone, and no option is ``right``.

    Raises
    ------
    InputError
        There are not as many responses as rest scores, or an option is there twice.

    References
    ----------
    Tarrant, Ware, Mohammed (2009), An assessment of functioning and non-functioning distractors in multiple-choice questions,
    BMC Medical Education 9:40.

    Examples
    --------
    >>> table = option_statistics(["a"] * 20 + ["b"] * 20, [1] * 10 + [2] * 10 + [2] * 10 + [3] * 10, options=["a", "b"], right=["a"])
    >>> table["verdict"].tolist()
    ['right', 'attractive', 'no_option', 'no_option']
    """
    totals = np.asarray(rest, dtype=np.float64)
    if len(responses) != len(totals):
        raise InputError(f"There are {len(responses)} responses and {len(totals)} rest scores; both are of the same attempts.")
    if len(set(options)) != len(options):
        raise InputError("An option is there twice. Give each option an id of its own.")
    chosen = _chosen(responses, options)
    n = len(totals)
    counts = chosen.sum(axis=0).astype(np.int64)
    share = counts / n if n else np.full(len(counts), np.nan)
    share_low, share_high = beta_interval(share, np.full(len(counts), n))
    correlation, low, high = _point_biserials(chosen, totals, students, resamples, seed)
    names = [*options, NO_ANSWER, OTHER]
    table = pd.DataFrame(
        {
            "n": counts,
            "share": share,
            "share_low": share_low,
            "share_high": share_high,
            "point_biserial": correlation,
            "point_biserial_low": low,
            "point_biserial_high": high,
            "right": [position < len(options) and name in right for position, name in enumerate(names)],
        },
        index=pd.Index(names, name="option", dtype="str"),
    )
    table["verdict"] = pd.Series(
        _verdicts(table, n if students is None else len(pd.unique(np.asarray(students))), len(options)), index=table.index, dtype="str"
    )
    return table


def _chosen(responses: Sequence[object], options: Sequence[str]) -> Floats:
    """Whether each attempt chose each option, shape (attempts, options + 2): the last two columns: no answer, other answers."""
    columns = {option: column for column, option in enumerate(options)}
    chosen = np.zeros((len(responses), len(options) + 2))
    for attempt, response in enumerate(responses):
        several = list(response) if isinstance(response, list | tuple | np.ndarray) else [response]
        if not any(_answered(value) for value in several):
            chosen[attempt, -2] = 1
            continue
        for value in several:
            name = str(value).lower() if isinstance(value, bool | np.bool_) else value
            chosen[attempt, columns.get(name, -1) if isinstance(name, str) else -1] = 1
    return chosen


def _answered(response: object) -> bool:
    return response is not None and response is not pd.NA and response is not pd.NaT and response == response and response != ""  # noqa: PLR0124 - NaN


def _point_biserials(
    chosen: Floats, rest: Floats, students: npt.ArrayLike | None, resamples: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Correlate each column with the rest score, as if the option were an item and the rest score the only other item."""
    n_options = chosen.shape[1]
    value, low, high = (np.full(n_options, np.nan) for _ in range(3))
    scale = float(np.abs(rest).max(initial=0.0)) or 1.0
    for position in range(n_options):
        pair = np.stack([chosen[:, position], rest / scale], axis=1)
        scores = ItemScores(pd.Index(["option", "rest"]), pair, np.ones(2), 0)
        value[position] = _correlation(*pair.T)
        resampled = item_resamples(scores, students=students, resamples=resamples, seed=seed)["discrimination_index"][:, :1]
        ends = bounds(resampled, value[position : position + 1])
        low[position], high[position] = ends[0][0], ends[1][0]
    return value, low, high


def _correlation(chosen: Floats, rest: Floats) -> float:
    a, b = chosen - (chosen.mean() if len(chosen) else 0.0), rest - (rest.mean() if len(rest) else 0.0)
    squares = float(a @ a) * float(b @ b)
    return float(np.clip(a @ b / np.sqrt(squares), -1, 1)) if squares > 1e-18 else float("nan")  # noqa: PLR2004  # a rounding error is not a spread


def _verdicts(table: pd.DataFrame, n_students: int, n_options: int) -> list[str]:
    most_right = int(table.loc[table["right"], "n"].max()) if table["right"].any() else None
    verdicts = []
    for position, row in enumerate(table.to_dict("records")):
        draws_strong = row["point_biserial_low"] > 0
        draws_many = most_right is not None and row["n"] > most_right
        if position >= n_options:
            verdicts.append(OptionVerdict.NO_OPTION.value)
        elif row["right"]:
            verdicts.append(OptionVerdict.RIGHT.value)
        elif n_students < FEWEST:
            verdicts.append(OptionVerdict.WITHHELD.value)
        elif draws_strong or draws_many:
            verdicts.append(OptionVerdict.ATTRACTIVE.value)
        else:
            verdicts.append(OptionVerdict.IDLE.value if row["share"] < IDLE_SHARE else OptionVerdict.WORKING.value)
    return verdicts
