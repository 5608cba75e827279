"""The root of the tree of errors."""


class LmskitError(Exception):
    """The root: its text can be shown to a person as it is."""
