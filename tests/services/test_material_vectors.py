"""Vectors of passages: filled, resumed, and replaced by those of another model while search goes on with the old ones."""

import functools
import sys
import types

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from lmskit.db import transaction
from lmskit.errors import EmbedderError, EmbedderUnavailableError, LockedError, ModelChangedError, NotPermittedError
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.materials.vectors.embedder import passage_text
from lmskit.models import Course, EmbeddingModel, MaterialPassage, PassageVector, User
from lmskit.queries.material_vectors import (
    count_without_vector,
    embedding_findings,
    embedding_models,
    model_in_use,
    passages_without_vector,
)
from lmskit.services import material_vectors
from lmskit.services.material_vectors import embed_passages, store_vectors
from lmskit.settings import Settings
from lmskit.vocabulary import EmbeddingModelState
from tests import factories

HASH = "character-hash-384"
TEXTS = [f"{'variance ' * (number % 5)}passage number {number}" for number in range(70)]


class Own:
    """An institution's model: two numbers, and a hook that runs before each answer."""

    name, dimension, checksum = "own", 2, "a" * 64
    before = staticmethod(lambda: None)
    turned = False

    def embed(self, texts):
        self.before()
        vectors = np.array([[1.0, len(text)] for text in texts])
        return vectors[:, ::-1] * [1, -1] if self.turned else vectors


@pytest.fixture
def own(monkeypatch):
    """The model, and settings that name it."""
    model = Own()
    module = types.ModuleType("institute_of_vectors")
    module.model = model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "institute_of_vectors", module)
    return model, Settings(embedder="institute_of_vectors:model")


@pytest.fixture
def material(session):
    return factories.material(session, factories.course(session), week_number=None, passages=TEXTS)


def vectors(session, model):
    statement = select(PassageVector.ordinal, PassageVector.embedding).where(PassageVector.model == model).order_by(PassageVector.ordinal)
    return {row.ordinal: row.embedding for row in session.execute(statement)}


def used(session):
    model = model_in_use(session)
    return model and model.name


def states(session):
    return {row.name: row.state for row in session.execute(select(EmbeddingModel.name, EmbeddingModel.state))}


def test_every_passage_gets_the_vector_of_its_text_and_its_headings(begin, session, material):
    factories.passage(session, material, 71, body="It is squared.", headings=["Spread", "Variance"])
    steps = []
    report = embed_passages(begin, Settings(), model=HASH, progress=lambda *step: steps.append(step))
    assert report.sentence == "71 vectors of character-hash-384 stored."
    assert steps == [(f"Computing vectors of {HASH}", done, 71) for done in (0, 32, 64, 71)]
    stored = vectors(session, HASH)
    expected = CharacterHash().embed([*TEXTS, passage_text(["Spread", "Variance"], "It is squared.")])
    np.testing.assert_allclose(np.array([stored[ordinal] for ordinal in range(1, 72)]), expected, atol=5e-4)
    assert states(session) == {HASH: EmbeddingModelState.IN_USE}


def test_only_what_has_no_vector_is_embedded(begin, session, material, own):
    model, settings = own
    embed_passages(begin, settings)
    factories.passage(session, material, 71, body="New")
    asked: list[str] = []

    def embed(texts):
        asked.extend(texts)
        return np.array([[1.0, len(text)] for text in texts])

    model.embed = embed
    assert embed_passages(begin, settings).stored == 1
    assert asked.count("New") == 1
    assert len(asked) == 1 + 1  # the text by which the model is recognised
    asked.clear()
    assert embed_passages(begin, settings).stored == 0
    assert asked == []


