"""Answers of real students: the ASSISTments skill-builder data of 2009 and 2010, where the shared data are."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.real_data import REAL_DATA

FILE = REAL_DATA / "assistments2009" / "builder_train.csv"


def responses(path: Path = FILE) -> pd.DataFrame:
    """All answers as student, skill, correct and order.

    The file has three lines a student: how many answers, their skills, right or wrong; lines may end with a comma.
    """
    students, lengths, skills, correct = [], [], [], []
    lines = [line for line in path.read_text(encoding="ascii").splitlines() if line]
    for number, (length, of_skill, right) in enumerate(zip(lines[::3], lines[1::3], lines[2::3], strict=True)):
        students.append(number)
        lengths.append(int(length.rstrip(",")))
        skills.append(_numbers(of_skill))
        correct.append(_numbers(right))
        if not lengths[-1] == len(skills[-1]) == len(correct[-1]):
            message = f"student {number + 1} of {path.name} has lines of different lengths"
            raise ValueError(message)
    table = {"student": np.repeat(students, lengths), "skill": np.concatenate(skills), "correct": np.concatenate(correct)}
    return pd.DataFrame(table).assign(order=lambda rows: np.arange(len(rows)))


def _numbers(line: str) -> np.ndarray:
    return np.array([int(text) for text in line.split(",") if text], dtype=np.int64)
