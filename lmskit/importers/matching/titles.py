"""Which titles are titles of the same quiz.

A gradebook has the title as it was typed. The name of a downloaded file has it without the characters that names of files cannot have,
behind the short name of the course: `STAT-M1-Quiz 1 Basics (week 2)` for `Quiz 1: Basics (week 2)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.matching.text_forms import forms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

NEARLY = 2
"""Letters that may differ between titles that are nearly the same."""
SHORTEST = 8
"""Characters of a title below which another title is only the same if it is equal."""
_NOT_IN_NAMES_OF_FILES = re.compile(r"[:/\\?*\"<>|_]+")
_AFTER_CODE = " -_"
_TOKEN = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class SameTitles:
    """What is known about a title: the titles that are the same quiz, and those that are nearly the same."""

    same: tuple[str, ...]
    """Equal titles; else titles that differ by what the names of files lack."""
    near: tuple[str, ...] = ()
    """Only if `same` is empty."""


def title_key(title: str) -> str:
    """Return what a title and the name of its file have in common.

    Examples
    --------
    >>> title_key("Quiz 1: Basics (week 2)") == title_key("quiz 1 Basics  (Week 2)") == title_key("Quiz 1_ Basics (week 2)")
    True
    >>> title_key("Quiz 1: Basics") == title_key("Quiz 2: Basics")
    False
    """
    return " ".join(_NOT_IN_NAMES_OF_FILES.sub(" ", forms(title).caseless).split())


def same_titles(title: str, others: Iterable[str], *, codes: Collection[str] = (), from_file: bool = False) -> SameTitles:
    """Return which other titles are titles of the same quiz.

    Parameters
    ----------
    title
        The title that is looked for.
    others
        The titles of the quizzes of a course.
    codes
        Codes of the course, which may be in front of the title.
    from_file
        Whether `title` is the name of a file, so that any short name may be in front of it, since that in the other system may be
        another than the code in lmskit.

    Examples
    --------
    >>> same_titles("STAT-M1-Quiz 1 Basics", ["Quiz 1: Basics", "Quiz 11: Basics"], from_file=True)
    SameTitles(same=('Quiz 1: Basics',), near=())
    >>> same_titles("Quiz 1: Basics", ["STAT-M1-Quiz 1 Basics"]), same_titles("Quiz 1", ["STAT-M1-Quiz 1"])
    (SameTitles(same=('STAT-M1-Quiz 1 Basics',), near=()), SameTitles(same=(), near=('STAT-M1-Quiz 1',)))
    >>> same_titles("Quiz 1: Basiks", ["Quiz 1: Basics", "Quiz 2: Basics"])
    SameTitles(same=(), near=('Quiz 1: Basics',))
    """
    titles = sorted(set(others))
    if title in titles:
        return SameTitles((title,))
    keys = {other: title_key(other) for other in titles}
    wanted = {title_key(title), *_without_codes(title, codes)}
    if same := tuple(other for other in titles if {keys[other], *_without_codes(other, codes)} & wanted):
        return SameTitles(same)
    if from_file and (behind := [other for other in titles if _is_behind(keys[other], title_key(title))]):
        longest = max(len(keys[other]) for other in behind)
        return SameTitles(tuple(other for other in behind if len(keys[other]) == longest))
    # The name of a file may have come first, with a short name in front that is not the code of the course.
    of_files = () if from_file else tuple(other for other in titles if _is_behind(title_key(title), keys[other]))
    if len(of_files) == 1 and _NOT_IN_NAMES_OF_FILES.search(title) and not _NOT_IN_NAMES_OF_FILES.search(of_files[0]):
        return SameTitles(of_files)
    near = (other for other in titles if other in of_files or any(is_nearly(key, keys[other]) for key in wanted))
    return SameTitles((), tuple(near))


def without_code(title: str, codes: Collection[str]) -> str:
    """Return a title without the code of the course in front of it.

    Examples
    --------
    >>> without_code("STAT-M1-Quiz 1 Basics", ["STAT-M1"]), without_code("STAT-M1", ["STAT-M1"]), without_code("Statistics", ["Stat"])
    ('Quiz 1 Basics', 'STAT-M1', 'Statistics')
    """
    for code in sorted(codes, key=len, reverse=True):
        rest = title[len(code) :]
        if code and title.casefold().startswith(code.casefold()) and rest[:1] in _AFTER_CODE and (found := rest.strip(_AFTER_CODE)):
            return found
    return title


def richer(one: str, other: str) -> str:
    """Return the one of two titles of the same quiz that has more: the one as it was typed, not the name of a file.

    Examples
    --------
    >>> richer("STAT-M1-Quiz 1 Basics", "Quiz 1: Basics"), richer("Quiz 1: Basics", "Quiz 1 Basics")
    ('Quiz 1: Basics', 'Quiz 1: Basics')
    """
    keys = title_key(one), title_key(other)
    if keys[0] != keys[1] and (_is_behind(keys[0], keys[1]) or _is_behind(keys[1], keys[0])):
        return one if len(keys[0]) < len(keys[1]) else other
    return max(one, other, key=_richness)


def is_nearly(one: str, other: str) -> bool:
    """Whether two keys of titles are nearly the same: a slip of typing, but no other number and no other single letter.

    Examples
    --------
    >>> is_nearly("quiz 1 basics", "quiz 1 basiks"), is_nearly("quiz 1 basics", "quiz 2 basics"), is_nearly("variant a", "variant b")
    (True, False, False)
    >>> is_nearly("basics - quiz 1", "quiz 1 basics")
    True
    """
    if min(len(one), len(other)) < SHORTEST or one == other:
        return False
    tokens, others = _TOKEN.findall(one), _TOKEN.findall(other)
    if sorted(tokens) == sorted(others):
        return True
    if [token for token in tokens if _is_number(token)] != [token for token in others if _is_number(token)]:
        return False
    return _distance(one, other, NEARLY) <= NEARLY


def _richness(title: str) -> tuple[int, int, str]:
    lost_in_files = len(_NOT_IN_NAMES_OF_FILES.findall(title.replace("_", " ")))
    return lost_in_files, sum(map(str.isupper, title)), title


def _is_number(token: str) -> bool:
    return token.isdecimal() or len(token) == 1


def _without_codes(title: str, codes: Collection[str]) -> set[str]:
    key = title_key(title)
    prefixes = (title_key(code) for code in codes)
    return {rest for prefix in prefixes if prefix and key.startswith(prefix) and (rest := key[len(prefix) :].lstrip(" -")) and rest != key}


def _is_behind(key: str, whole: str) -> bool:
    """Whether a key is the end of another, behind the short name of a course and a hyphen."""
    return bool(key) and whole.endswith(key) and whole[: -len(key)].rstrip().endswith("-")


def _distance(one: str, other: str, most: int) -> int:
    """Return how many characters to insert, remove or replace; `most` + 1 if they are more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for nth, character in enumerate(one, 1):
        before, row = row, [nth]
        for column, against in enumerate(other, 1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (character != against)))
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
