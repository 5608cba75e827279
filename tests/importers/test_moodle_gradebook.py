"""Special cases of Moodle gradebooks; whole samples are in test_golden.py."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.gradebook import FORMAT, _items
from lmskit.importers.moodle.item_scale import WITHOUT_SCALE
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonRecord, QuizRecord
from lmskit.vocabulary import EnrollmentStatus
from tests.importers.golden import row_counts

WHO = "First name,Last name,ID number,Email address"


def opened(tmp_path, text, **options):
    path = tmp_path / "grades.csv"
    path.write_text(text, encoding="utf-8")
    return FORMAT.open(path, ReadOptions(**options))


def of_kind(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


def gradebook(columns, *grades):
    return f"{WHO},{columns}\n" + "".join(f"Ida{row},Ober,{row},,{cells}\n" for row, cells in enumerate(grades, 1))


@pytest.mark.parametrize(
    ("pairs", "maximum"),
    [
        (["6.67,83.38 %", "8.00,100.00 %"], 8),
        (["1.00,33.33 %"], 3),
        (["12.50,50.00 %", "0.00,0.00 %"], 25),
        (["2.25,90.00 %"], 2.5),
        (["7.0,66.7 %", "3.0,28.6 %"], 10.5),
        (["15.00,150.00 %"], 10),
    ],
)
def test_the_maximum_is_computed_from_points_and_percentages(tmp_path, pairs, maximum):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Percentage)", *pairs))
    assert [quiz.max_score for quiz in of_kind(source, QuizRecord)] == [maximum]
    assert {attempt.max_score for attempt in of_kind(source, AttemptRecord)} == {maximum}


@pytest.mark.parametrize("pairs", [["0.00,0.00 %"], ["-,-"], ["5.00,50.00 %", "5.00,80.00 %"], ["5.00,0.00 %"]])
def test_a_maximum_that_no_grade_or_not_every_grade_fits_is_unknown(tmp_path, pairs):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Percentage)", *pairs))
    assert [quiz.max_score for quiz in of_kind(source, QuizRecord)] == [None]


def test_points_and_percentages_of_two_students_show_a_range_that_does_not_begin_at_0(tmp_path):
    source = opened(tmp_path, gradebook("Oral exam (Real),Oral exam (Percentage)", "3.60,52.00 %", "2.50,30.00 %", "1.00,0.00 %", "0.90,-"))
    assert [quiz.max_score for quiz in of_kind(source, QuizRecord)] == [5]
    assert [(attempt.score, attempt.max_score, attempt.feedback) for attempt in of_kind(source, AttemptRecord)] == [
        (2.6, 5, "3.6 on a scale from 1 to 6"),
        (1.5, 5, "2.5 on a scale from 1 to 6"),
        (0, 5, "1 on a scale from 1 to 6"),
    ]
    assert [rejection.reason for rejection in source.grades.rejections] == ["is below 1, the lowest grade of the grade item"]
    assert (
        "grades.csv: 'Oral exam' has grades from 1 to 6, computed from its points and percentages; "
        "they are stored as points above 1, so its maximum score is 5." in source.notes
    )


@pytest.mark.parametrize(
    ("pairs", "scores", "maximum"),
    [
        (["-10.00,0.00 %", "10.00,100.00 %"], [0, 20], 20),
        (["1,0 %", "2,22 %", "3,38 %", "4,60 %", "6,96 %"], [0, 1, 2, 3, 5], 5),
        (["2.5,50.00 %", "3,60.00 %"], [2.5, 3], 5),
    ],
)
def test_a_range_may_begin_below_0_and_is_found_from_rounded_grades(tmp_path, pairs, scores, maximum):
    source = opened(tmp_path, gradebook("Oral exam (Real),Oral exam (Percentage)", *pairs))
    assert [(attempt.score, attempt.max_score) for attempt in of_kind(source, AttemptRecord)] == [(score, maximum) for score in scores]


def test_students_whose_grades_allow_several_ranges_or_none_leave_the_maximum_unknown_and_a_note_says_so(tmp_path):
    for pairs in (["5.00,50.00 %", "5.00,80.00 %"], ["2,10 %", "4,60 %", "6,90 %"], ["9.00,10.00 %", "1.00,90.00 %"]):
        source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Percentage)", *pairs))
        assert {attempt.max_score for attempt in of_kind(source, AttemptRecord)} == {None}
        assert any("the maximum score of 'A' cannot be computed: no lowest and highest grade" in note for note in source.notes)


def test_a_maximum_that_is_not_round_needs_students_who_rule_out_rounder_ranges(tmp_path):
    columns = "Quiz: A (Real),Quiz: A (Percentage)"
    for pairs, maximum in (
        (["19.23,50.00 %"], None),
        (["19.23,50.00 %", "38.46,100.00 %", "3.85,10.00 %"], 38.46),
        (["8.21,38.55 %", "8.34,39.20 %"], None),
        (["2.60,52.00 %"], 5),
    ):
        source = opened(tmp_path, gradebook(columns, *pairs))
        assert {attempt.max_score for attempt in of_kind(source, AttemptRecord)} == {maximum}


def test_the_words_of_a_scale_are_stored_as_their_percentages(tmp_path):
    columns = "Assignment: Essay (Real),Assignment: Essay (Percentage),Assignment: Essay (Feedback)"
    source = opened(
        tmp_path, gradebook(columns, "Very good,100.00 %,Well done", "Good,50.00 %,", "Good,-,", "Poor,0.00 %,", "-,-,", "Fair,-,")
    )
    assert [(attempt.score, attempt.max_score, attempt.feedback) for attempt in of_kind(source, AttemptRecord)] == [
        (100, 100, "Very good on the scale of the grade item\nWell done"),
        (50, 100, "Good on the scale of the grade item"),
        (50, 100, "Good on the scale of the grade item"),
        (0, 100, "Poor on the scale of the grade item"),
    ]
    assert [quiz.max_score for quiz in of_kind(source, QuizRecord)] == [100]
    assert [(rejection.row, rejection.reason) for rejection in source.grades.rejections] == [(7, WITHOUT_SCALE)]
    assert (
        "grades.csv: 'Assignment: Essay' has grades on a scale, which are stored as their percentages: "
        "Poor = 0 %, Good = 50 %, Very good = 100 %." in source.notes
    )


def test_a_word_with_two_percentages_has_that_of_its_own_row_or_none(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Percentage)", "B,70.00 %", "B,80.00 %", "B,-"))
    assert [attempt.score for attempt in of_kind(source, AttemptRecord)] == [70, 80]
    assert [rejection.reason for rejection in source.grades.rejections] == [
        "is a grade on a scale that has 70 % and 80 % for different students"
    ]


def test_three_decimals_of_moodle_are_decimals(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Percentage)", "1.500,75.000 %", "1.000,50.000 %"))
    assert [(attempt.score, attempt.max_score) for attempt in of_kind(source, AttemptRecord)] == [(1.5, 2), (1, 2)]


def test_the_maximum_of_points_alone_is_unknown_and_a_note_says_so(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Real)", "7.00"))
    assert [attempt.max_score for attempt in of_kind(source, AttemptRecord)] == [None]
    assert (
        "grades.csv: 'A' has points and no percentages, so its maximum score is that of the quiz in lmskit; "
        "for a new quiz, export percentages as well, or look its maximum grade up in its settings in Moodle and give it: --max 'A=POINTS'"
        in source.notes
    )
    assert "grades.csv: a gradebook has no groups; they come with the list of participants (moodle-participants)." in source.notes


def test_the_maximum_of_points_alone_can_be_given(tmp_path):
    text = gradebook("Quiz: A (Real),Quiz: B (Real),Quiz: B (Percentage)", "7.00,4.00,50.00 %")
    source = opened(tmp_path, text, max_scores={"A": 10.0, "B": 20.0})
    assert [quiz.max_score for quiz in of_kind(source, QuizRecord)] == [10, 8]
    assert [(attempt.score, attempt.max_score) for attempt in of_kind(source, AttemptRecord)] == [(7, 10), (4, 8)]
    assert "grades.csv: 'A' has the maximum score 10, as asked for." in source.notes
    assert "grades.csv has no quiz 'B' without a maximum score, so the one that was given is not used." in source.notes


def test_the_maximum_of_percentages_is_100(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Percentage)", "83.38 %", "-"))
    assert [(attempt.score, attempt.max_score) for attempt in of_kind(source, AttemptRecord)] == [(83.38, 100)]


@pytest.mark.parametrize("header", ["Last downloaded from this course", "Ostatnio pobrane"])
def test_a_grade_is_the_total_of_attempts_whose_time_is_unknown_since_the_last_column_is_that_of_the_export(tmp_path, header):
    source = opened(tmp_path, gradebook(f"Quiz: A (Real),{header}", "7.00,1791795600", "8.00,nigdy"))
    assert [(attempt.is_total, attempt.submitted_at) for attempt in of_kind(source, AttemptRecord)] == [(True, None)] * 2
    assert source.warnings == []


def test_a_title_keeps_its_parentheses_and_loses_only_moodles_word_for_a_quiz(tmp_path):
    columns = "Quiz: A (part 1) (Real),Assignment: Quiz: A (Real),Quizzes (Real)"
    source = opened(tmp_path, gradebook(columns, "1.00,2.00,3.00"))
    assert [quiz.title for quiz in of_kind(source, QuizRecord)] == ["A (part 1)", "Assignment: Quiz: A", "Quizzes"]


@pytest.mark.parametrize("header", ["Course total (Real)", "Part one total (Real)", "Kurs gesamt (Punkte)", "Total du cours (Brut)"])
def test_totals_that_moodle_computes_are_skipped(tmp_path, header):
    source = opened(tmp_path, gradebook(f"Quiz: A (Real),{header}", "7.00,7.00"))
    assert len(of_kind(source, AttemptRecord)) == 1
    assert header in source.file.skipped_columns


def test_an_activity_may_be_called_total(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: Sub total (Real)", "7.00"))
    assert [quiz.title for quiz in of_kind(source, QuizRecord)] == ["Sub total"]


def test_grades_of_two_items_with_the_same_title_are_rejected(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: A (Real),Quiz: B (Real)", "7.00,8.00,9.00"))
    assert [attempt.quiz for attempt in of_kind(source, AttemptRecord)] == ["B"]
    assert row_counts(source)["grades.csv: grades"] == (3, 1, 2)


def test_a_bad_grade_is_rejected_and_its_row_is_not(tmp_path):
    source = opened(tmp_path, gradebook("Quiz: A (Real),Quiz: B (Real)", "7.00,Very good", "inf,8.00"))
    assert row_counts(source) == {"grades.csv": (2, 2, 0), "grades.csv: grades": (4, 2, 2)}


def test_the_grades_of_a_row_without_an_identifier_are_rejected_with_it(tmp_path):
    source = opened(tmp_path, f"{WHO},Quiz: A (Real)\nIda,Ober,,,7.00\n,,1,,8.00\n,,,,9.00\nBo,Tarn,2,,-\n")
    assert row_counts(source) == {"grades.csv": (4, 1, 3), "grades.csv: grades": (3, 0, 3)}


def test_a_student_who_is_suspended_in_moodle_is_withdrawn_and_a_note_says_so(tmp_path):
    source = opened(tmp_path, f"{WHO},Gesperrt,Quiz: A (Real)\nIda,Ober,1,,,7\nBo,Tarn,2,,Ja,7\n")
    assert [record.status for record in of_kind(source, EnrollmentRecord)] == [EnrollmentStatus.ACTIVE, EnrollmentStatus.WITHDRAWN]
    assert "grades.csv: students who are suspended in Moodle are imported as withdrawn: 1." in source.notes


@pytest.mark.parametrize(
    "header",
    [
        "Prénom,Nom de famille,Numéro d\u2019identification,Adresse de courriel,Test : Semaine 1 (Brut)",
        "Nombre,Apellido(s),Número de ID,Dirección de correo,Cuestionario:Semana 1 (Real)",
        "Vorname\tNachname\tID-Nummer\tE-Mail-Adresse\tTest: Woche 1 (Punkte)",
    ],
)
def test_headers_are_recognised_in_four_languages(tmp_path, header):
    delimiter = "\t" if "\t" in header else ","
    source = opened(tmp_path, f"{header}\n{delimiter.join(['Ida', 'Ober', '1', 'ida@example.org', '7'])}\n")
    (person,) = of_kind(source, PersonRecord)
    assert (person.given_name, person.family_name, person.key.sis_id, person.key.email) == ("Ida", "Ober", "1", "ida@example.org")
    assert len(of_kind(source, AttemptRecord)) == 1


@pytest.mark.parametrize(
    ("header", "key"), [("Matrikel-Nr.,E-Mail", ("7", "a@b.example")), ("Matrikelnummer,ID number", ("a@b.example", None))]
)
def test_a_site_may_have_its_own_header_above_ids_unless_moodles_own_is_there(tmp_path, header, key):
    (person,) = of_kind(opened(tmp_path, f"First name,Last name,{header},Quiz: A (Real)\nIda,Ober,7,a@b.example,-\n"), PersonRecord)
    assert (person.key.sis_id, person.key.email) == key


def test_a_recognised_column_can_be_ignored(tmp_path):
    text = "First name,Last name,ID number,Email address,Quiz: A (Real)\nIda,Ober,7,a@b.example,-\n"
    (person,) = of_kind(opened(tmp_path, text, columns={"sis_id": ""}), PersonRecord)
    assert (person.key.sis_id, person.key.email) == (None, "a@b.example")


def test_headers_in_another_language_can_be_given(tmp_path):
    text = "Imię,Nazwisko,Adres e-mail,Quiz: A (Real)\nIda,Ober,ida@example.org,7\n"
    with pytest.raises(ImportFileError, match=r"has no column 'First name'.* Say which column it is: --map given_name=HEADER"):
        opened(tmp_path, text)
    source = opened(tmp_path, text, columns={"given_name": "Imię", "family_name": "Nazwisko", "email": "Adres e-mail"})
    assert len(of_kind(source, AttemptRecord)) == 1
    with pytest.raises(ImportFileError, match=r"grades.csv has no column 'Imie'; it has Imię, Nazwisko"):
        opened(tmp_path, text, columns={"given_name": "Imie"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("First name,Last name,Quiz: A (Real)\n", "has no column 'Email address' or 'ID number' to identify students"),
        (f"{WHO},Quiz: A\n", r"has no column of grades such as 'Quiz: Week 1 \(Real\)'"),
        (
            f"{WHO},Quiz: A (Letter)\n",
            r"is a Moodle gradebook with letters alone, such as those of 'Quiz: A'; .* with the grade display types Real and Percentage",
        ),
        (f"{WHO},Surname,Quiz: A (Real)\n", "both 'Last name' and 'Surname' may be the family_name; say which: --map family_name=HEADER"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(tmp_path, text, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        opened(tmp_path, text)


def test_a_header_of_a_million_blanks_is_read_at_once():
    """With a regular expression that tries every blank anew it takes an hour."""
    header = ["Email address", f"Quiz: A{' ' * 1_000_000}x(Real", f"Quiz: A{' ' * 1_000_000}(Real)"]
    assert [item.title for item in _items(header, {0})] == ["A"]
