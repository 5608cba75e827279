"""The course of a source that describes one: found in lmskit or made, with its weeks, before quizzes are planned for it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from lmskit.errors import InputError
from lmskit.importers import advice
from lmskit.importers.course_outcome import CourseOutcome, SectionOutcome
from lmskit.importers.described_course import CourseSource, IdentifiedCourse
from lmskit.importers.report import Outcome, shortened
from lmskit.importers.text_cell import one_line
from lmskit.limits import LONGEST_CODE, LONGEST_TITLE
from lmskit.models import Course, ExternalId, Term, User
from lmskit.queries.course import has_code
from lmskit.queries.external_id import entity_named, ids_of_course
from lmskit.queries.person import lecturers_known_as
from lmskit.queries.term import open_terms
from lmskit.schemas.text import Code
from lmskit.services.course import add_course
from lmskit.services.described_weeks import KEPT, put_weeks
from lmskit.services.file_import.options import PreparedCourse
from lmskit.vocabulary import EntityKind, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.described_course import DescribedCourse
    from lmskit.importers.record import PersonKey, Source
    from lmskit.services.file_import.options import FoundOptions

_CODE: TypeAdapter[str] = TypeAdapter(Code)
_NOT_IN_CODE = re.compile(r"[/\\]")
SITE = "/"
"""What the id of a course has if it contains its site."""
SIS = "sis"
"""The system of the numbers that an institution gives."""
MOST_TERMS = 10
"""Terms that a refusal names."""
OF_CODES = f"codes are lines of 1 to {LONGEST_CODE} visible characters without / and \\, and begin with no dot"


def prepare_course(session: Session, source: Source | CourseSource, found: FoundOptions) -> FoundOptions:
    """Return the options with the course that a source describes; of other sources, the one whose id a source says is required to be that.

    It is the course that the options name, else the one with the source's id, else the one with its code, else a new one. It gets the
    source's weeks that it lacks, and topics and objectives where it has none; what a person wrote stays.

    Raises
    ------
    InputError
        The course is new and its term or lecturer is not given, or its code is that of another course of the system, or cannot be one.
    """
    if isinstance(source, IdentifiedCourse) and found.course is not None:
        _require_id(session, source.name, source.id_of_course, found.course, found)
    if not isinstance(source, CourseSource):
        return found
    described = source.described_course
    known = entity_named(session, found.system, EntityKind.COURSE, described.external_id) if described.external_id else None
    notes: list[str] = []
    state = change = ""
    course = found.course or (None if known is None else session.get_one(Course, known))
    if course is None:
        course = _with_code(session, source, found)
    if course is None:
        course, state = _made(session, source, found), "added"
    if known is None and described.external_id:
        others = _ids_like(session, course, found.system, described.external_id)
        if others and SITE in described.external_id and not state:
            notes.append(f"{course.code} is known as {others[0]} as well: quizzes of both meet by their titles, and not by their ids.")
        _add_id(session, found.system, described.external_id, course)
        state, change = (state, "") if state else ("changed", "new id")
    elif known is not None and known != course.id:
        other = session.get_one(Course, known).code
        notes.append(f"{source.name} is of the course {other} by its id, and is imported into {course.code}.")
    if course.title != (title := _title(described)) and title:
        notes.append(f"{course.code} is called {course.title!r} in lmskit and {title!r} in {source.name}: the title stays.")
    outcomes = [_outcome(described, state or "unchanged", course, change)]
    weeks = put_weeks(session, course, described.sections.weeks)
    outcomes += weeks
    notes += [*_notes(described, weeks), *_changed_nothing(described, found, course, is_new=state == "added")]
    states = {week.number: outcome.state for week, outcome in zip(described.sections.weeks, weeks, strict=True)}
    report = _report(session, course, described, outcomes)
    return replace(found, course=course, prepared=PreparedCourse(report, tuple(outcomes), states, tuple(notes)))


def _require_id(session: Session, name: str, external_id: str, course: Course, found: FoundOptions) -> None:
    """Require that a course of the system is the one in lmskit that a person named, and keep its id.

    Raises
    ------
    InputError
        It is another one.
    """
    known = entity_named(session, found.system, EntityKind.COURSE, external_id)
    if known is not None and known != course.id:
        other = session.get_one(Course, known).code
        raise InputError(f"{name} is the course {other} in lmskit, and not {course.code}; nothing was written. Check the codes of both.")
    others = _ids_like(session, course, found.system, external_id)
    if known is None and others and not found.asked.same_course:
        raise InputError(
            f"{name} is the course {external_id}, and {course.code} in lmskit is {others[0]}; nothing was written. {advice.SAME_COURSE}"
        )
    if known is None:
        _add_id(session, found.system, external_id, course)


def _ids_like(session: Session, course: Course, system: str, external_id: str) -> list[str]:
    """Return the ids that a system gives a course: those that contain its site, or those that do not, as `external_id` does."""
    return [other for other in ids_of_course(session, system, course.id) if (SITE in other) == (SITE in external_id)]


def _report(session: Session, course: Course, described: DescribedCourse, outcomes: Sequence[Outcome]) -> CourseOutcome:
    """Return the outcome of the course, from the outcomes of itself and its weeks."""
    of_course, *of_weeks = outcomes
    sections = [
        SectionOutcome(
            week.section.number, week.section.title, week.number, week.topic, ": ".join(filter(None, (found.state, found.reason)))
        )
        for week, found in zip(described.sections.weeks, of_weeks, strict=True)
    ]
    week_of = described.sections.week_of
    sections += [
        SectionOutcome(left.section.number, left.section.title, week_of.get(left.section.number), "", left.reason)
        for left in described.sections.left_out
    ]
    term, lecturer = session.get_one(Term, course.term_id), session.get_one(User, course.lecturer_id)
    return CourseOutcome(course.code, course.title, term.code, lecturer.name, of_course.state, tuple(sorted(sections)))


def _outcome(described: DescribedCourse, state: str, course: Course, change: str) -> Outcome:
    part, row, _ = described.position
    return Outcome(part, row, None, state, f"{course.title} · {course.code}", change)


def _with_code(session: Session, source: CourseSource, found: FoundOptions) -> Course | None:
    """Return the course with the code that a source names, unless the system calls that another course."""
    described = source.described_course
    course = session.scalars(select(Course).where(has_code(_code(source)))).one_or_none()
    if course is None:
        return None
    others = _ids_like(session, course, found.system, described.external_id)
    if described.external_id and others:
        raise InputError(
            f"{source.name} is of the course {described.external_id}, and {course.code} in lmskit is {others[0]}. "
            f"{advice.COURSE_ALL_THE_SAME}"
        )
    return course


def _made(session: Session, source: CourseSource, found: FoundOptions) -> Course:
    described = source.described_course
    code = _code(source)
    needs = []
    if found.term_id is None:
        terms = [f"{term.code} ({term.starts_on} to {term.ends_on})" for term in open_terms(session, limit=MOST_TERMS)]
        listed = f": {', '.join(terms)}" if terms else ", once there is one: lmskit term create"
        needs.append(f"a term: {advice.TERM}{listed}")
    lecturer_id = found.lecturer_id
    if lecturer_id is None:
        teachers = list(source.teachers())
        known = _known_teachers(session, found.system, teachers)
        if len(known) == 1:
            lecturer_id = known[0].id
        elif not teachers:
            needs.append(f"a lecturer, since it names no teacher: {advice.LECTURER}")
        else:
            why = "several of its editing teachers are lecturers" if known else "none of its editing teachers is a lecturer"
            needs.append(f"a lecturer, since {why} in lmskit: {advice.LECTURER}")
    if found.term_id is None or lecturer_id is None:
        raise InputError(
            f"The course {code} of {source.name} is not in lmskit yet. To make it, the import needs {'; and '.join(needs)}. "
            f"If lmskit has it under another code, {advice.OTHER_CODE}"
        )
    course = Course(
        code=code,
        module_code=code if found.asked.module is None else _module(found.asked.module),
        title=_title(described),
        term_id=found.term_id,
        lecturer_id=lecturer_id,
        origin=Origin.IMPORT,
    )
    add_course(session, course, lecturer=found.asked.lecturer or "")
    return course


def _known_teachers(session: Session, system: str, teachers: Sequence[PersonKey]) -> list[User]:
    """Return the lecturers in lmskit whom one of the keys names."""
    ids = {
        system: [key.source_id for key in teachers if key.source_id],
        SIS: [key.sis_id for key in teachers if key.sis_id],
    }
    return lecturers_known_as(session, ids, [key.email for key in teachers if key.email])


def _code(source: CourseSource) -> str:
    """Return the code of a described course: its short name, with hyphens for what a code cannot contain since it names files."""
    described = source.described_course
    if not described.code:
        raise InputError(f"{source.name} does not say what its course is called. {advice.COURSE}")
    try:
        return _CODE.validate_python(_NOT_IN_CODE.sub("-", described.code))
    except ValidationError:
        raise InputError(
            f"{shortened(described.code)!r}, as {source.name} calls its course, cannot be a code: {OF_CODES}. {advice.COURSE}"
        ) from None


def _module(code: str) -> str:
    try:
        return _CODE.validate_python(code)
    except ValidationError:
        raise InputError(f"{shortened(code)!r} cannot be the code of a module: {OF_CODES}.") from None


def _title(described: DescribedCourse) -> str:
    return one_line(described.title)[:LONGEST_TITLE].strip() or described.code


def _add_id(session: Session, system: str, external_id: str, course: Course) -> None:
    session.add(ExternalId(source=system, kind=EntityKind.COURSE, external_id=external_id, course_id=course.id))
    session.flush()


def _changed_nothing(described: DescribedCourse, found: FoundOptions, course: Course, *, is_new: bool) -> list[str]:
    """Say which options had nothing to do: those of a new course for one that is there, and weeks for sections that are not."""
    asked = found.asked
    of_new = {"a term": asked.term, "a lecturer": asked.lecturer, "a module": asked.module}
    given = [] if is_new else [what for what, value in of_new.items() if value is not None]
    notes = [f"{course.code} is in lmskit, so what was given for a new course changes nothing: {', '.join(given)}."] if given else []
    sections = {week.section.number for week in described.sections.weeks} | {left.section.number for left in described.sections.left_out}
    if unknown := sorted(asked.reading.sections.keys() - sections):
        notes.append(
            f"The course has no sections of these numbers, so what was chosen for them changes nothing: {shortened(_listed(unknown))}."
        )
    return notes


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _notes(described: DescribedCourse, weeks: Sequence[Outcome]) -> list[str]:
    notes = []
    kept = [str(week.number) for week, outcome in zip(described.sections.weeks, weeks, strict=True) if outcome.reason == KEPT]
    if kept:
        notes.append(f"Weeks of which lmskit has another topic or other objectives, which stay: {', '.join(kept)}.")
    if left_out := described.sections.left_out:
        listed = "; ".join(f"{left.section.title} {left.reason}" for left in left_out)
        notes.append(f"Sections that are not weeks of their own: {len(left_out):,}. {listed}.")
    return notes
