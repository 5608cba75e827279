"""Quizzes and attempts: which are found again, which are new, and which file wins if two are about the same."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select, update

from lmskit import limits
from lmskit.errors import InputError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.record import AttemptRecord, Cells, PersonKey, Position, QuizRecord, Record
from lmskit.importers.registry import detected
from lmskit.importers.report import RowWarning
from lmskit.models import Enrollment, ExternalId, Quiz, QuizAttempt, Syllabus
from lmskit.services.file_import import ImportOptions, import_file, import_path
from lmskit.services.file_import.quiz_finding import NO_MAXIMUM
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus, Origin
from tests import factories
from tests.importers.plain import reasons, states_of, warnings_of

HEADER = "email,quiz,score,max_score,attempt,submitted_at\n"
NOON = dt.time(12, tzinfo=dt.UTC)


@pytest.fixture
def ada(session, course):
    student = factories.student(session, email="ada@example.org")
    factories.enrollment(session, course, student)
    return student


def attempts(session, student):
    """Number, score and time of the student's attempts, as text."""
    statement = select(QuizAttempt).where(QuizAttempt.student_id == student.id).order_by(QuizAttempt.quiz_id, QuizAttempt.number)
    found = session.scalars(statement.execution_options(populate_existing=True)).all()
    scores = [f"{attempt.number}: {float(attempt.score):g}/{float(attempt.max_score):g}" for attempt in found]
    times = [f"{attempt.submitted_at.astimezone(dt.UTC):%m-%d %H:%M}" if attempt.submitted_at else "unknown" for attempt in found]
    return [f"{score} {time}" for score, time in zip(scores, times, strict=True)]


def quiz_named(session, course, title):
    return session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == title)).one()


@dataclass
class Report:
    """A source of one quiz and its attempts, with ids and answers as in a quiz report of a learning management system."""

    all_records: list[Record]
    format: str = "report"
    system: str = "moodle"
    is_partial: bool = False
    may_lack_a_course: bool = False
    name: str = "report.csv"
    sha256: str = "0" * 64
    notes: tuple[str, ...] = ()
    warnings: tuple[RowWarning, ...] = ()
    parts: list[Cells] = field(default_factory=list)

    def records(self):
        part = Cells(self.name)
        part.rows_in = sum(isinstance(record, AttemptRecord) for record in self.all_records)
        self.parts = [part]
        return iter(self.all_records)


def answered(*answers, row=2, **fields):
    """An attempt of Ada that began at nine."""
    began = dt.datetime(2026, 10, 1, 9, tzinfo=dt.UTC)
    made = {"score": 5.0, "max_score": 10.0, "is_total": False, "started_at": began, **fields}
    return AttemptRecord(Position("report.csv", row), "q", PersonKey(email="ada@example.org"), answers=list(answers), **made)


def quiz(**fields):
    return QuizRecord(
        Position("report.csv", 1), **{"key": "q", "has_source_id": True, "title": "Sets", "max_score": 10.0, "week_number": 1, **fields}
    )


def test_a_new_quiz_belongs_to_the_week_that_its_title_names(session, imported, course, ada):
    report = imported(f"{HEADER}ada@example.org,Quiz 1 (Week 5),8,10,,\nada@example.org,Final,3,20,,", week=2)
    assert (quiz_named(session, course, "Quiz 1 (Week 5)").week_number, quiz_named(session, course, "Final").week_number) == (5, 2)
    assert quiz_named(session, course, "Final").max_score == 20
    weeks = select(Syllabus.week_number, Syllabus.topic).where(Syllabus.course_id == course.id, Syllabus.week_number > 2)
    assert [tuple(row) for row in session.execute(weeks)] == [(5, "Week 5")]
    assert (report.entity("weeks").added, report.entity("quizzes").added) == (1, 2)


