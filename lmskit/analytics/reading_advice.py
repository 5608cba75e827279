"""From the questions that were missed to the passages to read again: how much each question counts, and in which order passages come."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.interval import beta_interval

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

PassageKey: TypeAlias = tuple[int, int]
"""Number of the material, and ordinal of the passage in it."""

PER_QUESTION = 3
"""The most passages that one question leads to."""
NEARLY_AS_GOOD = 0.05
"""How far below the score of the best passage for a question the score of another one may be that it leads to as well."""
OF_ANOTHER_WEEK = 0.1
"""By how much more a passage of another week than the topic's has to stand out.

Both were chosen by `python -m benchmarks.advice_quality` (docs/search.md).
"""
MISSED_OFTEN = 0.05
"""The weight from which a question of a class counts as missed often: it is almost certain that more than one in twenty miss it."""


def head_starts(
    weeks: Mapping[int, int | None], week: int, least: float, *, own_week: float = 0.0, another_week: float = OF_ANOTHER_WEEK
) -> dict[int, float]:
    """What the week of a material says for or against its passages as advice for the topic of a week, as a part of their scores.

    A passage of the topic's own week only has to score more than a typical one, a passage of another week has to stand out further than
    one of a material of the whole course, about whose week nothing is known.

    Parameters
    ----------
    weeks
        Of each material, by its id; None for a material of the whole course.
    week
        Of the topic.
    least
        By how much a passage has to stand out of which no week is known.
    own_week
        By how much one of the topic's own week has to.
    another_week
        By how much more than `least` one of another week has to.

    Examples
    --------
    >>> head_starts({7: 3, 8: 4, 9: None}, 3, 0.195)
    {7: 0.195, 8: -0.1}
    """
    return {material: least - own_week if own == week else -another_week for material, own in weeks.items() if own is not None}


def question_weights(lost: npt.ArrayLike, n_students: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How much each question counts: the share of its points that is lost for sure.

    The lower end of the central 90 % interval of Beta(½ + l, ½ + n - l), for l points of n lost: the weight grows with the share that
    missed the question and, at the same share, with the number of students by whom it is known.

    Parameters
    ----------
    lost
        Sum over students of the share of the points that they did not earn, 0 to `n_students`; shape (questions,).
    n_students
        Students who answered, of the same shape.

    Returns
    -------
    array
        Of the same shape, 0 to 1; 0 for a question that no student missed or answered.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science 16(2). Sorting by the lower end of an
    interval: Miller (2009), How not to sort by average rating, evanmiller.org.

    Examples
    --------
    >>> question_weights([1, 12, 30, 0], [2, 20, 50, 9]).round(3).tolist()
    [0.097, 0.418, 0.484, 0.0]
    """
    students = np.asarray(n_students, dtype=np.float64)
    share = np.clip(np.divide(lost, students, out=np.zeros(students.shape), where=students > 0), 0, 1)
    low, _ = beta_interval(share, students)
    return low


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that the search for a question found."""

    question: Hashable
    passage: PassageKey
    score: float
    """How far it stands out, with the head start of its material; at least the threshold below which nothing is suitable."""
    section: Hashable = None
    """Passages of one material that follow each other and have the same section are read together."""


@dataclass(frozen=True, slots=True)
class RankedPassages:
    """One item of advice: passages that are read together.

    Attributes
    ----------
    best
        The passage that suits best, or the pinned one.
    passages
        All of them, in the order of the material; never a banned one.
    questions
        The questions that they help with, the one that counts most first.
    score
        Sum over the questions of weight times the score of the passage that suits it best; 0 for a pinned passage that suits none.
    pinned
        Whether a person put it here.
    """

    best: PassageKey
    passages: tuple[PassageKey, ...]
    questions: tuple[Hashable, ...]
    score: float
    pinned: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """The advice for one topic.

    Attributes
    ----------
    items
        Pinned passages in their order, then the others, the best ones first.
    unanswered
        Questions that count and for which nothing is suitable, the one that counts most first.
    """

    items: tuple[RankedPassages, ...]
    unanswered: tuple[Hashable, ...]


def ranked_passages(
    weights: Mapping[Hashable, float],
    found: Iterable[FoundPassage],
    *,
    pinned: Sequence[PassageKey] = (),
    banned: Collection[PassageKey] = (),
    per_question: int = PER_QUESTION,
) -> Ranking:
    """Put the passages that were found for the questions of a topic into one order.

    Parameters
    ----------
    weights
        How much each question counts, as `question_weights` gives it, by question.
    found
        What the search found for each question, above its threshold.
    pinned
        Passages that come first, in this order, whatever was found.
    banned
        Passages that are never shown; the next one that was found takes the turn of a banned one. A passage that is pinned too is pinned.
    per_question
        The most passages that one question leads to: the best one that is shown, and others that are nearly as good.

    Notes
    -----
    A question that no student missed has the weight 0 and changes nothing. The order of the questions and of what was found does not
    matter. If more students miss a question, no score of an item that helps with it falls. Which passages are read together depends on
    the passages alone, not on scores.

    Examples
    --------
    >>> found = [FoundPassage("loops", (1, 4), 0.5), FoundPassage("lists", (1, 5), 0.88), FoundPassage("lists", (2, 1), 0.9)]
    >>> ranking = ranked_passages({"loops": 0.4, "lists": 0.3, "sets": 0.2}, found)
    >>> [(item.passages, item.questions, round(item.score, 2)) for item in ranking.items]
    [(((1, 4), (1, 5)), ('loops', 'lists'), 0.46), (((2, 1),), ('lists',), 0.27)]
    >>> ranking.unanswered
    ('sets',)
    """
    counting = sorted((question for question in weights if weights[question] > 0), key=lambda question: (-weights[question], str(question)))
    hidden = set(banned) - set(pinned)
    scores: dict[PassageKey, dict[Hashable, float]] = defaultdict(dict)
    sections: dict[PassageKey, Hashable] = {}
    leads: dict[Hashable, list[FoundPassage]] = defaultdict(list)
    for hit in found:
        if weights.get(hit.question, 0) <= 0:
            continue
        sections[hit.passage] = hit.section
        if hit.passage not in hidden:
            leads[hit.question].append(hit)
    for question in counting:
        best_first = sorted(leads[question], key=lambda hit: (-hit.score, hit.passage))
        for hit in best_first[:per_question]:
            if hit.score < best_first[0].score - NEARLY_AS_GOOD:
                break
            scores[hit.passage][question] = max(hit.score, scores[hit.passage].get(question, hit.score))
    order = {question: position for position, question in enumerate(counting)}
    groups = _with_pins(_read_together({*scores, *pinned}, sections), pinned)
    items = [_item(group, scores, weights, order, pinned=set(pinned)) for group in groups]
    position = {passage: number for number, passage in reversed(list(enumerate(pinned)))}
    items.sort(key=lambda item: (position.get(item.best, len(pinned)) if item.pinned else len(pinned), -item.score, item.best))
    answered = {question for item in items for question in item.questions}
    return Ranking(tuple(items), tuple(question for question in counting if question not in answered))


def _read_together(passages: Collection[PassageKey], sections: Mapping[PassageKey, Hashable]) -> Iterator[list[PassageKey]]:
    """Group passages of a material that follow each other within a section."""
    group: list[PassageKey] = []
    for material, ordinal in sorted(passages):
        before = (material, ordinal - 1)
        if group and (group[-1] != before or sections.get(before) != sections.get((material, ordinal))):
            yield group
            group = []
        group.append((material, ordinal))
    if group:
        yield group


def _with_pins(groups: Iterable[list[PassageKey]], pinned: Sequence[PassageKey]) -> Iterator[list[PassageKey]]:
    """Make of each pinned passage a group of its own, whose first passage it is; the first takes along those that are read with it."""
    for group in groups:
        pins = [passage for passage in dict.fromkeys(pinned) if passage in group]
        if not pins:
            yield group
            continue
        yield [pins[0], *(passage for passage in group if passage not in pins)]
        yield from ([pin] for pin in pins[1:])


def _item(
    group: list[PassageKey],
    scores: Mapping[PassageKey, Mapping[Hashable, float]],
    weights: Mapping[Hashable, float],
    order: Mapping[Hashable, int],
    *,
    pinned: Collection[PassageKey],
) -> RankedPassages:
    reached: dict[Hashable, float] = {}
    for passage in group:
        for question, score in scores.get(passage, {}).items():
            reached[question] = max(score, reached.get(question, score))

    def score_of(of: Mapping[Hashable, float]) -> float:
        return math.fsum(weights[question] * score for question, score in of.items())

    is_pinned = group[0] in pinned
    best = group[0] if is_pinned else min(group, key=lambda passage: (-score_of(scores.get(passage, {})), passage))
    return RankedPassages(best, tuple(sorted(group)), tuple(sorted(reached, key=order.__getitem__)), score_of(reached), is_pinned)
