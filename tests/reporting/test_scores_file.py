"""Scores for the gradebooks of Canvas and Moodle, by what their own imports demand."""

import csv
import re

import pytest
from sqlalchemy import text

from lmskit.errors import InputError
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.gradebook import FORMAT as MOODLE
from lmskit.models import ExternalId, QuizException, Section, SectionMember
from lmskit.reporting.scores_file import export_scores
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.vocabulary import EntityKind, GradebookSystem, SectionKind
from tests import factories
from tests.importers.plain import content


@pytest.fixture
def course(session):
    """Two quizzes that Canvas knows, and students with a score, an excuse, extra credit, and names that begin like formulas."""
    course = factories.course(session, weeks=1)
    quizzes = [factories.quiz(session, course, title=title, max_score=8) for title in ("-Lists", "Trees, part 2")]
    section = Section(course_id=course.id, kind=SectionKind.SECTION, name="Morning", source="canvas")
    session.add(section)
    session.flush()
    students = []
    for number, name in enumerate(("=cmd|'x'!A0", "Ben", "@cy"), 1):
        student = factories.student(session, family_name=name, given_name="+Ann", email=factories.unique("x") + "@example.org")
        students.append(student.id)
        factories.enrollment(session, course, student)
        session.add(SectionMember(section_id=section.id, course_id=course.id, student_id=student.id))
        for source in ("canvas", "sis"):
            session.add(ExternalId(source=source, kind=EntityKind.PERSON, external_id=str(student.id), person_id=student.id))
        factories.attempt(session, quizzes[0], student, score=7.125 + number)
    for quiz in quizzes:
        session.add(ExternalId(source="canvas", kind=EntityKind.QUIZ, external_id=str(quiz.id), quiz_id=quiz.id, course_id=course.id))
    factories.attempt(session, quizzes[1], students[2], score=5, max_score=10)
    session.add(QuizException(quiz_id=quizzes[1].id, course_id=course.id, student_id=students[1], excused=True))
    session.flush()
    return course


def written(session, course, path, system):
    scores = export_scores(session, course.code, path, system)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")]
    return scores, rows


def test_canvas_finds_every_student_and_assignment(session, course, tmp_path):
    scores, (header, possible, *rows) = written(session, course, tmp_path / "scores.csv", GradebookSystem.CANVAS)
    # row_has_student_headers?: row.length > 3 && row[0].include?("Student") && row[1].include?("ID")
    # update_column_count: row[2] =~ /SIS\s+User\s+ID/ && row[3] =~ /SIS\s+Login\s+ID/; last_student_info_column(row).include?("Section")
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    # parse_assignments: title, id = Assignment.title_and_id(name_and_id); assignment = @all_assignments[id.to_i] if id.present?
    ids = session.scalars(text("SELECT external_id FROM external_ids WHERE course_id = :c ORDER BY quiz_id"), {"c": course.id}).all()
    assert header[5:] == [f"'-Lists ({ids[0]})", f"Trees, part 2 ({ids[1]})"]
    # check_for_non_student_row: row[0]&.include?("Points Possible")
    assert "Points Possible" in possible[0]
    assert possible[1:] == ["", "", "", "", "8", "8"]
    # process_student: student = @all_students[student_id.to_i]; original_submissions: score = submission.excused? ? "EX" : submission.score
    assert all(row[1].isdecimal() and row[1] == row[2] and row[4] == "Morning" for row in rows)
    assert sorted(row[5:] for row in rows) == [["10.1250", "4"], ["8.1250", ""], ["9.1250", "EX"]], "5 of 10 are 4 of 8"
    assert (scores.n_students, scores.n_quizzes, scores.left_out) == (3, 2, [])


def test_moodle_finds_every_student_and_gets_numbers_alone(session, course, tmp_path):
    nobody = factories.student(session, family_name="Nobody", given_name="N", email=None)
    factories.enrollment(session, course, nobody)
    quiz = session.execute(text("SELECT id FROM quizzes WHERE course_id = :c ORDER BY id"), {"c": course.id}).scalars().first()
    session.execute(
        text(
            "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, origin)"
            " VALUES (:q, :c, :s, 1, 2, 8, 'form')"
        ),
        {"q": quiz, "c": course.id, "s": nobody.id},
    )
    scores, (header, *rows) = written(session, course, tmp_path / "scores.csv", GradebookSystem.MOODLE)
    # "The import file format is the same as the corresponding export format." (docs.moodle.org, Grade import)
    assert header == ["First name", "Last name", "ID number", "Email address", "Quiz: -Lists (Real)", "Quiz: Trees, part 2 (Real)"]
    # check_user_exists: $DB->get_record('user', ...); if none, cleanup_import('usermappingerror'), and nothing is imported.
    assert all(row[2] and row[3] for row in rows)
    assert scores.left_out == ["Nobody, N"]
    # update_grade_item: if ($value === '' or $value == '-') null; else unformat_float($value, true); if false, 'badgrade' for all.
    assert all(re.fullmatch(r"(?:[0-9]+(?:\.[0-9]+)?)?", cell) for row in rows for cell in row[4:])
    assert sorted(row[4:] for row in rows) == [["10.1250", "4"], ["8.1250", ""], ["9.1250", ""]]


@pytest.mark.parametrize(("system", "form"), [(GradebookSystem.CANVAS, CANVAS), (GradebookSystem.MOODLE, MOODLE)])
def test_importing_the_marks_of_a_course_changes_nothing(session, course, tmp_path, system, form):
    session.execute(text("UPDATE quiz_attempts SET max_score = 8 WHERE course_id = :c"), {"c": course.id})
    if system is GradebookSystem.MOODLE:
        session.execute(text("UPDATE external_ids SET source = 'moodle' WHERE quiz_id IS NOT NULL AND course_id = :c"), {"c": course.id})
    before = content(session), session.execute(text("SELECT m::text FROM section_members AS m ORDER BY 1")).all()
    written(session, course, tmp_path / "scores.csv", system)
    report = import_file(session, form.open(tmp_path / "scores.csv", ReadOptions()), ImportOptions(course=course.code))
    assert [(each.state, each.reason, each.column) for each in report.outcomes if each.state != "unchanged"] == []
    assert (content(session), session.execute(text("SELECT m::text FROM section_members AS m ORDER BY 1")).all()) == before


def test_students_of_one_name_whom_canvas_would_confuse_are_left_out(session, tmp_path):
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course)
    for number, name in enumerate(("Same", "Same", "Other")):
        student = factories.student(session, family_name=name, given_name="A", email=None)
        factories.enrollment(session, course, student)
        factories.attempt(session, quiz, student, score=number)
    scores, (_, _, *rows) = written(session, course, tmp_path / "scores.csv", GradebookSystem.CANVAS)
    assert ([row[0] for row in rows], scores.left_out) == (["Other, A"], ["Same, A", "Same, A"])


def test_quizzes_of_one_title_and_other_endings_are_refused(session, course, tmp_path):
    with pytest.raises(InputError, match=r"End it with \.csv"):
        export_scores(session, course.code, tmp_path / "scores.xlsx", GradebookSystem.MOODLE)
    session.execute(text("UPDATE quizzes SET title = 'Same' WHERE course_id = :c"), {"c": course.id})
    with pytest.raises(InputError, match="Two quizzes are called"):
        export_scores(session, course.code, tmp_path / "scores.csv", GradebookSystem.MOODLE)
    assert not list(tmp_path.iterdir())
