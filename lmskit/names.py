"""How names of people are sorted, shown and compared."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

PARTICLES = frozenset(
    "von vom zu zum zur van der den ten ter te af av"  # noqa: SIM905 - words are easier to read so
    " de del della delle di da do dos das du des la las los le les y e al el bin ibn bint abu".split()
)
"""Words before family names, in lower case."""
APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02c8\u00b4`\uff07", "'"))
HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))
WITHOUT_DECOMPOSITION = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})
"""Letters that Unicode does not decompose into a letter and an accent."""
TRANSCRIPTIONS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""How people write letters that their keyboard lacks."""
WITHOUT_TRANSCRIPTION = re.compile(r"([aou])e")
SHORTEST_TRANSCRIPTION = 5
"""Letters of a word that may be a transcription; in a shorter one, such as Joe, "oe" is rarely an umlaut."""
NO_LETTER = re.compile(r"[\W_]")
BETWEEN_SEARCHED = re.compile(r"[\s,;]+")


class _WithoutAccents(dict[int, int | None]):
    """For `str.translate`: no character for a combining one, and itself for another; each is looked up once."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.combining(chr(code)) else code
        self[code] = kept
        return kept


_WITHOUT_ACCENTS = _WithoutAccents()


class NameWords(NamedTuple):
    """The words of a name, in the forms in which they are compared."""

    family: set[str]
    given: set[str]


def sort_name(family: str, given: str = "") -> str:
    """Return the key that names sort by: case-folded, without accents, family name first.

    It is stored beside the name, because the embedded server has no collation that would do the same.

    Examples
    --------
    >>> sort_name("Ångström", "Élodie")
    'angstrom, elodie'
    >>> sort_name("Student 11391")
    'student 11391'
    """
    name = display_name(family, given)
    if name.isascii():  # most are, and have no accents
        return name.casefold().strip()
    return unicodedata.normalize("NFKD", name).translate(_WITHOUT_ACCENTS).casefold().strip()


def display_name(family: str, given: str = "") -> str:
    """Return the name as lists show it.

    Examples
    --------
    >>> display_name("Ångström", "Élodie")
    'Ångström, Élodie'
    >>> display_name("Student 11391")
    'Student 11391'
    """
    return f"{family}, {given}" if given else family


def spelling(family: str, given: str = "") -> str:
    """Return the key that two names share if they are written with the same letters.

    Lower and upper case, composed and decomposed letters, kinds of apostrophes and hyphens and blanks make no difference;
    accents do.

    Examples
    --------
    >>> spelling("D\u2019Angelo") == spelling("D'ANGELO "), spelling("Jose\u0301") == spelling("José")
    (True, True)
    >>> spelling("Muller") == spelling("Müller")
    False
    """
    return ", ".join(" ".join(_folded(part).split()) for part in (family, given) if part)


def name_words(family: str, given: str = "") -> NameWords:
    """Return the words of a name without accents, particles and HTML entities; a word with umlauts also in its transcription.

    Examples
    --------
    >>> sorted(name_words("von der Müller-Lux").family)
    ['lux', 'mueller', 'muller']
    """
    return NameWords(_words(family), _words(given))


def agree(one: NameWords, other: NameWords) -> bool:
    """Whether two names may be those of one person: they share a word of the family name or of the given name.

    If one of them has no given name, all words are compared, since the family name may be the whole name.

    Examples
    --------
    >>> ann = name_words("Rae", "Ann")
    >>> agree(ann, name_words("Roe", "Ann Marie")), agree(ann, name_words("Ann Rae")), agree(ann, name_words("Ann", "Rae"))
    (True, True, True)
    >>> agree(ann, name_words("Zed", "Carl"))
    False
    """
    if one.family & other.family or one.given & other.given:
        return True
    crossed = (one.family & other.given, one.given & other.family)
    return all(crossed) if one.given and other.given else any(crossed)


def searched_words(text: str) -> list[tuple[str, ...]]:
    """Return the words of a search for people, each in the forms in which a `sort_name` may have it.

    Capitals, accents, kinds of apostrophes and the order of the words make no difference; an umlaut is found by its transcription, and
    the other way round.

    Examples
    --------
    >>> searched_words("Müller, ÉLODIE")
    [('mueller', 'muller'), ('elodie',)]
    >>> searched_words("mueller"), searched_words("Joe")
    ([('mueller', 'muller')], [('joe',)])
    """
    return [_searched(word) for word in BETWEEN_SEARCHED.split(text) if word]


def _searched(word: str) -> tuple[str, ...]:
    folded = _folded(word)
    plain = _plain(folded)
    forms = {plain, _plain(folded.translate(TRANSCRIPTIONS))}
    if len(plain) >= SHORTEST_TRANSCRIPTION and plain.isalpha():
        forms.add(WITHOUT_TRANSCRIPTION.sub(r"\1", plain))
    return tuple(sorted(forms))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(APOSTROPHES).translate(HYPHENS).casefold()


def _words(text: str) -> set[str]:
    folded = _folded(html.unescape(text)).replace("'", "")
    forms = [folded] if folded.isascii() else [folded, folded.translate(TRANSCRIPTIONS)]
    found = {word for form in forms for word in NO_LETTER.sub(" ", _plain(form)).split()}
    return found - PARTICLES or found


def _plain(folded: str) -> str:
    """Return a text in lower case without accents."""
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFKD", folded).translate(_WITHOUT_ACCENTS).translate(WITHOUT_DECOMPOSITION)