def test_a_new_quiz_of_which_nothing_names_the_week_is_not_imported(session, imported, course, ada):
    rows = f"{HEADER}ada@example.org,Final,3,20,,\nada@example.org,Week 1-2 review,3,20,,\nada@example.org,Unit 2: week 5,3,20,,"
    report = imported(rows)
    assert [finding.row for finding in report.rejections] == [2, 3]
    assert all("give its week: --week N for all such quizzes" in finding.reason for finding in report.rejections)
    assert [quiz.title for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course.id))] == ["Unit 2: week 5"]
    report = imported(rows, week=3, weeks={"Final": 14, "Unit 2: week 5": 2})
    assert (report.rejections, report.entity("quizzes").added) == ((), 2)
    weeks = [quiz_named(session, course, title).week_number for title in ("Final", "Week 1-2 review", "Unit 2: week 5")]
    assert weeks == [14, 3, 5]


def test_a_quiz_of_which_nothing_names_the_week_is_stored_without_one_on_request_and_gets_it_later(session, imported, course, ada):
    rows = f"{HEADER}ada@example.org,Final,3,20,,\nada@example.org,Week 2 survey,3,20,,\nada@example.org,Week 1,10,10,,"
    report = imported(rows, without_week=True, weeks={"Week 2 survey": None})
    assert (report.rejections, report.entity("quizzes").added, report.entity("weeks").unchanged) == ((), 3, 1)
    assert [quiz_named(session, course, title).week_number for title in ("Final", "Week 2 survey", "Week 1")] == [None, None, 1]
    assert {(key.student_id, key.week_number) for key in report.touched} == {(ada.id, 1)}
    notes = [note for note in report.notes if "no evidence of mastery" in note]
    assert [note.partition(":")[0] for note in notes] == ["The quiz 'Final' has no week", "The quiz 'Week 2 survey' has no week"]
    assert "1 new or changed result stored" in notes[0]
    again = imported(rows)
    assert states_of(again) == "unchanged unchanged unchanged"
    assert not [note for note in again.notes if "no week" in note]
    assert quiz_named(session, course, "Week 2 survey").week_number is None, "a title that names a week changes no decision"
    report = imported(rows, weeks={"Final": 14})
    assert {(key.student_id, key.week_number) for key in report.touched} == {(ada.id, 14)}
    assert (report.entity("quizzes").changed, report.entity("weeks").added) == (1, 1)
    assert any("had no week and is in week 14 now" in note for note in report.notes)


def test_one_week_for_all_quizzes_and_none_for_all_are_refused_together(imported, ada):
    with pytest.raises(InputError, match="--week 3 and --without-week say different weeks of the same quizzes"):
        imported(f"{HEADER}ada@example.org,Final,3,20,,", week=3, without_week=True)


def test_a_quiz_in_lmskit_keeps_its_week_and_its_maximum(session, imported, course, ada):
    known = factories.quiz(session, course, week_number=2, title="Week 1", max_score=10)
    report = imported(f"{HEADER}ada@example.org,Week 1,8,20,,")
    assert (known.week_number, float(known.max_score)) == (2, 10)
    assert warnings_of(report) == [(2, "is a quiz with the maximum score 10 in lmskit and 20 in the file: that of the quiz is not changed")]
    assert attempts(session, ada)[0].startswith("1: 8/20")


def test_a_result_keeps_its_maximum_if_only_that_of_the_quiz_changed(session, imported, course, ada):
    header = "email,quiz,score,max_score\n"
    imported(f"{header}ada@example.org,Week 1,4,10")
    report = imported(f"{header}ada@example.org,Week 1,4,5")
    assert states_of(report) == "unchanged"
    kept = "has the same score as in lmskit and another maximum score: the attempt stays 4 of 10"
    assert ("4 of 5", kept) in [(warning.value, warning.reason) for warning in report.warnings]
    assert attempts(session, ada)[0].startswith("1: 4/10")
    assert states_of(imported(f"{header}ada@example.org,Week 1,2,5")) == "changed"
    assert attempts(session, ada)[0].startswith("1: 2/5")
    assert (
        states_of(imported(f"{header}ada@example.org,Week 1,0,5"))
        == states_of(imported(f"{header}ada@example.org,Week 1,0,8"))
        == "changed"
    )
    assert attempts(session, ada)[0].startswith("1: 0/8")


