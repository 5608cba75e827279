"""How many passages each embedder turns into vectors, how long a question takes, and how much memory that needs, on this machine.

Run it with: python -m benchmarks.embedding

Each embedder works in a process of its own. The passages are made-up prose of 160 words; the model server is one on loopback that
answers the same numbers to every text, so its row is the cost of asking, without that of any model. What a second of one core gives
does not depend on what else the machine does.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.materials.words import ENGLISH

if TYPE_CHECKING:
    from lmskit.materials.vectors.embedder import Embedder

PASSAGES = {"character hash": 2_000, "sentence encoder": 200, "model server": 2_000}
QUESTIONS = 50
WORDS = 160
NUMBERS = 384


def main() -> None:
    """Print one line for each embedder."""
    print(f"{'':<18}{'load':>8}{'passages/s':>12}{'per core':>10}{'question':>12}{'longest':>12}{'memory':>10}")
    for name in PASSAGES:
        figures = json.loads(subprocess.run([sys.executable, "-m", "benchmarks.embedding", name], capture_output=True, check=True).stdout)
        load, rate, per_core, question, longest, memory = figures
        print(f"{name:<18}{load:>6.1f} s{rate:>12,.0f}{per_core:>10,.0f}{question:>9.1f} ms{longest:>9.1f} ms{memory:>7,.0f} MB")


def measured(name: str) -> list[float]:
    """Seconds to load, passages a second, the same of one core, median and longest ms of a question, and MB of the process."""
    generator = random.Random(1)
    vocabulary = ENGLISH.split()
    texts = [" ".join(generator.choices(vocabulary, k=WORDS)) for _ in range(PASSAGES[name])]
    questions = [" ".join(generator.choices(vocabulary, k=8)) for _ in range(QUESTIONS)]
    if name == "model server":
        from tests.materials.model_servers import answering_always, model_server

        with model_server() as running:
            running.always = answering_always([1.0] * NUMBERS)
            from lmskit.materials.vectors.model_server import ModelServer

            return _figures(ModelServer(running.url, model="constant", dimension=NUMBERS), texts, questions)
    from lmskit.materials.vectors.character_hash import CharacterHash
    from lmskit.materials.vectors.sentence_encoder import UniversalSentenceEncoder

    embedder = CharacterHash() if name == "character hash" else UniversalSentenceEncoder()
    return _figures(embedder, texts, questions)


def _figures(embedder: Embedder, texts: list[str], questions: list[str]) -> list[float]:
    import psutil

    started = time.perf_counter()
    embedder.embed(["a"])
    load = time.perf_counter() - started
    started, computed = time.perf_counter(), time.process_time()
    vectors = embedder.embed(texts)
    rate, per_core = len(texts) / (time.perf_counter() - started), len(texts) / (time.process_time() - computed)
    assert vectors.shape == (len(texts), embedder.dimension)
    taken = []
    for question in questions:
        started = time.perf_counter()
        embedder.embed([question])
        taken.append(1000 * (time.perf_counter() - started))
    return [load, rate, per_core, statistics.median(taken), max(taken), psutil.Process().memory_info().rss / 1e6]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
    else:
        main()
