"""Bayesian knowledge tracing: how likely a student knows a skill, from right and wrong answers in their order.

A student knows a skill before the first answer with probability `prior`. After each answer, a student who does not know it learns it
with probability `learn`, and a student who knows it forgets it with `forget`. Without knowing it, an answer is right with `guess`; knowing
it, an answer is wrong with `slip`. `fit` finds these parameters, `predict` and `filter` use them, and `cross_validate` predicts each
answer by parameters that were fitted to other students.

References
----------
Corbett, Anderson (1995), Knowledge tracing: modeling the acquisition of procedural knowledge, User Modeling and User-Adapted
Interaction 4. The names and the order of steps are those of pyBKT (Badrinath, Wang, Pardos 2021).
"""

from lmskit.analytics.bkt.fitting import fit
from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.bkt.prediction import filter, predict  # noqa: A004 - the name that the field and callers use
from lmskit.analytics.bkt.quality import (
    PredictionQuality,
    calibration,
    cross_validate,
    fit_and_validate,
    learning_curve,
    prediction_quality,
)
from lmskit.analytics.bkt.responses import responses_from_evidence

__all__ = [
    "PARAMETERS",
    "PredictionQuality",
    "calibration",
    "cross_validate",
    "filter",
    "fit",
    "fit_and_validate",
    "learning_curve",
    "predict",
    "prediction_quality",
    "responses_from_evidence",
]
