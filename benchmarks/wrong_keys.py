"""How many wrong keys are flagged, and how many right ones: simulated quizzes of 200 students, 2PL with a = 1.2.

An item is flagged by its discrimination index (`item_analysis`). With more than two options, students who know the answer choose an
option that scores 0, which the analysis of options shows (`option_statistics`: the strong choose it). The second line of a design is the
share of wrong keys that at least one of the two flags, and the share of items and quizzes without a wrong key that are flagged.

Run: `python benchmarks/wrong_keys.py [--quizzes 200]`. It needs no database.
"""

import argparse

import numpy as np
import pandas as pd

from lmskit.analytics.items import item_analysis, option_statistics
from lmskit.simulation import SimulatedScores, simulated_scores
from lmskit.vocabulary import ItemVerdict

SHARE = 0.05
"""The share of items with a wrong key; at least one."""
DESIGNS = [(10, 2), (20, 2), (40, 2), (20, 4), (40, 4)]
"""Items of a quiz, and options of an item: with two, a wrong key turns the scores around; with four, it is one of three distractors."""
TWO_OPTIONS = 2
OPTION_RESAMPLES = 200
"""Fewer than the default, because the benchmark analyses thousands of options."""


def flagged(*, n_items: int, n_options: int, n_wrong: int, seed: int) -> pd.DataFrame:
    """The items of one quiz: whether the key is wrong, whether the index flags it, and whether the index or an option does."""
    quiz = simulated_scores(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed)
    table = item_analysis(quiz.scores, dict.fromkeys(quiz.scores, 1), seed=seed)
    ways = {"by index": table["verdict"] == ItemVerdict.LIKELY_WRONG_KEY}
    if n_options > TWO_OPTIONS:
        chosen = [strong_choose_another(quiz, item, n_options=n_options, seed=seed) for item in quiz.wrong.index]
        ways["by either"] = ways["by index"] | pd.Series(chosen, quiz.wrong.index)
    return pd.DataFrame({"wrong": quiz.wrong, **ways})


def strong_choose_another(quiz: SimulatedScores, item: str, *, n_options: int, seed: int) -> bool:
    """Whether strong students choose an option of the item that scores 0."""
    options = [str(option) for option in range(n_options)]
    rest = quiz.scores.drop(columns=item).sum(axis=1)
    chosen = quiz.chosen[item].astype(str).tolist()
    table = option_statistics(chosen, rest, options=options, right=[str(quiz.key[item])], resamples=OPTION_RESAMPLES, seed=seed)
    return bool((table["point_biserial_low"][~table["right"]] > 0).any())


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quizzes", type=int, default=200, help="quizzes of each kind")
    quizzes = parser.parse_args().quizzes
    print(f"{quizzes} quizzes of each kind, 200 students, a = 1.2, 90 % bootstrap intervals")
    print("items  options  wrong keys  flagged    found   right keys flagged  clean quizzes with a flag")
    for n_items, n_options in DESIGNS:
        n_wrong = max(1, round(SHARE * n_items))
        with_wrong_keys = [flagged(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed) for seed in range(quizzes)]
        clean = [flagged(n_items=n_items, n_options=n_options, n_wrong=0, seed=quizzes + seed) for seed in range(quizzes)]
        for way in with_wrong_keys[0].columns.drop("wrong"):
            found = np.mean([quiz.loc[quiz["wrong"], way].mean() for quiz in with_wrong_keys])
            suspected = np.mean([quiz.loc[~quiz["wrong"], way].mean() for quiz in with_wrong_keys])
            any_flag = np.mean([quiz[way].any() for quiz in clean])
            print(f"{n_items:5}  {n_options:7}  {n_wrong:10}  {way:9}  {found:6.1%}  {suspected:18.2%}  {any_flag:25.1%}", flush=True)


if __name__ == "__main__":
    main()
