"""Rows from before the bounds of the database stop no reader: what cannot be read of them is named, and all others are read."""

from __future__ import annotations

import re

import psycopg
import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.dashboards import KnowledgeDashboard, MasteryDashboard, QuizQualityDashboard
from lmskit.db import revision, snapshot, transaction
from lmskit.db.values import UNREADABLE
from lmskit.errors import QueryError, RefusedValueError
from lmskit.limits import LONGEST_PROSE
from lmskit.models import Course, Quiz, QuizAttempt
from lmskit.queries.attempt import student_attempts
from lmskit.queries.audit import audit_rows
from lmskit.queries.bounds import unmet_bounds
from lmskit.queries.large_frame import read_frame
from lmskit.readable import FIRST_DAY, LAST_DAY
from lmskit.reporting.builder import build_term
from lmskit.reporting.course_report import course_report
from tests.hostile.old_rows import BAD, GOOD, RULES_LEFT, TERM, UNREADABLE_QUIZZES, OldRows, address
from tests.security.school import ADA, ADMIN

CODES = [GOOD, *BAD]
LONGEST_ANSWER = 40 * LONGEST_PROSE
"""Characters of the longest answer of a command: a page of a few texts of the greatest length, with its columns."""
LARGEST_INTEGER = 2**31 - 1
LISTS = (
    ("course", "show", "{code}"),
    ("quiz", "list", "{code}"),
    ("enrollment", "list", "{code}"),
    ("mastery", "show", "{code}"),
    ("mastery", "compare", "{code}", "--rule", "latest", "--rule", "average"),
    ("knowledge", "show", "{code}"),
)
QUALITY = (("quiz", "statistics"), ("quiz", "options"), ("quiz", "drift"))


@pytest.fixture(scope="module")
def old_rows(migrated_database, endpoint):
    """The database with bad rows."""
    return OldRows(migrated_database, endpoint, "lmskit_old_rows")


@pytest.fixture
def lmskit(old_rows, configure):
    """Run a command as a person; an exception without a sentence is raised."""

    def run(*arguments, person=ADMIN):
        configure(LMSKIT_DATABASE_URL=address(old_rows, person))
        result = CliRunner().invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert len(result.output) < LONGEST_ANSWER
        return result

    return run


def test_a_refresh_goes_on_with_the_other_courses_and_names_those_it_leaves(lmskit):
    done = lmskit("mastery", "refresh")
    assert f"Mastery of {len(CODES) - len(RULES_LEFT)} courses" in done.stdout
    assert {line.split()[0] for line in done.stderr.splitlines() if "was left as it is" in line} == RULES_LEFT
    assert lmskit("mastery", "refresh", "--course", GOOD).exit_code == 0


def test_a_fit_goes_on_with_the_other_courses(lmskit):
    done = lmskit("knowledge", "fit")
    assert f"Knowledge tracing of {len(CODES)} courses" in done.stdout


@pytest.mark.parametrize("person", [ADMIN, ADA])
def test_a_list_of_courses_shows_all_of_them(lmskit, person):
    shown = lmskit("course", "list", person=person)
    assert shown.exit_code == 0
    assert all(code in shown.stdout for code in CODES)


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_of_a_course_shows_its_bad_row_among_the_others(lmskit, command):
    for code in CODES:
        shown = lmskit(*(part.format(code=code) for part in command))
        assert (shown.exit_code, shown.stderr.count("\n")) == (0, 1), code  # which rows these are, or that there is none


def test_a_day_that_no_calendar_has_is_shown_as_what_it_is(lmskit):
    shown = lmskit("quiz", "list", "DAYS").stdout
    assert (shown.count("after the year 9999"), shown.count("before the year 1")) == (2, 1)


def test_a_text_that_is_too_long_is_cut_and_its_length_is_said(lmskit):
    assert "(10,485,760 characters)" in lmskit("course", "show", "TEXTS").stdout
    assert "(10,485,760 characters)" in lmskit("course", "show", "LONG-RULE").stdout


@pytest.mark.parametrize("command", QUALITY, ids=" ".join)
def test_the_quality_of_a_quiz_is_shown_or_its_quiz_is_named_as_unreadable(lmskit, old_rows, command):
    for code in CODES:
        quiz = str(old_rows.quiz_ids[code])
        shown = lmskit(*command, code, quiz, *(("1",) if command[1] == "options" else ()))
        if code in UNREADABLE_QUIZZES:
            assert shown.exit_code == 1
            assert shown.stderr.startswith("The stored questions of the quiz 'Sets' cannot be read")
        else:
            assert shown.exit_code == 0, code
            assert shown.stderr.startswith(("Rows 1 to ", "No question of this quiz was asked in another course")), code


def test_the_audit_trail_stays_readable_and_short(lmskit, old_rows):
    assert lmskit("audit", "list", "--limit", "1000").exit_code == 0
    with snapshot(old_rows.engine(ADMIN)) as session:
        entries = audit_rows(session, course="LONG-RULE", table="courses", limit=1000)
    (changed,) = [entry["new"]["mastery_rule"] for entry in entries if entry["action"] == "update"]
    assert changed.startswith('"long long')
    assert changed.endswith("… (10,485,762 characters)")


@pytest.mark.long
def test_dashboards_show_every_course(old_rows):
    def opened():
        return snapshot(old_rows.engine(ADA))

    for code in CODES:
        mastery = MasteryDashboard(code, open_session=opened)
        assert mastery.page is not None, code
        knowledge = KnowledgeDashboard(code, open_session=opened)
        assert knowledge.answers is not None, code
        quality = QuizQualityDashboard(code, open_session=opened)
        assert (quality.page is None) == (code in UNREADABLE_QUIZZES), code


