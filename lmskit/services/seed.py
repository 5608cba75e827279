"""The people in a new lmskit database: a demonstration administrator and two demonstration lecturers."""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from lmskit.db import generate_password
from lmskit.errors import LoginClosedError, PersonExistsError
from lmskit.queries.person import person_by_email
from lmskit.schemas.person import CreatePerson
from lmskit.services.person import create_person, found_administrator, recover_login
from lmskit.settings import DEMO_ADMIN
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
"""Stores an address and its new password; called before the commit.

This order is safe: a stored password whose login was not created does no harm, and is replaced at the next try. A login whose
password was not stored would be lost.
"""


def seed_administrator(session: Session, keep: Keep) -> bool:
    """Create the demonstration administrator, as the migrator; False if an administrator can sign in already."""
    password = generate_password()
    if not found_administrator(session, ADMINISTRATOR, password=password):
        return False
    keep(DEMO_ADMIN, password)
    return True


def seed(session: Session, keep: Keep) -> list[str]:
    """Create the missing demonstration lecturers, as an administrator; return their addresses."""
    created = []
    for request in LECTURERS:
        if person_by_email(session, request.email) is not None:
            continue
        password = generate_password()
        try:
            create_person(session, request, password=password)
        except PersonExistsError:
            continue  # another process created the person first, and stores the password
        keep(request.email, password)
        created.append(request.email)
    return created


def reset_passwords(session: Session, keep: Keep) -> list[str]:
    """Set new passwords for the demonstration people who exist, as the migrator; return their addresses. A closed login stays closed."""
    reset = []
    for request in (ADMINISTRATOR, *LECTURERS):
        password = generate_password()
        with suppress(LoginClosedError):
            if recover_login(session, request.email, password=password):
                keep(request.email, password)
                reset.append(request.email)
    return reset