def test_an_attempt_at_a_quiz_whose_title_several_quizzes_have_is_rejected(session, imported, course, ada):
    factories.quiz(session, course, title="Sets")
    factories.quiz(session, course, title="Sets")
    assert reasons(imported(f"{HEADER}ada@example.org,Sets,8,10,,")) == [(2, "has the title of several quizzes of the course in lmskit")]


def test_a_new_quiz_needs_a_maximum(imported, ada):
    assert reasons(imported("email,quiz,score\nada@example.org,Sets,8")) == [
        (
            2,
            f"{NO_MAXIMUM}; give it: --max 'Sets=POINTS'",
        )
    ]


def test_a_quiz_without_a_maximum_may_be_one_that_lmskit_has_under_another_title(session, imported, course, ada):
    factories.quiz(session, course, title="Sets and maps", max_score=10)
    rows = "email,quiz,score\nada@example.org,Q1,8"
    [(_, reason)] = reasons(imported(rows))
    assert reason.endswith("--max 'Q1=POINTS', or, if lmskit has the quiz under another title, that title: --same-quiz 'Q1=TITLE'")
    assert imported(rows, same_quizzes={"Q1": "Sets and maps"}).rejections == ()


def test_a_total_without_a_time_has_none_until_a_file_has_one_which_then_stays(session, imported, course, ada):
    factories.quiz(session, course, title="Week 1").due_on = dt.date(2026, 9, 20)
    session.flush()
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,8,10,,")) == "added"
    assert attempts(session, ada) == ["1: 8/10 unknown"]
    report = imported(f"{HEADER}ada@example.org,Week 1,9,10,,")
    assert (states_of(report), len(report.touched)) == ("changed", 1)
    assert attempts(session, ada) == ["1: 9/10 unknown"]
    report = imported(f"{HEADER}ada@example.org,Week 1,9,10,,2026-10-01 10:00")
    assert [(outcome.before, outcome.after) for outcome in report.outcomes] == [("time unknown", "2026-10-01 10:00")]
    assert attempts(session, ada) == ["1: 9/10 10-01 10:00"]
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,9,10,,")) == "unchanged"
    assert attempts(session, ada) == ["1: 9/10 10-01 10:00"]


def test_numbered_attempts_without_a_time_are_attempts_and_get_theirs_later(session, imported, ada):
    untimed = f"{HEADER}ada@example.org,Week 1,4,10,1,\nada@example.org,Week 1,6,10,2,"
    assert states_of(imported(untimed)) == "added added"
    assert states_of(imported(untimed)) == "unchanged unchanged"
    assert attempts(session, ada) == ["1: 4/10 unknown", "2: 6/10 unknown"]
    report = imported(f"{HEADER}ada@example.org,Week 1,4,10,1,2026-10-01 10:00\nada@example.org,Week 1,7,10,2,")
    changes = [(outcome.reason, outcome.before, outcome.after) for outcome in report.outcomes]
    assert changes == [("times", "time unknown", "2026-10-01 10:00"), ("score", "6 of 10", "7 of 10")]
    assert attempts(session, ada) == ["1: 4/10 10-01 10:00", "2: 7/10 unknown"]