def test_every_course_has_a_report(old_rows, configure):
    configure(LMSKIT_DATABASE_URL=address(old_rows, ADA))
    for code in CODES:
        assert len(course_report(code).data.by_week.weeks) == 2, code


@pytest.mark.long
def test_every_report_of_a_term_is_built(old_rows, configure, tmp_path):
    configure(LMSKIT_DATABASE_URL=address(old_rows, ADA))
    built = build_term(TERM, output=tmp_path)
    assert (set(built.built), built.failed) == (set(CODES), {})


def test_rows_are_read_one_by_one_and_in_large_tables(old_rows):
    with snapshot(old_rows.engine(ADA)) as session:
        due = {quiz.due_on for quiz in session.query(Quiz)}
        submitted = {attempt.submitted_at.date() for attempt in session.query(QuizAttempt) if attempt.submitted_at is not None}
        assert {FIRST_DAY, LAST_DAY} <= due & (submitted | due)
        assert {FIRST_DAY, LAST_DAY} <= submitted
        assert {UNREADABLE} in ({*course.mastery_parameters} for course in session.query(Course))
        (student,) = session.query(QuizAttempt.student_id).filter(QuizAttempt.number == LARGEST_INTEGER).one()
        assert len(student_attempts(session, "NUMBER", student)) == 1
    engine = old_rows.engine(ADA)
    with pytest.raises(QueryError, match="The column due_on has infinity"):
        read_frame(engine, "SELECT id, due_on FROM quizzes")
    found = read_frame(engine, "SELECT questions, answers, number, feedback FROM quizzes JOIN quiz_attempts AS a ON a.quiz_id = quizzes.id")
    assert found["number"].max() == LARGEST_INTEGER


def imported(lmskit, folder, course, rows):
    """Import four rows into a course; return how many were added, changed, unchanged and rejected, and the reasons."""
    file = folder / f"{course}.csv"
    file.write_text("quiz,week,email,score,max_score,attempt,submitted_at\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    done = lmskit("import", str(file), "--course", course)
    counts = re.search(r"4 in = (\d) added \+ (\d) changed \+ (\d) unchanged \+ (\d) rejected", done.stdout)
    assert counts, done.output
    rejected = re.findall(rf"{course}.csv, rows? ([\d, and]+): (.*)", done.stdout)
    return tuple(map(int, counts.groups())), [reason for rows, reason in rejected for _ in re.findall(r"\d+", rows)]


def test_an_import_rejects_the_rows_that_would_change_a_bad_row_and_no_others(lmskit, old_rows, tmp_path):
    for course, n_bad in (("ANSWERS", 2), ("TIMES", 4)):
        counts, rejections = imported(lmskit, tmp_path, course, [f"Sets,1,{email},3,5,1," for email in old_rows.students(course)])
        assert (counts[3], len(rejections)) == (n_bad, n_bad)
        assert all("is beyond the limits of its number, times, feedback or answers" in reason for reason in rejections)


def test_an_attempt_after_the_highest_number_is_rejected_and_no_other(lmskit, old_rows, tmp_path):
    rows = [f"Sets,1,{email},4,5,,2026-09-20T12:00:00Z" for email in old_rows.students("NUMBER")]
    counts, (reason,) = imported(lmskit, tmp_path, "NUMBER", rows)
    assert counts == (3, 0, 0, 1)
    assert f"an attempt of the student in lmskit has the number {LARGEST_INTEGER}" in reason


def test_attempts_at_a_quiz_that_is_due_on_no_day_are_imported(lmskit, old_rows, tmp_path):
    people = old_rows.students("DAYS")
    rows = [f"{quiz},2,{email},3,10,," for quiz in ("Maps", "Trees") for email in people[:2]]
    assert imported(lmskit, tmp_path, "DAYS", rows) == ((4, 0, 0, 0), [])


def test_the_doctor_names_each_bound_its_rows_and_how_to_find_them(lmskit, old_rows):
    answer = lmskit("doctor")
    assert answer.exit_code == 1
    with snapshot(old_rows.engine(ADMIN)) as session:
        unmet = unmet_bounds(session)
        assert len(unmet) == 14
        said = " ".join(answer.stdout.split())
        for bound in unmet:
            assert f"{bound.constraint}: {bound.n_rows} row" in said
            assert f"To see all: {bound.find()}." in said
            found = session.connection().exec_driver_sql(bound.find().replace("%", "%%")).all()
            assert len(found) == bound.n_rows >= 1
            assert len(bound.first_keys) == min(bound.n_rows, 5)


def test_what_the_database_refuses_is_named_by_column_and_bound(old_rows):
    refused = pytest.raises(RefusedValueError, match="quizzes: due_on is not between the years 1900 and 2200")
    with refused, transaction(old_rows.engine(ADA)) as session:
        session.query(Quiz).filter(Quiz.id == old_rows.quiz_ids[GOOD]).update({"due_on": LAST_DAY})


def test_bounds_hold_for_every_row_once_all_are_mended(old_rows, endpoint, lmskit):
    with psycopg.connect(endpoint.superuser_conninfo(old_rows.name)) as connection:
        connection.execute("UPDATE quizzes SET due_on = NULL WHERE NOT due_on BETWEEN '1900-01-01' AND '2200-12-31'")
    assert re.search(r"note +ck_quizzes_due_on_is_a_readable_day: All rows of quizzes meet", " ".join(lmskit("doctor").stdout.split()))
    revision.upgrade(engine=old_rows.migrator)
    shown = lmskit("doctor").stdout
    assert "ck_quizzes_due_on_is_a_readable_day" not in shown
    assert "ck_courses_mastery_rule_has_a_length" in shown
