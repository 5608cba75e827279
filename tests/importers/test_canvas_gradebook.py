"""Special cases of Canvas gradebooks; a whole sample is in test_golden.py."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.gradebook import FORMAT
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import AttemptRecord, ExcuseRecord, PersonRecord, QuizRecord
from tests.importers.golden import row_counts


def opened(tmp_path, text, encoding="utf-8", **options):
    path = tmp_path / "gradebook.csv"
    path.write_bytes(text.encode(encoding))
    return FORMAT.open(path, ReadOptions(**options))


def of_kind(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


def gradebook(*rows, header="Student,ID,Section,Quiz 1 (11)", points="    Points Possible,,,10"):
    return "\n".join([header, points, *rows]) + "\n"


def grades(source):
    return [(record.quiz, record.score) for record in of_kind(source, AttemptRecord)]


def test_titles_may_hold_commas_parentheses_and_line_ends_and_two_may_be_equal(tmp_path):
    header = 'Student,ID,Section,"Essay, ""final"" (draft) (11)","Read\nme (12)",Quiz (13),Quiz (14)'
    source = opened(tmp_path, gradebook('"A, B",1,x,1,2,3,4', header=header, points="    Points Possible,,,10,10,10,10"))
    quizzes = of_kind(source, QuizRecord)
    assert [(quiz.key, quiz.title) for quiz in quizzes] == [
        ("11", 'Essay, "final" (draft)'),
        ("12", "Read me"),
        ("13", "Quiz"),
        ("14", "Quiz"),
    ]
    assert grades(source) == [("11", 1), ("12", 2), ("13", 3), ("14", 4)]


def test_an_assignment_may_be_called_final_score_and_a_total_may_end_in_a_number(tmp_path):
    header = "Student,ID,Section,Final Score (11),Current Score (2031),Unposted Final Score (2031)"
    source = opened(
        tmp_path, gradebook('"A, B",1,x,7,70.00,70.00', header=header, points="    Points Possible,,,10,(read only),(read only)")
    )
    assert grades(source) == [("11", 7)]
    assert "Current Score (2031)" in source.file.skipped_columns


def test_a_row_with_the_posting_policy_is_not_a_student(tmp_path):
    row = '"A, B",1,x,7'
    header, points = "Student,ID,Section,Quiz 1 (11)", "    Points Possible,,,10"
    for above in ([points], [",,,Manual Posting", points], [points, ",,,Manual Posting (scores hidden from instructors)"]):
        source = opened(tmp_path, "\n".join([header, *above, row, ""]))
        assert grades(source) == [("11", 7)]
        assert source.file.rows_in == 1


@pytest.mark.parametrize("number", ["123456", "7"])
def test_a_student_whose_name_begins_with_the_word_for_a_sum_keeps_the_grades(tmp_path, number):
    source = opened(tmp_path, gradebook(f'"Sum, Wai Yan",{number},S1,7', '"Total",,,7'))
    assert grades(source) == [("11", 7)]
    assert source.file.rows_in == 1


def test_a_gradebook_without_points_possible_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match="lacks the row Points Possible"):
        opened(tmp_path, 'Student,ID,Section,Quiz 1 (11)\n"A, B",1,x,7\n')


@pytest.mark.parametrize("cell", ["", "N/A", " ", "-"])
def test_a_cell_without_a_grade_is_neither_imported_nor_rejected(tmp_path, cell):
    assert row_counts(opened(tmp_path, gradebook(f'"A, B",1,x,{cell}')))["gradebook.csv: grades"] == (0, 0, 0)


def test_an_excused_cell_is_counted_and_excuses_unless_nothing_can_be_graded_or_its_row_is_rejected(tmp_path):
    header, points = "Student,ID,Section,Quiz 1 (11),Quiz 2 (12)", "    Points Possible,,,10,none"
    source = opened(tmp_path, gradebook('"A, B",1,x,EX,EX', '"C, D",#N/A,x,EX,EX', '"E, F",3,x,7,', header=header, points=points))
    assert [(record.quiz, record.person.source_id, record.position.row) for record in of_kind(source, ExcuseRecord)] == [("11", "1", 3)]
    assert row_counts(source)["gradebook.csv: grades"] == (3, 2, 1)
    assert "1 excused (EX) from what has no points possible" in " ".join(source.notes)


@pytest.mark.parametrize("cell", ["inf", "nan", "-1", "B+", "-85%", "1e3", "100000000", "#REF!", "see below"])
def test_a_bad_grade_is_rejected_and_its_row_is_not(tmp_path, cell):
    source = opened(tmp_path, gradebook(f'"A, B",1,x,{cell}', '"C, D",2,x,8'))
    assert row_counts(source) == {"gradebook.csv": (2, 2, 0), "gradebook.csv: grades": (2, 1, 1)}
    assert [(rejection.row, rejection.column, rejection.value) for rejection in source.grades.rejections] == [(3, "Quiz 1 (11)", cell)]


def test_percentages_and_words_for_all_and_no_points_are_shares_of_the_points_possible(tmp_path):
    header, points = "Student,ID,Section,Quiz 1 (11),Quiz 2 (12),Quiz 3 (13),Bonus (14)", "    Points Possible,,,10,30,5,0"
    source = opened(
        tmp_path, gradebook('"A, B",1,x,85%,72.5 %,complete,50 %', '"C, D",2,x,120%,0%,Incomplete,', header=header, points=points)
    )
    assert [(record.quiz, record.score, record.max_score) for record in of_kind(source, AttemptRecord)] == [
        ("11", 8.5, 10),
        ("12", 21.75, 30),
        ("13", 5, 5),
        ("14", 0, 0),
        ("11", 12, 10),
        ("12", 0, 30),
        ("13", 0, 5),
    ]
    assert source.grades.rejections == []


def test_notes_name_scores_above_the_maximum_and_assignments_of_0_points(tmp_path):
    header, points = "Student,ID,Section,Quiz 1 (11),Bonus (12)", "    Points Possible,,,10,0"
    source = opened(tmp_path, gradebook('"A, B",1,x,12,3', '"C, D",2,x,10,1', header=header, points=points))
    assert grades(source) == [("11", 12), ("12", 3), ("11", 10), ("12", 1)]
    assert "gradebook.csv: scores above their maximum score, as for extra credit, are kept: 1." in source.notes
    assert "gradebook.csv: the assignment 'Bonus' has 0 points possible: its grades are not evidence of mastery." in source.notes


def test_a_note_counts_the_cells_without_a_grade_by_what_they_mean(tmp_path):
    rows = [
        f'"A{row}, B",{row},x,{cell}' for row, cell in enumerate(["EX", "excused", "N/A", "", "-", "Requires grading", "withdrawn", "7"], 1)
    ]
    source = opened(tmp_path, gradebook(*rows))
    assert grades(source) == [("11", 7)]
    assert (
        "gradebook.csv: cells without a grade are not counted: "
        "2 blank, 1 not assigned (N/A), 1 withdrawn, 1 not graded yet." in source.notes
    )


def test_a_gradebook_of_which_no_number_shows_the_decimal_mark_is_refused(tmp_path):
    text = gradebook('"A, B",1,x,"1,500"', points="    Points Possible,,,2000")
    with pytest.raises(ImportFileError, match=r"gradebook\.csv: '1,500' may be thousands or have three decimals"):
        grades(opened(tmp_path, text))
    assert grades(opened(tmp_path, text, decimal_mark=".")) == [("11", 1500)]
    assert grades(opened(tmp_path, text, decimal_mark=",")) == [("11", 1.5)]


def test_the_grades_of_a_rejected_row_are_counted_and_rejected_with_it(tmp_path):
    source = opened(tmp_path, gradebook('"A, B",1.2E+15,x,7', '"C, D",2,x,8'))
    assert row_counts(source) == {"gradebook.csv": (2, 1, 1), "gradebook.csv: grades": (2, 1, 1)}
    assert [rejection.reason for rejection in source.grades.rejections] == ["belongs to a row that is not imported"]


def test_a_student_called_test_student_with_a_sis_id_is_a_student(tmp_path):
    header = "Student,ID,SIS User ID,Section,Quiz 1 (11)"
    source = opened(
        tmp_path, gradebook('"Student, Test",1,S1,x,7', '"Student, Test",2,,x,8', header=header, points="    Points Possible,,,,10")
    )
    assert grades(source) == [("11", 7)]
    assert "gradebook.csv: row 4 is Canvas's test student and is skipped." in source.notes


def test_names_may_have_two_columns_and_lose_the_protection_against_formulas(tmp_path):
    header, points = "LastName,FirstName,ID,Section,Quiz 1 (11)", "    Points Possible,,,,10"
    people = of_kind(
        opened(tmp_path, gradebook('de la Cruz,"Ana, María",1,x,7', '"=""=Smith""",Bo,2,x,7', header=header, points=points)), PersonRecord
    )
    assert [(person.family_name, person.given_name) for person in people] == [("de la Cruz", "Ana  María"), ("=Smith", "Bo")]


