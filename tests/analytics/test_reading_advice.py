"""Reading advice: laws that hold for every class, every question and every decision."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta

from lmskit.analytics.reading_advice import NEARLY_AS_GOOD, FoundPassage, question_weights, ranked_passages

QUESTIONS = ("a", "b", "c", "d")
passages = st.tuples(st.integers(1, 3), st.integers(1, 6))
weights = st.dictionaries(st.sampled_from(QUESTIONS), st.floats(0.01, 1), min_size=1)


@st.composite
def finds(draw):
    """What searches found: each passage once for a question, and always in the same section."""
    section = draw(st.dictionaries(passages, st.integers(0, 1)))
    keys = draw(st.lists(st.tuples(st.sampled_from(QUESTIONS), passages), unique=True, max_size=20))
    return [FoundPassage(question, passage, draw(st.floats(0.1, 1)), section.get(passage)) for question, passage in keys]


decisions = st.lists(passages, max_size=4, unique=True)


def with_question(ranking, question):
    return {passage: item.score for item in ranking.items if question in item.questions for passage in item.passages}


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.floats(0, n))))
def test_a_weight_is_the_lower_end_of_the_interval_and_at_most_the_share(counts):
    n, lost = counts
    [weight] = question_weights([lost], [n])
    assert 0 <= weight <= lost / n
    assert weight == pytest.approx(min(beta.ppf(0.05, 0.5 + lost, 0.5 + n - lost), lost / n), rel=1e-6, abs=1e-9)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_a_weight_grows_with_those_who_miss_and_with_how_sure_that_is(counts):
    n, missed = counts
    fewer, more, one_more_student, twice = question_weights([missed, missed + 1, missed + 1, 2 * missed], [n, n, n + 1, 2 * n])
    assert fewer < more
    assert fewer < one_more_student
    assert twice >= fewer - 1e-12 or missed == 0


def test_no_weight_without_students_or_without_a_miss():
    assert question_weights([0, 0, 0], [0, 1, 500]).tolist() == [0, 0, 0]


@example({"b": 1.0}, [FoundPassage("a", (1, 1), 1.0, 0), FoundPassage("b", (1, 2), 1.0)], [(1, 1)], [])
@given(weights, finds(), decisions, decisions)
def test_a_question_that_no_student_missed_changes_nothing(weights, found, pinned, banned):
    silent = dict.fromkeys(QUESTIONS, 0.0) | weights
    assert ranked_passages(silent, found, pinned=pinned, banned=banned) == ranked_passages(
        weights, [hit for hit in found if hit.question in weights], pinned=pinned, banned=banned
    )


@given(weights, finds(), decisions, decisions, st.randoms())
def test_the_order_of_questions_and_finds_does_not_matter(weights, found, pinned, banned, dice):
    shuffled, turned = list(found), list(weights.items())
    dice.shuffle(shuffled)
    dice.shuffle(turned)
    assert ranked_passages(dict(turned), shuffled, pinned=pinned, banned=banned) == ranked_passages(
        weights, found, pinned=pinned, banned=banned
    )


@given(weights, finds(), decisions, decisions)
def test_a_ban_never_shows_and_a_pin_always_does_once_and_in_its_order(weights, found, pinned, banned):
    items = ranked_passages(weights, found, pinned=pinned, banned=banned).items
    shown = [passage for item in items for passage in item.passages]
    assert not set(shown) & (set(banned) - set(pinned))
    assert len(shown) == len(set(shown))
    assert [item.best for item in items[: len(pinned)]] == pinned
    assert [item.pinned for item in items] == [True] * len(pinned) + [False] * (len(items) - len(pinned))


@given(weights, finds(), decisions, decisions, st.floats(0, 1))
def test_more_students_missing_a_question_never_lower_its_passages(weights, found, pinned, banned, more):
    question = next(iter(weights))
    heavier = weights | {question: weights[question] + more}
    before, after = (ranked_passages(given_weights, found, pinned=pinned, banned=banned) for given_weights in (weights, heavier))
    earlier, later = with_question(before, question), with_question(after, question)
    assert earlier.keys() == later.keys()
    assert all(later[passage] >= score for passage, score in earlier.items())
    others = {item.best: item.score for item in before.items if question not in item.questions}
    assert others == {item.best: item.score for item in after.items if question not in item.questions}


@given(weights, finds(), decisions, decisions)
def test_every_question_that_counts_is_answered_or_listed_as_unanswered(weights, found, pinned, banned):
    ranking = ranked_passages(weights, found, pinned=pinned, banned=banned)
    answered = {question for item in ranking.items for question in item.questions}
    assert answered.isdisjoint(ranking.unanswered)
    assert answered | set(ranking.unanswered) == set(weights)
    suitable = {hit.question for hit in found if hit.passage not in set(banned) - set(pinned)}
    assert answered == suitable & set(weights)


@given(weights, finds(), decisions)
def test_passages_that_are_read_together_follow_each_other_in_one_section(weights, found, banned):
    sections = {hit.passage: hit.section for hit in found}
    for item in ranked_passages(weights, found, banned=banned).items:
        (material, first), *_ = item.passages
        assert item.passages == tuple((material, first + step) for step in range(len(item.passages)))
        assert len({sections[passage] for passage in item.passages}) == 1


def test_a_question_leads_to_few_passages_and_the_next_one_takes_the_turn_of_a_banned_one():
    found = [FoundPassage("a", (material, 1), material / 100) for material in range(1, 7)]
    best = [item.best for item in ranked_passages({"a": 0.5}, found).items]
    assert best == [(6, 1), (5, 1), (4, 1)]
    assert [item.best for item in ranked_passages({"a": 0.5}, found, banned=[(5, 1)]).items] == [(6, 1), (4, 1), (3, 1)]


@given(weights, finds(), decisions)
def test_a_question_leads_only_to_what_is_nearly_as_good_as_the_best(weights, found, banned):
    for question in weights:
        scores = {hit.passage: hit.score for hit in found if hit.question == question and hit.passage not in banned}
        shown = {passage for item in ranked_passages({question: 1.0}, found, banned=banned).items for passage in item.passages}
        assert bool(shown) == bool(scores)
        assert all(scores[passage] >= max(scores.values()) - NEARLY_AS_GOOD for passage in shown)
