"""Fit a table of answers with pyBKT. `bkt_fit.py` runs this in pyBKT's own environment.

    python bkt_peer.py ANSWERS.csv PARAMETERS.json {usual|same} {off|on} STARTS.json

Writes the parameters by skill, the seconds that fitting took, and the file that computes the E-step.
"""

import copy
import importlib
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

STEPS = 100
NAMES = {"prior": "prior", "learns": "learn", "guesses": "guess", "slips": "slip", "forgets": "forget"}


def main() -> None:
    """Fit once."""
    warnings.simplefilter("ignore")  # pyBKT's own
    answers, out, way, forgetting, starts = sys.argv[1:]
    table = pd.read_csv(answers, dtype={"skill": str})
    given = table.rename(columns={"student": "user_id", "skill": "skill_name", "order": "order_id"})
    compiled = importlib.import_module("pyBKT.fit.E_step").__file__
    fitting = usual if way == "usual" else same
    seconds, parameters = fitting(given, forgets=forgetting == "on", starts=json.loads(Path(starts).read_text(encoding="utf-8")))
    result = {"seconds": seconds, "parameters": parameters, "e_step": compiled}
    Path(out).write_text(json.dumps(result), encoding="utf-8")


def usual(given: pd.DataFrame, *, forgets: bool, starts: list[list[float]]) -> tuple[float, dict[str, dict[str, float]]]:
    """Fit as its users do: five starts, at most 100 steps each; `starts` are not used."""
    del starts
    model = importlib.import_module("pyBKT.models").Model(seed=42)
    begun = time.perf_counter()
    model.fit(data=given, forgets=forgets)
    seconds = time.perf_counter() - begun
    return seconds, {skill: _named(found) for skill, found in model.fit_model.items()}


def same(given: pd.DataFrame, *, forgets: bool, starts: list[list[float]]) -> tuple[float, dict[str, dict[str, float]]]:
    """Take exactly 100 steps from each of the starts, with the data prepared before; return the parameters of the first start."""
    convert = importlib.import_module("pyBKT.util.data_helper").convert_data
    fit = importlib.import_module("pyBKT.fit.EM_fit").EM_fit
    data = convert(given, ".*")
    del forgets
    points = [_model(start) for start in starts]
    found: dict[str, dict[str, float]] = {}
    begun = time.perf_counter()
    for skill, prepared in data.items():
        reached = [fit(copy.deepcopy(point), prepared, tol=-1, maxiter=STEPS)[0] for point in points]
        found[skill] = _named(reached[0])
    return time.perf_counter() - begun, found


def _model(start: list[float]) -> dict[str, Any]:
    prior, learn, guess, slip, forget = start
    return {
        "prior": prior,
        "learns": np.array([learn]),
        "forgets": np.array([forget]),
        "guesses": np.array([guess]),
        "slips": np.array([slip]),
        "As": np.array([[[1 - learn, forget], [learn, 1 - forget]]]),
        "emissions": np.array([[[1 - guess, guess], [slip, 1 - slip]]]),
        "pi_0": np.array([[1 - prior], [prior]]),
    }


def _named(model: dict[str, Any]) -> dict[str, float]:
    return {ours: float(np.ravel(model[theirs])[0]) for theirs, ours in NAMES.items()}


if __name__ == "__main__":
    main()
