"""Write the mastery estimates that differ from the stored ones, and no others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from lmskit.configured_rule import ConfiguredRule
from lmskit.db.bulk import copy_array, stage
from lmskit.queries.row_keys import row_keys
from lmskit.vocabulary import Level

_STAGED = "mastery_estimated"
_VALUES = ("level", "value", "low", "high", "n_evidence", "rule_hash")


@dataclass(frozen=True)
class Written:
    """How many rows were added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


def changes_between(estimated: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The estimates that are new or differ from the stored ones, and with an `n_evidence` of 0 the stored ones to be removed.

    Both tables and the result have the columns of `stored_estimates`, and each key at most once. NaN equals NaN.

    Examples
    --------
    >>> row = {"student_id": 1, "course_id": 1, "level": 0, "value": np.nan, "low": np.nan, "high": np.nan, "rule_hash": 7}
    >>> estimated = pd.DataFrame([row | {"week_number": 1, "n_evidence": 1}, row | {"week_number": 2, "n_evidence": 3}])
    >>> stored = pd.DataFrame([row | {"week_number": week, "n_evidence": 1} for week in (1, 2, 3)])
    >>> changes_between(estimated, stored)[["week_number", "n_evidence"]].to_numpy().tolist()
    [[2, 3], [3, 0]]
    """
    n = len(estimated)
    course, student, week = (
        np.concatenate([estimated[name], stored[name]]).astype(np.int64, copy=False) for name in ("course_id", "student_id", "week_number")
    )
    key = row_keys(course, student, week)
    order = np.argsort(key[n:], kind="stable")
    at = np.searchsorted(key[n:], key[:n], sorter=order)
    known = at < len(order)
    known[known] = key[n:][order[at[known]]] == key[:n][known]
    of_known = order[at[known]]
    differs = ~known
    for name in _VALUES:
        new, old = estimated[name].to_numpy()[known], stored[name].to_numpy()[of_known]
        differs[known] |= (new != old) & ~((new != new) & (old != old))  # noqa: PLR0124 - NaN
    obsolete = np.ones(len(stored), dtype=bool)
    obsolete[of_known] = False
    return pd.concat([estimated[differs], stored[obsolete].assign(n_evidence=0)], ignore_index=True)


def write_changes(session: Session, changes: pd.DataFrame, rules: Mapping[int, ConfiguredRule], *, whole: bool) -> Written:
    """Write the changes, and count them.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    changes
        As `changes_between` returns them.
    rules
        By their hash, see `rule_hashes`.
    whole
        Whether whole courses were compared, not a few keys.
    """
    if changes.empty:
        return Written()
    rows = np.empty(len(changes), dtype=_ROW)
    for name in _COLUMNS:
        rows[name] = changes[name]
    stage(session, _STAGED, _COLUMNS)
    copy_array(session, _STAGED, rows)
    session.execute(text("ANALYZE mastery_estimated"))
    if whole:
        session.execute(_JOIN_AS_A_WHOLE)
    removed = session.execute(_REMOVE) if (changes["n_evidence"] == 0).any() else None
    settings = {
        "levels": [level.value for level in Level],
        "hashes": list(rules),
        "rules": [rule.name for rule in rules.values()],
        "parameters": [json.dumps(dict(rule.parameters)) for rule in rules.values()],
    }
    added, changed = session.execute(_WRITE, settings).one()
    if whole:
        session.execute(_JOIN_AS_BEFORE)
    session.execute(text("DROP TABLE mastery_estimated"))
    return Written(added=added, changed=changed, removed=removed.rowcount if isinstance(removed, CursorResult) else 0)


_COLUMNS = {
    "student_id": "bigint",
    "course_id": "bigint",
    "week_number": "integer",
    "level": "integer",
    "value": "double precision",
    "low": "double precision",
    "high": "double precision",
    "n_evidence": "integer",
    "rule_hash": "bigint",
}
_ROW = [(name, {"bigint": "i8", "integer": "i4", "double precision": "f8"}[kind]) for name, kind in _COLUMNS.items()]

# The planner takes a table that has grown since its last ANALYZE for small, and would compare all estimates with all others in a loop.
_JOIN_AS_A_WHOLE = text(
    "SELECT set_config('lmskit.nestloop', current_setting('enable_nestloop'), true), set_config('enable_nestloop', 'off', true)"
)
_JOIN_AS_BEFORE = text("SELECT set_config('enable_nestloop', current_setting('lmskit.nestloop'), true)")
_REMOVE = text("""
    DELETE FROM ONLY topic_performance AS t USING mastery_estimated AS s
    WHERE s.student_id = t.student_id AND s.course_id = t.course_id AND s.week_number = t.week_number AND s.n_evidence = 0
""")
_WRITE = text("""
    WITH written AS (
        INSERT INTO topic_performance AS t
            (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, parameters, computed_at)
        SELECT
            s.student_id, s.course_id, s.week_number, (CAST(:levels AS mastery_level[]))[s.level + 1],
            nullif(s.value, 'NaN'), nullif(s.low, 'NaN'), nullif(s.high, 'NaN'), s.n_evidence, r.rule, r.parameters, now()
        FROM mastery_estimated AS s
        JOIN unnest(CAST(:hashes AS bigint[]), CAST(:rules AS text[]), CAST(:parameters AS jsonb[])) AS r (rule_hash, rule, parameters)
            ON r.rule_hash = s.rule_hash
        WHERE s.n_evidence > 0
        ON CONFLICT (student_id, course_id, week_number) DO UPDATE
        SET level = excluded.level, value = excluded.value, low = excluded.low, high = excluded.high, n_evidence = excluded.n_evidence,
            rule = excluded.rule, parameters = excluded.parameters, computed_at = excluded.computed_at
        RETURNING t.xmax = 0 AS added
    )
    SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM written
""")  # xmax is 0 in a row that no transaction has changed or locked: a new row
