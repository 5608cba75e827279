"""Mastery computed slowly and obviously: loops over plain numbers, straight from the definitions."""

import math

from scipy.stats import beta


def ordered(rows):
    """Rows of one (student, week) that are evidence, oldest first, as fractions."""
    kept = [row for row in rows if row["score"] is not None and not math.isnan(row["score"]) and row["max_score"] > 0 and not row["banked"]]
    return [min(row["score"] / row["max_score"], 1.0) for row in sorted(kept, key=lambda row: (row["submitted_at"], row["id"]))]


def value_and_weights(  # noqa: PLR0911  # one return a rule
    s, rule, *, w=0.65, n=5, threshold=0.8
):
    k = len(s)
    kept = [one for one in s if one >= threshold]
    match rule:
        case "average":
            return sum(s) / k, [1.0] * k
        case "highest":
            return max(s), None
        case "latest":
            return s[-1], [1.0]
        case "weighted_average" if k > 1:
            return w * s[-1] + (1 - w) * sum(s[:-1]) / (k - 1), [(1 - w) / (k - 1)] * (k - 1) + [w]
        case "weighted_average":
            return s[0], [1.0]
        case "decaying_average":
            d, weights = s[0], [1.0]
            for one in s[1:]:
                d = (1 - w) * d + w * one
                weights = [(1 - w) * weight for weight in weights] + [w]
            return d, weights
        case _:
            return (sum(kept) / len(kept) if len(kept) >= n else math.nan), None


def interval(v, weights):
    if weights is None:
        return math.nan, math.nan
    m = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    posterior = beta(0.5 + m * v, 0.5 + m * (1 - v))
    return min(posterior.ppf(0.05), v), max(posterior.ppf(0.95), v)


def state(v, mastery=0.8, remedial=0.5):
    if math.isnan(v):
        return "not_assessed"
    return "mastered" if v >= mastery - 1e-12 else "remedial" if v < remedial - 1e-12 else "developing"
