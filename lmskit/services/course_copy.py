"""Copy a course into another term: its syllabus, quizzes with keys, materials, banks of questions and rule, and no people.

The rows are copied by one statement for each group of tables, whatever their number. What is copied and what is not is written once, in
`COPIED` and `NOT_COPIED`; a test holds every table that belongs to a course against them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Integer, cast, func, insert, literal, or_, select
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import (
    ChangedMeanwhileError,
    CodeOfCopyError,
    CopiedAlreadyError,
    CourseExistsError,
    LecturerNotFoundError,
    StaffNotChosenError,
    TermClosedError,
)
from lmskit.limits import LONGEST_CODE
from lmskit.models import (
    BankQuestion,
    Course,
    Material,
    MaterialPassage,
    PassageVector,
    QuestionSlot,
    Quiz,
    ReadingDecision,
    Syllabus,
    Term,
    User,
)
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.queries.course_copy import copied_rows, courses_of_module
from lmskit.queries.person import lecturer_by_email
from lmskit.queries.term import term_by_code
from lmskit.schemas.course_copy import ChosenStaff, CopyCourse, CopyTerm
from lmskit.services.copied_course import CopiedCourse, CopiedTerm
from lmskit.services.permission import administrators_only
from lmskit.services.staff import copy_staff, limited_members, require_members, staff_members
from lmskit.vocabulary import Origin, TermState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import CTE
    from sqlalchemy.orm import Session

    from lmskit.models import Base

COPIED = ("syllabi", "quizzes", "question_slots", "bank_questions", "materials", "material_passages", "passage_words", "passage_vectors",
          "reading_decisions")  # fmt: skip
"""Tables whose rows are copied; a trigger copies the words of passages with them, and files of materials are shared."""
ASKED = ("course_staff",)
"""Rights do not follow of themselves: the person who copies says who comes along."""
NOT_COPIED = {
    "student_enrollments": "students enrol anew",
    "sections": "they are parts of its students",
    "section_members": "they are parts of its students",
    "staff_sections": "they name its sections",
    "quiz_exceptions": "they are about its students",
    "student_activity": "it is what its students did",
    "outbox": "its messages are to its students",
    "message_texts": "they may name days and rooms",
    "quiz_attempts": "they are its students' evidence",
    "archived_attempts": "they are its students' evidence",
    "topic_performance": "it is its students' mastery",
    "archived_estimates": "it is its students' mastery",
    "knowledge_fits": "they are fitted to its students' answers",
    "material_crawls": "what they brought in is copied, and the copy begins its own",
    "crawl_pages": "what they became is copied",
    "external_ids": "other systems call the copy by another id, which the next import brings",
    "audit_log": "it is the history of the earlier course",
}
"""The other tables that belong to a course, each with the reason."""
NOT_COPIED_SENTENCE = (
    "Not copied: students, sections and groups, messages, texts; attempts, mastery, fits; crawls, outside ids, audit trail."
)
Report = TypeVar("Report")
_NEW = {"id", "course_id", "created_at", "updated_at"}
"""Columns that a copied row has anew."""


@administrators_only("copy courses")
def copy_course(session: Session, request: CopyCourse, *, dry_run: bool = False) -> CopiedCourse:
    """Copy a course into a term, in the caller's transaction; `dry_run` does the same work and undoes it.

    Raises
    ------
    CourseNotFoundError, TermNotFoundError
        There is no such course, or no such term.
    TermClosedError
        The term is closed or archived; the term of the course may be.
    CopiedAlreadyError
        No code was given, and the term has a course with the one made from course and term.
    CodeOfCopyError
        No code was given, and the one made from course and term is too long.
    CourseExistsError
        The code that was given is taken.
    LecturerNotFoundError
        No person has the lecturer's address, or the person is not a lecturer.
    StaffNotChosenError
        The course has staff, and the request does not say who comes along.
    NotOnStaffError
        A person who is to come along is not on the staff.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    return _tried(session, lambda: _copy(session, request), dry_run=dry_run)


@administrators_only("copy courses")
def copy_term(session: Session, request: CopyTerm, *, dry_run: bool = False) -> CopiedTerm:
    """Copy all courses of a term into another one; one whose copy is there already, or needs a code, is left out. See `copy_course`.

    Raises
    ------
    NotOnStaffError
        A person who is to come along is on the staff of no course of the term.
    """
    sources = courses_of_term(session, request.source)
    _open_term(session, request.term)
    chosen = request.staff
    members = [f"{course.code}: {email} ({role})" for course in sources for email, role in staff_members(session, course.id)]
    if chosen is None and members:
        raise StaffNotChosenError(what=f"courses of {request.source}", staff=members)
    emails = {email for course in sources for email, _ in staff_members(session, course.id)}
    require_members(chosen.emails if chosen else (), emails, term=request.source)

    def work() -> CopiedTerm:
        copied, left_out = [], {}
        for course in sources:
            of_course = {email for email, _ in staff_members(session, course.id)}
            staff = ChosenStaff(everyone=True) if chosen and chosen.everyone else _of(of_course, chosen)
            try:
                with session.begin_nested():
                    copied.append(_copy(session, CopyCourse(course=course.code, term=request.term, staff=staff)))
            except CopiedAlreadyError as error:
                left_out[course.code] = f"there is already a course with the code {error.code}."
            except CodeOfCopyError as error:
                left_out[course.code] = f"{error.reason} By itself: lmskit course copy {course.code} --term {request.term} --code CODE"
        return CopiedTerm(tuple(copied), left_out)

    return _tried(session, work, dry_run=dry_run)