def test_search_keeps_the_old_vectors_until_the_new_ones_are_there(begin, session, material, own):
    model, settings = own
    embed_passages(begin, Settings(), model=HASH)
    seen = []
    model.before = lambda: seen.append((used(session), len(vectors(session, HASH)), len(vectors(session, "own"))))
    report = embed_passages(begin, settings, model="own")
    assert seen[:3] == [(HASH, 70, 0), (HASH, 70, 32), (HASH, 70, 64)]
    assert report.sentence == f"70 vectors of own stored. Search uses them now, instead of those of {HASH}."
    assert states(session) == {HASH: EmbeddingModelState.RETIRED, "own": EmbeddingModelState.IN_USE}
    assert (len(vectors(session, HASH)), len(vectors(session, "own"))) == (0, 70)


def test_a_change_that_was_interrupted_goes_on_where_it_was(begin, session, material, own):
    model, settings = own
    embed_passages(begin, Settings(), model=HASH)
    calls: list[int] = []

    def interrupt():
        calls.append(len(calls))
        if len(calls) == 2:
            raise KeyboardInterrupt

    model.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        embed_passages(begin, settings, model="own")
    assert states(session) == {HASH: EmbeddingModelState.IN_USE, "own": EmbeddingModelState.FILLING}
    assert len(vectors(session, "own")) == 32
    assert embed_passages(begin, settings, model="own").stored == 38
    assert used(session) == "own"


@pytest.fixture
def interrupted(begin, material, own):
    """A change from the hash to the institution's model, of which one batch is stored."""
    model, settings = own
    embed_passages(begin, Settings(), model=HASH)
    answers = iter([None])
    model.before = lambda: next(answers)
    with pytest.raises(StopIteration):
        embed_passages(begin, settings, model="own")
    model.before = lambda: None
    return settings


def test_the_job_of_the_night_finishes_a_change_that_was_interrupted(begin, session, material, interrupted):
    factories.passage(session, material, 71, body="New")
    report = embed_passages(begin, interrupted)
    assert report.sentence == f"40 vectors of own stored. Search uses them now, instead of those of {HASH}."
    assert states(session) == {HASH: EmbeddingModelState.RETIRED, "own": EmbeddingModelState.IN_USE}
    assert (len(vectors(session, HASH)), len(vectors(session, "own"))) == (0, 71)


def test_a_change_to_a_model_that_this_process_does_not_have_is_named_with_what_to_do(begin, session, interrupted):
    report = embed_passages(begin, Settings())
    assert (report.stored, used(session)) == (0, HASH)
    assert "The change to own is not finished: " in report.sentence
    assert report.sentence.endswith(f"To use it: lmskit material embed --model own; to stay: lmskit material embed --model {HASH}")
    assert embed_passages(begin, Settings(), model=HASH).sentence == f"0 vectors of {HASH} stored."
    assert states(session) == {HASH: EmbeddingModelState.IN_USE, "own": EmbeddingModelState.RETIRED}
    assert vectors(session, "own") == {}


def test_the_last_choice_of_a_model_counts(begin, session, interrupted):
    factories.embedding_model(session, name="another", state=EmbeddingModelState.FILLING)
    embed_passages(begin, interrupted, model="own")
    assert states(session) == dict.fromkeys(("another", HASH), EmbeddingModelState.RETIRED) | {"own": EmbeddingModelState.IN_USE}


def test_passages_that_are_added_meanwhile_are_embedded_before_the_switch(begin, session, material, own):
    model, settings = own
    embed_passages(begin, Settings(), model=HASH)
    late = [factories.passage]
    model.before = lambda: late and len(vectors(session, "own")) == 64 and late.pop()(session, material, 71, body="Late")
    report = embed_passages(begin, settings, model="own")
    assert (report.stored, report.without) == (71, 0)
    assert used(session) == "own"


def test_a_passage_that_was_read_again_meanwhile_gets_no_vector_of_its_old_text(begin, session, material):
    embed_passages(begin, Settings(), model=HASH)
    session.execute(delete(PassageVector))
    passages = passages_without_vector(session, HASH)
    session.execute(update(MaterialPassage).where(MaterialPassage.ordinal == 1).values(body="Changed"))
    session.execute(delete(MaterialPassage).where(MaterialPassage.ordinal == 2))
    assert store_vectors(begin, CharacterHash(), passages) == len(passages) - 2
    assert not {1, 2} & set(vectors(session, HASH))


