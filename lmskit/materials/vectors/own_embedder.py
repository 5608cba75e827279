"""An institution's own embedder, named by a setting."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, cast

from lmskit.errors import EmbedderError, EmbedderUnavailableError
from lmskit.materials.vectors.embedder import check_embedder

if TYPE_CHECKING:
    from lmskit.materials.vectors.embedder import Embedder


def own_embedder(named: str) -> Embedder:
    """Import an embedder. Its code runs with the rights of this process: only the process's own settings may name one.

    Parameters
    ----------
    named
        `module:object`. A class or function is called without arguments; anything else is the embedder itself.

    Raises
    ------
    EmbedderUnavailableError
        It cannot be imported or made.
    EmbedderError
        It is not an embedder.
    """
    module, _, attribute = named.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        if isinstance(found, type) or (callable(found) and not hasattr(found, "embed")):
            found = found()
    except Exception as error:
        raise EmbedderUnavailableError(
            f"LMSKIT_EMBEDDER={named} cannot be loaded: {type(error).__name__}: {error}. Check the setting and its module."
        ) from error
    try:
        check_embedder(found, said=f"LMSKIT_EMBEDDER={named}")
    except EmbedderError:
        raise
    except Exception as error:
        raise EmbedderError(f"LMSKIT_EMBEDDER={named} cannot be asked for its name: {type(error).__name__}: {error}.") from error
    return cast("Embedder", found)
