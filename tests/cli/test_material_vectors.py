import signal

import pytest
from sqlalchemy import delete

from lmskit.db import transaction
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.models import EmbeddingModel, Material
from tests import factories

HASH = "character-hash-384"


@pytest.fixture
def material(course, admin_engine):
    """A committed material with two passages."""
    with transaction(admin_engine) as session:
        made = factories.material(session, course, week_number=None, passages=["A list stores values.", "A loop repeats statements."])
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(Material).where(Material.id == made.id))
        session.execute(delete(EmbeddingModel))


def test_vectors_are_computed_and_the_models_listed(lmskit, course, material):
    nothing = lmskit("material", "models")
    assert "There are no vectors yet: lmskit material embed" in nothing.stderr
    assert "This process would compute new vectors with universal-sentence-encoder-multilingual-3." in nothing.stdout
    done = lmskit("material", "embed", "--model", HASH)
    assert (done.exit_code, done.stdout) == (0, f"2 vectors of {HASH} stored.\n")
    listed = lmskit("material", "models").stdout
    assert [line.split() for line in listed.splitlines() if line.startswith(HASH)] == [[HASH, "in", "use", "384", "2", "0"]]
    found = lmskit("material", "search", "storing valuez", "--course", course.code)
    assert "A list stores values." in found.stdout


def test_a_model_that_this_process_does_not_have_is_refused(lmskit, material):
    refused = lmskit("material", "embed", "--model", "os:system")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "This process does not have the model os:system; it has universal-sentence-encoder-multilingual-3 and "
    )


class Interrupted(CharacterHash):
    """Is stopped by Ctrl-C while it computes."""

    name = "interrupted"

    def embed(self, texts):
        signal.raise_signal(signal.SIGINT)
        return super().embed(texts)


def test_embedding_that_is_stopped_says_how_to_go_on(lmskit, material, configure):
    configure(LMSKIT_EMBEDDER=f"{__name__}:Interrupted")
    stopped = lmskit("material", "embed")
    assert stopped.exit_code == 130
    assert "Stopped. The vectors that were computed are stored; to go on, give the same command again." in stopped.stderr


def test_the_screen_says_that_texts_are_sent_to_a_server(lmskit, material, configure):
    configure(LMSKIT_EMBEDDING_URL="http://127.0.0.1:9/v1", LMSKIT_EMBEDDING_MODEL="small", LMSKIT_EMBEDDING_DIMENSION="3")
    assert "Texts of materials and searches are sent to the model server 127.0.0.1:9." in lmskit("material", "models").stdout
