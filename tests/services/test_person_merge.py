"""Two students who are one person become one, and two again: nothing is lost, and nothing is half done."""

import copy
import datetime as dt

import pytest
from sqlalchemy import select, text, update

from lmskit.errors import (
    CannotMergeError,
    CannotSplitError,
    ChangedMeanwhileError,
    MergeNotFoundError,
    PersonExistsError,
    UnknownPersonError,
)
from lmskit.models import Enrollment, ExternalId, OutboxMessage, PersonMerge, QuizAttempt, QuizException, Section, SectionMember, Term, User
from lmskit.queries.person import found_person
from lmskit.queries.person_merge import person_merges
from lmskit.queries.personal_data import person_id_of
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.person import ChangePerson
from lmskit.schemas.quiz_exception import QuizOfStudent
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.mastery import refresh
from lmskit.services.pasted_people import meant_by
from lmskit.services.person_change import change_person
from lmskit.services.person_merge import merge_people, split_person
from lmskit.services.quiz_exception import excuse
from lmskit.vocabulary import EnrollmentStatus, EntityKind, OutboxStatus, SectionKind
from tests import factories

PICTURE = (
    "SELECT id, email, family_name, given_name, sort_name, preferred_name, preferred_sort_name, role, settings, created_at FROM users",
    "SELECT * FROM external_ids",
    "SELECT * FROM student_enrollments",
    "SELECT * FROM section_members",
    "SELECT * FROM quiz_exceptions",
    "SELECT * FROM student_activity",
    "SELECT id, quiz_id, student_id, number, score, answers, submitted_at FROM quiz_attempts",
    "SELECT * FROM outbox",
    "SELECT student_id, course_id, week_number, level, value, n_evidence FROM topic_performance",
    "SELECT * FROM person_merges",
)
NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


def everything(session):
    """All that a merge can change, in an order of its own."""
    session.flush()
    return [sorted(map(str, session.execute(text(statement)).all())) for statement in PICTURE]


def receipt_of(report):
    """The number by which the two of a merge can be split again."""
    assert report.receipt is not None
    return report.receipt


class Twins:
    """Ann, who is in lmskit twice: enrolled in `shared` as both, in `own` as the second alone; with results, ids, sections, messages."""

    def __init__(self, session):
        self.session = session
        self.kept = factories.student(session, family_name="Twin", given_name="Ann")
        self.removed = factories.student(session, family_name="Twín", given_name="Ann")
        self.shared, self.own = (factories.course(session, weeks=2) for _ in range(2))
        factories.enrollment(session, self.shared, self.kept, status=EnrollmentStatus.WITHDRAWN, ended_on=factories.FIRST_DAY)
        factories.enrollment(session, self.shared, self.removed, started_on=factories.FIRST_DAY - dt.timedelta(days=3))
        factories.enrollment(session, self.own, self.removed)
        self.quiz, self.other = factories.quiz(session, self.shared), factories.quiz(session, self.own)
        for quiz, person, day in ((self.quiz, self.kept, 1), (self.quiz, self.removed, 8), (self.other, self.removed, 9)):
            due_on = dt.date(2026, 10, day)
            session.add(QuizException(course_id=quiz.course_id, quiz_id=quiz.id, student_id=person.id, excused=False, due_on=due_on))
        for person, number, hours, score in (
            (self.kept, 1, 1, 1),
            (self.kept, 2, 3, 2),
            (self.removed, 1, 0, 3),
            (self.removed, 2, 2, 4),
            (self.removed, 3, 9, 5),
        ):
            submitted = NOON + dt.timedelta(hours=hours)
            factories.attempt(session, self.quiz, person.id, number=number, score=score, submitted_at=submitted)
        factories.attempt(session, self.other, self.removed.id, number=4, score=1)
        for person, external_id in ((self.kept, "17"), (self.removed, "0017")):
            session.add(ExternalId(source="twin", kind=EntityKind.PERSON, external_id=external_id, person_id=person.id))
        section = Section(course_id=self.shared.id, kind=SectionKind.SECTION, name="Lab", source="csv")
        session.add(section)
        session.flush()
        session.add(SectionMember(course_id=self.shared.id, section_id=section.id, student_id=self.removed.id))
        for course, person in ((self.shared, self.kept), (self.shared, self.removed), (self.own, self.removed)):
            session.add(
                OutboxMessage(
                    idem_key=f"enroll:{course.id}:{person.id}:1",
                    message_id=factories.unique("<m>"),
                    course_id=course.id,
                    student_id=person.id,
                    request_sequence=1,
                    recipient=person.email,
                    template="welcome",
                    context={},
                    status=OutboxStatus.SENT,
                    sent_at=NOON,
                )
            )
        session.flush()
        refresh(session, courses=[self.shared.code, self.own.code])

    def merge(self, **how):
        return merge_people(self.session, str(self.kept.id), str(self.removed.id), **how)


