"""Special cases of Canvas's Student Analysis; a whole sample is in test_golden.py."""

import datetime as dt

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.quiz import FORMAT
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import AttemptRecord, PersonRecord, QuizRecord
from lmskit.schemas.quiz import Answer

ENGLISH = "name,id,section,section_id,submitted,101: Q1,1.0,n correct,n incorrect,score\n"


def opened(tmp_path, text, name="report.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return FORMAT.open(path, ReadOptions(**options))


def of_kind(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


@pytest.mark.parametrize(
    ("header", "cells", "number", "sis_id"),
    [
        ("Name,ID,Sektion,Sektions-ID,abgegeben", "Ada B,7,S,1,{time}", None, None),
        ("Name,ID,Sektion,Sektions-ID,abgegeben,Versuch", "Ada B,7,S,1,{time},2", 2, None),
        ("nom,id,compte racine,section,id_section,soumis", "Ada B,7,h,S,1,{time}", None, None),
        ("nom,id,id_SIG,section,id_section,id_SIG_section,soumis", "Ada B,7,A1,S,1,,{time}", None, "A1"),
        ("nom,id,id_SIG,section,id_section,id_SIG_section,soumis,tentative", "Ada B,7,A1,S,1,,{time},3", 3, "A1"),
        ("nom,id,id_SIG,racine,section,id_section,id_SIG_section,soumis,tentative", "Ada B,7,A1,h,S,1,,{time},3", 3, "A1"),
    ],
)
def test_columns_are_recognised_by_their_order_in_any_language(tmp_path, header, cells, number, sis_id):
    text = f"{header},101: Q1,1.0,richtig,falsch,Punkte\n{cells.format(time='2031-09-25 20:00:00 UTC')},x,1.0,1,0,1.0\n"
    source = opened(tmp_path, text)
    (person,), (attempt,) = of_kind(source, PersonRecord), of_kind(source, AttemptRecord)
    assert (person.key.source_id, person.key.sis_id, attempt.number, attempt.score) == ("7", sis_id, number, 1.0)
    assert attempt.submitted_at == dt.datetime(2031, 9, 25, 20, tzinfo=dt.UTC)


def test_columns_that_cannot_be_recognised_can_be_given(tmp_path):
    text = "wer,wann,nummer,101: Q1,1.0,a,b,c\nAda B,2031-09-25 20:00:00 UTC,7,x,1.0,1,0,1.0\n"
    with pytest.raises(ImportFileError, match="say in which columns: --map name=HEADER"):
        opened(tmp_path, text)
    assert len(of_kind(opened(tmp_path, text, columns={"name": "wer", "id": "nummer", "submitted": "wann"}), AttemptRecord)) == 1
    ada = "name,id,sis_id,submitted,101: Q1,1.0,n correct,n incorrect,score\nAda B,7,S7,2031-09-25 20:00:00 UTC,x,1.0,1,0,1.0\n"
    keys = [of_kind(opened(tmp_path, ada, columns=columns), PersonRecord)[0].key.sis_id for columns in ({}, {"sis_id": ""})]
    assert keys == ["S7", None], "a column can be ignored"
    with pytest.raises(ImportFileError, match="say with --map which columns are name, id, submitted"):
        opened(tmp_path, text, columns={"name": "wer"})


def test_an_anonymous_report_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match="An anonymous report does not name students"):
        opened(
            tmp_path, "section,section_id,submitted,101: Q1,1.0,n correct,n incorrect,score\nS,1,2031-09-25 20:00:00 UTC,x,1.0,1,0,1.0\n"
        )


def test_the_title_is_the_one_asked_for_or_the_name_of_the_file_without_what_canvas_adds(tmp_path):
    text = ENGLISH + "Ada B,7,S,1,2031-09-25 20:00:00 UTC,x,1.0,1,0,1.0\n"
    (quiz,) = of_kind(opened(tmp_path, text, "Week 3 Quiz Student Analysis Report (2).csv"), QuizRecord)
    assert (quiz.title, quiz.has_source_id) == ("Week 3", False)
    (quiz,) = of_kind(opened(tmp_path, text, title="Midterm"), QuizRecord)
    assert quiz.title == "Midterm"


def test_the_maximum_of_an_attempt_is_that_of_the_questions_it_asked(tmp_path):
    header = "name,id,section,section_id,submitted,101: Q1,1.0,102: Q2,4.0,n correct,n incorrect,score\n"
    source = opened(tmp_path, header + "A B,7,S,1,,x,1.0,,,1,0,1\nC D,8,S,1,,,,y,3.0,1,0,3\n")
    attempts = of_kind(source, AttemptRecord)
    assert [(attempt.max_score, len(attempt.answers)) for attempt in attempts] == [(1, 1), (4, 1)]
    assert of_kind(source, QuizRecord)[0].max_score == 4


def test_an_answer_without_points_is_not_graded_and_a_blank_with_points_was_left_out(tmp_path):
    header = "name,id,section,section_id,submitted,101: Q1,1.0,102: Q2,4.0,n correct,n incorrect,score\n"
    (attempt,) = of_kind(opened(tmp_path, header + "A B,7,S,1,,an essay,,,0.0,0,2,0\n"), AttemptRecord)
    assert attempt.answers == [
        {"question": "101", "response": "an essay", "score": None},
        {"question": "102", "response": None, "score": 0.0},
    ]


def test_questions_and_answers_are_in_their_stored_form(tmp_path):
    header = 'name,id,section,section_id,submitted,"101: Line one\r\nline two",1.0,102: ,0,n correct,n incorrect,score\n'
    source = opened(tmp_path, header + 'A B,7,S,1,,"a\\, b,c",1.0,x=>1,0.0,1,0,1\n')
    (quiz,), (attempt,) = of_kind(source, QuizRecord), of_kind(source, AttemptRecord)
    assert [(slot.name, slot.texts, slot.points) for slot in quiz.slots] == [
        ("101", ("Line one\nline two",), 1),
        ("102", ("Question 102",), 0),
    ]
    assert all(slot.shows_options for slot in quiz.slots)
    assert [Answer.model_validate(answer).model_dump(mode="json", exclude_unset=True) for answer in attempt.answers] == attempt.answers


def test_points_given_by_hand_are_a_warning(tmp_path):
    source = opened(tmp_path, ENGLISH + "A B,7,S,1,,x,1.0,1,0,1.5\nC D,8,S,1,,x,1.0,1,0,1.0\nE F,9,S,1,,x,,1,0,1.0\n")
    assert len(of_kind(source, AttemptRecord)) == 3
    assert [(warning.row, warning.column, warning.value) for warning in source.warnings] == [(2, "score", "1.5 (answers 1)")]


@pytest.mark.parametrize(
    "header",
    [
        "name,id,section,section_id,submitted,n correct,n incorrect,score",
        "name,id,section,section_id,submitted,101: Q1,1.0,n correct,score",
        "name,id,section,section_id,submitted,101: Q1,one,n correct,n incorrect,score",
        "name,id,section,section_id,submitted,101: Q1,1.0,Q2,1.0,n correct,n incorrect,score",
        "name,id,section,section_id,submitted,101: Q1,1.0,101: Q1,1.0,n correct,n incorrect,score",
        "name,id,section,section_id,submitted,101: Q1,99999999,102: Q2,1.0,n correct,n incorrect,score",
    ],
)
def test_other_files_are_refused_and_not_recognised(tmp_path, header):
    with pytest.raises(ImportFileError):
        opened(tmp_path, header + "\n")
    assert not FORMAT.detect(tmp_path / "report.csv")


def test_points_below_zero_are_kept_and_a_total_below_zero_is_stored_as_0_with_a_warning(tmp_path):
    source = opened(tmp_path, f"{ENGLISH}Ada B,7,S,1,2031-09-25 20:00:00 UTC,x,-0.5,0,1,-0.5\n")
    (attempt,) = of_kind(source, AttemptRecord)
    assert (attempt.score, attempt.answers[0]["score"]) == (0, -0.5)
    assert [(warning.column, warning.reason) for warning in source.warnings] == [("score", "is a total below 0: it is stored as 0")]


def test_an_answer_that_nobody_graded_has_no_score_and_a_question_that_was_not_asked_is_left_out(tmp_path):
    header = ENGLISH.replace("n correct", "102: Q2,2.0,n correct")
    source = opened(
        tmp_path, f"{header}Ada B,7,S,1,2031-09-25 20:00:00 UTC,x,,,,0,1,\nBo C,8,S,1,2031-09-25 20:00:00 UTC,,0.0,y,2.0,1,1,2.0\n"
    )
    first, second = of_kind(source, AttemptRecord)
    assert first.answers == [{"question": "101", "response": "x", "score": None}]
    assert second.answers == [{"question": "101", "response": None, "score": 0}, {"question": "102", "response": "y", "score": 2}]
