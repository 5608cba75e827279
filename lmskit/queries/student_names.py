"""Students by name, as people type names: in any order of the words, and without accents."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from lmskit.models import Enrollment, User
from lmskit.names import APOSTROPHES, NO_LETTER, PARTICLES, name_words
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

ROWS_AT_ONCE = 5_000


class NamedStudent(NamedTuple):
    """A student whom a name may mean, with the name as lists show it."""

    student_id: int
    name: str


class _Wanted(NamedTuple):
    """A name that is looked for: the forms of each of its words."""

    name: str
    words: tuple[frozenset[str], ...]

    def means(self, words: set[str]) -> bool:
        """Whether a student with these words in the name may be meant; one word alone has to be the whole name."""
        if len(self.words) == 1:
            return bool(words) and words <= self.words[0]
        return all(forms & words for forms in self.words)


def students_named(session: Session, names: Collection[str], *, course_id: int | None = None) -> dict[str, list[NamedStudent]]:
    """The students whom each of these names may mean, by name; none, one or several.

    A student is meant if every word of what was typed is a word of the student's name: "ann rae" finds "Ráe, Ann Marie". A single word
    means only a student whose whole name it is. Case, accents, particles such as "von" and the order of the words make no difference,
    and umlauts may be transcribed.

    Parameters
    ----------
    session
        Of the person who asks; students whom this person may not see are not found.
    names
        As they were typed.
    course_id
        Look only among those who are or were enrolled in this course; by default among all students.
    """
    wanted = [_Wanted(name, typed) for name in dict.fromkeys(names) if (typed := _words(name))]
    by_form: dict[str, list[_Wanted]] = {}
    for each in wanted:
        for form in max(each.words, key=lambda forms: max(map(len, forms))):
            by_form.setdefault(form, []).append(each)
    found: dict[str, list[NamedStudent]] = {name: [] for name in names}
    if not wanted:
        return found
    statement = select(User.id, User.name, User.family_name, User.given_name, User.preferred_name).where(User.role == Role.STUDENT)
    if course_id is not None:
        statement = statement.where(User.id.in_(select(Enrollment.student_id).where(Enrollment.course_id == course_id)))
    ordered = statement.order_by(User.sort_name.collate("C"), User.id).execution_options(yield_per=ROWS_AT_ONCE)
    for student_id, shown, family, given, preferred in session.execute(ordered):
        words = set[str]().union(*name_words(family, f"{given} {preferred}"))
        for meant in {name for word in words for name in by_form.get(word, ())}:
            if meant.means(words):
                found[meant.name].append(NamedStudent(student_id, shown))
    return found


def _words(name: str) -> tuple[frozenset[str], ...]:
    """The forms of each word of a name, such as muller and mueller of Müller; particles only if there is nothing else."""
    letters = unicodedata.normalize("NFC", name).translate(APOSTROPHES).replace("'", "")
    forms = [frozenset(name_words(word).family) for word in NO_LETTER.sub(" ", letters).split()]
    return tuple(each for each in forms if not each <= PARTICLES) or tuple(forms)
