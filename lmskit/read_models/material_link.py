"""The address that opens a material where a passage is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from lmskit.materials.location import Location

_WEB = ("http://", "https://")
_YOUTUBE = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "www.youtube-nocookie.com"})


def is_web_address(link: str | None) -> bool:
    """Whether a browser may open this.

    >>> is_web_address("https://example.org/"), is_web_address("javascript:alert(1)"), is_web_address(None)
    (True, False, False)
    """
    return link is not None and link.lower().startswith(_WEB)


def link_to(url: str | None, location: Location) -> str | None:
    """Return the address of a material with the page or the second of a passage; None for a material without an address.

    Browsers open a PDF at `#page=`, and media files at `#t=`; YouTube has a parameter for it.

    Examples
    --------
    >>> from lmskit.materials.location import Location
    >>> link_to("https://example.org/script.pdf#toolbar=0", Location(page=12))
    'https://example.org/script.pdf#page=12'
    >>> link_to("https://www.youtube.com/watch?v=abc&t=5s", Location(seconds=75.5))
    'https://www.youtube.com/watch?v=abc&t=75s'
    >>> link_to("https://example.org/lecture.mp4", Location(seconds=75.5))
    'https://example.org/lecture.mp4#t=75'
    """
    if url is None:
        return None
    parts = urlsplit(url)
    if location.page is not None:
        return urlunsplit(parts._replace(fragment=f"page={location.page}"))
    if location.seconds is None:
        return url
    second = int(location.seconds)
    if parts.hostname in _YOUTUBE:
        others = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in {"t", "start"}]
        return urlunsplit(parts._replace(query=urlencode([*others, ("t", f"{second}s")])))
    return urlunsplit(parts._replace(fragment=f"t={second}"))
