"""Aiken: a question, its options on lines that begin with a letter, the right letter. All of it is plain text."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.question_banks.bank import MAX_TEXT, Bank, BankFormat, Draft, encoding_notes, sort_out
from lmskit.importers.text_file import Lines, scan
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.text_file import TextFile

LOOKED_AT = 40
"""Lines of the first question at most, when a file is looked at to tell whether it is Aiken."""
FEWEST_OPTIONS = 2

_OPTION = re.compile(r"([A-Z])[).][ \t]++(.*+)", re.DOTALL)
_ANSWER = re.compile(r"ANSWER:[ \t]*+(.*+)", re.DOTALL)
_LETTER = re.compile(r"[A-Z]")


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read a file of Aiken questions.

    Raises
    ------
    ImportFileError
        The file cannot be read, is too large, or holds no questions.
    """
    file = scan(path)
    found = sort_out(file.name, _drafts(file))
    return Bank(FORMAT.name, file.name, file.sha256, found.questions, found.rejections, found.warnings, tuple(encoding_notes(file)))


def is_aiken(path: Path) -> bool:
    """Tell whether a file is Aiken: it begins with a question, two options or more in the order of their letters, and the answer."""
    try:
        lines = list(islice(_lines(scan(path)), LOOKED_AT))
    except ImportFileError:
        return False
    texts = [line for _, line in lines]
    end = next((place for place, text in enumerate(texts) if _ANSWER.fullmatch(text)), None)
    if end is None:
        return False
    options = [found.group(1) for text in texts[:end] if (found := _OPTION.fullmatch(text))]
    answer = _ANSWER.fullmatch(texts[end])
    return (
        len(options) >= FEWEST_OPTIONS
        and options == [chr(ord("A") + place) for place in range(len(options))]
        and end - len(options) > 0
        and all(_OPTION.fullmatch(text) for text in texts[end - len(options) : end])
        and answer is not None
        and answer.group(1) in options
    )


def _drafts(file: TextFile) -> Iterator[Draft]:
    """Give out what stands between two answers; a new question also begins where text follows options."""
    draft: Draft | None = None
    asked: list[str] = []
    options: list[tuple[str, str]] = []
    for row, line in _lines(file):
        if draft is None:
            draft, asked, options = Draft(file.name, row), [], []
        if answer := _ANSWER.fullmatch(line):
            yield _filled(draft, asked, options, answer.group(1))
            draft = None
        elif option := _OPTION.fullmatch(line):
            options.append((option.group(1), option.group(2)))
        else:
            if options:
                yield _filled(draft, asked, options, None)
                draft, asked, options = Draft(file.name, row), [], []
            asked.append(line)
    if draft is not None:
        yield _filled(draft, asked, options, None)


def _filled(draft: Draft, asked: list[str], options: list[tuple[str, str]], answer: str | None) -> Draft:
    marks = [letter for letter, _ in options]
    draft.fields |= {
        "type": QuestionType.CHOICE,
        "prompt": "\n".join(asked),
        "points": 1,
        "options": [{"id": letter, "text": text} for letter, text in options],
    }
    draft.key = {"answer": answer}
    if not asked:
        draft.reason = "has no question before its options"
    elif answer is None:
        draft.reason = "has no line that begins with ANSWER:" if options else "has no options that begin with A) or A."
    elif len(options) < FEWEST_OPTIONS:
        draft.reason = f"has fewer than {FEWEST_OPTIONS} options that begin with a letter and ) or ."
    elif len(set(marks)) < len(marks):
        draft.reason = "has two options with the same letter"
    elif not _LETTER.fullmatch(answer) or answer not in marks:
        draft.reason = "has an answer that is not the letter of one of its options"
    return draft


def _lines(file: TextFile) -> Iterator[tuple[int, str]]:
    """Give out the lines that are not empty, with their numbers."""
    size = 0
    with file.open() as stream:
        for number, line in enumerate(Lines(file.name, stream), 1):
            size += len(line)
            if size > MAX_TEXT:
                raise ImportFileError(f"{file.name} is larger than {MAX_TEXT // 1024**2} MiB, which is the most that is read.")
            if stripped := line.strip():
                yield number, stripped


FORMAT = BankFormat("aiken", "Aiken questions", is_aiken, read)
