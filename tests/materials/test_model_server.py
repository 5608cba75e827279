"""Vectors from a model server and from an institution's own object: what is sent, what is accepted, what is tried again."""

import json
import logging
import socket
import sys
from contextlib import closing

import numpy as np
import pytest
from pydantic import ValidationError

from lmskit.errors import EmbedderError, EmbedderUnavailableError
from lmskit.materials.vectors.choice import chosen_embedder, embedder_named
from lmskit.materials.vectors.embedder import check_embedder, vectors_of
from lmskit.materials.vectors.model_server import ModelServer
from lmskit.settings import Settings
from tests.materials.model_servers import answering, model_server, right, vectors_of_length

KEY = "key-3f9a-not-to-be-shown"


@pytest.fixture
def server():
    with model_server() as running:
        yield running


@pytest.fixture
def asked(server):
    """What asks the server, with the pauses that it made between two tries."""
    pauses: list[float] = []
    embedder = ModelServer(server.url, model="small", dimension=3, key=KEY, timeout=60, wait=pauses.append)
    return embedder, pauses


def rows(*vectors):
    return {"data": [{"index": index, "embedding": list(vector)} for index, vector in enumerate(vectors)]}


def test_texts_are_sent_in_batches_and_their_vectors_come_back_in_order(server, asked):
    texts = [f"{'e' * (number % 7)} {number}" for number in range(70)]
    expected = np.array(vectors_of_length(texts))
    np.testing.assert_allclose(vectors_of(asked[0], texts), expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-6)
    assert [len(request["input"]) for request in server.requests] == [32, 32, 6]
    assert server.requests[0] == {"model": "small", "input": texts[:32], "encoding_format": "float"}
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_no_key_is_sent_where_there_is_none(server):
    ModelServer(server.url, model="small", dimension=3).embed(["a"])
    assert "Authorization" not in server.headers[0]


def test_nothing_is_sent_for_no_texts_and_never_an_empty_text(server, asked):
    assert asked[0].embed([]).shape == (0, 3)
    asked[0].embed(["", " \n", "a\ud800" + "b" * 30_000])
    assert [request["input"] for request in server.requests] == [[".", ".", "a?" + "b" * 19_998]]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_busy_is_asked_again(server, asked, status):
    server.next_answers = [answering(status=status), answering({"error": {"message": "busy"}}, status=status)]
    assert len(asked[0].embed(["a"])) == 1
    assert len(server.requests) == 3
    assert 1 <= asked[1][0] <= 2 <= asked[1][1] <= 4


