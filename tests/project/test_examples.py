"""The examples that hypothesis makes are the same in each `make test`, and others in each `make test-exhaustive`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import FIXED, RANDOM


def numbers(profile: str) -> list[int]:
    drawn = []

    @settings(settings.get_profile(profile))
    @given(st.integers())
    def draw(number):
        drawn.append(number)

    draw()
    return drawn


def test_fixed_examples_are_the_same_in_each_run():
    assert numbers(FIXED) == numbers(FIXED)


def test_random_examples_are_others_in_each_run_and_ten_times_as_many():
    one, other = (numbers(RANDOM) for _ in range(2))
    assert one != other
    assert len(one) >= 10 * len(numbers(FIXED))
