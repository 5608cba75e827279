"""Canvas's own exports: the records of each file, with a result for every row."""

from collections import Counter

import pytest

from lmskit.importers.canvas import gradebook as canvas_gradebook
from lmskit.importers.canvas import quiz as canvas_quiz
from lmskit.importers.canvas import sis as canvas_sis
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import AttemptRecord, CourseRecord, EnrollmentRecord, PersonRecord, QuizRecord, TermRecord
from tests import factories
from tests.importers.golden import row_counts
from tests.importers.real_import import added, entities, imported_twice
from tests.real_data import REAL_DATA

CANVAS = REAL_DATA / "canvas"

pytestmark = pytest.mark.skipif(not CANVAS.is_dir(), reason=f"the data set is not there: {CANVAS}")

GRADEBOOK = CANVAS / "gradebook" / "canvas.csv"
ANALYSIS = CANVAS / "quiz" / "student_analysis_all_versions.csv"
SIS = CANVAS / "sis"
FORMATS = (canvas_gradebook.FORMAT, canvas_quiz.FORMAT, canvas_sis.FORMAT)


def count(source, kind):
    return sum(isinstance(record, kind) for record in source.records())


@pytest.mark.parametrize(("path", "name"), [(GRADEBOOK, "canvas-gradebook"), (ANALYSIS, "canvas-quiz"), (SIS, "canvas-sis")])
def test_each_file_is_recognised_by_its_content(path, name):
    assert [form.name for form in FORMATS if form.detect(path)] == [name]


def test_the_gradebook_has_four_students_and_three_assignments():
    source = canvas_gradebook.FORMAT.open(GRADEBOOK, ReadOptions())
    assert row_counts(source) == {"canvas.csv": (4, 4, 0), "canvas.csv: grades": (12, 12, 0)}
    assert (count(source, QuizRecord), count(source, PersonRecord), count(source, AttemptRecord)) == (3, 4, 12)
    assert sum(record.score or 0 for record in source.records() if isinstance(record, AttemptRecord)) == 61 + 63 + 63 + 60.5
    assert list(source.warnings) == []  # its totals are right


def test_the_analysis_has_two_attempts_of_one_student():
    source = canvas_quiz.FORMAT.open(ANALYSIS, ReadOptions())
    assert row_counts(source) == {"student_analysis_all_versions.csv": (2, 2, 0)}
    attempts = [record for record in source.records() if isinstance(record, AttemptRecord)]
    assert [(attempt.number, attempt.score, attempt.max_score) for attempt in attempts] == [(1, 0, 1), (2, 1, 1)]
    assert list(source.warnings) == []


def test_the_sis_files_name_sections_that_are_missing():
    source = canvas_sis.FORMAT.open(SIS, ReadOptions())
    assert row_counts(source) == {"terms.csv": (3, 3, 0), "courses.csv": (3, 3, 0), "users.csv": (3, 3, 0), "enrollments.csv": (3, 0, 3)}
    assert [count(source, kind) for kind in (TermRecord, CourseRecord, PersonRecord, EnrollmentRecord)] == [3, 3, 3, 0]
    rejections = [rejection for part in source.parts for rejection in part.rejections]
    assert [(rejection.row, rejection.value, rejection.reason) for rejection in rejections] == [
        (2, "1B", "names a section that is not in sections.csv"),
        (3, "2A", "names a section that is not in sections.csv"),
        (4, "2A", "names a section that is not in sections.csv"),
    ]
    assert [note for note in source.notes if "not imported" in note] == [
        "sections.csv: rows that are not imported, since they only assign sections to courses: 3.",
        "accounts.csv: rows that are not imported, since lmskit has no accounts: 3.",
    ]


def test_the_gradebook_and_the_analysis_are_imported_and_a_second_import_changes_nothing(session):
    course = factories.course(session, weeks=1)
    gradebook = imported_twice(session, canvas_gradebook.FORMAT, GRADEBOOK, course=course.code, week=1)
    assert added(gradebook) == {"canvas.csv": (4, 0), "canvas.csv: grades": (12, 0)}
    assert entities(gradebook) == {"students": 4, "enrollments": 4, "quizzes": 3, "attempts": 12}
    analysis = imported_twice(session, canvas_quiz.FORMAT, ANALYSIS, course=course.code, week=1)
    assert added(analysis) == {"student_analysis_all_versions.csv": (2, 0)}
    assert entities(analysis) == {"students": 1, "enrollments": 1, "quizzes": 1, "attempts": 2}


def test_the_sis_files_are_imported_but_for_terms_without_days_and_enrollments_in_unknown_sections(session):
    taught_by, term = factories.lecturer(session), factories.term(session)
    report = imported_twice(session, canvas_sis.FORMAT, SIS, lecturer=taught_by.email, term=term.code)
    assert added(report) == {"terms.csv": (1, 2), "courses.csv": (3, 0), "users.csv": (3, 0), "enrollments.csv": (0, 3)}
    assert entities(report) == {"terms": 1, "courses": 3, "lecturers": 1, "students": 2}
    assert Counter(rejection.reason for rejection in report.rejections) == {
        "has no first or last day, and lmskit has no term with this code or id yet": 2,
        "names a section that is not in sections.csv": 3,
    }
