"""The teaching week that the title of a quiz names, in English, German, French or Spanish."""

from __future__ import annotations

import re
import unicodedata

from lmskit.importers.cell import UnreadableCellError
from lmskit.limits import LAST_WEEK

_SIGN = r"[ \t]*+(?:(?:[-:#._]|n[°º.]{1,2}|no\.|nr\.)[ \t]*+)?"
_WEEK = r"(?:weeks?|wk|w|wochen?|semaines?|semanas?)"
_RANGE = r"(?P<more>[ \t]*+(?:[-\u2010-\u2015/&+,]|to|and|bis|und|à|et|al?|y)[ \t]*+[0-9]{1,2}(?![^\W_]))?"
_NUMBERED_WEEK = re.compile(rf"(?<![^\W_]){_WEEK}{_SIGN}0*(?P<number>[0-9]{{1,2}})(?![^\W_]){_RANGE}", re.IGNORECASE)
_ORDINAL_WEEK = re.compile(
    r"(?<![^\W_])(?P<number>[0-9]{1,2})(?:\.ª|[.ªº]|st|nd|rd|th|re|e|ère|ème)[ \t]++(?:week|woche|semaine|semana)(?![^\W_])"
    rf"(?!{_SIGN}[0-9])",
    re.IGNORECASE,
)
_NUMBERED_PART = re.compile(
    rf"(?<![^\W_])(?:modul[eo]?|módulo|unit|einheit|unité|unidad){_SIGN}0*(?P<number>[0-9]{{1,2}})(?![^\W_]){_RANGE}", re.IGNORECASE
)

_NUMBER = re.compile(r"([0-9]{1,3})(?:[.,]0{1,2})?", re.ASCII)


def week_named(title: str) -> int | None:
    """Return the week from 1 to 60 that a title names; None if it names none, or more than one.

    A word for week counts before a module or a unit, whose number may be another. Weeks of the calendar (KW 40) and abbreviations
    that also mean a semester (S3, Sem. 2) name no week.

    Examples
    --------
    >>> week_named("Quiz: Week 3 (Real)"), week_named("wk-04 homework"), week_named("week_2_basics"), week_named("Module 7: Sets")
    (3, 4, 2, 7)
    >>> week_named("Unit 2 - Week 5 Quiz"), week_named("Woche 3 Test"), week_named("2. Woche"), week_named("2ème semaine")
    (5, 3, 2, 2)
    >>> week_named("Midweek 3"), week_named("Week 99"), week_named("Final exam"), week_named("Week 1-2"), week_named("KW 40")
    (None, None, None, None, None)
    """
    title = unicodedata.normalize("NFC", title)
    found = [*_NUMBERED_WEEK.finditer(title), *_ORDINAL_WEEK.finditer(title)] or list(_NUMBERED_PART.finditer(title))
    if any(each.groupdict().get("more") for each in found):
        return None
    weeks = {int(each["number"]) for each in found}
    return weeks.pop() if len(weeks) == 1 and 1 <= max(weeks) <= LAST_WEEK else None


def without_week(title: str) -> str:
    """Return a title without the week that it begins with; empty if there is nothing else.

    Examples
    --------
    >>> without_week("Week 3: Sets and laws"), without_week("2. Woche – Mengen"), without_week("Week 4"), without_week("Sets")
    ('Sets and laws', 'Mengen', '', 'Sets')
    >>> without_week("Weeks 1-2: Sets"), without_week("Exam of week 3")
    ('Weeks 1-2: Sets', 'Exam of week 3')
    """
    if week_named(title) is None:
        return title
    begun = next(filter(None, (words.match(title) for words in (_NUMBERED_WEEK, _ORDINAL_WEEK, _NUMBERED_PART))), None)
    return title if begun is None else title[begun.end() :].lstrip(" \t-:.,;|\u2010\u2011\u2012\u2013\u2014\u2015")


def read_week(text: str) -> int | None:
    """Read the cell of a column of weeks: a number, also as a spreadsheet writes it, or a word for week with one; None if it is empty.

    Raises
    ------
    UnreadableCellError
        It is not a week from 1 to 60.

    Examples
    --------
    >>> read_week("3"), read_week("3.0"), read_week("Woche 3"), read_week("")
    (3, 3, 3, None)
    """
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    week = int(found[1]) if found else week_named(text)
    if week is None:
        raise UnreadableCellError(f"is not a week from 1 to {LAST_WEEK}, such as 3 or Week 3")
    if not 1 <= week <= LAST_WEEK:
        raise UnreadableCellError(f"is not between 1 and {LAST_WEEK}")
    return week
