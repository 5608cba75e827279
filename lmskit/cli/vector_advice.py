"""What the commands that add materials say about vectors, which a command of its own computes."""

from lmskit.cli.printing import print_error
from lmskit.db import snapshot
from lmskit.queries.material_vectors import lacks_vectors


def advise_vectors(course: str) -> None:
    """Say that passages of a course have no vector yet, and how they get one."""
    with snapshot() as session:
        lacking = lacks_vectors(session, course)
    if lacking:
        print_error(f"Passages of {course} have no vector yet, so search compares them by their words alone. Next: lmskit material embed")
