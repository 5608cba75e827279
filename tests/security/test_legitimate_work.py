"""What a lecturer must be able to do, while everything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from lmskit.db.transaction import snapshot, transaction
from lmskit.models import Course, CrawlPage, Material, MaterialCrawl, Quiz, QuizAttempt, ReadingDecision, Syllabus, User
from lmskit.queries import attempt, computed_at, course, mastery, material_choices, provenance, pseudonymised, roster, term
from lmskit.queries.login import signed_in
from lmskit.reporting import snapshot as shared
from lmskit.services import material_deletion
from tests.security.world import FOREIGN, OWN, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import CursorResult

CODE, COURSE, STUDENT = "wren-1", OWN + ROWS["course"], OWN + ROWS["student"]
ENOUGH = 20


def executed(statement: str) -> Callable[[Session], int]:
    return lambda session: len(session.execute(text(statement)).all())


def added(session: Session) -> int:
    session.execute(insert(Syllabus).values(course_id=COURSE, week_number=40, topic="A new week"))
    quiz = session.execute(insert(Quiz).values(course_id=COURSE, week_number=40, title="New", max_score=5).returning(Quiz.id)).scalar_one()
    session.execute(
        insert(QuizAttempt)
        .values(
            quiz_id=quiz, course_id=COURSE, student_id=STUDENT, number=1, score=3, max_score=5, submitted_at="2026-05-01", origin="form"
        )
        .returning(QuizAttempt.id)
    ).scalar_one()
    return 1


def material_added_and_deleted(session: Session) -> int:
    material = session.execute(
        insert(Material)
        .values(course_id=COURSE, week_number=1, kind="page", title="New", url="https://example.org/new")
        .returning(Material.id)
    ).scalar_one()
    session.execute(text(f"INSERT INTO material_passages (material_id, ordinal, course_id, body) VALUES ({material}, 1, {COURSE}, 'x')"))
    session.execute(
        text(
            "INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)"
            f" VALUES ({COURSE}, {material}, 1, 'shared', 3, '[1, 0, 0]')"
        )
    )
    n_words = text(f"SELECT count(*) FROM passage_words WHERE material_id = {material} AND words @@ 'x'")
    assert session.scalar(n_words) == 1
    assert material_deletion.delete_passages(session, material) == 1
    assert session.scalar(n_words) == 0
    assert not material_deletion.delete_material(session, FOREIGN + ROWS["material"])
    return int(material_deletion.delete_material(session, material))


def file_kept_and_released(session: Session) -> int:
    name = "f" * 64
    session.execute(select(func.lms.keep_material_file(name)))
    session.execute(
        insert(Material).values(course_id=COURSE, kind="pdf", title="New", file_name="new.pdf", checksum="0" * 64, stored_as=name)
    )
    assert not session.scalar(select(func.lms.release_material_file(name)))
    session.execute(update(Material).where(Material.stored_as == name).values(stored_as=None))
    return int(bool(session.scalar(select(func.lms.release_material_file(name)))))


def passage_pinned(session: Session) -> int:
    values = {"week_number": 1, "material_id": OWN + ROWS["material"], "passage_checksum": "a" * 64, "decision": "pinned", "position": 2}
    decision = session.execute(insert(ReadingDecision).values(course_id=COURSE, **values).returning(ReadingDecision.id)).scalar_one()
    session.execute(update(ReadingDecision).where(ReadingDecision.id == decision).values(position=1))
    assert not material_deletion.delete_reading_decision(session, FOREIGN + ROWS["decision"])
    return int(material_deletion.delete_reading_decision(session, decision))


def site_crawled(session: Session) -> int:
    crawl = session.execute(
        insert(MaterialCrawl).values(course_id=COURSE, start_url="https://example.org/").returning(MaterialCrawl.id)
    ).scalar_one()
    session.execute(insert(CrawlPage).values(course_id=COURSE, crawl_id=crawl, url="https://example.org/", depth=0))
    found = {"state": "done", "material_id": OWN + ROWS["material"]}
    session.execute(update(CrawlPage).where(CrawlPage.crawl_id == crawl).values(**found))
    session.execute(update(MaterialCrawl).where(MaterialCrawl.id == crawl).values(state="done", ended_at=func.now()))
    assert not material_deletion.delete_crawl(session, FOREIGN + ROWS["crawl"])
    return int(material_deletion.delete_crawl(session, crawl))


def narrowed(session: Session) -> int:
    course.narrow(session, CODE)
    return int(list(course.courses(session)["code"]) == [CODE])


def changed(statement) -> Callable[[Session], int]:
    return lambda session: cast("CursorResult[Any]", session.execute(statement)).rowcount


WORK: dict[str, Callable[[Session], int]] = {
    "list the courses": lambda s: len(course.courses(s)),
    "count the courses": course.count_courses,
    "open a course": lambda s: course.course_by_code(s, CODE).id,
    "list the courses of a term": lambda s: len(course.courses_of_term(s, "SHARED")),
    "export without names": lambda s: sum(
        len(table)
        for table in (pseudonymised.participants(s, COURSE), pseudonymised.shares(s, COURSE), pseudonymised.levels_of_weeks(s, COURSE))
    ),
    "read the syllabus": lambda s: len(course.syllabus(s, CODE)),
    "list the terms": lambda s: len(term.terms(s)),
    "open a term": lambda s: term.term_by_code(s, "SHARED").id,
    "read the roster": lambda s: len(roster.course_roster(s, CODE)),
    "count the roster": lambda s: roster.roster_size(s, CODE) - roster.class_size(s, CODE),
    "see the class by week": lambda s: len(mastery.class_weeks(s, CODE)),
    "see the heat map": lambda s: len(mastery.mastery_cells(s, CODE)),
    "see who needs help": lambda s: len(mastery.students_to_help(s, CODE)) + 1,
    "see one student": lambda s: len(mastery.student_weeks(s, CODE, STUDENT)),
    "see one student's attempts": lambda s: len(attempt.student_attempts(s, CODE, STUDENT)),
    "see how the quizzes went": lambda s: len(attempt.quiz_totals(s, CODE)),
    "see the rule": lambda s: len(mastery.course_rule(s, CODE)),
    "see the stored rules": lambda s: len(mastery.stored_rules(s, CODE)),
    "see how fresh it is": lambda s: int(computed_at.computed_at(s, CODE) is not None),
    "see where numbers come from": lambda s: len(provenance.row_counts(s, CODE)),
    "read the schema's revision": lambda s: len(provenance.schema_revision(s)),
    "read ids of other systems": executed("SELECT x.* FROM courses AS c CROSS JOIN external_ids_in(c.id) AS x"),
    "read names": lambda s: len(s.execute(select(User.id, User.name, User.sort_name)).all()),
    "read addresses": executed("SELECT student_id, email FROM student_addresses WHERE email IS NOT NULL"),
    "read the own address": lambda s: int(signed_in(s).email == "wren.lecturer@example.org"),
    "change the rule": changed(update(Course).where(Course.code == CODE).values(mastery_rule="ewma", mastery_parameters={"half_life": 2})),
    "change a score": changed(update(QuizAttempt).where(QuizAttempt.course_id == COURSE).values(score=2, feedback="Well done")),
    "change a topic": changed(update(Syllabus).where(Syllabus.course_id == COURSE).values(topic="Graphs", objectives="Find a path")),
    "change a quiz": changed(update(Quiz).where(Quiz.course_id == COURSE).values(title="Quiz", answer_key={"q1": "a"})),
    "add a week, a quiz and an attempt": added,
    "add and delete a material": material_added_and_deleted,
    "narrow to one course": narrowed,
    "search the passages": executed(
        "SELECT p.body FROM material_passages AS p JOIN passage_vectors AS v USING (course_id, material_id, ordinal)"
        " WHERE v.model = 'shared' ORDER BY v.embedding <=> array_fill(0.2, ARRAY[3])::halfvec LIMIT 3"
    ),
    "see what can be searched": lambda s: material_choices.material_choices(s, [CODE]).n_passages,
    "move a material to another week": changed(update(Material).where(Material.course_id == COURSE).values(week_number=2)),
    "keep, refer to and release a file": file_kept_and_released,
    "pin a passage, move it and take it back": passage_pinned,
    "crawl a site": site_crawled,
}


@pytest.mark.parametrize("what", WORK)
def test_a_lecturer_can(world, what):
    with Session(world.engine(world.own)) as session:
        assert WORK[what](session) > 0
        session.rollback()


def test_a_report_reads_the_snapshot_that_a_build_has_opened(world):
    engine = world.engine(world.own)
    with snapshot(engine) as build, snapshot(engine) as report:
        report.execute(text(f"SET TRANSACTION SNAPSHOT '{shared.export_snapshot(build)}'"))
        assert len(course.courses(report)) == 2


def test_an_administrator_sees_both_worlds(world):
    with transaction(world.engine(world.admin)) as session:
        assert {"wren-1", "wren-2", "canary-1", "canary-2"} <= set(course.courses(session)["code"])


def test_enough_of_the_work_is_tried(say):
    assert len(WORK) >= ENOUGH
    say(f"legitimate work of a lecturer: {len(WORK)} operations")
