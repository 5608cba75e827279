"""What can be wrong when a learning management system is asked over the network."""

from lmskit.errors.input import InputError


class LmsError(InputError):
    """The system cannot be asked as a person wants, or has answered with a refusal; nothing was written after it."""


class LmsUnavailableError(LmsError):
    """It does not answer now; `retry_after` is the wait that it asks for, in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class LmsAddressError(LmsError):
    """Its address is not one that is asked, or not that of such a system."""


class LmsTokenError(LmsError):
    """It does not accept the token, or there is none."""


class LmsRightsError(LmsError):
    """Functions or rights are missing that a sync needs."""


class LmsAnswerError(LmsError):
    """Its answer does not have the form that its documentation says."""