@pytest.fixture
def twins(session):
    return Twins(session)


def test_all_results_stay_numbered_by_time_and_mastery_is_that_of_one_person(session, twins):
    report = twins.merge()
    kept = report.kept_id
    found = session.execute(
        select(QuizAttempt.number, QuizAttempt.score).where(QuizAttempt.quiz_id == twins.quiz.id).order_by(QuizAttempt.number)
    )
    assert [(number, int(score)) for number, score in found] == [(1, 3), (2, 1), (3, 4), (4, 2), (5, 5)]
    assert session.scalars(
        select(QuizAttempt.number).where(QuizAttempt.student_id == kept, QuizAttempt.quiz_id == twins.other.id)
    ).all() == [4]
    assert {key[:2] for key in report.touched} == {(kept, twins.shared.id), (kept, twins.own.id)}
    refresh(session, touched=report.touched)
    estimates = session.execute(
        text("SELECT course_id, n_evidence FROM topic_performance WHERE student_id = :k ORDER BY 1"), {"k": kept}
    ).all()
    assert [course for course, _ in estimates] == [twins.shared.id, twins.own.id]
    assert session.scalar(text("SELECT count(*) FROM topic_performance WHERE student_id = :r"), {"r": report.removed_id}) == 0


def test_of_two_enrollments_one_stays_and_sections_messages_and_ids_of_both(session, twins):
    report = twins.merge()
    rows = session.scalars(select(Enrollment).where(Enrollment.student_id == report.kept_id).order_by(Enrollment.course_id)).all()
    first = factories.FIRST_DAY
    assert [(row.course_id, row.status, row.started_on, row.ended_on) for row in rows] == [
        (twins.shared.id, EnrollmentStatus.ACTIVE, first - dt.timedelta(days=3), None),
        (twins.own.id, EnrollmentStatus.ACTIVE, first, None),
    ]
    assert session.scalar(select(SectionMember.student_id).where(SectionMember.course_id == twins.shared.id)) == report.kept_id
    messages = select(OutboxMessage.course_id, OutboxMessage.request_sequence).where(OutboxMessage.student_id == report.kept_id)
    assert sorted(session.execute(messages).all(), key=str) == sorted(
        [(twins.shared.id, 1), (twins.shared.id, None), (twins.own.id, 1)], key=str
    )
    session.expire_all()
    for who in ("twin:17", "twin:0017", factories.address(twins.kept)):
        assert found_person(session, who).id == report.kept_id
    assert report.counts == "2 enrollments, 4 results, 1 section, 2 messages, 1 id"


def test_what_is_no_longer_as_it_was_previewed_is_refused(session, twins):
    previewed = twins.merge(dry_run=True)
    added = factories.attempt(session, twins.other, twins.removed.id, number=9, score=1)
    before = everything(session)
    with pytest.raises(ChangedMeanwhileError, match=f"changed person {twins.kept.id} or person {twins.removed.id} since"):
        twins.merge(previewed=previewed)
    assert everything(session) == before
    session.delete(added)
    session.flush()
    receipt = receipt_of(twins.merge(previewed=previewed))
    split = split_person(session, receipt, dry_run=True)
    change_person(session, ChangePerson(person=str(split.kept_id), family_name="Renamed"))
    with pytest.raises(ChangedMeanwhileError, match=f"changed person {split.kept_id} since"):
        split_person(session, receipt, previewed=split)
    assert split_person(session, receipt, previewed=split_person(session, receipt, dry_run=True)).kept_name == "Renamed, Ann"


