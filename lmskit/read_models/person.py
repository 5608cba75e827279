"""What is known of one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.queries.login import login_is_open
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.person import found_person
from lmskit.queries.person_courses import count_person_courses, person_course_rows, person_id_rows
from lmskit.queries.person_merge import person_merge_rows
from lmskit.readable import minute
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import User
    from lmskit.queries.frame import Rows

LOGINS = {None: "No login.", True: "The login is open.", False: "The login is closed."}


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person, with the first pages of what belongs to them.

    Attributes
    ----------
    person
        The row of `users`.
    sentences
        Name, also the official one if another is shown, role, address and when the person came; of people who can sign in, the state of
        the login.
    ids
        Ids of other systems, and former addresses: rows of `queries.person_courses.person_ids`.
    courses, n_courses
        Rows of `queries.person_courses.person_courses`, and their number on all pages.
    merges
        Who was merged into the person: rows of `queries.person_merge.person_merges`.
    """

    person: User
    sentences: tuple[str, ...]
    ids: Rows
    courses: Rows
    n_courses: int
    merges: Rows


def person_view(session: Session, who: str) -> PersonView:
    """What is known of the person with this address, number or outside id; for administrators, who may read all of it.

    Raises
    ------
    UnknownPersonError
        There is no such person.
    """
    person = found_person(session, who)
    since = f"{minute(person.created_at)}"
    official = f" (official name: {person.official_name})" if person.name != person.official_name else ""
    what = f"{person.name}{official}, {person.role.word}, {person.email or 'no address'}"
    login = () if person.role is Role.STUDENT else (LOGINS[login_is_open(session, person)],)
    return PersonView(
        person,
        (f"Person {person.id}: {what}; in lmskit since {since}.", *login),
        person_id_rows(session, person.id, limit=MAX_PAGE),
        person_course_rows(session, person.id, limit=MAX_PAGE),
        count_person_courses(session, person.id),
        person_merge_rows(session, person=person.id, limit=MAX_PAGE),
    )
