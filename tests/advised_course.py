"""A course with a quiz, students who missed its questions, and materials: what reading advice is made of."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from lmskit.models import Course, Enrollment, Material, Quiz, QuizAttempt, ReadingDecision, TopicPerformance
from lmskit.services.mastery import refresh
from lmskit.vocabulary import MaterialKind
from tests import factories

HOSTILE = "<img src=x onerror=alert(1)> [click](javascript:alert(1)) **recursion** `base case`"
HOSTILE_TITLE = '=HYPERLINK("http://evil.example","Script") <b>1</b>'
QUESTIONS = [
    {"id": "base", "type": "short_text", "prompt": f"What ends a recursion? {HOSTILE}", "points": 1},
    {"id": "copy", "type": "short_text", "prompt": "How do you copy a dictionary?", "points": 1},
    {"id": "fine", "type": "short_text", "prompt": "What is a tuple?", "points": 1},
    {"id": "opera", "type": "short_text", "prompt": "Who composed Fidelio?", "points": 1},
]
RIGHT = ((0, 0, 1, 0), (0, 1, 1, 0), (0, 0, 1, 0), (1, 1, 1, 1), (0, 1, 1, 0), (0, 1, 1, 0))


@dataclass
class AdvisedCourse:
    """A course, its quiz, its materials and the ids of its students."""

    course: Course
    quiz: Quiz
    script: Material
    page: Material
    students: list[int]


def advised_course(session: Session, **about) -> AdvisedCourse:
    """Make it: questions on recursion and copying are missed and have passages, one on an opera has none, one is not missed."""
    course = factories.course(session, weeks=2, **about)
    quiz = factories.quiz(session, course, title="Quiz <i>1</i>", questions=QUESTIONS, max_score=4)
    students = []
    for right in RIGHT:
        student = factories.enrollment(session, course).student_id
        given = [{"question": question["id"], "response": "x", "score": score} for question, score in zip(QUESTIONS, right, strict=True)]
        factories.attempt(session, quiz, student, answers=given, score=sum(right))
        students.append(student)
    script = factories.material(
        session, course, kind=MaterialKind.PDF, title=HOSTILE_TITLE, url=f"https://example.org/{factories.unique('s')}.pdf"
    )
    factories.passage(session, script, 1, body=f"A recursion ends at its base case. {HOSTILE}", page=3, headings=["Ends <u>"])
    factories.passage(session, script, 2, body=f"What ends a recursion is its base case. {HOSTILE} Again.", page=3, headings=["Ends <u>"])
    factories.passage(session, script, 3, body="Sorting needs comparisons.", page=9)
    page = factories.material(session, course, week_number=None, title="Dictionaries")
    factories.passage(session, page, 1, body="You copy a dictionary with its method copy.", headings=["Copies"])
    for number in range(2, 12):
        factories.passage(session, page, number, body=f"Chapter {number} is about trees, graphs, and heaps of stone {number}.")
    refresh(session, courses=[course.code])
    return AdvisedCourse(course, quiz, script, page, students)


def remove(session: Session, course_id: int) -> None:
    """Delete a committed course of this kind."""
    for table in (ReadingDecision, Material, QuizAttempt, Quiz, TopicPerformance, Enrollment):
        session.query(table).filter(table.course_id == course_id).delete(synchronize_session=False)
    session.query(Course).filter_by(id=course_id).delete()
