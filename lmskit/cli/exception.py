"""`lmskit exception`: excuse students from quizzes, give them more time, take both back."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import snapshot, transaction
from lmskit.listings import QUIZ_EXCEPTIONS
from lmskit.queries.quiz_exception import count_quiz_exceptions, quiz_exception_rows
from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent

app = typer.Typer(name="exception", help="Excuse students from quizzes, give them more time, take both back.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
OfQuiz = Annotated[str, typer.Argument(metavar="QUIZ", help="Number or title of the quiz.", show_default=False)]
Student = Annotated[
    str,
    typer.Argument(metavar="STUDENT", help="Address of the student, or the number (No.) that lists show.", show_default=False),
]


@app.command("list")
@paged()
def list_exceptions(course: Course, page: ListPage) -> None:
    """List who is excused from a quiz of a course or has more time for it."""
    nothing = f"Every quiz of {course} holds for all students alike."
    with snapshot() as session:
        total = count_quiz_exceptions(session, course)
        read = partial(quiz_exception_rows, session, course)
        page.show(read, QUIZ_EXCEPTIONS, total=total, worded=_worded, nothing=nothing)


def _worded(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "excused": "yes" if row["excused"] else "no"}


@app.command()
def excuse(course: Course, quiz: OfQuiz, student: Student) -> None:
    """Excuse a student from a quiz: no attempt of the student at it counts, and mastery is estimated again."""
    from lmskit.services.quiz_exception import excuse as excuse_student  # noqa: PLC0415 - a list needs no estimates

    request = QuizOfStudent(course=course, quiz=quiz, student=student)
    with transaction() as session:
        sentence = excuse_student(session, request)
    print_line(sentence)


@app.command()
def extend(
    course: Course,
    quiz: OfQuiz,
    student: Student,
    *,
    due_on: Annotated[dt.datetime, typer.Option("--due", metavar="DAY", formats=["%Y-%m-%d"], help="The last day, such as 2026-11-30.")],
) -> None:
    """Give a student until another day for a quiz."""
    from lmskit.services.quiz_exception import extend as extend_quiz  # noqa: PLC0415 - as above

    request = ExtendQuiz(course=course, quiz=quiz, student=student, due_on=due_on.date())
    with transaction() as session:
        sentence = extend_quiz(session, request)
    print_line(sentence)


@app.command()
def remove(course: Course, quiz: OfQuiz, student: Student) -> None:
    """Take an excuse and more time back: the quiz holds for the student as for others, and attempts count again."""
    from lmskit.services.quiz_exception import remove_exception  # noqa: PLC0415 - as above

    request = QuizOfStudent(course=course, quiz=quiz, student=student)
    with transaction() as session:
        sentence = remove_exception(session, request)
    print_line(sentence)
