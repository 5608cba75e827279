"""How long it takes to copy a course into another term.

    python -m benchmarks.course_copy [--quizzes 100] [--questions 30] [--materials 40] [--passages 50] [--repeat 5]

Each copy is rolled back. Everything runs in a cluster of its own that is removed.
"""

import argparse
import datetime as dt
import statistics
import time

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.scratch import scratch_cluster
from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, transaction
from lmskit.models import Course, Syllabus, Term, User
from lmskit.schemas.course_copy import CopyCourse
from lmskit.services.course_copy import copy_course
from lmskit.services.person import add_person
from lmskit.services.seed import seed_administrator
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Origin, Role

QUIZZES = text("""
    INSERT INTO quizzes (course_id, week_number, title, questions, answer_key, max_score, due_on)
    SELECT :course, 1 + n % 15, 'Quiz ' || n, q.questions, q.answer_key, :questions, DATE '2026-09-20' + n
    FROM generate_series(1, :quizzes) AS n
    CROSS JOIN LATERAL (
        SELECT
            jsonb_agg(jsonb_build_object(
                'id', 'q' || k, 'type', 'single_choice', 'text', 'What is ' || n || ' + ' || k || ', and why is it not something else?',
                'points', 1, 'options', jsonb_build_array(
                    jsonb_build_object('id', 'a', 'text', (n + k)::text), jsonb_build_object('id', 'b', 'text', (n - k)::text),
                    jsonb_build_object('id', 'c', 'text', (n * k)::text), jsonb_build_object('id', 'd', 'text', 'none of these')
                )
            )) AS questions,
            jsonb_object_agg('q' || k, jsonb_build_object('correct', jsonb_build_array('a'))) AS answer_key
        FROM generate_series(1, :questions) AS k
    ) AS q
""")
MATERIALS = text("""
    INSERT INTO materials (course_id, week_number, kind, title, language, url)
    SELECT :course, 1 + n % 15, 'page', 'Page ' || n, 'en', 'https://example.org/' || n FROM generate_series(1, :materials) AS n
""")
PASSAGES = text("""
    INSERT INTO material_passages (course_id, material_id, ordinal, body, language)
    SELECT m.course_id, m.id, n, repeat('Loops repeat what stands in them until their condition does not hold. ', 10) || n, 'en'
    FROM materials AS m CROSS JOIN generate_series(1, :passages) AS n WHERE m.course_id = :course
""")
MODEL = text("INSERT INTO embedding_models (name, dimension, checksum, state) VALUES ('benchmark', 384, repeat('a', 64), 'in use')")
VECTORS = text("""
    INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
    SELECT p.course_id, p.material_id, p.ordinal, 'benchmark', 384, ('[1' || repeat(',0', 383) || ']')::halfvec
    FROM material_passages AS p WHERE p.course_id = :course
""")


def main() -> None:
    """Make one course, copy it several times, and print the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("quizzes", 100), ("questions", 30), ("materials", 40), ("passages", 50), ("repeat", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with scratch_cluster():
        access().server.start()
        revision.upgrade()
        with transaction(migrator_engine()) as session:
            seed_administrator(session, keep_login)
        admin = engine_for(DEMO_ADMIN)
        with transaction(admin) as session:
            fill(session, vars(asked))
        took, rows = [], ""
        for _ in range(asked.repeat):
            with Session(admin) as session:
                started = time.perf_counter()
                rows = copy_course(session, CopyCourse(course="CS101-A", term="B")).rows.text
                took.append(time.perf_counter() - started)
                session.rollback()
        print(f"{rows}: {statistics.median(took):.2f} s (from {min(took):.2f} to {max(took):.2f})")


def fill(session: Session, numbers: dict[str, int]) -> None:
    """Add the course and its two terms."""
    person: User = add_person(session, email="lecturer@example.org", family_name="Lecturer", given_name="", role=Role.LECTURER)
    terms = [
        Term(code=code, name=code, starts_on=first, ends_on=first + dt.timedelta(weeks=16))
        for code, first in (("A", dt.date(2026, 9, 14)), ("B", dt.date(2027, 2, 15)))
    ]
    session.add_all(terms)
    session.flush()
    course = Course(
        code="CS101-A", module_code="CS101", title="Programming", term_id=terms[0].id, lecturer_id=person.id, origin=Origin.FORM
    )
    session.add(course)
    session.flush()
    session.add_all(Syllabus(course_id=course.id, week_number=week, topic=f"Topic {week}") for week in range(1, 17))
    session.flush()
    session.execute(MODEL)
    for statement in (QUIZZES, MATERIALS, PASSAGES, VECTORS):
        session.execute(statement, {"course": course.id} | {name: numbers[name] for name in numbers if f":{name}" in statement.text})


if __name__ == "__main__":
    main()
