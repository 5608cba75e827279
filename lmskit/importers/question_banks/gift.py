r"""GIFT, Moodle's text format for questions: questions separated by an empty line, answers in braces.

The kinds of questions are those that Moodle reads: multiple choice with one or several right options, true or false, short
answers, numbers, matching, missing words, ordering, essays. A text without braces is a description and not a question; categories
are not questions either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.question_banks.answers import (
    SOME_ITEMS,
    WHOLE,
    AnswerShare,
    NumberShare,
    number_in,
    put_choice,
    put_essay,
    put_match,
    put_number,
    put_order,
    put_short_text,
    put_true_false,
    share_of,
    span,
)
from lmskit.importers.question_banks.bank import Bank, BankFormat, Draft, UnmappedError, encoding_notes, limited_lines, validated
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_file import CHUNK, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.text_file import TextFile

CATEGORY = "$CATEGORY:"
DETECTED_BLOCKS = 60
"""Blocks that are read at most to detect whether a file is GIFT."""
BLANK = "_____"
TEXT_FORMS = ("html", "moodle", "plain", "markdown")
ESCAPED = "\\:#={}~n"
"""Characters that lose their meaning behind a backslash; `n` becomes a line break."""
PLACEHOLDERS = "".join(chr(0xFDD0 + index) for index in range(len(ESCAPED)))
"""Code points that are never characters: they replace escaped characters while a question is split."""
SOME = frozenset({"RANDOM", "REL", "CONTIGUOUS", "CONTIG"})
"""Words for showing a student some of the items of an ordering question."""
TRUE, FALSE = frozenset({"T", "TRUE"}), frozenset({"F", "FALSE"})

_ID = re.compile(r"\[id:((?:\\.|[^\]\\])++)\]")
_EVIDENCE = re.compile(r"\s*+(?:[=~]|>\s*+[0-9]|#\s*+[-+=~.%0-9]|(?:TRUE|T|FALSE|F)\s*+(?:#|$))")
_ESCAPE = re.compile(rf"\\([{re.escape(ESCAPED)}])")
_HIDE = dict(zip(ESCAPED, PLACEHOLDERS, strict=True))
_SHOW = str.maketrans(dict(zip(PLACEHOLDERS, ESCAPED.replace("n", "\n"), strict=True)))
_FORM = re.compile(r"\s*+\[([a-z]++)\]")
_ORDER = re.compile(r">\s*+([0-9]{1,6})\b([^\n]*+)\n")
"""The line before the items of Moodle's ordering question: how many a student sees, and words on which, and on their layout."""
_WEIGHT = re.compile(r"\s*+%(-?+[0-9.]++)%")


