"""One learning management system that answers in JSON: asked at its own host alone, slowly, patiently, and within limits.

The operator names the host, so that it may be one of this machine or of the institution's network; no redirect leads elsewhere. Every
answer is a stranger's text. The token is sent to this host and is nowhere else: errors are made from texts without it.
"""

from __future__ import annotations

import ipaddress
import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from lmskit.errors import (
    AddressNotAllowedError,
    LmsAddressError,
    LmsError,
    LmsTokenError,
    LmsUnavailableError,
    SiteUnavailableError,
    WebPageError,
)
from lmskit.importers.report import shortened
from lmskit.limits import LARGEST_SERVICE_ANSWER, LONGEST_SERVICE_SILENCE, LONGEST_SERVICE_WAIT, MOST_SERVICE_VALUES, SLOWEST_SERVICE_ANSWER
from lmskit.setting_values import PRIVATE_NETWORKS
from lmskit.web.address import WebAddress
from lmskit.web.connection import FetchLimits, requested
from lmskit.web.guard import AddressGuard

LOOPBACK = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128")))
LIMITS = FetchLimits(size=LARGEST_SERVICE_ANSWER, seconds=SLOWEST_SERVICE_ANSWER, silence=LONGEST_SERVICE_SILENCE, redirects=0, instead="")
TRIES = 6
"""How often a call is tried in all while the system does not answer or says that it cannot now."""
FIRST_WAIT = 1.0
"""Seconds until the second try; each further wait is twice as long, and up to half of it longer, so that not all come at once."""
USUAL_PAUSE = 0.1
"""Seconds between two requests."""
BEGINNING = 200
"""Bytes of an answer that is not a document that are kept."""
BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What the system answered: the document, and what its headers say."""

    status: int
    document: Any
    headers: Mapping[str, str | None]
    at: datetime | None
    """By the system's own clock."""
    text: str = ""
    """The beginning of an answer that is not a document."""


