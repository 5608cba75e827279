from sqlalchemy import delete

from lmskit.db import transaction
from lmskit.models import QuizAttempt
from tests import factories


def test_fits_are_made_and_shown(lmskit, course, admin_engine):
    nothing = lmskit("knowledge", "show", course.code)
    assert f"There are no fits yet. To make them, as an administrator: lmskit knowledge fit --course {course.code}" in nothing.stderr
    with transaction(admin_engine) as session:
        quiz = factories.quiz(session, course, max_score=1)
        for number in range(4):
            factories.attempt(session, quiz, factories.enrollment(session, course).student_id, score=number % 2)
    try:
        made = lmskit("knowledge", "fit", "--course", course.code)
        assert made.exit_code == 0, made.output
        assert "Knowledge tracing of 1 course: 1 week fitted to 4 answers." in made.stdout
        shown = lmskit("knowledge", "show", course.code)
        assert "Topic 1" in shown.stdout
        assert "Rows 1 to 1" in shown.stderr
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == course.id))


def test_a_fit_that_had_to_be_kept_from_being_degenerate_is_marked(lmskit, course, admin_engine):
    with transaction(admin_engine) as session:
        session.add(factories.knowledge_fit(course, constrained=True))
    shown = lmskit("knowledge", "show", course.code).stdout
    assert "constrained" in shown
    assert "−70.3" in shown
    assert "2026-09-21" in shown


def test_an_unknown_course_is_refused(lmskit):
    for verb in (["show", "NO-SUCH"], ["fit", "--course", "NO-SUCH"]):
        refused = lmskit("knowledge", *verb)
        assert refused.exit_code == 1
        assert "There is no course 'NO-SUCH'" in refused.stderr
