"""The root of the tree of errors."""


class LmskitError(Exception):
    """The root: its text can be shown to a person as it is, in a form and on the command line.

    Attributes
    ----------
    options
        The options of the command line that give what the text asks for; only the command line shows them.
    """

    options: str = ""
