"""What a hub does before a server starts, with JupyterHub's own spawners and a real server of the database."""

import asyncio
import json
import logging
import os
from types import SimpleNamespace

import pytest
from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner, Spawner, SpawnException
from traitlets.config import Config

from lmskit.db.passfile import keep_password, read_entries
from lmskit.errors import HubError
from lmskit.jupyterhub import Hub, configure
from lmskit.jupyterhub.hub import address_of_user
from lmskit.settings import DEMO_ADMIN

ADDRESS = "postgresql://db.example.org/lmskit?sslmode=verify-full"
LECTURER = "demo.lecturer@example.org"


class HubAccount:
    """A user as a hub has it."""

    def __init__(self, name, state=None):
        self.name, self.state = name, state

    async def get_auth_state(self):
        return self.state


def spawner(kind=LocalProcessSpawner, *, host="", **user):
    made = kind()
    made.user, made.hub, made.log = HubAccount(**user), SimpleNamespace(public_host=host), logging.getLogger("hub")
    return made


def started(hub, made):
    """What a server gets through its pipe, if it has one, when it starts."""

    async def start():
        await hub.before_start(made)
        reading = getattr(made, "popen_kwargs", {}).get("pass_fds", ())
        if not reading:
            return None
        assert made.cmd[-1] == f"--sign-in={reading[0]}"
        with os.fdopen(os.dup(reading[0]), encoding="utf-8") as pipe:
            return json.load(pipe)

    return asyncio.run(start())


@pytest.fixture
def hub(school, operators_home, tmp_path):
    """A hub that keeps the logins of a lecturer and, by mistake, of an administrator; demo.admin is demo.admin@example.org."""
    tmp_path.chmod(0o700)
    for entry in read_entries(operators_home / "pgpass"):
        if entry.database == "school":
            keep_password(
                tmp_path / "pgpass", host="localhost", port=school.port, database="school", user=entry.user, password=entry.password
            )
    return hub_at(school.address(), passwords=tmp_path)


def hub_at(address, **more):
    return Hub(database=address, person=lambda made: address_of_user(made, domain="example.org"), **more)


@pytest.mark.long
def test_a_kept_login_reaches_its_persons_server_through_a_pipe_alone(hub):
    made = spawner(name="demo.lecturer")
    found = started(hub, made)
    assert found["person"] == LECTURER
    assert made.environment["LMSKIT_PERSON"] == LECTURER
    assert found["password"]
    assert found["password"] not in str((made.environment, made.cmd, made.args))
    assert Spawner().environment == {}, "nothing is shared between users"


@pytest.mark.long
def test_an_administrators_login_is_handed_over_only_where_that_is_wanted(hub, caplog):
    caplog.set_level(logging.INFO)
    assert started(hub, spawner(name="demo.admin")) is None
    assert f"{DEMO_ADMIN} is an administrator, whose login is not handed over" in caplog.text
    wanted = Hub(database=hub.database, person=hub.person, passwords=hub.passwords, administrators=True)
    assert started(wanted, spawner(name="demo.admin"))["person"] == DEMO_ADMIN


@pytest.mark.long
def test_a_login_that_the_database_refuses_is_not_handed_over_and_the_log_says_what_to_do(hub, school, caplog):
    [entry] = [each for each in read_entries(hub.passwords / "pgpass") if each.user == hub._access.server.login_of(LECTURER)]
    keep_password(
        hub.passwords / "pgpass", host=entry.host, port=entry.port, database=entry.database, user=entry.user, password="an earlier one"
    )
    made = spawner(name="demo.lecturer")
    assert started(hub, made) is None
    assert "--sign-in" not in str(made.cmd)
    assert f"the login of {LECTURER} that is kept here is not handed over" in caplog.text
    assert f"lmskit passwd {LECTURER} --keep" in caplog.text
    assert entry.password not in caplog.text


