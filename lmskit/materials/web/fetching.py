"""Fetching pages and files of the web: safely, and as the sites ask for it."""

from __future__ import annotations

import importlib.metadata
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from lmskit.errors import (
    AddressNotAllowedError,
    RobotsRefusedError,
    SiteUnavailableError,
    WebPageError,
)
from lmskit.materials.web.answer import BUSY_STATUSES, Fetched, fetched_from
from lmskit.materials.web.robots import LARGEST_ROBOTS, PRODUCT, Robots
from lmskit.settings import Settings
from lmskit.web.address import WebAddress
from lmskit.web.connection import FetchLimits, WebResponse, requested
from lmskit.web.guard import AddressGuard

MayFollow: TypeAlias = Callable[[WebAddress], None]
"""Called with the target of each redirect; raises a `WebPageError` if it must not be followed."""

USUAL_DELAY = 1.0
"""Seconds between two requests to one host, if its robots.txt asks for no more."""
LONGEST_DELAY = 60.0
"""The longest crawl-delay that is waited; where a site asks for more, nothing is fetched."""
_ROBOTS_KEPT = 24 * 3600
"""Seconds for which a robots.txt is not asked again, as RFC 9309 has it."""
_ROBOTS_TRIES = 3
_MOVED_FOR_GOOD = {301, 308}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(slots=True)
class _Site:
    """What is known of one origin."""

    robots: Robots | None = None
    refusal: str | None = None
    """Why nothing may be fetched."""
    silence: str | None = None
    """Why nothing can be fetched now."""
    asked_at: float = 0.0


