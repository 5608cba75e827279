"""Fitting knowledge tracing, against pyBKT with its compiled extension: the same answers, turn by turn, in one run.

    python benchmarks/bkt_fit.py [--answers 500000] [--times 3] [--real] [--environment FOLDER]

Simulated answers (by default), or with --real the ASSISTments 2009-10 data, without each of five folds in turn. pyBKT has an environment
of its own, created from the package registry unless FOLDER has one. Its wheel is pure Python and does not fit, so it is built from its
source, which needs a C++ compiler; the benchmark checks that the compiled E-step is used. Two ways are compared, forgetting off and on:

usual   each as its users call it, from a table to parameters: pyBKT with 5 starts of at most 100 steps, lmskit with its 16 starts
same    exactly 100 steps from each of the same 5 starts; the time includes preparing the data for lmskit and not for pyBKT

Log-likelihoods of both are computed by one function, lmskit's prediction. Both use all processors.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lmskit.analytics import bkt  # noqa: E402 - the path comes first
from lmskit.analytics.bkt.expectation_maximization import answer_tree, ascend  # noqa: E402
from lmskit.analytics.bkt.responses import sequences_from  # noqa: E402
from tests.analytics.assistments import responses  # noqa: E402

VERSION = "1.4.3"
ITS_PACKAGES = ("numpy<2", "pandas<2.3", "scikit-learn<1.5", "requests", "setuptools<81", "wheel")
N_SKILLS, STEPS = 50, 100
STARTS = [[0.3, 0.2, 0.2, 0.1], [0.6, 0.1, 0.3, 0.05], [0.1, 0.05, 0.1, 0.2], [0.8, 0.3, 0.15, 0.15], [0.5, 0.02, 0.25, 0.02]]


def main() -> None:
    """Prepare, take turns, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=500_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--environment", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lmskit-bkt-") as temporary:
        peer = python_of_peer(chosen.environment or Path(temporary) / "pybkt")
        if chosen.real:
            table = responses()
            fold = np.random.default_rng(0).permutation(table["student"].nunique())[table["student"]] % 5
            parts = [(f"without fold {number + 1}", table[fold != number], table[fold == number]) for number in range(5)]
            ways = ["usual"]
        else:
            parts = [("simulated", simulated(chosen.answers), None)] * chosen.times
            ways = ["usual", "same"]
        bkt.fit(parts[0][1].head(2_000), forgetting=True)  # compiles before anything is timed
        for way in ways:
            for forgetting in (False, True):
                compare(Path(temporary), peer, parts, way, forgetting=forgetting)