@pytest.mark.long
def test_a_server_that_starts_again_gets_a_pipe_of_its_own(hub):
    made = spawner(name="demo.lecturer")
    assert started(hub, made) == started(hub, made)
    assert len(made.cmd) == len(hub.command) + 1
    assert len(made.popen_kwargs["pass_fds"]) == 1


def test_where_each_user_has_a_domain_the_page_may_ask_the_hub():
    made = spawner(name="demo.lecturer", host="https://hub.example.org")
    for _ in range(2):
        started(hub_at(ADDRESS), made)
    [page] = made.args
    assert "default-src 'self' https://hub.example.org data:" in page


@pytest.mark.parametrize("kind", [SimpleLocalProcessSpawner, Spawner])
def test_no_login_is_handed_to_servers_that_share_an_account_or_run_elsewhere(kind, tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(SpawnException, match=f"cannot hand a kept login to a server of {kind.__name__}") as refused:
        started(hub_at(ADDRESS, passwords=tmp_path), spawner(kind, name="demo.lecturer"))
    assert "Leave out `passwords`" in refused.value.message, "what the hub shows"
    made = spawner(kind, name="demo.lecturer")
    assert started(hub_at(ADDRESS), made) is None, "without kept logins any server can be used"
    assert made.environment["LMSKIT_DATABASE_URL"] == ADDRESS


@pytest.mark.parametrize(
    ("user", "domain", "address"),
    [
        ({"name": "ada"}, "uni.example", "ada@uni.example"),
        ({"name": "ada@other.example"}, "uni.example", "ada@other.example"),
        ({"name": "ada", "state": {"email": "al@uni.example"}}, None, "al@uni.example"),
        ({"name": "ada", "state": {"oauth_user": {"email": "al@uni.example", "email_verified": True}}}, None, "al@uni.example"),
        ({"name": "ada", "state": {"oauth_user": {"email": "al@uni.example", "email_verified": False}}}, None, None),
        ({"name": "ada", "state": {"oauth_user": None}}, None, None),
        ({"name": "ada"}, None, None),
    ],
)
def test_who_a_user_is(user, domain, address):
    assert asyncio.run(address_of_user(spawner(**user), domain=domain)) == address


@pytest.mark.parametrize(("said", "sentence"), [(None, "does not know who ada is in lmskit"), ("ada", "'ada', which is not an address")])
def test_a_user_who_is_not_in_lmskit_gets_a_sentence(said, sentence):
    with pytest.raises(SpawnException, match=sentence):
        started(Hub(database=ADDRESS, person=lambda _: said), spawner(name="ada"))


@pytest.mark.parametrize(
    "address", ["postgresql://ada:secret@db/lmskit", "postgresql://ada@db/lmskit", "postgresql://db/lmskit?passfile=/x"]
)
def test_the_address_that_every_user_can_read_names_no_login(address):
    with pytest.raises(HubError, match="must name neither a login nor a password") as refused:
        Hub(database=address, person=str)
    assert "secret" not in str(refused.value)
    assert "postgresql://db/lmskit" in str(refused.value)


def test_a_folder_of_logins_that_others_could_enter_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(HubError, match=f"To close it: chmod 700 {tmp_path}"):
        hub_at(ADDRESS, passwords=tmp_path)
    with pytest.raises(HubError, match="install -d -m 700"):
        hub_at(ADDRESS, passwords=tmp_path / "missing")


def test_a_hook_that_the_operator_has_runs_first():
    config, ran = Config(), []
    config.Spawner.pre_spawn_hook = lambda made: ran.append(made.user.name)
    configure(config, database=ADDRESS, domain="uni.example")
    made = spawner(name="ada")
    asyncio.run(config.Spawner.pre_spawn_hook(made))
    assert ran == ["ada"]
    assert made.environment["LMSKIT_PERSON"] == "ada@uni.example"
    assert config.Spawner.default_url == "/lab"
