"""Bayesian knowledge tracing: how likely a student knows a skill, from right and wrong answers in their order.

A student knows a skill before the first answer with probability `prior`; after each answer, who does not know it learns it with
`learn`, and who knows it forgets it with `forget`. Who does not know it answers right with `guess`; who knows it answers wrong
with `slip`. `fit` finds these parameters, `predict` and `filter` use them, and `cross_validate` predicts
answers of students whom the parameters were not fitted to.

References
----------
Corbett, Anderson (1995), Knowledge tracing: modeling the acquisition of procedural knowledge, User Modeling and User-Adapted
Interaction 4. The names and the order of steps are those of pyBKT (Badrinath, Wang, Pardos 2021).
"""

from lmskit.analytics.bkt.cross_validation import cross_validate
from lmskit.analytics.bkt.fitting import fit
from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.bkt.prediction import filter, predict  # noqa: A004 - the name that the field and callers use

__all__ = ["PARAMETERS", "cross_validate", "filter", "fit", "predict"]
