"""What of a page a crawl follows and keeps: its links within the site, its own address, and what it asks of programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from lmskit.errors import WebPageError
from lmskit.materials.material_text import MaterialText
from lmskit.materials.page_links import PageLinks
from lmskit.materials.web.answer import Fetched
from lmskit.web.address import PORTS, WebAddress

_SUFFIXES = (
    ".7z .apk .avi .avif .bib .bmp .bz2 .class .css .csv .dmg .doc .eot .eps .exe .flac .gif .gz .heic .ico .ics .iso .jar .jpeg .jpg .js"
    " .json .m4a .m4v .map .mjs .mkv .mov .mp3 .mp4 .mpeg .mpg .msi .odp .ods .odt .ogg .otf .png .ppt .ps .psd .rar .rss .svg .tar .tgz"
    " .tif .tiff .ttf .wasm .wav .webm .webp .woff .woff2 .xls .xlsx .xml .xz .zip"
)
_NOT_MATERIALS = tuple(_SUFFIXES.split())
"""Ends of paths behind which there is nothing that is read, so that nobody is asked for it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the web that a crawl stays in."""

    origin: str
    """Scheme, host and port."""
    section: str = "/"
    """What all paths begin with."""

    @classmethod
    def around(cls, address: WebAddress, *, section: bool) -> Self:
        """The site of an address, or only the folder that it is in."""
        return cls(address.origin, address.section if section else "/")

    @classmethod
    def kept(cls, options: Mapping[str, object]) -> Self | None:
        """The one that a stored crawl has; None if there is none, as where its row was written with SQL."""
        match options:
            case {"origin": str(origin), "section": str(section)}:
                return cls(origin, section)
            case _:
                return None

    def holds(self, address: WebAddress) -> bool:
        """Whether an address is within it."""
        return address.origin == self.origin and address.path.startswith(self.section)

    def own(self, address: WebAddress) -> WebAddress:
        """The address with the scheme of the site, where it names the same host with the other one: sites often link to themselves so."""
        scheme, _, host = self.origin.partition("://")
        if address.scheme == scheme or address.port != PORTS[address.scheme] or address.host_header != host:
            return address
        return WebAddress(scheme, address.host, PORTS[scheme], address.target)


@dataclass(frozen=True, slots=True)
class FoundLink:
    """An address that a page links to."""

    url: str
    text: str
    """Of the link; may be empty."""


def links_within(text: MaterialText, fetched: Fetched, scope: Scope) -> Iterator[FoundLink]:
    """Give out the links of a page that a crawl follows, each once, in the order of the page."""
    page = text.page
    if page is None or _asked(text, fetched) & {"nofollow", "none"}:
        return
    seen = {fetched.url}
    links = [(link.href, link.text) for link in page.links]
    for href, words in [*links, *([(page.moved_to, "")] if page.moved_to else [])]:
        address = _resolved(href, page, fetched.url)
        if address is None:
            continue
        address = scope.own(address)
        if str(address) not in seen and scope.holds(address) and not address.path.lower().endswith(_NOT_MATERIALS):
            seen.add(str(address))
            yield FoundLink(str(address), words)


def own_address(text: MaterialText, fetched: Fetched, scope: Scope) -> str | None:
    """Return the address under which a page wants to be known, if it is another one of the same site.

    One that names the site's first page for every page is a mistake of its template, and is not believed.
    """
    page = text.page
    if page is None or page.canonical is None:
        return None
    address, here = _resolved(page.canonical, page, fetched.url), WebAddress.parsed(fetched.url)
    if address is None:
        return None
    address = scope.own(address)
    if str(address) == fetched.url or not scope.holds(address) or (address.path == "/" and here.path != "/"):
        return None
    return str(address)


def why_not_kept(text: MaterialText, fetched: Fetched) -> str | None:
    """Return why a page or file that was read does not become a material; None if it does."""
    if _asked(text, fetched) & {"noindex", "none"}:
        return "The page asks programs not to keep it (noindex)."
    if not text.passages:
        if text.page is not None and text.page.moved_to is not None:
            return "The page only sends its readers on."
        return " ".join(text.findings) or "There is no text in it."
    return None


def path_in_words(url: str) -> str:
    """Return the path of an address as a person reads it, to look for a week in it.

    >>> path_in_words("https://example.org/course/week%2003/notes.html?x=1")
    'course/week 03/notes.html'
    """
    return unquote(WebAddress.parsed(url).path).strip("/")


def _asked(text: MaterialText, fetched: Fetched) -> frozenset[str]:
    return fetched.robots | frozenset(text.page.robots if text.page is not None else ())


def _resolved(href: str, page: PageLinks, url: str) -> WebAddress | None:
    """The address behind a link; None if it is not one that can be fetched."""
    try:
        base = url if page.base is None else str(WebAddress.parsed(page.base, base=url))
    except WebPageError:
        base = url
    try:
        return WebAddress.parsed(href, base=base)
    except WebPageError:
        return None
