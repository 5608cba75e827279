"""Two models that take their time, whose vectors follow from the text alone."""

import hashlib
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class Slow:
    """Eight numbers of a hash of name and text."""

    dimension = 8

    def __init__(self, name: str) -> None:
        self.name = name
        self.checksum = hashlib.sha256(name.encode()).hexdigest()

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        time.sleep(0.01)
        digests = [hashlib.sha256(f"{self.name} {text}".encode()).digest()[:8] for text in texts]
        numbers = np.array([list(digest) for digest in digests], dtype=np.float32).reshape(len(texts), 8) - 127.5
        return np.asarray(numbers / np.linalg.norm(numbers, axis=1, keepdims=True), dtype=np.float32)


one, two = Slow("one"), Slow("two")
MODELS = {"one": one, "two": two}