def test_two_processes_that_embed_the_same_passages_store_each_once(begin, session, material):
    embed_passages(begin, Settings(), model=HASH)
    session.execute(delete(PassageVector).where(PassageVector.ordinal <= 3))
    passages = passages_without_vector(session, HASH)
    assert [store_vectors(begin, CharacterHash(), passages) for _ in range(2)] == [3, 0]
    assert count_without_vector(session, HASH) == 0


def test_another_model_of_the_same_name_is_refused_with_what_to_do(begin, session, material, own):
    model, settings = own
    embed_passages(begin, settings)
    model.checksum = "b" * 64
    with pytest.raises(ModelChangedError, match=r"another model of this name: its checksum begins with aaaa.* with bbbb.*--model NAME"):
        embed_passages(begin, settings)
    with pytest.raises(ModelChangedError):
        embed_passages(begin, settings, model="own")
    assert len(vectors(session, "own")) == 70


def test_what_the_refusal_says_to_do_helps(begin, session, material, own):
    model, settings = own
    embed_passages(begin, settings)
    model.checksum, model.turned = "b" * 64, True
    embed_passages(begin, settings, model=HASH)
    embed_passages(begin, settings, model="own")
    assert states(session) == {HASH: EmbeddingModelState.RETIRED, "own": EmbeddingModelState.IN_USE}
    assert vectors(session, "own")[1][1] < 0


def test_a_model_that_answers_otherwise_under_the_same_name_is_refused(begin, session, material, own):
    model, settings = own
    embed_passages(begin, settings)
    model.turned = True
    assert embed_passages(begin, settings).stored == 0  # nothing to add, nothing to compare
    factories.passage(session, material, 71, body="New")
    with pytest.raises(ModelChangedError, match=r"answers otherwise than when its stored vectors were computed \(cosine"):
        embed_passages(begin, settings)
    assert count_without_vector(session, "own") == 1


def test_vectors_that_a_lecturer_wrote_do_not_refuse_the_model_for_others(begin, session, material, own):
    _, settings = own
    embed_passages(begin, settings)
    session.execute(update(PassageVector).values(embedding=[-1.0, 0.0]))
    factories.passage(session, material, 71, body="New")
    assert embed_passages(begin, settings).stored == 1


def test_an_answer_that_is_not_vectors_stores_nothing_and_keeps_what_is_there(begin, session, material, own):
    model, settings = own
    answers = iter([np.ones((32, 2)), np.full((32, 2), np.nan)])
    model.embed = lambda _texts: next(answers)
    with pytest.raises(EmbedderError, match="numbers that are not finite"):
        embed_passages(begin, settings)
    assert len(vectors(session, "own")) == 32


def test_a_model_in_use_that_this_process_does_not_have_is_refused(begin, session, material, own):
    embed_passages(begin, own[1])
    with pytest.raises(EmbedderUnavailableError, match="those of the model own, which this process does not have"):
        embed_passages(begin, Settings())


def test_a_process_with_the_model_of_before_stores_nothing_after_the_switch(begin, session, material, own):
    embed_passages(begin, Settings(), model=HASH)
    passages = passages_without_vector(session, "own")
    embed_passages(begin, own[1], model="own")
    with pytest.raises(EmbedderUnavailableError, match="Search uses another model than character-hash-384 since a moment ago"):
        store_vectors(begin, CharacterHash(), passages)


def test_models_are_listed_with_what_is_missing(begin, session, material, own):
    embed_passages(begin, Settings(), model=HASH)
    own[0].embed = lambda _texts: 1 / 0
    with pytest.raises(ZeroDivisionError):
        embed_passages(begin, own[1], model="own")
    listed = embedding_models(session).set_index("name")[["state", "dimension", "vectors", "missing"]]
    assert listed.to_dict("index") == {
        HASH: {"state": "in use", "dimension": 384, "vectors": 70, "missing": 0},
        "own": {"state": "filling", "dimension": 2, "vectors": 0, "missing": 70},
    }


