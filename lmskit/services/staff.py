"""The staff of a course: give a role, take it back, hand the course over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import AlreadyOnStaffError, ChangedMeanwhileError, IsResponsibleError, LecturerNotFoundError, NotOnStaffError
from lmskit.models import Course, CourseStaff, StaffSection, User
from lmskit.queries.course import course_by_code
from lmskit.queries.login import login_is_open
from lmskit.queries.person import lecturer_by_email, person_by_email
from lmskit.queries.section import section_ids
from lmskit.queries.staff import responsible, role_in_course, sections_of_assistant
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import StaffRole

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.schemas.staff import AddStaff, HandOver, RemoveStaff


@administrators_only("change the staff of a course")
def add_staff(session: Session, request: AddStaff) -> StaffRole | None:
    """Give a lecturer a role in a course.

    Returns
    -------
    StaffRole | None
        The role that the person had there before.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    LecturerNotFoundError
        No person has the address, or the person is not a lecturer.
    IsResponsibleError
        The person is responsible for the course.
    SectionNotFoundError
        The course has no section and no group of a name.
    AlreadyOnStaffError
        The person has this role there, for these sections.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = _locked(session, request.course)
    person = lecturer_by_email(session, request.email, option="")
    _refuse_responsible(course, person, request.email)
    sections = {number for name in request.sections for number in section_ids(session, course.id, name)}
    stored = session.execute(select(CourseStaff.role, CourseStaff.limited).where(*_of(course.id, person.id))).one_or_none()
    if stored is not None:
        of_person = select(StaffSection.section_id).where(StaffSection.course_id == course.id, StaffSection.person_id == person.id)
        if stored == (request.role, bool(sections)) and sections == set(session.scalars(of_person)):
            raise AlreadyOnStaffError(person=request.email, course=course.code, role=stored.role)
        session.execute(delete(CourseStaff).where(*_of(course.id, person.id)))  # a new row says who granted the role and when
    _grant(session, course.id, person.id, request.role, request.email, sections=sections)
    return None if stored is None else stored.role


def asked_before_adding(session: Session, request: AddStaff) -> str:
    """The question to ask before the role is given; empty unless a person who sees the students of some sections would see all."""
    if request.sections or request.role is StaffRole.OBSERVER:
        return ""
    limited_to = sections_of_assistant(session, request.course, request.email)
    if limited_to is None:
        return ""
    named = "; ".join(limited_to) or "no section"
    return f"{request.email} sees only the students of {named} in {request.course}, and would see all. Give the role all the same?"


def staff_added(request: AddStaff) -> str:
    """What was done, as a sentence."""
    limits = f", for {'; '.join(request.sections)}" if request.sections else ""
    return f"{request.email} is {request.role} of {request.course} now{limits}."


@administrators_only("change the staff of a course")
def asked_before_removing(session: Session, request: RemoveStaff) -> str:
    """The question to ask before a role is taken. Errors as in `remove_staff`."""
    course, person = course_by_code(session, request.course), person_by_email(session, request.email)
    _refuse_responsible(course, person, request.email)
    role = role_in_course(session, request.course, request.email)
    if person is None or role is None:
        raise NotOnStaffError(person=request.email, course=course.code)
    return (
        f"Remove {_named(person)}, {role}, from the staff of {course.code}? It holds at once: the person does not see the course any more, "
        "and their open sessions are ended. Imports do not give the role back."
    )


@administrators_only("change the staff of a course")
def remove_staff(session: Session, request: RemoveStaff, *, asked: str | None = None) -> StaffRole:
    """Take the role in a course from a person, whose open sessions are ended with the transaction; return the role.

    `asked` is the question that was answered with yes, if one was asked.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    NotOnStaffError
        The person is not on the staff of the course.
    IsResponsibleError
        The person is responsible for the course.
    ChangedMeanwhileError
        The question would be another one by now.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = _locked(session, request.course)
    person = person_by_email(session, request.email)
    _refuse_responsible(course, person, request.email)
    if asked is not None and asked != asked_before_removing(session, request):
        raise ChangedMeanwhileError(what=f"the staff of {course.code}")
    gone = delete(CourseStaff).where(*_of(course.id, 0 if person is None else person.id)).returning(CourseStaff.role)
    role = session.scalar(gone)
    if role is None:
        raise NotOnStaffError(person=request.email, course=course.code)
    return role


def staff_removed(request: RemoveStaff, role: StaffRole) -> str:
    """What was done, as a sentence; `role` is what the person was."""
    return f"{request.email} is not {role} of {request.course} any more."


@administrators_only("hand a course over")
def asked_before_handing_over(session: Session, request: HandOver) -> str:
    """The question to ask before a course is handed over, which says so if the lecturer cannot sign in. Errors as in `hand_over`."""
    course, person = course_by_code(session, request.course), lecturer_by_email(session, request.email, option="")
    _refuse_responsible(course, person, request.email)
    former, name = responsible(session, course.id), _named(person)
    stays = "stays as co-lecturer, with the same rights" if request.keep else "does not see it any more"
    question = (
        f"Hand {course.code} over to {name}? {name} is responsible for it then, sees all of it and can change it. "
        f"{former}, who is responsible now, {stays}. It holds at once, and open sessions of {former} are ended."
    )
    return " ".join(filter(None, (question, cannot_sign_in(session, person))))


def cannot_sign_in(session: Session, person: User) -> str:
    """Why a lecturer who gets courses cannot sign in, as a sentence; empty for who can."""
    why = {None: "has no login yet", False: "has a closed login"}.get(login_is_open(session, person), "")
    return why and f"{_named(person)} {why}, and so cannot sign in."


@administrators_only("hand a course over")
def hand_over(session: Session, request: HandOver, *, asked: str | None = None) -> User:
    """Make a lecturer responsible for a course; return who was. The open sessions of the latter are ended with the transaction.

    `asked` is the question that was answered with yes, if one was asked.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    LecturerNotFoundError
        No person has the address, or the person is not a lecturer.
    IsResponsibleError
        The person is responsible for the course already.
    ChangedMeanwhileError
        The question would be another one by now.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = _locked(session, request.course)
    person = lecturer_by_email(session, request.email, option="")
    _refuse_responsible(course, person, request.email)
    if asked is not None and asked != asked_before_handing_over(session, request):
        raise ChangedMeanwhileError(what=course.code)
    former = session.get_one(User, course.lecturer_id)
    take_over(session, [course.id], person.id)
    if request.keep:
        _grant(session, course.id, former.id, StaffRole.CO_LECTURER, request.email)
    session.expire(course)
    return former


