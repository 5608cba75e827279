"""How long a small command takes as a whole process, beside `python -c pass` and `psql -c 'select 1'`, all in turn.

Printed are medians of the seconds on the clock and of the processor's seconds, which hardly depend on what else the machine does, and
how often the latter contain those of `python -c pass`. Everything runs in a cluster of its own that is removed, with one administrator
and no courses; the server runs already.

    python benchmarks/command_start.py [--repeat 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from benchmarks.scratch import scratch_cluster

PERSON = "starter@example.org"
COMMANDS = (("--version",), ("--help",), ("course", "list"), ("term", "list"), ("login", "list"), ("import", "runs"))
TARGET = 0.6
"""Seconds of a small command on an idle machine."""


def prepare() -> list[str]:
    """Make the administrator; return the command that asks the server for the number 1."""
    import psycopg

    from lmskit.db import access, generate_password, keep_login, revision, scram_verifier
    from lmskit.db.cluster.binaries import installation, program

    endpoint = access().server.start()
    revision.upgrade()
    password = generate_password()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        superuser.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'S', 's', 'super_admin')", [PERSON])
        superuser.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), PERSON])
    keep_login(PERSON, password)
    os.environ["LMSKIT_PERSON"] = PERSON
    psql = program(installation(access().settings.postgres_version), "psql")
    return [str(psql), "-d", endpoint.superuser_conninfo("lmskit"), "-c", "select 1"]


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Run a command; return the seconds on the clock and those of the processor."""
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - began, os.times()
    return took, after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    with scratch_cluster():
        commands = {"psql -c 'select 1'": prepare(), "python -c pass": [sys.executable, "-c", "pass"]}
        commands |= {f"lmskit {' '.join(words)}": [sys.executable, "-m", "lmskit", *words] for words in COMMANDS}
        for command in commands.values():
            seconds_of(command)  # files come from the disk the first time
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(repeat):
            for name, command in commands.items():
                taken[name].append(seconds_of(command))
    least = statistics.median(processor for _, processor in taken["python -c pass"])
    print(f"{'':<24}{'clock':>8}{'processor':>11}{'times python -c pass':>22}")
    for name, pairs in taken.items():
        clock, processor = (statistics.median(values) for values in zip(*pairs, strict=True))
        print(f"{name:<24}{clock:>7.2f}s{abs(processor):>10.2f}s{abs(processor) / least:>22.0f}")
    print(f"Wanted on an idle machine: under {TARGET} s on the clock for each command.")


if __name__ == "__main__":
    main()
