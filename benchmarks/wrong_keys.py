"""How many wrong keys are found, and how many right ones are suspected: simulated quizzes of 200 students, 2PL with a = 1.2.

Run: `python benchmarks/wrong_keys.py [--quizzes 200]`. It needs no database.
"""

import argparse

import numpy as np
import pandas as pd

from lmskit.analytics.items import item_analysis
from lmskit.analytics.items.simulation import simulated_marks
from lmskit.vocabulary import ItemVerdict

SHARE = 0.05
"""Of the items, how many have a wrong key; at least one."""
DESIGNS = [(10, 2), (20, 2), (40, 2), (20, 4), (40, 4)]
"""Items of a quiz, and options of an item: with two a wrong key turns the marks around, with four it names one of three distractors."""


def flagged(*, n_items: int, n_options: int, n_wrong: int, seed: int) -> tuple[pd.Series, pd.Series]:
    """Which items of one quiz are flagged, and which have a wrong key."""
    quiz = simulated_marks(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed)
    table = item_analysis(quiz.scores, dict.fromkeys(quiz.scores, 1), seed=seed)
    return table["verdict"] == ItemVerdict.LIKELY_WRONG_KEY, quiz.wrong


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quizzes", type=int, default=200, help="quizzes of each kind")
    quizzes = parser.parse_args().quizzes
    print(f"{quizzes} quizzes of each kind, 200 students, a = 1.2, 90 % bootstrap intervals; a key is flagged when its lies below 0")
    print("items  options  wrong keys  found    right keys flagged  clean quizzes with a flag")
    for n_items, n_options in DESIGNS:
        n_wrong = max(1, round(SHARE * n_items))
        spoiled = [flagged(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed) for seed in range(quizzes)]
        clean = [flagged(n_items=n_items, n_options=n_options, n_wrong=0, seed=quizzes + seed) for seed in range(quizzes)]
        found = np.mean([flags[wrong].mean() for flags, wrong in spoiled])
        suspected = np.mean([flags[~wrong].mean() for flags, wrong in spoiled])
        alarmed = np.mean([flags.any() for flags, _ in clean])
        print(f"{n_items:5}  {n_options:7}  {n_wrong:10}  {found:6.1%}  {suspected:18.2%}  {alarmed:25.1%}", flush=True)


if __name__ == "__main__":
    main()
