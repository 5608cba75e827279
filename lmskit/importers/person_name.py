"""Names of people as they stand in the cells of a file: with titles, in one cell, or damaged by the programs that they went through."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

from lmskit.importers.spreadsheet_damage import IN_FORMULA, refuse_error
from lmskit.importers.text_cell import family_name, given_name
from lmskit.limits import LONGEST_NAME
from lmskit.names import PARTICLES

ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});", re.ASCII)
MISSING_NUMBER = "NaN"
TIMES_ENCODED = 3
"""How often a text may have been encoded: `&amp;#039;` twice."""
TWICE_ENCODED = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014"
    "\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
"""The first two bytes of a character in UTF-8, read as Windows-1252."""
ROOT = "\u221a"
"""The first byte of the letters of western Europe in UTF-8, read as Mac Roman."""
INSIDE_WORD = re.compile(
    r"(?<=[^\W\d_])[?\u00a3\u00a4\u00a5\u00a7\u00b2\u00b3\u00b1\u00b5\u00b9\u00be\u00f7\u00d7\u20ac\u2122\u201e\u2020\u2021\u2030\u2500-\u259f](?=[^\W\d_])"
)
"""Signs inside a word, as a program writes them for letters that it could not read; no name has them."""
LOST = "\ufffd"
"""What programs write for a character that they could not read."""
TITLES = frozenset(
    "dr prof professor professorin univ.-prof univ mag dipl ing dipl.-ing dr.-ing ing.-dr priv.-doz privatdozent pd habil"  # noqa: SIM905 - words
    " mr mrs ms miss mx mme mlle herr frau hr fr".split()
)
"""Titles and forms of address before names, without their last dot."""
ONLY_WITH_DOT = frozenset({"mag", "dipl", "ing", "univ", "pd", "habil", "fr", "hr"})
"""Those that are names, or parts of names, if they have no dot."""
FACULTIES = frozenset("med phil rer nat pol oec jur iur techn theol h c hc mult agr vet dent sc".split())  # noqa: SIM905 - words
"""Words with a dot after a doctor's title."""
DEGREES = frozenset("phd ph.d md m.d msc m.sc bsc b.sc mba m.b.a ma m.a ba b.a llm ll.m llb ll.b esq dds dphil d.phil".split())  # noqa: SIM905 - words
"""Degrees after names, without their last dot."""
SURE_DEGREES = frozenset({"phd", "ph.d", "msc", "m.sc", "bsc", "b.sc", "mba"})
"""Those that no name is, so that they need no comma before them."""

NOT_IN_PLAIN_NAMES = TITLES | SURE_DEGREES | {MISSING_NUMBER.casefold()}
"""Words, in lower case, of which a name has to be freed, or for which it is refused."""

BESIDE_NAME = re.compile(r"([^()]*[^()\s])\s*\((?:[^()/@\d]{1,12}/[^()@\d]{1,20}|[^()\s]{1,100}@[^()\s]{1,200})\)")
"""A name with pronouns such as `(she/her)`, or an address, in brackets behind it."""
WITH_REMARK = "has pronouns or an address behind the name, which is read without them"
WITH_ENTITIES = "had HTML entities, which were replaced by the characters that they stand for"
IN_OTHER_ENCODING = "was written in one encoding and read in another by the program that made the file, and was mended"
IN_A_FORMULA = "was in a formula, and was read without it"
WITH_TITLE = "had a title, which is not part of a name"
WITH_LOST_CHARACTERS = "lost a character in the program that made the file: correct the name"
ONE_WORD = "is one word, so it is stored as the family name without a given name"
GUESSED = "has no comma, and which words are the family name is not certain: a comma or two columns would say it"
NOTE_ON_SPLIT_NAMES = "names without a comma, whose last word is read as the family name, with the particles before it"
NOTE_ON_FAMILY_FIRST = "names without a comma, whose first word is read as the family name, as the header says"
SPANISH = 4
"""Words of a name that usually are two given names and two family names."""
CERTAIN = 2
"""Words of a name whose last word is the family name."""
OF_SEVERAL_WORDS = frozenset({"von", "vom", "zu", "zum", "zur", "van", "der", "den", "ten", "ter", "te", "af", "av"})
"""Particles that no given name has, as Spanish ones do: María del Carmen."""
AFTER_FAMILY_NAMES = frozenset({"jr", "sr", "ii", "iii", "iv"})
"""Words after family names, without their dot, that belong to them."""
SHORTEST_IN_CAPITALS = 3
"""Letters of a word in capital letters; shorter ones are initials."""


class ReadName(NamedTuple):
    """A name, and what was mended about its cell; None if nothing was."""

    value: str
    mended: str | None


class FullName(NamedTuple):
    """A name from one cell."""

    family: str
    given: str
    is_split: bool
    """Whether the cell has no comma, so that another file may split the same words otherwise."""
    doubt: str | None
    """Why the split may be wrong; None if it is certain enough."""
    mended: str | None


