"""Options that several desks offer: what is shown for each course, term and lecturer, and the value it stands for."""

from __future__ import annotations

from sqlalchemy.orm import Session

from lmskit.queries.course import courses
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.person import lecturers
from lmskit.queries.term import terms


def course_options(session: Session) -> list[tuple[str, str]]:
    """The courses, newest first; the value is the course's code."""
    return [(f"{row['code']} · {row['title']}", row["code"]) for row in courses(session, limit=MAX_PAGE).to_dict("records")]


def term_options(session: Session) -> list[tuple[str, str]]:
    """The terms; the value is the term's code."""
    return [(f"{row['code']} · {row['name']}", row["code"]) for row in terms(session, limit=MAX_PAGE).to_dict("records")]


def lecturer_options(session: Session) -> list[tuple[str, str]]:
    """The lecturers; the value is the lecturer's address."""
    return [(f"{row['name']} · {row['email']}", row["email"]) for row in lecturers(session, limit=MAX_PAGE).to_dict("records")]
