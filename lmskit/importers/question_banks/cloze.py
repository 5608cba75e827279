r"""Cloze questions of Moodle: blanks within a text, each with its type and answers, such as `{1:SHORTANSWER:=Paris#Yes}`.

A quiz in lmskit has no questions with several answers, so each blank becomes a question of its own that repeats the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.answers import (
    WHOLE,
    AnswerShare,
    NumberShare,
    number_in,
    put_choice,
    put_number,
    put_short_text,
    share_of,
)
from lmskit.importers.question_banks.bank import Draft, UnmappedError
from lmskit.importers.question_banks.markup import plain_text
from lmskit.limits import LONGEST_PROSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.importers.question_banks.markup import PlainText

BLANK = "_____"
SINGLE = frozenset(
    [
        "MULTICHOICE",
        "MC",
        "MULTICHOICE_V",
        "MULTICHOICE_H",
        "MULTICHOICE_S",
        "MULTICHOICE_VS",
        "MULTICHOICE_HS",
        "MCV",
        "MCH",
        "MCS",
        "MCVS",
        "MCHS",
    ]
)
SEVERAL = frozenset(["MULTIRESPONSE", "MR", "MULTIRESPONSE_H", "MULTIRESPONSE_S", "MULTIRESPONSE_HS", "MRH", "MRS", "MRHS"])
SHORT = frozenset(["SHORTANSWER", "SA", "MW"])
EXACT = frozenset(["SHORTANSWER_C", "SAC", "MWC"])
NUMBER = frozenset(["NUMERICAL", "NM"])

_OPENING = re.compile(r"\{([0-9]{0,6}):([A-Z_]{2,20}):")
_SHARE = re.compile(r"\s*+%(-?+[0-9.,]++)%")
_UNESCAPED = re.compile(r"\\([}#~/\"\\])")
_HELD_BACK = dict(zip('}#~/"\\', map(chr, range(0xFDD0, 0xFDD6)), strict=True))
_BACK = str.maketrans({placeholder: character for character, placeholder in _HELD_BACK.items()})


@dataclass(frozen=True, slots=True)
class _Blank:
    start: int
    end: int
    weight: int
    kind: str
    answers: str


def drafts(whole: Draft, markup: str, form: str, general: str) -> Iterator[Draft]:
    """Give out a question for each blank of a cloze question.

    Parameters
    ----------
    whole
        The question as a whole: its position and its name.
    markup, form
        Its text, and the form of the text.
    general
        Feedback on the whole question, as plain text.
    """
    escaped = _UNESCAPED.sub(lambda found: _HELD_BACK[found.group(1)], re.sub("[\ufdd0-\ufdd5]", "\ufffd", markup))
    blanks = list(_blanks(escaped))
    if not blanks or len(escaped) > LONGEST_PROSE:
        whole.reason = "is longer than a cloze question may be" if blanks else "is a cloze question without a blank that can be read"
        yield whole
        return
    plain = _text(escaped, blanks, form)
    for number, blank in enumerate(blanks, 1):
        label = f"[{number}]" if len(blanks) > 1 else ""
        draft = Draft(whole.file, whole.row, f"{whole.name} {label}".strip())
        try:
            text = draft.text_of(plain)
            draft.fields |= {"prompt": f"{text}\n\nWhat belongs in {label}?" if label else text, "points": blank.weight}
            if label:
                draft.warn("is one blank of a cloze question, which is imported as one question for each blank")
            _put_answers(draft, blank, form, general)
        except UnmappedError as error:
            draft.reason = str(error)
        yield draft


def _blanks(text: str) -> Iterator[_Blank]:
    position = 0
    while found := _OPENING.search(text, position):
        position = found.end()
        if found.group(2) in SINGLE | SEVERAL | SHORT | EXACT | NUMBER:
            end = text.find("}", position)
            if end < 0:
                return
            yield _Blank(found.start(), end + 1, int(found.group(1) or 1), found.group(2), text[position:end])
            position = end + 1


def _text(text: str, blanks: list[_Blank], form: str) -> PlainText:
    parts, position = [], 0
    for number, blank in enumerate(blanks, 1):
        parts += [text[position : blank.start], f"[{number}] {BLANK}" if len(blanks) > 1 else BLANK]
        position = blank.end
    return plain_text(("".join(parts) + text[position:]).translate(_BACK), form)


def _put_answers(draft: Draft, blank: _Blank, form: str, general: str) -> None:
    shares = []
    for piece in blank.answers.removeprefix("~").split("~"):
        weighted = _SHARE.match(piece)
        rest = piece[weighted.end() :] if weighted else piece.lstrip()
        share = share_of(weighted.group(1).replace(",", ".")) if weighted else 0.0
        if rest.startswith("="):
            share, rest = (share if weighted and share else WHOLE), rest[1:]
        answer, _, feedback = rest.partition("#")
        shares.append(AnswerShare(_plain(answer, form), share, _plain(feedback, form)))
    if blank.kind in SINGLE | SEVERAL:
        put_choice(draft, shares, general, single=blank.kind in SINGLE)
    elif blank.kind in NUMBER:
        put_number(draft, [_number(share) for share in shares], general)
    else:
        if blank.kind in EXACT:
            draft.warn("distinguishes upper and lower case, which is not imported")
        put_short_text(draft, shares, general)


def _number(share: AnswerShare) -> NumberShare:
    if share.text == "*":
        return NumberShare(None, 0, share.share, share.feedback)
    middle, _, margin = share.text.partition(":")
    return NumberShare(number_in(middle), number_in(margin) if margin.strip() else 0.0, share.share, share.feedback)


def _plain(text: str, form: str) -> str:
    return plain_text(text.translate(_BACK), form).text
