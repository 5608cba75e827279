"""The people a fresh lmskit begins with: a demonstration administrator and two demonstration lecturers."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from lmskit.db import DEMO_ADMIN, generate_password
from lmskit.errors import PersonExistsError
from lmskit.queries.person import person_by_email
from lmskit.schemas.person import CreatePerson
from lmskit.services.person import create_person, found_administrator, recover_login
from lmskit.vocabulary import Role

DEMO_LECTURER = "demo.lecturer@example.org"
SECOND_LECTURER = "second.lecturer@example.org"
DEMO_LECTURERS = (DEMO_LECTURER, SECOND_LECTURER)

ADMINISTRATOR = CreatePerson(email=DEMO_ADMIN, family_name="Administrator", given_name="Demo", role=Role.SUPER_ADMIN)
LECTURERS = (
    CreatePerson(email=DEMO_LECTURER, family_name="Lecturer", given_name="Demo"),
    CreatePerson(email=SECOND_LECTURER, family_name="Lecturer", given_name="Second"),
)

Keep = Callable[[str, str], None]
"""Where an address and its new password go; called before the commit.

That order is the safe one: a password kept for a login that was not made is harmless, and replaced at the next try,
while a login whose password was kept nowhere would be lost.
"""


def seed_administrator(session: Session, keep: Keep) -> bool:
    """Make the demonstration administrator, as the migrator; False where an administrator can sign in already."""
    password = generate_password()
    if not found_administrator(session, ADMINISTRATOR, password=password):
        return False
    keep(DEMO_ADMIN, password)
    return True


def seed(session: Session, keep: Keep) -> list[str]:
    """Make the demonstration lecturers who are missing, as an administrator; return the addresses of those made."""
    made = []
    for request in LECTURERS:
        if person_by_email(session, request.email) is not None:
            continue
        password = generate_password()
        try:
            create_person(session, request, password=password)
        except PersonExistsError:
            continue  # another seed was faster, and keeps the password
        keep(request.email, password)
        made.append(request.email)
    return made


def reset_passwords(session: Session, keep: Keep) -> list[str]:
    """Give all demonstration people there are new passwords, as the migrator; return their addresses."""
    reset = []
    for request in (ADMINISTRATOR, *LECTURERS):
        password = generate_password()
        if recover_login(session, request.email, password=password):
            keep(request.email, password)
            reset.append(request.email)
    return reset
