"""What each login sees and changes follows from who teaches which course, or is on its staff, and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.security.oracle import LECTURER, LED, TABLES, VISIBLE, changing, complaints, keys, reading, undone
from tests.security.world import FOREIGN, OWN

if TYPE_CHECKING:
    from tests.security.world import World

COURSES = (OWN + 11, OWN + 12, FOREIGN + 11, FOREIGN + 12)
LECTURERS = (OWN + 1, FOREIGN + 1)
STAFF = (*LECTURERS, OWN + 4)
ROLES = ("co-lecturer", "assistant", "observer")
TUTORS: tuple[frozenset[int], ...] = (frozenset(), frozenset({0}), frozenset({1}), frozenset({0, 1}))
"""Assistants of some of the two sections that each course has."""


def test_every_login_sees_and_changes_exactly_its_own(world, superuser):
    assert list(complaints(superuser, world)) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    teaching=st.tuples(*[st.sampled_from(LECTURERS)] * len(COURSES)),
    staff=st.dictionaries(st.tuples(st.sampled_from(COURSES), st.sampled_from(STAFF)), st.sampled_from((*ROLES, *TUTORS)), max_size=6),
    left=st.sets(st.tuples(st.sampled_from(COURSES), st.sampled_from((31, 32)))),
    narrowed=st.sampled_from(("", "wren-1", "canary-2", "nobody's")),
)
def test_the_sets_are_equal_for_any_distribution_of_courses_and_staff(world: World, superuser, *, teaching, staff, left, narrowed):
    with undone(superuser):
        for course, lecturer in zip(COURSES, teaching, strict=True):
            superuser.execute("UPDATE courses SET lecturer_id = %s WHERE id = %s", [lecturer, course])
        superuser.execute("DELETE FROM course_staff")
        for (course, person), role in staff.items():
            limited = isinstance(role, frozenset)
            superuser.execute(
                "INSERT INTO course_staff (course_id, person_id, role, limited) VALUES (%s, %s, %s, %s)",
                [course, person, "assistant" if limited else role, limited],
            )
            for number in role if limited else ():
                section = course // 1000 * 1000 + 80 + course % 10 * 2 + number
                superuser.execute(
                    "INSERT INTO staff_sections (course_id, person_id, section_id) VALUES (%s, %s, %s)", [course, person, section]
                )
        for course, student in left:
            for table in ("topic_performance", "quiz_attempts", "student_enrollments"):
                superuser.execute(
                    sql.SQL("DELETE FROM {} WHERE course_id = %s AND student_id = %s").format(sql.Identifier(table)), [course, student]
                )
        seen, changed = (
            {
                login: {table: keys(superuser, table, narrowing(rows.get(table, "false"), narrowed), login) for table in TABLES}
                for login in (world.own, world.foreign, world.colleague)
            }
            for rows in (VISIBLE, LED)
        )
        for login, mine in seen.items():
            with world.posing(superuser, login.name):
                superuser.execute("SELECT set_config('lmskit.course', %s, true)", [narrowed])
                assert list(reading(superuser, LECTURER, mine)) == []
                assert list(changing(superuser, LECTURER, changed[login])) == []


def narrowing(condition: str, code: str) -> str:
    """The same sets, restricted to the course with this code; the person is always visible."""
    return condition.replace("FROM lms.courses WHERE (", f"FROM lms.courses WHERE code = $${code}$$ AND (") if code else condition
