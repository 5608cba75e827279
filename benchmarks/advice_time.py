"""How long a lecturer waits for the advice of a week with 20 missed questions, in a course of some thousand passages.

Run it with: python -m benchmarks.advice_time [--passages 5000] [--repeat 5]

Passages are of made-up words as in benchmarks.search, with vectors by chance of as many numbers as those of the model that comes with
lmskit has; the advice is read as the lecturer, under row security. What that model takes for the questions is measured apart: a process
computes it once. Everything is in a cluster of its own that is removed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.scratch import scratch_cluster
from benchmarks.search import vocabulary
from benchmarks.search_quality import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

QUESTIONS, STUDENTS, WEEKS, PER_MATERIAL, WORDS = 20, 30, 12, 50, 160


class ByChance:
    """An embedder whose vectors are drawn by chance."""

    name, dimension, checksum = "by-chance", 512, "0" * 64

    def __init__(self) -> None:
        self._chance = np.random.default_rng(1)

    def embed(self, texts: Sequence[str], /) -> npt.NDArray[np.float32]:
        """Vectors of the length 1, shape (texts, 512)."""
        drawn = self._chance.normal(size=(len(texts), self.dimension))
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def made(session: Session, passages: int, embedder: ByChance) -> tuple[str, int, str]:
    """Store a course of which all questions of week 1 were missed; return its code, and number and address of its lecturer."""
    from sqlalchemy import select

    from lmskit.materials.location import Location
    from lmskit.materials.passages import Passage
    from lmskit.models import Course, User
    from tests import factories

    chance, words = random.Random(1), vocabulary()[:5000]
    weights = [1 / (n + 30) for n in range(len(words))]

    def text_of(n: int) -> str:
        return " ".join(chance.choices(words, weights=weights, k=n))

    materials = {
        f"Script {n}": [Passage(text_of(WORDS), Location(), language="en") for _ in range(PER_MATERIAL)]
        for n in range(passages // PER_MATERIAL)
    }
    code, _ = stored(session, materials, [embedder], {title: 1 + n % WEEKS for n, title in enumerate(materials)})
    course = session.scalars(select(Course).where(Course.code == code)).one()
    questions = [{"id": f"q{n}", "type": "short_text", "prompt": text_of(12), "points": 1} for n in range(QUESTIONS)]
    quiz = factories.quiz(session, course, questions=questions, max_score=QUESTIONS)
    wrong = [{"question": question["id"], "response": "x", "score": 0} for question in questions]
    for _ in range(STUDENTS):
        factories.attempt(session, quiz, factories.enrollment(session, course).student_id, answers=wrong, score=0)
    lecturer = session.get_one(User, course.lecturer_id)
    session.commit()
    return code, lecturer.id, str(lecturer.email)


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with scratch_cluster():
        import psycopg
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session

        from lmskit.db import access, engine_for, generate_password, keep_login, revision, scram_verifier
        from lmskit.materials.vectors.choice import chosen_embedder
        from lmskit.materials.vectors.embedder import vectors_of
        from lmskit.read_models.question_search import question_searches
        from lmskit.read_models.reading_advice import advice_texts, reading_advice

        endpoint = access().server.start()
        revision.upgrade()
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")))
        embedder = ByChance()
        with Session(engine) as session:
            code, number, email = made(session, arguments.passages, embedder)
        engine.dispose()
        with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            password = generate_password()
            superuser.execute("SELECT set_login(%s, %s, '!')", [number, scram_verifier(password)])
            keep_login(email, password)
            superuser.execute("VACUUM ANALYZE")
        with Session(engine_for(email)) as session:
            texts = advice_texts(session, code, week=1)
            searches = question_searches(texts, embedder)
            seconds = []
            for _ in range(arguments.repeat):
                start = time.perf_counter()
                reading_advice(session, code, 1, searches)
                seconds.append(time.perf_counter() - start)
        shipped = chosen_embedder(access().settings).embedder
        vectors_of(shipped, ["the first one loads the model"])
        start = time.perf_counter()
        vectors_of(shipped, list(texts))
        embedding = time.perf_counter() - start
    print(f"{arguments.passages:,} passages, {len(texts)} questions")
    print(f"  advice {statistics.median(seconds):.2f} s (median of {arguments.repeat}), vectors of the questions {embedding:.2f} s")


if __name__ == "__main__":
    main()
