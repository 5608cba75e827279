"""The demonstration: a simulated term and an earlier one of the same modules, marked as simulated wherever they are shown."""

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lmskit.errors import DemonstrationError, LecturerNotFoundError
from lmskit.models import Course, Enrollment, QuizAttempt, Term
from lmskit.names import sort_name
from lmskit.progress import Progress, silent
from lmskit.queries.code import is_code, is_one_of_codes
from lmskit.queries.person import person_by_email
from lmskit.services.importing import Statements
from lmskit.services.seed import DEMO_LECTURER, DEMO_LECTURERS, SECOND_LECTURER
from lmskit.services.staging_table import Int8, StagingTable
from lmskit.simulation import DEMONSTRATION_FLAWS, DEMONSTRATION_SEED, SimulatedTerm, TermDesign, simulate_term
from lmskit.vocabulary import EnrollmentStatus, Origin

STUDENTS = 300
"""Students of the current term; the earlier term has two fifths as many."""
OWNERS = (DEMO_LECTURER, DEMO_LECTURER, SECOND_LECTURER)
"""The lecturers of the modules, in their order."""


@dataclass(frozen=True)
class DemonstrationReport:
    """What the database contains of the demonstration, and how many of its terms were added now."""

    terms: tuple[str, ...]
    """Codes, the earlier one first."""
    terms_added: int
    courses: tuple[str, ...]
    """Codes of all simulated courses of these terms."""
    courses_of_current_term: tuple[str, ...]
    students: int
    attempts: int


def designs(students: int = STUDENTS) -> tuple[TermDesign, TermDesign]:
    """Return the earlier and the current term; their days are fixed, so that every demonstration is the same."""
    current = TermDesign(n_students=students, flaws=DEMONSTRATION_FLAWS)
    earlier = TermDesign(
        code="2026A",
        name="Spring 2026 (simulated)",
        first_day=dt.date(2026, 2, 23),
        n_students=max(1, students * 2 // 5),
        first_number=students + 1,
    )
    return earlier, current


def build(
    session: Session, *, students: int = STUDENTS, seed: int = DEMONSTRATION_SEED, progress: Progress = silent
) -> DemonstrationReport:
    """Add the demonstration as an administrator; a term that was added before is not changed, even if it has other students.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    students
        Number of students in the current term.
    seed
        Seed of the simulation; the same seed gives the same data.
    progress
        Receives the name of each step when it begins.

    Raises
    ------
    DemonstrationError
        A term of a real course has a code that the demonstration needs.
    LecturerNotFoundError
        The demonstration lecturers do not exist yet.
    """
    terms = designs(students)
    added = 0
    for design in terms:
        if _was_added(session, design):
            continue
        progress(f"Simulating {design.name}", 0, None)
        simulated = simulate_term(design, seed=seed)
        progress(f"Writing {len(simulated.attempts):,} attempts of {len(simulated.students):,} students", 0, None)
        _write(session, simulated, completed=design is not terms[-1])
        added += 1
    return _report(session, terms, added)


def _was_added(session: Session, design: TermDesign) -> bool:
    """Whether the term was added before; it is added in one transaction, so it is there completely or not at all."""
    term = session.scalars(select(Term).where(is_code(Term.code, design.code))).one_or_none()
    if term is None:
        return False
    origins = set(session.scalars(select(Course.origin).where(Course.term_id == term.id)))
    if (term.name, term.starts_on) != (design.name, design.first_day) or origins != {Origin.SIMULATION}:
        raise DemonstrationError(
            f"There is already a term {design.code} that is not the demonstration's. Nothing was changed; "
            "use another database for the demonstration, for example: LMSKIT_HOME=~/lmskit-demo lmskit demo"
        )
    return True


class SimulatedOptionRow(NamedTuple):
    """The term, with what is the same in all its rows: one row."""

    term: str
    status: str
    first_day: dt.date
    last_day: dt.date | None


class SimulatedCourseRow(NamedTuple):
    """A course."""

    course: str
    module: str
    title: str
    lecturer_id: Int8


class SimulatedStudentRow(NamedTuple):
    """A student, with the number in the simulation."""

    student: int
    email: str
    family_name: str
    given_name: str
    sort_name: str


class SimulatedEnrollmentRow(NamedTuple):
    """An enrollment."""

    course: str
    student: int


class SimulatedWeekRow(NamedTuple):
    """A week of a course."""

    course: str
    week_number: int
    topic: str
    objectives: str


class SimulatedQuizRow(NamedTuple):
    """A quiz; `questions` and `answer_key` are JSON."""

    quiz: str
    course: str
    week_number: int
    title: str
    questions: str
    answer_key: str
    max_score: float
    due_on: dt.date


class SimulatedAttemptRow(NamedTuple):
    """An attempt; `answers` is JSON."""

    quiz: str
    course: str
    student: int
    number: int
    score: float
    max_score: float
    answers: str
    started_at: dt.datetime
    submitted_at: dt.datetime


OPTION = StagingTable("sim_option", SimulatedOptionRow)
COURSE = StagingTable("sim_course", SimulatedCourseRow)
STUDENT = StagingTable("sim_student", SimulatedStudentRow)
ENROLLMENT = StagingTable("sim_enrollment", SimulatedEnrollmentRow)
WEEK = StagingTable("sim_week", SimulatedWeekRow)
QUIZ = StagingTable("sim_quiz", SimulatedQuizRow)
ATTEMPT = StagingTable("sim_attempt", SimulatedAttemptRow)
STAGED = (OPTION, COURSE, STUDENT, ENROLLMENT, WEEK, QUIZ, ATTEMPT)


def _write(session: Session, term: SimulatedTerm, *, completed: bool) -> None:
    """Copy the term into staging tables and insert it from there; COPY cannot write into tables with row security."""
    design = term.design
    session.add(Term(code=design.code, name=design.name, starts_on=design.first_day, ends_on=term.last_day))
    session.flush()
    _stage(session, term, completed=completed)
    run = Statements(session, "demonstration.sql")
    run.run("courses", "students", "enrollments", "sections", "section_members", "weeks", "quizzes")
    written = run.run("attempts")
    if written != len(term.attempts):
        raise DemonstrationError(
            f"Only {written} of {len(term.attempts)} simulated attempts found their quiz and student. Nothing was changed."
        )
    # A second term may be written in the same transaction.
    session.execute(text(f"DROP TABLE {', '.join(table.name for table in STAGED)}"))


def _stage(session: Session, term: SimulatedTerm, *, completed: bool) -> None:
    status = EnrollmentStatus.COMPLETED if completed else EnrollmentStatus.ACTIVE
    last_day = term.last_day if completed else None
    OPTION.fill(session, [SimulatedOptionRow(term.design.code, status.value, term.design.first_day, last_day)])
    lecturers = itertools.cycle(_lecturers(session))
    courses = _rows(term.courses, "course", "module", "title")
    COURSE.fill(session, (SimulatedCourseRow._make((*row, lecturer_id)) for row, lecturer_id in zip(courses, lecturers, strict=False)))
    students = _rows(term.students, "student", "email", "family_name", "given_name")
    STUDENT.fill(session, (SimulatedStudentRow._make((*row, sort_name(str(row[2]), str(row[3])))) for row in students))
    ENROLLMENT.fill(session, itertools.starmap(SimulatedEnrollmentRow, _rows(term.enrollments, "course", "student")))
    weeks = _rows(term.syllabus, "course", "week_number", "topic", "objectives")
    WEEK.fill(session, itertools.starmap(SimulatedWeekRow, weeks))
    QUIZ.fill(session, _quiz_rows(term))
    ATTEMPT.fill(session, _attempt_rows(term))


def _lecturers(session: Session) -> list[int]:
    """The ids of `OWNERS`."""
    people = {email: person_by_email(session, email) for email in DEMO_LECTURERS}
    owners = []
    for email in OWNERS:
        person = people[email]
        if person is None:
            raise LecturerNotFoundError(email=email)
        owners.append(person.id)
    return owners


def _rows(table: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[column].tolist() for column in columns), strict=True)