def test_attempts_that_had_neither_number_nor_time_are_the_same_ones_once_a_report_has_their_times(session, course, ada):
    untimed = [answered(score=score, started_at=None, row=row) for row, score in enumerate((4.0, 6.0), 2)]
    assert states_of(import_file(session, Report([quiz(), *untimed]), ImportOptions(course=course.code))) == "added added"
    assert attempts(session, ada) == ["1: 4/10 unknown", "2: 6/10 unknown"]
    times = {score: dt.datetime(2026, 10, day, 10, tzinfo=dt.UTC) for score, day in ((9.0, 3), (6.0, 2), (4.0, 1))}
    timed = [
        dataclasses.replace(answered(score=score, started_at=None, row=row), submitted_at=time)
        for row, (score, time) in enumerate(times.items(), 2)
    ]
    report = import_file(session, Report([quiz(), *timed]), ImportOptions(course=course.code))
    assert states_of(report) == "added changed changed"
    assert attempts(session, ada) == ["1: 4/10 10-01 10:00", "2: 6/10 10-02 10:00", "3: 9/10 10-03 10:00"]


def test_a_time_in_whole_minutes_is_that_of_an_attempt_whose_seconds_are_known_and_which_keeps_them(session, course, ada):
    began, ended = dt.datetime(2026, 10, 1, 9, 0, 17, tzinfo=dt.UTC), dt.datetime(2026, 10, 1, 9, 20, 43, tzinfo=dt.UTC)

    def taken(*times):
        attempt = answered(started_at=times[0], submitted_at=times[1])
        return states_of(import_file(session, Report([quiz(), attempt]), ImportOptions(course=course.code)))

    assert taken(began, ended) == "added"
    assert taken(began.replace(second=0), ended.replace(second=0)) == "unchanged"
    (stored,) = session.scalars(select(QuizAttempt).where(QuizAttempt.student_id == ada.id))
    assert (stored.started_at, stored.submitted_at) == (began, ended)
    assert taken(began.replace(minute=1, second=0), ended.replace(second=0)) == "added"


def test_attempts_are_found_again_by_their_number_or_their_time(session, imported, ada):
    imported(f"{HEADER}ada@example.org,Week 1,4,10,1,2026-10-01 10:00:00\nada@example.org,Week 1,6,10,2,2026-10-02 10:00:00")
    assert attempts(session, ada) == ["1: 4/10 10-01 10:00", "2: 6/10 10-02 10:00"]
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,5,10,1,")) == "changed"
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,6,10,,2026-10-02 10:00:00")) == "unchanged"
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,9,10,,2026-10-03 10:00:00")) == "added"
    assert attempts(session, ada) == ["1: 5/10 10-01 10:00", "2: 6/10 10-02 10:00", "3: 9/10 10-03 10:00"]


def test_attempts_without_a_number_are_numbered_by_their_time(session, imported, ada):
    report = imported(f"{HEADER}ada@example.org,Week 1,9,10,,2026-10-03 10:00:00\nada@example.org,Week 1,4,10,,2026-10-01 10:00:00")
    assert states_of(report) == "added added"
    assert attempts(session, ada) == ["1: 4/10 10-01 10:00", "2: 9/10 10-03 10:00"]


@pytest.mark.parametrize("second", ["1,2026-10-02 10:00:00", "1,"])
def test_a_second_row_for_the_same_attempt_is_rejected(imported, ada, second):
    report = imported(f"{HEADER}ada@example.org,Week 1,4,10,1,2026-10-01 10:00:00\nada@example.org,Week 1,6,10,{second}")
    assert reasons(report) == [(3, "is a second row for the same attempt")]


def test_a_second_total_is_rejected_unless_the_first_one_is(imported, ada):
    rows = f"{HEADER}ada@example.org,Week 1,4,10,,\nada@example.org,Week 1,6,10,,"
    assert reasons(imported(rows)) == [(3, "is a second score of the same student for the same quiz")]
    assert states_of(imported(rows.replace("1,4,", "1,four,"))) == "rejected changed"


def test_an_attempt_replaces_a_total(session, imported, ada):
    imported(f"{HEADER}ada@example.org,Week 1,8,10,,")
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,8,10,,2026-10-01 10:00:00")) == "changed"
    assert attempts(session, ada) == ["1: 8/10 10-01 10:00"]


