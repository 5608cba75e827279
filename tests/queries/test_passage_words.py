"""The words by which passages are found are those of the passages, whatever was added, changed or deleted, and by whom."""

import json
import random
import threading

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import ProgrammingError

from lmskit.db import transaction
from lmskit.limits import LONGEST_PROSE
from lmskit.materials.location import Location
from lmskit.materials.passages import Passage
from lmskit.models import Course, Material, MaterialPassage
from lmskit.services.material_passages import insert_passages
from tests import factories

WORDS = ["list", "loop", "it's", r"back\slash", "houses", "Haus", "the", "http://example.org/a?b=1", "é", "naïve", "3.5", "a:b", "x'y"]
OF_PASSAGES = """
SELECT p.material_id, p.ordinal, coalesce(p.language, ''), octet_length(p.body), w.lexeme, cardinality(w.positions)
FROM material_passages AS p LEFT JOIN LATERAL unnest(p.body_vector) AS w ON true WHERE p.course_id = :course
"""
TOGETHER = """
SELECT w.material_id, w.after_ordinal + s.number, w.language, s.size, l.lexeme, (l.position - 1) / 64 + 1
FROM passage_words AS w
CROSS JOIN LATERAL unnest(w.sizes) WITH ORDINALITY AS s (size, number)
LEFT JOIN LATERAL (
    SELECT v.lexeme, n.position FROM unnest(w.words) AS v CROSS JOIN unnest(v.positions) AS n (position)
) AS l ON (l.position - 1) % 64 + 1 = s.number
WHERE w.course_id = :course AND s.size IS NOT NULL
"""


def agree(session, course):
    """Whether passages and words say the same; how many words that were."""
    expected, found = (sorted(session.execute(text(query), {"course": course}).all(), key=repr) for query in (OF_PASSAGES, TOGETHER))
    assert found == expected
    return len(found)


def add(session, material, ordinals, chance):
    """Add passages in one statement."""
    rows = [
        {
            "course_id": material.course_id,
            "material_id": material.id,
            "ordinal": ordinal,
            "body": " ".join(chance.choices(WORDS, k=chance.randint(0, 60))),
            "language": chance.choice(["en", "de", None]),
        }
        for ordinal in ordinals
    ]
    columns = "course_id, material_id, ordinal, body, language"
    session.execute(
        text(
            f"INSERT INTO material_passages ({columns}) SELECT {columns} FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
            " AS r (course_id bigint, material_id bigint, ordinal int, body text, language text)"
        ),
        {"rows": json.dumps(rows)},
    )