def test_what_an_earlier_try_has_done_is_reported_and_not_done_again(session, twins):
    """As after a connection that was lost at the commit."""
    pair = str(twins.kept.id), str(twins.removed.id)
    planned = merge_people(session, *pair, dry_run=True)
    receipt = receipt_of(merge_people(session, *pair, previewed=planned))
    again = merge_people(session, *pair, previewed=planned)
    assert (again.receipt, again.sentence) == (receipt, planned.sentence)
    with pytest.raises(UnknownPersonError):
        merge_people(session, *pair)
    shown = split_person(session, receipt, dry_run=True)
    done = split_person(session, receipt, previewed=shown)
    assert split_person(session, receipt, previewed=shown).sentence == done.sentence
    with pytest.raises(MergeNotFoundError):
        split_person(session, receipt)


def test_a_split_that_is_tried_shows_both_and_changes_nothing(session, twins):
    addresses = factories.address(twins.kept), factories.address(twins.removed)
    receipt = receipt_of(twins.merge())
    before = everything(session)
    tried = split_person(session, receipt, dry_run=True)
    assert everything(session) == before
    assert {part.what: (part.kept, part.removed) for part in tried.parts} == {
        "Name": ("Twin, Ann", "Twín, Ann"),
        "Address": addresses,
        "Ids of other systems": ("twin:17", "twin:0017"),
        twins.shared.code: ("withdrawn, 2 results", "active, Lab, 3 results"),
        twins.own.code: ("–", "active, 1 result"),
    }
    assert tried.moved == {"enrollments": 2, "results": 4, "sections": 1, "messages": 2, "ids": 1}


def test_the_former_address_leads_to_the_one_who_stays(session, twins):
    address, kept_address = twins.removed.email, twins.kept.email
    report = twins.merge()
    assert found_person(session, address.upper()).id == report.kept_id
    assert found_person(session, kept_address).email == kept_address
    with pytest.raises(UnknownPersonError):
        found_person(session, str(report.removed_id))


def test_the_former_address_is_typed_like_the_present_one(session, twins):
    address, course = twins.removed.email, factories.course(session)
    kept = twins.merge().kept_id
    assert [meant.person and meant.person.id for meant in meant_by(session, f"{address}; {twins.kept.email}")] == [kept, kept]
    assert enroll(session, EnrollStudent(course=course.code, email=address)).student_id == kept
    assert withdraw(session, course=course.code, who=address).student_id == kept
    assert excuse(session, QuizOfStudent(course=twins.shared.code, quiz=twins.quiz.title, student=address)).startswith("Twin, Ann ")
    assert person_id_of(session, address) == kept


def test_the_conflicts_are_listed_first_and_a_dry_run_changes_nothing(session, twins):
    before = everything(session)
    report = twins.merge(dry_run=True)
    assert everything(session) == before
    assert report.receipt is None
    assert {conflict.what: conflict.resolution for conflict in report.conflicts} == {
        "Name": "stays Twin, Ann",
        "Address": f"stays {twins.kept.email}; imports find the person by both",
        "Id of twin": "both are kept: imports find the person by either",
        f"Enrollment in {twins.shared.code}": "one enrollment, active, from the earlier first day on",
        f"{twins.quiz.title} · {twins.shared.code}": "all are kept, numbered 1 to 5 by time",
    }


def test_a_split_brings_everything_back_as_it_was(session, twins):
    before = everything(session)
    report = twins.merge()
    refresh(session, touched=report.touched)
    assert everything(session) != before
    split = split_person(session, receipt_of(report))
    refresh(session, touched=split.touched)
    assert everything(session) == before
    with pytest.raises(MergeNotFoundError, match=f"no merge with the receipt {report.receipt}"):
        split_person(session, receipt_of(report))


def test_the_address_of_the_one_who_goes_is_taken_over_and_given_back(session):
    kept, removed = factories.student(session, email=None), factories.student(session)
    address, before = factories.address(removed), everything(session)
    report = merge_people(session, str(kept.id), address)
    assert found_person(session, address).id == kept.id
    split_person(session, receipt_of(report))
    assert everything(session) == before


