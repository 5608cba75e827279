"""The result of one check of `lmskit doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes
    ----------
    name
        Name of the check; stable, in lower case.
    is_well
        Whether nothing has to be done.
    sentence
        What was found and, if something is wrong, what to do.
    is_note
        Whether nothing is wrong, but the reader should know the sentence.
    """

    name: str
    is_well: bool
    sentence: str
    is_note: bool = False


def well(name: str, sentence: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(name, is_well=True, sentence=sentence)


def note(name: str, sentence: str) -> Finding:
    """Return a finding that needs no action but should be known."""
    return Finding(name, is_well=True, sentence=sentence, is_note=True)


def wrong(name: str, sentence: str) -> Finding:
    """Return a finding that needs action; the sentence says which."""
    return Finding(name, is_well=False, sentence=sentence)
