"""Which machines lmskit connects to: public ones alone, whatever a page, a redirect or a name server says.

A web server that lmskit asks can answer with a redirect to any address, and the name of a host can be one of this machine or of the
institution's network. What is there may answer without a password to those who are inside: a database's status page, a router, the
credentials of a cloud machine. So each name is resolved once, each of its addresses is checked, and the connection is made to exactly an
address that was checked.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from lmskit.errors import AddressNotAllowedError, SiteUnavailableError
from lmskit.setting_values import PRIVATE_NETWORKS
from lmskit.web.address import WebAddress

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Number: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host, for a port. Raises OSError if there are none."""

_TO_RESOLVE = 15.0
"""Seconds that a name server has to answer."""
_NOT_PUBLIC = [
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "of this machine"),
        ("10.0.0.0/8", "of a private network"),
        ("100.64.0.0/10", "of a provider's inner network"),
        ("127.0.0.0/8", "of this machine"),
        ("169.254.0.0/16", "of this link, where cloud machines keep their credentials"),
        ("172.16.0.0/12", "of a private network"),
        ("192.0.0.0/24", "for special purposes"),
        ("192.0.2.0/24", "for examples"),
        ("192.31.196.0/24", "for special purposes"),
        ("192.52.193.0/24", "for special purposes"),
        ("192.88.99.0/24", "of a 6to4 relay"),
        ("192.168.0.0/16", "of a private network"),
        ("192.175.48.0/24", "for special purposes"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for examples"),
        ("203.0.113.0/24", "for examples"),
        ("224.0.0.0/4", "of many machines at once"),
        ("240.0.0.0/4", "reserved"),
        ("2001::/23", "for special purposes"),  # Teredo and ORCHID are in it
        ("2001:db8::/32", "for examples"),
        ("2002::/16", "that contains an IPv4 address (6to4)"),
        ("2620:4f:8000::/48", "for special purposes"),
        ("3fff::/20", "for examples"),
        ("::/128", "of this machine"),
        ("::1/128", "of this machine"),
        ("64:ff9b::/96", "that contains an IPv4 address (NAT64)"),
        ("64:ff9b:1::/48", "that contains an IPv4 address (NAT64)"),
        ("fc00::/7", "of a private network"),
        ("fe80::/10", "of this link"),
        ("fec0::/10", "of a private network"),
        ("ff00::/8", "of many machines at once"),
    )
]
"""IANA's special-purpose addresses; `ipaddress` knows other ones from version to version of Python."""
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as this machine's own resolver does, within a limit of time."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put([str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_TO_RESOLVE)
    except queue.Empty:
        raise TimeoutError(f"no answer within {_TO_RESOLVE:g} seconds") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def why_not_public(number: Number) -> str | None:
    """Return what an address is if it is not a public one of a single machine; None if it is.

    >>> why_not_public(ipaddress.ip_address("100.64.0.1"))
    "an address of a provider's inner network"
    >>> why_not_public(ipaddress.ip_address("::ffff:8.8.8.8"))
    'an IPv4 address within an IPv6 one'
    """
    if isinstance(number, ipaddress.IPv6Address) and (number.ipv4_mapped is not None or number.scope_id is not None):
        return "an IPv4 address within an IPv6 one" if number.scope_id is None else "an address of this link"
    for network, what in _NOT_PUBLIC:
        if number.version == network.version and number in network:
            return f"an address {what}"
    if isinstance(number, ipaddress.IPv6Address) and number not in _GLOBAL_UNICAST:
        return "a reserved address"
    return None if number.is_global and not number.is_multicast and not number.is_reserved else "a reserved address"


class AddressGuard:
    """Resolves hosts, and refuses those that have an address that is not public.

    Parameters
    ----------
    allowed
        Networks that are allowed nevertheless, such as the institution's own.
    resolve
        Resolves names.
    """

    def __init__(self, allowed: Iterable[Network] = (), *, resolve: Resolver = resolved) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve

    def numbers(self, address: WebAddress) -> list[str]:
        """Return the IP addresses to connect to, of which each has been checked; the name must not be resolved again.

        Raises
        ------
        AddressNotAllowedError
            At least one of them is not public.
        SiteUnavailableError
            The name cannot be resolved.
        """
        if address.number is not None:
            found = [str(address.number)]
        else:
            try:
                found = list(dict.fromkeys(self._resolve(address.host, address.port)))
            except OSError as error:
                reason = error.strerror or str(error)
                raise SiteUnavailableError(str(address), f"the host {address.host} is not found ({reason}). Check its spelling.") from None
        if not found:
            raise SiteUnavailableError(str(address), f"the host {address.host} has no address. Check its spelling.")
        for number in found:
            self._check(number, address)
        return found

    def _check(self, text: str, address: WebAddress) -> None:
        try:
            number: Number = ipaddress.ip_address(text)
        except ValueError:
            raise AddressNotAllowedError(str(address), f"its host has an address that is not valid ({text!r}).") from None
        what = why_not_public(number)
        if what is None or any(number.version == network.version and number in network for network in self._allowed):
            return
        advice = "Add the page as a file."
        if any(number.version == network.version and number in network for network in PRIVATE_NETWORKS):
            advice = "Add the page as a file, or ask the operator of lmskit to name this network in LMSKIT_CRAWL_NETWORKS."
        raise AddressNotAllowedError(
            str(address), f"the address of its host, {text}, is {what}. lmskit fetches from the public web only. {advice}"
        )
