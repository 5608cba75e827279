"""No setting of the person who runs the tests has an effect: pytest loads this file before a test, notebook or doctest reads one."""

import os

FOR_TESTS = {
    "LMSKIT_PICTURES",  # where browser tests save screens
    "LMSKIT_TEST_DATA",  # where the real data are (tests/real_data.py)
    "LMSKIT_TEST_POSTGRES",  # on which major version the tests run, if not on the newest
    "LMSKIT_TEST_NOTEBOOKS_HOME",  # from pytest's first process to its workers (notebooks/conftest.py)
    "LMSKIT_VENV",  # the environment of the checkout
}
"""Variables that are about the tests."""

for _name in [name for name in os.environ if name.startswith(("LMSKIT_", "PG")) and name not in FOR_TESTS]:
    del os.environ[_name]
if "LMSKIT_TEST_POSTGRES" in os.environ:
    os.environ["LMSKIT_POSTGRES_VERSION"] = os.environ["LMSKIT_TEST_POSTGRES"]