@pytest.mark.parametrize("seed", range(3))
def test_they_follow_whatever_is_done_to_passages(session, seed):
    chance = random.Random(seed)
    course = factories.course(session, weeks=1)
    materials = [factories.material(session, course) for _ in range(2)]
    session.flush()
    there: dict[int, set[int]] = {material.id: set() for material in materials}
    for _ in range(12):
        material = chance.choice(materials)
        mine = there[material.id]
        of_material = (MaterialPassage.course_id == course.id) & (MaterialPassage.material_id == material.id)
        some = sorted(chance.sample(sorted(mine), len(mine) // 3))
        match chance.choice(["add", "add", "after", "some", "change", "move"]):
            case "add":
                new = set(chance.sample(range(1, 200), 60)) - mine
                add(session, material, sorted(new), chance)
                mine |= new
            case "after":
                after = chance.randint(0, 200)
                session.execute(delete(MaterialPassage).where(of_material, MaterialPassage.ordinal > after))
                there[material.id] = {ordinal for ordinal in mine if ordinal <= after}
            case "some":
                session.execute(delete(MaterialPassage).where(of_material, MaterialPassage.ordinal.in_(some)))
                mine -= set(some)
            case "change":
                session.execute(
                    update(MaterialPassage).where(of_material, MaterialPassage.ordinal.in_(some)).values(body="houses loop", language="en")
                )
            case "move":
                session.execute(
                    update(MaterialPassage)
                    .where(of_material, MaterialPassage.ordinal.in_(some))
                    .values(ordinal=MaterialPassage.ordinal + 1000)
                )
                session.execute(delete(MaterialPassage).where(of_material, MaterialPassage.ordinal > 1000))
                mine -= set(some)
        agree(session, course.id)
    add(session, materials[0], range(300, 370), chance)
    assert agree(session, course.id) > 70
    session.execute(delete(Material).where(Material.course_id == course.id))
    assert agree(session, course.id) == 0
    assert session.scalar(text("SELECT count(*) FROM passage_words WHERE course_id = :c"), {"c": course.id}) == 0


def test_a_word_counts_up_to_the_end_of_a_text_vector(session):
    course = factories.course(session, weeks=1)
    material = factories.material(session, course)
    for ordinal, n in ((1, 1), (64, 255), (65, 400), (128, 254)):
        factories.passage(session, material, ordinal, body="list " * n)
    session.flush()
    assert agree(session, course.id) == 4


def test_words_of_the_passages_of_a_material_are_together_when_it_is_added(session):
    course = factories.course(session, weeks=1)
    material = factories.material(session, course)
    session.flush()
    passages = [Passage(body=f"The list {number}", location=Location(), language="en") for number in range(1000)]
    insert_passages(session, course.id, material.id, passages, after=0)
    assert agree(session, course.id) == 2000
    assert session.scalar(text("SELECT count(*) FROM passage_words WHERE course_id = :c"), {"c": course.id}) == 16


@pytest.mark.long
def test_64_passages_of_the_greatest_length_are_stored(session):
    course = factories.course(session, weeks=1)
    material = factories.material(session, course)
    session.flush()
    session.execute(
        text(
            "INSERT INTO material_passages (course_id, material_id, ordinal, body)"
            " SELECT :course, :material, n, left((SELECT string_agg('ü' || chr(1000 + m % 20000) || n, ' ')"
            " FROM generate_series(1, 20000) AS m WHERE n > 0), :most) FROM generate_series(1, 64) AS n"
        ),
        {"course": course.id, "material": material.id, "most": LONGEST_PROSE},
    )
    assert agree(session, course.id) > 64 * 1000


def test_nobody_writes_them_but_the_trigger(session):
    for statement in (
        "INSERT INTO passage_words (course_id, material_id, after_ordinal, language, sizes, words) VALUES (1, 1, 0, '', '{}', '')",
        "UPDATE passage_words SET words = ''",
        "DELETE FROM passage_words",
    ):
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text(statement))


WAITS = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0 AND pid = :pid"


@pytest.mark.parametrize("change", ["DELETE FROM material_passages", "UPDATE material_passages SET body = 'houses loop'"])
def test_two_transactions_that_change_passages_of_the_same_row_lose_nothing(admin_engine, change):
    statement = text(f"{change} WHERE material_id = :material AND ordinal = :ordinal")
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
        material = factories.material(session, course).id
        rows = [
            {"course_id": course.id, "material_id": material, "ordinal": n, "body": "list loop houses", "language": "en"} for n in (1, 2, 3)
        ]
        session.execute(insert(MaterialPassage).values(rows))  # by one statement, so that their words are in one row
    begun, pids = threading.Event(), []

    def second():
        with transaction(admin_engine) as session:
            pids.append(session.scalar(text("SELECT pg_backend_pid()")))
            begun.set()
            session.execute(statement, {"material": material, "ordinal": 2})

    try:
        with transaction(admin_engine) as session:
            session.execute(statement, {"material": material, "ordinal": 1})
            other = threading.Thread(target=second)
            other.start()
            assert begun.wait(30)
            while other.is_alive() and not session.scalar(text(WAITS), {"pid": pids[0]}):
                other.join(0.01)
        other.join(30)
        with transaction(admin_engine) as session:
            assert agree(session, course.id) > 0
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(Material).where(Material.id == material))
            session.execute(delete(Course).where(Course.id == course.id))
