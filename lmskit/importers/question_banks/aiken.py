"""Aiken: a question, its options on lines that begin with a letter, and the letter of the right option, all in plain text."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.question_banks.bank import Bank, BankFormat, Draft, encoding_notes, limited_lines, validated
from lmskit.importers.text_file import scan
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.text_file import TextFile

DETECTED_LINES = 40
"""Lines of the first question that are read at most to detect whether a file is Aiken."""
FEWEST_OPTIONS = 2

_OPTION = re.compile(r"([A-Z])[).][ \t]++(.*+)", re.DOTALL)
_ANSWER = re.compile(r"ANSWER:[ \t]*+(.*+)", re.DOTALL)
_LETTER = re.compile(r"[A-Z]")


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read a file of Aiken questions.

    Raises
    ------
    ImportFileError
        The file cannot be read, is too large, or has no questions.
    """
    file = scan(path)
    return validated(file.name, _drafts(file)).bank(file.name, file.sha256, FORMAT, encoding_notes(file))


def is_aiken(path: Path) -> bool:
    """Return whether a file begins with a question, two options or more in the order of their letters, and the answer."""
    try:
        texts = [text for _, text in islice(_filled_lines(scan(path)), DETECTED_LINES)]
    except ImportFileError:
        return False
    for end, text in enumerate(texts):
        if answer := _ANSWER.fullmatch(text):
            return _is_question(texts[:end], answer[1])
    return False


def _is_question(texts: list[str], answer: str) -> bool:
    """Return whether lines are a question and, at the end, all its options."""
    letters = [option[1] for text in texts if (option := _OPTION.fullmatch(text))]
    return (
        len(letters) >= FEWEST_OPTIONS
        and letters == [chr(ord("A") + index) for index in range(len(letters))]
        and len(texts) > len(letters)
        and all(_OPTION.fullmatch(text) for text in texts[-len(letters) :])
        and answer in letters
    )


def _drafts(file: TextFile) -> Iterator[Draft]:
    """Give out the text between two answers as a question; text after options begins a new question, too."""
    draft: Draft | None = None
    prompt: list[str] = []
    options: list[tuple[str, str]] = []
    for row, line in _filled_lines(file):
        if draft is None:
            draft, prompt, options = Draft(file.name, row), [], []
        if answer := _ANSWER.fullmatch(line):
            yield _filled(draft, prompt, options, answer[1])
            draft = None
        elif option := _OPTION.fullmatch(line):
            options.append((option[1], option[2]))
        else:
            if options:
                yield _filled(draft, prompt, options, None)
                draft, prompt, options = Draft(file.name, row), [], []
            prompt.append(line)
    if draft is not None:
        yield _filled(draft, prompt, options, None)


def _filled(draft: Draft, prompt: list[str], options: list[tuple[str, str]], answer: str | None) -> Draft:
    draft.fields |= {
        "type": QuestionType.CHOICE,
        "prompt": "\n".join(prompt),
        "points": 1,
        "options": [{"id": letter, "text": text} for letter, text in options],
    }
    draft.key = {"answer": answer}
    draft.reason = _reason(prompt, [letter for letter, _ in options], answer)
    return draft


def _reason(prompt: list[str], letters: list[str], answer: str | None) -> str | None:
    """Return why a question cannot be imported; None if it can."""
    if not prompt:
        return "has no question before its options"
    if answer is None:
        return "has no line that begins with ANSWER:" if letters else "has no options that begin with A) or A."
    if len(letters) < FEWEST_OPTIONS:
        return f"has fewer than {FEWEST_OPTIONS} options that begin with a letter and ) or ."
    if len(set(letters)) < len(letters):
        return "has two options with the same letter"
    if not _LETTER.fullmatch(answer) or answer not in letters:
        return "has an answer that is not the letter of one of its options"
    return None


def _filled_lines(file: TextFile) -> Iterator[tuple[int, str]]:
    """Give out the lines that are not empty, with their numbers."""
    return ((number, stripped) for number, line in limited_lines(file) if (stripped := line.strip()))


FORMAT = BankFormat("aiken", "Aiken questions", is_aiken, read)
