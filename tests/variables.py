"""The environment variables that tests run with."""

FOR_TESTS = {
    "LMSKIT_PICTURES",  # where browser tests save screens
    "LMSKIT_TEST_DATA",  # where the real data are (tests/real_data.py)
    "LMSKIT_TEST_POSTGRES",  # on which major version the tests run, if not on the newest
    "LMSKIT_TEST_NOTEBOOKS_HOME",  # from pytest's first process to its workers (notebooks/conftest.py)
    "LMSKIT_VENV",  # the environment of the checkout
}
"""Variables that are about the tests."""


def of_the_person(name: str) -> bool:
    """Whether a variable is a setting of the person who runs the tests, so that no test may see it."""
    return name.startswith(("LMSKIT_", "PG")) and name not in FOR_TESTS
