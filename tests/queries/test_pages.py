"""Every list: pages that neither overlap nor skip, in an order that nothing but the rows decides."""

import datetime as dt
import random

import pandas as pd
import pytest
from sqlalchemy import select, text

from lmskit.errors import PageLimitError
from lmskit.models import AuditEntry, ExternalId, User
from lmskit.queries import audit
from lmskit.queries.audit import audit_entries
from lmskit.queries.course import count_courses, course_titles, courses, syllabus
from lmskit.queries.external_id import external_ids
from lmskit.queries.login import logins
from lmskit.queries.mastery import counted_students
from lmskit.queries.page import page_of
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


@pytest.fixture(params=["courses", "titles", "roster", "lecturers", "terms", "logins", "audit_entries"])
def growing(request, session, course):
    """One of the lists that grow with the institution, as a function of limit and after, and how a row of it is named."""
    return {
        "courses": (lambda **page: courses(session, **page), "code"),
        "titles": (lambda **page: course_titles(session, **page), "code"),
        "roster": (lambda **page: course_roster(session, course.code, **page), "student_id"),
        "lecturers": (lambda **page: lecturers(session, **page), "person_id"),
        "terms": (lambda **page: terms(session, **page), "code"),
        "logins": (lambda **page: logins(session, **page), "email"),
        "audit_entries": (lambda **page: audit_entries(session, course=course.code, **page), "entry_id"),
    }[request.param]


def test_pages_that_begin_after_a_row_put_together_are_the_list_too(growing):
    listed, name = growing
    everything = listed(limit=1000)
    assert len(everything) >= ROWS
    for limit in (1, 5, len(everything)):
        pages = [listed(limit=limit)]
        while len(pages[-1]):
            last = pages[-1][name].iloc[-1]
            assert len(pages) <= len(everything)
            pages.append(listed(limit=limit, after=last if isinstance(last, str) else int(last)))
        pd.testing.assert_frame_equal(pd.concat(pages[:-1], ignore_index=True), everything)
        assert dict(pages[-1].dtypes) == dict(everything.dtypes)


def test_a_page_after_a_row_that_the_list_does_not_have_is_refused(growing):
    listed, name = growing
    known = listed(limit=1)[name].iloc[0]
    for unknown in ("nobody@example.org", "a\0b", "") if isinstance(known, str) else (0, -1, 2**63, 2**62):
        with pytest.raises(PageLimitError, match=r"This list has no row .* it may be gone"):
            listed(limit=1, after=unknown)
    with pytest.raises(PageLimitError, match="at an offset or after a row, not both"):
        listed(limit=1, offset=1, after=known if isinstance(known, str) else int(known))


def test_a_row_that_is_added_meanwhile_moves_pages_by_offset_and_none_that_begins_after_a_row(session, course):
    first = course_roster(session, course.code, limit=5)
    factories.enrollment(session, course, factories.student(session, family_name="Aaron", given_name="", email=None))
    by_offset = course_roster(session, course.code, limit=5, offset=5)
    assert by_offset["student_id"].iloc[0] == first["student_id"].iloc[-1]
    after = course_roster(session, course.code, limit=5, after=int(first["student_id"].iloc[-1]))
    assert not set(after["student_id"]) & set(first["student_id"])
    assert after["student_id"].tolist() == course_roster(session, course.code, limit=5, offset=6)["student_id"].tolist()


def test_the_last_page_of_a_list_in_the_order_of_its_key_is_read_by_the_index(session, course):
    """And not by going through all rows before it: what the server plans, whatever the number of rows."""
    session.execute(text("SET LOCAL enable_seqscan = off"))
    entry = int(audit_entries(session, limit=1)["entry_id"].iloc[0])
    statement = page_of(session, select(AuditEntry.id), audit.NEWEST_FIRST, limit=25, offset=0, after=entry)
    literal = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(text(f"EXPLAIN {literal}")))
    assert "Index Cond: (id < " in plan, plan


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


def test_a_course_is_chosen_from_the_courses_in_their_order(session, course):
    pd.testing.assert_frame_equal(course_titles(session, limit=1000), courses(session, limit=1000)[["code", "title"]])


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
