"""The five parameters of knowledge tracing, validated."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.columns import need_columns
from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

PARAMETERS = ("prior", "learn", "guess", "slip", "forget")
"""Names of the parameters, in the order in which arrays contain them."""
NEEDED = PARAMETERS[:-1]
"""Parameters without a default; `forget` is 0 if it is not given."""


def parameter_vector(parameters: Mapping[str, float] | pd.Series) -> Floats:
    """The parameters of one skill as an array, in the order of `PARAMETERS`; other keys are ignored.

    Raises
    ------
    InputError
        A parameter is missing, or is not a number from 0 to 1.

    Examples
    --------
    >>> parameter_vector({"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}).tolist()
    [0.3, 0.2, 0.2, 0.1, 0.0]
    """
    if not isinstance(parameters, Mapping | pd.Series):
        raise InputError(f"The parameters of one skill are numbers by name, as in a dict, not {parameters!r:.40}.")
    missing = [name for name in NEEDED if name not in parameters]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise InputError(f"Knowledge tracing lacks the parameter{plural} {', '.join(missing)}; give a probability for each.")
    values = {name: parameters.get(name, 0.0) for name in PARAMETERS}
    for name, value in values.items():
        if not isinstance(value, numbers.Real) or not 0 <= float(value) <= 1:  # NaN is in no range
            raise InputError(f"The parameter {name} of knowledge tracing is a probability from 0 to 1, not {value!r}.")
    return np.array([float(value) for value in values.values()])


def parameter_table(parameters: pd.DataFrame) -> Floats:
    """The parameters of all skills as an array, shape (skills, 5); a skill that could not be fitted is a row of NaN.

    Raises
    ------
    ColumnsMissingError
        A column of `NEEDED` is missing.
    InputError
        A skill is there twice, or a value is not a number from 0 to 1.
    """
    if not isinstance(parameters, pd.DataFrame):
        raise InputError(f"The parameters of skills are a table as `fit` returns it, not {parameters!r:.40}.")
    need_columns(parameters, NEEDED, subject="Knowledge tracing")
    if not parameters.index.is_unique:
        duplicate = parameters.index[parameters.index.duplicated()][0]
        raise InputError(f"The parameters contain the skill {duplicate} twice; keep one row for each skill.")
    columns = [parameters[name] if name in parameters.columns else pd.Series(0.0, index=parameters.index) for name in PARAMETERS]
    try:
        table = np.column_stack([column.to_numpy(dtype=np.float64, na_value=np.nan) for column in columns])
    except (TypeError, ValueError) as error:
        raise InputError(f"The parameters of knowledge tracing contain something that is not a number ({error}).") from error
    unknown = np.isnan(table)
    usable = ~unknown.any(axis=1)
    bad = (usable & ~((table >= 0) & (table <= 1)).all(axis=1)) | (~usable & ~unknown[:, : len(NEEDED)].all(axis=1))
    if bad.any():
        skill = parameters.index[np.flatnonzero(bad)[0]]
        raise InputError(f"The parameters of the skill {skill} are not all probabilities from 0 to 1; correct or drop that row first.")
    table[~usable] = np.nan
    return table
