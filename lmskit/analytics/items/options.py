"""What becomes of the options of a choice item: who chooses them, the strong or the weak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.analytics.items.bootstrap import RESAMPLES, bounds, item_resamples
from lmskit.analytics.items.marks import Marks
from lmskit.analytics.items.verdict import FEWEST
from lmskit.errors import InputError
from lmskit.vocabulary import OptionVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lmskit.analytics.items.marks import Floats

NO_ANSWER = "no answer"
OTHER = "no option of the question"
"""What stands in place of an option for attempts that chose none, and for answers that the question does not offer."""

IDLE_SHARE = 0.05
"""A wrong option that fewer than this share choose does not work (Tarrant, Ware, Mohammed 2009)."""


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
    """Count how many chose each option, and correlate that with the rest score.

    Parameters
    ----------
    responses
        Of each attempt: an option's id, a list of ids where several may be chosen, or None where nothing was answered. True and
        False are the options ``true`` and ``false``.
    rest
        The rest score of each attempt: its total without this item.
    options
        Ids of the options, in the order they are to be shown in.
    right
        Ids of the right ones; empty where there is no key.
    students, resamples, seed
        As for `item_analysis`.

    Returns
    -------
    DataFrame
        Indexed by ``option``: one row per option, then `NO_ANSWER` and `OTHER`. Where one option is chosen, n adds up to the
        attempts.

        ===================  =======  =========================================================================================
        n                    int64    attempts that chose it
        share                float64  of all attempts, 0 to 1; NaN without attempts
        share_low, _high     float64  90 % interval (Jeffreys)
        point_biserial       float64  correlation of choosing it with the rest score, -1 to 1; NaN where everybody or nobody did,
                                      or all rest scores are equal
        point_biserial_low,  float64  90 % bootstrap interval; NaN where it is undefined in more than 5 % of the resamples
        _high
        right                bool
        verdict              str      `OptionVerdict`, see below
        ===================  =======  =========================================================================================

        A wrong option is ``attractive`` where the interval of its point-biserial lies above 0: the strong choose it, so that it may
        be right, or mislead those who know. It is also attractive where more choose it than any right one. It is ``idle`` where fewer
        than 5 % choose it, and ``working`` otherwise. Below 30 students all of this is ``withheld``; without a key every option
        is judged by its point-biserial alone, and none is ``right``.

    Raises
    ------
    InputError
        Responses and rest scores are not of the same attempts, or an option is there twice.

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
    """Which attempt chose which option, shape (attempts, options + 2): the last two are no answer, and something else."""
    places = {option: position for position, option in enumerate(options)}
    chosen = np.zeros((len(responses), len(options) + 2))
    for attempt, response in enumerate(responses):
        several = list(response) if isinstance(response, list | tuple | np.ndarray) else [response]
        if not any(_answered(one) for one in several):
            chosen[attempt, -2] = 1
            continue
        for one in several:
            name = str(one).lower() if isinstance(one, bool | np.bool_) else one
            chosen[attempt, places.get(name, -1) if isinstance(name, str) else -1] = 1
    return chosen


def _answered(response: object) -> bool:
    return response is not None and response is not pd.NA and response is not pd.NaT and response == response and response != ""  # noqa: PLR0124 - NaN


def _point_biserials(
    chosen: Floats, rest: Floats, students: npt.ArrayLike | None, resamples: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Correlate each column with the rest score: as if the option were an item, and the rest score the only other one."""
    n_options = chosen.shape[1]
    found = [np.full(n_options, np.nan) for _ in range(3)]
    scale = float(np.abs(rest).max(initial=0.0)) or 1.0
    for position in range(n_options):
        pair = np.stack([chosen[:, position], rest / scale], axis=1)
        marks = Marks(pd.Index(["option", "rest"]), pair, np.ones(2), 0)
        value = _correlation(*pair.T)
        resampled = item_resamples(marks, students=students, resamples=resamples, seed=seed)["discrimination_index"][:, :1]
        low, high = bounds(resampled, [value])
        for place, number in zip(found, (value, low[0], high[0]), strict=True):
            place[position] = number
    return found[0], found[1], found[2]


def _correlation(chosen: Floats, rest: Floats) -> float:
    a, b = chosen - (chosen.mean() if len(chosen) else 0.0), rest - (rest.mean() if len(rest) else 0.0)
    squares = float(a @ a) * float(b @ b)
    return float(np.clip(a @ b / np.sqrt(squares), -1, 1)) if squares > 1e-18 else float("nan")  # noqa: PLR2004  # rounding is no spread


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
