"""Loops over numbers as machine code, compiled at the first call and cached for later processes if a cache can be written."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def compiled(function: Callable[Arguments, Result]) -> Compiled[Arguments, Result]:
    """Compile a function of arrays and numbers with Numba when it is first called.

    Importing the module that defines it does not import Numba, and the interpreter's lock is released while it runs. A division by zero
    is NaN or infinite, as in NumPy. A compiled function may call compiled functions of its module.

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
    return Compiled(function)


class Compiled(Generic[Arguments, Result]):
    """A function that is compiled when it is first called."""

    def __init__(self, function: Callable[Arguments, Result]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        """Compile the function if that has not been done, and call it."""
        return self.machine_code(*arguments, **named)

    @functools.cached_property
    def machine_code(self) -> Callable[Arguments, Result]:
        """The function as Numba compiles it."""
        import numba

        try:
            code = numba.njit(cache=True, nogil=True, error_model="numpy")(self._linked())
        except RuntimeError:  # no cache can be written, neither beside the source nor for the user
            code = numba.njit(nogil=True, error_model="numpy")(self._linked())
        return cast("Callable[Arguments, Result]", code)

    def _linked(self) -> Callable[Arguments, Result]:
        """A copy of the function that calls the machine code of other compiled functions, because Numba cannot call Python functions."""
        function = cast("types.FunctionType", self._function)
        names = {name: function.__globals__.get(name) for name in function.__code__.co_names}
        callees = {name: value.machine_code for name, value in names.items() if isinstance(value, Compiled)}
        if not callees:
            return self._function
        linked = types.FunctionType(function.__code__, {**function.__globals__, **callees}, function.__name__)
        functools.update_wrapper(linked, function)
        return cast("Callable[Arguments, Result]", linked)
