"""What lecturers ask reads each row of their course once, whatever the planner expects, and no row of another course."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from lmskit.db import engine_for, transaction
from lmskit.queries.course import narrow
from lmskit.queries.material import materials_of_course
from lmskit.queries.material_search import best_passages_of_each
from lmskit.queries.missed_questions import missed_questions
from lmskit.queries.passage_scores import SearchVector
from lmskit.queries.quiz import quizzes
from lmskit.queries.quiz_answers import answered_quizzes
from lmskit.queries.search_words import plain_words
from lmskit.vocabulary import Role
from tests import factories

QUIZZES, QUESTIONS, STUDENTS, ATTEMPTS, MATERIALS, PASSAGES = 5, 12, 20, 2, 12, 60
N_ATTEMPTS, N_PASSAGES = QUIZZES * STUDENTS * ATTEMPTS, MATERIALS * PASSAGES
WORDS = ["list", "loop", "index"]


@pytest.fixture(scope="module")
def lecturers(admin_engine, make_person):
    """Committed courses of two lecturers, alike: by address, the code."""
    addresses = ["plans.one@example.org", "plans.two@example.org"]
    for address in addresses:
        make_person(address, Role.LECTURER)
    with transaction(admin_engine) as session:
        model = factories.embedding_model(session, name="plans")
        taught = {}
        for address in addresses:
            course = factories.course(session, weeks=1)
            course.lecturer_id = session.scalars(text("SELECT id FROM users WHERE email = :e").bindparams(e=address)).one()
            filled(session, course, model)
            taught[address] = course
        codes = {address: course.code for address, course in taught.items()}
    with admin_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    yield codes
    with transaction(admin_engine) as session:
        for table in ("quiz_attempts", "quizzes", "materials", "courses"):
            column = "id" if table == "courses" else "course_id"
            session.execute(
                text(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM courses WHERE code = ANY(:c))"), {"c": [*codes.values()]}
            )
        session.execute(text("DELETE FROM embedding_models WHERE name = 'plans'"))


def filled(session, course, model):
    questions = [{"id": f"q{n}", "type": "short_text", "prompt": f"What is {n}?", "points": 1} for n in range(QUESTIONS)]
    answers = [{"question": question["id"], "response": "x", "score": n % 2} for n, question in enumerate(questions)]
    students = [factories.enrollment(session, course).student_id for _ in range(STUDENTS)]
    for _ in range(QUIZZES):
        quiz = factories.quiz(session, course, questions=questions, max_score=QUESTIONS)
        for student in students:
            for number in range(ATTEMPTS):
                factories.attempt(session, quiz, student, number=number + 1, answers=answers, score=6)
    for _ in range(MATERIALS):
        material = factories.material(session, course, language="en")
        added = "INSERT INTO material_passages (course_id, material_id, ordinal, body, language)"
        words = "(ARRAY['list', 'loop', 'index', 'value', 'array'])[1 + (n + :material) % 5] || ' ' || n"
        asked = {"course": course.id, "material": material.id, "n": PASSAGES}
        session.execute(text(f"{added} SELECT :course, :material, n, {words}, 'en' FROM generate_series(1, :n) AS n"), asked)
    added = "INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)"
    vector = "SELECT course_id, material_id, ordinal, :model, 3, '[1, 0, 0]' FROM material_passages WHERE course_id = :course"
    session.execute(text(f"{added} {vector}"), {"course": course.id, "model": model.name})


@pytest.fixture
def asking(lecturers):
    """A lecturer's session, narrowed to the course, and its code."""
    address, code = next(iter(lecturers.items()))
    with Session(engine_for(address)) as session:
        narrow(session, code)
        yield session, code


def read(session):
    """By table, how often this transaction has read it from end to end, and how many rows of it by an index."""
    statement = text("SELECT relname, seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE schemaname = 'lms'")
    return {row.relname: (row.seq_scan, row.idx_tup_fetch or 0) for row in session.execute(statement)}


@pytest.mark.parametrize("searches", [1, 3])
def test_a_search_reads_what_it_needs_of_its_course_once(asking, searches):
    session, code = asking
    course = session.scalar(text("SELECT id FROM courses WHERE code = :code"), {"code": code})
    asked = [(plain_words(word), SearchVector("plans", "", (1.0, 0.0, 0.0))) for word in WORDS[:searches]]
    before = read(session)
    found = best_passages_of_each(session, [course], asked, most=7)
    assert [len(rows) for rows in found] == [7] * searches
    now = {table: (n - before[table][0], rows - before[table][1]) for table, (n, rows) in read(session).items()}
    assert [now[table][0] for table in ("passage_vectors", "passage_words", "material_passages")] == [0, 0, 0]
    assert now["passage_vectors"][1] == searches * N_PASSAGES
    assert now["passage_words"][1] == 2 * MATERIALS  # for their sizes and for their words, however many searches there are
    assert now["material_passages"][1] == len({(row["material_id"], row["ordinal"]) for rows in found for row in rows})


def steps(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from steps(part)


@pytest.mark.parametrize(
    ("ask", "table", "rows", "most"),
    [
        (missed_questions, "quiz_attempts", N_ATTEMPTS, N_ATTEMPTS * QUESTIONS),
        (answered_quizzes, "quiz_attempts", N_ATTEMPTS, N_ATTEMPTS),
        (quizzes, "quiz_attempts", N_ATTEMPTS, N_ATTEMPTS),
        (materials_of_course, "material_passages", N_PASSAGES, N_PASSAGES),
    ],
    ids=["missed questions", "answered quizzes", "quizzes", "materials"],
)
def test_a_list_reads_each_row_of_its_course_once(asking, ask, table, rows, most):
    session, code = asking
    plans = []

    def explain(connection, cursor, statement, parameters, *_):
        if table in statement:
            explained = cursor.connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            plans.append(explained.fetchone()[0][0]["Plan"])

    event.listen(session.get_bind(), "before_cursor_execute", explain)
    try:
        assert len(ask(session, code)) > 0
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", explain)
    [plan] = plans
    scans = [step for step in steps(plan) if step.get("Relation Name") == table]
    assert sum(step["Actual Rows"] * step["Actual Loops"] for step in scans) == rows
    assert [step["Node Type"] for step in scans if step["Node Type"] == "Seq Scan"] == []
    assert max(step["Actual Rows"] * step["Actual Loops"] for step in steps(plan)) <= most
