"""Rows to test with: each function adds one and returns it; values that do not matter to a test are made up.

Codes and addresses differ from call to call, so that tests can share a database.
"""

import datetime as dt
import hashlib
import itertools
import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import Session

from lmskit.models import (
    Base,
    Course,
    CrawlPage,
    EmbeddingModel,
    Enrollment,
    KnowledgeFit,
    Material,
    MaterialCrawl,
    MaterialPassage,
    PassageVector,
    Quiz,
    QuizAttempt,
    ReadingDecision,
    Syllabus,
    Term,
    User,
)
from lmskit.services.person import add_person
from lmskit.vocabulary import CrawlPageState, Decision, EmbeddingModelState, EnrollmentStatus, MaterialKind, Origin, Role

_number = itertools.count(1)
Row = TypeVar("Row", bound=Base)

FIRST_DAY = dt.date(2026, 9, 14)
"""First day of a term, unless another is given."""
LAST_DAY = dt.date(2199, 12, 31)
"""Last day of that term: where a term is over, enrolling asks first."""


def unique(word: str) -> str:
    """`word` with an ending that no other call returns."""
    return f"{word}-{os.getpid()}-{next(_number)}"


def term(session: Session, *, code: str | None = None, starts_on: dt.date | None = None, ends_on: dt.date | None = None) -> Term:
    """A term of 16 weeks from `starts_on`; without it, one from `FIRST_DAY` on that is not over while there are tests."""
    last_day = LAST_DAY if starts_on is None else starts_on + dt.timedelta(weeks=16, days=-1)
    return _added(session, Term(code=code or unique("T"), name="A term", starts_on=starts_on or FIRST_DAY, ends_on=ends_on or last_day))


def person(session: Session, *, role: Role, email: str | None = "", family_name: str = "Person", given_name: str | None = None) -> User:
    """A person without a login; `email=None` makes one without an address."""
    name = unique("p")
    given = name if given_name is None else given_name
    chosen = f"{name}@example.org" if email == "" else email
    return add_person(session, email=chosen, family_name=family_name, given_name=given, role=role)


def lecturer(session: Session, *, email: str | None = "", family_name: str = "Lecturer", given_name: str | None = None) -> User:
    """A lecturer without a login."""
    return person(session, role=Role.LECTURER, email=email, family_name=family_name, given_name=given_name)


def student(session: Session, *, email: str | None = "", family_name: str = "Student", given_name: str | None = None) -> User:
    """A student; `email=None` makes one without an address."""
    return person(session, role=Role.STUDENT, email=email, family_name=family_name, given_name=given_name)


def course(
    session: Session,
    *,
    code: str | None = None,
    module_code: str | None = None,
    title: str = "A course",
    in_term: Term | None = None,
    taught_by: User | None = None,
    weeks: int = 0,
    origin: Origin = Origin.FORM,
    mastery_rule: str = "average",
    mastery_parameters: dict[str, Any] | None = None,
) -> Course:
    """A course with `weeks` weeks; term and lecturer are made unless given."""
    made_code = code or unique("C")
    made = Course(
        code=made_code,
        module_code=module_code or made_code,
        title=title,
        term_id=(in_term or term(session)).id,
        lecturer_id=(taught_by or lecturer(session)).id,
        origin=origin,
        mastery_rule=mastery_rule,
        mastery_parameters=mastery_parameters or {},
    )
    _added(session, made)
    for week_number in range(1, weeks + 1):
        week(session, made, week_number)
    return made


def week(session: Session, of_course: Course, week_number: int, *, topic: str | None = None) -> Syllabus:
    """A week of the syllabus."""
    return _added(session, Syllabus(course_id=of_course.id, week_number=week_number, topic=topic or f"Topic {week_number}", objectives=""))


def enrollment(
    session: Session,
    in_course: Course,
    of_student: User | None = None,
    *,
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE,
    origin: Origin = Origin.FORM,
    started_on: dt.date = FIRST_DAY,
    ended_on: dt.date | None = None,
) -> Enrollment:
    """An enrollment in a course; the student is made unless given."""
    made = Enrollment(
        course_id=in_course.id,
        student_id=(of_student or student(session)).id,
        status=status,
        origin=origin,
        started_on=started_on,
        ended_on=ended_on,
    )
    return _added(session, made)


def quiz(
    session: Session,
    in_course: Course,
    *,
    week_number: int | None = 1,
    title: str = "A quiz",
    questions: Sequence[dict[str, Any]] = (),
    answer_key: dict[str, Any] | None = None,
    max_score: float = 10,
) -> Quiz:
    """A quiz of a week that the course has, or of none."""
    made = Quiz(
        course_id=in_course.id,
        week_number=week_number,
        title=title,
        questions=list(questions),
        answer_key=answer_key or {},
        max_score=Decimal(str(max_score)),
    )
    return _added(session, made)


