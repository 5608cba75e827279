"""What the hub does before a server starts: who its user is in lmskit, and how the user's processes sign in as that person.

The hub may keep logins: passwords in the passfile of a folder that only the hub can enter, put there by `lmskit login create --keep`
and `lmskit passwd --keep`. One is handed to its person's server through a pipe, so that no password is in an argument, in a variable
or in a file of another user's. Where none is kept, or the database does not accept it, notebooks show the form to sign in.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lmskit.db import Access, snapshot
from lmskit.db.address import KEY_PASSWORD, read_address, shown, without_login
from lmskit.db.sign_in_file import KeptSignIn
from lmskit.errors import HubError, LmskitError
from lmskit.jupyter_settings import page_argument
from lmskit.queries.login import signed_in
from lmskit.schemas.login import ChooseLogin
from lmskit.settings import Settings
from lmskit.vocabulary import Role

PersonOf = Callable[[Any], "str | Awaitable[str | None] | None"]
"""From a hub's spawner to the e-mail address of its user in lmskit; None if the user does not work with lmskit."""

COMMAND = (sys.executable, "-P", "-m", "lmskit.jupyterhub")
"""`-P`: a file `json.py` in the user's home must not stop the user's server."""


@dataclass(frozen=True, kw_only=True)
class Hub:
    """How the users of a hub work in lmskit.

    Attributes
    ----------
    database
        Address of the server and its database, without a login, as in `LMSKIT_DATABASE_URL`.
    person
        Who a user is in lmskit.
    passwords
        The folder, `LMSKIT_HOME` of the hub, with the passfile of kept logins; None if people always sign in with the form.
    administrators
        Whether kept logins of administrators are handed over too; by default administrators type their password.
    workspace
        Folder of a person's own notebooks and reports, in their home.
    command
        What starts a user's server.
    """

    database: str
    person: PersonOf
    passwords: Path | None = None
    administrators: bool = False
    workspace: str = "~/lmskit"
    command: Sequence[str] = COMMAND

    def __post_init__(self) -> None:
        """Refuse an address with a login, which all users would have, and a folder of passwords that others could enter."""
        address = read_address(self.database, name="The database of the hub")
        if address.username or address.password or any(name in address.query for name in ("passfile", "service", KEY_PASSWORD)):
            raise HubError(
                "The address of the hub's database must name neither a login nor a password, passfile or service: every user could use it. "
                f"It should look like {shown(without_login(address))}"
            )
        if self.passwords is not None:
            _require_private(self.passwords)

    async def before_start(self, spawner: Any) -> None:  # noqa: ANN401 - JupyterHub has no types
        """Prepare a server: the hook `pre_spawn_hook`.

        Raises
        ------
        SpawnException
            The user does not work with lmskit, or this kind of server cannot be given a kept login. The hub shows the sentence.
        """
        from jupyterhub.spawner import SpawnException  # noqa: PLC0415 - the hub has imported it

        try:
            await self._prepare(spawner)
        except HubError as error:
            raise SpawnException(str(error), reason="lmskit") from error

    async def _prepare(self, spawner: Any) -> None:  # noqa: ANN401 - as above
        person = await self._person_of(spawner)
        spawner.environment = {
            **spawner.environment,
            "LMSKIT_DATABASE_URL": self.database,
            "LMSKIT_PERSON": person,
            "LMSKIT_WORKSPACE": self.workspace,
        }
        page = page_argument(spawner.hub.public_host)
        if spawner.hub.public_host and page not in spawner.args:  # each user has a domain, and the hub another
            spawner.args = [*spawner.args, page]
        spawner.cmd = list(self.command)
        if self.passwords is not None:
            _require_account_of_its_own(spawner)
            found = await asyncio.to_thread(self._kept, person, spawner.log)
            spawner.popen_kwargs = {**spawner.popen_kwargs, "pass_fds": ()}
            if found is not None:
                self._hand_over(spawner, found)

    async def _person_of(self, spawner: Any) -> str:  # noqa: ANN401 - as above
        found = self.person(spawner)
        address = await found if inspect.isawaitable(found) else found
        name = spawner.user.name
        if not address:
            raise HubError(
                f"The hub does not know who {name} is in lmskit. Ask its administrator to name your e-mail address "
                "(jupyterhub_config.py: lmskit.jupyterhub.configure)."
            )
        try:
            return ChooseLogin(email=address).email
        except ValidationError:
            raise HubError(
                f"The hub says that {name} has the e-mail address {address!r}, which is not an address. Ask its administrator to mend it."
            ) from None

    def _kept(self, person: str, log: Any) -> KeptSignIn | None:  # noqa: ANN401 - the hub's logger
        """Return a person's kept login if the database accepts it; say in the hub's log why not."""
        access = self._access
        try:
            password = access.server.kept_login(person)
            if password is None:
                log.info("lmskit: no login of %s is kept here; notebooks ask for the password.", person)
                return None
            with snapshot(access.engine_at(access.server.address_of_person(person))) as session:
                me = signed_in(session)
        except LmskitError as error:
            log.warning(
                "lmskit: the login of %s that is kept here is not handed over: %s To keep a new one: lmskit passwd %s --keep",
                person,
                error,
                person,
            )
            return None
        finally:
            access.dispose()
        if me.role is Role.SUPER_ADMIN and not self.administrators:
            log.info("lmskit: %s is an administrator, whose login is not handed over; notebooks ask for the password.", person)
            return None
        return KeptSignIn(person, me.login, password)

    @cached_property
    def _access(self) -> Access:
        assert self.passwords is not None  # noqa: S101 - only then is a login looked for
        return Access(Settings(database_url=self.database, home=self.passwords, person=None, sign_in_file=None))

    def _hand_over(self, spawner: Any, kept: KeptSignIn) -> None:  # noqa: ANN401 - as above
        """Give the server a pipe with the sign-in; it reads it before anything else runs."""
        reading, writing = os.pipe()
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(asdict(kept), pipe)
        spawner.popen_kwargs = {**spawner.popen_kwargs, "pass_fds": (reading,)}
        spawner.cmd = [*self.command, f"--sign-in={reading}"]
        asyncio.get_running_loop().call_later(spawner.start_timeout, os.close, reading)  # it has started by then, or has failed