def test_a_decimal_comma_is_a_property_of_the_file(tmp_path):
    text = gradebook(
        "A B;1;x;7,5", "C D;2;x;8", "E F;3;x;7.5", header="Student;ID;Section;Quiz 1 (11)", points="    Points Possible;;;10,00"
    )
    source = opened(tmp_path, text, encoding="cp1252")
    assert grades(source) == [("11", 7.5), ("11", 8)]
    assert (
        "gradebook.csv was read with the decimal comma; cells with it: 2, with the other mark: 1. --decimal changes that." in source.notes
    )
    assert [rejection.value for rejection in source.grades.rejections] == ["7.5"]
    assert grades(opened(tmp_path, text.replace("7,5", "7.5").replace("10,00", "10"), decimal_mark=".")) == [
        ("11", 7.5),
        ("11", 8),
        ("11", 7.5),
    ]


def test_stale_totals_are_warnings_and_right_ones_are_not(tmp_path):
    header = "Student,ID,Section,Quiz 1 (11),Quiz 2 (12),Current Points,Final Points,Current Score,Final Score"
    points = "    Points Possible,,,10,30,(read only),(read only),(read only),(read only)"
    source = opened(
        tmp_path, gradebook('"A, B",1,x,7,,7.00,7.00,70.00,17.50', '"C, D",2,x,7,EX,7.00,8.00,70.00,60.00', header=header, points=points)
    )
    list(source.records())
    assert [(warning.row, warning.column, warning.value) for warning in source.warnings] == [
        (4, "Final Points", "8.00 (recomputed 7.00)"),
        (4, "Final Score", "60.00 (recomputed 70.00)"),
    ]


def test_totals_of_weighted_groups_are_not_compared_and_a_note_explains_why(tmp_path):
    header, points = "Student,ID,Section,Quiz 1 (11),Final Score", "    Points Possible,,,10,(read only)"
    source = opened(tmp_path, gradebook('"A, B",1,x,7,99.00', header=header, points=points))
    list(source.records())
    assert list(source.warnings) == []
    assert any("the weights of assignment groups are not known" in note for note in source.notes)


def test_an_assignment_in_two_columns_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match="has the assignment 11 in more than one column"):
        opened(
            tmp_path, gradebook('"A, B",1,x,7,8', header="Student,ID,Section,Quiz (11),Other (11)", points="    Points Possible,,,10,10")
        )
