"""Excuses and more time on the command line."""

import datetime as dt
import json
import re

import pytest

from lmskit.db import transaction
from tests import factories


@pytest.fixture
def student(admin_engine, course):
    """A student of the course; deleted with what belongs to it."""
    with transaction(admin_engine) as session:
        made = factories.student(session, family_name="Longest", given_name="Lee")
        factories.enrollment(session, course, made)
        factories.quiz(session, course, title="Midterm")
    return made


def test_a_student_is_excused_given_more_time_listed_and_taken_back(lmskit, course, student):
    assert lmskit("exception", "list", course.code).stderr == f"Every quiz of {course.code} holds for all students alike.\n"
    excused = lmskit("exception", "excuse", course.code, "Midterm", student.email)
    assert excused.stdout == f"Longest, Lee is excused from 'Midterm' of {course.code}.\n"
    later = lmskit("exception", "extend", course.code, "Midterm", str(student.id), "--due", "2026-12-24")
    assert later.stdout == f"'Midterm' of {course.code} is due on 2026-12-24 for Longest, Lee.\n"
    heads, row = (line.split("\t") for line in lmskit("exception", "list", course.code).stdout.splitlines())
    listed = dict(zip(heads, row, strict=True))
    said = [listed[head] for head in ("Title", "No.", "Student", "Excused", "Due")]
    assert said == ["Midterm", str(student.id), "Longest, Lee", "yes", "2026-12-24"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", listed["Since"])
    quiz = [line.split("\t") for line in lmskit("quiz", "list", course.code).stdout.splitlines()]
    assert [dict(zip(*quiz, strict=True))[head] for head in ("Quiz", "Title")] == [listed["Quiz"], listed["Title"]]
    (exact,) = json.loads(lmskit("exception", "list", course.code, "--format", "json").stdout)
    assert dt.datetime.fromisoformat(exact["granted_at"]).utcoffset() is not None
    back = lmskit("exception", "remove", course.code, "Midterm", student.email)
    assert back.stdout.startswith(f"'Midterm' of {course.code} holds for Longest, Lee as for others again.")
    again = lmskit("exception", "remove", course.code, "Midterm", student.email)
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
