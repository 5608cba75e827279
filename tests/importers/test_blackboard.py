"""Special cases of Blackboard gradebooks; whole samples are in test_golden.py."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.blackboard import FORMAT
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import AttemptRecord, QuizRecord
from tests import factories
from tests.importers.golden import SAMPLES
from tests.importers.real_import import added, entities, imported_twice

PEOPLE = "Last Name,First Name,Username"


def opened(tmp_path, *rows, item="Quiz 1 [Total Pts: 10 Score] |11"):
    path = tmp_path / "gradebook.csv"
    path.write_text("\n".join([f"{PEOPLE},{item}", *rows]) + "\n", encoding="utf-8")
    return FORMAT.open(path, ReadOptions())


def of_kind(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


def test_a_gradebook_is_imported_and_a_second_import_changes_nothing(session):
    course = factories.course(session, weeks=1)
    report = imported_twice(session, FORMAT, SAMPLES / "blackboard-gradebook" / "gradebook.csv", course=course.code, week=1)
    assert added(report) == {"gradebook.csv": (4, 2), "gradebook.csv: grades": (8, 5)}
    assert entities(report) == {"students": 4, "enrollments": 4, "quizzes": 4, "attempts": 7, "excuses": 1}


@pytest.mark.parametrize("cell", ["In Progress", "In Progress(8.00)", "Needs Grading", "Needs Grading (8)"])
def test_the_points_of_an_attempt_that_is_not_graded_are_no_score(tmp_path, cell):
    source = opened(tmp_path, f"Vale,Ada,avale,{cell}")
    assert of_kind(source, AttemptRecord) == []
    assert source.grades.rows_in == 0
    assert "gradebook.csv: cells without a grade are not counted: 1 in progress or not graded yet." in source.notes


@pytest.mark.parametrize(
    ("item", "title", "points"),
    [
        ('"Essay, [draft] [Total Pts: 2,000 Score] |7"', "Essay, [draft]", 2000),
        ("Week 2 [Total Pts: 7.5] |7", "Week 2", 7.5),
        ("Seminar [Total Pts: 0 Score] |7", "Seminar", 0),
    ],
)
def test_title_points_and_id_are_in_the_header(tmp_path, item, title, points):
    assert [(quiz.key, quiz.title, quiz.max_score) for quiz in of_kind(opened(tmp_path, item=item), QuizRecord)] == [("7", title, points)]


@pytest.mark.parametrize(
    "item", ["Total [Total Pts: up to 10 Score] |11", "Remarks [Total Pts: 0 Text] |11", "Exam [Total Pts: 9 Letter] |11"]
)
def test_a_computed_column_and_one_without_numbers_is_no_quiz_and_is_named(tmp_path, item):
    source = opened(tmp_path, "Vale,Ada,avale,8", item=item)
    assert of_kind(source, QuizRecord) == []
    assert source.file.skipped_columns == (item,)
    assert any(item.split(" [", maxsplit=1)[0] in note for note in source.notes)


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ("A [Total Pts: 1 Score] |11,B [Total Pts: 1 Score] |11", "the item 11 in more than one column"),
        ("A [Total Pts: 1.2.3 Score] |11", r"the points of the column .* cannot be read: '1\.2\.3' is not a number"),
        ("Quiz 1 (11)", "has no column such as 'Quiz 1"),
    ],
)
def test_a_header_that_is_not_certain_is_refused(tmp_path, item, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        opened(tmp_path, item=item)
