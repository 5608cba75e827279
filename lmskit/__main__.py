"""`python -m lmskit` is `lmskit`."""

from lmskit.cli import run

if __name__ == "__main__":
    run()
