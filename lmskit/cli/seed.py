"""`lmskit seed`: the demonstration people and their logins."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from lmskit.errors import LoginLostError, LoginMissingError, UnreachableError


@dataclass
class Seeded:
    """Addresses of people who got a password now, with the password."""

    passwords: dict[str, str] = field(default_factory=dict)

    def keep(self, email: str, password: str) -> None:
        """Keep a password in this machine's passfile, and here until it was printed."""
        from lmskit.db import keep_login

        keep_login(email, password)
        self.passwords[email] = password


def seed(
    *,
    reset_passwords: Annotated[
        bool,
        typer.Option("--reset-passwords", help="Give the demonstration people who are there new passwords, as the owner of the database."),
    ] = False,
) -> None:
    """Make the demonstration administrator and lecturers with their logins, unless they are there."""
    from lmskit.cli.printing import say
    from lmskit.db import migrator_engine, revision

    revision.require_current(migrator_engine())
    seeded = seed_people(reset_passwords=reset_passwords)
    for sentence in told(seeded):
        say(sentence)


def seed_people(*, reset_passwords: bool = False) -> Seeded:
    """Do what `lmskit seed` does, and return the passwords that were made.

    Raises
    ------
    LoginLostError
        The database has its administrators, and this machine has no password of the demonstration one.
    """
    from lmskit.db import engine_for, migrator_engine, transaction
    from lmskit.services import seed as service
    from lmskit.settings import DEMO_ADMIN

    seeded = Seeded()
    if reset_passwords:
        with transaction(migrator_engine()) as session:
            service.reset_passwords(session, seeded.keep)
    if not _administrator_can_sign_in():
        with transaction(migrator_engine()) as session:
            made = service.seed_administrator(session, seeded.keep)
        if not made:
            raise LoginLostError(person=DEMO_ADMIN)
    with transaction(engine_for(DEMO_ADMIN)) as session:
        service.seed(session, seeded.keep)
    return seeded


def told(seeded: Seeded) -> list[str]:
    """The lines to print; passwords are printed this once."""
    from lmskit.db import access

    if not seeded.passwords:
        return ["The demonstration people are there already."]
    lines = [f"{email}  password: {password}" for email, password in seeded.passwords.items()]
    return [*lines, f"These passwords are shown once. For this machine they are kept in {access().settings.passfile}"]


def _administrator_can_sign_in() -> bool:
    from lmskit.db import engine_for
    from lmskit.settings import DEMO_ADMIN

    try:
        with engine_for(DEMO_ADMIN).connect():
            return True
    except (LoginMissingError, UnreachableError):
        # Whether it is the login or the server, the next step tells: it asks the same server as another login.
        return False
