"""With which status a command ends; docs/command-line.md explains them."""

REFUSED = 1
"""Nothing was done, or something is wrong; why is said on standard error. 0: all was done. 2: the command line has a mistake."""
PARTLY = 3
"""Some was done, and some was left out or refused, which is named."""
INTERRUPTED = 130
"""The person stopped the command (Ctrl-C), as shells count it."""
