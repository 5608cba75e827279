"""What turns texts into vectors, and the check of what it answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from lmskit.errors import EmbedderError
from lmskit.limits import LONGEST_EMBEDDED, LONGEST_NAME, MOST_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Vectors: TypeAlias = npt.NDArray[np.float32]

_NAME = re.compile(rf"[!-~]{{1,{LONGEST_NAME}}}")
_CHECKSUM = re.compile("[0-9a-f]{64}")
_SMALLEST = 1e-30
"""A vector of smaller numbers has no direction."""


class Embedder(Protocol):
    """Turns texts into vectors such that texts with a similar meaning have vectors with a small angle between them.

    The same text has the same vector whatever texts are embedded with it, apart from rounding. An institution's own embedder is any
    object with these four members.
    """

    @property
    def name(self) -> str:
        """What the model is called where its vectors are stored: up to 200 printable ASCII characters without a space."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    @property
    def checksum(self) -> str:
        """SHA-256, hexadecimal, of all that determines the vectors. Vectors of embedders with different checksums are never compared."""

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Return the vectors of the texts, in their order.

        Parameters
        ----------
        texts
            Any number of any length; an empty one has a vector too. Characters after the first `LONGEST_EMBEDDED` are not looked at.

        Returns
        -------
        float32 of shape (texts, dimension); each vector has the length 1.

        Raises
        ------
        EmbedderError
            The texts cannot be embedded now.
        """


def shortened(text: str) -> str:
    """Return the part of a text that is embedded, without half a character, which no encoding has."""
    return text[:LONGEST_EMBEDDED].encode("utf-8", "replace").decode("utf-8")


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return the vectors of the texts, checked: what someone else's embedder answers may be anything.

    Raises
    ------
    EmbedderError
        The embedder answers something else than one vector for each text.
    """
    answered: object = embedder.embed([shortened(text) for text in texts])
    return checked_vectors(answered, count=len(texts), dimension=embedder.dimension, name=embedder.name)


def vector_of(embedder: Embedder, text: str) -> Vectors:
    """Return the vector of one text, such as a question: float32 of shape (dimension,)."""
    vector: Vectors = vectors_of(embedder, [text])[0]
    return vector


def checked_vectors(answered: object, *, count: int, dimension: int, name: str) -> Vectors:
    """Return what a model answers as vectors of the length 1.

    Parameters
    ----------
    answered
        Anything that NumPy reads as a table of numbers.
    count, dimension
        How many vectors there have to be, and how many numbers each has.
    name
        The model's, for messages.

    Raises
    ------
    EmbedderError
        It is something else, or has values that are not finite, or a vector without a direction.
    """
    try:
        numbers = np.asarray(answered)
    except ValueError:  # rows of different lengths
        raise EmbedderError(_refusal(name, "vectors with different numbers of values")) from None
    if count == 0 and numbers.size == 0:
        return np.empty((0, dimension), dtype=np.float32)
    if numbers.dtype.kind not in "fiu":
        raise EmbedderError(_refusal(name, "something else than numbers"))
    if numbers.ndim != 2:  # noqa: PLR2004 - vectors × numbers
        raise EmbedderError(_refusal(name, "something else than one vector for each text"))
    if len(numbers) != count:
        raise EmbedderError(_refusal(name, f"{len(numbers):,} vectors for {count:,} texts"))
    if numbers.shape[1] != dimension:
        raise EmbedderError(_refusal(name, f"vectors of {numbers.shape[1]:,} numbers instead of {dimension:,}"))
    exact = numbers.astype(np.float64)
    if not np.isfinite(exact).all():
        raise EmbedderError(_refusal(name, "numbers that are not finite"))
    largest = np.abs(exact).max(axis=1, keepdims=True)
    if (largest < _SMALLEST).any():
        raise EmbedderError(_refusal(name, "vectors of zeros, which have no direction"))
    exact /= largest  # so that no square is too large
    return np.asarray(exact / np.linalg.norm(exact, axis=1, keepdims=True), dtype=np.float32)


def check_embedder(embedder: object, *, said: str) -> None:
    """Refuse an object that is not an embedder.

    Parameters
    ----------
    embedder
        Any object.
    said
        How the person named it, for the message.
    """
    name, dimension, checksum = (getattr(embedder, member, None) for member in ("name", "dimension", "checksum"))
    if not callable(getattr(embedder, "embed", None)):
        problem = "has no function embed"
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        problem = f"has no name of 1 to {LONGEST_NAME} printable ASCII characters without a space"
    elif not isinstance(dimension, int) or isinstance(dimension, bool) or not 1 <= dimension <= MOST_DIMENSIONS:
        problem = f"has no dimension from 1 to {MOST_DIMENSIONS:,}"
    elif not isinstance(checksum, str) or not _CHECKSUM.fullmatch(checksum):
        problem = "has no checksum of 64 lower-case hexadecimal digits"
    else:
        return
    raise EmbedderError(f"{said} {problem}. The protocol is in docs/search.md.")


def _refusal(name: str, what: str) -> str:
    return f"The model {name} answers {what}. Nothing of it was stored; check the model."


def passage_text(headings: Sequence[str], body: str) -> str:
    """Return what is embedded of a passage: a paragraph often does not repeat what its headings say.

    >>> passage_text(["Spread", "Variance"], "It is the mean of the squared deviations.")
    'Spread. Variance. It is the mean of the squared deviations.'
    """
    return "".join(f"{heading}. " for heading in headings) + body
