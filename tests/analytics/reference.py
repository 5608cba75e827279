"""Mastery computed slowly and simply: loops over plain numbers, from the definitions."""

import math
from typing import Any

from scipy.stats import beta


def ordered(rows):
    """Rows of one (student, week) that are evidence, oldest first and unknown times before all, each with its fraction."""
    kept = [row for row in rows if row["score"] is not None and not math.isnan(row["score"]) and row["max_score"] > 0 and not row["banked"]]
    in_order = sorted(kept, key=lambda row: (row["submitted_at"] is not None, row["submitted_at"] or 0, row["id"]))
    return [{**row, "fraction": min(row["score"] / row["max_score"], 1.0)} for row in in_order]


def correct(row, correct_from):
    return row["fraction"] >= correct_from and not row["hinted"]


def m_of_n(rows, m, n, correct_from):
    seen, right = set(), []
    for row in rows:
        if row["question"] not in seen:
            right.append(correct(row, correct_from))
            if sum(right[-n:]) >= m:
                return 1.0
        if row["question"] is not None:
            seen.add(row["question"])
    return sum(right[-n:]) / m


def by_attempt(rows):
    """The rows of each attempt, the attempt that began first before the others."""
    attempts: dict[object, list[dict[str, Any]]] = {}
    for row in rows:
        attempts.setdefault(("alone", row["id"]) if row["attempt"] is None else row["attempt"], []).append(row)
    return list(attempts.values())


def spread(weights, n_units):
    """The weight of each unit of evidence; those of an attempt divide the weight of its score."""
    return [weight / n for weight, n in zip(weights, n_units, strict=True) for _ in range(n)]


def khan(rows, correct_from):
    level = "attempted"
    for attempt in by_attempt(rows):
        if any(row["mixed"] for row in attempt):
            for row in attempt:
                if correct(row, correct_from):
                    level = {"attempted": "familiar", "familiar": "proficient"}.get(level, "mastered")
                else:
                    level = {"mastered": "proficient", "proficient": "familiar"}.get(level, "attempted")
        else:
            share = sum(0 if row["hinted"] else row["fraction"] for row in attempt) / len(attempt)
            if share >= 1 - 1e-12 and level != "mastered":
                level = "proficient"
            elif share >= 0.7 - 1e-12 and level == "attempted":
                level = "familiar"
    return {"attempted": 0, "familiar": 0.5, "proficient": 0.8, "mastered": 1}[level]


def bkt(rows, correct_from, forget):
    known, learn, guess, slip = 0.3, 0.2, 0.2, 0.1
    for row in rows:
        right_if_known, right_if_not = (1 - slip, guess) if correct(row, correct_from) else (slip, 1 - guess)
        known = known * right_if_known / (known * right_if_known + (1 - known) * right_if_not)
        known = known * (1 - forget) + (1 - known) * learn
    return known


def value_and_weights(  # noqa: PLR0911  # one return per rule
    rows, rule, *, w=0.65, m=5, n=5, threshold=0.8, correct_from=1.0, forget=0.0
):
    if rule == "average":
        return sum(row["fraction"] for row in rows) / len(rows), [1.0] * len(rows)
    attempts = by_attempt(rows)
    s = [sum(row["fraction"] for row in attempt) / len(attempt) for attempt in attempts]
    n_units = [len(attempt) for attempt in attempts]
    k = len(s)
    kept = [score for score in s if score >= threshold]
    match rule:
        case "m_of_n" | "khan" | "bkt":
            values = {"m_of_n": lambda: m_of_n(rows, m, n, correct_from), "khan": lambda: khan(rows, correct_from)}
            return values.get(rule, lambda: bkt(rows, correct_from, forget))(), None
        case "highest":
            return max(s), None
        case "latest":
            return s[-1], spread([1.0], n_units[-1:])
        case "weighted_average" if k > 1:
            return w * s[-1] + (1 - w) * sum(s[:-1]) / (k - 1), spread([(1 - w) / (k - 1)] * (k - 1) + [w], n_units)
        case "weighted_average":
            return s[0], spread([1.0], n_units)
        case "decaying_average":
            d, weights = s[0], [1.0]
            for score in s[1:]:
                d = (1 - w) * d + w * score
                weights = [(1 - w) * weight for weight in weights] + [w]
            return d, spread(weights, n_units)
        case "n_of_mastery":
            return (sum(kept) / len(kept) if len(kept) >= n else math.nan), None
    raise NotImplementedError(rule)


def interval(v, weights):
    if weights is None:
        return math.nan, math.nan
    m = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    posterior = beta(0.5 + m * v, 0.5 + m * (1 - v))
    return min(posterior.ppf(0.05), v), max(posterior.ppf(0.95), v)


def state(v, rule):
    mastery, remedial = {"khan": 1.0, "m_of_n": 1.0, "bkt": 0.95}.get(rule, 0.8), 0.5
    if math.isnan(v):
        return "not_assessed"
    return "mastered" if v >= mastery - 1e-12 else "remedial" if v < remedial - 1e-12 else "developing"
