"""How many examples hypothesis makes for a test.

`make test` makes the same examples each time, so that a change fails by what it changes. `make test-exhaustive` makes ten times as many,
other ones each time, and prints the example that fails; it belongs beside the test, as an `@example`.
"""

from hypothesis import settings

FIXED = "fixed"
RANDOM = "random"

# How long an example takes depends on what else the machine does; no test is about time.
settings.register_profile(FIXED, deadline=None, derandomize=True, max_examples=50)
# Without its word, hypothesis makes the same examples each time where it finds a variable of a CI service.
settings.register_profile(RANDOM, deadline=None, derandomize=False, print_blob=True, max_examples=500)


def share(percent: int) -> int:
    """Return this share of the examples that a test has without a number of its own, at least one."""
    return max(1, settings().max_examples * percent // 100)
