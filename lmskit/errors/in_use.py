"""What evidence, people or files rest on is not deleted."""

from lmskit.errors.conflict import ConflictError


class InUseError(ConflictError):
    """What evidence, people or files rest on is not deleted.

    Parameters
    ----------
    what
        What was to be deleted, such as "The quiz Sets of CS101".
    because
        What rests on it, such as "has 12 attempts".
    instead
        Sentences that say what can be done instead.
    """

    def __init__(self, *, what: str, because: str, instead: str) -> None:
        self.what, self.because, self.instead = what, because, instead
        super().__init__(f"{what[:1].upper()}{what[1:]} {because}. Nothing was deleted. {instead}")
