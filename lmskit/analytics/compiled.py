"""Loops over numbers as machine code: compiled at the first call, and kept for the next process where there is a place to keep it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Compile a function of arrays and numbers with Numba when it is first called.

    Importing the module that defines it stays cheap, and the interpreter's lock is released while it runs. A division by zero is
    NaN or infinite, as in NumPy. Compiled functions do not call each other.

    Examples
    --------
    >>> import numpy as np
    >>> @compiled
    ... def total(numbers):
    ...     added = 0.0
    ...     for number in numbers:
    ...         added += number
    ...     return added
    >>> total(np.array([1.0, 2.5]))
    3.5
    """

    @functools.cache
    def machine_code() -> Callable[Arguments, Result]:
        import numba

        try:
            made = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
        except RuntimeError:  # nowhere to keep it: neither beside the source nor among the user's caches
            made = numba.njit(nogil=True, error_model="numpy")(function)
        return cast("Callable[Arguments, Result]", made)

    @functools.wraps(function)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        return machine_code()(*arguments, **named)

    return call
