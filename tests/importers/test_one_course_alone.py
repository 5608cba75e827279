"""An import does the same, and touches no other row, whatever the database holds of other courses, sources and people."""

import datetime as dt

from sqlalchemy import select, text

from lmskit.models import ExternalId, User
from lmskit.services.enrollment import request_enrollment
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.importers.plain import reasons, states_of, warnings_of

PEOPLE = """id,sis_id,email,family_name,given_name,status,started_on,ended_on
1,s1,active@example.org,Active,Ann,active,,
2,s2,left@example.org,Left,Leo,active,2026-10-05,
3,s3,waits@example.org,Waits,Wim,,2026-11-02,
4,s4,done@example.org,Done,Dora,withdrawn,,2026-10-02
5,s5,new@example.org,New,Nils,,,
6,s6,goes@example.org,Goes,Gil,withdrawn,,2026-12-01
7,s7,other@example.org,Other,Olga,completed,,2026-12-24
"""
SCORES = """email,quiz,week,score,max_score,attempt,submitted_at
active@example.org,First,1,5,10,1,2026-10-01T10:00:00Z
active@example.org,First,1,7,10,2,2026-10-02T10:00:00Z
left@example.org,First,1,6,10,,
goes@example.org,Second,2,4,8,1,2026-10-03T10:00:00Z
stranger@example.org,First,1,9,10,1,2026-10-01T10:00:00Z
other@example.org,Second,2,3,8,1,2026-10-03T10:00:00Z
"""
NAMES = ("active", "left", "waits", "done", "goes", "missing", "stranger", "other")
OWN = {
    "student_enrollments": "SELECT to_jsonb(t) - '{course_id,student_id}'::text[] || jsonb_build_object('email', u.email)"
    " FROM student_enrollments AS t JOIN users AS u ON u.id = t.student_id",
    "quizzes": "SELECT to_jsonb(t) - '{id,course_id}'::text[] FROM quizzes AS t",
    "quiz_attempts": "SELECT to_jsonb(t) - '{id,course_id,quiz_id,student_id}'::text[]"
    " || jsonb_build_object('email', u.email, 'title', (SELECT q.title FROM quizzes AS q WHERE q.id = t.quiz_id))"
    " FROM quiz_attempts AS t JOIN users AS u ON u.id = t.student_id",
    "outbox": "SELECT jsonb_build_array(t.recipient, t.status, t.request_sequence, t.context - 'course', t.last_error) FROM outbox AS t",
}
"""What the course has, without numbers that differ from one run to the next."""


def rows(session, courses, *, but=False):
    """The rows of courses, or of all others."""
    condition = f" WHERE t.course_id {'<>' if but else '='} ALL (:courses)"
    return {
        table: sorted(map(str, session.scalars(text(statement + condition), {"courses": courses}))) for table, statement in OWN.items()
    } | {"people": sorted(map(str, session.execute(select(User.email, User.family_name, User.given_name, User.role)).all())) if but else []}


def filled(session, course, students, statuses):
    """Give a course students of several statuses, with messages, quizzes and attempts."""
    for name, status in statuses.items():
        if status == "pending":
            request_enrollment(session, course, students[name])
        else:
            ended = dt.date(2026, 9, 30) if status in {"withdrawn", "completed"} else None
            factories.enrollment(session, course, students[name], status=EnrollmentStatus(status), ended_on=ended)
    quiz = factories.quiz(session, course, title="First")
    for name in [name for name in statuses if statuses[name] != "pending"]:
        factories.attempt(session, quiz, students[name], score=2)


def neighbours(session, students):
    """Another course with the same people and titles, in which everybody has another status; other sources with the same ids."""
    statuses = ["withdrawn", "pending", "active", "active", "pending", "active", "active", "completed"]
    for shift in (0, 3):
        other = factories.course(session, weeks=3)
        filled(session, other, students, dict(zip(NAMES, statuses[shift:] + statuses[:shift], strict=True)))
        second = factories.quiz(session, other, title="Second", week_number=3)
        for name in ("active", "goes", "other"):
            if statuses[(NAMES.index(name) + shift) % 8] != "pending":
                factories.attempt(session, second, students[name], number=3)
        session.add(ExternalId(source="csv", kind="course", external_id=f"1{shift}", course_id=other.id))
        session.add(ExternalId(source="csv", kind="term", external_id=f"{shift + 1}", term_id=other.term_id))
    named = factories.course(session)
    for number, name in enumerate(reversed(NAMES), start=1):
        session.add(ExternalId(source="elsewhere", kind="person", external_id=str(number), person_id=students[name].id))
        session.add(ExternalId(source="elsewhere", kind="course", external_id=f"s{number}", course_id=named.id))
    session.flush()


def test_an_import_is_the_same_beside_other_courses_and_leaves_them_as_they_are(session, imported, course):
    options = {"notify": True, "withdraw_missing": True, "withdraw_at_most": 1}
    students = {name: factories.student(session, email=f"{name}@example.org", family_name=name.title(), given_name="") for name in NAMES}
    own = {"active": "active", "left": "withdrawn", "waits": "pending", "done": "completed", "goes": "active", "missing": "active"}
    filled(session, course, students, own)

    def outcome(*, beside):
        with session.begin_nested() as all_of_it:
            if beside:
                neighbours(session, students)
            others = rows(session, [course.id], but=True)
            reports = [imported(PEOPLE, **options), imported(SCORES), imported(PEOPLE, **options)]
            session.flush()
            after = rows(session, [course.id], but=True)
            assert {**after, "people": []} == {**others, "people": []}
            assert set(others["people"]) - set(after["people"]) <= {person for person in others["people"] if "''" in person}
            said = [(states_of(report), reasons(report), warnings_of(report), report.entities) for report in reports]
            found = rows(session, [course.id])
            all_of_it.rollback()
        return said, found

    alone, beside = outcome(beside=False), outcome(beside=True)
    assert beside == alone
    (first, scores, again), found = alone
    assert first[1] == []
    assert scores[1] == [(2, "is an attempt in lmskit that was not imported, so it is not changed")]
    assert set(again[0].split()) == {"unchanged", "withdrawn"}
    assert len(found["student_enrollments"]) == 9
