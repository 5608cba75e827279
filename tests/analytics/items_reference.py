"""Item and quiz statistics computed slowly and obviously: loops over exact fractions, from the definitions."""

import math
from fractions import Fraction

NAN = float("nan")


def exact(rows):
    """Scores as fractions; missing ones are 0."""
    return [[Fraction(0) if score is None or score != score else Fraction(score) for score in row] for row in rows]  # noqa: PLR0124  # NaN


def covariance(x, y):
    if len(x) < 2:
        return None
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / (len(x) - 1)


def root(number):
    return math.sqrt(number)


def items(rows, maxima):
    """One dictionary of the seven statistics per item."""
    rows = exact(rows)
    n, total = len(rows), [sum(row) for row in rows]
    columns = [[row[item] for row in rows] for item in range(len(maxima))]
    with_total = [covariance(column, total) for column in columns]
    weights = sum(root(value) for value in with_total if value is not None and value >= 0)
    found = []
    for column, maximum, with_t in zip(columns, maxima, with_total, strict=True):
        rest = [t - x for t, x in zip(total, column, strict=True)]
        variance, rest_variance, with_rest = covariance(column, column), covariance(rest, rest), covariance(column, rest)
        largest = covariance(sorted(column), sorted(rest))
        found.append(
            {
                "n": n,
                "facility": float(sum(column) / n / Fraction(maximum)) if n and maximum else NAN,
                "sd": NAN if variance is None else root(variance),
                "intended_weight": float(Fraction(maximum) / sum(map(Fraction, maxima))) if any(maxima) else NAN,
                "effective_weight": root(with_t) / weights if with_t is not None and with_t >= 0 and weights else NAN,
                "discrimination_index": float(with_rest) / root(variance) / root(rest_variance) if variance and rest_variance else NAN,
                "discriminative_efficiency": float(with_rest / largest) if largest else NAN,
            }
        )
    return found


def quiz(rows, n_items):
    """The nine statistics of a quiz, in their order."""
    rows = exact(rows)
    n, totals = len(rows), sorted(sum(row) for row in rows)
    if not n or not n_items:
        return (n, *[NAN] * 8)
    mean = sum(totals) / n
    m2, m3, m4 = (sum((t - mean) ** power for t in totals) / n for power in (2, 3, 4))
    skewness = kurtosis = alpha = NAN
    if n >= 3 and m2:
        skewness = float(n**2 * m3 / ((n - 1) * (n - 2))) / float(n * m2 / (n - 1)) ** 1.5
    if n >= 4 and m2:
        kurtosis = float(n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2) / ((n - 1) * (n - 2) * (n - 3)) / (n * m2 / (n - 1)) ** 2)
    if n_items >= 2 and m2:
        variances = sum(covariance(column, column) for column in zip(*rows, strict=True))
        alpha = float(Fraction(n_items, n_items - 1) * (1 - variances / covariance(totals, totals)))
    sd = NAN if n < 2 else root(covariance(totals, totals))
    error_ratio = NAN if math.isnan(alpha) else root(1 - alpha)
    middle = (totals[(n - 1) // 2] + totals[n // 2]) / 2
    return n, float(mean), float(middle), sd, skewness, kurtosis, alpha, error_ratio, error_ratio * sd