def gradebook(course, score):
    """A total, as a gradebook has it."""
    position, person = Position("report.csv", 2), PersonKey(email="ada@example.org")
    quiz = QuizRecord(Position("report.csv", 1), "Week 1", has_source_id=False, title="Week 1", max_score=10)
    total = AttemptRecord(position, "Week 1", person, score, 10, is_total=True)
    return Report([quiz, total]), ImportOptions(course=course.code)


def test_a_total_from_before_times_could_be_unknown_is_one_attempt_until_a_described_one_replaces_it(session, imported, course, ada):
    assert states_of(import_file(session, *gradebook(course, 8))) == "added"
    session.execute(update(QuizAttempt).values(submitted_at=dt.datetime(2026, 10, 1, 9, 30, tzinfo=dt.UTC)))
    assert states_of(import_file(session, *gradebook(course, 8))) == "unchanged"
    assert states_of(import_file(session, *gradebook(course, 9))) == "changed"
    assert attempts(session, ada) == ["1: 9/10 10-01 09:30"]
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,9,10,,2026-09-30 10:00:00")) == "changed"
    assert attempts(session, ada) == ["1: 9/10 09-30 10:00"]
    assert not session.scalars(select(QuizAttempt.is_total)).one()
    assert states_of(import_file(session, *gradebook(course, 9))) == "unchanged"


def test_an_attempt_that_is_not_graded_does_not_get_the_total_that_it_replaces(session, imported, course, ada):
    import_file(session, *gradebook(course, 8))
    waits = answered(score=None)
    later = answered(score=8.0, started_at=waits.started_at + dt.timedelta(days=1), row=3)
    import_file(session, Report([quiz(key="q", title="Week 1", has_source_id=False), waits, later]), ImportOptions(course=course.code))
    stored = session.execute(select(QuizAttempt.number, QuizAttempt.score).order_by(QuizAttempt.number)).all()
    assert [(number, score and float(score)) for number, score in stored] == [(1, None), (2, 8)]


def test_a_total_is_only_compared_with_attempts(session, imported, ada):
    imported(f"{HEADER}ada@example.org,Week 1,4,10,1,2026-10-01 10:00:00\nada@example.org,Week 1,6,10,2,2026-10-02 10:00:00")
    for total in (4, 5, 6):  # one of the attempts, or their average
        same = imported(f"{HEADER}ada@example.org,Week 1,{total},10,,")
        assert (states_of(same), warnings_of(same)) == ("unchanged", [])
    other = imported(f"{HEADER}ada@example.org,Week 1,9,10,,")
    assert states_of(other) == "unchanged"
    assert warnings_of(other) == [(2, "differs from the score of every attempt in lmskit and from their average: the attempts count")]
    assert len(attempts(session, ada)) == 2


def test_an_attempt_that_was_not_imported_is_not_changed(session, imported, course, ada):
    known = factories.quiz(session, course, title="Week 1")
    factories.attempt(session, known, ada, score=8)
    assert reasons(imported(f"{HEADER}ada@example.org,Week 1,9,10,1,")) == [
        (2, "is an attempt in lmskit that was not imported, so it is not changed")
    ]
    assert states_of(imported(f"{HEADER}ada@example.org,Week 1,8,10,1,")) == "unchanged"


def test_two_reports_of_one_attempt_merge_their_answers(session, course, ada):
    asked = quiz(questions=[{"id": number} for number in "123"])
    grades = Report(
        [asked, answered({"question": "1", "response": None, "score": 2.0}, {"question": "2", "response": None, "score": None})]
    )
    responses = Report([asked, answered({"question": "2", "response": "b", "score": None}, {"question": "3", "response": "c"}, score=None)])
    assert states_of(import_file(session, grades, ImportOptions(course=course.code))) == "added"
    assert states_of(import_file(session, responses, ImportOptions(course=course.code))) == "changed"
    [merged] = session.scalars(select(QuizAttempt).where(QuizAttempt.student_id == ada.id).execution_options(populate_existing=True))
    assert merged.answers == [
        {"question": "1", "response": None, "score": 2.0},
        {"question": "2", "response": "b", "score": None},
        {"question": "3", "response": "c"},
    ]
    assert merged.score == 5
    assert states_of(import_file(session, grades, ImportOptions(course=course.code))) == "unchanged"
    assert states_of(import_file(session, responses, ImportOptions(course=course.code))) == "unchanged"