@dataclass
class ServiceClient:
    """Asks one system. It belongs to one thread.

    Attributes
    ----------
    address
        Of the system, such as `https://moodle.example.org/lms`.
    token
        Never shown.
    pause
        Seconds between two requests.
    limits
        Of time and size of each answer.
    wait
        Waits for so many seconds.
    kept_headers
        The headers that are read.
    is_busy
        Whether an answer says that more was asked than is allowed, beside those that HTTP has a status for.
    """

    address: WebAddress
    token: SecretStr = field(repr=False)
    pause: float = USUAL_PAUSE
    limits: FetchLimits = LIMITS
    wait: Callable[[float], None] = time.sleep
    kept_headers: tuple[str, ...] = ()
    is_busy: Callable[[ServiceAnswer], bool] = lambda _answer: False
    n_requests: int = field(default=0, init=False)
    _guard: AddressGuard = field(default_factory=lambda: AddressGuard((*PRIVATE_NETWORKS, *LOOPBACK)), init=False, repr=False)
    _last: float = field(default=-math.inf, init=False, repr=False)

    @property
    def name(self) -> str:
        """Host and path, as reports name the system."""
        return f"{self.address.host_header}{self.address.path.rstrip('/')}"

    def shown(self, text: object) -> str:
        """Return what the system said, for a message: in one line, shortened and without the token.

        Examples
        --------
        >>> client = ServiceClient(WebAddress.parsed("https://moodle.example.org"), SecretStr("abc123"))
        >>> client.shown("no token abc123  found"), "abc123" in repr(client)
        ('no token … found', False)
        """
        plain = " ".join(str(text).replace(self.token.get_secret_value(), "…").split())
        return shortened("".join(character if character.isprintable() else "�" for character in plain))

    def ask(self, path: str, *, form: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None) -> ServiceAnswer:
        """Ask for a document, again and again while the system says that it cannot answer now.

        Parameters
        ----------
        path
            What to ask for, below the address of the system, with its query.
        form
            Sent along, so that it is in no log of addresses; without it the request is a GET.
        headers
            Further headers.

        Raises
        ------
        LmsUnavailableError
            It did not answer, however often it was asked, or wants a wait that is too long.
        LmsAddressError
            It lies on a machine that is not asked, or redirects.
        LmsError
            It has answered with something that is not a document.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._asked(path, form, headers or {})
            except LmsUnavailableError as error:
                wait = error.retry_after if error.retry_after is not None else FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(1, 1.5)  # noqa: S311 - no secret
                if attempt == TRIES:
                    raise
                if wait > LONGEST_SERVICE_WAIT:
                    raise LmsUnavailableError(
                        f"{error} It asks to be left alone for {wait:,.0f} seconds, which is longer than a sync waits "
                        f"({LONGEST_SERVICE_WAIT})."
                    ) from None
                self.wait(wait)
        raise AssertionError  # the last try returns or raises

    def _asked(self, path: str, form: Mapping[str, str | int] | None, headers: Mapping[str, str]) -> ServiceAnswer:
        target = WebAddress.parsed(f"{str(self.address).rstrip('/')}{path}")
        posted = None if form is None else urlencode(form).encode()
        sent = {
            "Accept": "application/json",
            **({} if posted is None else {"Content-Type": "application/x-www-form-urlencoded"}),
            **headers,
        }
        self._keep_pause()
        try:
            numbers = self._guard.numbers(target)
            with requested(target, numbers, sent, self.limits, posted=posted) as response:
                content = response.content()
                found = {name: response.header(name) for name in (*self.kept_headers, "Retry-After", "Date")}
        except AddressNotAllowedError:
            raise LmsAddressError(
                f"{self.name} lies neither on a public machine nor in a private network nor on this machine. Check the address."
            ) from None
        except SiteUnavailableError as error:
            raise LmsUnavailableError(f"{self.name}: {self.shown(error.reason)}") from None
        except WebPageError as error:
            raise LmsError(f"{self.name}: {self.shown(error.reason)}") from None
        finally:
            self._last = time.monotonic()
            self.n_requests += 1
        return self._understood(response.status, content, found)

    def _understood(self, status: int, content: bytes, headers: Mapping[str, str | None]) -> ServiceAnswer:
        if 300 <= status < 400:  # noqa: PLR2004 - of HTTP
            raise LmsAddressError(
                f"{self.name} redirects to another address, to which the token is not sent. Give the address that a browser shows "
                "once the start page has opened."
            )
        if status in BUSY:
            raise LmsUnavailableError(
                f"{self.name} cannot answer now ({status}). Sync again later.", retry_after=_seconds(headers["Retry-After"])
            )
        if sum(map(content.count, (b",", b"[", b"{"))) > MOST_SERVICE_VALUES:
            raise LmsError(f"{self.name}: an answer has more than {MOST_SERVICE_VALUES:,} values, and was not read.")
        try:
            document = json.loads(content, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            if status == HTTPStatus.OK:
                raise LmsUnavailableError(
                    f"{self.name}: an answer broke off, or is not JSON. Check that the address is that of the system, and sync again later."
                ) from None
            document = None
        text = "" if document is not None else content[:BEGINNING].decode(errors="replace")
        answer = ServiceAnswer(status, document, headers, _moment(headers["Date"]), text)
        if self.is_busy(answer):
            raise LmsUnavailableError(
                f"{self.name} was asked too much ({status}). Sync again later.", retry_after=_seconds(headers["Retry-After"])
            )
        return answer

    def _keep_pause(self) -> None:
        if (left := self._last + self.pause - time.monotonic()) > 0:
            self.wait(left)


def service_address(url: str) -> WebAddress:
    """Return the address of a system as a person typed it.

    Raises
    ------
    LmsError
        It is not an address, has a query, or would send the token unprotected to another machine.

    Examples
    --------
    >>> str(service_address("https://moodle.example.org/lms/"))
    'https://moodle.example.org/lms'
    """
    try:
        address = WebAddress.parsed(url)
    except AddressNotAllowedError as error:
        raise LmsError(str(error)) from None
    if "?" in address.target:
        raise LmsError(f"{address.host}: the address has a query, such as that of a page in the system. Give that of its start page.")
    number = address.number
    is_here = address.host == "localhost" or (
        number is not None and any(number.version == net.version and number in net for net in LOOPBACK)
    )
    if address.scheme != "https" and not is_here:
        raise LmsError(f"{address}: the address must begin with https, since others could read the token on its way.")
    return WebAddress(address.scheme, address.host, address.port, address.path.rstrip("/") or "/")


def required_token(token: str | None, variable: str) -> SecretStr:
    """Return the token, for a client.

    Raises
    ------
    LmsTokenError
        There is none, or it has characters that no token has.
    """
    if not token:
        raise LmsTokenError(f"There is no token. Set {variable}, or {variable}_FILE to a file with it; it is never an option of a command.")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise LmsTokenError(f"What {variable} has is not a token: it contains a blank or a character that no token has.")
    return SecretStr(token)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _seconds(header: str | None) -> float | None:
    """The wait that `Retry-After` asks for, as a number of seconds or as a date."""
    if header is None:
        return None
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    at = _moment(header)
    return None if at is None else max(0.0, (at - datetime.now(UTC)).total_seconds())


def _moment(header: str | None) -> datetime | None:
    """A moment in a header of HTTP; None if it has another form."""
    try:
        found = None if header is None else parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if found is None or found.tzinfo is None else found
