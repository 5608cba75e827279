"""Scores with a column per question: which columns are questions, and what their cells mean. Whole samples are in test_golden.py."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.gradescope import FORMAT
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, QuizRecord
from tests.importers.plain import csv_file


@pytest.fixture
def opened(tmp_path):
    def open_(rows, name="quiz_1_scores.csv", **options):
        return FORMAT.open(csv_file(tmp_path / name, rows), ReadOptions(**options))

    return open_


def read(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("1: Sorting (4.0 pts),2.1: (6 points)", [("1", "Sorting", 4), ("2.1", "", 6)]),
        ("Q1 (4 pts),q 2a (1.5 pts.)", [("1", "", 4), ("2a", "", 1.5)]),
        ("Question 1 / 4,Aufgabe 2 (3 Punkte)", [("1", "", 4), ("2", "", 3)]),
        ("1: All (5 pts),1.1: a (2 pts),1.2: b (3 pts),10: c (1 pt)", [("1.1", "a", 2), ("1.2", "b", 3), ("10", "c", 1)]),
    ],
)
def test_a_question_is_a_number_with_points(opened, headers, expected):
    [quiz] = read(opened(f"SID,Name,{headers},Total"), QuizRecord)
    assert [(slot.name, "".join(slot.texts), slot.points) for slot in quiz.slots] == expected


def test_the_title_is_the_name_of_the_file_without_what_gradescope_adds(opened):
    assert read(opened("SID,1: a (1 pt),Total Score", name="Week_1_sorting_scores (1).csv"), QuizRecord)[0].title == "Week 1 sorting"
    assert read(opened("SID,1: a (1 pt),Total Score", title="Quiz_1"), QuizRecord)[0].title == "Quiz_1"


def test_without_a_column_for_it_the_maximum_is_the_sum_of_the_questions(opened):
    [attempt] = read(opened("SID,Q1 (4 pts),Q2 (6 pts),Total\n7,4,,4"), AttemptRecord)
    assert (attempt.score, attempt.max_score) == (4, 10)
    assert [answer["score"] for answer in attempt.answers] == [4, None]


def test_a_student_without_a_submission_is_enrolled_and_has_no_attempt(opened):
    source = opened("SID,Name,Q1 (4 pts),Total Score,Status\n7,Ada,,,Missing\n8,Ben,4,4,Graded")
    assert [person.key for person in read(source, PersonRecord)] == [PersonKey(sis_id="7"), PersonKey(sis_id="8")]
    assert [enrollment.is_implied for enrollment in read(source, EnrollmentRecord)] == [True, True]
    assert [attempt.person.sis_id for attempt in read(source, AttemptRecord)] == ["8"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("SID,Total Score", r"no column of a question such as “1: Sorting \(4\.0 pts\)”; it has SID, Total Score"),
        ("SID,1: a (4 pts)", "no column Total Score"),
        ("Name,1: a (4 pts),Total Score", "no column SID or Email to identify students"),
        ("SID,1: a (4 pts),1: b (4 pts),Total Score", "the question 1 in more than one column"),
        ("SID,1: a (99999999 pts),2: b (1 pt),Total Score", "points altogether"),
    ],
)
def test_another_table_is_refused(opened, rows, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        opened(rows)


def test_columns_of_people_can_be_given(opened):
    assert read(opened("Key,Q1 (4 pts),Total\n7,4,4", columns={"sis_id": "Key"}), PersonRecord)[0].key.sis_id == "7"
    (person,) = read(opened("SID,Email,Q1 (4 pts),Total\n7,a@b.example,4,4", columns={"sis_id": ""}), PersonRecord)
    assert (person.key.sis_id, person.key.email) == (None, "a@b.example"), "a column can be ignored"
    with pytest.raises(ImportFileError, match=r"no such field or column: sis_id=Other"):
        opened("Key,Q1 (4 pts),Total", columns={"sis_id": "Other"})


def test_reading_twice_gives_the_same(opened):
    source = opened("SID,Q1 (4 pts),Total,Status\n7,4,4,Graded\n8,,,Missing\n9,x,4,Graded\nMean,2,4,")
    assert list(source.records()) == list(source.records())
    assert (source.parts[0].rows_in, len(source.parts[0].rejections)) == (3, 1)
    assert [note for note in source.notes if "averages" in note or "submission" in note] == [
        "quiz_1_scores.csv: rows with sums, averages or footnotes are not counted: 1.",
        "quiz_1_scores.csv: students without a submission, who are enrolled and have no attempt: 1.",
    ]