class _Block(NamedTuple):
    """The text between two empty lines, without its comments and its category."""

    row: int
    text: str
    category: str | None
    identifier: str


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read a file of GIFT questions.

    Raises
    ------
    ImportFileError
        The file cannot be read, is too large, or has no questions.
    """
    file = scan(path)
    categories: list[str] = []
    found = validated(file.name, _drafts(file, categories))
    notes = encoding_notes(file)
    if categories:
        notes.append(f"Categories are not imported; {file.name} has {len(categories):,}, the first is {categories[0]!r}.")
    return found.bank(file.name, file.sha256, FORMAT, notes)


def is_gift(path: Path) -> bool:
    """Return whether at least half of the first blocks of a file have answers in braces.

    Empty braces, as of an essay, and a text without a sign are answers only behind a name between `::`.
    """
    blocks = likely = 0
    try:
        file = scan(path)
        if not _has_brace(path):  # as most tables, each of which would be one block of all its lines
            return False
        for block in _blocks(file):
            if not block.text:
                continue
            if not blocks and block.text.startswith("<"):
                return False  # HTML or XML with braces in its text
            blocks += 1
            before, opened, rest = block.text.partition("{")
            inside, closed, behind = rest.partition("}")
            is_named = before.startswith("::") and "::" in before[2:]
            likely += bool(before.strip() and opened and closed and "{" not in behind and (is_named or _EVIDENCE.match(inside)))
            if blocks >= DETECTED_BLOCKS:
                break
    except (ImportFileError, OSError):
        return False
    return likely > 0 and 2 * likely >= blocks


def _has_brace(path: Path) -> bool:
    """Return whether a file contains an opening brace, in whatever encoding."""
    with path.open("rb") as stream:
        return any(b"{" in chunk for chunk in iter(lambda: stream.read(CHUNK), b""))


def _blocks(file: TextFile) -> Iterator[_Block]:
    row = 0
    lines: list[str] = []
    for number, line in limited_lines(file):
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
    identifier = re.sub(r"\\(.)", r"\1", named[1]) if named else ""
    return _Block(row, hidden("\n".join(rest).strip()), category, identifier)


def hidden(text: str) -> str:
    """Replace escaped characters by placeholders; placeholders in the text itself become replacement characters."""
    clean = re.sub(f"[{PLACEHOLDERS}]", "\ufffd", text)
    return _ESCAPE.sub(lambda escape: _HIDE[escape[1]], clean)


def shown(text: str) -> str:
    """Replace placeholders by the escaped characters."""
    return text.translate(_SHOW).strip()


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
    """Split a question into its name, its prompt and its answers."""
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
        raise UnmappedError("has an opening brace without a closing one, or a closing brace without an opening one")
    if "{" in behind or "}" in behind:
        raise UnmappedError("has braces twice: an empty line between two questions is missing, or a \\ before a brace")
    prompt = before + BLANK + behind if behind.strip() else before
    _put_answers(draft, prompt.strip(), inside.strip())


def _put_answers(draft: Draft, prompt: str, inside: str) -> None:
    """Make a draft the question that its answers describe."""
    form, prompt = _form_of(prompt, "moodle")
    reader = _Reader(draft, form)
    draft.fields |= {"prompt": draft.text_of(plain_text(shown(prompt), form)), "points": 1}
    answers, _, general = inside.rpartition("####") if "####" in inside else (inside, "", "")
    answers, feedback = answers.strip(), reader.text(general)
    if not answers:
        put_essay(draft, feedback)
    elif order := _ORDER.match(answers):
        reader.items(order, answers[order.end() :], feedback)
    elif answers.startswith("#"):
        reader.numbers(answers[1:], feedback)
    elif "~" in answers:
        single = "=" in answers
        put_choice(draft, reader.shares(re.sub(r"=", "~=", answers), "~"), feedback, single=single)
    elif answers.partition("#")[0].strip() in TRUE | FALSE:
        reader.true_false(answers, feedback)
    elif "->" in answers and "=" in answers:
        reader.pairs(answers, feedback)
    else:
        put_short_text(draft, reader.shares(answers, "="), feedback)


class _Reader:
    """Reads the pieces of one question, whose text is in one form unless a piece has another."""

    def __init__(self, draft: Draft, form: str) -> None:
        self.draft, self.form = draft, form

    def text(self, piece: str) -> str:
        form, text = _form_of(piece, self.form)
        return self.draft.text_of(plain_text(shown(text), form))

    def shares(self, answers: str, sign: str) -> list[AnswerShare]:
        """Split answers at the sign before each of them."""
        found = []
        for piece in _pieces(answers, sign):
            is_right = sign == "=" or piece.startswith("=")
            rest = piece.removeprefix("=") if sign == "~" else piece
            share = WHOLE if is_right else 0.0
            if weighted := _WEIGHT.match(rest):
                share, rest = share_of(weighted[1]), rest[weighted.end() :]
            answer, _, feedback = rest.partition("#")
            found.append(AnswerShare(self.text(answer), share, self.text(feedback)))
        return found

    def true_false(self, answers: str, general: str) -> None:
        letter, *feedback = answers.split("#", 2)
        wrong, right = ([self.text(piece) for piece in feedback] + ["", ""])[:2]
        on_answers = [AnswerShare("wrong", 0, wrong), AnswerShare("right", WHOLE, right)]
        put_true_false(self.draft, right=letter.strip() in TRUE, general=general, feedback=on_answers)

    def pairs(self, answers: str, general: str) -> None:
        pairs = []
        for piece in _pieces(answers, "="):
            first, arrow, second = piece.partition("->")
            if not arrow:
                raise UnmappedError("matches some texts, and has one without ->")
            pairs.append((self.text(first), shown(second)))
        put_match(self.draft, pairs, general)

    def items(self, order: re.Match[str], lines: str, general: str) -> None:
        """Read items to put in order, one on each line, which Moodle takes as text that may have tags."""
        items = [self.draft.text_of(plain_text(shown(line), "moodle")) for line in lines.split("\n") if line.strip()]
        if SOME.intersection(order[2].split()) and int(order[1]) < len(items):
            self.draft.warn(SOME_ITEMS)
        put_order(self.draft, [AnswerShare(item, WHOLE) for item in items], general)

    def numbers(self, answers: str, general: str) -> None:
        numbers, _, wrong = answers.partition("~")
        found = []
        for piece in _pieces(numbers, "="):
            weighted = _WEIGHT.match(piece)
            share = share_of(weighted[1]) if weighted else WHOLE
            text, _, feedback = piece[weighted.end() if weighted else 0 :].partition("#")
            number, tolerance = _number(shown(text))
            found.append(NumberShare(number, tolerance, share, self.text(feedback)))
        if wrong:
            found.append(NumberShare(None, 0, 0, self.text(wrong.partition("#")[2])))
        put_number(self.draft, found, general)


def _number(text: str) -> tuple[float | None, float]:
    """Read `3`, `3:0.5` or `1..5` as a number and its tolerance; `*` is any number."""
    if text == "*":
        return None, 0
    low, between, high = text.partition("..")
    if between:
        return span(low, high)
    middle, _, margin = text.partition(":")
    tolerance = number_in(margin) if margin.strip() else 0.0
    if tolerance < 0:
        raise UnmappedError("has a tolerance below 0")
    return number_in(middle), tolerance


def _form_of(piece: str, form: str) -> tuple[str, str]:
    """Split a piece into the form of text in brackets before it, if it is one of `TEXT_FORMS`, and the rest."""
    found = _FORM.match(piece)
    return (found[1], piece[found.end() :]) if found and found[1] in TEXT_FORMS else (form, piece)


def _pieces(answers: str, sign: str) -> list[str]:
    pieces = [piece.strip() for piece in answers.split(sign)]
    return pieces[1:] if not pieces[0] else pieces


FORMAT = BankFormat("gift", "GIFT questions", is_gift, read)
