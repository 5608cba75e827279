"""No setting of the person or the shell has an effect: pytest loads this file before a test, notebook or doctest reads one."""

import os
import signal

from tests.variables import of_the_person

for _name in filter(of_the_person, list(os.environ)):
    del os.environ[_name]
if "LMSKIT_TEST_POSTGRES" in os.environ:
    os.environ["LMSKIT_POSTGRES_VERSION"] = os.environ["LMSKIT_TEST_POSTGRES"]

# What a shell starts in the background ignores Ctrl-C, and would hand that on to the programs that tests end with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
