"""What looking at one thing has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name
        Of the check; stable, in lower case.
    is_well
        Whether nothing has to be done.
    sentence
        What was found and, when it is not well, what to do.
    is_note
        Whether it is well and should be known all the same.
    """

    name: str
    is_well: bool
    sentence: str
    is_note: bool = False


def well(name: str, sentence: str) -> Finding:
    """Nothing has to be done."""
    return Finding(name, is_well=True, sentence=sentence)


def note(name: str, sentence: str) -> Finding:
    """Nothing has to be done, and it should be known."""
    return Finding(name, is_well=True, sentence=sentence, is_note=True)


def wrong(name: str, sentence: str) -> Finding:
    """Something has to be done; the sentence says what."""
    return Finding(name, is_well=False, sentence=sentence)
