"""Every list: pages that neither overlap nor skip, in an order that nothing but the rows decides."""

import datetime as dt
import random

import pandas as pd
import pytest
from sqlalchemy import select

from lmskit.errors import PageLimitError
from lmskit.models import ExternalId, User
from lmskit.queries.course import count_courses, courses, syllabus
from lmskit.queries.external_id import external_ids
from lmskit.queries.login import logins
from lmskit.queries.mastery import counted_students
from lmskit.queries.person import lecturers
from lmskit.queries.quiz import quizzes
from lmskit.queries.roster import course_roster, roster_size
from lmskit.queries.term import terms
from lmskit.vocabulary import EntityKind, Origin
from tests import factories

ROWS = 12


@pytest.fixture
def course(session):
    """A course with many weeks, lecturers and terms around it, and students of whom many have the same name."""
    course = factories.course(session, weeks=ROWS)
    for number in range(ROWS):
        name = ["Ångström", "Angstrom", "ångström", "Zoé"][number % 4]
        factories.enrollment(session, course, factories.student(session, family_name=name, given_name="", email=None))
        factories.lecturer(session, family_name=name, given_name="")
        factories.course(session, code=factories.unique(["b", "B", "Ä", "a"][number % 4]), taught_by=None)
    return course


@pytest.fixture(params=["courses", "syllabus", "roster", "lecturers", "terms"])
def listed(request, session, course):
    """One of the lists, as a function of limit and offset."""
    return {
        "courses": lambda **page: courses(session, **page),
        "syllabus": lambda **page: syllabus(session, course.code, **page),
        "roster": lambda **page: course_roster(session, course.code, **page),
        "lecturers": lambda **page: lecturers(session, **page),
        "terms": lambda **page: terms(session, **page),
    }[request.param]


def test_pages_of_any_size_put_together_are_the_list(listed):
    everything = listed(limit=1000)
    assert len(everything) >= ROWS
    dice = random.Random(20260914)
    for _ in range(6):
        limit = dice.randint(1, ROWS)
        pages = [listed(limit=limit, offset=offset) for offset in range(0, len(everything), limit)]
        pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), everything)


def test_a_page_beyond_the_end_is_empty_and_has_the_same_columns(listed):
    beyond, everything = listed(offset=100_000), listed(limit=1000)
    assert len(beyond) == 0
    assert dict(beyond.dtypes) == dict(everything.dtypes)


def test_a_page_that_no_list_has_is_refused(listed):
    for page in ({"limit": 0}, {"limit": 1001}, {"limit": -1}, {"offset": -1}, {"limit": True}, {"limit": 1.5}, {"offset": 2**63}):
        with pytest.raises(PageLimitError, match=r"shows 1 to 1000 rows|begins at row 0|Choose a smaller offset"):
            listed(**page)


def test_the_counts_are_those_of_all_pages_together(session, course):
    assert roster_size(session, course.code) == len(course_roster(session, course.code, limit=1000)) == ROWS
    assert count_courses(session) == len(courses(session, limit=1000))


def test_names_sort_without_regard_to_accents_and_capitals(session, course):
    names = course_roster(session, course.code)["name"]
    assert set(names[: ROWS // 4 * 3]) <= {"Ångström", "Angstrom", "ångström"}
    assert names.iloc[-1] == "Zoé"


def test_lists_have_the_order_that_they_promise(session, course):
    people = {user.id: (user.sort_name.encode(), user.id) for user in session.scalars(select(User))}
    for found in (lecturers(session, limit=1000)["person_id"], logins(session, limit=1000)["person_id"]):
        assert found.tolist() == sorted(found, key=people.__getitem__) != sorted(found)
    counted = counted_students(session, course.code)["student_id"]
    assert counted.tolist() == sorted(counted, key=people.__getitem__) != sorted(counted)
    factories.term(session, code=factories.unique("A"), starts_on=dt.date(2025, 9, 1))
    listed = terms(session, limit=1000)
    newest_first = sorted(zip(listed["starts_on"], listed["code"], strict=True), key=lambda row: (-row[0].toordinal(), row[1].encode()))
    assert list(zip(listed["starts_on"], listed["code"], strict=True)) == newest_first
    codes = courses(session, limit=1000).set_index("code")["term"].map(listed.set_index("code")["starts_on"])
    assert list(codes.items()) == sorted(codes.items(), key=lambda row: (-row[1].toordinal(), str(row[0]).encode()))
    for number, name in enumerate(["b", "B", "ä", "a", "10", "9"]):
        session.add(ExternalId(source="somewhere", kind="course", external_id=name, course_id=factories.course(session).id))
        factories.quiz(session, course, week_number=1 + number % 2, title=name)
    session.flush()
    assert external_ids(session, "somewhere", EntityKind.COURSE)["external_id"].tolist() == ["10", "9", "B", "a", "b", "ä"]
    titles = quizzes(session, course.code)
    assert titles["title"].tolist() == ["10", "b", "ä", "9", "B", "a"]
    assert titles["week_number"].tolist() == [1, 1, 1, 2, 2, 2]


def test_a_hostile_code_is_an_unknown_code(session):
    for code in ("'; DROP TABLE users; --", "a\0b", "%", ""):
        assert courses(session, term=code.replace("\0", "")).empty
        with pytest.raises(Exception, match="There is no course"):
            syllabus(session, code)


def test_origin_and_counts_of_a_course(session, course):
    simulated = factories.course(session, origin=Origin.SIMULATION, weeks=1)
    factories.quiz(session, simulated)
    table = courses(session, limit=1000)
    rows = {row["code"]: (row["origin"], row["n_students"], row["n_weeks"], row["n_quizzes"]) for row in table.to_dict("records")}
    assert rows[simulated.code] == ("simulation", 0, 1, 1)
    assert rows[course.code] == ("form", ROWS, ROWS, 0)