def attempt(
    session: Session,
    at_quiz: Quiz,
    by_student: User | int,
    *,
    number: int = 1,
    score: float | None = 8,
    max_score: float | None = None,
    answers: Sequence[dict[str, Any]] = (),
    submitted_at: dt.datetime | Literal["unknown"] | None = None,
    origin: Origin = Origin.FORM,
    banked: bool = False,
) -> QuizAttempt:
    """An attempt of a student who is enrolled in the course."""
    noon = dt.datetime.combine(FIRST_DAY, dt.time(12), tzinfo=dt.UTC) + dt.timedelta(weeks=(at_quiz.week_number or 1) - 1)
    made = QuizAttempt(
        quiz_id=at_quiz.id,
        course_id=at_quiz.course_id,
        student_id=by_student if isinstance(by_student, int) else by_student.id,
        number=number,
        score=None if score is None else Decimal(str(score)),
        max_score=at_quiz.max_score if max_score is None else Decimal(str(max_score)),
        answers=list(answers),
        submitted_at=None if submitted_at == "unknown" else submitted_at or noon,
        origin=origin,
        banked=banked,
    )
    return _added(session, made)


def knowledge_fit(of_course: Course, *, week_number: int = 1, constrained: bool = False) -> KnowledgeFit:
    """A fit of a week that the course has, not added yet."""
    return KnowledgeFit(
        course_id=of_course.id,
        week_number=week_number,
        prior=0.3,
        learn=0.2,
        guess=0.25,
        slip=0.1,
        forget=0.0,
        correct_from=1.0,
        n_students=30,
        n_answers=120,
        log_likelihood=-70.25,
        converged=True,
        constrained=constrained,
        n_held_out=120,
        auc=0.75,
        rmse=0.41,
        log_loss=0.52,
        fitted_at=dt.datetime(2026, 9, 21, 9, tzinfo=dt.UTC),
    )


def material(
    session: Session,
    of_course: Course,
    *,
    week_number: int | None = 1,
    kind: MaterialKind = MaterialKind.PAGE,
    title: str = "A material",
    url: str | None = "",
    language: str | None = "en",
    passages: Sequence[str] = (),
    **values: Any,
) -> Material:
    """A material of a course, for a week that it has or for all, with passages of these texts in its language.

    Its address is made up unless it is given; one without an address needs a checksum.
    """
    chosen = f"https://example.org/{unique('page')}" if url == "" else url
    made = _added(
        session,
        Material(course_id=of_course.id, week_number=week_number, kind=kind, title=title, url=chosen, language=language, **values),
    )
    for number, body in enumerate(passages, start=1):
        passage(session, made, number, body=body)
    return made


def passage(
    session: Session, of_material: Material, ordinal: int = 1, *, body: str = "Words of a passage", **values: Any
) -> MaterialPassage:
    """A passage of a material, in its language unless another is given."""
    values = {"language": of_material.language, **values}
    made = MaterialPassage(course_id=of_material.course_id, material_id=of_material.id, ordinal=ordinal, body=body, **values)
    return _added(session, made)


def embedding_model(
    session: Session, *, name: str | None = None, dimension: int = 3, state: EmbeddingModelState = EmbeddingModelState.IN_USE
) -> EmbeddingModel:
    """A model of vectors; only an administrator may add one."""
    chosen = name or unique("model")
    made = EmbeddingModel(name=chosen, dimension=dimension, checksum=hashlib.sha256(chosen.encode()).hexdigest(), state=state)
    return _added(session, made)


def vector(session: Session, of_passage: MaterialPassage, by_model: EmbeddingModel, embedding: Sequence[float]) -> PassageVector:
    """The vector of a passage by a model of its dimension."""
    made = PassageVector(
        course_id=of_passage.course_id,
        material_id=of_passage.material_id,
        ordinal=of_passage.ordinal,
        model=by_model.name,
        dimension=by_model.dimension,
        embedding=list(embedding),
    )
    return _added(session, made)


def reading_decision(
    session: Session,
    of_passage: MaterialPassage,
    *,
    week_number: int = 1,
    decision: Decision = Decision.PINNED,
    position: int | None = None,
) -> ReadingDecision:
    """What a person decided about a passage as advice for a week."""
    made = ReadingDecision(
        course_id=of_passage.course_id,
        week_number=week_number,
        material_id=of_passage.material_id,
        passage_checksum=hashlib.sha256(of_passage.body.encode()).hexdigest(),
        decision=decision,
        position=position,
    )
    return _added(session, made)


def crawl(session: Session, of_course: Course, *, start_url: str = "https://example.org/", addresses: Sequence[str] = ()) -> MaterialCrawl:
    """A crawl that runs, with addresses that wait."""
    made = _added(session, MaterialCrawl(course_id=of_course.id, start_url=start_url))
    for url in addresses:
        _added(session, CrawlPage(course_id=of_course.id, crawl_id=made.id, url=url, depth=1, state=CrawlPageState.WAITING))
    return made


def address(of_person: User) -> str:
    """The address of a person, who must have one."""
    assert of_person.email is not None
    return of_person.email


def _added(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