def read_family_name(text: str) -> ReadName:
    """Read a family name.

    Raises
    ------
    UnreadableCellError
        It is empty, longer than a name may be, has control characters, or is an error of a spreadsheet.

    Examples
    --------
    >>> read_family_name("M\u00c3\u00bcller").value, read_family_name("Dr. Kurz").value, read_family_name("O&amp;#039;Neil").value
    ('Müller', 'Kurz', "O'Neil")
    """
    if is_plain_name(text):
        return ReadName(text, None)
    mended = _mended(text)
    return ReadName(family_name(mended.value), mended.mended)


def read_given_name(text: str) -> ReadName:
    """Read a given name, which may be empty; errors are those of `read_family_name`."""
    if is_plain_name(text):
        return ReadName(text, None)
    mended = _mended(text)
    return ReadName(given_name(mended.value), mended.mended)


def read_full_name(text: str, *, family_first: bool = False) -> FullName:
    """Read a name in one cell: family and given name with a comma between them, or in the order in which it is spoken.

    Without a comma the family name is the last word, with the particles before it; of four words it is the last two; words
    in capital letters are the family name if others are not.

    Parameters
    ----------
    text
        The cell.
    family_first
        Whether the header says that the family name comes first; then it is the first word, or the first two of four.

    Raises
    ------
    UnreadableCellError
        As `read_family_name`.

    Examples
    --------
    >>> read_full_name("de la Cruz, Ana María")[:2], read_full_name("Dr. Eva von der Leyen")[:2], read_full_name("Plato")[:2]
    (('de la Cruz', 'Ana María'), ('von der Leyen', 'Eva'), ('Plato', ''))
    >>> read_full_name("Max Lux").doubt is None, read_full_name("Juan Carlos García López").doubt is None
    (True, False)
    >>> read_full_name("Leyen Eva", family_first=True)[:2], read_full_name("von der Leyen Eva", family_first=True)[:2]
    (('Leyen', 'Eva'), ('von der Leyen', 'Eva'))
    """
    mended = _mended(text)
    family, comma, given = mended.value.partition(",")
    if comma and family.strip() and given.strip():
        return FullName(family_name(family), given_name(given), is_split=False, doubt=None, mended=mended.mended)
    words = mended.value.replace(",", " ").split()
    if comma or len(words) <= 1:
        return FullName(family_name(" ".join(words)), "", is_split=False, doubt=None if comma else ONE_WORD, mended=mended.mended)
    first, end, is_certain = _family_at_the_beginning(words) if family_first else _family_in(words)
    family, given = " ".join(words[first:end]), " ".join([*words[:first], *words[end:]])
    return FullName(family_name(family), given_name(given), is_split=True, doubt=None if is_certain else GUESSED, mended=mended.mended)


def _family_in(words: list[str]) -> tuple[int, int, bool]:
    """Return where the family name begins and ends, and whether that is certain."""
    n_words = len(words)
    if in_capitals := _in_capitals(words):
        return (*in_capitals, True)
    for index in range(1, n_words - 1):
        if words[index] == "y" and index > 1:
            return index - 1, n_words, True
        if words[index].casefold() in PARTICLES:
            following = sum(word not in PARTICLES for word in words[index:])
            return index, n_words, words[index].islower() and (words[index] in OF_SEVERAL_WORDS or following == 1)
    if n_words > CERTAIN and words[-1].casefold().rstrip(".") in AFTER_FAMILY_NAMES:
        return n_words - 2, n_words, n_words == CERTAIN + 1
    return (2 if n_words == SPANISH else n_words - 1), n_words, n_words == CERTAIN


def _family_at_the_beginning(words: list[str]) -> tuple[int, int, bool]:
    """Return the same of a name that begins with the family name."""
    if in_capitals := _in_capitals(words):
        return (*in_capitals, True)
    n_words = len(words)
    n_particles = next((index for index, word in enumerate(words[:-2]) if word.casefold() not in PARTICLES), max(n_words - 2, 0))
    if n_words == SPANISH and not n_particles:
        return 0, 2, False
    return 0, n_particles + 1, n_words == n_particles + CERTAIN


def _in_capitals(words: list[str]) -> tuple[int, int] | None:
    """Return where the words in capital letters begin and end; None if they are not all at the beginning or end, or are all words."""
    capitals = [index for index, word in enumerate(words) if _is_in_capitals(word)]
    if not capitals or len(capitals) == len(words) or capitals[-1] - capitals[0] >= len(capitals):
        return None
    return (capitals[0], capitals[-1] + 1) if capitals[0] == 0 or capitals[-1] == len(words) - 1 else None


def _is_in_capitals(word: str) -> bool:
    return len(word) >= SHORTEST_IN_CAPITALS and word.isupper() and word.isalpha() and word.casefold() not in AFTER_FAMILY_NAMES


