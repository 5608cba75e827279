"""Fits of knowledge tracing as tables, in numbers and in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from lmskit.read_models.knowledge import DEGENERATE, FEW, FEW_STUDENTS, NOT_CONVERGED, fit_notes
from lmskit.rounding import number_text, percent_text


def fits_table(fits: pd.DataFrame) -> pd.DataFrame:
    """Write fits in numbers, one row per week, with a note on those that are not to be relied on."""
    rows = [
        {
            "Week": week,
            "Prior": number_text(row["prior"]),
            "Learn": number_text(row["learn"]),
            "Guess": number_text(row["guess"]),
            "Slip": number_text(row["slip"]),
            "Forget": number_text(row["forget"]),
            "Students": row["n_students"],
            "Answers": row["n_answers"],
            "AUC": number_text(row["auc"]),
            "RMSE": number_text(row["rmse"]),
            "Log-loss": number_text(row["log_loss"]),
            "Note": ", ".join(fit_notes(row)),
        }
        for week, row in zip(fits.index.tolist(), fits.to_dict("records"), strict=True)
    ]
    columns = ["Week", "Prior", "Learn", "Guess", "Slip", "Forget", "Students", "Answers", "AUC", "RMSE", "Log-loss", "Note"]
    return pd.DataFrame(rows, columns=columns)


def words_table(fits: pd.DataFrame, topics: Mapping[int, str]) -> pd.DataFrame:
    """Write fits in words, one row per week."""
    rows = [
        {"Week": week, "Topic": topics.get(week, "–"), "In words": in_words(row)}
        for week, row in zip(fits.index.tolist(), fits.to_dict("records"), strict=True)
    ]
    return pd.DataFrame(rows, columns=["Week", "Topic", "In words"])


def in_words(fit: Mapping[Hashable, Any]) -> str:
    """Say what the parameters of a week mean, and how far to trust them.

    Examples
    --------
    >>> fit = {"prior": 0.4, "learn": 0.2, "guess": 0.25, "slip": 0.1, "forget": 0.0, "constrained": False, "converged": True}
    >>> in_words(fit | {"n_students": 80})
    '40 % knew it before; of the others, 20 % learn it with each answer. Without knowing it, 25 % of answers are correct; knowing it, 90 %.'
    """
    if pd.isna(fit["prior"]):
        return "Nothing can be said: no answer counts."
    told = f"{percent_text(fit['prior'])} knew it before; of the others, {percent_text(fit['learn'])} learn it with each answer. "
    told += f"Without knowing it, {percent_text(fit['guess'])} of answers are correct; knowing it, {percent_text(1 - fit['slip'])}."
    if fit["forget"] > 0:
        told += f" {percent_text(fit['forget'])} forget it between two answers."
    sentences = {
        DEGENERATE: "Degenerate: these answers are likeliest if knowing the topic makes correct ones rarer. This is the best fit that "
        "makes sense; do not rely on it.",
        NOT_CONVERGED: "The fit did not settle.",
        FEW: f"Few students: with fewer than {FEW_STUDENTS}, these numbers could as well be others.",
    }
    return " ".join([told, *(sentences[note] for note in fit_notes(fit))])
