"""The same as `lmskit seed`: make the demonstration people unless they exist."""

import sys

from lmskit.cli import app

if __name__ == "__main__":
    app(["seed", *sys.argv[1:]])