def test_the_preferred_name_of_the_one_who_goes_is_kept_unless_the_other_has_one(session, twins):
    change_person(session, ChangePerson(person=str(twins.removed.id), preferred_name="Bess"))
    session.expire_all()
    people, report = everything(session)[0], twins.merge()
    assert [(found.kept, found.removed, found.resolution) for found in report.conflicts if found.what == "Preferred name"] == [
        ("–", "Bess", "becomes Bess")
    ]
    assert (twins.kept.name, person_merges(session)["former_name"].tolist()[0]) == ("Twin, Bess", "Twín, Bess")
    split_person(session, receipt_of(report))
    assert everything(session)[0] == people
    change_person(session, ChangePerson(person=str(twins.kept.id), preferred_name="Annie"))
    session.expire_all()
    (found,) = [found for found in twins.merge().conflicts if found.what == "Preferred name"]
    assert (found.kept, found.removed, found.resolution, twins.kept.name) == ("Annie", "Bess", "stays Annie", "Twin, Annie")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("results", "the results in {shared}"),
        ("enrollment", "the enrollment in {own}"),
        ("section", "the sections of {shared}"),
        ("excuse", "the excuses and more time in {shared}"),
        ("id", "the ids of other systems"),
        ("address", "the address, the ids of other systems"),
    ],
)
def test_what_was_changed_since_is_named_and_nothing_is_split(session, twins, change, named):
    report = twins.merge()
    match change:
        case "results":
            factories.attempt(session, twins.quiz, report.kept_id, number=6, score=1)
        case "enrollment":
            mine = (Enrollment.student_id == report.kept_id, Enrollment.course_id == twins.own.id)
            session.execute(update(Enrollment).where(*mine).values(status=EnrollmentStatus.COMPLETED))
        case "section":
            session.execute(text("DELETE FROM section_members"))
        case "excuse":
            session.execute(text("DELETE FROM quiz_exceptions WHERE course_id = :course"), {"course": twins.shared.id})
        case "id":
            session.execute(text("DELETE FROM external_ids WHERE external_id = '0017'"))
        case "address":
            change_person(session, ChangePerson(person=str(report.kept_id), email=f"{factories.unique('now')}@example.org"))
    before = everything(session)
    sentence = f"These were changed since: {named.format(shared=twins.shared.code, own=twins.own.code)}. Nothing was changed."
    with pytest.raises(CannotSplitError) as refused:
        split_person(session, receipt_of(report))
    assert str(refused.value) == sentence
    assert everything(session) == before


def test_an_excuse_of_a_file_that_a_person_took_over_since_is_not_split(session, twins):
    session.execute(update(QuizException).where(QuizException.quiz_id == twins.quiz.id).values(excused=True, excused_by_format="csv"))
    report = twins.merge()
    excuse(session, QuizOfStudent(course=twins.shared.code, quiz=twins.quiz.title, student=str(report.kept_id)))
    with pytest.raises(CannotSplitError, match=f"changed since: the excuses and more time in {twins.shared.code}. Nothing was changed."):
        split_person(session, receipt_of(report))


def test_people_who_were_merged_before_excuses_had_formats_are_split(session, twins):
    merge = session.get_one(PersonMerge, receipt_of(twins.merge()))
    picture = copy.deepcopy(merge.picture)
    excuses = [row for part, rows in picture["after"].items() if part.startswith("the excuses") for row in rows]
    assert [row.pop("excused_by_format") for row in excuses] == [None] * len(excuses) != []
    merge.picture = picture
    session.flush()
    assert split_person(session, merge.id).kept_id == twins.kept.id


def test_a_merge_of_the_merged_is_split_from_the_last_one_on(session, twins):
    before = everything(session)
    first = twins.merge()
    third = factories.student(session, family_name="Twin", given_name="A.")
    between = everything(session)
    second = merge_people(session, str(third.id), str(first.kept_id))
    with pytest.raises(CannotSplitError, match=f"merged again since, into person {third.id}"):
        split_person(session, receipt_of(first))
    split_person(session, receipt_of(second))
    refresh(session, courses=[twins.shared.code, twins.own.code])
    now = everything(session)
    assert now[:6] == between[:6]
    split_person(session, receipt_of(first))
    session.execute(text("DELETE FROM users WHERE id = :third"), {"third": third.id})
    assert everything(session)[:6] == before[:6]


