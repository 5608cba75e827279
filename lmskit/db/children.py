"""What processes that this one starts, such as kernels, need to act as the same login: a private file, and no password in a variable."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.db.address import without_password
from lmskit.db.sign_in_file import BY_ADDRESS, KeptSignIn, SignInFile
from lmskit.settings import changed_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.db.access import Access


@contextmanager
def passed_on(parent: Access) -> Iterator[None]:
    """Give processes that are started within the block a file of sign-ins, which they share and which is removed at its end.

    It has the person who signed in in this process, and the password that `LMSKIT_DATABASE_URL` or `PGPASSWORD` has for the login of
    the address, which children then do not inherit: other processes of the user can read the environment of a process.
    """
    server = parent.server
    with tempfile.TemporaryDirectory(prefix="lmskit-") as folder:
        file = SignInFile(Path(folder) / "sign-in.json")
        variables: dict[str, str | None] = {"LMSKIT_SIGN_IN_FILE": str(file.path)}
        if (typed := parent.person) is not None:
            file.keep(server.name, KeptSignIn(typed.email, typed.login, typed.password))
        elif parent.shared is not None and (found := parent.shared.find(server.name)) is not None:
            file.keep(server.name, found)
        external = server.external
        if external is not None and external.username is not None and (secret := parent.password_of(external)) is not None:
            file.keep(f"{server.name} {BY_ADDRESS}", KeptSignIn(None, external.username, secret))
            variables |= {"LMSKIT_DATABASE_URL": without_password(external), "PGPASSWORD": None, "PGSERVICE": None}
        with changed_environment(variables):
            yield
