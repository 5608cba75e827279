"""How people are searched: one condition for every list and form, whatever else the list shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from lmskit.errors import SearchTextError
from lmskit.limits import LONGEST_PERSON_SEARCH
from lmskit.models import ExternalId, User
from lmskit.names import WITHOUT_DECOMPOSITION, searched_words
from lmskit.queries.page import LAST_ROW
from lmskit.queries.search_words import NOT_TEXT
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_LETTERS = {chr(letter): plain for letter, plain in WITHOUT_DECOMPOSITION.items()} | dict.fromkeys("\u2018\u2019\u02bc", "'")
"""Letters that `sort_name` and `preferred_sort_name` keep, and how they are searched."""


def named_like(search: str | None) -> ColumnElement[bool]:
    """The condition that the name of a person has every word of a search, in any order; true without one.

    For lists of people whose addresses and ids the signed-in person may not read.

    Raises
    ------
    SearchTextError
        The search is too long.
    """
    return and_(true(), *(or_(*(_name().contains(form, autoescape=True) for form in forms)) for forms in _words(search)))


def found_by(search: str | None) -> ColumnElement[bool]:
    """The condition that a person is found by a search: every word is in the name, the address or an outside id, or is the number.

    Only administrators may read all that it compares.

    Raises
    ------
    SearchTextError
        The search is too long.
    """
    return and_(true(), *(_has(forms) for forms in _words(search)))


def _has(forms: Sequence[str]) -> ColumnElement[bool]:
    ids = select(ExternalId.person_id).where(
        ExternalId.kind == EntityKind.PERSON, or_(*(func.lower(ExternalId.external_id).contains(form, autoescape=True) for form in forms))
    )
    texts = or_(*(or_(_name().contains(form, autoescape=True), User.email.contains(form, autoescape=True)) for form in forms))
    return or_(texts, User.id.in_(ids), _is_number(forms[0]))


def _is_number(word: str) -> ColumnElement[bool]:
    return User.id == int(word) if word.isascii() and word.isdecimal() and int(word) <= LAST_ROW else false()


def _name() -> ColumnElement[str]:
    single = {letter: plain for letter, plain in _LETTERS.items() if len(plain) == 1}
    name: ColumnElement[str] = func.translate(User.sort_name + " " + User.preferred_sort_name, "".join(single), "".join(single.values()))
    for letter, plain in _LETTERS.items():
        if len(plain) > 1:
            name = func.replace(name, letter, plain)
    return name


def _words(search: str | None) -> list[tuple[str, ...]]:
    if search is not None and len(search) > LONGEST_PERSON_SEARCH:
        raise SearchTextError(
            f"A search for people has at most {LONGEST_PERSON_SEARCH} characters, not {len(search):,}. Type a part of the name or id."
        )
    return searched_words(NOT_TEXT.sub(" ", search or ""))
