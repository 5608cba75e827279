"""The vectors of questions, computed once in a process and before a transaction opens."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from lmskit.materials.vectors.embedder import vectors_of
from lmskit.queries.passage_scores import SearchVector
from lmskit.queries.search_words import plain_words
from lmskit.read_models.passage_search import PreparedSearch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.materials.vectors.embedder import Embedder

_KEPT = 2_000
"""Vectors that a process keeps: those of the questions of several courses."""
_vectors: OrderedDict[tuple[str, str, str], SearchVector] = OrderedDict()
_lock = Lock()


def question_searches(texts: Iterable[str], embedder: Embedder | None) -> dict[str, PreparedSearch]:
    """Prepare the searches for these texts, by text; without an embedder, words alone are compared.

    A text that this process has embedded before is not embedded again.

    Raises
    ------
    EmbedderError
        The embedder does not answer.
    """
    words = {text: plain_words(text) for text in texts}
    if embedder is None:
        return {text: PreparedSearch(found, None) for text, found in words.items()}
    model, checksum = embedder.name, embedder.checksum
    keys = {text: (model, checksum, found.wished) for text, found in words.items()}
    with _lock:
        known = {key: _vectors[key] for key in keys.values() if key in _vectors}
    missing = sorted({key for key in keys.values() if key not in known})
    computed = vectors_of(embedder, [wished for _, _, wished in missing]).tolist() if missing else []
    known |= {key: SearchVector(model, checksum, tuple(numbers)) for key, numbers in zip(missing, computed, strict=True)}
    with _lock:
        for key in keys.values():
            _vectors[key] = known[key]
            _vectors.move_to_end(key)
        while len(_vectors) > _KEPT:
            _vectors.popitem(last=False)
    return {text: PreparedSearch(found, known[keys[text]]) for text, found in words.items()}
