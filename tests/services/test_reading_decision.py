"""What lecturers decide about reading advice: kept while the text stays, one decision for each passage, in an order of their own."""

import threading

import pytest
from sqlalchemy import delete, event, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from lmskit.db import engine_for, transaction
from lmskit.errors import (
    ChangedMeanwhileError,
    CourseNotFoundError,
    DecisionNotFoundError,
    MaterialNotFoundError,
    PassageNotFoundError,
    WeekNotFoundError,
)
from lmskit.models import Course, Material, MaterialPassage, ReadingDecision
from lmskit.queries.reading_decision import reading_decisions
from lmskit.services.reading_decision import ban_passages, move_pin, pin_passage, take_back
from lmskit.vocabulary import Decision, Role
from tests import factories


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def material(session, course):
    return factories.material(session, course, title="Script", passages=["loops", "lists", "sets"])


def decided(session, course, week=1):
    return [(row["decision"], row["ordinals"]) for row in reading_decisions(session, course.id, week=week)]


def ids(session, course):
    return [row["decision_id"] for row in reading_decisions(session, course.id, week=1)]


def test_a_decision_is_made_once_replaced_by_the_other_one_and_taken_back(session, course, material):
    assert pin_passage(session, course.code, 1, material.id, 2).n_changed == 1
    again = pin_passage(session, course.code, 1, material.id, 2)
    assert again.n_changed == 0
    about = f"advice for week 1 of {course.code}: passage 2 of {material.title} (material {material.id})"
    assert again.sentence() == f"Pinned to the {about}. It was so before."
    assert decided(session, course) == [("pinned", [2])]
    banned = ban_passages(session, course.code, 1, material.id, [2, 3])
    assert banned.n_changed == 2
    assert f": passages 2 and 3 of {material.title} (material {material.id})." in banned.sentence()
    assert decided(session, course) == [("banned", [2]), ("banned", [3])]
    assert decided(session, course, week=2) == []
    said = take_back(session, ids(session, course)[0])
    assert said.startswith(f"No longer banned from the advice for week 1: passage 2 of {material.title} (material {material.id}). ")
    assert decided(session, course) == [("banned", [3])]


def test_pins_are_in_the_order_that_the_lecturer_gives_them(session, course, material):
    for ordinal in (1, 2, 3):
        pin_passage(session, course.code, 1, material.id, ordinal)
    move_pin(session, ids(session, course)[2], 1)
    assert decided(session, course) == [("pinned", [3]), ("pinned", [1]), ("pinned", [2])]
    move_pin(session, ids(session, course)[0], 99)
    pin_passage(session, course.code, 1, material.id, 2, position=-5)
    assert decided(session, course) == [("pinned", [2]), ("pinned", [1]), ("pinned", [3])]


def test_a_decision_follows_its_text_and_is_shown_as_gone_without_it(session, course, material):
    pin_passage(session, course.code, 1, material.id, 2)
    session.execute(delete(MaterialPassage).where(MaterialPassage.material_id == material.id))
    factories.passage(session, material, 1, body="a new beginning")
    factories.passage(session, material, 2, body="loops")
    assert decided(session, course) == [("pinned", None)]
    factories.passage(session, material, 3, body="lists")
    factories.passage(session, material, 4, body="lists")
    assert decided(session, course) == [("pinned", [3, 4])]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"course": "NO-SUCH"}, CourseNotFoundError),
        ({"week": 9}, WeekNotFoundError),
        ({"material_id": 2**70}, MaterialNotFoundError),
        ({"ordinal": 4}, PassageNotFoundError),
        ({"ordinal": 2**70}, PassageNotFoundError),
    ],
)
def test_what_does_not_exist_is_named(session, course, material, change, error):
    arguments = {"course": course.code, "week": 1, "material_id": material.id, "ordinal": 1, **change}
    with pytest.raises(error):
        pin_passage(session, **arguments)
    assert decided(session, course) == []


@pytest.mark.parametrize("decision_id", [0, -1, 2**70])
def test_an_unknown_decision_is_neither_moved_nor_taken_back(session, decision_id):
    with pytest.raises(DecisionNotFoundError):
        move_pin(session, decision_id, 1)
    with pytest.raises(DecisionNotFoundError):
        take_back(session, decision_id)


def test_a_ban_has_no_position(session, course, material):
    ban_passages(session, course.code, 1, material.id, [1])
    with pytest.raises(DecisionNotFoundError):
        move_pin(session, ids(session, course)[0], 1)


@pytest.fixture
def taught(admin_engine, make_person):
    """Committed courses of two lecturers, each with a material: code, material and engine by name."""
    made = {}
    with transaction(admin_engine) as session:
        for name in ("own", "other"):
            email = f"{factories.unique('decides')}@example.org"
            make_person(email, Role.LECTURER)
            person = session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": email}).scalar_one()
            course = factories.course(session, weeks=1, taught_by=type("Taught", (), {"id": person})())
            made[name] = course.code, factories.material(session, course, passages=["loops", "lists"]).id, engine_for(email)
    yield made
    with transaction(admin_engine) as session:
        for code, material_id, _ in made.values():
            session.execute(delete(Material).where(Material.id == material_id))
            session.execute(delete(Course).where(Course.code == code))


