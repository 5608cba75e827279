"""Which embedder a process uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lmskit.errors import EmbedderUnavailableError
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.materials.vectors.model_server import ModelServer
from lmskit.materials.vectors.own_embedder import own_embedder
from lmskit.materials.vectors.sentence_encoder import UniversalSentenceEncoder

if TYPE_CHECKING:
    from lmskit.materials.vectors.embedder import Embedder
    from lmskit.settings import Settings

WITHOUT_A_MODEL = "Texts are compared by runs of characters, not by meaning: {reason}"
"""What screens say where the fallback is used."""
TEXTS_LEAVE = "Texts of materials and searches are sent to the model server {host}."
"""What screens say where a model server is set."""


@dataclass(frozen=True, slots=True)
class ChosenEmbedder:
    """The embedder that new vectors are computed with."""

    embedder: Embedder
    note: str | None = None
    """A sentence for the screen: that texts leave the machine, or that it is not the one that it should be."""


def chosen_embedder(settings: Settings) -> ChosenEmbedder:
    """Return the embedder that the settings name; else the model that comes with lmskit, or the character hash if it cannot be loaded.

    Raises
    ------
    EmbedderError
        The settings name one that cannot be loaded: another one would compute other vectors than the institution wants.
    """
    if settings.embedder is not None:
        return ChosenEmbedder(own_embedder(settings.embedder))
    if settings.embedding_url is not None and settings.embedding_model is not None and settings.embedding_dimension is not None:
        server = ModelServer(
            settings.embedding_url,
            model=settings.embedding_model,
            dimension=settings.embedding_dimension,
            key=settings.model_server_key,
            timeout=settings.embedding_timeout,
        )
        return ChosenEmbedder(server, TEXTS_LEAVE.format(host=server.host))
    encoder = _sentence_encoder()
    try:
        encoder.check_files()
    except EmbedderUnavailableError as error:
        return ChosenEmbedder(CharacterHash(), WITHOUT_A_MODEL.format(reason=error))
    return ChosenEmbedder(encoder)


def embedder_named(name: str, settings: Settings, *, stored: bool = True) -> Embedder:
    """Return the embedder of this process with a name, such as that of the model whose vectors a database has.

    Parameters
    ----------
    name
        What a database says. It is compared with names; nothing is imported because of it.
    settings
        Of the process.
    stored
        Whether a database has vectors of it; otherwise a person has typed the name.

    Raises
    ------
    EmbedderUnavailableError
        This process has no such embedder.
    """
    chosen = chosen_embedder(settings).embedder
    known = (chosen, _sentence_encoder(), CharacterHash())
    for embedder in known:
        if embedder.name == name:
            return embedder
    names = " and ".join(dict.fromkeys(embedder.name for embedder in known))
    if not stored:
        raise EmbedderUnavailableError(
            f"This process does not have the model {name}; it has {names}. Name one of them, or set "
            "LMSKIT_EMBEDDER or LMSKIT_EMBEDDING_URL."
        )
    raise EmbedderUnavailableError(
        f"The stored vectors are those of the model {name}, which this process does not have; it has {names}. "
        "Set LMSKIT_EMBEDDER or LMSKIT_EMBEDDING_URL as for the process that computed them."
    )


@cache
def _sentence_encoder() -> UniversalSentenceEncoder:
    """One for the process: it takes 150 MB and seconds to load."""
    return UniversalSentenceEncoder()
