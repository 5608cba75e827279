"""Print the part of requirements.lock that a package needs, with its hashes; by default what lmskit itself needs, without the tools.

Usage: python scripts/pinned_requirements.py [PACKAGE] < requirements.lock

The images of containers are built with it, before any package is installed, so it uses the standard library alone.
"""

import re
import sys

OURSELVES = "lmskit (pyproject.toml)"
"""How the lock names our own dependencies; those of development have a group in it."""


def pinned(lock: str, package: str | None = None) -> list[str]:
    """Return the entries of a lock that a package needs, the package itself included; by default those that lmskit needs.

    Parameters
    ----------
    lock
        The text of requirements.lock, in which each entry says what needs it (`# via`).
    package
        Name of a package in the lock.

    Raises
    ------
    ValueError
        The lock has no such package.
    """
    entries = re.findall(r"(?m)^(?=[\w.-])((?:.+\n)(?:[ ].*\n)*)", lock)
    name_of = {entry: re.split(r"[\[=]", entry, maxsplit=1)[0] for entry in entries}
    needed_by = {entry: set(re.findall(r"(?m)^ +#(?: via)? +(.+)$", entry)) for entry in entries}
    if package is not None and package not in name_of.values():
        raise ValueError(f"requirements.lock has no package {package}.")
    known = {OURSELVES} if package is None else {package}
    while True:
        found = [entry for entry in entries if name_of[entry] in known or needed_by[entry] & known]
        names = known | {name_of[entry] for entry in found}
        if names == known:
            return found
        known = names


if __name__ == "__main__":
    sys.stdout.write("".join(pinned(sys.stdin.read(), *sys.argv[1:])))
