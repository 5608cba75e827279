"""No setting of the person who runs the tests has an effect: pytest loads this file before a test, notebook or doctest reads one."""

import os

from tests.variables import of_the_person

for _name in filter(of_the_person, list(os.environ)):
    del os.environ[_name]
if "LMSKIT_TEST_POSTGRES" in os.environ:
    os.environ["LMSKIT_POSTGRES_VERSION"] = os.environ["LMSKIT_TEST_POSTGRES"]
