"""Vectors without a model: which runs of characters a text has. They find words with the same stem or a typing error, no meaning."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from lmskit.materials.vectors.embedder import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lmskit.materials.vectors.embedder import Vectors

_DIMENSION = 384
_SHORTEST_RUN, _LONGEST_RUN = 3, 5
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST_SHIFT, _SIGN = np.uint64(31), np.uint64(63)


class CharacterHash:
    """Counts runs of 3 to 5 characters within words, each in the position that its hash gives: nothing to install, nothing to learn."""

    name = "character-hash-384"
    dimension = _DIMENSION

    @property
    def checksum(self) -> str:
        """Of what the method is; it is changed when the method is."""
        return hashlib.sha256(f"{self.name}: NFKC, casefold, runs of 3 to 5 within words, splitmix64, 1 + log n; 1".encode()).hexdigest()

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Return the vectors of the texts, as `Embedder.embed` describes."""
        vectors = np.empty((len(texts), _DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            hashes, counts = np.unique(_runs(text), return_counts=True)
            signs = np.where(hashes >> _SIGN, -1.0, 1.0)
            vector = np.bincount((hashes % _DIMENSION).astype(np.intp), signs * (1 + np.log(counts)), minlength=_DIMENSION)
            length = np.linalg.norm(vector)
            vectors[row] = vector / length if length > 0 else _WITHOUT_DIRECTION
        return vectors


_WITHOUT_DIRECTION = np.full(_DIMENSION, _DIMENSION**-0.5)
"""The vector of a text without a run of characters: no text with some is near it."""


def _runs(text: str) -> npt.NDArray[np.uint64]:
    """Return the hash of each run of characters that does not cross a space, words having one at either end."""
    words = unicodedata.normalize("NFKC", shortened(text)).casefold().split()
    characters = np.frombuffer(f" {' '.join(words)} ".encode("utf-32-le"), dtype=np.uint32).astype(np.uint64) if words else _NOTHING
    is_space = characters == ord(" ")
    found = []
    for length in range(_SHORTEST_RUN, _LONGEST_RUN + 1):
        count = len(characters) - length + 1
        if count <= 0:
            break
        hashes = np.full(count, length, dtype=np.uint64)
        crosses = np.zeros(count, dtype=bool)
        for offset in range(length):
            hashes = _mixed((hashes + characters[offset : offset + count]) * _STEP)
            if 0 < offset < length - 1:
                crosses |= is_space[offset : offset + count]
        found.append(hashes[~crosses])
    return np.concatenate(found) if found else _NOTHING


_NOTHING = np.empty(0, dtype=np.uint64)


def _mixed(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Let each bit of a hash depend on all others (the finalizer of splitmix64, which wraps around at 64 bits)."""
    for shift, factor in _MIXERS:
        hashes = (hashes ^ (hashes >> shift)) * factor
    return hashes ^ (hashes >> _LAST_SHIFT)
