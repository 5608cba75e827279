"""The backup of a course and the reports on its quizzes, in whatever order: the questions are those of the backup."""

import pytest
from sqlalchemy import func, select, text

from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import ImportRun, Quiz
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from tests import factories
from tests.importers.golden import SAMPLES
from tests.importers.test_import_undo import content

SAMPLE = SAMPLES / "moodle-backup" / "course"
PERSON = "Last name,First name,Username,Status,Started,Completed,Duration,Grade/20.00"
ADA = "Lovelace,Ada,ada,Finished,14 September 2026  10:00 AM,14 September 2026  10:10 AM,10 mins,11.00"
POINTS = (2, 4, 2, 2, 4, 2, 4)
SCORES = (2, 4, 0, 2, 2, 1, 0)
UNION = "\u222a"
TEXTS = {
    "How many elements has the empty set ∅? : none; one; two": "none",
    f"Which are laws? : A {UNION} A = A; A ∩ ∅ = A; A {UNION} ∅ = A": f"A {UNION} A = A; A {UNION} ∅ = A",
    "∅ ⊂ A": "False",
    "What is a half?": "0,5",
    f"Match. {{{UNION}; ∩}} -> {{union; intersection}}": f"{UNION} -> union; ∩ -> union",
    "Drag [[1]].; [[1]] -> {fox / ox}": "{fox}",
    "A question of the bank": "-",
}


def grades():
    header = ",".join(f"Q. {n} /{points}.00" for n, points in enumerate(POINTS, 1))
    return f"{PERSON},{header}\n{ADA},{','.join(f'{score}.00' for score in SCORES)}\n"


def responses(texts=tuple(TEXTS)):
    header = ",".join(f"Question {n},Response {n}" for n in range(1, 8))
    cells = ",".join(f'"{cell}"' for text in texts for cell in (text, TEXTS[text]))
    return f"{PERSON},{header}\n{ADA},{cells}\n"


@pytest.fixture
def take(session, tmp_path):
    """Import the backup, or a report on its quiz, into a course."""

    def take(course, name, content=None):
        if name == "backup":
            return import_path(session, SAMPLE, detected(SAMPLE), ImportOptions(course=course.code, without_week=True))
        path = tmp_path / f"{name}.csv"
        path.write_text(content or {"grades": grades, "responses": responses}[name](), encoding="utf-8")
        report = import_path(session, path, detected(path), ImportOptions(course=course.code, week=1, reading=ReadOptions(title="Sets")))
        assert report.rejections == ()
        return report

    return take


def quiz_of(session, course):
    session.expire_all()
    return session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Sets")).one()


def stored(session, course):
    quiz = quiz_of(session, course)
    of_ada = text(
        "SELECT answers FROM quiz_attempts AS a JOIN users AS u ON u.id = a.student_id WHERE a.quiz_id = :quiz AND u.given_name = 'Ada'"
    )
    return quiz.questions, quiz.answer_key, session.scalars(of_ada, {"quiz": quiz.id}).all()


@pytest.fixture
def backed_up(session, take):
    """What is stored after the backup alone."""
    with session.begin_nested() as before:
        course = factories.course(session, weeks=1)
        take(course, "backup")
        found = stored(session, course)
        before.rollback()
    return found


@pytest.mark.parametrize(
    "order",
    [("backup", "grades"), ("backup", "responses", "grades"), ("grades", "backup", "responses"), ("responses", "grades", "backup")],
    ids=" ".join,
)
def test_questions_keys_and_answers_are_those_of_the_backup(session, take, backed_up, order):
    course = factories.course(session, weeks=1)
    for name in order:
        take(course, name)
    assert stored(session, course) == backed_up
    before = content(session)
    for name in order:
        assert take(course, name).entity("attempts").changed == 0
    assert content(session) == before


def test_an_undo_of_either_leaves_what_the_other_brought(session, take):
    course = factories.course(session, weeks=1)
    for first, second in (("backup", "responses"), ("responses", "backup")):
        with session.begin_nested() as nested:
            take(course, first)
            before = content(session)
            take(course, second)
            undo_import(session, session.scalar(select(func.max(ImportRun.id))))
            assert content(session) == before
            nested.rollback()


def test_a_report_with_the_text_of_another_question_under_a_number_is_believed(session, take):
    course = factories.course(session, weeks=1)
    take(course, "backup")
    texts = list(TEXTS)
    take(course, "responses", responses([texts[1], texts[0], *texts[2:]]))
    questions, key, _ = stored(session, course)
    assert [(each["id"], each["type"]) for each in questions[:3]] == [("1", "multiple"), ("2", "choice"), ("3", "true_false")]
    assert [key[number]["answer"] for number in ("1", "2", "3")] == [["A", "C"], "B", True]
