"""The staff of a course, wired to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db import Opener, snapshot, transaction
from lmskit.desks.options import found_courses, found_lecturers
from lmskit.forms.finder import MOST_OFFERED, Options
from lmskit.forms.staff import RoleHeld, StaffScreen, StaffWork
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.person import person_by_email
from lmskit.queries.section import section_rows
from lmskit.queries.staff import RESPONSIBLE, count_staff, role_in_course, sections_of_assistant, staff, staff_rows
from lmskit.rounding import count_text
from lmskit.services.permission import require_administrator
from lmskit.services.staff import (
    add_staff,
    asked_before_adding,
    asked_before_handing_over,
    asked_before_removing,
    hand_over,
    handed_over,
    remove_staff,
    staff_added,
    staff_removed,
)
from lmskit.vocabulary import StaffRole

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.schemas.staff import AddStaff, HandOver, RemoveStaff


def staff_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> StaffScreen:
    """Return the staff of a course; it begins with the course of this code, or with the newest."""
    with read() as session:
        require_administrator(session)
    desk = _Desk(begin, read)
    work = StaffWork(
        courses=desk.courses,
        lecturers=desk.lecturers,
        page=desk.page,
        sections=desk.sections,
        held=desk.held,
        ask_to_add=desk.ask_to_add,
        ask_to_remove=desk.ask_to_remove,
        ask_to_hand_over=desk.ask_to_hand_over,
        add=desk.add,
        remove=desk.remove,
        hand_over=desk.hand_over,
    )
    return StaffScreen(work, course=course)


class _Desk:
    """What the screen does."""

    def __init__(self, begin: Opener, read: Opener) -> None:
        self._begin, self._read = begin, read
        self._asked: dict[RemoveStaff | HandOver, str] = {}

    def courses(self, search: str) -> tuple[Options, int]:
        with self._read() as session:
            return found_courses(session, search)

    def lecturers(self, course: str, search: str) -> tuple[Options, int]:
        with self._read() as session:
            working = {row["email"]: row for row in staff_rows(session, course, limit=MAX_PAGE)}
            found, total = found_lecturers(session, search)
        others = [(label, email) for label, email in found if email not in working]
        wanted = working if not search else {email: working[email] for _, email in found if email in working}
        own = [(f"{row['name']} · {email} ({row['role']})", email) for email, row in wanted.items()]
        return [*own, *others][:MOST_OFFERED], total

    def page(self, course: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with self._read() as session:
            return staff(session, course, limit=limit, offset=offset), count_staff(session, course)

    def sections(self, course: str) -> Options:
        with self._read() as session:
            found = section_rows(session, course, limit=MAX_PAGE)
        return [(f"{row['name']} ({row['kind']}, {count_text(row['n_students'], 'student')})", str(row["name"])) for row in found]

    def held(self, course: str, email: str) -> RoleHeld:
        with self._read() as session:
            role, sections = role_in_course(session, course, email), sections_of_assistant(session, course, email)
            name = _name(session, email)
        if role is None:
            return RoleHeld(f"{name} has no role in {course}.")
        if role == RESPONSIBLE:
            return RoleHeld(f"{name} is responsible for {course}; to change that, hand it over to another lecturer.", is_responsible=True)
        limits = "" if sections is None else f", and sees only the students of {'; '.join(sections) or 'no section'}"
        return RoleHeld(f"{name} is {role} of {course}{limits}.", StaffRole(role), sections=sections)

    # Questions ---------------------------------------------------------------------------------------------

    def ask_to_add(self, request: AddStaff) -> str:
        with self._read() as session:
            return asked_before_adding(session, request)

    def ask_to_remove(self, request: RemoveStaff) -> str:
        with self._read() as session:
            return self._remembered(request, asked_before_removing(session, request))

    def ask_to_hand_over(self, request: HandOver) -> str:
        with self._read() as session:
            return self._remembered(request, asked_before_handing_over(session, request))

    def _remembered(self, request: RemoveStaff | HandOver, question: str) -> str:
        self._asked = {request: question}
        return question

    # Changes -----------------------------------------------------------------------------------------------

    def add(self, request: AddStaff) -> str:
        with self._begin() as session:
            add_staff(session, request)
        return staff_added(request)

    def remove(self, request: RemoveStaff) -> str:
        with self._begin() as session:
            return staff_removed(request, remove_staff(session, request, asked=self._asked.get(request)))

    def hand_over(self, request: HandOver) -> str:
        with self._begin() as session:
            return handed_over(request, hand_over(session, request, asked=self._asked.get(request)))


def _name(session: Session, email: str) -> str:
    person = person_by_email(session, email)
    return email if person is None else f"{person.shown_given_name} {person.family_name}".strip()
