"""The demonstration: a simulated term and an earlier one of the same modules, marked as simulated wherever they are shown."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import DemonstrationError, LecturerNotFoundError
from lmskit.models import Course, Enrollment, QuizAttempt, Term
from lmskit.names import sort_name
from lmskit.progress import Progress, silent
from lmskit.queries.person import person_by_email
from lmskit.services.seed import DEMO_LECTURER, DEMO_LECTURERS, SECOND_LECTURER
from lmskit.simulation import DEMONSTRATION_FLAWS, DEMONSTRATION_SEED, SimulatedTerm, TermDesign, simulate_term
from lmskit.vocabulary import EnrollmentStatus, Origin

STUDENTS = 300
"""Of the current term; the earlier one has two fifths as many."""
OWNERS = (DEMO_LECTURER, DEMO_LECTURER, SECOND_LECTURER)
"""Who teaches the modules, in their order."""


@dataclass(frozen=True)
class DemonstrationReport:
    """What the database holds of the demonstration, and how many of its terms were added now."""

    terms: tuple[str, ...]
    """Codes, the earlier one first."""
    terms_added: int
    courses: tuple[str, ...]
    """Codes of all simulated courses of these terms."""
    courses_of_current_term: tuple[str, ...]
    students: int
    attempts: int


def designs(students: int = STUDENTS) -> tuple[TermDesign, TermDesign]:
    """The earlier and the current term; their days are fixed, so that everybody gets the same demonstration."""
    current = TermDesign(n_students=students, flaws=DEMONSTRATION_FLAWS)
    earlier = TermDesign(
        code="2026A",
        name="Spring 2026 (simulated)",
        first_day=date(2026, 2, 23),
        n_students=max(1, students * 2 // 5),
        first_number=students + 1,
    )
    return earlier, current


def build(
    session: Session, *, students: int = STUDENTS, seed: int = DEMONSTRATION_SEED, progress: Progress = silent
) -> DemonstrationReport:
    """Add the demonstration as an administrator; a term that is there stays as it is, whatever its number of students.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    students
        In the current term.
    seed
        Of the simulation; the same one gives the same data.
    progress
        Receives the name of each step when it begins.

    Raises
    ------
    DemonstrationError
        A term of a real course has a code that the demonstration needs.
    LecturerNotFoundError
        The demonstration lecturers are not there yet.
    """
    terms = designs(students)
    added = 0
    for design in terms:
        if _is_there(session, design):
            continue
        progress(f"Simulating {design.name}", 0, None)
        simulated = simulate_term(design, seed=seed)
        progress(f"Writing {len(simulated.attempts):,} attempts of {len(simulated.students):,} students", 0, None)
        _write(session, simulated, completed=design is not terms[-1])
        added += 1
    return _report(session, terms, added)


def _is_there(session: Session, design: TermDesign) -> bool:
    """Whether the term was added before; it is added in one transaction, so it is there whole or not at all."""
    term = session.scalars(select(Term).where(Term.code == design.code)).one_or_none()
    if term is None:
        return False
    origins = set(session.scalars(select(Course.origin).where(Course.term_id == term.id)))
    if (term.name, term.starts_on) != (design.name, design.first_day) or origins != {Origin.SIMULATION}:
        raise DemonstrationError(
            f"There is already a term {design.code} that is not the demonstration's. Nothing was changed; "
            "use another database for the demonstration, for example: LMSKIT_HOME=~/lmskit-demo lmskit demo"
        )
    return True


def _write(session: Session, term: SimulatedTerm, *, completed: bool) -> None:
    """Copy each frame into a staging table, then insert from there: COPY does not go into tables with row security."""
    owners = _owners(session)
    design = term.design
    session.add(Term(code=design.code, name=design.name, starts_on=design.first_day, ends_on=term.last_day))
    session.flush()

    _stage(session, "sim_courses", {"course": "text", "module": "text", "title": "text", "lecturer_id": "bigint"})
    copy_rows(
        session,
        "sim_courses",
        ("course", "module", "title", "lecturer_id"),
        ((*row, owners[place % len(owners)]) for place, row in enumerate(_rows(term.courses, "course", "module", "title"))),
    )
    _stage(
        session, "sim_students", {"student": "bigint", "email": "text", "family_name": "text", "given_name": "text", "sort_name": "text"}
    )
    copy_rows(
        session,
        "sim_students",
        ("student", "email", "family_name", "given_name", "sort_name"),
        ((*row, sort_name(str(row[2]), str(row[3]))) for row in _rows(term.students, "student", "email", "family_name", "given_name")),
    )
    _stage(session, "sim_enrollments", {"course": "text", "student": "bigint"})
    copy_rows(session, "sim_enrollments", ("course", "student"), _rows(term.enrollments, "course", "student"))
    _stage(session, "sim_syllabus", {"course": "text", "week_number": "integer", "topic": "text", "objectives": "text"})
    copy_rows(
        session,
        "sim_syllabus",
        ("course", "week_number", "topic", "objectives"),
        _rows(term.syllabus, "course", "week_number", "topic", "objectives"),
    )
    _stage(session, "sim_quizzes", QUIZ_COLUMNS)
    copy_rows(session, "sim_quizzes", tuple(QUIZ_COLUMNS), _quiz_rows(term))
    _stage(session, "sim_attempts", ATTEMPT_COLUMNS)
    copy_rows(session, "sim_attempts", tuple(ATTEMPT_COLUMNS), _attempt_rows(term))
    session.execute(text("ANALYZE sim_attempts, sim_quizzes, sim_students, sim_enrollments"))

    status = EnrollmentStatus.COMPLETED if completed else EnrollmentStatus.ACTIVE
    values = {
        "term": design.code,
        "origin": Origin.SIMULATION.value,
        "status": status.value,
        "first_day": design.first_day,
        "last_day": term.last_day if completed else None,
    }
    for statement in INSERTS:
        session.execute(text(statement), values)
    written = session.execute(text(ATTEMPTS), values).scalar_one()
    if written != len(term.attempts):
        raise DemonstrationError(
            f"Only {written} of {len(term.attempts)} simulated attempts found their quiz and student. Nothing was changed."
        )
    for table in STAGED:
        session.execute(text(f"DROP TABLE pg_temp.{table}"))


STAGED = ("sim_courses", "sim_students", "sim_enrollments", "sim_syllabus", "sim_quizzes", "sim_attempts")

QUIZ_COLUMNS = {
    "quiz": "text",
    "course": "text",
    "week_number": "integer",
    "title": "text",
    "questions": "jsonb",
    "answer_key": "jsonb",
    "max_score": "numeric",
    "due_on": "date",
}
ATTEMPT_COLUMNS = {
    "quiz": "text",
    "course": "text",
    "student": "bigint",
    "number": "integer",
    "score": "numeric",
    "max_score": "numeric",
    "answers": "jsonb",
    "started_at": "timestamptz",
    "submitted_at": "timestamptz",
}

INSERTS = (
    """
    INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT s.course, 'SIM-' || s.module, s.title, t.id, s.lecturer_id, CAST(:origin AS row_origin)
    FROM sim_courses s JOIN terms t ON t.code = :term
    """,
    # A student of the demonstration may be there already, when an earlier demonstration was removed course by course.
    """
    INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT s.email, s.family_name, s.given_name, s.sort_name, 'student' FROM sim_students s
    ON CONFLICT (email) DO NOTHING
    """,
    """
    INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
    SELECT c.id, u.id, CAST(:status AS enrollment_status), CAST(:origin AS row_origin), :first_day, :last_day
    FROM sim_enrollments e
    JOIN sim_students s USING (student)
    JOIN users u ON u.email = s.email
    JOIN courses c ON c.code = e.course
    """,
    """
    INSERT INTO syllabi (course_id, week_number, topic, objectives)
    SELECT c.id, s.week_number, s.topic, s.objectives FROM sim_syllabus s JOIN courses c ON c.code = s.course
    """,
    """
    INSERT INTO quizzes (course_id, week_number, title, questions, answer_key, max_score, due_on)
    SELECT c.id, q.week_number, q.title, q.questions, q.answer_key, q.max_score, q.due_on
    FROM sim_quizzes q JOIN courses c ON c.code = q.course
    ORDER BY c.code, q.week_number, q.quiz
    """,
)
# In a week of a course each quiz has a title of its own, which tells what number the database gave to it.
ATTEMPTS = """
    WITH written AS (
        INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, answers, started_at, submitted_at, origin)
        SELECT q.id, c.id, u.id, a.number, a.score, a.max_score, a.answers, a.started_at, a.submitted_at, CAST(:origin AS row_origin)
        FROM sim_attempts a
        JOIN sim_quizzes n USING (quiz, course)
        JOIN courses c ON c.code = a.course
        JOIN quizzes q ON q.course_id = c.id AND q.week_number = n.week_number AND q.title = n.title
        JOIN sim_students s USING (student)
        JOIN users u ON u.email = s.email
        ORDER BY a.submitted_at
        RETURNING 1
    )
    SELECT count(*) FROM written