def copy_as_shown(session: Session, request: CopyCourse | CopyTerm, shown: Sequence[str]) -> CopiedTerm:
    """Copy a course or all courses of a term, if that is what a person was shown before: the sentences of a dry run.

    Raises
    ------
    ChangedMeanwhileError
        Something else would be copied by now.
    """
    done = copied(session, request)
    if done.sentences != list(shown):
        what = f"what is copied of {request.course if isinstance(request, CopyCourse) else request.source}"
        raise ChangedMeanwhileError(what=what)
    return done


def copied(session: Session, request: CopyCourse | CopyTerm, *, dry_run: bool = False) -> CopiedTerm:
    """Copy a course, or all courses of a term; `dry_run` does the same work and undoes it."""
    if isinstance(request, CopyTerm):
        return copy_term(session, request, dry_run=dry_run)
    return CopiedTerm((copy_course(session, request, dry_run=dry_run),))


def _of(members: set[str], chosen: ChosenStaff | None) -> ChosenStaff:
    return ChosenStaff(emails=tuple(email for email in (chosen.emails if chosen else ()) if email in members))


def _tried(session: Session, work: Callable[[], Report], *, dry_run: bool) -> Report:
    """Do the work, within a savepoint that is undone if it is tried only."""
    if not dry_run:
        return work()
    nested = session.begin_nested()
    try:
        return work()
    finally:
        nested.rollback()


def _copy(session: Session, request: CopyCourse) -> CopiedCourse:
    source = course_by_code(session, request.course)
    # Two who copy the same course at the same moment would else wait for each other over the code: the second one finds the copy.
    session.execute(select(Course.id).where(Course.id == source.id).with_for_update(key_share=True))
    to_term = _open_term(session, request.term)
    from_term = session.get_one(Term, source.term_id)
    members = staff_members(session, source.id)
    if request.staff is None and members:
        raise StaffNotChosenError(what=source.code, staff=[f"{email} ({role})" for email, role in members])
    others = courses_of_module(session, module_code=source.module_code, term_id=to_term.id)
    course = _add_course(session, source, request, from_term, to_term)
    _copy_rows(session, source.id, course.id, shift=(to_term.starts_on - from_term.starts_on).days)
    staff = copy_staff(session, source, course, everyone=_everyone(request), emails=request.staff.emails if request.staff else ())
    return CopiedCourse(
        source=source.code,
        code=course.code,
        title=course.title,
        lecturer=session.scalars(select(User.name).where(User.id == course.lecturer_id)).one(),
        from_term=from_term,
        to_term=to_term,
        rows=copied_rows(session, course.id, last_day=to_term.ends_on),
        rule=course.mastery_rule,
        staff=staff,
        without_students=limited_members(session, course.id),
        others=others,
    )


def _everyone(request: CopyCourse) -> bool:
    return request.staff is not None and request.staff.everyone


def _open_term(session: Session, code: str) -> Term:
    """The term, in which courses can be created; the database looks again when one is."""
    term = term_by_code(session, code)
    if term.state is not TermState.OPEN:
        raise TermClosedError(term=term.code, state=term.state)
    return term


def code_of_copy(course: str, module: str, from_term: str, to_term: str, *, is_alone: bool = True) -> str:
    """The code of a copy for which none is given.

    The other term instead of the earlier one, where that is a whole part of the code; otherwise module and term, or, if the module has
    more courses in the earlier term, course and term.

    Examples
    --------
    >>> code_of_copy("CS101-2026-AUTUMN", "CS101", "2026-AUTUMN", "2027-SPRING")
    'CS101-2027-SPRING'
    >>> code_of_copy("Programming", "CS101", "2026-AUTUMN", "2027-SPRING")
    'CS101-2027-SPRING'
    >>> code_of_copy("CS101-B", "CS101", "2026-AUTUMN", "2027-SPRING", is_alone=False)
    'CS101-B-2027-SPRING'
    >>> code_of_copy("CS2601-26", "CS2601", "26", "27")
    'CS2601-27'
    """
    whole_part = rf"(?<![0-9A-Za-z]){re.escape(from_term)}(?![0-9A-Za-z])"
    replaced, n_replaced = re.subn(whole_part, lambda _: to_term, course, flags=re.IGNORECASE)
    if n_replaced and from_term.lower() != to_term.lower():
        return replaced
    return f"{module if is_alone else course}-{to_term}"


