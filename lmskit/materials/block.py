"""What the reader of a kind of file gives out: headings, paragraphs, code and notes in their order, each with its location."""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass

from lmskit.materials.location import Location

LONGEST_HEADING = 200
"""Characters of a heading in a location; longer ones are cut."""

_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffc\ufffe\uffff\ud800-\udfff]")
"""Control characters, soft hyphens and characters without a picture; joiners and signs of direction stay, since scripts need them."""
_LIGATURES = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdff\ufe70-\ufefc]+")
"""Latin and Armenian ligatures, and the forms of Hebrew and Arabic letters that PDF files use."""
_MOST_SPACES = 24
_SPACES = re.compile(rf"[^\S\n]{{{_MOST_SPACES + 1},}}")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_ENDS_OF_LINES = re.compile(r"\r\n?|[\u2028\u2029\u0085]")


NOWHERE = Location()
"""The location of a block of a file without pages."""


class BlockRole(enum.Enum):
    """What a block is."""

    HEADING = "heading"
    """Begins a section; an empty one ends the sections of its level without a heading."""
    BREAK = "break"
    """Passages end here, and the headings stay."""
    TEXT = "text"
    CODE = "code"
    NOTES = "notes"
    """What a speaker says and the audience does not see."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a material's text."""

    text: str
    location: Location = NOWHERE
    """Without headings, which follow from the blocks before."""
    role: BlockRole = BlockRole.TEXT
    level: int = 0
    """Of a heading, from 1."""
    joint: str = "\n\n"
    """What stands between this block and the one before it in the same passage."""


def cleaned(text: str) -> str:
    r"""Return a text as it is stored: composed characters, no control characters, no ligatures, no endless white space.

    >>> cleaned("of\x00\ufb01ce\r\n\n\n\nA")
    'office\n\nA'
    """
    text = _ENDS_OF_LINES.sub("\n", text)
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    text = unicodedata.normalize("NFC", _DROPPED.sub("", text))
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" " * _MOST_SPACES, text)).strip()


def one_line(text: str, longest: int = LONGEST_HEADING) -> str:
    """Return a heading or title on one line, cut after a word if it is too long."""
    line = " ".join(cleaned(text[: 20 * longest]).split())
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0][: longest - 1] + "…"
