"""`lmskit seed`: the demonstration people and their logins."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from lmskit.cli.printing import print_line
from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, transaction
from lmskit.errors import LoginLostError, LoginMissingError, UnreachableError
from lmskit.services import seed as service
from lmskit.settings import DEMO_ADMIN


@dataclass
class NewPasswords:
    """The passwords that were set now, by the address of the person."""

    passwords: dict[str, str] = field(default_factory=dict)

    def keep(self, email: str, password: str) -> None:
        """Keep a password in this machine's passfile, and here until it is printed."""
        keep_login(email, password)
        self.passwords[email] = password

    def lines(self) -> list[str]:
        """The lines to print; passwords are printed only this once."""
        if not self.passwords:
            return ["The demonstration people exist already."]
        lines = [f"{email}  password: {password}" for email, password in self.passwords.items()]
        return [*lines, f"These passwords are shown once. For this machine they are kept in {access().settings.passfile}"]


def seed(
    *,
    reset_passwords: Annotated[
        bool,
        typer.Option("--reset-passwords", help="Give the existing demonstration people new passwords, as the owner of the database."),
    ] = False,
) -> None:
    """Make the demonstration administrator and lecturers with their logins, unless they exist."""
    revision.require_current(migrator_engine())
    for line in seed_people(reset_passwords=reset_passwords).lines():
        print_line(line)


def seed_people(*, reset_passwords: bool = False) -> NewPasswords:
    """Do what `lmskit seed` does, and return the passwords that were set.

    Raises
    ------
    LoginLostError
        The database has administrators already, and this machine has no password of the demonstration administrator.
    """
    new = NewPasswords()
    if reset_passwords:
        with transaction(migrator_engine()) as session:
            service.reset_passwords(session, new.keep)
    if not _administrator_can_sign_in():
        with transaction(migrator_engine()) as session:
            made = service.seed_administrator(session, new.keep)
        if not made:
            raise LoginLostError(person=DEMO_ADMIN)
    with transaction(engine_for(DEMO_ADMIN)) as session:
        service.seed(session, new.keep)
    return new


def _administrator_can_sign_in() -> bool:
    try:
        with engine_for(DEMO_ADMIN).connect():
            return True
    except (LoginMissingError, UnreachableError):
        # The next step connects to the same server with another login, and so reports a server that cannot be reached.
        return False
