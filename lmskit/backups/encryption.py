"""Encrypted backups, in the format of age: who makes them needs public keys only, and who restores them a private one.

The library is pyrage, Python's binding to the Rust implementation of age. `age --decrypt` opens such a file without lmskit.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from lmskit.errors import BackupError, BackupRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ENDING = ".age"
_BEGINS = "AGE-SECRET-KEY-1"
INSTALL = "To install it: pip install 'lmskit[age]'"


def _pyrage() -> Any:  # noqa: ANN401 - an optional package without types
    try:
        import pyrage
    except ImportError:
        raise BackupError(f"Encrypted backups need a package that is not installed. {INSTALL}") from None
    return pyrage


def require_recipients(keys: Sequence[str]) -> list[Any]:
    """Return the public keys as the library has them.

    Raises
    ------
    BackupError
        One of them is not a public key of age, or the library is not installed.
    """
    pyrage = _pyrage()
    found = []
    for key in keys:
        try:
            found.append(pyrage.x25519.Recipient.from_str(key))
        except pyrage.RecipientError:
            raise BackupError(
                f"{key} is not a public key of age. It looks like age1… and is what age-keygen prints; check LMSKIT_BACKUP_RECIPIENTS."
            ) from None
    return found


@contextmanager
def encrypted(file: BinaryIO, recipients: Sequence[Any]) -> Iterator[BinaryIO]:
    """Give a file whose content goes encrypted into `file`; nothing is stored in the clear."""
    pyrage, target, problems = _pyrage(), WatchedFile(file), list[BaseException]()
    reading, writing = os.pipe()

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, target, list(recipients))
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
                problems.append(target.problem or error)

    thread = threading.Thread(target=encrypt, name="encryption of a backup")
    thread.start()
    try:
        with os.fdopen(writing, "wb") as plain:
            yield plain
    except BrokenPipeError:
        thread.join()
        if not problems:
            raise
    finally:
        thread.join()
    if problems:
        raise problems[0]


class WatchedFile:
    """A file that remembers why it could not be written: the library says so in a text of its own."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.problem: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write, and remember a failure."""
        try:
            return self._file.write(content)
        except OSError as error:
            self.problem = error
            raise

    def flush(self) -> None:
        """Write out what the file keeps back."""
        self._file.flush()


def decrypt(path: Path, target: BinaryIO, identity_file: Path | None, *, name: str) -> None:
    """Write the decrypted content of a file.

    Raises
    ------
    BackupError
        There is no private key, or it is not the one for this backup.
    BackupRefusedError
        The file was changed or cut off.
    """
    pyrage = _pyrage()
    identities = _identities(pyrage, identity_file, name)
    with path.open("rb") as source:
        try:
            pyrage.decrypt_io(source, target, identities)
        except pyrage.DecryptError as error:
            if "matching keys" in str(error):
                raise BackupError(
                    f"{name} is encrypted for other keys than those in {identity_file}. Set LMSKIT_BACKUP_IDENTITY_FILE to the right one."
                ) from None
            raise _damaged(name) from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise _damaged(name) from None


def _identities(pyrage: Any, path: Path | None, name: str) -> list[Any]:  # noqa: ANN401 - as above
    if path is None:
        raise BackupError(f"{name} is encrypted. Set LMSKIT_BACKUP_IDENTITY_FILE to the file with the private key, then try again.")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(
            f"The private key in {path} cannot be read: {getattr(error, 'strerror', 'it is not text')}. Check LMSKIT_BACKUP_IDENTITY_FILE."
        ) from None
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith(_BEGINS)]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise BackupError(f"{path} has no private key of age, a line that begins with {_BEGINS}. Check LMSKIT_BACKUP_IDENTITY_FILE.")
    return found


def _damaged(name: str) -> BackupRefusedError:
    return BackupRefusedError(
        f"{name} cannot be decrypted: it was changed or cut off since it was written. Copy it again from where it was made, "
        "or use another backup."
    )
