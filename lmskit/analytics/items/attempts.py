"""Which attempts count: a student's first, last, best, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.errors import ColumnsMissingError
from lmskit.vocabulary import CountedAttempts

if TYPE_CHECKING:
    import numpy.typing as npt


def counted_attempts(attempts: pd.DataFrame, total: npt.ArrayLike, which: CountedAttempts) -> npt.NDArray[np.bool_]:
    """Choose the attempts that statistics rest on.

    Parameters
    ----------
    attempts
        One row per graded attempt: student_id and number.
    total
        The marks of each attempt in all.
    which
        ``first`` is the usual one: later attempts build on the feedback of earlier ones. Of several ``highest`` ones the first
        counts. With ``all`` the attempts of one student are not independent, and intervals have to be told who made them.

    Returns
    -------
    array of bool
        One per row; but for ``all``, one row per student is true.

    Raises
    ------
    ColumnsMissingError
        A column is missing.

    Examples
    --------
    >>> attempts = pd.DataFrame({"student_id": [1, 1, 1, 2], "number": [1, 2, 3, 1]})
    >>> counted_attempts(attempts, [5, 9, 9, 3], CountedAttempts.HIGHEST).tolist()
    [False, True, False, True]
    """
    missing = [column for column in ("student_id", "number") if column not in attempts.columns]
    if missing:
        raise ColumnsMissingError(subject="The choice of attempts", missing=missing, present=[str(name) for name in attempts.columns])
    if which is CountedAttempts.ALL:
        return np.ones(len(attempts), dtype=np.bool_)
    table = pd.DataFrame(
        {
            "student": attempts["student_id"].to_numpy(),
            "number": attempts["number"].to_numpy(),
            "total": np.asarray(total, dtype=np.float64),
            "place": np.arange(len(attempts)),
        }
    )
    order = {
        CountedAttempts.FIRST: (["number"], [True]),
        CountedAttempts.LAST: (["number"], [False]),
        CountedAttempts.HIGHEST: (["total", "number"], [False, True]),
    }
    columns, ascending = order[which]
    kept = table.sort_values(columns, ascending=ascending, kind="stable").drop_duplicates("student")
    chosen = np.zeros(len(attempts), dtype=np.bool_)
    chosen[kept["place"].to_numpy()] = True
    return chosen
