"""Files of a quiz in every order, and all that is stored of them."""

import json

from sqlalchemy import select, text

from lmskit.models import Quiz
from lmskit.services.mastery import refresh

FILES = ("bank", "grades", "responses", "gradebook")


def stored(session, course):
    """The quizzes and attempts of a course, without the numbers of their rows."""
    session.expire_all()
    quizzes = session.scalars(select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.title)).all()
    attempts = session.execute(
        text(
            "SELECT q.title, u.given_name, a.number, a.score, a.max_score, a.answers, a.started_at, a.submitted_at FROM quiz_attempts AS a"
            " JOIN users AS u ON u.id = a.student_id JOIN quizzes AS q ON q.id = a.quiz_id"
            " WHERE a.course_id = :course ORDER BY 1, u.email, 3"
        ),
        {"course": course.id},
    )
    return (
        [(quiz.title, quiz.week_number, quiz.max_score, json.dumps(quiz.questions), json.dumps(quiz.answer_key)) for quiz in quizzes],
        [(*row[:5], json.dumps(row[5]), *row[6:]) for row in attempts],
    )


def quizzes_of(session, course):
    """The quizzes of a course, by title."""
    session.expire_all()
    return {quiz.title: quiz for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course.id))}


def mastery(session, course):
    """Name, week and mastery of the students of a course, after a refresh."""
    refresh(session, courses=[course.code])
    found = session.execute(
        text(
            "SELECT u.given_name, t.week_number, t.value FROM topic_performance AS t JOIN users AS u ON u.id = t.student_id"
            " WHERE t.course_id = :course ORDER BY u.email, 2"
        ),
        {"course": course.id},
    )
    return [tuple(row) for row in found]


class EveryOrder:
    """Takes the files of a quiz in every order.

    What is stored after some of the files is the same in whatever order they came, so a file is taken once after each set of others:
    32 imports for the 24 orders.
    """

    def __init__(self, session, course, take):
        self.session, self.course, self.take = session, course, take
        self.found, self.differ = {}, []

    def go(self, order=()):
        """Take each file that is not there yet, and go on from there unless another order led to the same files."""
        for name in FILES:
            if name in order:
                continue
            with self.session.begin_nested() as savepoint:  # so that the locks of so many imports are let go
                self.take(self.course, name)
                there = frozenset((*order, name))
                state = self.state()
                if there not in self.found:
                    self.found[there] = state
                    self.go((*order, name))
                elif self.found[there] != state:
                    self.differ.append(((*order, name), self.found[there], state))
                savepoint.rollback()

    def state(self):
        """All that is stored about the quizzes, and the mastery that follows from it."""
        of_reports = self.session.execute(
            text(
                "SELECT q.title, s.slot, s.number, s.points, s.decimals, s.shows_options, s.seen::text FROM question_slots AS s"
                " JOIN quizzes AS q ON q.id = s.quiz_id WHERE s.course_id = :course ORDER BY 1, 2"
            ),
            {"course": self.course.id},
        )
        of_banks = self.session.execute(
            text("SELECT bank, number, question::text, answer_key::text FROM bank_questions WHERE course_id = :course ORDER BY 1, 2"),
            {"course": self.course.id},
        )
        rows = ([tuple(row) for row in of_reports], [tuple(row) for row in of_banks])
        return (*stored(self.session, self.course), *rows, mastery(self.session, self.course))