def configure(
    config: Any,  # noqa: ANN401 - traitlets' Config, `c`
    *,
    database: str,
    person: PersonOf | None = None,
    domain: str | None = None,
    passwords: str | Path | None = None,
    administrators: bool = False,
    workspace: str = "~/lmskit",
    command: Sequence[str] = COMMAND,
) -> Hub:
    """Let every user of a hub work in lmskit; to be called in `jupyterhub_config.py`.

    A `pre_spawn_hook` that is set before runs first.

    Parameters
    ----------
    config
        The hub's configuration, `c`.
    database
        Address of the server and its database, without a login.
    person
        From a spawner to the e-mail address of its user in lmskit. By default `NAME@domain`, or what the hub's authenticator says.
    domain
        The domain of addresses `NAME@domain`, for users whose name is that of their address.
    passwords
        The folder with the kept logins, which only the hub may enter. Without it people sign in with the form.
    administrators, workspace, command
        As in `Hub`.

    Raises
    ------
    HubError
        The address names a login, or others could enter the folder of passwords.
    """
    hub = Hub(
        database=database,
        person=person or (lambda spawner: address_of_user(spawner, domain=domain)),
        passwords=None if passwords is None else Path(passwords),
        administrators=administrators,
        workspace=workspace,
        command=command,
    )
    earlier = config.Spawner.pre_spawn_hook if "pre_spawn_hook" in config.Spawner else None

    async def before_start(spawner: Any) -> None:  # noqa: ANN401 - as above
        if earlier is not None and inspect.isawaitable(found := earlier(spawner)):
            await found
        await hub.before_start(spawner)

    config.Spawner.pre_spawn_hook = before_start
    config.Spawner.cmd = list(command)
    config.Spawner.default_url = "/lab"
    return hub


async def address_of_user(spawner: Any, *, domain: str | None = None) -> str | None:  # noqa: ANN401 - as above
    """Return the e-mail address of a spawner's user: its name if that is one, else `NAME@domain`, else what the authenticator says.

    Authenticators say it in their `auth_state` (`c.Authenticator.enable_auth_state`). An address that the identity provider
    did not verify is not used.
    """
    name: str = spawner.user.name
    if "@" in name:
        return name
    if domain is not None:
        return f"{name}@{domain}"
    state = await spawner.user.get_auth_state() or {}
    for said in [state, *(value for key, value in state.items() if key.endswith("_user") and isinstance(value, dict))]:
        if said.get("email") and said.get("email_verified", True) in {True, "true"}:
            return str(said["email"])
    return None


def _require_private(folder: Path) -> None:
    if os.name == "nt":
        return
    try:
        found = folder.stat()
    except FileNotFoundError:
        raise HubError(f"There is no folder {folder} with the logins that the hub keeps. To make it: install -d -m 700 {folder}") from None
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise HubError(f"Others than the hub could enter {folder}, where its kept logins are. To close it: chmod 700 {folder}")


def _require_account_of_its_own(spawner: Any) -> None:  # noqa: ANN401 - as above
    from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner  # noqa: PLC0415 - the hub has imported it

    if not isinstance(spawner, LocalProcessSpawner) or isinstance(spawner, SimpleLocalProcessSpawner):
        raise HubError(
            f"lmskit cannot hand a kept login to a server of {type(spawner).__name__}: it needs LocalProcessSpawner, which runs each "
            "server as an account of its own on this machine. Leave out `passwords` in jupyterhub_config.py: people then use the form."
        )