"""


def _stage(session: Session, name: str, columns: dict[str, str]) -> None:
    # Two terms may be written in one transaction, which is when the staging tables would go by themselves.
    session.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    stage(session, name, columns)


def _owners(session: Session) -> list[int]:
    people = {email: person_by_email(session, email) for email in DEMO_LECTURERS}
    owners = []
    for email in OWNERS:
        person = people[email]
        if person is None:
            raise LecturerNotFoundError(email=email)
        owners.append(person.id)
    return owners


def _rows(table: pd.DataFrame, *columns: str) -> Iterable[tuple[object, ...]]:
    return zip(*(table[column].tolist() for column in columns), strict=True)


def _quiz_rows(term: SimulatedTerm) -> Iterable[tuple[object, ...]]:
    for row in term.quizzes.itertuples(index=False):
        due_on = term.design.first_day + timedelta(weeks=int(str(row.week_number)), days=-1)
        yield (
            row.quiz,
            row.course,
            row.week_number,
            row.title,
            json.dumps(row.questions),
            json.dumps(row.answer_key),
            row.max_score,
            due_on,
        )


def _attempt_rows(term: SimulatedTerm) -> Iterable[tuple[object, ...]]:
    attempts = term.attempts
    plain = _rows(attempts, "quiz", "course", "student", "number", "score", "max_score")
    started = attempts["started_at"].dt.to_pydatetime()
    submitted = attempts["submitted_at"].dt.to_pydatetime()
    for row, answers, start, end in zip(plain, attempts["answers"], started, submitted, strict=True):
        yield (*row, json.dumps(answers), start, end)


def _report(session: Session, terms: Sequence[TermDesign], added: int) -> DemonstrationReport:
    found = session.execute(
        select(Course.id, Course.code, Term.code.label("term"))
        .join(Term, Term.id == Course.term_id)
        .where(Term.code.in_([design.code for design in terms]), Course.origin == Origin.SIMULATION)
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