def handed_over(request: HandOver, former: User) -> str:
    """What was done, as a sentence; `former` is who was responsible."""
    then = "is co-lecturer now" if request.keep else "does not see it any more"
    return f"{request.email} is responsible for {request.course} now; {former.name} {then}."


def take_over(session: Session, courses: Collection[int], person_id: int) -> None:
    """Make a lecturer responsible for courses, and no longer staff of them beside it."""
    session.execute(delete(CourseStaff).where(CourseStaff.course_id.in_(courses), CourseStaff.person_id == person_id))
    session.execute(update(Course).where(Course.id.in_(courses)).values(lecturer_id=person_id))


def staff_members(session: Session, course_id: int) -> tuple[tuple[str, StaffRole], ...]:
    """Address and role of each person on the staff of a course, by address."""
    statement = select(User.email, CourseStaff.role).join(User, User.id == CourseStaff.person_id).where(CourseStaff.course_id == course_id)
    return tuple((email or "", role) for email, role in session.execute(statement.order_by(User.email.collate("C"))))


def limited_members(session: Session, course_id: int) -> tuple[str, ...]:
    """The addresses of the assistants of a course who see the students of some sections and groups alone, by address."""
    wanted = (CourseStaff.course_id == course_id, CourseStaff.limited)
    emails = session.scalars(select(User.email).join(CourseStaff, CourseStaff.person_id == User.id).where(*wanted))
    return tuple(sorted(email or "" for email in emails))


def require_members(emails: Collection[str], members: Collection[str], *, course: str | None = None, term: str | None = None) -> None:
    """Refuse an address of a person who is not among the members of the staff of a course, or of the courses of a term.

    Raises
    ------
    NotOnStaffError
        It names the first one.
    """
    for email in emails:
        if email not in members:
            raise NotOnStaffError(person=email, course=course, term=term)


@administrators_only("change the staff of a course")
def copy_staff(
    session: Session, source: Course, copy: Course, *, everyone: bool, emails: Collection[str] = ()
) -> tuple[tuple[str, StaffRole], ...]:
    """Give people of the staff of a course their role in its copy too, except who is responsible for the copy; return address and role.

    An assistant of sections sees no student of the copy, which has no sections yet.

    Raises
    ------
    NotOnStaffError
        A person who is named is not on the staff.
    """
    members = staff_members(session, source.id)
    require_members(emails, [email for email, _ in members], course=source.code)
    wanted = (
        select(literal(copy.id), CourseStaff.person_id, CourseStaff.role, CourseStaff.limited)
        .join(User, User.id == CourseStaff.person_id)
        .where(CourseStaff.course_id == source.id, CourseStaff.person_id != copy.lecturer_id)
    )
    if not everyone:
        wanted = wanted.where(User.email.in_(emails))
    session.execute(insert(CourseStaff).from_select(["course_id", "person_id", "role", "limited"], wanted, include_defaults=False))
    return staff_members(session, copy.id)


def _refuse_responsible(course: Course, person: User | None, email: str) -> None:
    """Refuse the person who is responsible for the course: that person cannot be on its staff too."""
    if person is not None and person.id == course.lecturer_id:
        raise IsResponsibleError(person=email, course=course.code)


def _named(person: User) -> str:
    return f"{person.shown_given_name} {person.family_name}".strip()


def _locked(session: Session, code: str) -> Course:
    """The course, whose responsible lecturer stays the same until the transaction ends."""
    found = select(Course).where(Course.id == course_by_code(session, code).id)
    return session.scalars(found.with_for_update(key_share=True).execution_options(populate_existing=True)).one()


def _grant(session: Session, course_id: int, person_id: int, role: StaffRole, email: str, *, sections: Collection[int] = ()) -> None:
    statement = insert(CourseStaff).values(course_id=course_id, person_id=person_id, role=role, limited=bool(sections))
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError as error:
        if violated_constraint(error) != "fk_course_staff_person_id_person_role":  # the person's role has changed since it was read
            raise
        raise LecturerNotFoundError(email=email, option="") from error
    if sections:
        rows = [{"course_id": course_id, "person_id": person_id, "section_id": number} for number in sorted(sections)]
        session.execute(insert(StaffSection), rows)


def _of(course_id: int, person_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return CourseStaff.course_id == course_id, CourseStaff.person_id == person_id
