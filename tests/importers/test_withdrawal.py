"""How many students a file may take out of a course without being asked to."""

from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from lmskit.errors import ImportFileError, InputError
from lmskit.models import Enrollment
from lmskit.services.withdrawal_check import MissingCountRow, withdrawal_check
from lmskit.vocabulary import EnrollmentStatus, Origin
from tests import factories


def roster_of(students):
    return "email\n" + "\n".join(student.email for student in students)


@pytest.fixture
def students(session, course):
    """Forty students of the course, all from an import."""
    made = [factories.student(session) for _ in range(40)]
    for student in made:
        factories.enrollment(session, course, student, origin=Origin.IMPORT)
    return made


@pytest.fixture
def withdraw(imported):
    def run(students, **options):
        return imported(roster_of(students), withdraw_missing=True, **options)

    return run


@pytest.fixture
def refused(session):
    """A block whose import is refused with a sentence, and rolled back as its transaction would be."""

    @contextmanager
    def run(sentence):
        with pytest.raises(ImportFileError, match=sentence), session.begin_nested():
            yield

    return run


@pytest.mark.parametrize(
    ("counts", "reasons"),
    [
        ((40, 4, 0), ()),
        ((40, 5, 0), ("5 of 40 students of CS (12 %)",)),
        ((40, 1, 1), ("1 student of CS who was enrolled by hand",)),
        ((210, 20, 0), ()),
        ((210, 21, 0), ("21 students, more than 20",)),
        ((1, 1, 0), ("1 of 1 student of CS (100 %)",)),
        ((40, 0, 0), ()),
    ],
)
def test_more_than_a_tenth_or_20_students_or_one_enrolled_by_hand_have_to_be_confirmed(counts, reasons):
    assert withdrawal_check([MissingCountRow("CS", *counts)]).reasons == reasons


def test_the_students_of_all_courses_are_counted_together():
    assert withdrawal_check([MissingCountRow("A", 300, 11, 0), MissingCountRow("B", 300, 10, 0)]).reasons == ("21 students, more than 20",)


def test_a_tenth_of_a_course_is_withdrawn_unasked(withdraw, students):
    report = withdraw(students[4:])
    assert report.entity("withdrawn").changed == 4
    assert (report.withdrawal.count, report.withdrawal.reasons) == (4, ())


def test_students_who_are_new_in_the_file_do_not_make_the_course_larger(refused, imported, students):
    new = "\n".join(f"{factories.unique('new')}@example.org,New" for _ in range(60))
    old = "\n".join(f"{student.email}," for student in students[5:])
    with refused(r"5 of 40 students of .* \(12 %\)"):
        imported(f"email,family_name\n{old}\n{new}", withdraw_missing=True)


def test_more_is_refused_and_a_rehearsal_shows_whom(refused, session, withdraw, students, course):
    rehearsed = withdraw(students[5:], dry_run=True)
    assert [outcome.state for outcome in rehearsed.outcomes if outcome.state == "withdrawn"] == ["withdrawn"] * 5
    assert rehearsed.withdrawal.reasons == (f"5 of 40 students of {course.code} (12 %)",)
    with refused(r"5 students would be withdrawn .* nothing was written\. .*--withdraw-at-most 5"):
        withdraw(students[5:])


@pytest.mark.parametrize("at_most", [5, 40])
def test_a_confirmed_number_withdraws_no_more_students_than_that(refused, withdraw, students, at_most):
    with refused(r"5 students would be withdrawn .* more than the confirmed 4; nothing was written"):
        withdraw(students[5:], withdraw_at_most=4)
    assert withdraw(students[5:], withdraw_at_most=at_most).entity("withdrawn").changed == 5


def test_a_confirmed_number_is_a_limit_also_where_none_is_needed(refused, withdraw, students):
    with refused(r"2 students would be withdrawn .* more than the confirmed 1"):
        withdraw(students[2:], withdraw_at_most=1)


def test_one_who_was_enrolled_by_hand_is_not_withdrawn_unasked(refused, session, withdraw, students, course):
    factories.enrollment(session, course, factories.student(session, family_name="Hand", given_name=""), origin=Origin.FORM)
    report = withdraw(students, dry_run=True)
    assert report.withdrawal.reasons == (f"1 student of {course.code} who was enrolled by hand",)
    assert [(gone.what, gone.reason) for gone in report.outcomes if gone.state == "withdrawn"] == [
        (f"Hand · {course.code}", "is not in the file; was enrolled by hand")
    ]
    with refused("enrolled by hand"):
        withdraw(students)
    assert withdraw(students, withdraw_at_most=1).entity("withdrawn").changed == 1


def test_a_limit_without_withdrawals_is_refused(imported, students):
    with pytest.raises(InputError, match="--withdraw-at-most 5 is the limit of --withdraw-missing, which is not given"):
        imported(roster_of(students), withdraw_at_most=5)


@pytest.mark.long
def test_a_file_that_was_cut_after_39_rows_withdraws_none_of_60_040_students(session, course, imported, refused):
    enrolled = text("""
        WITH made AS (
            INSERT INTO users (email, family_name, sort_name, role)
            SELECT 'cut.' || n || '@example.org', 'Student', 'student', 'student' FROM generate_series(1, 60040) AS s (n) RETURNING id
        )
        INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
        SELECT :course, id, 'active', 'import', :day FROM made
    """)
    session.execute(enrolled, {"course": course.id, "day": factories.FIRST_DAY})
    roster = "email\n" + "\n".join(f"cut.{n}@example.org" for n in range(1, 40))
    with refused(
        rf"^60,001 students would be withdrawn because they are not in .*, among them 60,001 of 60,040 students of {course.code} \(100 %\)"
    ):
        imported(roster, withdraw_missing=True)
    with refused("more than the confirmed 39"):
        imported(roster, withdraw_missing=True, withdraw_at_most=39)
    active = select(func.count()).where(Enrollment.course_id == course.id, Enrollment.status == EnrollmentStatus.ACTIVE)
    assert session.scalar(active) == 60_040
