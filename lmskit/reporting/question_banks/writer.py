"""What a format has to say to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmskit.importers.question_banks.bank import BankFormat
    from lmskit.schemas.quiz import KeyEntry, Question


@dataclass(frozen=True, slots=True)
class BankWriter:
    """A format of question banks that is written, and its reader."""

    title: str
    endings: tuple[str, ...]
    """Of the names of its files, the usual one first."""
    reader: BankFormat
    question: Callable[[Question, KeyEntry], str | None]
    """A question as the text of the file; None if the format has no such question, or asks for a key that is not known."""
    file: Callable[[Sequence[str]], bytes]
    """The content of a file of such texts, the same for the same texts."""
