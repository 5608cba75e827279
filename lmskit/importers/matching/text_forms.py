"""Which texts are the same although systems write them differently.

A question bank has the markup of a text; a report has what a system made of it: in a Moodle report `<b>prime</b>` is `PRIME`,
`x<sub>i</sub>` is `xi`, and list items begin with an asterisk. So texts are compared in three forms, from strict to lenient: a lenient
form decides only where no text is the same in a stricter one, and only if it leaves one text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_ITEM = re.compile(r"^[ \t]*+[-*\u2022][ \t]++", re.MULTILINE)
_PICTURE = re.compile(r"\[picture(?:: )?")
_LINK = re.compile(r"\(https?://[^()\s]*+\)")
_DROPPED = dict.fromkeys(map(ord, "_^*|[]()\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u200b\u00ad"))
_LENIENT = str.maketrans(_DROPPED | dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"))
_FORMS_KEPT = 4096


class TextForms(NamedTuple):
    """A text in the forms in which it is compared."""

    strict: str
    """With single blanks, and letters composed."""
    caseless: str
    """Also without the difference of upper and lower case, and of compatible characters such as ² and 2."""
    lenient: str
    """Also without white space, quotation marks, brackets, and what stands for markup."""


@lru_cache(maxsize=_FORMS_KEPT)
def forms(text: str) -> TextForms:
    r"""Return a text in the forms in which it is compared.

    Examples
    --------
    >>> forms("Which  of these are\nprime?").caseless == forms("Which of these are PRIME?").caseless
    True
    >>> forms("x _i").lenient, forms("- [picture: a cat]").lenient, forms("H_2O").lenient == forms("H2O").lenient
    ('xi', 'acat', True)
    >>> forms("−1").lenient, forms("1").lenient
    ('-1', '1')
    """
    strict = " ".join(unicodedata.normalize("NFC", text).split())
    caseless = _without_case(strict)
    bare = _LINK.sub("", _PICTURE.sub("[", _ITEM.sub("", text)))
    lenient = "".join(_without_case(bare).translate(_LENIENT).split())
    return TextForms(strict, caseless, lenient)


def _without_case(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class TextIndex:
    """Finds the one text among several that is the same as another.

    Parameters
    ----------
    texts
        Texts by their ids.

    Examples
    --------
    >>> index = TextIndex({"A": "prime", "B": "Prime", "C": "x _i"})
    >>> index.find("Prime"), index.find("PRIME"), index.find("x i"), index.find("even")
    ('B', None, 'C', None)
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._ids: tuple[dict[str, list[str]], ...] = ({}, {}, {})
        for identifier, text in texts.items():
            for by_form, form in zip(self._ids, forms(text), strict=True):
                by_form.setdefault(form, []).append(identifier)

    def find(self, text: str) -> str | None:
        """Return the id of the text that is the same; None if there is no such text, or if there are several."""
        for by_form, form in zip(self._ids, forms(text), strict=True):
            if form and (found := by_form.get(form)):
                return found[0] if len(found) == 1 else None
        return None
