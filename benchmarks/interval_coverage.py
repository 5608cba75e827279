"""How often the 90 % interval of a mastery value holds the truth: all rules that carry one, by how much was answered.

Simulated and seeded. Each student has a true share of right answers, drawn from a Beta distribution, and answers so many questions,
each in an attempt of its own and right with that probability; the truth does not move meanwhile. A figure is the share of students
whose truth lies in their interval. The last column pools: students whose number of questions is uniform on 1 to 40.

    python benchmarks/interval_coverage.py [--students 20000] [--seed 1]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from lmskit.analytics.interval_study import interval_coverage
from lmskit.analytics.rules import RULES, ConfiguredRule, configured
from lmskit.rounding import number_text, percent_text

COUNTS = (1, 2, 3, 5, 8, 10, 15, 20, 40, 100)
POOLED = range(1, 41)
PRIORS = {"uniform, Beta(1, 1)": (1.0, 1.0), "mostly able, Beta(4, 2)": (4.0, 2.0), "all or nothing, Beta(½, ½)": (0.5, 0.5)}
PROMISED = (0.87, 0.93)


def main() -> None:
    """Print a table for each distribution of the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=20_000, help="for each number of questions (default: 20000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rules = [configured(name) for name, rule in RULES.items() if rule.has_interval]
    print(f"{options.students:,} students for each number of questions, seed {options.seed}")
    print(f"without interval: {', '.join(name for name, rule in RULES.items() if not rule.has_interval)}")
    for name, prior in PRIORS.items():
        average = _print_study(rules, name, prior, n_students=options.students, seed=options.seed)
        assert PROMISED[0] <= average <= PROMISED[1], f"the interval of the average has the coverage {percent_text(average, 1)}, pooled"


def _print_study(rules: list[ConfiguredRule], name: str, prior: tuple[float, float], *, n_students: int, seed: int) -> float:
    """Print the study of one distribution of the truth, and return the pooled coverage of the first rule."""
    table = interval_coverage(rules, COUNTS, n_students=n_students, prior=prior, seed=seed)
    pooled = interval_coverage(rules, POOLED, n_students=max(n_students // len(POOLED), 1), prior=prior, seed=seed + 1)
    print(f"\ntruth {name}: coverage in %, and below it the mean width\n{'questions':<18}{''.join(f'{n:>7}' for n in COUNTS)}  pooled 1-40")
    coverages = []
    for number, rule in enumerate(rules, start=1):
        rows = table[table["number"] == number]
        coverages.append(float(np.mean(pooled.loc[pooled["number"] == number, "coverage"])))
        width = float(np.mean(pooled.loc[pooled["number"] == number, "width"]))
        print(f"{rule.name:<18}{_cells(100 * rows['coverage'], 1)}{number_text(100 * coverages[-1], 1):>13}")
        print(f"{'':<18}{_cells(rows['width'], 2)}{number_text(width):>13}")
    return coverages[0]


def _cells(numbers: pd.Series, digits: int) -> str:
    return "".join(f"{number_text(float(number), digits):>7}" for number in numbers)


if __name__ == "__main__":
    main()