def test_scores_that_a_file_has_rounded_do_not_replace_those_that_are_exact(session, course, ada):
    def taken(score, points, rounding=0.0):
        attempt = answered({"question": "1", "response": "b", "score": points}, score=score, rounding=rounding)
        return states_of(import_file(session, Report([quiz(questions=[{"id": "1"}]), attempt]), ImportOptions(course=course.code)))

    def stored():
        (found,) = session.scalars(select(QuizAttempt).where(QuizAttempt.student_id == ada.id).execution_options(populate_existing=True))
        return float(found.score), found.answers[0]["score"]

    assert taken(6.67, 0.67, rounding=0.005) == "added"
    assert taken(20 / 3, 2 / 3) == "changed"
    assert taken(6.67, 0.67, rounding=0.005) == "unchanged"
    assert stored() == (6.6667, 2 / 3)
    assert taken(6.67, 0.68, rounding=0.005) == "changed"
    assert stored() == (6.6667, 0.68)
    assert taken(6.66, 0.68, rounding=0.005) == "changed"
    assert stored() == (6.66, 0.68)


def test_a_quiz_is_found_by_its_id_when_its_title_is_another(session, course, ada):
    import_file(session, Report([quiz()]), ImportOptions(course=course.code))
    report = import_file(session, Report([quiz(title="Sets and maps"), answered()]), ImportOptions(course=course.code))
    assert report.entity("quizzes").unchanged == 1
    assert warnings_of(report) == [(1, "is a quiz that has another title in lmskit: the title is not changed")]


def test_questions_are_added_to_a_quiz_without_questions_and_touch_its_attempts(session, imported, course, ada):
    imported(f"{HEADER}ada@example.org,Sets,8,10,,", week=1)
    question = {"id": "1", "type": "essay", "prompt": "Why?", "points": 10}
    report = import_file(session, Report([quiz(questions=[question])]), ImportOptions(course=course.code))
    assert quiz_named(session, course, "Sets").questions == [question]
    assert (report.entity("quizzes").changed, len(report.touched)) == (1, 1)
    other = {**question, "prompt": "How?"}
    import_file(session, Report([quiz(questions=[other])]), ImportOptions(course=course.code))
    assert quiz_named(session, course, "Sets").questions == [question]


def test_a_quiz_of_another_course_is_not_used_and_the_course_is_named(session, course, ada):
    other = factories.course(session).code
    import_file(session, Report([quiz()]), ImportOptions(course=other))
    assert reasons(import_file(session, Report([quiz(), answered()]), ImportOptions(course=course.code))) == [
        (2, f"is a quiz of the course {other} in lmskit: import it into that course, or take back the import that put it there")
    ]
    assert session.scalars(select(ExternalId).where(ExternalId.source == "moodle", ExternalId.kind == "quiz")).one().external_id == "q"


def test_results_enroll_a_new_student_and_not_a_student_who_left(session, imported, course, ada):
    enrollment = session.get(Enrollment, (course.id, ada.id))
    enrollment.status, enrollment.ended_on = EnrollmentStatus.WITHDRAWN, dt.date(2026, 10, 1)
    session.flush()
    report = imported("email,name,quiz,score,max_score\nada@example.org,,Week 1,8,10\nben@example.org,Babbage,Week 1,7,10")
    assert states_of(report) == "added added"
    session.refresh(enrollment)
    assert enrollment.status is EnrollmentStatus.WITHDRAWN
    assert len(attempts(session, ada)) == 1
    assert report.entity("enrollments").added == 1


