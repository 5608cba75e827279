"""GIFT, Moodle's text format for questions: questions apart by an empty line, answers in braces.

What is read is what Moodle reads: multiple choice with one or several right options, true or false, short answers,
numbers, matching, missing words, essays. A text without braces is a description and no question. Categories are no
questions either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.question_banks.bank import MAX_TEXT, Bank, BankFormat, Draft, UnmappedError, encoding_notes, sort_out
from lmskit.importers.question_banks.gift_answers import hidden, put_answers, shown
from lmskit.importers.text_file import Lines, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.text_file import TextFile

CATEGORY = "$CATEGORY:"
LOOKED_AT = 60
"""Questions that are looked at to tell whether a file is GIFT."""
BLANK = "_____"

_ID = re.compile(r"\[id:((?:\\.|[^\]\\])++)\]")
_EVIDENCE = re.compile(r"\s*+(?:[=~]|#\s*+[-+=~.%0-9]|(?:TRUE|T|FALSE|F)\s*+(?:#|$))")


class _Block(NamedTuple):
    """What stands between two empty lines, without its comments."""

    row: int
    text: str
    category: str | None
    identifier: str


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read a file of GIFT questions.

    Raises
    ------
    ImportFileError
        The file cannot be read, is too large, or holds no questions.
    """
    file = scan(path)
    categories: list[str] = []
    found = sort_out(file.name, _drafts(file, categories))
    notes = encoding_notes(file)
    if categories:
        notes.append(f"Categories are not imported; {file.name} has {len(categories):,}, the first is {categories[0]!r}.")
    return Bank(FORMAT.name, file.name, file.sha256, found.questions, found.rejections, found.warnings, tuple(notes))


def is_gift(path: Path) -> bool:
    """Tell whether a file is GIFT: at least half of what stands between its first empty lines has answers in braces."""
    blocks = likely = 0
    try:
        for block in _blocks(scan(path)):
            if not block.text:
                continue
            if not blocks and block.text.startswith("<"):
                return False  # a page or other XML that speaks of braces
            blocks += 1
            before, opened, rest = block.text.partition("{")
            inside, closed, behind = rest.partition("}")
            likely += bool(before.strip() and opened and closed and "{" not in behind and _EVIDENCE.match(inside))
            if blocks >= LOOKED_AT:
                break
    except ImportFileError:
        return False
    return likely > 0 and 2 * likely >= blocks


def _drafts(file: TextFile, categories: list[str]) -> Iterator[Draft]:
    for block in _blocks(file):
        if block.category is not None:
            categories.append(block.category)
        if block.text:
            draft = Draft(file.name, block.row, block.identifier)
            try:
                _fill(draft, block.text)
            except UnmappedError as error:
                draft.reason = str(error)
            yield draft


def _fill(draft: Draft, text: str) -> None:
    """Take a question apart: its name, its text, its answers."""
    if text.startswith("::"):
        name, ended, rest = text[2:].partition("::")
        if ended:
            draft.name, text = draft.name or shown(name), rest.strip()
    before, opened, rest = text.partition("{")
    inside, closed, behind = rest.partition("}")
    draft.fields["prompt"] = shown(text)  # for the report, should it be rejected
    if not opened and "}" not in text:
        raise UnmappedError("is a description, not a question: it has no answers in braces")
    if not closed or "}" in before:
        raise UnmappedError("has an opening brace without a closing one, or the other way round")
    if "{" in behind or "}" in behind:
        raise UnmappedError("has braces in two places: an empty line between two questions is missing, or a \\ before a brace")
    prompt = before + BLANK + behind if behind.strip() else before
    put_answers(draft, prompt.strip(), inside.strip())


def _blocks(file: TextFile) -> Iterator[_Block]:
    size = row = 0
    lines: list[str] = []
    with file.open() as stream:
        for number, line in enumerate(Lines(file.name, stream), 1):
            size += len(line)
            if size > MAX_TEXT:
                raise ImportFileError(f"{file.name} is larger than {MAX_TEXT // 1024**2} MiB, which is the most that is read.")
            stripped = line.strip().removeprefix("\ufeff")
            if stripped:
                row = row or (0 if stripped.startswith(("//", CATEGORY)) else number)
                lines.append(stripped)
            elif lines:
                yield _block(row, lines)
                lines, row = [], 0
    if lines:
        yield _block(row, lines)


def _block(row: int, lines: list[str]) -> _Block:
    comments = [line for line in lines if line.startswith("//")]
    rest = [line for line in lines if not line.startswith("//")]
    category = rest.pop(0).removeprefix(CATEGORY).strip() if rest and rest[0].startswith(CATEGORY) else None
    named = next((found for comment in comments if (found := _ID.search(comment))), None)
    identifier = re.sub(r"\\(.)", r"\1", named.group(1)) if named else ""
    return _Block(row, hidden("\n".join(rest).strip()), category, identifier)


FORMAT = BankFormat("gift", "GIFT questions", is_gift, read)
