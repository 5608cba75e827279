"""What benchmarks of imports have in common: the scratch cluster, psql as its superuser, and the seconds of each step."""

from __future__ import annotations

import resource
import subprocess
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from benchmarks.scratch import seeded_server

if TYPE_CHECKING:
    from lmskit.progress import Progress


class ImportBench:
    """A scratch cluster with an administrator, without people and courses.

    Attributes
    ----------
    admin
        The engine of the administrator.
    seconds
        Of each step of the imports so far.
    """

    def __init__(self) -> None:
        from lmskit.db import access
        from lmskit.db.cluster.binaries import installation, program

        self.psql_program = str(program(installation(access().settings.postgres_version), "psql"))
        self.endpoint, self.admin = seeded_server()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def superuser(self, *commands: str) -> str:
        """Run psql as the superuser of the scratch cluster, and return what it printed."""
        arguments = [argument for command in commands for argument in ("-c", command)]
        done = subprocess.run(
            [self.psql_program, self.endpoint.superuser_conninfo("lmskit"), "-XqAt", "-v", "ON_ERROR_STOP=1", *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def add_course(self) -> None:
        """Add the course CS1 with its lecturer."""
        self.superuser(
            "INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('2026', '2026', '2026-01-01', '2026-12-31')",
            "INSERT INTO users (email, family_name, sort_name, role) VALUES ('teacher@example.org', 'Teacher', 'teacher', 'lecturer')",
            "INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)"
            " SELECT 'CS1', 'CS1', 'A course', t.id, u.id, 'form' FROM terms AS t, users AS u WHERE u.role = 'lecturer'",
        )

    def timed(self, first_step: str = "") -> Progress:
        """Return what an import reports its steps to, which adds their seconds; the step "" ends the last one."""
        running, since = first_step, time.perf_counter()

        def note(step: str, _done: int, _total: int | None) -> None:
            nonlocal running, since
            if step != running:
                now = time.perf_counter()
                self.seconds[running] += now - since
                running, since = step, now

        return note

    def print_steps(self, repeat: int, *, steps: bool) -> None:
        """Print the highest memory, and with `steps` how long each step took on average."""
        print(f"highest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
        if steps:
            for step, seconds in sorted(self.seconds.items(), key=lambda pair: -pair[1]):
                print(f"  {seconds / repeat:6.2f} s  {step or 'between'}")
