"""Syncing the course of a real Moodle: recorded answers of its web services, and the attempts that its database has."""

import json

import pytest
from sqlalchemy import func, select

from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.backup.source import FORMAT as BACKUP
from lmskit.importers.moodle.web_service.review import review_in
from lmskit.models import Enrollment, Quiz, QuizAttempt, SectionMember, User
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.importers.synced import synced
from tests.moodle_server import Asked, Attempt, MoodleServer
from tests.real_data import REAL_DATA

RECORDED = REAL_DATA / "moodle" / "web_services_4_5"
EXPORTS = REAL_DATA / "moodle" / "exports_4_5"
KINDS = {
    "MC": "multichoice", "TF": "truefalse", "NUM": "numerical", "SA": "shortanswer", "MATCH": "match", "ESSAY": "essay",
    "CLOZE": "multianswer", "DD": "ddwtos", "CALC": "calculated",
}  # fmt: skip
TITLE = "Quiz 1: Basics (week 2)"
NEARLY = 1e-4
"""What is stored has four decimals."""
HALF = 0.005 + 1e-6
"""Half the last decimal of a mark."""

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the answers are not there: {RECORDED}")


def recorded(name):
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def truth():
    return json.loads((EXPORTS / "truth.json").read_text(encoding="utf-8"))


def question(real, slot):
    text, options, targets = real["qtext"][slot], (), ()
    kind = KINDS[real["qname"][slot].split()[0].rstrip(":")]
    if kind == "multichoice":
        text, _, listed = text.partition("\n: ")
        options = tuple(listed.split("; "))
    elif kind == "match":
        text, _, sides = text.partition(" {")
        options, targets = (tuple(side.split("; ")) for side in sides.removesuffix("}").split("} -> {"))
    right = real["right"][slot] if kind == "multichoice" else None
    return Asked(kind, text, real["resp"][slot], real["marks"][slot], real["max"][slot], real["qstate"][slot], options, targets, right)


@pytest.fixture
def moodle(truth):
    """The recorded course with the attempts at its quizzes 1 and 2; of quiz 3 the database has only the grades."""
    people = recorded("t2_core_enrol_get_enrolled_users")
    number = {each["email"]: each["id"] for each in people}
    attempts = [
        Attempt(
            int(real["id"]),
            int(quiz),
            number[real["email"]],
            int(real["attempt"]),
            int(real["timestart"]),
            int(real["timefinish"]),
            None if real["sumgrades"] is None else float(real["sumgrades"]),
            [question(real, slot) for slot in range(len(real["max"]))],
            real["state"],
        )
        for quiz, found in truth["quiz"].items()
        for real in found["attempts"]
    ]
    quizzes = [each for each in recorded("t1_mod_quiz_get_quizzes_by_courses")["quizzes"] if each["id"] != 3]
    grades = recorded("t1_gradereport_user_get_grade_items")
    for each in grades["usergrades"]:
        each["gradeitems"] = [cell for cell in each["gradeitems"] if (cell["itemmodule"], cell["iteminstance"]) != ("quiz", 3)]
    answers = {
        "core_course_get_courses_by_field": recorded("t1_core_course_get_courses_by_field"),
        "core_course_get_contents": recorded("t1_core_course_get_contents"),
        "gradereport_user_get_grade_items": grades,
    }
    suspended = {each["id"] for each in recorded("t1_core_enrol_get_enrolled_users")}
    site = recorded("t1_core_webservice_get_site_info")["siteurl"]
    with MoodleServer(people, quizzes, attempts, suspended=suspended, recorded=answers, site=site).served() as server:
        yield server


def sync(session, moodle, course):
    return synced(session, moodle, course, short_name="STAT-M1", without_week=True)


def backed_up(session, course):
    path = EXPORTS / "course_stat_m1.mbz"
    return import_file(session, BACKUP.open(path, ReadOptions()), ImportOptions(course=course.code, without_week=True))


@pytest.fixture
def course(session):
    return factories.course(session, weeks=12)


def attempts_of(session, course, *titles):
    """Number, times, score and marks of the attempts of a course, by student and quiz."""
    found = select(User.email, Quiz.title, QuizAttempt).join(User, User.id == QuizAttempt.student_id)
    rows = session.execute(found.join(Quiz, Quiz.id == QuizAttempt.quiz_id).where(QuizAttempt.course_id == course.id))
    return {
        (email, title, each.number): (
            each.started_at,
            each.submitted_at,
            each.score,
            {answer["question"]: answer["score"] for answer in each.answers},
        )
        for email, title, each in rows
        if title in titles
    }


def titles_of(truth):
    return [found["name"] for found in truth["quiz"].values()]


@pytest.mark.long
def test_the_first_sync_equals_the_backup(session, moodle, truth):
    by_sync, by_backup = (factories.course(session, weeks=12) for _ in range(2))
    with session.begin_nested() as undone:
        backed_up(session, by_backup)
        expected = attempts_of(session, by_backup, *titles_of(truth))
        quizzes = select(Quiz.title, Quiz.max_score, Quiz.week_number)
        of_backup = {tuple(row) for row in session.execute(quizzes.where(Quiz.course_id == by_backup.id, Quiz.title != "Quiz 3"))}
        n_members = session.scalar(select(func.count()).select_from(SectionMember).where(SectionMember.course_id == by_backup.id))
        status = session.execute(
            select(Enrollment.status, func.count()).where(Enrollment.course_id == by_backup.id).group_by(Enrollment.status)
        )
        status_of_backup = dict(status.all())
        undone.rollback()
    report = sync(session, moodle, by_sync)
    assert report.rejections == ()
    found = attempts_of(session, by_sync, *titles_of(truth))
    assert found.keys() == expected.keys()
    assert len(found) == 142
    for key, (started, submitted, score, marks) in found.items():
        assert (started, submitted, score) == expected[key][:3], key
        scale = 20 / 10 if key[1] == TITLE else 100 / 13
        assert marks == {
            slot: None if mark is None else pytest.approx(mark, abs=HALF * scale) for slot, mark in expected[key][3].items()
        }, key
    assert {tuple(row) for row in session.execute(quizzes.where(Quiz.course_id == by_sync.id))} == of_backup
    members = select(func.count()).select_from(SectionMember).where(SectionMember.course_id == by_sync.id)
    assert session.scalar(members) == n_members
    status = session.execute(select(Enrollment.status, func.count()).where(Enrollment.course_id == by_sync.id).group_by(Enrollment.status))
    assert dict(status.all()) == status_of_backup