@pytest.mark.parametrize(("again", "n_lost"), [(None, 0), (None, 1), ("own", 0)])
@pytest.mark.usefixtures("material")
def test_a_model_that_was_left_filling_is_used_where_no_other_one_is(begin, session, own, again, n_lost):
    embed_passages(begin, own[1], model="own")
    session.execute(update(EmbeddingModel).values(state=EmbeddingModelState.FILLING))
    session.execute(delete(PassageVector).where(PassageVector.ordinal <= n_lost))
    assert used(session) is None
    assert embed_passages(begin, own[1], model=again).stored == n_lost
    assert states(session) == {"own": EmbeddingModelState.IN_USE}


def test_without_passages_no_model_is_chosen_yet(begin, session):
    assert embed_passages(begin, Settings()).sentence == "0 vectors of universal-sentence-encoder-multilingual-3 stored."
    assert states(session) == {}


def test_the_doctor_says_when_passages_have_no_vector(begin, session, material, own):
    assert [finding.sentence for finding in embedding_findings(session)] == [
        (
            "70 of 70 passages of materials have no vector, so search finds them by their words only. "
            "To compute the vectors: lmskit material embed"
        )
    ]
    embed_passages(begin, Settings(), model=HASH)
    assert [finding.sentence for finding in embedding_findings(session)] == [f"All 70 passages of materials have a vector of {HASH}."]
    own[0].embed = lambda _texts: 1 / 0
    with pytest.raises(ZeroDivisionError):
        embed_passages(begin, own[1], model="own")
    assert [finding.sentence for finding in embedding_findings(session)][1:] == [
        (
            "Search shall use own, which does not have vectors of all passages yet. "
            "Unless they are being computed now: lmskit material embed --model own. The job vectors finishes it, too."
        )
    ]


@pytest.fixture
def of_the_lecturer(admin_engine, lecturer_engine):
    """A course of the demonstration lecturer, and one of another, each with a passage; committed."""
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == "demo.lecturer@example.org")).one()
        courses = [factories.course(session, taught_by=lecturer), factories.course(session)]
        for course in courses:
            factories.material(session, course, week_number=None, passages=["A passage"])
    yield courses[0].id
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id.in_([course.id for course in courses])))
        session.execute(delete(EmbeddingModel))


def test_a_lecturer_embeds_own_passages_with_the_model_in_use_and_chooses_none(of_the_lecturer, admin_engine, lecturer_engine, own):
    as_lecturer = functools.partial(transaction, lecturer_engine)
    for model in (None, HASH):
        with pytest.raises(NotPermittedError, match="Only an administrator can choose the model that search uses"):
            embed_passages(as_lecturer, Settings(), model=model)
    with transaction(admin_engine) as session:
        session.add(EmbeddingModel(name=HASH, dimension=384, checksum=CharacterHash().checksum, state=EmbeddingModelState.IN_USE))
    assert embed_passages(as_lecturer, Settings()).sentence == "1 vector of character-hash-384 stored."
    with transaction(admin_engine) as session:
        assert session.scalars(select(PassageVector.course_id)).all() == [of_the_lecturer]
    with pytest.raises(NotPermittedError):
        embed_passages(as_lecturer, own[1], model="own")


def _register_at_once(engine, embedder):
    with transaction(engine) as session:
        session.connection().exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        material_vectors._register(session, embedder)


def test_one_model_at_most_is_in_use_when_two_administrators_begin_at_once(of_the_lecturer, admin_engine, own):
    begin = functools.partial(transaction, admin_engine)
    with transaction(admin_engine) as first:
        material_vectors._register(first, CharacterHash())
        with pytest.raises(LockedError):
            _register_at_once(admin_engine, own[0])
    embed_passages(begin, own[1], model="own")
    with transaction(admin_engine) as session:
        assert states(session) == {HASH: EmbeddingModelState.RETIRED, "own": EmbeddingModelState.IN_USE}
