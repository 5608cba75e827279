"""One request to one server: to an address that was checked, within limits of time and size."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from lmskit.errors import SiteUnavailableError, WebPageError
from lmskit.web.address import WebAddress

MIB = 1024**2
_CHUNK = 64 * 1024
_DECODED = {"gzip", "x-gzip", "deflate"}
_CHARSET = re.compile(r"(?i);\s{0,9}charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})")
_Connection: TypeAlias = HTTPConnection | HTTPSConnection


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What fetching one page may take."""

    size: int = 20 * MIB
    """Bytes of the content, after it was unpacked."""
    seconds: float = 60.0
    """From the request to the last byte."""
    silence: float = 15.0
    """Seconds until the connection stands, and between two pieces of the answer."""
    redirects: int = 10
    instead: str = "Add it as a file."
    """What a person can do about an answer that takes more."""


class WebResponse:
    """The answer of a server, of which the content has not been read yet."""

    def __init__(self, address: WebAddress, response: urllib3.BaseHTTPResponse, limits: FetchLimits) -> None:
        self.address = address
        self.status = response.status
        self._response = response
        self._limits = limits

    def header(self, name: str) -> str | None:
        """A header's value; those of several headers of the name with commas between them."""
        value = self._response.headers.get(name)
        return None if value is None else value.strip()

    @property
    def media_type(self) -> str:
        """As the server names it, in lower case; empty if it does not."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The encoding of text, if the server names one."""
        found = _CHARSET.search(self.header("Content-Type") or "")
        return found[1] if found else None

    def content(self, *, cut_off_at: int | None = None) -> bytes:
        """Read the content, unpacked; `cut_off_at` is the number of bytes after which the rest is ignored.

        Raises
        ------
        WebPageError
            It is too large, or packed in a way that was not asked for.
        """
        packed = (self.header("Content-Encoding") or "identity").lower()
        if packed != "identity" and packed not in _DECODED:
            raise WebPageError(str(self.address), f"the server packs it as {packed[:50]!r}, which was not asked for.")
        most = self._limits.size if cut_off_at is None else cut_off_at
        if cut_off_at is None and (self.header("Content-Length") or "").isdecimal() and int(self.header("Content-Length") or "") > most:
            raise self._too_large()
        read = bytearray()
        while piece := self._response.read1(_CHUNK, decode_content=packed != "identity"):
            read += piece
            if len(read) > most:
                if cut_off_at is not None:
                    return bytes(read[:most])
                raise self._too_large()
        return bytes(read)

    def _too_large(self) -> WebPageError:
        return WebPageError(
            str(self.address), f"it has more than {self._limits.size // MIB} MiB, which is the most that is fetched. {self._limits.instead}"
        )


@contextmanager
def requested(
    address: WebAddress,
    numbers: list[str],
    headers: Mapping[str, str],
    limits: FetchLimits,
    certificates: ssl.SSLContext | None = None,
    *,
    posted: bytes | None = None,
) -> Iterator[WebResponse]:
    """Ask a server for a page, and close the connection at the end of the block.

    Parameters
    ----------
    address
        What to ask for.
    numbers
        IP addresses of its host, to which no other name leads; they are tried in turn until one is reached.
    headers
        Further headers of the request.
    limits
        Of time and size.
    certificates
        The certificates of servers that are trusted; those of this machine by default.
    posted
        What is sent along with the request, which is a POST then.

    Raises
    ------
    SiteUnavailableError
        It does not answer, or not in time.
    WebPageError
        Its certificate is not valid, or its answer is not one of HTTP.
    """
    connection = _connected(address, numbers, limits, certificates or trusted_certificates())
    watch = _Watch(connection, limits.seconds)
    try:
        with _as_sentences(address, limits, watch):
            connection.request(
                "GET" if posted is None else "POST",
                address.target,
                body=posted,
                headers={"Host": address.host_header, "Accept-Encoding": "gzip", "Connection": "close", **headers},
                preload_content=False,
            )
            response = connection.getresponse()
            with closing(response):
                yield WebResponse(address, response, limits)
    finally:
        watch.end()
        connection.close()


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the authorities that this machine trusts; where it has none, those that come with certifi."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _connected(address: WebAddress, numbers: list[str], limits: FetchLimits, certificates: ssl.SSLContext) -> _Connection:
    failures: list[Exception] = []
    for number in numbers:
        connection: _Connection
        if address.scheme == "https":
            connection = HTTPSConnection(
                number, address.port, timeout=limits.silence, server_hostname=address.host, ssl_context=certificates
            )
        else:
            connection = HTTPConnection(number, address.port, timeout=limits.silence)
        try:
            with _as_sentences(address, limits):
                connection.connect()
        except SiteUnavailableError as error:
            connection.close()
            failures.append(error)
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failures[0]


class _Watch:
    """Ends a connection when its time is over, also in the middle of a header or a wait."""

    def __init__(self, connection: _Connection, seconds: float) -> None:
        self.has_ended_it = False
        self._socket = connection.sock
        self._timer = threading.Timer(seconds, self._end_connection)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def _end_connection(self) -> None:
        self.has_ended_it = True
        with suppress(OSError, ValueError):  # it has been closed meanwhile
            # Not the method of an SSLSocket, which takes away what the reading thread is using.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextmanager
def _as_sentences(address: WebAddress, limits: FetchLimits, watch: _Watch | None = None) -> Iterator[None]:
    """Turn what goes wrong on the way into an error with a sentence."""
    try:
        yield
    except WebPageError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise WebPageError(str(address), f"the certificate of its server is not valid ({error.verify_message}).") from error
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        if watch is not None and watch.has_ended_it:
            reason = f"it was not complete within {limits.seconds:g} seconds. Try again later. {limits.instead}".rstrip()
            raise SiteUnavailableError(str(address), reason) from error
        raise _unavailable(address, error, limits) from error
    else:
        if watch is not None and watch.has_ended_it:  # the end of the connection looked like the end of the page
            raise SiteUnavailableError(str(address), f"it was not complete within {limits.seconds:g} seconds. Try again later.")


def _unavailable(address: WebAddress, error: Exception, limits: FetchLimits) -> WebPageError:
    if isinstance(error, ConnectionError | urllib3.exceptions.NewConnectionError):
        return SiteUnavailableError(str(address), f"the server cannot be reached ({_short(error)}). Try again later.")
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return SiteUnavailableError(str(address), f"the server said nothing for {limits.silence:g} seconds. Try again later.")
    if isinstance(error, urllib3.exceptions.DecodeError):
        return WebPageError(str(address), "what the server sent is packed, and cannot be unpacked.")
    return SiteUnavailableError(str(address), f"the server's answer broke off or is not one of HTTP ({_short(error)}).")


def _short(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return " ".join(text.split())[:200] or type(error).__name__