def test_a_sync_after_the_backup_changes_nothing_and_reads_no_answers(session, moodle, course):
    backed_up(session, course)
    report = sync(session, moodle, course)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged"}, [each for each in report.outcomes if each.state != "unchanged"]
    n_unfinished = sum(each.state != "finished" for each in moodle.attempts)
    assert moodle.calls("mod_quiz_get_attempt_review") == 0
    assert report.total.rows_in > 500
    assert sum(int(note.rpartition(" ")[2].rstrip(".")) for note in report.notes if note.startswith("Attempts that are")) == n_unfinished
    again = sync(session, moodle, course)
    assert {outcome.state for outcome in again.outcomes} == {"unchanged"}
    assert moodle.calls("mod_quiz_get_user_attempts") == 0


@pytest.mark.long
def test_a_regraded_attempt_of_a_backup_keeps_the_options_that_were_chosen(session, moodle, course):
    backed_up(session, course)
    sync(session, moodle, course)
    of_quiz = select(QuizAttempt).join(Quiz).where(Quiz.course_id == course.id, Quiz.title == TITLE)
    before = {each.id: each.answers for each in session.scalars(of_quiz)}
    regraded = next(each for each in moodle.attempts if each.quiz == 1 and each.questions[4].state == "gradedright")
    regraded.questions[4].mark, regraded.questions[4].state = 0.0, "mangrwrong"
    regraded.total, regraded.changed = regraded.total - 1, 2_000_000_000
    report = sync(session, moodle, course)
    assert report.entity("attempts").changed == 1
    session.expire_all()
    changed = [each for each in session.scalars(of_quiz) if each.answers != before[each.id]]
    assert len(changed) == 1
    assert [{**new, "score": 0} for new in changed[0].answers] == [{**old, "score": 0} for old in before[changed[0].id]]
    scores = [(old["score"], new["score"]) for old, new in zip(before[changed[0].id], changed[0].answers, strict=True)]
    assert [old == new for old, new in scores] == [True, True, True, True, False, True]


@pytest.mark.long
def test_the_backup_after_a_sync_adds_no_person_no_quiz_and_no_attempt(session, moodle, course, truth):
    sync(session, moodle, course)
    before = attempts_of(session, course, *titles_of(truth))
    report = backed_up(session, course)
    assert (report.entity("students").added, report.entity("enrollments").added) == (0, 0)
    after = attempts_of(session, course, *titles_of(truth))
    assert {key: row[:3] for key, row in after.items()} == {key: row[:3] for key, row in before.items()}


def contents_of(session, course):
    """Questions and key of the quizzes of a course, and what each attempt answered."""
    session.expire_all()
    quizzes = session.scalars(select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.title)).all()
    found = select(User.email, QuizAttempt.quiz_id, QuizAttempt).join(User, User.id == QuizAttempt.student_id)
    titles = {quiz.id: quiz.title for quiz in quizzes}
    return [(quiz.title, quiz.questions, quiz.answer_key) for quiz in quizzes], {
        (email, titles[quiz], each.number): {answer["question"]: answer["response"] for answer in each.answers}
        for email, quiz, each in session.execute(found.where(QuizAttempt.course_id == course.id))
    }


@pytest.mark.long
def test_the_backup_after_a_sync_brings_its_questions_keys_and_answers(session, moodle, course):
    with session.begin_nested() as before:
        backed_up(session, course)
        alone = contents_of(session, course)
        before.rollback()
    sync(session, moodle, course)
    backed_up(session, course)
    assert contents_of(session, course) == alone


def test_a_description_takes_no_number_of_a_question():
    document = recorded("t1_mod_quiz_get_attempt_review")
    document["questions"].insert(0, {"slot": 1, "type": "description", "questionnumber": "i", "html": "", "mark": "", "state": "todo"})
    for slot, question in enumerate(document["questions"], 1):
        question["slot"] = slot
    assert [question.name for question in review_in(document).questions] == ["1", "2", "3", "4", "5", "6"]
    for question in document["questions"]:
        del question["questionnumber"]
    assert [question.name for question in review_in(document).questions] == ["1", "2", "3", "4", "5", "6"]


def test_the_recorded_review_is_read_as_the_page_shows_it():
    review = review_in(recorded("t1_mod_quiz_get_attempt_review"))
    assert (review.attempt.id, review.attempt.quiz, review.attempt.user, review.attempt.number) == (4, 1, 5, 2)
    assert [question.response for question in review.questions] == [
        "15",
        "2; 7",
        "True",
        "22/7",
        "Yamoussoukro",
        "filters rows -> HAVING; filters groups -> HAVING; sorts -> ORDER BY",
    ]
    assert review.questions[1].text == "Which of these are prime? : 9; 2; 1; 7"
