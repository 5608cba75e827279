"""What processes that this one starts, such as kernels, need to act as the same login: private files, and no password in a variable."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.db.address import KEY_PASSWORD, THRESHOLD, parameters_of, without_password
from lmskit.db.sign_in_file import BY_ADDRESS, KeptSignIn, SignInFile
from lmskit.settings import changed_environment
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from lmskit.db.access import Access

Variables = dict[str, str | None]
SERVICE = "lmskit"
TOKENS = ("LMSKIT_MOODLE_TOKEN", "LMSKIT_CANVAS_TOKEN")
"""Variables that no child gets: no notebook syncs."""


@contextmanager
def passed_on(parent: Access, sign_in: KeptSignIn | None = None) -> Iterator[None]:
    """Give processes that are started within the block files of sign-ins and passwords, which are removed at its end.

    They have `sign_in`, or else the person who signed in in this process, and the passwords that `LMSKIT_DATABASE_URL` or `PGPASSWORD`
    has for the login of the address and the key of its certificate, and `LMSKIT_SMTP_PASSWORD`. Children do not inherit those variables:
    other processes of the user can read the environment of a process.
    """
    server = parent.server
    with tempfile.TemporaryDirectory(prefix="lmskit-") as name:
        folder = Path(name)
        file = SignInFile(folder / "sign-in.json")
        variables: Variables = {"LMSKIT_SIGN_IN_FILE": str(file.path)}
        if sign_in is not None:
            file.keep(server.name, sign_in)
        elif (typed := parent.person) is not None:
            file.keep(server.name, KeptSignIn(typed.email, typed.login, typed.password))
        elif parent.shared is not None and (found := parent.shared.find(server.name)) is not None:
            file.keep(server.name, found)
        external = server.external
        if external is not None:
            if external.username is not None and (secret := parent.password_of(external)) is not None:
                file.keep(f"{server.name} {BY_ADDRESS}", KeptSignIn(None, external.username, secret))
            variables |= {"PGPASSWORD": None} | _address(external._replace(password=None), folder / "services")
        if parent.settings.smtp_password is not None and parent.settings.smtp_password_file is None:
            kept = folder / "smtp-password"
            write_whole(kept, f"{parent.settings.smtp_password.get_secret_value()}\n")
            variables |= {"LMSKIT_SMTP_PASSWORD": None, "LMSKIT_SMTP_PASSWORD_FILE": str(kept)}
        variables |= dict.fromkeys(TOKENS)
        with changed_environment(variables):
            yield


def _address(external: URL, services: Path) -> Variables:
    """Return the variables that name the server: its address, or a service in a private file if it has the password of a key."""
    if KEY_PASSWORD not in external.query:
        return {"LMSKIT_DATABASE_URL": without_password(external), "PGSERVICE": None}
    threshold = {THRESHOLD: str(external.query[THRESHOLD])} if THRESHOLD in external.query else {}
    lines = [f"[{SERVICE}]", *(f"{name}={value}" for name, value in (parameters_of(external) | threshold).items())]
    write_whole(services, "\n".join(lines) + "\n")
    return {"LMSKIT_DATABASE_URL": None, "PGSERVICE": SERVICE, "PGSERVICEFILE": str(services)}