def test_a_server_says_how_long_to_wait(server, asked):
    server.next_answers = [
        answering(status=429, Retry_After="17"),
        answering(status=429, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"),
        answering(status=429, Retry_After="99999999999999999999"),
        answering(status=429, Retry_After="soon"),
    ]
    asked[0].embed(["a"])
    assert asked[1][:3] == [17, 60, 60]
    assert 8 <= asked[1][3] <= 16


def test_a_server_that_stays_busy_is_given_up(server, asked):
    server.always = answering({"error": "no\ncapacity"}, status=503)
    with pytest.raises(EmbedderUnavailableError, match=r'could not be asked, 5 times: it answers with status 503 \("no capacity"\)\. What'):
        asked[0].embed(["a"])
    assert len(server.requests) == 5


def test_a_server_that_is_not_there_is_given_up():
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        embedder = ModelServer(f"http://127.0.0.1:{nobody.getsockname()[1]}/v1", model="m", dimension=3, wait=lambda _: None)
        with pytest.raises(EmbedderUnavailableError, match=r"127.0.0.1:\d+ could not be asked, 5 times: .*refused"):
            embedder.embed(["a"])


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    monkeypatch.setattr("lmskit.materials.vectors.model_server._TRIES", 1)
    server.slow = 0.2  # a byte, while a busy machine has a second for the first one
    embedder = ModelServer(server.url, model="m", dimension=3, timeout=1, wait=lambda _: None)
    with pytest.raises(EmbedderUnavailableError, match=r"its answer takes longer than 1 seconds"):
        embedder.embed(["a"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_tried_again_and_not_shown(server, asked, status, caplog):
    caplog.set_level(logging.DEBUG)
    server.always = answering({"error": {"message": f"Incorrect key {KEY}"}}, status=status)
    with pytest.raises(EmbedderUnavailableError, match=r"refuses the key \(status 40.\). Check LMSKIT_EMBEDDING_KEY") as raised:
        asked[0].embed(["a"])
    assert len(server.requests) == 1
    assert KEY not in str(raised.value) + repr(asked[0]) + caplog.text
    assert raised.value.__cause__ is None


def test_what_a_server_says_is_shown_without_the_key(server, asked):
    server.always = answering({"error": {"message": f"no model for {KEY}\x1b[31m" + "x" * 10_000}}, status=404)
    with pytest.raises(EmbedderUnavailableError, match=r'refuses the request with status 404 \("no model for … \[31mx+"\)') as raised:
        asked[0].embed(["a"])
    assert KEY not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_texts_and_key_are_not_sent_on_to_another_address(server, asked, status):
    with model_server() as other:
        server.always = answering(status=status, Location=other.url + "/embeddings")
        with pytest.raises(EmbedderUnavailableError, match="another address"):
            asked[0].embed(["a"])
        assert not other.requests


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answering(rows([1, 2, 3])), "1 vectors for 2 texts"),
        (answering(rows([1, 2, 3], [1, 2, 3], [1, 2, 3])), "3 vectors for 2 texts"),
        (answering(rows([1, 2], [1, 2])), "vectors of 2 numbers instead of 3"),
        (answering(rows([1, 2, 3], [1, 2])), "vectors with different numbers of values"),
        (answering(rows([1, 2, 3], [1, float("nan"), 3])), "numbers that are not finite"),
        (answering(b'{"data": [{"index": 0, "embedding": [1e999, 1, 1]}, {"index": 1, "embedding": [1, 1, 1]}]}'), "not finite"),
        (answering(rows([1, 2, 3], [0, 0, 0])), "vectors of zeros"),
        (answering(rows(["1", "2", "3"], ["1", "2", "3"])), "something else than numbers"),
        (answering({"data": [{"index": 0, "embedding": [1, 2, 3]}] * 2}), "something else than vectors in OpenAI's format"),
        (answering({"data": [{"index": 1, "embedding": [1, 2, 3]}]}), "something else than vectors in OpenAI's format"),
        (answering({"data": None}), "something else than vectors in OpenAI's format"),
        (answering([]), "something else than vectors in OpenAI's format"),
        (answering(b"<html>"), "something else than vectors in OpenAI's format"),
        (answering(b"[" * 60_000), "something else than vectors in OpenAI's format"),
        (answering(b" " * 1_000_000), "answers more than 2 vectors of 3 numbers take"),
    ],
)
def test_an_answer_of_a_server_that_is_not_vectors_is_refused(server, asked, answer, said):
    server.always = answer
    with pytest.raises(EmbedderError, match=said):
        asked[0].embed(["a", "b"])
    assert len(server.requests) == 1


def settings(**variables):
    return Settings(**variables)


def test_only_with_the_setting_texts_are_sent_to_a_server_and_the_screen_says_so(server):
    chosen = chosen_embedder(settings(embedding_url=server.url, embedding_model="small", embedding_dimension=3))
    check_embedder(chosen.embedder, said="It")
    assert (chosen.embedder.name, chosen.embedder.dimension) == ("server:small", 3)
    assert str(chosen.note) == f"Texts of materials and searches are sent to the model server {server.url[7:-3]}."
    chosen.embedder.embed(["a"])
    assert server.requests
    assert not isinstance(chosen_embedder(settings(embedding_model="small", embedding_dimension=3)).embedder, ModelServer)


