"""`lmskit db upgrade` in a process of its own, with a home of its own, as on another machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lmskit.db import access
from lmskit.db.cluster import Endpoint
from lmskit.settings import PROJECT_ROOT


def start_upgrade(endpoint: Endpoint, database: str, home: Path) -> subprocess.Popen[str]:
    """Start to upgrade a database of the test's server to the newest revision."""
    home.mkdir(exist_ok=True)
    shutil.copy(access().settings.passfile, home / "pgpass")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LMSKIT_"))}
    where = {"LMSKIT_HOME": str(home), "LMSKIT_DATABASE_URL": f"postgresql:///{database}?host={endpoint.host}&port={endpoint.port}"}
    return subprocess.Popen(
        [sys.executable, "-m", "lmskit", "db", "upgrade"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT_ROOT, env=kept | where,
    )  # fmt: skip
