"""Simulated terms and quizzes: data by a known response model, with the truth beside it. No one real is described."""

from lmskit.simulation.quizzes import Flaw
from lmskit.simulation.scores import SimulatedScores, simulated_scores
from lmskit.simulation.term import (
    DEMONSTRATION_FLAWS,
    DEMONSTRATION_SEED,
    SimulatedTerm,
    TermDesign,
    Truth,
    demonstration_terms,
    response_probability,
    simulate_term,
)

__all__ = [
    "DEMONSTRATION_FLAWS",
    "DEMONSTRATION_SEED",
    "Flaw",
    "SimulatedScores",
    "SimulatedTerm",
    "TermDesign",
    "Truth",
    "demonstration_terms",
    "response_probability",
    "simulate_term",
    "simulated_scores",
]
