"""From a notebook a person writes the files that the commands write, of the courses that this person sees."""

import pytest
from sqlalchemy import select

import lmskit
from lmskit.db import transaction
from lmskit.errors import CourseNotFoundError, InputError
from lmskit.models import BankQuestion, Course, Enrollment, User
from tests import factories
from tests.conftest import DEMO_LECTURER


@pytest.fixture
def courses(admin_engine, lecturer_engine):
    """A course of the demonstration lecturer with one student, one result and a bank, and another's course, until the test ends."""
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == DEMO_LECTURER)).one()
        own, other = factories.course(session, taught_by=lecturer, weeks=1), factories.course(session)
        student = factories.student(session)
        factories.enrollment(session, own, student)
        attempt = factories.attempt(session, factories.quiz(session, own), student, score=7)
        essay = {"id": "e", "type": "essay", "prompt": "Why?", "points": 1}
        session.add(BankQuestion(course_id=own.id, bank="essays", number=1, question=essay, answer_key={}))
    yield own.code, other.code
    with transaction(admin_engine) as session:
        session.delete(session.merge(attempt))
        session.flush()
        session.query(Enrollment).filter_by(student_id=student.id).delete()
        for course in (own, other):
            session.delete(session.get(Course, course.id))


def test_a_lecturer_writes_the_files_of_an_own_course_and_of_no_other(courses, tmp_path):
    own, other = courses
    export = lmskit.export(own, person=DEMO_LECTURER)
    tables = [export.roster, export.gradebook, export.attempts, export.answers]
    assert [write(tmp_path / f"{write.__name__}.csv") for write in tables] == [1, 1, 1, 0]
    assert export.scores(tmp_path / "scores.csv", "canvas").n_students == 1
    assert export.question_bank("essays", str(tmp_path / "essays.gift")).title == "GIFT"
    assert export.question_bank("essays", tmp_path / "essays.any", "qti").n_questions == 1
    assert "Why?" in (tmp_path / "essays.gift").read_text(encoding="utf-8")
    with pytest.raises(CourseNotFoundError):
        lmskit.export(other, person=DEMO_LECTURER).roster(tmp_path / "other.csv")
    assert not (tmp_path / "other.csv").exists()


def test_a_word_that_is_not_known_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(InputError, match="'word' is not one of moodle-xml, gift, qti"):
        lmskit.export("CS101").question_bank("essays", tmp_path / "a.docx", "word")
