"""Processes that compute vectors are killed at any moment, also while the model is changed: nothing twice, nothing lost."""

import functools
import itertools
import math
import random
import time
from collections import Counter

import numpy as np
import psutil
import pytest
from sqlalchemy import delete, select

from lmskit.db import access, transaction
from lmskit.models import Course, EmbeddingModel, MaterialPassage, PassageVector, Term, User
from lmskit.services.material_vectors import embed_passages
from lmskit.settings import DEMO_ADMIN, Settings
from lmskit.vocabulary import EmbeddingModelState
from tests import factories
from tests.reliability.crew import Crew, kill
from tests.reliability.two_models import MODELS

KILLS = 20
PASSAGES = 600


@pytest.fixture
def passages(admin_engine):
    """The texts of many passages, committed, by ordinal."""
    texts = {number: f"passage {number}" for number in range(1, PASSAGES + 1)}
    with transaction(admin_engine) as session:
        course = factories.course(session)
        factories.material(session, course, week_number=None, passages=list(texts.values()))
    yield texts
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(Term).where(Term.id == course.term_id))
        session.execute(delete(User).where(User.id == course.lecturer_id))
        session.execute(delete(EmbeddingModel))


def stored(engine):
    """The state of each model, and the vectors of each by ordinal."""
    with transaction(engine) as session:
        states = {row.name: row.state for row in session.execute(select(EmbeddingModel.name, EmbeddingModel.state))}
        vectors: dict[str, dict[int, list[float]]] = {name: {} for name in states}
        for row in session.execute(select(PassageVector.model, PassageVector.ordinal, PassageVector.embedding)):
            assert row.ordinal not in vectors[row.model]
            vectors[row.model][row.ordinal] = row.embedding
        n_passages = len(session.scalars(select(MaterialPassage.ordinal)).all())
    return states, vectors, n_passages


def check(engine, texts):
    """Search has one model, and of it a vector of every passage; each stored vector is that of its text. Return what is under way."""
    states, vectors, n_passages = stored(engine)
    (used,) = [name for name, state in states.items() if state is EmbeddingModelState.IN_USE]
    assert set(vectors[used]) == set(texts)
    assert n_passages == PASSAGES
    for name, found in vectors.items():
        if found:
            expected = MODELS[name].embed([texts[ordinal] for ordinal in found])
            np.testing.assert_allclose(np.array(list(found.values())), expected, atol=2e-3)
    (other,) = {"one", "two"} - {used}
    if vectors.get(other):
        return used, "while it fills" if states[other] is EmbeddingModelState.FILLING else "while it deletes"
    return used, "before or after"


@pytest.mark.long
def test_vectors_are_complete_after_any_kill(passages, admin_engine, mail_server, say):
    begin = functools.partial(transaction, admin_engine)
    embed_passages(begin, Settings(embedder="tests.reliability.two_models:one"))
    rng, changes, whole = random.Random(20), 0, 0.0
    killed: Counter[str] = Counter()
    with Crew(home=access().settings.home, smtp_port=mail_server.port) as crew:
        for number in itertools.count():
            used, _ = check(admin_engine, passages)
            wanted = "two" if used == "one" else "one"
            begun = time.monotonic()
            pid = crew.start("embed", model=wanted, person=DEMO_ADMIN, lease=1)
            # Every tenth process is not killed; the others live as long as it took at most, however fast or busy the machine is.
            ends = number % 10 == 0
            until = math.inf if ends else begun + rng.uniform(0, whole)
            while time.monotonic() < until and psutil.pid_exists(pid):
                time.sleep(0.005)
            if ends:
                whole = time.monotonic() - begun
            elif kill(pid):
                killed[check(admin_engine, passages)[1]] += 1
            changes += check(admin_engine, passages)[0] == wanted
            if killed.total() == KILLS:
                break
    used, _ = check(admin_engine, passages)
    wanted = "two" if used == "one" else "one"
    embed_passages(begin, Settings(embedder=f"tests.reliability.two_models:{wanted}"), model=wanted)
    states, vectors, _ = stored(admin_engine)
    assert states == {wanted: EmbeddingModelState.IN_USE, used: EmbeddingModelState.RETIRED}
    assert (len(vectors[wanted]), len(vectors[used])) == (PASSAGES, 0)
    assert killed["while it fills"]
    say(f"{killed.total()} processes that compute vectors killed, {dict(killed)}; {changes} changes of the model were completed meanwhile")
