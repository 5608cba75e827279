"""What can be wrong with an address of the web, or with what is behind it."""

from lmskit.errors.input import InputError


class WebPageError(InputError):
    """A page or file of the web cannot become a material; `url` is the address that was asked last."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{url}: {reason}")


class AddressNotAllowedError(WebPageError):
    """lmskit connects to no such address, whichever page or person names it."""


class RobotsRefusedError(WebPageError):
    """The site's robots.txt asks programs not to fetch it, or cannot be read."""


class LoginRequiredError(WebPageError):
    """The page is for people who sign in."""


class PageGoneError(WebPageError):
    """The server says that there is nothing at the address (404 or 410)."""


class SiteUnavailableError(WebPageError):
    """The server does not answer now, or says that it cannot; `retry_after` is the wait that it asks for, in seconds."""

    def __init__(self, url: str, reason: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(url, reason)
