"""A refresh writes what differs from the stored estimates, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lmskit.configured_rule import ConfiguredRule
from lmskit.queries.stored_estimates import rule_hashes, stored_estimates, touched_estimates
from lmskit.services.estimate_changes import changes_between
from lmskit.services.mastery import refresh
from lmskit.vocabulary import Level
from tests import factories

KEY = ["student_id", "course_id", "week_number"]
VALUES = ["level", "value", "low", "high", "n_evidence", "rule_hash"]

number = st.sampled_from([0.0, 0.25, float("nan")])
rows = st.dictionaries(
    st.tuples(st.integers(1, 3), st.sampled_from([1, 2**40]), st.integers(1, 3)),
    st.tuples(st.integers(0, 3), number, number, number, st.integers(1, 2), st.sampled_from([-(2**63), 7])),
)


def table(rows):
    return pd.DataFrame([(*key, *values) for key, values in rows.items()], columns=[*KEY, *VALUES]).astype(
        dict.fromkeys([*KEY, "level", "n_evidence", "rule_hash"], "int64") | dict.fromkeys(["value", "low", "high"], "float64")
    )


@given(rows, rows)
def test_the_changes_turn_stored_estimates_into_the_new_ones_and_write_no_equal_row(estimated, stored):
    changes = changes_between(table(estimated), table(stored))
    assert not changes.duplicated(KEY).any()
    applied = dict(stored)
    for row in changes.itertuples(index=False):
        key, values = tuple(row[:3]), tuple(row[3:])
        if row.n_evidence:
            assert repr(applied.get(key)) != repr(values)
            applied[key] = values
        else:
            del applied[key]
    assert {key: repr(values) for key, values in applied.items()} == {key: repr(values) for key, values in estimated.items()}


@pytest.fixture
def courses(session):
    """Two courses with an estimate of two students in each of two weeks."""
    made = [factories.course(session, weeks=2, mastery_rule=rule) for rule in ("average", "m_of_n")]
    for course in made:
        for score in (3, 9):
            student = factories.student(session)
            factories.enrollment(session, course, student)
            for week in (1, 2):
                factories.attempt(session, factories.quiz(session, course, week_number=week, max_score=10), student, score=score)
    refresh(session, courses=[course.code for course in made])
    return made


def test_stored_estimates_are_read_as_they_are_stored_in_each_way(session, courses):
    ids = [course.id for course in courses]
    found = session.execute(
        text("SELECT student_id, course_id, week_number, level::text, value, low, high, n_evidence, rule, parameters "
             "FROM topic_performance WHERE course_id = ANY(:ids)"), {"ids": ids}
    ).all()  # fmt: skip
    names = [level.value for level in Level]
    rules = {ConfiguredRule(row[8], row[9]) for row in found}
    hashes = dict(zip(rules, rule_hashes(session, list(rules)), strict=True))
    expected = {tuple(row[:3]): (names.index(row[3]), *row[4:8], hashes[ConfiguredRule(row[8], row[9])]) for row in found}
    assert len(found) == 8
    assert len(set(hashes.values())) == 2
    session.execute(text("CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT student_id, course_id, week_number FROM topic_performance"))
    for read in (
        stored_estimates(session, ids),
        stored_estimates(session, ids, most=True),
        touched_estimates(session, "kept", ids),
    ):
        stored = read.astype(object).replace({np.nan: None})
        assert {tuple(row[:3]): tuple(row[3:]) for row in stored.itertuples(index=False)} == expected
    assert set(stored_estimates(session, ids[:1])["course_id"]) == set(ids[:1])
    assert stored_estimates(session, []).empty


def test_parameters_are_the_same_however_they_are_written_and_others_are_stored(session, courses):
    update = text("UPDATE topic_performance SET parameters = CAST(:written AS jsonb) WHERE rule = 'average' AND week_number = 1")
    codes = [course.code for course in courses]
    session.execute(update, {"written": '{"remedial_threshold": 0.50, "mastery_threshold": 8e-1}'})
    assert refresh(session, courses=codes).n_rows == 0
    session.execute(update, {"written": '{"remedial_threshold": 0.5, "mastery_threshold": 0.81}'})
    assert refresh(session, courses=codes).changed == 2
    assert refresh(session, courses=codes).n_rows == 0
