import pytest
from pydantic import TypeAdapter
from sqlalchemy import func, select

from lmskit.errors import DemonstrationError, LecturerNotFoundError
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Syllabus, Term, User
from lmskit.queries.course import courses
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


@pytest.fixture
def report(session):
    seed_lecturers(session)
    return build(session, students=STUDENTS)


def count(session, model, *conditions):
    return session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_there_are_two_terms_of_three_courses_by_two_lecturers(session, report):
    table = courses(session, limit=1000)
    table = table[table["code"].isin(report.courses)]
    assert (report.terms, report.terms_added, len(table)) == (("2026A", "2026B"), 2, 6)
    assert (table["lecturer"].nunique(), set(table["n_weeks"]), set(table["n_quizzes"])) == (2, {12}, {24})
    assert table.groupby("module_code")["term"].apply(set).tolist() == [{"2026A", "2026B"}] * 3
    assert set(report.courses_of_current_term) == set(table.loc[table["term"] == "2026B", "code"])


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


def test_without_lecturers_there_is_no_demonstration(session):
    for email in DEMO_LECTURERS:
        person = session.scalars(select(User).where(User.email == email)).one_or_none()
        if person is not None:
            person.email = f"{factories.unique('moved')}@example.org"
    session.flush()
    with pytest.raises(LecturerNotFoundError):
        build(session, students=STUDENTS)


def test_a_real_term_of_the_same_code_is_left_alone(session):
    seed_lecturers(session)
    factories.course(session, in_term=factories.term(session, code=designs()[1].code))
    with pytest.raises(DemonstrationError, match="not the demonstration's"), session.begin_nested():
        build(session, students=STUDENTS)
    assert count(session, Term, Term.code == designs()[0].code) == 0


def test_the_demonstration_is_as_large_as_promised():
    earlier, current = designs()
    assert (earlier.n_students, current.n_students) == (120, 300)
    assert earlier.first_day < current.first_day
    assert earlier.first_number == current.n_students + 1, "the two terms share no student"


def test_every_course_has_a_syllabus_of_topics(session, report):
    statement = select(Syllabus.topic).join(Course, Course.id == Syllabus.course_id).where(Course.code == report.courses[0])
    topics = list(session.scalars(statement))
    assert len(set(topics)) == 12
