"""`lmskit mastery`: the rule of a course, and rules side by side."""

import pytest
from sqlalchemy import select

from lmskit.db import transaction
from lmskit.models import Enrollment, QuizAttempt, Section, SectionMember
from lmskit.vocabulary import SectionKind
from tests import factories


@pytest.fixture
def answered(admin_engine, course):
    """The course with three students: one constant, one who rose, one without an answer."""
    with transaction(admin_engine) as session:
        quiz = factories.quiz(session, course)
        for name, marks in (("Constant", (9, 9)), ("Rising", (2, 9)), ("Silent", ())):
            student = factories.student(session, family_name=name, given_name="")
            factories.enrollment(session, course, student)
            for number, score in enumerate(marks, start=1):
                factories.attempt(session, quiz, student, number=number, score=score)
    yield course
    with transaction(admin_engine) as session:
        for attempt in session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id)):
            session.delete(attempt)


def test_the_rule_of_a_course_is_shown_among_all_and_another_is_chosen(lmskit, course):
    shown = lmskit("mastery", "rule", course.code).stdout
    assert shown.startswith(f"{course.code} has the rule average (mastery_threshold=0.8, remedial_threshold=0.5).\n")
    assert "The mean of all graded questions" in shown
    chosen = lmskit("mastery", "rule", course.code, "m_of_n", "--parameter", "m=3", "--parameter", "n=4").stdout
    assert chosen.startswith(f"{course.code} now has the rule m_of_n (m=3, n=4, ")
    assert f"lmskit mastery refresh --course {course.code}" in chosen
    assert lmskit("mastery", "rule", course.code).stdout.startswith(f"{course.code} has the rule m_of_n (m=3, n=4, ")


def test_sections_are_shown_beside_the_class(lmskit, answered, admin_engine):
    lmskit("mastery", "refresh", "--course", answered.code)
    assert "The course has no sections or groups" in lmskit("mastery", "sections", answered.code).stderr
    with transaction(admin_engine) as session:
        section = Section(course_id=answered.id, kind=SectionKind.SECTION, name="Morning", source="csv")
        session.add(section)
        session.flush()
        for student in session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == answered.id)):
            session.add(SectionMember(course_id=answered.id, section_id=section.id, student_id=student))
    shown = lmskit("mastery", "sections", answered.code, "--format", "csv").stdout.splitlines()
    assert shown[1].startswith("section,Morning,3,1,")
    assert shown[1].split(",")[-1] == shown[1].split(",")[5], "a section of everybody has the mean of the class"


def test_a_class_is_shown_with_the_rule_behind_what_is_stored(lmskit, answered):
    lmskit("mastery", "refresh", "--course", answered.code)
    lmskit("mastery", "rule", answered.code, "latest")
    output = lmskit("mastery", "show", answered.code).stdout
    assert output.startswith(f"Mastery in {answered.code} by the rule average (mastery_threshold=0.8, remedial_threshold=0.5), for active")
    assert "The course's mastery rule was changed and its mastery not refreshed since" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["averag"], "There is no mastery rule 'averag'. Did you mean average?"),
        (["average", "--parameter", "w=0.5"], "The rule average has no parameter w"),
        (["m_of_n", "--parameter", "m=9"], "The rule m_of_n requires m = 9 correct answers among the last n = 7"),
        (["--parameter", "w=0.5"], "Name the rule whose parameters these are"),
    ],
)
def test_a_rule_that_cannot_be_used_is_one_sentence_and_status_1(lmskit, course, arguments, sentence):
    result = lmskit("mastery", "rule", course.code, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)


def test_rules_are_compared_by_levels_transitions_and_who_changes(lmskit, answered):
    output = lmskit("mastery", "compare", answered.code, "--rule", "average", "--rule", "latest", "--week", "1").output
    assert output.startswith(f"{answered.code}: 3 students in week 1, 4 graded questions and attempts\n1: rule average (")
    assert "1 (33 %, " in output
    assert "From the level by rule 1 (rows) to the level by rule 2 (columns)" in output
    assert "Rising" in output
    assert (
        "By average developing at 0.55: the mean of 2 graded questions and attempts; by latest mastered at 0.90: the newest of 2 scores."
        in output
    )
    assert "Constant" not in output.partition("Students whose level differs")[2]
    assert "Rows 1 to 1 of 1." in output


def test_one_rule_is_compared_with_the_one_the_course_has(lmskit, answered):
    output = lmskit("mastery", "compare", answered.code, "--rule", "highest").stdout
    assert "1: rule average (" in output
    assert "2: rule highest (" in output
    assert "There is nothing from row 8 on." in lmskit("mastery", "compare", answered.code, "--rule", "highest", "--offset", "7").stderr


def test_knowledge_tracing_is_compared_by_the_fits_of_the_weeks_unless_a_parameter_of_theirs_is_given(lmskit, answered, admin_engine):
    with transaction(admin_engine) as session:
        session.add(factories.knowledge_fit(answered))
    output = lmskit("mastery", "compare", answered.code, "--rule", "bkt", "--rule", "bkt:slip=0.2", "--week", "1").stdout
    assert "1: rule bkt (prior=0.3, learn=0.2, guess=0.25, slip=0.1," in output
    assert "Week 1 uses the parameters fitted to it." in output
    assert "2: rule bkt (prior=0.3, learn=0.2, guess=0.2, slip=0.2," in output
    assert "The parameters fitted to week 1 are not used." in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rule", "latest", "--week", "9"], "The syllabus of"),
        (["--rule", "latest:w=1"], "The rule latest has no parameter w"),
        (["--rule", "latest", "--limit", "0"], "A list shows 1 to 1000 rows at once, not 0."),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_sentence(lmskit, course, arguments, sentence):
    result = lmskit("mastery", "compare", course.code, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
