"""Why a server could not be reached securely, in sentences for people; libpq names neither an expired certificate nor its file."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from psycopg import pq

SYSTEM = "system"
"""The `sslrootcert` that stands for the authorities that the machine trusts."""
VERIFIED = "verify-full"
TRUSTED_BY_SYSTEMS = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
)
"""Where Linux distributions and macOS keep the certificates of the authorities that they trust."""
TLS_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])
"""What a client sends before TLS begins; a server that has TLS answers S."""
TIMEOUT = 10.0
EXPIRED, NOT_YET_VALID = 10, 9
"""OpenSSL's numbers."""
UNTRUSTED = "certificate verify failed"
NAMES = re.compile(r'server certificate for "(.*?)"(?: \(and \d+ other names?\))? does not match host name "(.*?)"')


def trusted_by_system() -> Path | None:
    """Return the file with the authorities that this machine trusts, or None: libpq as it comes with psycopg looks for none of them."""
    named: str | None = ssl.get_default_verify_paths().cafile  # SSL_CERT_FILE, or where this Python looks
    candidates = (*(Path(name) for name in (named,) if name), *TRUSTED_BY_SYSTEMS)
    return next((path for path in candidates if path.is_file()), None)


def with_trusted_file(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of an address with the file of the authorities that this machine trusts, where they say `system`."""
    file = trusted_by_system() if parameters.get("sslrootcert") == SYSTEM else None
    if file is None or parameters.get("sslmode", VERIFIED) != VERIFIED:
        return dict(parameters)
    return {**parameters, "sslmode": VERIFIED, "sslrootcert": str(file)}


def required_mode(parameters: Mapping[str, object]) -> str | None:
    """Return the `sslmode` of an address if it is one that allows no connection without TLS, else None."""
    mode = str(parameters.get("sslmode") or _default("sslmode"))
    return mode if mode in {"require", "verify-ca", VERIFIED} else None


def insecure_sentence(text: str, parameters: Mapping[str, object], *, server: str) -> str | None:
    """Return why a connection with TLS was not made and what to do, or None if TLS is not the reason.

    Parameters
    ----------
    text
        What libpq said.
    parameters
        Its parameters.
    server
        The server as sentences name it, without an article.
    """
    if UNTRUSTED in text:
        return _untrusted(parameters, _authority(parameters), server)
    if (names := NAMES.search(text)) is not None:
        return (
            f"The certificate of the {server} is for {names[1]} and not for {names[2]}, so nothing was sent to it. "
            "Write the name that the certificate has into LMSKIT_DATABASE_URL, "
            f"or ask the server's operator for a certificate for {names[2]}."
        )
    if "does not support SSL" in text:
        mode = required_mode(parameters) or "require"
        return (
            f"The {server} offers no TLS, which the address asks for (sslmode={mode}), so nothing was sent to it. "
            "Check host and port; the server's operator can switch TLS on."
        )
    if (file := re.search(r'root certificate file "(.*?)"', text)) is not None:
        missing = "does not exist" if "does not exist" in text else "has no certificate that can be read"
        return (
            f"The {server} cannot be checked: the file {file[1]}, with the authority that signed its certificate, {missing}. "
            "Name the file that the server's operator gave you: sslrootcert=FILE in LMSKIT_DATABASE_URL; "
            f"for the authorities that this machine trusts: sslrootcert={SYSTEM}"
        )
    if "channel binding is required" in text:
        return (
            f"The {server} offers no channel binding, which the address asks for. "
            "With a pooler or another front for TLS, leave channel_binding out of LMSKIT_DATABASE_URL."
        )
    return None


def _untrusted(parameters: Mapping[str, object], authority: str, server: str) -> str:
    error = _refusal(parameters, authority)
    if error is not None and error.verify_code == EXPIRED:
        return (
            f"The certificate of the {server} has expired, so nothing was sent to it. "
            "The server's operator has to renew it; if it is valid, the clock of this machine is wrong."
        )
    if error is not None and error.verify_code == NOT_YET_VALID:
        return (
            f"The certificate of the {server} is not valid yet, so nothing was sent to it. Check the clock of this machine, "
            "and ask the server's operator."
        )
    reason = "" if error is None else f" ({error.verify_message})"
    return (
        f"The certificate of the {server} was not signed by an authority in {authority}{reason}, so nothing was sent to it. "
        "Ask the server's operator for the certificate of the authority, and name its file: sslrootcert=FILE in LMSKIT_DATABASE_URL"
    )


def _authority(parameters: Mapping[str, object]) -> str:
    return str(parameters.get("sslrootcert") or _default("sslrootcert") or Path("~/.postgresql/root.crt").expanduser())


def _default(keyword: str) -> str:
    found = (option.val for option in pq.Conninfo.get_defaults() if option.keyword == keyword.encode())
    return (next(found, None) or b"").decode()


def _refusal(parameters: Mapping[str, object], authority: str) -> ssl.SSLCertVerificationError | None:
    """Ask once more for the certificate, and return what OpenSSL finds wrong with it; None if that cannot be found out."""
    host, port = (str(parameters.get(name) or "").partition(",")[0] for name in ("host", "port"))
    address = str(parameters.get("hostaddr") or "").partition(",")[0] or host or "localhost"
    if address.startswith("/"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        context.load_verify_locations(authority)
        with socket.create_connection((address, int(port or _default("port") or 5432)), timeout=TIMEOUT) as plain:
            plain.sendall(TLS_REQUEST)
            if plain.recv(1) == b"S":
                context.wrap_socket(plain, server_hostname=host or None).close()
    except ssl.SSLCertVerificationError as error:
        return error
    except (OSError, ValueError):
        return None
    return None
