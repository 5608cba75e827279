"""What the review of an attempt at a quiz of Moodle says, which shows marks rounded."""

import pytest

from lmskit.importers.moodle.web_service.review import review_in
from tests.moodle_server import Asked, Attempt


def reviewed(total, *shown, maximum=10.0, state="gradedpartial"):
    """The marks of a review, with by how much each may be rounded."""
    attempt = Attempt(1, 7, 11, 1, 1_790_000_000, 1_790_003_600, total)
    questions = [Asked("essay", "Why?", "So", 0.0, maximum, state).record(1, slot) | {"mark": mark} for slot, mark in enumerate(shown, 1)]
    review = review_in({"attempt": attempt.record(), "questions": questions})
    return [(mark, question.half) for mark, question in zip(review.exact_marks(), review.questions, strict=True)]


@pytest.mark.parametrize(
    ("total", "shown", "expected"),
    [
        (1.5, ("0.50", "1.00"), [(0.5, 0), (1.0, 0)]),
        (1.50334, ("0.50", "1.00"), [(0.5, 0.005), (1.0, 0.005)]),
        (1.17, ("0.50", "0.67"), [(0.5, 0), (0.67, 0.005)]),
        (1.0, ("0.33", "0.67"), [(0.33, 0.005), (0.67, 0.005)]),
        (10, ("10", "0"), [(10, 0.5), (0, 0.5)]),
        (None, ("0.50", ""), [(0.5, 0.005), (None, 0)]),
        (9.6, ("10",), [(9.6, 0.5)]),
    ],
)
def test_a_mark_is_what_is_shown_only_if_the_total_confirms_it(total, shown, expected):
    assert reviewed(total, *shown) == [(mark if mark is None else pytest.approx(mark), pytest.approx(half)) for mark, half in expected]


def test_a_wrong_answer_is_worth_nothing_unless_points_below_0_may_be_hidden():
    assert reviewed(None, "0.00", state="gradedwrong") == [(0, 0)]
    assert reviewed(None, "-0.25", state="gradedwrong") == [(-0.25, 0.005)]
    assert reviewed(None, "0", state="gradedwrong") == [(0, 0.5)]
    assert reviewed(None, "10", state="gradedright") == [(10, 0)]