def is_plain_name(text: str) -> bool:
    """Whether a text is a name as it stands: words of letters and digits, none of which is a title. Most are."""
    letters = text.replace(" ", "").replace("-", "").replace("'", "")
    return (
        letters.isalnum()
        and text == text.strip()
        and len(text) <= LONGEST_NAME
        and NOT_IN_PLAIN_NAMES.isdisjoint(text.casefold().split())
        and (text.isascii() or (unicodedata.is_normalized("NFC", text) and not TWICE_ENCODED.search(text) and not INSIDE_WORD.search(text)))
    )


def _mended(text: str) -> ReadName:
    """Return a text in composed letters without entities, titles and the traces of a wrong encoding."""
    text = text.strip()
    refuse_error(text)
    done: list[str] = []
    if found := IN_FORMULA.fullmatch(text):
        text = found[1].strip()
        done.append(IN_A_FORMULA)
    if found := BESIDE_NAME.fullmatch(text):
        text = found[1].rstrip()
        done.append(WITH_REMARK)
    for mend, reason in ((_without_entities, WITH_ENTITIES), (_in_its_encoding, IN_OTHER_ENCODING), (_without_titles, WITH_TITLE)):
        better = mend(text)
        if better != text:
            done.append(reason)
            text = better
    if LOST in text or INSIDE_WORD.search(text) or TWICE_ENCODED.search(text):
        done.append(WITH_LOST_CHARACTERS)
    return ReadName(unicodedata.normalize("NFC", text), "; ".join(done) or None)


def _without_entities(text: str) -> str:
    for _ in range(TIMES_ENCODED):
        if not ENTITY.search(text):
            break
        text = ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return text.strip()


def _in_its_encoding(text: str) -> str:
    """Return a text whose UTF-8 was read as Windows-1252 or as Mac Roman as it was; other texts as they are.

    Text that is not in UTF-8 practically never is valid UTF-8.
    """
    if ROOT not in text and not TWICE_ENCODED.search(text):
        return text
    for _ in range(TIMES_ENCODED):
        for encoded in (_windows_bytes(text), _mac_bytes(text)):
            try:
                better = encoded.decode("utf-8") if encoded else text
            except UnicodeDecodeError:
                continue
            if better != text and better.isprintable():
                text = better
                break
        else:
            break
    return text


def _windows_bytes(text: str) -> bytes:
    """Return the bytes of a text in Windows-1252, in which programs keep the five bytes without a character; empty if it is not in it."""
    if text.isascii():
        return b""
    encoded = bytearray()
    for character in text:
        try:
            encoded += character.encode("cp1252")
        except UnicodeEncodeError:
            if not "\x80" <= character <= "\x9f":
                return b""
            encoded.append(ord(character))
    return bytes(encoded)


def _mac_bytes(text: str) -> bytes:
    if ROOT not in text:
        return b""
    try:
        return text.encode("mac_roman")
    except UnicodeEncodeError:
        return b""


def _without_titles(text: str) -> str:
    """Return a name without the titles before and the degrees after it, also those of its half behind a comma."""
    halves = [half.strip() for half in text.split(",")]
    while len(halves) > 1 and halves[-1] and _is_title_or_degree(halves[-1], is_extra=len(halves) > 2):  # noqa: PLR2004 - family and given name
        halves.pop()
    bare = [" ".join(_bare_words(half.split())) for half in halves]
    if [half.split() for half in bare] == [half.split() for half in text.split(",")]:
        return text
    return ", ".join(bare)


def _bare_words(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while first < last - 1 and (_is_title(words[first]) or (first and _is_faculty(words[first]))):
        first += 1
    while last - first > CERTAIN and words[last - 1].casefold().rstrip(".") in SURE_DEGREES:
        last -= 1
    return words[first:last]


def _is_title(word: str) -> bool:
    """Whether a word is a title, or several that were written without blanks, such as `Prof.Dr.`."""
    folded = word.casefold()
    title = folded.rstrip(".")
    if title in TITLES:
        return folded != title or title not in ONLY_WITH_DOT or word == "PD"
    return folded.endswith(".") and all(part in TITLES or part in FACULTIES for part in title.split(".")) and title.split(".")[0] in TITLES


def _is_faculty(word: str) -> bool:
    return word == "(FH)" or (word.endswith(".") and all(part in FACULTIES for part in word.casefold().rstrip(".").split(".")))


def _is_title_or_degree(half: str, *, is_extra: bool) -> bool:
    """Whether the words behind a comma belong to no given name; `is_extra` says that there is a given name before them."""
    words = half.split()
    if all(map(_is_title, words)):
        return True
    degrees = [word.casefold().rstrip(".") for word in words]
    return all(degree in DEGREES for degree in degrees) and (is_extra or "." in half or SURE_DEGREES.issuperset(degrees))