def _add_course(session: Session, source: Course, request: CopyCourse, from_term: Term, to_term: Term) -> Course:
    lecturer_id = source.lecturer_id
    if request.lecturer is not None:
        lecturer_id = lecturer_by_email(session, request.lecturer).id
    is_alone = len(courses_of_module(session, module_code=source.module_code, term_id=from_term.id)) == 1
    suggested = code_of_copy(source.code, source.module_code, from_term.code, to_term.code, is_alone=is_alone)
    if request.code is None and len(suggested) > LONGEST_CODE:
        raise CodeOfCopyError(course=source.code, code=suggested, longest=LONGEST_CODE)
    code = request.code or suggested
    course = Course(
        code=code,
        module_code=source.module_code,
        title=source.title,
        term_id=to_term.id,
        lecturer_id=lecturer_id,
        origin=Origin.FORM,
        mastery_rule=source.mastery_rule,
        mastery_parameters=source.mastery_parameters,
    )
    try:
        with session.begin_nested():
            session.add(course)
    except IntegrityError as error:
        match violated_constraint(error):
            case "uq_courses_code" if request.code is None:
                raise CopiedAlreadyError(course=source.code, code=str(code), term=to_term.code) from error
            case "uq_courses_code":
                raise CourseExistsError(course=str(code)) from error
            case "fk_courses_lecturer_id_lecturer_role":  # the person's role has changed since it was read
                raise LecturerNotFoundError(email=request.lecturer or "of the course") from error
            case _:
                raise
    return course


def _copy_rows(session: Session, source: int, copy: int, *, shift: int) -> None:
    """Copy the rows of a course, each group of tables as one snapshot has them; days on which quizzes are due move by `shift` days."""
    session.execute(_copied(Syllabus, source, copy))
    session.execute(_copied(BankQuestion, source, copy))
    quizzes = _pairs(Quiz, source, copy, due_on=Quiz.due_on + cast(shift, Integer))
    slots = _copied(QuestionSlot, source, copy, of=(quizzes, "quiz_id"))
    session.execute(select(func.count()).select_from(quizzes).add_cte(slots.cte("slots")))
    materials = _pairs(Material, source, copy)
    belonging = {"passages": MaterialPassage, "vectors": PassageVector, "decisions": ReadingDecision}
    counted = select(func.count()).select_from(materials)
    for name, model in belonging.items():
        counted = counted.add_cte(_copied(model, source, copy, of=(materials, "material_id")).cte(name))
    session.execute(counted)


def _copied(model: type[Base], source: int, copy: int, *, of: tuple[CTE, str] | None = None) -> Any:  # noqa: ANN401 - an INSERT … RETURNING
    """Insert the rows of `model` that belong to a course for its copy; `of` pairs the rows that a column refers to with their copies."""
    changed = {} if of is None else {of[1]: of[0].c.copy}
    names, values = _values(model, copy, **changed)
    rows = select(*values).where(model.__table__.c.course_id == source, _has_its_week(model, copy))
    if of is not None:
        rows = rows.join_from(model.__table__, of[0], of[0].c.source == model.__table__.c[of[1]])
    return insert(model).from_select(names, rows, include_defaults=False).returning(literal(1))


def _pairs(model: type[Quiz | Material], source: int, copy: int, **changed: Any) -> CTE:
    """Insert the rows of `model`, and pair the id of each with that of its copy: both are numbered in the order of their ids."""
    name = model.__tablename__
    old = (
        select(model.id, func.row_number().over(order_by=model.id).label("n"))
        .where(model.course_id == source, _has_its_week(model, copy))
        .cte(f"{name}_of_source")
    )
    names, values = _values(model, copy, **changed)
    rows = select(*values).join_from(model, old, old.c.id == model.id).order_by(old.c.n)
    added = insert(model).from_select(names, rows, include_defaults=False).returning(model.id).cte(f"{name}_of_copy")
    new = select(added.c.id, func.row_number().over(order_by=added.c.id).label("n")).cte(f"{name}_numbered")
    return select(old.c.id.label("source"), new.c.id.label("copy")).join_from(old, new, old.c.n == new.c.n).cte(f"{name}_pairs")


def _values(model: type[Base], copy: int, **changed: Any) -> tuple[list[str], list[Any]]:
    """The columns of a copied row, with what each of them gets: also those that a later revision adds."""
    columns = [column for column in model.__table__.columns if column.computed is None and column.name not in _NEW]
    return ["course_id", *(column.name for column in columns)], [literal(copy), *(changed.get(column.name, column) for column in columns)]


def _has_its_week(model: type[Base], copy: int) -> Any:  # noqa: ANN401 - a condition
    """Leave out what was added meanwhile to a week that is new too."""
    if model is Syllabus or "week_number" not in model.__table__.columns:
        return literal(value=True)
    week = model.__table__.c.week_number
    return or_(week.is_(None), week.in_(select(Syllabus.week_number).where(Syllabus.course_id == copy)))
