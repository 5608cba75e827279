"""Options that several desks offer: what is shown for each course, term and lecturer, and the value it stands for."""

from __future__ import annotations

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.forms.finder import MOST_OFFERED
from lmskit.queries.course import count_courses, course_titles
from lmskit.queries.page import all_rows
from lmskit.queries.person import count_people, lecturers, person_rows
from lmskit.queries.term import terms
from lmskit.vocabulary import Role


def course_options(session: Session) -> list[tuple[str, str]]:
    """The courses, newest first; the value is the course's code."""
    return _named(all_rows(lambda limit, after: course_titles(session, limit=limit, after=after), name="code"))


def term_options(session: Session) -> list[tuple[str, str]]:
    """The terms; the value is the term's code."""
    found = all_rows(lambda limit, after: terms(session, limit=limit, after=after), name="code")
    return [(f"{code} · {name}", code) for code, name in zip(found["code"], found["name"], strict=True)]


def lecturer_options(session: Session) -> list[tuple[str, str]]:
    """The lecturers; the value is the lecturer's address."""
    found = all_rows(lambda limit, after: lecturers(session, limit=limit, after=after), name="person_id")
    return [(f"{name} · {email}", email) for name, email in zip(found["name"], found["email"], strict=True)]


def found_courses(session: Session, search: str) -> tuple[list[tuple[str, str]], int]:
    """The first courses that a search finds, as `course_options` has them, and the number of all."""
    return _named(course_titles(session, search=search, limit=MOST_OFFERED)), count_courses(session, search=search)


def found_lecturers(session: Session, search: str) -> tuple[list[tuple[str, str]], int]:
    """The first lecturers that a search finds, as `lecturer_options` has them, and the number of all."""
    found = person_rows(session, search=search, role=Role.LECTURER, limit=MOST_OFFERED)
    return [(f"{row['name']} · {row['email']}", row["email"]) for row in found], count_people(session, search=search, role=Role.LECTURER)


def _named(courses: pd.DataFrame) -> list[tuple[str, str]]:
    return [(f"{code} · {title}", code) for code, title in zip(courses["code"], courses["title"], strict=True)]
