"""Codes of courses and terms: two that differ only in case are the same code, as in the database."""

from collections.abc import Iterable


def find_code(typed: str, codes: Iterable[str]) -> str | None:
    """Return the code among `codes` that a person typed in any case, as it is stored; None if it is not among them.

    Examples
    --------
    >>> find_code("cs101-2026", ["CS101-2025", "CS101-2026"])
    'CS101-2026'
    >>> find_code("CS102", ["CS101"]) is None
    True
    """
    return next((code for code in codes if code.lower() == typed.lower()), None)