def test_a_lecturer_decides_for_own_courses_only(taught):
    (own, mine, engine), (other, theirs, other_engine) = taught["own"], taught["other"]
    with transaction(other_engine) as session:
        pin_passage(session, other, 1, theirs, 1)
        foreign = session.scalars(select(ReadingDecision.id)).one()
    with transaction(engine) as session:
        pin_passage(session, own, 1, mine, 1)
        ban_passages(session, own, 1, mine, [1])
        move_pin_of = session.scalars(select(ReadingDecision)).one()
        assert move_pin_of.decision is Decision.BANNED
        take_back(session, move_pin_of.id)
        pin_passage(session, own, 1, mine, 2, position=1)
        with pytest.raises(CourseNotFoundError):
            pin_passage(session, other, 1, theirs, 1)
        with pytest.raises(MaterialNotFoundError):
            pin_passage(session, own, 1, theirs, 1)
        for change in (lambda: move_pin(session, foreign, 1), lambda: take_back(session, foreign)):
            with pytest.raises(DecisionNotFoundError):
                change()
    with transaction(other_engine) as session:
        assert session.scalars(select(ReadingDecision.decision)).all() == [Decision.PINNED]


def test_decisions_are_audited_with_who_made_them(taught, admin_engine):
    code, material, engine = taught["own"]
    with transaction(engine) as session:
        pin_passage(session, code, 1, material, 1)
        ban_passages(session, code, 1, material, [1])
    with transaction(admin_engine) as session:
        course_id = session.scalars(select(Course.id).where(Course.code == code)).one()
        entries = session.execute(
            text("SELECT action::text, actor FROM audit_log WHERE table_name = 'reading_decisions' AND course_id = :course ORDER BY id"),
            {"course": course_id},
        ).all()
        logins = {row.actor for row in entries}
        decided_by = session.scalars(select(ReadingDecision.decided_by).where(ReadingDecision.course_id == course_id)).one()
    assert [row.action.lower() for row in entries] == ["insert", "delete", "insert"]
    assert logins == {decided_by}


def test_two_tabs_that_decide_at_the_same_moment_leave_one_decision_about_each_passage(taught, admin_engine):
    code, material, engine = taught["own"]
    ready, failed = threading.Barrier(2, timeout=30), []

    def decide(work):
        try:
            with transaction(engine) as session:
                session.execute(text("SELECT 1"))
                ready.wait()
                work(session)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failed.append(error)

    for first, second in (
        (lambda s: pin_passage(s, code, 1, material, 1), lambda s: pin_passage(s, code, 1, material, 1)),
        (lambda s: pin_passage(s, code, 1, material, 1), lambda s: ban_passages(s, code, 1, material, [1])),
        (lambda s: pin_passage(s, code, 1, material, 2, position=1), lambda s: pin_passage(s, code, 1, material, 1, position=1)),
    ):
        tabs = [threading.Thread(target=decide, args=(work,)) for work in (first, second)]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join()
    assert failed == []
    with transaction(admin_engine) as session:
        stored = session.scalars(select(ReadingDecision).where(ReadingDecision.material_id == material)).all()
    assert len(stored) == 2
    assert len({row.passage_checksum for row in stored}) == 2


def test_a_pin_that_another_session_wants_to_take_back_meanwhile_is_moved_first(taught, admin_engine):
    code, material, engine = taught["own"]
    with transaction(engine) as session:
        pin_passage(session, code, 1, material, 1)
    waited: list[bool] = []

    def take_it_back(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT reading_decisions.id, reading_decisions.decision") and not waited:
            with admin_engine.begin() as other:
                other.execute(text("SET LOCAL lock_timeout = 50"))
                try:
                    other.execute(delete(ReadingDecision).where(ReadingDecision.material_id == material))
                    waited.append(False)
                except OperationalError:
                    waited.append(True)
                    other.rollback()

    with transaction(engine) as session:
        event.listen(session.connection(), "after_cursor_execute", take_it_back)
        assert pin_passage(session, code, 1, material, 1, position=1).n_changed == 0
    assert waited == [True]
    with transaction(engine) as session:
        assert session.scalars(select(ReadingDecision.position).where(ReadingDecision.material_id == material)).one() == 1


def test_a_decision_that_others_make_and_take_back_at_every_try_is_refused(taught, admin_engine):
    code, material, engine = taught["own"]
    values = "course_id, week_number, material_id, passage_checksum, decision"
    with transaction(engine) as session:
        pin_passage(session, code, 1, material, 1)
        row = dict(
            session.execute(text(f"SELECT {values} FROM reading_decisions WHERE material_id = :m"), {"m": material}).mappings().one()
        )

    def others(*, before):
        def change(_connection, _cursor, statement, *_):
            if statement.startswith("INSERT INTO reading_decisions"):
                with admin_engine.begin() as other:
                    if before:
                        other.execute(insert(ReadingDecision).values(row).on_conflict_do_nothing())
                    else:
                        other.execute(delete(ReadingDecision).where(ReadingDecision.material_id == material))

        return change

    with transaction(engine) as session:
        event.listen(session.connection(), "before_cursor_execute", others(before=True))
        event.listen(session.connection(), "after_cursor_execute", others(before=False))
        with pytest.raises(ChangedMeanwhileError):
            pin_passage(session, code, 1, material, 1)
