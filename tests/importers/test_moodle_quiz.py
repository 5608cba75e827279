"""Special cases of Moodle's quiz reports; whole samples are in test_golden.py."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from lmskit.errors import ImportFileError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.gradebook import FORMAT as GRADEBOOK
from lmskit.importers.moodle.quiz import GRADES, RESPONSES
from lmskit.importers.moodle.times import duration, instant
from lmskit.importers.record import AttemptRecord, QuizRecord
from lmskit.models import Quiz
from lmskit.queries.evidence import course_evidence
from lmskit.services.file_import import ImportOptions, import_file
from tests.importers.golden import row_counts

HEADER = "Surname,First name,Email address,State,Started on,Completed,Time taken,Grade/10.00,Q. 1 /4.00,Q. 2 /6.00"
WHO = "Ober,Ida,ida@example.org"
WHEN = "12 October 2026  9:00 AM,12 October 2026  9:20 AM,20 mins"


def opened(tmp_path, *rows, header=HEADER, name="Pointers.csv", form=GRADES, **options):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return form.open(path, ReadOptions(**options))


def attempts(source):
    return [record for record in source.records() if isinstance(record, AttemptRecord)]


def quiz(source):
    return next(record for record in source.records() if isinstance(record, QuizRecord))


@pytest.mark.parametrize(
    "text",
    [
        "12 October 2026  9:05 PM",
        "12 October 2026, 9:05 PM",
        "Monday, 12 October 2026, 9:05 PM",
        "12 Oct 2026 21:05",
        "October 12, 2026, 9:05 p.m.",
        "12. Oktober 2026 21:05",
        "Montag, 12. Okt. 2026, 21:05",
        "12 octobre 2026, 21:05",
        "lundi 12 octobre 2026, 21:05",
        "12 de octubre de 2026  21:05",
        "lunes, 12 de octubre de 2026, 21:05",
        "2026-10-12 21:05:00",
    ],
)
def test_times_are_written_in_many_ways(text):
    assert instant(text) == dt.datetime(2026, 10, 12, 21, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "31 February 2026 9:00 AM",
        "29 February 2027 9:00",
        "12/10/26 9:00",
        "12 Oktomber 2026 9:00",
        "13 May 2026 13:00 PM",
        "12 May 0026 9:00",
        "12 May 2026 24:00",
        "yesterday",
        "1791795600",
        "",
    ],
)
def test_a_text_that_is_not_a_time_is_rejected(text):
    with pytest.raises(UnreadableCellError, match="is not a time such as 12 October 2026 9:00 AM"):
        instant(text)


def test_a_leap_day_is_read():
    assert instant("29 February 2028 9:00 AM").day == 29


@pytest.mark.parametrize("text", ["1 hour 2 mins", "1 Stunde 2 Minuten", "1 heure 2 min", "1 hora 2 minutos", "3720 secs"])
def test_durations_are_read_in_four_languages(text):
    assert duration(text) == dt.timedelta(minutes=62)


def test_each_row_is_an_attempt_whose_maximum_is_in_the_header(tmp_path):
    source = opened(tmp_path, f"{WHO},Finished,{WHEN},7.50,4.00,3.50", f"{WHO},Finished,{WHEN.replace('12', '13')},10.00,4.00,6.00")
    first, second = attempts(source)
    assert (first.score, first.max_score, first.is_total) == (7.5, 10, False)
    assert first.started_at < first.submitted_at < second.started_at
    assert [answer["score"] for answer in first.answers] == [4, 3.5]
    assert [(slot.name, slot.points, slot.decimals) for slot in quiz(source).slots] == [("1", 4, 2), ("2", 6, 2)]
    assert row_counts(source) == {"Pointers.csv": (2, 2, 0)}


NEVER = ("Never submitted", "Nie abgegeben", "Jamais remis", "Nunca enviado")
"""The state of an attempt that stays without a grade."""


@pytest.mark.parametrize("state", ["In progress", "Overdue", "In Bearbeitung", "En cours", "En curso", *NEVER])
def test_an_unfinished_attempt_is_rejected(tmp_path, state):
    source = opened(tmp_path, f"{WHO},{state},12 October 2026  9:00 AM,-,-,-,-,-")
    assert attempts(source) == []
    assert [(rejection.column, rejection.reason) for rejection in source.file.rejections] == [
        ("State", "is an attempt that is not finished")
    ]
    assert any("are not imported: 1. Nothing is wrong with the file" in note for note in source.notes)
    assert any("come in when the report is imported again" in note for note in source.notes) == (state not in NEVER)
    assert any("never submitted are not imported: 1." in note for note in source.notes) == (state in NEVER)


def test_the_end_of_an_attempt_is_computed_from_its_duration_or_the_attempt_is_unfinished(tmp_path):
    source = opened(
        tmp_path,
        f"{WHO},Finished,12 October 2026  9:00 AM,-,20 mins 5 secs,7.5,-,-",
        f"{WHO},Finished,12 October 2026  9:00 AM,-,-,7.5,-,-",
    )
    assert [str(attempt.submitted_at) for attempt in attempts(source)] == ["2026-10-12 09:20:05+00:00"]
    assert len(source.file.rejections) == 1


def test_an_answer_that_is_not_graded_yet_has_no_score(tmp_path):
    (attempt,) = attempts(opened(tmp_path, f"{WHO},Finished,{WHEN},Not yet graded,4.00,Requires grading"))
    assert attempt.score is None
    assert [answer["question"] for answer in attempt.answers] == ["1"]


@pytest.mark.parametrize(
    ("cells", "scores", "warning"),
    [
        ("4.00,4.00,-", [4, 0], None),
        ("0.00,-,-", [0, 0], None),
        ("4.01,4.00,-", [4, 0], None),
        ("Not yet graded,-,Requires grading", [0], None),
        (
            "9.00,4.00,-",
            [4],
            "is not the sum of its questions' scores, even if blank answers have 0 points, so blank answers are not graded",
        ),
        ("-,-,-", [], "is a finished attempt without a total, so its blank answers are not graded"),
        ("-,4.00,-", [4], "is a finished attempt without a total, so its blank answers are not graded"),
    ],
)
def test_a_blank_answer_has_0_points_if_the_grade_shows_that(tmp_path, cells, scores, warning):
    source = opened(tmp_path, f"{WHO},Finished,{WHEN},{cells}")
    (attempt,) = attempts(source)
    assert [answer["score"] for answer in attempt.answers] == scores
    assert [(found.column, found.reason) for found in source.warnings] == ([("Grade/10.00", warning)] if warning else [])


def test_a_blank_answer_is_compared_on_the_scale_of_the_grade(tmp_path):
    header = HEADER.replace("/10.00", "/100.00")
    source = opened(
        tmp_path, f"{WHO},Finished,{WHEN},40.00,4.00,-", f"{WHO},Finished,{WHEN.replace('12', '13')},60.00,4.00,-", header=header
    )
    assert [[answer["score"] for answer in attempt.answers] for attempt in attempts(source)] == [[4, 0], [4]]


def test_a_question_without_points_has_a_dash_and_0_points(tmp_path):
    header = HEADER.replace("Q. 2 /6.00", "Q. 2 /0.00")
    (attempt,) = attempts(opened(tmp_path, f"{WHO},Finished,{WHEN},9.00,4.00,-", header=header))
    assert [answer["score"] for answer in attempt.answers] == [4, 0]


def test_points_below_0_are_kept_where_the_grade_allows_them(tmp_path):
    source = opened(
        tmp_path,
        f"{WHO},Finished,{WHEN},2.00,-4.00,6.00",
        f"{WHO},Finished,{WHEN.replace('12', '13')},0.00,-6.00,6.00",
        f"{WHO},Finished,{WHEN.replace('12', '14')},5.00,-6.00,6.00",
        f"{WHO},Finished,{WHEN.replace('12', '15')},-1.00,-2.00,1.00",
    )
    assert [(attempt.score, [answer["score"] for answer in attempt.answers]) for attempt in attempts(source)] == [
        (2, [-4, 6]),
        (0, [-6, 6]),
        (0, [-2, 1]),
    ]
    assert [(rejection.row, rejection.column, rejection.reason) for rejection in source.file.rejections] == [
        (4, "Q. 1 /4.00", "is below 0 by more than the points of the question, and the grade of the attempt does not show it")
    ]
    assert [(warning.row, warning.reason) for warning in source.warnings if warning.row == 5] == [
        (5, "is a total below 0: it is stored as 0")
    ]


def test_a_student_who_leaves_answers_blank_knows_as_much_as_one_who_gets_them_wrong(session, course, tmp_path):
    header = HEADER.partition("Grade/")[0] + "Grade/4.00,Q. 1 /1.00,Q. 2 /1.00,Q. 3 /1.00,Q. 4 /1.00"
    blank, wrong = f"{WHO},Finished,{WHEN},1.00,1.00,-,-,-", f"Tarn,Bo,bo@example.org,Finished,{WHEN},1.00,1.00,0.00,0.00,0.00"
    lost = f"Moss,Ada,ada@example.org,Finished,{WHEN},0.00,1.00,-1.00,-,0.00"
    import_file(session, opened(tmp_path, blank, wrong, lost, header=header), ImportOptions(course=course.code, week=1))
    evidence = course_evidence(session, [course.id])
    shares = (evidence["score"] / evidence["max_score"]).groupby(evidence["student_id"]).agg(["count", "mean"])
    assert shares.to_numpy().tolist() == [[4, 0.25]] * 3


def test_averages_and_students_without_an_attempt_are_not_counted(tmp_path):
    source = opened(
        tmp_path,
        f"{WHO},Finished,{WHEN},7.50,4.00,3.50",
        "Tarn,Bo,bo@example.org,-,-,-,-,-,-,-",
        "Group average,,,,,,,7.50,4.00,3.50",
        "Overall average,,,,,,,7.50,4.00,3.50",
    )
    assert row_counts(source) == {"Pointers.csv": (1, 1, 0)}
    assert "Pointers.csv: rows with averages are not counted: 2." in source.notes
    assert "Pointers.csv: rows of students without an attempt are not counted: 1." in source.notes


def test_a_student_may_be_called_average(tmp_path):
    source = opened(tmp_path, f"Overall average,,avery@example.org,Finished,{WHEN},7.50,4.00,3.50")
    assert len(attempts(source)) == 1


def test_scores_that_do_not_add_up_are_a_warning_unless_the_report_scales_them(tmp_path):
    row = f"{WHO},Finished,{WHEN},9.00,4.00,3.50"
    source = opened(tmp_path, row)
    assert len(attempts(source)) == len(source.warnings) == 1
    scaled = opened(tmp_path, row, header=HEADER.replace("/10.00", "/100.00"))
    assert len(attempts(scaled)) == 1
    assert scaled.warnings == []
    assert "Pointers.csv: the points of the questions do not add up to 100, so scores are not compared with grades." in scaled.notes


def test_the_two_reports_of_a_quiz_number_its_questions_alike(tmp_path):
    header = HEADER.partition(",Q. 1")[0] + ",Question 1,Response 1,Right answer 1,Response 2"
    source = opened(tmp_path, f"{WHO},Finished,{WHEN},7.50,What is 1 + 1?,2,2,-", header=header, form=RESPONSES)
    (attempt,) = attempts(source)
    assert attempt.answers == [{"question": "1", "response": "2", "score": None}]
    assert [(slot.name, slot.texts, slot.right_answers) for slot in quiz(source).slots] == [
        ("1", ("What is 1 + 1?",), ("2",)),
        ("2", (), ()),
    ]
    assert source.file.skipped_columns == ()


def test_each_report_has_its_own_format(tmp_path):
    opened(tmp_path, f"{WHO},Finished,{WHEN},7.50,4.00,3.50")
    path = tmp_path / "Pointers.csv"
    assert (GRADES.detect(path), RESPONSES.detect(path)) == (True, False)
    with pytest.raises(
        ImportFileError, match=r"has no responses and is not in the format moodle-quiz-responses\. Import it as moodle-quiz-grades"
    ):
        RESPONSES.open(path, ReadOptions())


@pytest.mark.parametrize(
    ("name", "title"), [("MATH-Limits-grades.csv", "MATH-Limits"), ("Limits-Bewertungen (2).csv", "Limits"), ("-grades.csv", "Quiz")]
)
def test_the_title_is_the_one_asked_for_or_the_name_of_the_file_without_what_moodle_adds(tmp_path, name, title):
    assert quiz(opened(tmp_path, name=name)).title == title
    assert quiz(opened(tmp_path, name=name, title="Series")).title == "Series"


def test_a_german_report_has_decimal_commas_in_its_headers_too(tmp_path):
    header = "Nachname;Vorname;E-Mail-Adresse;Status;Begonnen am;Beendet;Verbrauchte Zeit;Bewertung/10,00;F 1 /4,00;F 2 /6,00"
    row = "Ober;Ida;ida@example.org;Beendet;12. Oktober 2026 09:00;12. Oktober 2026 09:20;20 Minuten;7,50;4,00;3,50"
    (attempt,) = attempts(opened(tmp_path, row, header=header))
    assert (attempt.score, attempt.max_score) == (7.5, 10)
    assert [answer["score"] for answer in attempt.answers] == [4, 3.5]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("Surname,First name,Email address,State", "is not a report on a Moodle quiz: one column such as 'Grade/10.00' is expected"),
        ("Surname,First name,Email address,Grade/10", "Say which columns they are: --map started=HEADER --map completed=HEADER"),
        (HEADER.replace("Surname", "Naam"), "--map family_name=HEADER"),
        (HEADER + ",Q. 1 /4.00", "has the column 'Q. 1 /4.00' of question 1 more than once"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(tmp_path, header, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        opened(tmp_path, header=header)


@pytest.mark.parametrize(("completed", "quizzes"), [("02/03/2026 10:45", 0), ("12 October 2026  9:20 AM", 1)])
def test_a_report_of_which_every_row_is_rejected_leaves_no_quiz_and_no_week(session, course, tmp_path, completed, quizzes):
    when = f"12 October 2026  9:00 AM,{completed},20 mins"
    source = opened(tmp_path, f"{WHO},Finished,{when},8.00,4.00,4.00", f"{WHO},In progress,{when},-,-,-")
    report = import_file(session, source, ImportOptions(course=course.code, week=9))
    assert report.total.rejected == 2 - quizzes
    assert report.entity("quizzes").added == report.entity("weeks").added == quizzes
    assert session.scalar(select(func.count()).select_from(Quiz).where(Quiz.course_id == course.id)) == quizzes


def test_a_column_of_which_every_grade_is_rejected_leaves_no_quiz_and_one_without_grades_does(session, course, tmp_path):
    header = "First name,Surname,Email address,Quiz: A (Percentage),Quiz: B (Percentage)"
    path = tmp_path / "grades.csv"
    path.write_text(f"{header}\nIda,Ober,ida@example.org,B+,-\n", encoding="utf-8")
    report = import_file(session, GRADEBOOK.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
    assert [rejection.column for rejection in report.rejections] == ["Quiz: A (Percentage)"]
    assert session.scalars(select(Quiz.title).where(Quiz.course_id == course.id)).all() == ["B"]


def test_scores_that_use_all_decimals_are_listed_since_they_may_be_rounded(tmp_path):
    rows = [f"{WHO},Finished,{WHEN},{cells}" for cells in ("4.33,1.33,3.00", "5.5,1.50,4.00", "-,0.67,-")]
    source = opened(tmp_path, *rows)
    attempts(source)
    (noted,) = [note for note in source.notes if "rounded" in note]
    assert noted == (
        "Pointers.csv: scores are rounded to 2 decimals, so these may be up to 0.005 higher or lower in Moodle: "
        "Grade/10.00: 1 score (4.33); Q. 1 /4.00: 2 scores (0.67; 1.33)."
    )