@dataclass
class WebFetcher:
    """Fetches pages one at a time. It belongs to one thread.

    Parameters
    ----------
    guard
        Says which machines may be connected to.
    contact
        A web address or e-mail address of the operator, for the servers that are asked.
    delay
        Seconds between two requests to a host, if it asks for no more.
    limits
        Of each page.
    wait
        Waits for so many seconds.
    proxy_of
        Returns the proxy that this machine has for a scheme and a host; None if there is none.
    certificates
        Those that are trusted; this machine's own by default.
    """

    guard: AddressGuard = field(default_factory=AddressGuard)
    contact: str | None = None
    delay: float = USUAL_DELAY
    limits: FetchLimits = field(default_factory=FetchLimits)
    wait: Callable[[float], None] = time.sleep
    proxy_of: Callable[[str, str], str | None] = lambda _scheme, _host: None
    certificates: ssl.SSLContext | None = None
    _sites: dict[str, _Site] = field(default_factory=dict, init=False, repr=False)
    _last: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    @property
    def user_agent(self) -> str:
        """How lmskit introduces itself."""
        return f"{PRODUCT}/{importlib.metadata.version('lmskit')} ({f'+{self.contact}' if self.contact else 'reads materials of courses'})"

    def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None, may_follow: MayFollow | None = None) -> Fetched:
        """Fetch a page or file.

        Parameters
        ----------
        url
            Its address.
        etag, last_modified
            What the server sent with it the last time: then it need not send it again if it is unchanged.
        may_follow
            Refuses redirects.

        Raises
        ------
        AddressNotAllowedError
            It, or what it redirects to, is not on a public machine.
        RobotsRefusedError
            The site asks programs not to fetch it.
        LoginRequiredError, PageGoneError, SiteUnavailableError
            As the server says.
        WebPageError
            It is too large, of a kind that is not read, or its redirects do not end.
        """
        address = WebAddress.parsed(url)
        seen = [str(address)]
        moved_to, permanent = None, True
        while True:
            self._require_robots(address)
            first = len(seen) == 1
            validators = _validators(etag, last_modified) if first else {}
            with self._asked(address, validators) as response:
                if response.status not in _REDIRECTS or response.header("Location") is None:
                    return fetched_from(response, moved_to=moved_to, redirected=not first, is_conditional=bool(validators))
                permanent = permanent and response.status in _MOVED_FOR_GOOD
                address = self._next(response, seen)
            if may_follow is not None:
                may_follow(address)
            moved_to = str(address) if permanent else moved_to
            seen.append(str(address))

    def _next(self, response: WebResponse, seen: list[str]) -> WebAddress:
        """The target of a redirect."""
        target = WebAddress.parsed(response.header("Location") or "", base=str(response.address))
        if str(target) in seen:
            raise WebPageError(seen[0], "its redirects lead in a circle. The site may expect a sign-in or cookies, which lmskit has not.")
        if len(seen) > self.limits.redirects:
            raise WebPageError(seen[0], f"it redirects more than {self.limits.redirects} times.")
        return target

    @contextmanager
    def _asked(self, address: WebAddress, headers: Mapping[str, str]) -> Iterator[WebResponse]:
        """Send a request to a machine that may be asked, when it may be asked."""
        if proxy := self.proxy_of(address.scheme, address.host):
            raise WebPageError(
                str(address),
                f"this machine fetches from the web through a proxy ({proxy.rpartition('@')[2]}), which lmskit does not use, since it "
                "could not check to which machine the proxy connects. Add the page as a file, or name the host in NO_PROXY if this "
                "machine may connect to it directly.",
            )
        numbers = self.guard.numbers(address)
        self._pause(address)
        introduced = {"User-Agent": self.user_agent, "Accept": "*/*", **headers}
        try:
            with requested(address, numbers, introduced, self.limits, self.certificates) as response:
                yield response
        finally:
            self._last[address.host] = time.monotonic()

    def _pause(self, address: WebAddress) -> None:
        """Wait until the host may be asked again."""
        site = self._sites.get(address.origin)
        delay = max(self.delay, (site.robots.delay or 0) if site is not None and site.robots is not None else 0)
        last = self._last.get(address.host)
        if last is not None and (left := last + delay - time.monotonic()) > 0:
            self.wait(left)

    # robots.txt ------------------------------------------------------------------------------------

    def _require_robots(self, address: WebAddress) -> None:
        site = self._sites.get(address.origin)
        if site is None or time.monotonic() - site.asked_at > _ROBOTS_KEPT:
            site = self._sites[address.origin] = _Site(asked_at=time.monotonic())
            self._read_robots(site, address)
        if site.silence is not None:
            raise SiteUnavailableError(str(address), site.silence)
        if site.refusal is not None:
            raise RobotsRefusedError(str(address), site.refusal)
        if site.robots is not None and not site.robots.allows(address):
            raise RobotsRefusedError(
                str(address),
                f"the site asks programs not to fetch it (in {address.origin}/robots.txt). Ask its owner, or add it as a file.",
            )

    def _read_robots(self, site: _Site, address: WebAddress) -> None:
        """Fetch robots.txt: a site without one allows everything, one that cannot answer allows nothing."""
        robots = WebAddress.parsed(f"{address.origin}/robots.txt")
        for attempt in range(_ROBOTS_TRIES):
            try:
                text = self._robots_text(robots)
            except AddressNotAllowedError as error:
                # Of the address that a person or page has named, which has the same host.
                raise AddressNotAllowedError(str(address) if error.url == str(robots) else error.url, error.reason) from None
            except SiteUnavailableError as error:
                if attempt == _ROBOTS_TRIES - 1:
                    site.silence = f"{address.origin}/robots.txt cannot be read, so that nothing is fetched: {error.reason}"
            else:
                site.robots = Robots.parsed(text)
                break
        if site.robots is not None and (site.robots.delay or 0) > LONGEST_DELAY:
            site.refusal = (
                f"the site asks programs to wait {site.robots.delay:g} seconds between two pages, which is more than lmskit waits "
                f"({LONGEST_DELAY:g}). Add its pages as files."
            )

    def _robots_text(self, address: WebAddress) -> str:
        seen = [str(address)]
        while True:
            with self._asked(address, {}) as response:
                if response.status in _REDIRECTS and response.header("Location") is not None:
                    try:
                        address = self._next(response, seen)
                    except WebPageError:
                        return ""  # as RFC 9309 has it: redirects that do not end are a file that does not exist
                elif response.status in BUSY_STATUSES or response.status >= 500:  # noqa: PLR2004 - of HTTP
                    raise SiteUnavailableError(str(address), f"the server answered {response.status}.")
                elif response.status != 200:  # noqa: PLR2004 - of HTTP
                    return ""
                else:
                    return response.content(cut_off_at=LARGEST_ROBOTS).decode("utf-8", errors="replace")
            seen.append(str(address))


def proxy_of(scheme: str, host: str) -> str | None:
    """Return the proxy through which this machine asks a host of the web; None if it asks directly."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return None if proxy is None or urllib.request.proxy_bypass(host) else proxy


def web_fetcher(settings: Settings) -> WebFetcher:
    """Return a fetcher for the networks, the contact and the proxies of this machine."""
    return WebFetcher(AddressGuard(settings.networks_to_crawl), contact=settings.crawl_contact, proxy_of=proxy_of)


def _validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in validators.items() if value}
