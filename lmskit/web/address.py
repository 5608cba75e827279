"""Addresses of the web: one spelling for each, and which of them belong together."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from lmskit.errors import AddressNotAllowedError
from lmskit.limits import LONGEST_URL

PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
"""Ports below belong to other services than the web, such as mail; only 80 and 443 are its own."""
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\Z")
_LIKE_A_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "!$&'()*+,;=:@/%-._~[]"
_SESSION = re.compile(r"(?i);jsessionid=[^/?;]{0,200}")
_TRACKING = re.compile(
    r"(?i)(utm_\w{1,30}|mtm_\w{1,30}|pk_(campaign|kwd|source|medium|content)|hsa_\w{1,10}|mc_[ce]id|_ga|_gl|gclid|dclid|gbraid|wbraid|fbclid"
    r"|msclkid|yclid|igshid|twclid|ttclid|vero_id|_hsenc|_hsmi|phpsessid|jsessionid)\Z"
)
"""Parameters that say where a reader came from, or who the reader is, and change nothing on the page."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An http or https address, taken apart; two addresses of one page are equal wherever the standards say so.

    Without fragment and tracking parameters, with the scheme and the host in lower case, an international host as ASCII, without the
    usual port, without `.` and `..` in the path, and with everything escaped that has to be and nothing else.
    """

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as the request names them."""

    @classmethod
    def parsed(cls, typed: str, *, base: str | None = None) -> Self:
        r"""Read an address.

        Parameters
        ----------
        typed
            As a person typed it, or as a page names it.
        base
            The page's own address, if it may be relative.

        Raises
        ------
        AddressNotAllowedError
            It is not an address of the web, contains a user name or password, or names its host or port in a way that hides what it is.

        Examples
        --------
        >>> str(WebAddress.parsed("HTTP://Example.ORG:80/a/../%7Eb?utm_source=x&q=%c3%a4#part"))
        'http://example.org/~b?q=%C3%A4'
        >>> str(WebAddress.parsed("../week2/?page=1", base="https://example.org/course/week1/"))
        'https://example.org/course/week2/?page=1'
        >>> WebAddress.parsed("http://0x7f000001/")
        Traceback (most recent call last):
        lmskit.errors.web.AddressNotAllowedError: http://0x7f000001/: its host is a number in an unusual spelling. ...
        """
        text = typed.strip() if base is None else _joined(base, typed)
        shown = _shown(text)
        if len(text) > LONGEST_URL:
            raise AddressNotAllowedError(shown[:100] + "…", f"it has more than {LONGEST_URL:,} characters. Use a shorter one.")
        if not text.isprintable() or "\\" in text:
            raise AddressNotAllowedError(shown, "it contains a backslash or an invisible character. Copy it again from the browser.")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise AddressNotAllowedError(shown, f"it is not a web address ({error}). Copy it again from the browser.") from None
        scheme = parts.scheme.lower()
        if scheme not in PORTS:
            raise AddressNotAllowedError(shown, "it does not begin with http:// or https://. Only pages and files of the web are fetched.")
        if "@" in parts.netloc:
            raise AddressNotAllowedError(shown, "it contains a user name or password, which would be stored with it. Leave them out.")
        address = cls(scheme, _host(parts, shown), PORTS[scheme] if port is None else port, _target(parts))
        if address.port not in PORTS.values() and address.port < _FIRST_FREE_PORT:
            raise AddressNotAllowedError(shown, f"port {address.port} belongs to another service than the web.")
        if len(str(address)) > LONGEST_URL:
            raise AddressNotAllowedError(shown[:100] + "…", f"it has more than {LONGEST_URL:,} characters. Use a shorter one.")
        return address

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what belongs to one site."""
        return f"{self.scheme}://{self.host_header}"

    @property
    def host_header(self) -> str:
        """The host with its port, unless it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def path(self) -> str:
        """The path alone, which begins with a slash."""
        return self.target.partition("?")[0]

    @property
    def section(self) -> str:
        """The path of the folder that the page is in, with a slash at the end."""
        return self.path.rpartition("/")[0] + "/"

    @property
    def number(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host if it is an IP address; None if it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, re.sub(r"[\t\r\n]", "", href.strip()))
    except ValueError:
        return href


def _shown(text: str) -> str:
    """An address for messages, without what may be a password."""
    start, at, rest = text.partition("@")
    if at and "/" not in start.partition("//")[2]:
        text = f"{start.partition('//')[0]}//…@{rest}"
    return "".join(character if character.isprintable() else "�" for character in text)


def _host(parts: SplitResult, shown: str) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise AddressNotAllowedError(shown, "it names no host. Copy it again from the browser.")
    if ":" in host or "[" in parts.netloc:
        try:
            return str(ipaddress.IPv6Address(host)) if "%" not in host else _refuse_zone(shown)
        except ValueError:
            raise AddressNotAllowedError(shown, "its host is not a valid IPv6 address. Copy it again from the browser.") from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise AddressNotAllowedError(shown, f"its host is not a valid name ({error}). Copy it again from the browser.") from None
    host = host.lower()
    if not _HOST.match(host):
        raise AddressNotAllowedError(shown, "its host is not a valid name. Copy it again from the browser.")
    if _LIKE_A_NUMBER.match(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise AddressNotAllowedError(
                shown, "its host is a number in an unusual spelling. Use the name of the host, or four numbers from 0 to 255."
            ) from None
    return host


def _refuse_zone(shown: str) -> str:
    raise AddressNotAllowedError(shown, "its IPv6 address has a zone, which only this machine knows. Use the name of the host.")


def _target(parts: SplitResult) -> str:
    path = _without_dots(escaped(_SESSION.sub("", parts.path) or "/"))
    kept = [pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair.partition("=")[0])]
    return f"{path}?{escaped('&'.join(kept), also='?')}" if kept else path


def escaped(text: str, *, also: str = "") -> str:
    """Escape what has to be, and nothing else."""
    whole = quote(_STRAY_PERCENT.sub("%25", text), safe=_SAFE + also)
    return _ESCAPE.sub(lambda found: _plain(found[1]), whole)


def _plain(digits: str) -> str:
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"


def _without_dots(path: str) -> str:
    """Follow `.` and `..` as RFC 3986 does."""
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            kept[1:] = kept[1:-1]
        elif part != ".":
            kept.append(part)
    if parts[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept).lstrip("/")
