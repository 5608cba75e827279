"""Where backups are kept: a folder of this machine, or a bucket. A backup is there whole, under its name, or not at all.

Beside a backup that was restored and found equal lies its record of verification, a small JSON file.
"""

from __future__ import annotations

import datetime as dt
import errno
import re
import stat
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lmskit.backups.encryption import ENDING
from lmskit.backups.failure import no_room
from lmskit.backups.retention import Dated
from lmskit.errors import BackupError
from lmskit.whole_file import remove_stale_parts, whole_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = ".verified.json"
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(rf"(?P<database>.+)-(?P<time>\d{{8}}T\d{{6}}Z)\.lmskit\.zip(?P<encrypted>{re.escape(ENDING)})?")
_OBJECT_STORES = {"s3", "memory"}
"""Protocols of stores that hold a new object whole or not at all."""
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OF_THE_DISK = _NO_SPACE | {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT}
_PATIENCE = {"connect_timeout": 5, "read_timeout": 60, "retries": {"mode": "standard", "total_max_attempts": 3}}
"""Seconds, and tries; `lmskit doctor` asks too, and should not wait for minutes without a network."""
_HURRY = {"connect_timeout": 2, "read_timeout": 5, "retries": {"mode": "standard", "total_max_attempts": 1}}
"""For a request while a transaction holds what others wait for: one that is not answered is given up."""
_SAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Verification(BaseModel):
    """That a backup was restored and found equal.

    Attributes
    ----------
    size, sha256
        Of its file, as it was then.
    verified_at
        When.
    age
        Seconds from its snapshot until then: what would have been lost (the recovery point).
    restored_in
        Seconds that the restore took, until people could have worked (the recovery time).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    size: int = Field(ge=0)
    sha256: str
    verified_at: dt.datetime
    age: float
    restored_in: float


@dataclass(frozen=True)
class KeptBackup:
    """A backup in a folder or bucket.

    Attributes
    ----------
    name
        Its name there.
    database
        The name of the database, as far as file names can have it.
    taken_at
        Time of its snapshot, in UTC.
    size
        Bytes.
    is_encrypted
        Whether it is.
    verification
        Its record; None if it has none, or was changed since.
    """

    name: str
    database: str
    taken_at: dt.datetime
    size: int
    is_encrypted: bool
    verification: Verification | None

    @property
    def dated(self) -> Dated:
        """The backup as retention sees it."""
        return Dated(self.taken_at, self.name, self.verification is not None)


def name_of(database: str, taken_at: dt.datetime, *, encrypted: bool) -> str:
    """Return the name of a backup.

    Examples
    --------
    >>> name_of("lmskit", dt.datetime(2027, 3, 1, 1, 30, tzinfo=dt.UTC), encrypted=False)
    'lmskit-20270301T013000Z.lmskit.zip'
    """
    return f"{file_part(database)}-{taken_at.astimezone(dt.UTC):{_TIME}}.lmskit.zip{ENDING if encrypted else ''}"


def file_part(database: str) -> str:
    """Return the name of a database as a part of file names."""
    return _SAFE.sub("_", database)


class BackupRepository(ABC):
    """Backups under their names.

    All methods raise `BackupError` where the folder or bucket cannot be used.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def backups(self, database: str | None = None) -> list[KeptBackup]:
        """Return all backups, newest first, by default of all databases."""
        sizes = self._sizes()
        found = []
        for name, size in sizes.items():
            match = _NAME.fullmatch(name)
            if match is None or database not in {None, match["database"]}:
                continue
            taken_at = dt.datetime.strptime(match["time"], _TIME).replace(tzinfo=dt.UTC)
            record = self._record(name, size) if f"{name}{RECORD}" in sizes else None
            found.append(KeptBackup(name, match["database"], taken_at, size, match["encrypted"] is not None, record))
        return sorted(found, key=lambda backup: (backup.taken_at, backup.name), reverse=True)

    def keep_record(self, name: str, record: Verification) -> None:
        """Write down that a backup was verified."""
        self._write(f"{name}{RECORD}", record.model_dump_json(indent=1).encode())

    def remove(self, backup: KeptBackup) -> None:
        """Remove a backup, then its record."""
        self._remove(backup.name)
        if backup.verification is not None:
            self._remove(f"{backup.name}{RECORD}")

    def beside(self, name: str) -> bytes | None:
        """Return the content of a file that is kept beside the backups; None if there is none."""
        return self._read(name) if name in self._sizes() else None

    def keep_beside(self, name: str, content: bytes) -> None:
        """Keep a file beside the backups, whole, instead of one of this name."""
        self._write(name, content)

    def _record(self, name: str, size: int) -> Verification | None:
        try:
            record = Verification.model_validate_json(self._read(f"{name}{RECORD}"))
        except ValidationError:
            return None
        return record if record.size == size else None

    @abstractmethod
    def new(self, name: str, work: Path) -> AbstractContextManager[BinaryIO]:
        """Give a file to write a backup into, which appears under its name, whole, at the end of the block, and not if that raises.

        `work` is a folder for what is not complete, if it cannot be where backups are kept.
        """

    @abstractmethod
    def local_copy(self, name: str, work: Path) -> AbstractContextManager[Path]:
        """Give the path of a backup on this machine; `work` is a folder for it if it is elsewhere."""

    @abstractmethod
    def _sizes(self) -> dict[str, int]: ...

    @abstractmethod
    def _read(self, name: str) -> bytes: ...

    @abstractmethod
    def _write(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def _remove(self, name: str) -> None: ...


class FolderRepository(BackupRepository):
    """A folder of this machine, or of a file server. Its files can be read by this account alone.

    Parameters
    ----------
    folder
        The folder.
    make
        Whether it is made if it is missing. One that a person has named is not: it may be on a disk that is not mounted, and backups
        would then fill the wrong one.
    """

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        super().__init__(str(folder))
        self._folder, self._make = folder, make

    @contextmanager
    def new(self, name: str, work: Path) -> Iterator[BinaryIO]:  # noqa: ARG002 - an unfinished file has another name in the same folder
        """As above."""
        with self._errors():
            if self._make:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._require_folder()
            remove_stale_parts(self._folder)
            if (self._folder / name).exists():
                raise BackupError(f"There is a backup {name} in {self.address} already, of the same second. Try again.")
        try:
            with whole_file(self._folder / name) as file:
                yield file
        except OSError as error:
            if error.errno not in _OF_THE_DISK and not str(error.filename or "").startswith(self.address):
                raise
            raise _unusable(self.address, error) from error

    @contextmanager
    def local_copy(self, name: str, work: Path) -> Iterator[Path]:  # noqa: ARG002 - it is on this machine
        """As above."""
        path = self._folder / name
        with self._errors():
            if not stat.S_ISREG(path.stat().st_mode):
                raise BackupError(f"{path} is not a file. Give the path of a backup; to list them: lmskit backup list")
        yield path

    def _require_folder(self) -> None:
        if self._folder.exists() and not self._folder.is_dir():
            raise BackupError(f"{self.address} is not a folder. Name the folder of the backups, or a bucket: s3://BUCKET/PART.")
        if not self._folder.is_dir():
            raise BackupError(
                f"The folder for backups, {self.address}, does not exist. Is its disk or file server connected? To make a new one: "
                f"mkdir -m 700 {self.address}"
            )

    def _sizes(self) -> dict[str, int]:
        with self._errors():
            if self._make and not self._folder.exists():
                return {}
            self._require_folder()
            return {path.name: path.stat().st_size for path in self._folder.iterdir() if path.is_file() and not path.is_symlink()}

    def _read(self, name: str) -> bytes:
        with self._errors():
            return (self._folder / name).read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        with self._errors():
            write_whole(self._folder / name, content)

    def _remove(self, name: str) -> None:
        with self._errors():
            (self._folder / name).unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BackupError(f"There is no {error.filename or self.address}. To list the backups: lmskit backup list") from None
        except OSError as error:
            raise _unusable(self.address, error) from error


class ObjectRepository(BackupRepository):
    """A bucket of an object store, or a part of it, through fsspec: `s3://bucket/part` needs the package s3fs, `lmskit[s3]`.

    Keys and the address of the server are read from where Amazon's tools read them. An object appears when all of it was sent.
    With `hurried`, the first request that is not answered within seconds is the last.
    """

    def __init__(self, address: str, *, hurried: bool = False) -> None:
        super().__init__(address.rstrip("/"))
        protocol, _, bucket = address.partition("://")
        if not bucket.strip("/"):
            raise BackupError(f"{address} names no bucket. Give a folder, or s3://BUCKET/PART.")
        if protocol not in _OBJECT_STORES:
            raise BackupError(f"Backups cannot be kept in {protocol}://. Give a folder, or s3://BUCKET/PART.")
        import fsspec

        options: dict[str, Any] = {
            "use_listings_cache": False,
            "skip_instance_cache": True,
            "config_kwargs": _HURRY if hurried else _PATIENCE,
        }
        try:
            self._files, root = fsspec.core.url_to_fs(self.address, **(options if protocol == "s3" else {}))
        except ImportError:
            raise BackupError(f"{address} needs a package that is not installed. To install it: pip install 'lmskit[s3]'") from None
        except Exception as error:
            raise self._unusable(error) from error
        if hurried and protocol == "s3":
            self._files.retries = 1  # those of the package itself
        self._root = str(root).rstrip("/")

    @contextmanager
    def new(self, name: str, work: Path) -> Iterator[BinaryIO]:
        """As above; the whole file is made in `work` before the first byte is sent."""
        part = work / name
        try:
            try:
                with whole_file(part) as file:
                    yield file
            except OSError as error:
                if error.errno not in _OF_THE_DISK:
                    raise
                raise _unusable(str(work), error) from error
            with self._errors():
                self._files.put_file(str(part), self._path(name))
                sent = int(self._files.info(self._path(name))["size"])
            if sent != part.stat().st_size:
                raise BackupError(f"{self.address} has {sent} bytes of {name}, and {part.stat().st_size} were sent. Try again.")
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def local_copy(self, name: str, work: Path) -> Iterator[Path]:
        """As above."""
        part = work / name
        part.touch(mode=0o600)
        try:
            with self._errors():
                try:
                    self._files.get_file(self._path(name), str(part))
                except OSError as error:
                    if error.errno not in _NO_SPACE:
                        raise
                    raise no_room(work, name) from error
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _sizes(self) -> dict[str, int]:
        with self._errors():
            try:
                listed = self._files.ls(self._root, detail=True)
            except FileNotFoundError:
                return {}
            return {str(entry["name"]).rpartition("/")[2]: int(entry["size"] or 0) for entry in listed if entry["type"] == "file"}

    def _read(self, name: str) -> bytes:
        with self._errors():
            return bytes(self._files.cat_file(self._path(name)))

    def _write(self, name: str, content: bytes) -> None:
        with self._errors():
            self._files.pipe_file(self._path(name), content)

    def _remove(self, name: str) -> None:
        with self._errors():
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Each library has errors of its own."""
        try:
            yield
        except BackupError:
            raise
        except FileNotFoundError as error:
            raise BackupError(f"{self.address} does not have it: {error}. To list the backups: lmskit backup list") from None
        except Exception as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> BackupError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return BackupError(
            f"Backups cannot be kept in {self.address}: {reason}. Nothing was changed. "
            "Check the bucket, the keys in the environment, and the network; then try again."
        )


def repository_of(address: str, *, default: Path, hurried: bool = False) -> BackupRepository:
    """Return the repository at an address: a folder, or a bucket; `default` is the folder that is made if it is missing.

    With `hurried`, a bucket that does not answer within seconds cannot be used, for who must not wait.
    """
    if "://" in address:
        return ObjectRepository(address, hurried=hurried)
    folder = Path(address).expanduser().absolute()
    return FolderRepository(folder, make=folder == default)


def _unusable(address: str, error: OSError) -> BackupError:
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return BackupError(
            f"The backup cannot be written to {address}: {reason}. Nothing was kept of it, and earlier backups are as they were. "
            "Free some space there, or name another folder with --to; then try again."
        )
    return BackupError(
        f"{address} cannot be used for backups by this account: {reason}. Give the account the right to it, or name another folder."
    )
