"""What the text of a setting means, and what is wrong with it."""

import ipaddress
from email.errors import MessageError
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

from lmskit.errors import SecretFileError

PRIVATE_NETWORKS = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
"""Networks that institutions use within their walls; materials may be fetched from those that the operator names."""


def networks_in(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the networks in a text with commas; `ValueError` where one of them is not a network."""
    return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]


def number_in(value: object) -> object:
    """Read a number from the environment, where everything is text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def problem_of_server(url: str) -> str | None:
    """Return what is wrong with the address of a model server, without its text, which may contain a password."""
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            return "must have neither a login nor a query; the key belongs into LMSKIT_EMBEDDING_KEY"
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and url.isascii() and url.isprintable():
            return None
    except ValueError:
        return "has a port that cannot be one"
    return "is not an address such as https://models.example.org/v1"


def is_one_sender(text: str) -> bool:
    """Return whether a text becomes exactly one address of one header."""
    try:
        addresses = list(SMTP.header_factory("From", text).addresses) if text.isprintable() else []
    except (MessageError, ValueError, IndexError):
        return False
    return [bool(sender.username and sender.domain and sender.addr_spec.isascii()) for sender in addresses] == [True]


def read_secret(path: Path, *, name: str) -> str:
    """Return the one line of a file with a password, as orchestrators mount it.

    Parameters
    ----------
    path
        The file. Its mode is the business of the person who made it.
    name
        What names the file, for the error: a variable or an option.

    Raises
    ------
    SecretFileError
        The file cannot be read, is empty, or has several lines.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SecretFileError(f"The password in {path} cannot be read: {reason}. Check {name} and the file.") from None
    if len(lines) != 1 or not lines[0]:
        found = f"{len(lines)} lines" if lines else "nothing"
        raise SecretFileError(f"{path} must have one line, the password, and has {found}. Check {name} and the file.")
    return lines[0]
