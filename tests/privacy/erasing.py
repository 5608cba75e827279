"""A process that erases one person after the other; the test kills it. The address of the database comes on standard input.

python -m tests.privacy.erasing FIRST LAST
"""

import sys

from sqlalchemy import make_url

from lmskit.db import access, transaction
from lmskit.services.erasure import erase_person


def main() -> None:
    """Erase everybody from the first to the last id, and print each before and after."""
    engine = access().engine_at(make_url(sys.stdin.readline().strip()))
    for person in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        sys.stdout.write(f"begins {person}\n")
        sys.stdout.flush()
        with transaction(engine) as session:
            erase_person(session, person)
        sys.stdout.write(f"erased {person}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