def test_the_key_may_be_in_a_file(server, tmp_path):
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    chosen = chosen_embedder(settings(embedding_url=server.url, embedding_model="small", embedding_dimension=3, embedding_key_file=file))
    chosen.embedder.embed(["a"])
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"embedding_model": None}, "needs LMSKIT_EMBEDDING_MODEL and LMSKIT_EMBEDDING_DIMENSION"),
        ({"embedding_url": "ftp://models.example.org"}, "is not an address such as"),
        ({"embedding_url": "https://models.example.org:99999/v1"}, "has a port that cannot be one"),
        ({"embedding_url": "https://"}, "is not an address such as"),
        ({"embedding_url": f"https://u:{KEY}@models.example.org/v1"}, "must have neither a login nor a query"),
        ({"embedding_url": f"https://models.example.org/v1?key={KEY}"}, "must have neither a login nor a query"),
        ({"embedding_url": "http://models.example.org/v1", "embedding_key": KEY}, "must begin with https"),
        ({"embedding_dimension": 16_001}, "less than or equal to 16000"),
        ({"embedder": "institute.model:Own"}, "Set one of them"),
        ({"embedder": "institute.model", "embedding_url": None}, "match pattern"),
        ({"embedder": "os:system('true')", "embedding_url": None}, "match pattern"),
        ({"embedder": "../model:Own", "embedding_url": None}, "match pattern"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_without_showing_the_key(variables, said):
    right_ones = {"embedding_url": "https://models.example.org/v1", "embedding_model": "small", "embedding_dimension": 3}
    settings(**right_ones)
    with pytest.raises(ValidationError, match=said) as raised:
        settings(**right_ones | variables)
    assert KEY not in str(raised.value)


OWN = """
import numpy as np

class Own:
    name, dimension, checksum = "own", 2, "0" * 64

    def embed(self, texts):
        return np.tile(np.float32([0.6, 0.8]), (len(texts), 1))

made = Own()
failing = 1 / 0 if {fails} else None
nothing = object()

class Sly(Own):
    @property
    def name(self):
        raise RuntimeError("no name today")
"""


@pytest.fixture
def institute(tmp_path, monkeypatch):
    """A module of the institution's own."""
    (tmp_path / "institute_model.py").write_text(OWN.format(fails=False))
    (tmp_path / "institute_broken.py").write_text(OWN.format(fails=True))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("institute_model", "institute_broken"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("named", ["institute_model:Own", "institute_model:made"])
def test_an_institution_names_its_own_embedder(institute, named):
    own = settings(embedder=named)
    assert vectors_of(chosen_embedder(own).embedder, ["a", "b"]).shape == (2, 2)
    assert embedder_named("own", own).name == "own"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("institute_missing:Own", "cannot be loaded: ModuleNotFoundError"),
        ("institute_broken:Own", "cannot be loaded: ZeroDivisionError"),
        ("institute_model:Missing", "cannot be loaded: AttributeError"),
        ("institute_model:nothing", "has no function embed"),
        ("institute_model:Sly", "cannot be asked for its name: RuntimeError"),
    ],
)
def test_an_own_embedder_that_cannot_be_used_is_refused_and_nothing_else_is_used(institute, named, said):
    with pytest.raises(EmbedderError, match=f"LMSKIT_EMBEDDER={named} {said}"):
        chosen_embedder(settings(embedder=named))


def test_a_name_in_the_database_imports_nothing(institute):
    with pytest.raises(EmbedderUnavailableError, match="which this process does not have"):
        embedder_named("institute_model:Own", settings())
    assert "institute_model" not in sys.modules


def test_the_server_of_the_tests_answers_as_a_model_server_does():
    assert json.loads(right({"input": ["a", "bb"], "model": "m"})[2])["data"][1] == {"index": 0, "embedding": [1.0, 1.0, 0.0]}
