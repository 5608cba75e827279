"""What the demonstration consists of, and that it is made once."""

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select

from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Syllabus, Term, User
from lmskit.queries.course import courses
from lmskit.queries.roster import roster_size
from lmskit.queries.section import sections
from lmskit.schemas.quiz import Answer, QuizContent
from lmskit.services.demonstration import build, designs
from lmskit.services.seed import DEMO_LECTURERS
from lmskit.vocabulary import EnrollmentStatus, Origin, Role
from tests import factories

STUDENTS = 20


def seed_lecturers(session):
    for email in DEMO_LECTURERS:
        if session.scalars(select(User).where(User.email == email)).one_or_none() is None:
            factories.person(session, role=Role.LECTURER, email=email)


@pytest.fixture(scope="module")
def report(module_session):
    seed_lecturers(module_session)
    made = build(module_session, students=STUDENTS)
    module_session.commit()
    return made


@pytest.fixture
def connection(part_of_module):
    """All tests look at one demonstration."""
    return part_of_module


def test_there_are_two_terms_of_three_courses_by_two_lecturers(session, report):
    table = courses(session, limit=1000)
    table = table[table["code"].isin(report.courses)]
    assert (report.terms, report.terms_added, len(table)) == (("2026A", "2026B"), 2, 6)
    assert (table["lecturer"].nunique(), set(table["n_weeks"]), set(table["n_quizzes"])) == (2, {12}, {24})
    assert table.groupby("module_code")["term"].apply(set).tolist() == [{"2026A", "2026B"}] * 3
    assert set(report.courses_of_current_term) == set(table.loc[table["term"] == "2026B", "code"])


def test_every_student_is_in_one_of_three_sections_of_a_course(session, report):
    for code in report.courses:
        counted = sections(session, code)
        assert counted["name"].tolist() == ["A", "B", "C"]
        assert counted["n_students"].sum() == roster_size(session, code)


def test_everything_says_that_it_is_simulated(session, report):
    ids = list(session.scalars(select(Course.id).where(Course.code.in_(report.courses))))
    assert set(session.scalars(select(Course.origin).where(Course.id.in_(ids)))) == {Origin.SIMULATION}
    assert set(session.scalars(select(Enrollment.origin).where(Enrollment.course_id.in_(ids)))) == {Origin.SIMULATION}
    assert set(session.scalars(select(QuizAttempt.origin).where(QuizAttempt.course_id.in_(ids)))) == {Origin.SIMULATION}
    students = session.scalars(select(User).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id.in_(ids)))
    assert all(student.email.endswith("@simulated.invalid") and student.given_name == "Simulated" for student in students)


def test_the_earlier_term_is_completed_and_the_current_one_active(session, report):
    statement = select(Term.code, Enrollment.status).join(Course, Course.id == Enrollment.course_id).join(Term, Term.id == Course.term_id)
    found = set(session.execute(statement.where(Course.code.in_(report.courses)).distinct()).all())
    assert found == {("2026A", EnrollmentStatus.COMPLETED), ("2026B", EnrollmentStatus.ACTIVE)}


def test_questions_and_answers_are_in_the_question_schema(session, report):
    ids = list(session.scalars(select(Course.id).where(Course.code.in_(report.courses))))
    for quiz in session.scalars(select(Quiz).where(Quiz.course_id.in_(ids))):
        content = QuizContent.model_validate({"questions": quiz.questions, "answer_key": quiz.answer_key})
        assert content.max_score == float(quiz.max_score)
    answers = TypeAdapter(list[Answer])
    attempts = list(session.scalars(select(QuizAttempt).where(QuizAttempt.course_id.in_(ids))))
    assert len(attempts) == report.attempts > 1000
    for attempt in attempts:
        assert sum(answer.score or 0 for answer in answers.validate_python(attempt.answers)) == float(attempt.score)


def test_a_second_run_changes_nothing(session, report):
    steps: list[tuple[str, int, int | None]] = []
    again = build(session, students=STUDENTS, progress=lambda *step: steps.append(step))
    assert (again.terms_added, again.courses, again.students, again.attempts) == (0, report.courses, report.students, report.attempts)
    assert steps == []


def test_another_number_of_students_does_not_touch_what_is_there(session, report):
    assert build(session, students=STUDENTS + 5).students == report.students


def test_the_demonstration_is_as_large_as_promised():
    earlier, current = designs()
    assert (earlier.n_students, current.n_students) == (120, 300)
    assert earlier.first_day < current.first_day
    assert earlier.first_number == current.n_students + 1, "the two terms share no student"


def test_every_course_has_a_syllabus_of_topics(session, report):
    statement = select(Syllabus.topic).join(Course, Course.id == Syllabus.course_id).where(Course.code == report.courses[0])
    topics = list(session.scalars(statement))
    assert len(set(topics)) == 12
