"""What a server's answer means: a page, a file, or a reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lmskit.errors import LoginRequiredError, PageGoneError, SiteUnavailableError, WebPageError
from lmskit.limits import LONGEST_HEADER
from lmskit.materials.material_text import MaterialText
from lmskit.materials.web.charset import in_utf8
from lmskit.materials.web.robots import PRODUCT
from lmskit.web.address import WebAddress
from lmskit.web.connection import WebResponse

_LOGIN_STATUSES = {401, 403, 407}
_GONE_STATUSES = {404, 410}
BUSY_STATUSES = {408, 425, 429}
_UNCHANGED = 304
_READ_TYPES = {
    "",
    "application/csv",
    "application/json",
    "application/markdown",
    "application/msword",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.jupyter",
    "application/vnd.ms-powerpoint",
    "application/x-download",
    "application/x-ipynb+json",
    "application/x-pdf",
    "application/x-subrip",
    "application/xhtml+xml",
    "binary/octet-stream",
}
_TEXT_TYPES = ("text/", "application/vnd.openxmlformats-officedocument.")
_NOT_READ = {"text/css", "text/javascript", "text/calendar", "text/csv", "text/xml"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page or file as a server sent it."""

    url: str
    """The address that sent it, after all redirects."""
    content: bytes | None
    """None: it is as it was when `etag` or `last_modified` was noted. Text that only its server's header can explain is in UTF-8 here."""
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    """The address under which it is to be kept from now on, if the first redirects are permanent."""
    redirected: bool = False
    robots: frozenset[str] = frozenset()
    """Words of the header `X-Robots-Tag`, such as `noindex`."""

    @property
    def name(self) -> str:
        """The last part of the path, as a file's name; empty for a folder."""
        return WebAddress.parsed(self.url).path.rpartition("/")[2]


def fetched_from(response: WebResponse, *, moved_to: str | None, redirected: bool, is_conditional: bool) -> Fetched:
    """Return what a server has sent.

    Parameters
    ----------
    response
        Its answer, which is not a redirect.
    moved_to, redirected
        What the redirects to it mean.
    is_conditional
        Whether it was asked to send the content only if it has changed.

    Raises
    ------
    LoginRequiredError, PageGoneError, SiteUnavailableError
        As the server says.
    WebPageError
        It is too large, or of a kind that is not read.
    """
    url = str(response.address)
    if response.status == _UNCHANGED and is_conditional:
        return Fetched(url, None, etag=_short(response.header("ETag")), last_modified=_short(response.header("Last-Modified")))
    _require_content(response)
    kind = response.media_type
    if kind in _NOT_READ or not (kind in _READ_TYPES or kind.startswith(_TEXT_TYPES)):
        raise WebPageError(url, f"it is of the type {kind[:100]}, which is not read. Pages, PDF, slides, documents and captions are.")
    content = response.content()
    return Fetched(
        url,
        in_utf8(content, response.charset) if kind.startswith("text/") or kind == "application/xhtml+xml" else content,
        media_type=kind,
        etag=_short(response.header("ETag")),
        last_modified=_short(response.header("Last-Modified")),
        moved_to=moved_to,
        redirected=redirected,
        robots=_robots_words(response.header("X-Robots-Tag")),
    )


def require_no_login(asked_for: str, fetched: Fetched, text: MaterialText) -> None:
    """Refuse a page that a redirect led to and that asks for a password: it is not the page, but the door before it.

    Raises
    ------
    LoginRequiredError
        It is one.
    """
    if fetched.redirected and text.page is not None and text.page.asks_for_password:
        reason = f"it leads to a page that asks for a password ({fetched.url}). lmskit signs in nowhere. Add it as a file."
        raise LoginRequiredError(asked_for, reason)


def _require_content(response: WebResponse) -> None:
    url, status = str(response.address), response.status
    if status in _GONE_STATUSES:
        raise PageGoneError(url, f"there is nothing at this address (the server answered {status}). Check it.")
    if status in _LOGIN_STATUSES:
        raise LoginRequiredError(
            url, f"it is not open to everyone (the server answered {status}). lmskit signs in nowhere. Add it as a file."
        )
    if status in BUSY_STATUSES or status >= 500:  # noqa: PLR2004 - of HTTP
        raise SiteUnavailableError(
            url, f"the server cannot answer now ({status}). Try again later.", retry_after=_seconds(response.header("Retry-After"))
        )
    if status != 200:  # noqa: PLR2004 - of HTTP
        raise WebPageError(url, f"the server answered {status}, which is not a page.")


def _short(header: str | None) -> str | None:
    """What a server sends to recognise a version by; nothing that could not be sent back."""
    return header if header and header.isascii() and header.isprintable() and len(header) <= LONGEST_HEADER else None


def _seconds(header: str | None) -> float | None:
    """The wait that `Retry-After` asks for, as a number of seconds or as a date."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header[:9])
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _robots_words(header: str | None) -> frozenset[str]:
    """The words of `X-Robots-Tag` that are for every program or for lmskit."""
    words: set[str] = set()
    product = ""
    for part in (header or "").lower().split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip() not in {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}:
            product, part = name.strip(), rest  # noqa: PLW2901 - the rest of the same part
        if product in {"", PRODUCT, "*"}:
            words.add(part.strip())
    return frozenset(words)
