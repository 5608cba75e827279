"""Search by words and by meaning gives what an independent computation gives, and nothing of other courses has an influence."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import engine_for, transaction
from lmskit.models import Course, Material
from lmskit.queries.material_search import WEIGHT_OF_WORDS, PassageFilter, best_passages, best_passages_of_each, found_words
from lmskit.queries.passage_scores import SearchVector
from lmskit.queries.search_words import plain_words, search_words
from lmskit.text_search import configuration_of
from lmskit.vocabulary import MaterialKind, Role
from tests import factories

WORDS = [
    "list",
    "loop",
    "index",
    "value",
    "array",
    "plot",
    "error",
    "test",
    "function",
    "mean",
    "variable",
    "string",
    "house",
    "houses",
    "running",
    "runs",
    "Haus",
    "Liste",
    "Schleife",
]
EVERY = 1000


def passages(session, course, language, n, *, seed, model=None, **values):
    """A material with passages of a few words each, by chance, with a vector unless there is no model."""
    chance = random.Random(seed)
    made = factories.material(session, course, language=language, **values)
    for ordinal in range(1, n + 1):
        body = " ".join(chance.choices(WORDS, k=chance.randint(1, 30)))
        passage = factories.passage(session, made, ordinal, body=body)
        if model is not None:
            factories.vector(session, passage, model, unit(chance, model.dimension))
    return made


def unit(chance, dimension=3):
    numbers = [chance.gauss(0, 1) for _ in range(dimension)]
    return [number / math.hypot(*numbers) for number in numbers]


def expected(session, courses, wished, vector=None):
    """Score of every passage by material and ordinal, computed from the words of each passage, in Python."""
    rows = session.execute(
        text(
            "SELECT p.material_id, p.ordinal, p.language, p.body, v.embedding::vector::float4[] AS embedding FROM material_passages AS p"
            " LEFT JOIN passage_vectors AS v USING (course_id, material_id, ordinal) WHERE p.course_id = ANY(:courses)"
        ),
        {"courses": courses},
    ).all()

    def lexemes(language, body):
        found = session.execute(
            text("SELECT lexeme, cardinality(positions) FROM unnest(to_tsvector(CAST(:name AS regconfig), :body))"),
            {"name": configuration_of(language), "body": body},
        )
        return dict(found.all())

    counted = [lexemes(row.language, row.body) for row in rows]
    searched = {row.language: set(lexemes(row.language, wished)) for row in rows}
    relevant = [{word: n for word, n in count.items() if word in searched[row.language]} for row, count in zip(rows, counted, strict=True)]
    documents = Counter(word for words in relevant for word in words)

    def rarity(word):
        return math.log(1 + (len(rows) - documents[word] + 0.5) / (documents[word] + 0.5))

    size = sum(len(row.body.encode()) for row in rows) / len(rows)
    scores = {}
    for row, words in zip(rows, relevant, strict=True):
        most = 2.2 * sum(map(rarity, searched[row.language]))
        lengthy = 1.2 * (0.25 + 0.75 * len(row.body.encode()) / size)
        by_words = sum(rarity(word) * 2.2 * n / (n + lengthy) for word, n in words.items()) / most if words else 0.0
        if vector is not None and row.embedding is not None:
            cosine = float(np.dot(np.asarray(row.embedding, dtype=np.float64), np.asarray(vector, dtype=np.float16).astype(np.float64)))
            scores[row.material_id, row.ordinal] = WEIGHT_OF_WORDS * by_words + (1 - WEIGHT_OF_WORDS) * cosine
        elif words:
            scores[row.material_id, row.ordinal] = by_words
    return scores


def keys(rows):
    return [(row["material_id"], row["ordinal"]) for row in rows]


@pytest.fixture(scope="module")
def world(module_session):
    """Two courses with passages in three languages, one with some passages that have no vector, and a third course beside them."""
    model = factories.embedding_model(module_session, name="search-test")
    first, second, other = (factories.course(module_session, weeks=2) for _ in range(3))
    passages(module_session, first, "en", 40, seed=1, model=model)
    passages(module_session, first, "de", 25, seed=2, model=model, week_number=2, kind=MaterialKind.PDF)
    passages(module_session, first, "en", 5, seed=3)
    passages(module_session, second, None, 20, seed=4, model=model, week_number=None)
    passages(module_session, other, "en", 30, seed=5, model=model)
    module_session.commit()
    return first, second, other


@pytest.fixture
def connection(part_of_module):
    return part_of_module


def vector(seed):
    return SearchVector("search-test", "", tuple(unit(random.Random(seed))))


@pytest.mark.parametrize("wished", ["house", "running list", "Listen Schleifen", "nothing of this", "the of and", "list " * 200])
@pytest.mark.parametrize("meaning", [True, False])
def test_it_gives_what_an_independent_computation_gives(session, world, wished, meaning):
    asked = vector(7) if meaning else None
    for courses in ([world[0].id], [world[0].id, world[1].id]):
        scores = expected(session, courses, wished, None if asked is None else asked.numbers)
        rows = best_passages(session, courses, plain_words(wished), asked, most=EVERY)
        assert {key: pytest.approx(score, abs=1e-6) for key, score in scores.items()} == {
            (row["material_id"], row["ordinal"]): row["score"] for row in rows
        }
        assert keys(rows) == sorted(keys(rows), key=lambda key: next((-r["score"], *key) for r in rows if keys([r]) == [key]))
        if rows:
            n_passages = session.scalar(text("SELECT count(*) FROM material_passages WHERE course_id = ANY(:c)"), {"c": courses})
            assert rows[0]["typical"] == pytest.approx(sum(scores.values()) / n_passages)


def test_the_order_of_the_courses_changes_nothing(session, world):
    one, other = ([world[n].id for n in order] for order in ((0, 1), (1, 0)))
    assert best_passages(session, one, plain_words("list"), vector(3), most=9) == best_passages(
        session, other, plain_words("list"), vector(3), most=9
    )


def test_passages_of_other_courses_have_no_influence(session, world):
    before = best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=EVERY)
    passages(session, world[2], "en", 200, seed=6)
    assert best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=EVERY) == before


def test_fewer_hits_are_the_first_of_more(session, world):
    more = best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=20)
    assert best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=7) == more[:7]


def test_a_head_start_changes_which_passages_come_first_and_no_score(session, world):
    every = best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=EVERY)
    given = {every[-1]["material_id"]: 0.4, every[0]["material_id"]: -0.2}
    rows = best_passages(session, [world[0].id], plain_words("house list"), vector(3), most=7, head_starts=given)
    wanted = [{**row, "head_start": given.get(row["material_id"], 0)} for row in every]
    wanted.sort(key=lambda row: (-row["score"] - row["head_start"], row["material_id"], row["ordinal"]))
    assert rows == wanted[:7]
    assert rows != every[:7]


def test_several_searches_at_once_give_what_each_gives_alone(session, world):
    asked = [(plain_words("house list"), vector(3)), (plain_words("Listen Schleifen"), None), (plain_words("loop"), vector(4))]
    asked += [(search_words('"loop index" -mean'), vector(1)), asked[0]]
    courses, starts = (
        [world[0].id, world[1].id],
        {row["material_id"]: 0.1 for row in best_passages(session, [world[0].id], *asked[0], most=1)},
    )
    assert best_passages_of_each(session, courses, asked, most=8, head_starts=starts) == [
        best_passages(session, courses, *each, most=8, head_starts=starts) for each in asked
    ]
    assert best_passages_of_each(session, courses, [], most=8) == []


def test_quotations_are_demanded_and_minus_signs_exclude(session, world):
    every = best_passages(session, [world[0].id], plain_words("loop index"), vector(1), most=EVERY)
    together = best_passages(session, [world[0].id], search_words('"loop index"'), vector(1), most=EVERY)
    without = best_passages(session, [world[0].id], search_words("loop index -mean"), vector(1), most=EVERY)
    assert keys(together) == [key for key, row in zip(keys(every), every, strict=True) if "loop index" in row["body"].lower()]
    assert 0 < len(together) < len(every)
    assert keys(without) == [key for key, row in zip(keys(every), every, strict=True) if "mean" not in row["body"].split()]
    either = best_passages(session, [world[0].id], search_words('"loop index" or "plot error"'), vector(1), most=EVERY)
    assert {*keys(either)} == {
        key for key, row in zip(keys(every), every, strict=True) if "loop index" in row["body"] or "plot error" in row["body"]
    }


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("हिन्दी", "हिन्दीभाषा"),  # a mark stands in the word, and at its end
        ("ที่", "ที่นี่"),
        ("cafe\u0301", "cafe\u0301s"),
        ("straße", "straßen"),
        ("node.js", "nodexjs"),
    ],
)
def test_a_word_of_any_script_is_excluded_alone(session, word, other):
    course = factories.course(session)
    made = factories.material(session, course, language=None, week_number=None)
    for ordinal, written in enumerate((word, other), start=1):
        factories.passage(session, made, ordinal, body=f"list {written}, value")
    rows = best_passages(session, [course.id], search_words(f"list -{word}"), None, most=EVERY)
    assert keys(rows) == [(made.id, 2)]


@pytest.mark.parametrize(
    ("only", "holds"),
    [
        (PassageFilter(week=2), lambda row: row["week_number"] == 2),
        (PassageFilter(kind=MaterialKind.PDF), lambda row: row["kind"] == "pdf"),
        (PassageFilter(language="en"), lambda row: row["language"] == "en"),
        (PassageFilter(week=1, language="de"), lambda row: False),
    ],
)
def test_filters_keep_scores_and_order(session, world, only, holds):
    every = best_passages(session, [world[0].id], plain_words("list"), vector(2), most=EVERY)
    assert best_passages(session, [world[0].id], plain_words("list"), vector(2), only=only, most=EVERY) == [
        row for row in every if holds(row)
    ]


ODD = "".join(chr(code) for code in range(1, 0x250)) + "\u200b\u2028\ufeff\U0001f600\U0010ffff"


@pytest.mark.parametrize(
    "typed",
    [
        "'; DROP TABLE materials; --",
        "a' | 'b & !c <-> (d",
        "list:* & (loop",
        r"back\slash \' quote \\",
        '"a \' b" -"c \\ d" or "(',
        "%s %(x)s :courses ::text {0} $1",
        ODD,
        ODD[::-1] * 3,
        "word " * 400,
        "é" * 2000,
        "<b>list</b> &amp; ' onmouseover=",
        "http://example.org/list?x=1&y='2 list@example.org /usr/bin/list -1.5e3",
    ],
)
def test_no_text_is_code(session, world, typed):
    for words in (plain_words(typed), search_words(typed)):
        rows = best_passages(session, [world[0].id], words, vector(2), most=5)
        assert len(rows) == 5 or words.demanded
        found_words(session, words, {"en": {"list", "loops"}, None: {"x"}})


def test_words_are_found_in_their_forms(session):
    written = {"en": {"lists", "list", "plot"}, "de": {"Listen", "Liste"}, None: {"lists", "list"}}
    assert found_words(session, plain_words("list Liste"), written) == {
        "en": {"lists", "list"},
        "de": {"Listen", "Liste"},
        None: {"list"},
    }


def test_without_courses_or_passages_nothing_is_found(session):
    empty = factories.course(session)
    assert best_passages(session, [], plain_words("list"), vector(1), most=5) == []
    assert best_passages(session, [empty.id], plain_words("list"), vector(1), most=5) == []


@pytest.fixture(scope="module")
def two_lecturers(admin_engine, make_person):
    """Committed courses of two lecturers with the same passages: the engines' addresses and the courses."""
    addresses = ["search.one@example.org", "search.two@example.org"]
    for address in addresses:
        make_person(address, Role.LECTURER)
    with transaction(admin_engine) as session:
        model = factories.embedding_model(session, name="search-lecturers")
        people = [session.scalars(text("SELECT id FROM users WHERE email = :e").bindparams(e=address)).one() for address in addresses]
        courses = [factories.course(session, weeks=1) for _ in people]
        for course, person in zip(courses, people, strict=True):
            course.lecturer_id = person
            passages(session, course, "en", 30, seed=person, model=model)
        ids = [course.id for course in courses]
    yield addresses, ids
    with transaction(admin_engine) as session:
        session.query(Material).filter(Material.course_id.in_(ids)).delete()
        session.query(Course).filter(Course.id.in_(ids)).delete()
        session.execute(text("DELETE FROM embedding_models WHERE name = 'search-lecturers'"))


def test_a_lecturer_finds_every_own_passage_and_none_of_others(two_lecturers, admin_engine):
    addresses, ids = two_lecturers
    asked = SearchVector("search-lecturers", "", tuple(unit(random.Random(1))))
    for address, own in zip(addresses, ids, strict=True):
        with Session(engine_for(address)) as session, Session(admin_engine) as all_powerful:
            mine = best_passages(session, [own], plain_words("house list"), asked, most=EVERY)
            assert len(mine) == 30
            assert mine == best_passages(all_powerful, [own], plain_words("house list"), asked, most=EVERY)
            assert best_passages(session, ids, plain_words("house list"), asked, most=EVERY) == mine
            assert best_passages(session, [other for other in ids if other != own], plain_words("house list"), asked, most=EVERY) == []


def test_a_search_leaves_the_settings_of_its_transaction_as_they_were(session, world):
    names = ["enable_seqscan", "enable_nestloop"]
    session.execute(text("SET LOCAL enable_nestloop = off"))
    best_passages(session, [world[0].id], plain_words("list"), vector(3), most=9)
    assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["on", "off"]
