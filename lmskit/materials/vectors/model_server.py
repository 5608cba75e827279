"""Vectors from a server that speaks the format of OpenAI's embeddings, such as Ollama, vLLM, llama.cpp, LiteLLM or OpenAI itself."""

from __future__ import annotations

import hashlib
import json
import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from lmskit.errors import EmbedderError, EmbedderUnavailableError
from lmskit.materials.vectors.embedder import checked_vectors, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from lmskit.materials.vectors.embedder import Vectors

_BATCH = 32
"""Texts in one request."""
_TRIES = 5
_LONGEST_WAIT = 60.0
"""Seconds between two tries, whatever the server asks for."""
_LARGEST_NUMBER = 40
"""Bytes of a number in the answer, with comma and spaces."""
_LARGEST_REST = 64 * 1024
"""Bytes of the answer that are not numbers."""
_LONGEST_REASON = 200
_UNAUTHORIZED = {401, 403}
_LATER = {408, 425, 429, 500, 502, 503, 504}
_OK, _REDIRECTS = 200, range(300, 400)


class ModelServer:
    """Asks a server for vectors. The texts leave the machine.

    Parameters
    ----------
    url
        What precedes `/embeddings`, such as `https://models.example.org/v1`.
    model
        What the server calls the model.
    dimension
        How many numbers its vectors have.
    key
        What the server knows the institution by; sent in a header, never shown.
    timeout
        Seconds for one request.
    wait
        Waits so many seconds before the next try.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        dimension: int,
        key: str | None = None,
        timeout: float = 60,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._dimension = dimension
        self._key = key
        self._timeout = timeout
        self._wait = wait
        self._client: httpx.Client | None = None

    @property
    def name(self) -> str:
        """The server's name for the model, in front of it the kind of server, so that it is nobody else's."""
        return f"server:{self._model}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._dimension

    @property
    def checksum(self) -> str:
        """Of model and dimension; servers name no checksum, so stored vectors are compared with new ones before more are added."""
        return hashlib.sha256(f"{self.name} {self._dimension}".encode()).hexdigest()

    @property
    def host(self) -> str:
        """Where the texts are sent, for the screen."""
        return urlsplit(self._url).netloc

    def __repr__(self) -> str:
        return f"ModelServer({self._url!r}, model={self._model!r}, dimension={self._dimension})"

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Return the vectors of the texts, as `Embedder.embed` describes.

        Raises
        ------
        EmbedderUnavailableError
            The server does not answer, or refuses, after several tries where a later one may help.
        EmbedderError
            It answers something else than vectors.
        """
        answered: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            # servers refuse an empty text
            batch = [text if text.strip() else "." for text in map(shortened, texts[start : start + _BATCH])]
            answered += checked_vectors(
                self._vectors(self._answer(batch)), count=len(batch), dimension=self._dimension, name=self.name
            ).tolist()
        return checked_vectors(answered, count=len(texts), dimension=self._dimension, name=self.name)

    def _answer(self, batch: list[str]) -> bytes:
        """The body of the server's answer, after as many tries as may help."""
        for trial in range(1, _TRIES + 1):
            try:
                return self._request(batch)
            except _NotNowError as error:
                if trial == _TRIES:
                    raise EmbedderUnavailableError(
                        f"The model server {self.host} could not be asked, {_TRIES} times: {error}. "
                        "What was stored before stays; try again later, or check LMSKIT_EMBEDDING_URL."
                    ) from None
                pause = 2.0**trial * random.uniform(0.5, 1)  # noqa: S311 - so that several processes do not come at once
                self._wait(min(max(pause, error.not_before), _LONGEST_WAIT))
        raise AssertionError

    def _request(self, batch: list[str]) -> bytes:
        import httpx

        if self._client is None:
            # no redirect is followed: it would give texts and key to another server
            self._client = httpx.Client(timeout=self._timeout, follow_redirects=False)
        headers = {"Accept-Encoding": "identity"} | ({} if self._key is None else {"Authorization": f"Bearer {self._key}"})
        body = {"model": self._model, "input": batch, "encoding_format": "float"}
        until = time.monotonic() + self._timeout
        most = len(batch) * self._dimension * _LARGEST_NUMBER + _LARGEST_REST
        received = bytearray()
        try:
            with self._client.stream("POST", self._url, json=body, headers=headers) as response:
                for chunk in response.iter_bytes():
                    received += chunk
                    if len(received) > most:
                        break
                    if time.monotonic() > until:
                        raise _NotNowError(f"its answer takes longer than {self._timeout:g} seconds")
        except httpx.TimeoutException:
            raise _NotNowError(f"it does not answer within {self._timeout:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _NotNowError(self._without_key(str(error) or type(error).__name__)) from None
        self._check_status(response, bytes(received))
        if len(received) > most:
            raise EmbedderError(
                f"The model server {self.host} answers more than {len(batch):,} vectors of {self._dimension:,} numbers take. "
                "Check LMSKIT_EMBEDDING_DIMENSION."
            )
        return bytes(received)

    def _check_status(self, response: httpx.Response, received: bytes) -> None:
        status = response.status_code
        if status == _OK:
            return
        if status in _LATER:
            raise _NotNowError(f"it answers with status {status}{self._reason(received)}", _seconds(response.headers.get("Retry-After")))
        if status in _UNAUTHORIZED:  # its answer may repeat the key
            problem = f"refuses the key (status {status}). Check LMSKIT_EMBEDDING_KEY or LMSKIT_EMBEDDING_KEY_FILE."
        elif status in _REDIRECTS:
            problem = f"sends the request on to another address (status {status}), which is not followed. Check LMSKIT_EMBEDDING_URL."
        else:
            problem = (
                f"refuses the request with status {status}{self._reason(received)}. Check LMSKIT_EMBEDDING_URL and LMSKIT_EMBEDDING_MODEL."
            )
        raise EmbedderUnavailableError(f"The model server {self.host} {problem}")

    def _vectors(self, received: bytes) -> list[Any]:
        """The vectors in an answer, in the order of the texts."""
        try:
            rows = json.loads(received)["data"]
            by_index = {row["index"]: row["embedding"] for row in rows}
            vectors = [by_index[index] for index in range(len(rows))]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise EmbedderError(
                f"The model server {self.host} answers something else than vectors in OpenAI's format. Check LMSKIT_EMBEDDING_URL."
            ) from None
        return vectors

    def _reason(self, received: bytes) -> str:
        """What the server says about a refusal, as part of a sentence."""
        try:
            error = cast("Any", json.loads(received))["error"]
            message = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        shown = "".join(character if character.isprintable() else " " for character in self._without_key(message))
        return f' ("{shown[:_LONGEST_REASON]}")' if shown.strip() else ""

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


class _NotNowError(Exception):
    """A later try may help."""

    def __init__(self, reason: str, not_before: float = 0) -> None:
        super().__init__(reason)
        self.not_before = not_before


def _seconds(retry_after: str | None) -> float:
    """How long a server asks to wait: a number of seconds, or a date."""
    if retry_after is None:
        return 0
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:6])
    try:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0