def python_of_peer(folder: Path) -> Path:
    """The interpreter of pyBKT's environment, which is created if it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"building pyBKT {VERSION} from its source in {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        pip = [str(base), "-m", "pip", "--python", str(python), "install", "-q"]
        subprocess.run([*pip, *ITS_PACKAGES], check=True)
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-binary", "pyBKT", f"pyBKT=={VERSION}"], check=True)
    return python


def simulated(n_answers: int) -> pd.DataFrame:
    """Answers to 50 skills with parameters of their own, in sequences of a dozen answers on average, like those of real students."""
    draw = np.random.default_rng(1)
    lengths = draw.geometric(1 / 12, size=n_answers // 10)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), n_answers)) + 1]
    skill = np.sort(draw.integers(N_SKILLS, size=len(lengths)))
    prior, learn, guess, slip = draw.uniform([[0.1], [0.05], [0.05], [0.03]], [[0.7], [0.3], [0.3], [0.2]], size=(4, N_SKILLS))[:, skill]
    known = draw.random(len(lengths)) < prior
    rows = []
    for order in range(int(lengths.max())):
        answering = np.flatnonzero(lengths > order)
        right = draw.random(len(answering)) < np.where(known[answering], 1 - slip[answering], guess[answering])
        rows.append(pd.DataFrame({"student": answering, "skill": skill[answering], "correct": right.astype(np.int64), "order": order}))
        known |= draw.random(len(known)) < learn
    return pd.concat(rows, ignore_index=True).sort_values(["student", "order"], ignore_index=True)


def compare(folder: Path, peer: Path, parts: list[tuple[str, pd.DataFrame, pd.DataFrame | None]], way: str, *, forgetting: bool) -> None:
    """Fit the parts with both in turn, and print the results."""
    starts = [[*start, 0.05 if forgetting else 0.0] for start in STARTS]
    took: dict[str, list[float]] = {"pyBKT": [], "lmskit": []}
    print(f"\n== {way}, forgetting {'on' if forgetting else 'off'}")
    seen = None
    for turn, (name, table, rest) in enumerate(parts):
        found: dict[str, pd.DataFrame] = {}
        for library in ("pyBKT", "lmskit") if turn % 2 else ("lmskit", "pyBKT"):
            seconds, found[library] = theirs(folder, peer, table, way, starts) if library == "pyBKT" else ours(table, way, starts)
            took[library].append(seconds)
        if seen is not table:
            report(name, table, rest, found, way)
        seen = table
    medians = {library: statistics.median(seconds) for library, seconds in took.items()}
    ratio = medians["pyBKT"] / medians["lmskit"]
    times = ", ".join(f"{name} {seconds:.2f} s ({min(took[name]):.2f} to {max(took[name]):.2f})" for name, seconds in medians.items())
    print(f"{len(parts[0][1]):,} answers, medians of {len(parts)} turns: {times}: lmskit {ratio:.1f} times as fast")


def theirs(folder: Path, peer: Path, table: pd.DataFrame, way: str, starts: list[list[float]]) -> tuple[float, pd.DataFrame]:
    """PyBKT in its own process; only fitting is timed."""
    table.to_csv(folder / "answers.csv", index=False)
    (folder / "starts.json").write_text(json.dumps(starts), encoding="utf-8")
    forgetting = "on" if starts[0][-1] else "off"
    files = [str(folder / name) for name in ("answers.csv", "parameters.json")]
    script = str(Path(__file__).with_name("bkt_peer.py"))
    # Threads of OpenMP that wait by spinning would be slowed down by other work on this machine.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    subprocess.run([str(peer), script, *files, way, forgetting, str(folder / "starts.json")], check=True, cwd=folder, env=environment)
    result = json.loads((folder / "parameters.json").read_text(encoding="utf-8"))
    assert result["e_step"].endswith((".so", ".pyd")), f"pyBKT runs without its compiled extension: {result['e_step']}"
    found = pd.DataFrame.from_dict(result["parameters"], orient="index")
    found.index = found.index.astype(np.int64)
    return result["seconds"], found.sort_index()


def ours(table: pd.DataFrame, way: str, starts: list[list[float]]) -> tuple[float, pd.DataFrame]:
    """Lmskit in this process."""
    begun = time.perf_counter()
    if way == "usual":
        found = bkt.fit(table, forgetting=bool(starts[0][-1]))
        return time.perf_counter() - begun, found
    sequences = sequences_from(table)

    def ascended(position: int) -> np.ndarray:
        begin = sequences.begin[sequences.first[position] : sequences.first[position + 1] + 1]
        tree = answer_tree(sequences.answer[begin[0] : begin[-1]], begin - begin[0])
        reached = [ascend(tree, start, ceiling=2.0, tolerance=-np.inf, most_steps=STEPS) for start in starts]
        return np.asarray(reached[0].parameters)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        vectors = list(threads.map(ascended, range(len(sequences.skills))))
    seconds = time.perf_counter() - begun
    return seconds, pd.DataFrame(vectors, index=sequences.skills, columns=list(bkt.PARAMETERS))


def report(name: str, table: pd.DataFrame, rest: pd.DataFrame | None, found: dict[str, pd.DataFrame], way: str) -> None:
    """Compare the parameters, and check that both did the same work."""
    pybkt, lmskit = found["pyBKT"], found["lmskit"]
    assert list(pybkt.index) == list(lmskit.index), "both fitted the same skills"
    difference = (pybkt[list(bkt.PARAMETERS)] - lmskit[list(bkt.PARAMETERS)]).abs().max(axis=1)
    if way == "same":
        print(f"{name}: the same steps from the same start lead to the same parameters within {difference.max():.1e}")
        assert difference.max() < 1e-6, "both took the same steps"  # noqa: PLR2004 - what sums in another order leave
        return
    likelihood = {library: by_skill(table, parameters) for library, parameters in found.items()}
    proper = (pybkt["guess"] + pybkt["slip"] < 1) & ~lmskit["constrained"]
    totals = {library: f"{skills.sum():,.1f}" for library, skills in likelihood.items()}
    ahead = likelihood["lmskit"] - likelihood["pyBKT"]
    print(
        f"{name}: log-likelihood lmskit {totals['lmskit']}, pyBKT {totals['pyBKT']}; of {proper.sum()} skills where neither is degenerate "
        f"lmskit is {ahead[proper].sum():+,.1f}, behind by more than 0.1 in {(ahead[proper] < -0.1).sum()}, at worst by "  # noqa: PLR2004
        f"{max(0.0, -ahead[proper].min()):.2f}; degenerate in pyBKT {(pybkt['guess'] + pybkt['slip'] >= 1).sum()}, refused in lmskit "
        f"{lmskit['constrained'].sum()}; parameters within 0.01 in {(difference < 0.01).sum()} of {len(difference)} skills"  # noqa: PLR2004
    )
    if rest is not None:
        both = {library: by_skill(rest[rest["skill"].isin(parameters.index)], parameters).sum() for library, parameters in found.items()}
        print(f"    the held-out fold: lmskit {both['lmskit']:,.1f}, pyBKT {both['pyBKT']:,.1f}")


def by_skill(table: pd.DataFrame, parameters: pd.DataFrame) -> pd.Series:
    """The log-likelihood of the answers to each skill; a probability of 0 counts as 1e-15."""
    chance = bkt.predict(table, parameters)
    log_likelihood = np.log(np.where(table["correct"] == 1, chance, 1 - chance).clip(1e-15))
    return pd.Series(log_likelihood).groupby(table["skill"].to_numpy()).sum()


if __name__ == "__main__":
    main()
