"""The values of options of `lmskit import` that are texts such as `TITLE=POINTS`."""

import re
from collections.abc import Iterable

from lmskit.errors import InputError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.number_format import DecimalMark, score_reader
from lmskit.limits import FIRST_WEEK, LARGEST_SCORE, LAST_WEEK
from lmskit.schemas.file_import import NO_WEEK


def value_named(name: str | None, known: dict[str, str], what: str) -> str | None:
    """Return the value that a name stands for; the value itself may be given too.

    Raises
    ------
    InputError
        There is no such name.
    """
    if name is None:
        return None
    if name in known.values():
        return name
    if name not in known:
        raise InputError(f"There is no {what} {name!r}. It can be {' or '.join(known)}.")
    return known[name]


def columns_by_field(columns: Iterable[str]) -> dict[str, str]:
    """Return the header of each field from texts such as `email=E-mail`; `email=` says that no column is the address.

    Raises
    ------
    InputError
        A text is not of that form.
    """
    pairs = [column.partition("=") for column in columns]
    for field, mark, header in pairs:
        if not (field and mark):
            raise InputError(f"{field}{mark}{header} does not name a column. Write it as FIELD=HEADER, such as --map 'email=E-mail'")
    return {field: header for field, _, header in pairs}


def max_scores_by_title(maxima: Iterable[str]) -> dict[str, float]:
    """Return the maximum score of each quiz from texts such as `Week 3=10`.

    Raises
    ------
    InputError
        A text is not of that form, or the score is not one.
    """
    found: dict[str, float] = {}
    read = score_reader(DecimalMark(".", is_given=True))
    for maximum in maxima:
        title, _, points = maximum.rpartition("=")
        if not title:
            raise InputError(f"{maximum!r} does not name a quiz and its maximum score. Write it as --max 'Week 3=10'")
        try:
            found[title] = read(points)
        except UnreadableCellError:
            raise InputError(
                f"The maximum score {points!r} of {title!r} is not a number from 0 to {LARGEST_SCORE:,}. Write it as --max 'Week 3=10'"
            ) from None
    return found


def weeks_by_title(weeks: Iterable[str]) -> dict[str, int | None]:
    """Return the week of each quiz from texts such as `Midterm=7`; None for `Survey=none`.

    Raises
    ------
    InputError
        A text is not of that form, or there is no such week.

    Examples
    --------
    >>> weeks_by_title(["Midterm=7", "Survey=none"])
    {'Midterm': 7, 'Survey': None}
    """
    found: dict[str, int | None] = {}
    for each in weeks:
        title, _, week = each.rpartition("=")
        if title and week == NO_WEEK:
            found[title] = None
            continue
        if not (title and re.fullmatch(r"[0-9]{1,3}", week) and FIRST_WEEK <= int(week) <= LAST_WEEK):
            raise InputError(
                f"{each!r} does not name a quiz and a week from {FIRST_WEEK} to {LAST_WEEK}. "
                "Write it as --week-of 'Midterm=7', or without a week: --week-of 'Midterm=none'"
            )
        found[title] = int(week)
    return found


def weeks_by_section(sections: Iterable[str]) -> dict[int, ChosenWeek | None]:
    """Return the week of each section by its number from texts such as `3=4`; None for `12=none`.

    Raises
    ------
    InputError
        A text is not of that form, or there is no such week.

    Examples
    --------
    >>> weeks_by_section(["3=4", "12=none"])
    {3: ChosenWeek(number=4, topic=None), 12: None}
    """
    found: dict[int, ChosenWeek | None] = {}
    for each in sections:
        number, _, week = each.partition("=")
        is_numbered = re.fullmatch(r"[1-9][0-9]{0,4}", number) is not None
        if is_numbered and week == NO_WEEK:
            found[int(number)] = None
            continue
        if not (is_numbered and re.fullmatch(r"[0-9]{1,3}", week) and FIRST_WEEK <= int(week) <= LAST_WEEK):
            raise InputError(
                f"{each!r} does not name a section by its number and a week from {FIRST_WEEK} to {LAST_WEEK}. "
                "Write it as --section 3=4, or without a week: --section 12=none"
            )
        found[int(number)] = ChosenWeek(int(week))
    return found


def quizzes_by_title(pairs: Iterable[str]) -> dict[str, str | None]:
    """Return the quiz in lmskit that each quiz of the file is, from texts such as `Week 1: Variable=Week 1: Variables`.

    Raises
    ------
    InputError
        A text is not of that form.
    """
    found: dict[str, str | None] = {}
    for each in pairs:
        title, _, quiz = each.rpartition("=")
        if not (title and quiz):
            raise InputError(f"{each!r} does not name a quiz of the file and one of the course. Write it as --same-quiz 'Midtrm=Midterm'")
        found[title] = quiz
    return found
