"""The backup of a course by a real Moodle, compared with what its database holds."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select

from lmskit.analytics.items import NO_ANSWER, item_statistics, quiz_statistics
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.backup.source import FORMAT
from lmskit.importers.registry import detected
from lmskit.models import Enrollment, ImportRun, Quiz, QuizAttempt, QuizException, SectionMember, Syllabus, User
from lmskit.queries.course import course_by_code
from lmskit.read_models.quiz_quality import question_options, quiz_quality
from lmskit.services.file_import import ImportOptions, import_file, import_path
from lmskit.services.import_undo import undo_import
from lmskit.vocabulary import CountedAttempts, EnrollmentStatus
from tests import factories
from tests.importers.test_import_undo import content
from tests.real_data import REAL_DATA

BACKUP = REAL_DATA / "moodle" / "exports_4_5" / "course_stat_m1.mbz"
NEARLY = 1e-4
"""What is stored has four decimals."""

pytestmark = pytest.mark.skipif(not BACKUP.is_file(), reason=f"the file is not there: {BACKUP}")


@pytest.fixture(scope="module")
def truth():
    return json.loads(BACKUP.with_name("truth.json").read_text(encoding="utf-8"))


def taken(session, course):
    return import_file(session, FORMAT.open(BACKUP, ReadOptions()), ImportOptions(course=course.code, without_week=True))


@pytest.fixture
def course(session):
    made = factories.course(session, weeks=12)
    taken(session, made)
    return made


def test_people_groups_and_suspended_students_are_those_of_the_course(session, course, truth):
    status = dict(
        session.execute(select(Enrollment.status, func.count()).where(Enrollment.course_id == course.id).group_by(Enrollment.status)).all()
    )
    assert status == {EnrollmentStatus.ACTIVE: 59, EnrollmentStatus.WITHDRAWN: 1}
    members = select(func.count()).select_from(SectionMember).where(SectionMember.course_id == course.id)
    assert session.scalar(members) > 40


def assert_attempts_are_those_of_the_database(session, course, real):
    scale = real["grade"] / real["sumgrades"]
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == real["name"])).one()
    assert float(quiz.max_score) == real["grade"]
    of_quiz = select(User.email, QuizAttempt).join(User, User.id == QuizAttempt.student_id).where(QuizAttempt.quiz_id == quiz.id)
    stored = {(email, attempt.number): attempt for email, attempt in session.execute(of_quiz)}
    finished = [attempt for attempt in real["attempts"] if attempt["state"] == "finished"]
    assert len(stored) == len(finished)
    for attempt in finished:
        found = stored[attempt["email"], int(attempt["attempt"])]
        assert (found.started_at.timestamp(), found.submitted_at.timestamp()) == (int(attempt["timestart"]), int(attempt["timefinish"]))
        grade = attempt["grade"]
        assert found.score is None if grade is None else float(found.score) == pytest.approx(grade, abs=NEARLY)
        scores = {answer["question"]: answer["score"] for answer in found.answers}
        for slot, (mark, state) in enumerate(zip(attempt["marks"], attempt["qstate"], strict=True), 1):
            expected = None if state == "needsgrading" else pytest.approx((mark or 0) * scale, abs=NEARLY)
            assert scores.get(str(slot)) == expected, attempt


@pytest.mark.parametrize("number", ["1", "2"])
def test_every_attempt_time_and_mark_is_that_of_the_database(session, course, truth, number):
    assert_attempts_are_those_of_the_database(session, course, truth["quiz"][number])


def test_every_grade_is_that_of_the_database(session, course, truth):
    for item in truth["items"]:
        if item["type"] in {"course", "category"} or item["module"] == "quiz":
            continue
        title = f"Assignment: {item['name']}" if item["module"] == "assign" else item["name"]
        quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == title)).one()
        low, high = float(item["min"]), float(item["max"])
        of_quiz = select(User.email, QuizAttempt.score).join(User, User.id == QuizAttempt.student_id).where(QuizAttempt.quiz_id == quiz.id)
        stored = {email.partition("@")[0]: float(score) for email, score in session.execute(of_quiz)}
        wanted = {name: float(grade) - low for name, grade in item["grades"].items() if grade is not None}
        assert float(quiz.max_score) == high - low
        assert stored == pytest.approx(wanted, abs=NEARLY)


def test_excluded_grades_are_excuses_and_their_points_are_kept(session, course, truth):
    found = session.scalars(select(QuizException).where(QuizException.course_id == course.id)).all()
    assert [(each.excused, each.excused_by_format) for each in found] == [(True, "moodle-backup")] * 2
    assert len({each.quiz_id for each in found}) == 1


@pytest.mark.parametrize("slot", ["2", "3", "4"])
def test_answers_with_several_parts_and_numbers_are_those_of_the_database(session, course, truth, slot):
    real = truth["quiz"]["2"]
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == real["name"])).one()
    question = quiz.questions[int(slot) - 1]
    texts = {target["id"]: target["text"] for target in question.get("targets", ())}
    of_quiz = select(User.email, QuizAttempt).join(User, User.id == QuizAttempt.student_id).where(QuizAttempt.quiz_id == quiz.id)
    stored = {(email, attempt.number): {each["question"]: each for each in attempt.answers} for email, attempt in session.execute(of_quiz)}
    for attempt in real["attempts"]:
        if attempt["state"] != "finished":
            continue
        answer, written = stored[attempt["email"], int(attempt["attempt"])].get(slot, {}), attempt["resp"][int(slot) - 1]
        response = answer.get("response")
        if slot == "2":
            parts = "; ".join(f"part {label.strip('[]')}: {text}" for label, text in (response or {}).items())
            assert re.sub(r"part \d: (; |$)", "", written or "").rstrip("; ") == parts
        elif slot == "3":
            words = [texts[(response or {})[option["id"]]] if option["id"] in (response or {}) else "" for option in question["options"]]
            assert (written or "{} {}") == " ".join(f"{{{word}}}" for word in words)
        else:
            assert response == (None if written is None else float(written))
            assert answer.get("asked") == (attempt["qtext"][3] if answer else None)


def test_options_of_choice_questions_are_counted(session, course, truth):
    real = truth["quiz"]["1"]
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == real["name"])).one()
    quality = quiz_quality(session, quiz.id, attempts=CountedAttempts.ALL)
    # Statistics are about the students who are enrolled: one is suspended.
    finished = [attempt for attempt in real["attempts"] if attempt["state"] == "finished" and attempt["username"] != "s059"]
    for slot, question in enumerate(quiz.questions[:3]):
        table = question_options(quality, question["id"]).set_index("text")
        chosen: Counter[str] = Counter()
        for attempt in finished:
            response = attempt["resp"][slot]
            chosen.update([NO_ANSWER] if response is None else response.split("; ") if slot == 1 else [response])
        letters = lambda text: "".join(filter(str.isalnum, text.casefold()))  # noqa: E731
        assert {letters(text): n for text, n in table["n"].items() if n} == {letters(text): n for text, n in chosen.items()}


WHICH = {
    "first": CountedAttempts.FIRST, "last": CountedAttempts.LAST, "best": CountedAttempts.HIGHEST, "all": CountedAttempts.ALL,
}  # fmt: skip


@pytest.mark.parametrize("number", ["1", "2"])
def test_statistics_equal_those_of_moodle_for_the_same_attempts(session, course, truth, number):
    real = truth["quiz"][number]
    scale = real["grade"] / real["sumgrades"]
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == real["name"])).one()
    # Moodle counts who is suspended, too, of whom lmskit says that they are left out.
    suspended = session.scalars(select(Enrollment).where(Enrollment.status == EnrollmentStatus.WITHDRAWN)).one()
    assert "of students who have left the course" in quiz_quality(session, quiz.id).answers.left_out
    suspended.status, suspended.ended_on = EnrollmentStatus.ACTIVE, None
    session.flush()
    equal = partial(pytest.approx, abs=1e-5)
    for which, counted in WHICH.items():
        stats = truth["stats"][number][which]
        answers = quiz_quality(session, quiz.id, attempts=counted).answers
        if which == "first":  # Moodle's first attempt is the first one, graded or not; that of lmskit is the first graded one
            begun = {(each["email"], int(each["attempt"])) for each in real["attempts"] if each["state"] == "finished"}
            first = {email: min(n for other, n in begun if other == email) for email, _ in begun}
            email = dict(session.execute(select(User.id, User.email)).all())
            kept = [first[email[row.student_id]] == row.number for row in answers.attempts.itertuples()]
            answers = replace(answers, attempts=answers.attempts[kept], scores=answers.scores[kept])
        found, items = quiz_statistics(answers.scores, answers.max_scores), item_statistics(answers.scores, answers.max_scores)
        assert len(answers.attempts) == int(stats["n"])
        assert found.median / scale == equal(float(stats["median"]))
        assert found.sd / scale == equal(float(stats["standarddeviation"]))
        assert found.skewness == equal(float(stats["skewness"]))
        assert found.kurtosis == equal(float(stats["kurtosis"]))
        assert found.alpha == equal(float(stats["cic"]) / 100)
        assert found.error_ratio == equal(float(stats["errorratio"]) / 100)
        assert found.standard_error / scale == equal(float(stats["standarderror"]))
        if which in {"first", "all"}:
            assert found.mean / scale == equal(float(stats[f"{which}attemptsavg"]))
        for slot, real_item in stats["slots"].items():
            item = items.loc[slot]
            assert item["facility"] == equal(float(real_item["facility"]))
            assert item["sd"] / scale == equal(float(real_item["sd"]))
            assert item["discrimination_index"] == equal(float(real_item["disc_index"]) / 100)
            assert item["discriminative_efficiency"] == equal(float(real_item["disc_eff"]) / 100)
            assert item["effective_weight"] == equal(float(real_item["eff_weight"]) / 100)
            assert item["intended_weight"] == equal(float(real_item["maxmark"]) / real["sumgrades"])


def test_a_second_import_changes_nothing_and_an_undo_leaves_the_course_as_before(session):
    made = factories.course(session, weeks=12)
    before = content(session)
    taken(session, made)
    run = session.scalar(select(func.max(ImportRun.id)))
    imported = content(session)
    again = taken(session, made)
    assert {outcome.state for outcome in again.outcomes} == {"unchanged"}
    assert content(session) == imported
    undo_import(session, run)
    assert content(session) == before


def test_the_course_is_made_with_its_twelve_weeks_and_an_undo_leaves_the_database_as_before(session):
    term = factories.term(session)
    teacher = factories.lecturer(session, email="t1@example.org")
    before = content(session)
    report = import_path(session, BACKUP, FORMAT, ImportOptions(term=term.code, without_week=True))
    made = course_by_code(session, "STAT-M1")
    assert (made.title, made.lecturer_id) == ('Statistik & Daten, "Einführung"', teacher.id)
    numbers = session.scalars(select(Syllabus.week_number).where(Syllabus.course_id == made.id).order_by(Syllabus.week_number))
    assert list(numbers) == list(range(1, 13))
    weeks = dict(session.execute(select(Quiz.title, Quiz.week_number).where(Quiz.course_id == made.id)).all())
    assert weeks["Quiz 1: Basics (week 2)"] == 2
    assert {outcome.state for outcome in report.outcomes} <= {"added", "changed"}
    undo_import(session, session.scalar(select(func.max(ImportRun.id))))
    assert content(session) == before


FILES = {
    "grades": "quiz1/overview.csv",
    "responses": "quiz1/responses.csv",
    "gradebook": "gradebook/real_percent_comma.csv",
    "bank": "bank/week_2_basics_xml.xml",
    "backup": BACKUP.name,
}


@pytest.mark.parametrize(
    "order", [("grades", "responses", "gradebook", "bank", "backup"), ("backup", "bank", "gradebook", "responses", "grades")], ids=" ".join
)
def test_the_other_exports_of_the_course_add_no_attempt_and_no_quiz_to_those_of_the_backup_and_round_no_score(session, truth, order):
    title = truth["quiz"]["1"]["name"]
    made = factories.course(session, weeks=12)
    for name in order:
        path = BACKUP.with_name(FILES[name]) if "/" not in FILES[name] else BACKUP.parent / FILES[name]
        reading = ReadOptions(title=title if name in {"grades", "responses"} else None, time_zone="Europe/London")
        week = 2 if name in {"grades", "responses"} else None
        asked = ImportOptions(course=made.code, week=week, without_week=name in {"gradebook", "backup"}, reading=reading)
        import_path(session, path, detected(path), asked)
    quizzes = session.scalars(select(Quiz).where(Quiz.course_id == made.id)).all()
    assert len({quiz.title for quiz in quizzes}) == len(quizzes) == 9
    finished = {number: sum(each["state"] == "finished" for each in quiz["attempts"]) for number, quiz in truth["quiz"].items()}
    counts = dict(
        session.execute(select(Quiz.title, func.count()).join(QuizAttempt).where(Quiz.course_id == made.id).group_by(Quiz.title)).all()
    )
    assert {number: counts[quiz["name"]] for number, quiz in truth["quiz"].items()} == finished
    assert_attempts_are_those_of_the_database(session, made, truth["quiz"]["1"])


REPORTS = ("quiz1/overview", "quiz1/responses", "quiz2/overview", "quiz2/responses")


def written_quizzes(session, course, titles):
    session.expire_all()
    quizzes = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title.in_(titles)).order_by(Quiz.title)).all()
    of_quiz = select(User.email, QuizAttempt).join(User, User.id == QuizAttempt.student_id)
    return {
        quiz.title: (
            quiz.questions,
            quiz.answer_key,
            {(email, attempt.number): attempt.answers for email, attempt in session.execute(of_quiz.where(QuizAttempt.quiz_id == quiz.id))},
        )
        for quiz in quizzes
    }


def reported(session, course, truth, name):
    path = BACKUP.parent / f"{name}.csv"
    reading = ReadOptions(title=truth["quiz"][name[4]]["name"], time_zone="Europe/London")
    return import_path(session, path, detected(path), ImportOptions(course=course.code, week=2, reading=reading))


@pytest.mark.long
@pytest.mark.parametrize("order", [REPORTS, REPORTS[::-1]], ids=["grades first", "responses first"])
def test_reports_leave_the_questions_keys_and_answers_of_the_backup_whichever_comes_first(session, truth, order):
    titles = [truth["quiz"][number]["name"] for number in ("1", "2")]
    with session.begin_nested() as before:
        made = factories.course(session, weeks=12)
        taken(session, made)
        backed_up = written_quizzes(session, made, titles)
        for name in order:
            reported(session, made, truth, name)
        assert written_quizzes(session, made, titles) == backed_up
        before.rollback()
    made = factories.course(session, weeks=12)
    for name in order:
        reported(session, made, truth, name)
    taken(session, made)
    assert written_quizzes(session, made, titles) == backed_up
    assert {outcome.state for outcome in taken(session, made).outcomes} == {"unchanged"}
