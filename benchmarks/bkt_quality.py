"""How well knowledge tracing predicts real students, with and without forgetting: five folds of the ASSISTments 2009-10 data.

    python benchmarks/bkt_quality.py [--folds 5] [--seed 0] [--file builder_train.csv]

Each student is predicted by parameters fitted to the students of the other folds. Published for these data: AUC 0.73 to 0.76, and 0.83
with forgetting.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lmskit.analytics.bkt import calibration, cross_validate, prediction_quality  # noqa: E402 - the path comes first
from tests.analytics.assistments import FILE, responses  # noqa: E402


def main() -> None:
    """Print AUC, RMSE, log-loss and the calibration, forgetting off and on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=Path, default=FILE)
    chosen = parser.parse_args()
    table = responses(chosen.file)
    print(f"{len(table):,} answers of {table['student'].nunique():,} students to {table['skill'].nunique()} skills")
    for forgetting in (False, True):
        begun = time.perf_counter()
        chance = cross_validate(table, folds=chosen.folds, forgetting=forgetting, seed=chosen.seed)
        took = time.perf_counter() - begun
        found = prediction_quality(table["correct"], chance)
        print(
            f"\nforgetting {'on' if forgetting else 'off'}, {chosen.folds} folds of students: AUC {found.auc:.4f}, RMSE {found.rmse:.4f}, "
            f"log-loss {found.log_loss:.4f}; {found.n:,} answers predicted, {len(table) - found.n} without a fit; {took:.1f} s"
        )
        print(calibration(table["correct"], chance).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
