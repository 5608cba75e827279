"""What an observer can find out: numbers that no student can be taken from, also by comparing answers."""

import psycopg
import pytest
from psycopg import sql

from tests.security.world import OWN, ROWS

COURSE, TERM = OWN + ROWS["course"], OWN + ROWS["term"]
LEVELS = ("mastered", "developing", "remedial", "not_assessed")


@pytest.fixture
def answer(world, superuser):
    """Give the course a class with so many students at each level in both weeks, and return what its observer gets."""

    def answer(*sizes, state="closed"):
        with superuser.transaction(force_rollback=True):
            superuser.execute("SET LOCAL session_replication_role = replica")  # without the triggers that keep closed terms as they are
            for table in ("quiz_attempts", "topic_performance", "section_members", "student_enrollments"):
                superuser.execute(sql.SQL("DELETE FROM lms.{} WHERE course_id = %s").format(sql.Identifier(table)), [COURSE])
            levels = [level for level, size in zip(LEVELS, sizes, strict=True) for _ in range(size)]
            for student, level in enumerate(levels, start=OWN + 5_001):
                superuser.execute(
                    "INSERT INTO lms.student_enrollments (course_id, student_id, status, origin, started_on)"
                    " VALUES (%s, %s, 'active', 'form', '2026-03-01')",
                    [COURSE, student],
                )
                if level != "not_assessed":
                    superuser.execute(
                        "INSERT INTO lms.topic_performance"
                        " (student_id, course_id, week_number, level, value, n_evidence, rule, parameters, computed_at)"
                        " SELECT %s, %s, w, %s, 0.6, 3, 'average', '{}', now() FROM generate_series(1, 2) AS w",
                        [student, COURSE, level],
                    )
            superuser.execute("UPDATE lms.terms SET state = %s WHERE id = %s", [state, TERM])
            with world.posing(superuser, world.observer.name):
                rows = superuser.execute("SELECT * FROM lms.observed_levels(%s)", [COURSE]).fetchall()
        return {(week, level): at_least for week, level, at_least in rows}

    return answer


def of_week(cells, week=1):
    return [cells[week, level] for level in LEVELS]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((12, 9, 7, 5), [10, 5, 5, 5]),
        ((12, 9, 4, 3), [10, 5, None, None]),
        ((12, 9, 7, 4), [10, 5, None, None]),  # and the smallest other one, so that the size of the class does not give it away
        ((12, 9, 7, 0), [10, 5, None, None]),
        ((12, 9, 7, 1), [10, 5, None, None]),
        ((30, 0, 0, 0), [None, None, None, None]),  # else the level of each student were known
        ((30, 4, 0, 0), [None, None, None, None]),
        ((5, 0, 0, 0), [None, None, None, None]),
    ],
)
def test_a_number_is_given_if_five_are_at_the_level_and_five_are_not(answer, sizes, expected):
    cells = answer(*sizes)
    assert of_week(cells) == of_week(cells, 2) == expected


def test_a_class_of_fewer_than_five_and_an_open_term_give_nothing(answer):
    assert answer(4, 0, 0, 0) == answer(1, 1, 1, 1) == {}
    assert answer(12, 9, 7, 5, state="open") == {}


@pytest.mark.parametrize(
    ("sizes", "others"),
    [
        ((12, 9, 7, 4), (12, 9, 8, 3)),
        ((12, 9, 4, 3), (12, 9, 3, 4)),
        ((11, 6, 5, 1), (11, 6, 4, 2)),
        ((9, 9, 0, 5), (9, 9, 1, 4)),
    ],
)
def test_who_knows_the_size_of_the_class_does_not_find_a_hidden_number(answer, sizes, others):
    """Another class of the same size, with other numbers at the hidden levels, gives the same answer."""
    cells = answer(*sizes)
    hidden = {level for level, shown in zip(LEVELS, of_week(cells), strict=True) if shown is None}
    assert sum(sizes) == sum(others)
    assert hidden == {level for level, size, other in zip(LEVELS, sizes, others, strict=True) if size != other}
    assert answer(*others) == cells


def test_a_term_that_is_closed_keeps_what_the_numbers_are_counted_from(superuser):
    """So two answers differ only if an administrator has opened the term in between, or has erased a person."""
    superuser.execute("UPDATE lms.terms SET state = 'closed' WHERE id = %s", [TERM])
    for statement in (
        b"UPDATE lms.student_enrollments SET status = 'withdrawn', ended_on = started_on WHERE course_id = %s AND status = 'active'",
        b"UPDATE lms.topic_performance SET n_evidence = n_evidence + 1 WHERE course_id = %s",
        b"DELETE FROM lms.topic_performance WHERE course_id = %s",
        b"DELETE FROM lms.syllabi WHERE course_id = %s AND week_number = 2",
    ):
        with pytest.raises(psycopg.Error) as refused, superuser.transaction():
            superuser.execute(statement, [COURSE])
        assert refused.value.diag.constraint_name == "a_closed_term_stays_as_it_is"