def test_the_former_address_that_another_person_has_by_now_is_refused(session):
    kept, removed = factories.student(session), factories.student(session)
    address = removed.email
    report = merge_people(session, str(kept.id), str(removed.id))
    factories.student(session, email=address)
    with pytest.raises(PersonExistsError, match=address):
        split_person(session, receipt_of(report))


@pytest.mark.parametrize("obstacle", ["lecturer", "lecturers", "closed", "pending", "one"])
def test_what_cannot_be_merged_is_refused_with_what_to_do(session, twins, obstacle):
    kept, removed, sentence = str(twins.kept.id), str(twins.removed.id), ""
    match obstacle:
        case "lecturer":
            kept, sentence = str(factories.lecturer(session).id), "Role: not possible: only students are merged."
        case "lecturers":
            kept, removed = (str(factories.lecturer(session).id) for _ in range(2))
            sentence = "Role: not possible: only students are merged. Hand over the courses of the one who goes"
        case "closed":
            session.execute(text("SELECT lms.close_term(:term)"), {"term": twins.own.term_id})
            code = session.scalar(select(Term.code).where(Term.id == twins.own.term_id))
            sentence = f"Enrollment in {twins.own.code}: not possible: the term {code} is closed. Keep the other person, or open it"
        case "pending":
            waits = factories.course(session)
            enroll(session, EnrollStudent(course=waits.code, email=twins.removed.email))
            sentence = f"Enrollment in {waits.code}: not possible: its message is not sent yet."
        case "one":
            removed, sentence = kept, f"{kept} and {kept} are one person already, number {kept}. Nothing was changed."
    before = everything(session)
    with pytest.raises(CannotMergeError) as refused:
        merge_people(session, kept, removed)
    assert str(refused.value).startswith(sentence)
    assert everything(session) == before
    if obstacle != "one":
        (first, *_) = merge_people(session, kept, removed, dry_run=True).obstacles
        assert f"{first.what}: {first.resolution}".startswith(sentence)


def test_a_person_without_anything_is_merged_too(session):
    kept, removed = factories.student(session, email=None), factories.student(session, email=None)
    report = merge_people(session, str(kept.id), str(removed.id))
    assert report.counts == "nothing but the person"
    assert session.get(User, report.removed_id) is None


def test_more_time_of_both_becomes_the_longer_one_of_the_person_who_stays(twins):
    merge_people(twins.session, str(twins.kept.id), str(twins.removed.id))
    days = select(QuizException.quiz_id, QuizException.due_on).where(QuizException.student_id == twins.kept.id)
    found = {row.quiz_id: row.due_on for row in twins.session.execute(days)}
    assert found == {twins.quiz.id: dt.date(2026, 10, 8), twins.other.id: dt.date(2026, 10, 9)}


@pytest.mark.parametrize(
    ("of_kept", "of_removed", "joined"),
    [(("csv", True), (None, False), "csv"), ((None, False), ("csv", True), "csv"), ((None, True), ("csv", True), None)],
)
def test_an_excuse_of_one_of_two_is_one_by_a_person_if_it_was(twins, of_kept, of_removed, joined):
    of_quiz = select(QuizException).where(QuizException.quiz_id == twins.quiz.id)
    for person, (by_format, excused) in ((twins.kept, of_kept), (twins.removed, of_removed)):
        found = twins.session.scalars(of_quiz.where(QuizException.student_id == person.id)).one()
        found.excused, found.excused_by_format = excused, by_format
    twins.session.flush()
    merge_people(twins.session, str(twins.kept.id), str(twins.removed.id))
    twins.session.expire_all()
    left = twins.session.scalars(of_quiz).one()
    assert (left.student_id, left.excused, left.excused_by_format) == (twins.kept.id, True, joined)
