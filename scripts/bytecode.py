"""Compile the packages of an environment while they are being installed.

The environment's own Python runs this file. It compiles what is there again and again until its standard input ends, and then what
is left; with the argument `apart`, a process of its own does the latter, so that nobody has to wait for it. A file that is compiled
while the installer still writes it does no harm: Python compares its size and time when it imports it.
"""

import compileall
import os
import re
import sys
import sysconfig
import threading

PAUSE = 0.5
"""Seconds between two looks at what has been installed meanwhile."""
BEING_REMOVED = re.compile(r"[/\\]~")
"""Folders of packages that pip replaces."""


def main() -> None:
    """Compile at a low priority: with one process beside the installer, then with as many as there are processors."""
    if hasattr(os, "nice"):
        os.nice(10)
    installed = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        installed.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    packages = sysconfig.get_path("purelib")
    while not installed.wait(PAUSE):
        compileall.compile_dir(packages, quiet=2, rx=BEING_REMOVED)
    if "apart" in sys.argv and hasattr(os, "fork") and os.fork():
        return
    compileall.compile_dir(packages, quiet=2, rx=BEING_REMOVED, workers=os.cpu_count() or 1)


if __name__ == "__main__":
    main()
