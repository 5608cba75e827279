"""What stands between the braces of a GIFT question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lmskit.importers.question_banks.answers import (
    WHOLE,
    AnswerShare,
    NumberShare,
    number_in,
    put_choice,
    put_essay,
    put_match,
    put_number,
    put_short_text,
    put_true_false,
    share_of,
    span,
)
from lmskit.importers.question_banks.bank import UnmappedError
from lmskit.importers.question_banks.markup import plain_text

if TYPE_CHECKING:
    from lmskit.importers.question_banks.bank import Draft

FORMS = ("html", "moodle", "plain", "markdown")
ESCAPED = "\\:#={}~n"
"""What stands behind a backslash to be no more than itself; `n` is a line break."""
PLACEHOLDERS = "".join(chr(0xFDD0 + place) for place in range(len(ESCAPED)))
"""Code points that are no characters and never will be: they stand for escaped ones while a question is taken apart."""
TRUE, FALSE = frozenset({"T", "TRUE"}), frozenset({"F", "FALSE"})

_ESCAPE = re.compile(rf"\\([{re.escape(ESCAPED)}])")
_HIDE = dict(zip(ESCAPED, PLACEHOLDERS, strict=True))
_SHOW = str.maketrans(dict(zip(PLACEHOLDERS, ESCAPED.replace("n", "\n"), strict=True)))
_FORM = re.compile(r"\s*+\[([a-z]++)\]")
_WEIGHT = re.compile(r"\s*+%(-?+[0-9.]++)%")


class _Text(NamedTuple):
    text: str
    form: str


def hidden(text: str) -> str:
    """Put placeholders where characters are escaped; code points that are no characters become replacement characters."""
    clean = re.sub(f"[{PLACEHOLDERS}]", "\ufffd", text)
    return _ESCAPE.sub(lambda escape: _HIDE[escape.group(1)], clean)


def shown(text: str) -> str:
    """Put escaped characters back where their placeholders are."""
    return text.translate(_SHOW).strip()


def put_answers(draft: Draft, prompt: str, inside: str) -> None:
    """Make a draft the question that its answers say.

    Raises
    ------
    UnmappedError
        The answers are none that GIFT has.
    """
    form, asked = _form_of(prompt, "moodle")
    reader = _Reader(draft, form)
    draft.fields |= {"prompt": reader.plain(asked, form), "points": 1}
    answers, _, general = inside.rpartition("####") if "####" in inside else (inside, "", "")
    answers, said = answers.strip(), reader.text(general)
    if not answers:
        put_essay(draft, said)
    elif answers.startswith("#"):
        reader.numbers(answers[1:], said)
    elif "~" in answers:
        single = "=" in answers
        put_choice(draft, reader.shares(re.sub(r"=", "~=", answers), "~"), said, single=single)
    elif answers.partition("#")[0].strip() in TRUE | FALSE:
        reader.true_false(answers, said)
    elif not answers.startswith("="):
        raise UnmappedError("has braces without answers that begin with = or ~, are T or F, or a number behind #")
    elif "->" in answers:
        reader.pairs(answers, said)
    else:
        put_short_text(draft, reader.shares(answers, "="), said)


class _Reader:
    """Reads the pieces of one question, whose text is in one form unless a piece says another."""

    def __init__(self, draft: Draft, form: str) -> None:
        self.draft, self.form = draft, form

    def plain(self, text: str, form: str) -> str:
        plain = plain_text(shown(text), form)
        for thing in plain.lost:
            self.draft.remark(f"holds {thing}, which is not imported")
        return plain.text

    def text(self, piece: str) -> str:
        form, text = _form_of(piece, self.form)
        return self.plain(text, form)

    def shares(self, answers: str, mark: str) -> list[AnswerShare]:
        """Split answers at a mark that stands before each of them."""
        found = []
        for piece in _pieces(answers, mark):
            if mark == "~" and piece.startswith("="):
                share, rest = WHOLE, piece[1:]
                if weighted := _WEIGHT.match(rest):
                    share, rest = share_of(weighted.group(1)), rest[weighted.end() :]
            elif weighted := _WEIGHT.match(piece):
                share, rest = share_of(weighted.group(1)), piece[weighted.end() :]
            else:
                share, rest = (0.0 if mark == "~" else WHOLE), piece
            answer, _, feedback = rest.partition("#")
            found.append(AnswerShare(self.text(answer), share, self.text(feedback)))
        return found

    def true_false(self, answers: str, general: str) -> None:
        letter, *feedback = answers.split("#", 2)
        wrong, right = ([self.text(piece) for piece in feedback] + ["", ""])[:2]
        said = [AnswerShare("wrong", 0, wrong), AnswerShare("right", WHOLE, right)]
        put_true_false(self.draft, right=letter.strip() in TRUE, general=general, feedback=said)

    def pairs(self, answers: str, general: str) -> None:
        pairs = []
        for piece in _pieces(answers, "="):
            first, arrow, second = piece.partition("->")
            if not arrow:
                raise UnmappedError("matches some texts, and has one without ->")
            pairs.append((self.text(first), shown(second)))
        put_match(self.draft, pairs, general)

    def numbers(self, answers: str, general: str) -> None:
        numbers, _, wrong = answers.partition("~")
        found = []
        for piece in _pieces(numbers, "="):
            weighted = _WEIGHT.match(piece)
            share = share_of(weighted.group(1)) if weighted else WHOLE
            text, _, feedback = piece[weighted.end() if weighted else 0 :].partition("#")
            number, tolerance = _number(shown(text))
            found.append(NumberShare(number, tolerance, share, self.text(feedback)))
        if wrong:
            found.append(NumberShare(None, 0, 0, self.text(wrong.partition("#")[2])))
        put_number(self.draft, found, general)


def _number(text: str) -> tuple[float | None, float]:
    """Read `3`, `3:0.5` or `1..5`; `*` is any number."""
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
    """Part a piece from the form in brackets before it, if that is one of GIFT's."""
    found = _FORM.match(piece)
    return (found.group(1), piece[found.end() :]) if found and found.group(1) in FORMS else (form, piece)


def _pieces(answers: str, mark: str) -> list[str]:
    pieces = [piece.strip() for piece in answers.split(mark)]
    return pieces[1:] if not pieces[0] else pieces