def _quiz_rows(term: SimulatedTerm) -> Iterator[SimulatedQuizRow]:
    quizzes = term.quizzes
    plain = _rows(quizzes, "quiz", "course", "week_number", "title")
    for row, questions, key, max_score in zip(plain, quizzes["questions"], quizzes["answer_key"], quizzes["max_score"], strict=True):
        due_on = term.design.first_day + dt.timedelta(weeks=row[2], days=-1)
        yield SimulatedQuizRow._make((*row, json.dumps(questions), json.dumps(key), float(max_score), due_on))


def _attempt_rows(term: SimulatedTerm) -> Iterator[SimulatedAttemptRow]:
    attempts = term.attempts
    plain = _rows(attempts, "quiz", "course", "student", "number")
    scores = _rows(attempts.astype({"score": float, "max_score": float}), "score", "max_score")
    started = attempts["started_at"].dt.to_pydatetime()
    submitted = attempts["submitted_at"].dt.to_pydatetime()
    for row, score, answers, start, end in zip(plain, scores, attempts["answers"], started, submitted, strict=True):
        yield SimulatedAttemptRow._make((*row, *score, json.dumps(answers), start, end))


def _report(session: Session, terms: Sequence[TermDesign], added: int) -> DemonstrationReport:
    found = session.execute(
        select(Course.id, Course.code, Term.code.label("term"))
        .join(Term, Term.id == Course.term_id)
        .where(is_one_of_codes(Term.code, [design.code for design in terms]), Course.origin == Origin.SIMULATION)
        .order_by(Course.id)
    ).all()
    ids = [row.id for row in found]
    students = select(func.count(Enrollment.student_id.distinct())).where(Enrollment.course_id.in_(ids))
    attempts = select(func.count()).select_from(QuizAttempt).where(QuizAttempt.course_id.in_(ids))
    return DemonstrationReport(
        terms=tuple(design.code for design in terms),
        terms_added=added,
        courses=tuple(row.code for row in found),
        courses_of_current_term=tuple(row.code for row in found if row.term == terms[-1].code),
        students=session.scalar(students) or 0,
        attempts=session.scalar(attempts) or 0,
    )
