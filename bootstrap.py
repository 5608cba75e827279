"""Set lmskit up and run it, with nothing but Python 3.11 or newer: `python bootstrap.py run`.

A Python of any age can parse this file, so that one that is too old gets a sentence and no syntax error. The work is in
`scripts/targets.py`.
"""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "lmskit needs Python 3.11 or newer, and this is Python %d.%d (%s). "
        "Install a newer one beside it (python.org, your system's packages, conda or pyenv) and use that one: "
        "python3.11 bootstrap.py run\n" % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(1)

from scripts.targets import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
