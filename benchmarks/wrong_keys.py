"""How many wrong keys are found, and how many right ones are suspected: simulated quizzes of 200 students, 2PL with a = 1.2.

An item is flagged by its discrimination index (`item_analysis`). Where there are more than two options, those who know choose an
option that has no mark, which the analysis of options shows (`option_statistics`: the strong choose it); told is how many wrong keys
at least one of the two finds, and the same for items and clean quizzes that are suspected without reason.

Run: `python benchmarks/wrong_keys.py [--quizzes 200]`. It needs no database.
"""

import argparse

import numpy as np
import pandas as pd

from lmskit.analytics.items import item_analysis, option_statistics
from lmskit.simulation import SimulatedScores, simulated_scores
from lmskit.vocabulary import ItemVerdict

SHARE = 0.05
"""Of the items, how many have a wrong key; at least one."""
DESIGNS = [(10, 2), (20, 2), (40, 2), (20, 4), (40, 4)]
"""Items of a quiz, and options of an item: with two a wrong key turns the marks around, with four it names one of three distractors."""
TURNED = 2
OPTION_RESAMPLES = 200
"""Fewer than a quiz of one's own has by default: here there are thousands of options."""


def flagged(*, n_items: int, n_options: int, n_wrong: int, seed: int) -> pd.DataFrame:
    """Which items of one quiz have a wrong key, which are flagged by their index, and which by it or by an option."""
    quiz = simulated_scores(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed)
    table = item_analysis(quiz.scores, dict.fromkeys(quiz.scores, 1), seed=seed)
    ways = {"by index": table["verdict"] == ItemVerdict.LIKELY_WRONG_KEY}
    if n_options > TURNED:
        drawn = [draws_the_strong(quiz, item, n_options=n_options, seed=seed) for item in quiz.wrong.index]
        ways["by either"] = ways["by index"] | pd.Series(drawn, quiz.wrong.index)
    return pd.DataFrame({"wrong": quiz.wrong, **ways})


def draws_the_strong(quiz: SimulatedScores, item: str, *, n_options: int, seed: int) -> bool:
    """Whether the strong choose an option of the item that has no mark."""
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
        spoiled = [flagged(n_items=n_items, n_options=n_options, n_wrong=n_wrong, seed=seed) for seed in range(quizzes)]
        clean = [flagged(n_items=n_items, n_options=n_options, n_wrong=0, seed=quizzes + seed) for seed in range(quizzes)]
        for way in spoiled[0].columns.drop("wrong"):
            found = np.mean([quiz.loc[quiz["wrong"], way].mean() for quiz in spoiled])
            suspected = np.mean([quiz.loc[~quiz["wrong"], way].mean() for quiz in spoiled])
            alarmed = np.mean([quiz[way].any() for quiz in clean])
            print(f"{n_items:5}  {n_options:7}  {n_wrong:10}  {way:9}  {found:6.1%}  {suspected:18.2%}  {alarmed:25.1%}", flush=True)


if __name__ == "__main__":
    main()
