"""Variables of the environment that are meant for lmskit and set nothing."""

import difflib
from collections.abc import Iterable, Iterator

from lmskit.settings import Settings, variable_of

PREFIX = "LMSKIT_"
ALIKE = 0.75
"""How alike two names are at least, from 0 to 1, if one is taken for a misspelling of the other; the prefix does not count."""


def misspelt_variables(names: Iterable[str]) -> Iterator[str]:
    """Say of each variable that is almost called like a setting which one is meant.

    Parameters
    ----------
    names
        Of the variables of an environment, such as `os.environ`.

    Examples
    --------
    >>> list(misspelt_variables(["LMSKIT_SMTP_HSOT", "lmskit_smtp_port", "LMSKIT_PICTURES", "PATH"]))
    ['The variable LMSKIT_SMTP_HSOT sets nothing. If LMSKIT_SMTP_HOST is meant, give it that name.']
    """
    settings = set(map(variable_of, Settings.model_fields))
    ours = sorted(name.removeprefix(PREFIX) for name in settings if name.startswith(PREFIX))
    for name in sorted(names):
        spelt = name.upper()  # settings are read whether or not their names are in capitals
        if spelt.startswith(PREFIX) and spelt not in settings:
            near = difflib.get_close_matches(spelt.removeprefix(PREFIX), ours, n=1, cutoff=ALIKE)
            if near:
                yield f"The variable {name} sets nothing. If {PREFIX}{near[0]} is meant, give it that name."