def test_results_of_a_person_who_is_not_a_student_are_rejected(session, imported, course):
    teacher = factories.address(factories.lecturer(session))
    assert reasons(imported(f"{HEADER}{teacher},Week 1,8,10,,")) == [(2, "is a person who is not a student in lmskit")]


def test_an_attempt_without_an_enrollment_is_rejected(session, course):
    ada = factories.student(session, email="ada@example.org")
    factories.enrollment(session, factories.course(session), ada)
    factories.enrollment(session, course)
    assert reasons(import_file(session, Report([quiz(), answered()]), ImportOptions(course=course.code))) == [
        (2, "is of a person who is not enrolled in the course")
    ]


def test_a_refresh_of_the_touched_weeks_is_complete(session, imported, course, ada):
    report = imported(f"{HEADER}ada@example.org,Week 1,8,10,,\nada@example.org,Week 2,3,10,,")
    assert refresh(session, touched=report.touched).added == 2
    assert refresh(session, courses=[course.code]).n_rows == 0
    assert session.scalars(select(QuizAttempt.origin).where(QuizAttempt.student_id == ada.id)).all() == [Origin.IMPORT] * 2


# Bounds: a row beyond them is rejected with its reason, and the others are imported ------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"number": limits.MOST_ATTEMPTS + 1}, "has an attempt number that is not from 1 to 10000"),
        ({"started_at": dt.datetime(1899, 12, 31, tzinfo=dt.UTC)}, "has a time that is not in the years 1900 to 2200"),
        ({"submitted_at": dt.datetime(2201, 1, 1, tzinfo=dt.UTC)}, "has a time that is not in the years 1900 to 2200"),
    ],
)
def test_an_attempt_beyond_the_bounds_rejects_its_row_and_no_other(session, course, ada, fields, reason):
    source = Report([quiz(), answered(row=2, **fields), answered(row=3, started_at=dt.datetime(2026, 10, 2, 9, tzinfo=dt.UTC))])
    report = import_file(session, source, ImportOptions(course=course.code, week=1))
    assert reasons(report) == [(2, reason)]
    assert len(attempts(session, ada)) == 1


def test_the_highest_attempt_number_stops_the_rows_of_its_student_and_no_others(session, course, ada):
    ben = factories.student(session, email="ben@example.org")
    factories.enrollment(session, course, ben)
    import_file(session, Report([quiz(), answered(number=1)]), ImportOptions(course=course.code, week=1))
    factories.attempt(session, quiz_named(session, course, "Sets"), ada, number=limits.MOST_ATTEMPTS)
    later = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
    rows = [
        answered(row=2, started_at=later),
        dataclasses.replace(answered(row=3, started_at=later), person=PersonKey(email="ben@example.org")),
    ]
    report = import_file(session, Report([quiz(), *rows]), ImportOptions(course=course.code, week=1))
    reason = "would have an attempt number above 10000, since an attempt of the student in lmskit has the number 10000"
    assert reasons(report) == [(2, reason)]
    assert len(attempts(session, ben)) == 1


def test_a_quiz_that_is_called_after_its_file_is_rejected_with_the_option_that_gives_its_title(session, course, ada, tmp_path):
    path = tmp_path / "report-responses.csv"
    header = "Last name,First name,Email address,Status,Started,Completed,Duration,Grade/2.00,Question 1,Response 1,Right answer 1"
    times = "Finished,7 September 2026  9:00 AM,7 September 2026  10:00 AM,1 hour"
    path.write_text(f"{header}\nVale,Ada,ada@example.org,{times},1.00,Is it?,True,False\n", encoding="utf-8")
    report = import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code))
    assert report.rejections
    for finding in report.rejections:
        assert "that is the name of the file: if the quiz is called otherwise, --title TITLE" in finding.reason
