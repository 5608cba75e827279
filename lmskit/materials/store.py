"""The store of materials' files: each lies once, under a name that follows from its content, in a folder (or see `object_store`).

The name is not the checksum that the database shows: it is the SHA-256 of a fixed text and the content, so that a person who knows or
guesses the checksum of a file cannot fetch it. Nor can other accounts of the machine list the folder; a name is what opens a file, and
the database shows it only to those who may see the material.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.errors import MaterialStoreError, StoredFileError
from lmskit.limits import LARGEST_MATERIAL
from lmskit.whole_file import remove_stale_parts, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE_THE_CONTENT = b"lmskit: name of a material's file\x00"
"""What is hashed before the content; another text would give all files other names."""
STORE_NAME = re.compile(r"[0-9a-f]{64}\Z")
STORE_VARIABLE = "LMSKIT_MATERIAL_STORE"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def checksum_of(content: bytes) -> str:
    """Return the SHA-256 of a file, hexadecimal, as the database stores it.

    >>> checksum_of(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()


def store_name_of(content: bytes) -> str:
    """Return the name that a file has in every store: 64 hexadecimal digits.

    >>> store_name_of(b"") == checksum_of(b"")
    False
    """
    return hashlib.sha256(_BEFORE_THE_CONTENT + content).hexdigest()


class MaterialStore(ABC):
    """Files under the names of `store_name_of`. What is read is compared with its name, so that a damaged file is never given out.

    All methods raise `MaterialStoreError` where the store cannot be used.

    Attributes
    ----------
    address
        The folder, or the address of the object store.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def add(self, content: bytes) -> str:
        """Have a file in the store, and return its name there; a file that is there already is not written again."""
        stored_as = store_name_of(content)
        try:
            there = self._content(stored_as) == content
        except (FileNotFoundError, PermissionError):
            there = False  # of a file that this account cannot read, writing says so
        if not there:
            self._write(stored_as, content)
        return stored_as

    def has(self, stored_as: str) -> bool:
        """Whether there is a file of this name, which may be damaged."""
        try:
            return self._is_there(_checked(stored_as))
        except PermissionError:  # an object store whose objects may not be listed says this of one that it does not have
            return False

    def read(self, stored_as: str) -> bytes:
        """Return a file.

        Raises
        ------
        StoredFileError
            There is no such file in the store, it cannot be read, or it is not what was stored under its name.
        """
        try:
            content = self._content(_checked(stored_as))
        except FileNotFoundError:
            raise StoredFileError(
                f"The file {stored_as[:12]}… is not in the store of materials, {self.address}. "
                f"Was it added with another store? {STORE_VARIABLE} names the store; otherwise add the material again."
            ) from None
        except PermissionError:
            raise StoredFileError(
                f"The file {stored_as[:12]}… in the store of materials, {self.address}, cannot be read by this account. "
                "Ask the person who looks after the store for the right to read it."
            ) from None
        if store_name_of(content) != stored_as:
            raise StoredFileError(
                f"The file {stored_as[:12]}… in the store of materials, {self.address}, is not what was stored there: it is damaged, "
                "or was replaced. Add the material again."
            )
        return content

    def remove(self, stored_as: str) -> bool:
        """Remove a file; whether it was there and could be removed. The caller makes sure that no material has it."""
        try:
            return self._remove(_checked(stored_as))
        except PermissionError:
            return False  # of another account, in a folder where each account may remove its own files only

    @abstractmethod
    def names(self) -> Iterator[str]:
        """Give out the names of all files; an account that may not list the store cannot do this."""

    @abstractmethod
    def _content(self, stored_as: str) -> bytes: ...

    @abstractmethod
    def _is_there(self, stored_as: str) -> bool: ...

    @abstractmethod
    def _write(self, stored_as: str, content: bytes) -> None: ...

    @abstractmethod
    def _remove(self, stored_as: str) -> bool: ...


class FolderStore(MaterialStore):
    """A folder of this machine, or of a file server.

    Several accounts can share it, if they may enter it and make files in it, and may not list it: a new file can be read by those
    accounts that may enter the folder, and removed by its owner where the folder has the sticky bit.

    Parameters
    ----------
    folder
        The folder.
    make
        Whether it is made if it is missing, for this account alone. A folder that a person has named is not: it may be on a file server
        that is not mounted.
    """

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        super().__init__(str(folder))
        self._folder = folder
        self._make = make

    def names(self) -> Iterator[str]:
        """Give out the names of all files in order, and remove what processes that were killed left behind."""
        self._require_folder()
        try:
            listed = sorted(os.listdir(self._folder))  # noqa: PTH208 - glob gives out nothing where it may not list
        except PermissionError:
            raise MaterialStoreError(
                f"The files in {self.address} cannot be listed by this account, which is as it should be where accounts share them. "
                "The owner of the folder can do this."
            ) from None
        remove_stale_parts(self._folder)
        yield from filter(STORE_NAME.match, listed)

    def _require_folder(self) -> os.stat_result:
        """The state of the folder; a missing one is made, if it may be."""
        try:
            if self._make:
                self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._folder.mkdir(mode=0o700, exist_ok=True)
            state = self._folder.stat()
        except FileNotFoundError:
            raise MaterialStoreError(
                f"The store of materials, {self.address}, does not exist. Is its disk or file server connected? To make a new one: "
                f"mkdir -m 700 {self.address}, or set {STORE_VARIABLE} to another folder."
            ) from None
        except OSError as error:
            raise self._unusable(error) from error
        if not stat.S_ISDIR(state.st_mode):
            raise MaterialStoreError(f"The store of materials, {self.address}, is not a folder. Set {STORE_VARIABLE} to a folder.")
        if os.name == "posix" and state.st_mode & (stat.S_IRGRP | stat.S_IROTH):
            raise MaterialStoreError(
                f"Other accounts can list the files in the store of materials, {self.address}, and so read every file in it. "
                f"To mend it: chmod go-r {self.address}"
            )
        return state

    def _content(self, stored_as: str) -> bytes:
        self._require_folder()
        # Another account that may make files here could make a link, or a pipe that nobody writes to.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self._folder / stored_as, flags)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                return b""  # a link, which differs from what was stored
            raise self._unusable(error) from error
        try:
            with os.fdopen(descriptor, "rb") as file:
                return file.read(LARGEST_MATERIAL + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        except OSError as error:
            raise self._unusable(error) from error

    def _is_there(self, stored_as: str) -> bool:
        self._require_folder()
        return os.path.lexists(self._folder / stored_as)

    def _write(self, stored_as: str, content: bytes) -> None:
        folder = self._require_folder()
        readers = (stat.S_IRGRP if folder.st_mode & stat.S_IXGRP else 0) | (stat.S_IROTH if folder.st_mode & stat.S_IXOTH else 0)
        mode = stat.S_IRUSR | stat.S_IWUSR | readers
        try:
            write_whole(self._folder / stored_as, content, before_rename=lambda part: part.chmod(mode))
        except OSError as error:
            raise self._unusable(error) from error

    def _remove(self, stored_as: str) -> bool:
        self._require_folder()
        try:
            (self._folder / stored_as).unlink()
        except FileNotFoundError:
            return False
        except PermissionError:
            raise
        except OSError as error:
            raise self._unusable(error) from error
        return True

    def _unusable(self, error: OSError) -> MaterialStoreError:
        reason = error.strerror or str(error)
        if error.errno in _NO_SPACE:
            return MaterialStoreError(
                f"The file cannot be written into the store of materials, {self.address}: {reason}. Nothing was changed. "
                f"Free some space there, or set {STORE_VARIABLE} to another folder; then try again."
            )
        return MaterialStoreError(
            f"The store of materials, {self.address}, cannot be used by this account: {reason}. "
            f"Give the account the right to enter the folder and to write into it, or set {STORE_VARIABLE} to another one."
        )


class PreviewStore(MaterialStore):
    """Says that it has every file, and holds none: for a preview, after which everything is rolled back."""

    def __init__(self) -> None:
        super().__init__("a preview")

    def names(self) -> Iterator[str]:
        """Give out nothing."""
        yield from ()

    def _content(self, stored_as: str) -> bytes:
        raise FileNotFoundError(stored_as)

    def _is_there(self, stored_as: str) -> bool:  # noqa: ARG002 - of every file
        return True

    def _write(self, stored_as: str, content: bytes) -> None: ...

    def _remove(self, stored_as: str) -> bool:  # noqa: ARG002 - of every file
        return False


def _checked(stored_as: str) -> str:
    """Refuse what is not a name in a store, such as a path out of it."""
    if not STORE_NAME.match(stored_as):
        raise StoredFileError(f"{stored_as[:80]!r} does not name a file in the store of materials: such a name has 64 hexadecimal digits.")
    return stored_as
