"""Numbers that are typed to confirm what concerns many."""

from __future__ import annotations


def is_typed(text: str, number: int) -> bool:
    """Whether a text is this number, as a sentence writes it or without the commas.

    Examples
    --------
    >>> is_typed(" 1,234 ", 1234), is_typed("1234", 1234), is_typed("", 0)
    (True, True, False)
    """
    return text.strip().replace(",", "") == str(number)
