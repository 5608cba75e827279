"""The export without names: no name, no number, no day and no text of a person is in it."""

import csv
import re

import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import snapshot
from lmskit.errors import InputError
from lmskit.queries.course import course_by_code
from lmskit.reporting.pseudonymised import COLUMNS, export_pseudonymised
from tests.security.world import OWN, prepared

ADDED = """
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
SELECT 5000000 + n, format('ouzel%%s@example.org', n), 'Ouzel', n::text, 'ouzel', 'student' FROM generate_series(1, 20) AS n;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
SELECT %(course)s, 5000000 + n, CASE WHEN n < 18 THEN 'active' ELSE 'withdrawn' END::lms.enrollment_status, 'form', '2026-01-05',
    CASE WHEN n >= 18 THEN date '2026-02-01' + n END FROM generate_series(1, 20) AS n;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, submitted_at, origin)
SELECT %(quiz)s, %(course)s, 5000000 + n, 1, n %% 4, 3, 'ouzel feedback', '2026-03-02', 'form' FROM generate_series(1, 20) AS n;
INSERT INTO quizzes (id, course_id, title, questions, answer_key, max_score) OVERRIDING SYSTEM VALUE
VALUES (%(quiz)s + 8, %(course)s, 'ouzel survey', '[]', '{}', 3);
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, max_score, origin)
SELECT %(quiz)s + 8, %(course)s, 5000000 + n, 1, 3, 'form' FROM generate_series(1, 20) AS n
"""


@pytest.fixture(scope="module")
def world(migrated_database, endpoint):
    """Two lecturers; a course of one has twenty more students, of whom three left."""
    made = prepared(migrated_database, endpoint, "lmskit_pseudonymised")
    with made.superuser() as connection:
        for statement in ADDED.split(";\n"):
            connection.execute(statement, {"course": OWN + 12, "quiz": OWN + 71})
    return made


@pytest.fixture
def exported(world, tmp_path):
    """The courses of the lecturer in a folder: one has five students, the other twenty-four."""
    with snapshot(world.engine(world.own)) as session:
        report = export_pseudonymised(session, [course_by_code(session, code) for code in ("wren-1", "wren-2")], tmp_path / "out")
    return report, tmp_path / "out"


def table(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_nothing_in_the_files_names_a_person(exported):
    _, folder = exported
    assert sorted(path.name for path in folder.iterdir()) == sorted([*COLUMNS, "report.txt"])
    pseudonyms = re.compile("|".join({row["student"] for row in table(folder, "students.csv")}))
    for path in folder.iterdir():
        # A pseudonym is random, and may have any four digits.
        written = pseudonyms.sub("", path.read_text(encoding="utf-8")).lower()
        assert not [word for word in ("ouzel", "shared31", "student1", "feedback", "@", "5000", "2026", str(OWN)) if word in written]


def test_an_attempt_at_a_quiz_of_no_week_has_a_blank_cell(exported):
    attempts = table(exported[1], "attempts.csv")
    assert [(row["share"], row["number"]) for row in attempts if row["week"] == ""] == [("", "1")] * 20
    assert all(row["week"].isdecimal() for row in attempts if row["week"])


def test_small_groups_are_hidden_and_the_report_says_so(exported):
    report, folder = exported
    students = table(folder, "students.csv")
    sizes: dict[tuple[str, ...], int] = {}
    for row in students:
        key = (row["course"], row["status"], row["started_week"], row["ended_week"])
        sizes[key] = sizes.get(key, 0) + 1
    assert min(sizes.values()) >= 5
    assert [course.anonymity.smallest_before < 5 for course in report] == [True, True]
    assert f"wren-2: {len([row for row in students if row['course'] == 'wren-2'])} students" in (folder / "report.txt").read_text()


def test_the_report_counts_mastery_with_scores_and_says_what_exports_show_together(exported, world, tmp_path):
    (_, before), folder = exported
    with world.superuser() as connection:
        connection.execute(
            "INSERT INTO topic_performance"
            " (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, parameters, computed_at)"
            " VALUES (5000001, %s, 1, 'developing', 0.123, 0.1, 0.9, 3, 'average', '{}', now())",
            [OWN + 12],
        )
    with snapshot(world.engine(world.own)) as session:
        (after,) = export_pseudonymised(session, [course_by_code(session, "wren-2")], tmp_path / "again")
    assert after.share_unique > before.share_unique
    written = (folder / "report.txt").read_text(encoding="utf-8")
    assert "can be joined by their scores" in written
    assert "can follow from the week of the last attempt" in written


def test_a_pseudonym_joins_the_tables_of_a_course_and_not_two_courses_or_exports(exported, world, tmp_path):
    _, folder = exported
    students, attempts = table(folder, "students.csv"), table(folder, "attempts.csv")
    by_course = {code: {row["student"] for row in students if row["course"] == code} for code in ("wren-1", "wren-2")}
    assert not by_course["wren-1"] & by_course["wren-2"]
    assert {row["student"] for row in attempts} <= by_course["wren-1"] | by_course["wren-2"]
    with snapshot(world.engine(world.own)) as session:
        export_pseudonymised(session, [course_by_code(session, "wren-2")], tmp_path / "again")
    assert not {row["student"] for row in table(tmp_path / "again", "students.csv")} & by_course["wren-2"]


def test_a_course_that_is_too_small_is_left_out(world, tmp_path):
    with snapshot(world.engine(world.own)) as session:
        (report,) = export_pseudonymised(session, [course_by_code(session, "wren-1")], tmp_path / "small", least=6)
    assert report.left_out
    assert table(tmp_path / "small", "students.csv") == table(tmp_path / "small", "attempts.csv") == []


def test_a_folder_that_exists_is_left_alone(world, tmp_path):
    with snapshot(world.engine(world.own)) as session, pytest.raises(InputError, match="exists"):
        export_pseudonymised(session, [], tmp_path)


def test_the_command_wants_one_course_or_a_term(configure, world, tmp_path):
    configure(LMSKIT_DATABASE_URL=world.engine(world.own).url.render_as_string(hide_password=False))
    unclear = CliRunner().invoke(app, ["export", "pseudonymised", "--to", str(tmp_path / "x")])
    done = CliRunner().invoke(app, ["export", "pseudonymised", "--term", "SHARED", "--to", str(tmp_path / "y")])
    assert (unclear.exit_code, "--course CODE or --term CODE" in unclear.output) == (1, True)
    assert done.exit_code == 0, done.output
    assert "not anonymous data" in done.output
