"""Pseudonyms, and how many people share what others could know of them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

HIDDEN = "*"
"""Stands for a value that fewer people share than may be."""
LEAST = 5
"""People who have to share what others could know of them, by default."""
LENGTH = 20
"""Hexadecimal digits of a pseudonym: 80 bits, so that of a million people no two have the same."""


def pseudonym(secret: bytes, *parts: object) -> str:
    """A name for what the parts name, which nobody can compute or check without the secret: HMAC-SHA-256, shortened.

    A plain hash would not do: with a list of addresses, a person hashes them all and compares.

    Examples
    --------
    >>> pseudonym(b"of this export", "AAA-2013J", 31) == pseudonym(b"of this export", "AAA-2013J", 31)
    True
    >>> pseudonym(b"of this export", "AAA-2013J", 31) == pseudonym(b"of another", "AAA-2013J", 31)
    False
    """
    # Each part with its length, so that ("a", "bc") and ("ab", "c") differ.
    written = "".join(f"{len(str(part))}:{part}" for part in parts)
    return hmac.new(secret, written.encode(), hashlib.sha256).hexdigest()[:LENGTH]


@dataclass(frozen=True, slots=True)
class Anonymity:
    """How well the people of a table are hidden among each other.

    `smallest_before` and `smallest` are the sizes of the smallest group of people with equal values, before and after values were
    hidden; `n_hidden` counts hidden values by column.
    """

    n_people: int
    smallest_before: int
    smallest: int
    n_hidden: dict[str, int]


def with_small_groups_hidden(people: pd.DataFrame, known: Sequence[str], *, least: int = LEAST) -> tuple[pd.DataFrame, Anonymity]:
    """Hide values until at least `least` people share each combination of what others could know (k-anonymity).

    Parameters
    ----------
    people
        One row per person.
    known
        The columns that others could know, the one that is hidden first at the beginning.
    least
        The size of the smallest group, from 1.

    Returns
    -------
    people, anonymity
        The table with `HIDDEN` instead of values, and what that has led to. A table with fewer people than `least` has no rows.

    Notes
    -----
    Where all values of some people are hidden, and these are fewer than `least`, the smallest other group is hidden with them: who knows
    the size of the class could otherwise work out the group that is missing (complementary suppression).

    References
    ----------
    Sweeney (2002), k-anonymity: a model for protecting privacy, International Journal of Uncertainty, Fuzziness and Knowledge-Based
    Systems 10(5).

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"status": ["active"] * 6 + ["withdrawn"], "left": ["", "", "", "", "", "", "4"]})
    >>> hidden, anonymity = with_small_groups_hidden(people, ["left", "status"])
    >>> sorted(set(hidden["status"])), anonymity.smallest_before, anonymity.smallest
    (['*'], 1, 7)
    """
    columns = list(known)
    hidden = people.astype(dict.fromkeys(columns, "object"))
    hidden[columns] = hidden[columns].where(hidden[columns].notna(), "")  # a missing value is equal to none
    before = _group_sizes(hidden, columns)
    if len(people) < least:
        return hidden.iloc[:0], Anonymity(len(people), int(before.min()) if len(people) else 0, 0, dict.fromkeys(columns, 0))
    for n_columns in range(1, len(columns) + 1):
        small = _group_sizes(hidden, columns) < least
        hidden.loc[small, columns[:n_columns]] = HIDDEN
    while (sizes := _group_sizes(hidden, columns)).min() < least:
        # Only those with every value hidden can still be too few.
        others = sizes[(hidden[columns] != HIDDEN).any(axis=1)]
        smallest = hidden[columns].loc[[others.idxmin()]].to_numpy()
        hidden.loc[(hidden[columns].to_numpy() == smallest).all(axis=1), columns] = HIDDEN
    n_hidden = {column: int((hidden[column] == HIDDEN).sum()) for column in columns}
    return hidden, Anonymity(len(people), int(before.min()), int(_group_sizes(hidden, columns).min()), n_hidden)


def share_unique(records: pd.DataFrame, *, person: str, known: Sequence[str]) -> float:
    """The share of people whose records, taken together, no other person has; 0 without people.

    Who knows all scores of a student finds the student among pseudonyms by them.

    Examples
    --------
    >>> import pandas as pd
    >>> records = pd.DataFrame({"who": ["a", "b", "c", "c"], "score": [1, 1, 1, 2]})
    >>> round(share_unique(records, person="who", known=["score"]), 2)
    0.33
    """
    if records.empty:
        return 0.0
    rows = records.sort_values(list(known))
    rows = rows.assign(record=pd.Series(list(rows[list(known)].itertuples(index=False, name=None)), index=rows.index))
    together = rows.groupby(person, observed=True)["record"].agg(tuple)
    return float((~together.duplicated(keep=False)).mean())


def _group_sizes(people: pd.DataFrame, columns: list[str]) -> pd.Series:
    return people.groupby(columns, dropna=False, observed=True)[columns[0]].transform("size")
