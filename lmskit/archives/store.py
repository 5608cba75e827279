"""Where archives are kept: a folder of this machine, or a bucket. An archive is there whole, or not at all: its manifest comes last."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lmskit.archives.unfinished import flush, unfinished
from lmskit.errors import ArchiveError
from lmskit.schemas.archive import FORMAT, ArchiveManifest
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

MANIFEST = "manifest.json"
FOLDER = "archives"
"""The folder of `LMSKIT_HOME` in which archives are kept unless another is named."""
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_NAME = re.compile(r"[A-Za-z0-9_.-]+-[0-9]{8}T[0-9]{12}Z")
"""What `archive_name` makes."""
_SUFFIX = ".parquet"
_OBJECT_STORES = {"s3", "memory"}
"""Protocols of stores that hold a new object whole or not at all."""
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_AT_ONCE = 1024**2


def archive_name(term: str, taken_at: dt.datetime) -> str:
    """Return the name of the folder of an archive.

    >>> import datetime as dt
    >>> archive_name("2013 B", dt.datetime(2027, 3, 1, 1, 30, tzinfo=dt.UTC))
    '2013_B-20270301T013000000000Z'
    """
    return f"{_UNSAFE.sub('_', term)}-{taken_at:%Y%m%dT%H%M%S%fZ}"


def checksum_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_READ_AT_ONCE):
            digest.update(part)
    return digest.hexdigest()


class NewArchive:
    """Files of an archive that is being written.

    Attributes
    ----------
    folder
        Where its files are written, which this account alone can read.
    location
        Where the archive will be.
    """

    def __init__(self, folder: Path, location: str) -> None:
        self.folder, self.location = folder, location
        self.manifest: bytes | None = None

    def complete(self, manifest: ArchiveManifest) -> str:
        """Give the archive its manifest, without which it does not appear; return the SHA-256 of the manifest's file."""
        self.manifest = manifest.model_dump_json(indent=1).encode()
        return hashlib.sha256(self.manifest).hexdigest()


class ArchiveStore(ABC):
    """Archives in one folder or bucket. All methods raise `ArchiveError` where it cannot be used."""

    def __init__(self, address: str) -> None:
        self.address = address

    @abstractmethod
    def new(self, name: str) -> AbstractContextManager[NewArchive]:
        """Give an archive to write, which is there at the end of the block if it was completed, and not if the block raises."""

    @abstractmethod
    def fetched(self, location: str) -> AbstractContextManager[Path]:
        """Give a folder with the files of an archive; other accounts cannot read it."""

    @abstractmethod
    def remove(self, location: str) -> None:
        """Remove an archive, its manifest first; one that is not there does no harm."""

    @abstractmethod
    def found(self) -> list[str]:
        """Return the locations of all archives in it, in order of their names; other folders are left out."""


class FolderArchives(ArchiveStore):
    """A folder of this machine, or of a file server. What is in it can be read by this account alone.

    Parameters
    ----------
    folder
        The folder.
    make
        Whether it is made if it is missing. One that a person has named is not: its disk may not be mounted.
    """

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        super().__init__(str(folder))
        self._folder, self._make = folder, make

    @contextmanager
    def new(self, name: str) -> Iterator[NewArchive]:
        """As above: a folder with another name, which gets its name when the files in it are on the disk."""
        with self._errors():
            if self._make:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._folder.exists() and not self._folder.is_dir():
                raise ArchiveError(f"{self.address} is not a folder. Nothing was changed; name a folder for archives with --to.")
            if not self._folder.is_dir():
                raise ArchiveError(
                    f"The folder for archives, {self.address}, does not exist. Is its disk or file server connected? To make a new one: "
                    f"mkdir -m 700 {self.address}"
                )
            target = self._folder / name
            if target.exists():
                raise ArchiveError(f"There is an archive {name} in {self.address} already. Try again.")
            with unfinished(self._folder, name) as part:
                archive = NewArchive(part, str(target))
                yield archive
                if archive.manifest is not None:
                    write_whole(part / MANIFEST, archive.manifest)
                    flush(part)
                    part.rename(target)
                    flush(self._folder)

    @contextmanager
    def fetched(self, location: str) -> Iterator[Path]:
        """As above; they are on this machine."""
        yield Path(location)

    def remove(self, location: str) -> None:
        """As above, but a folder that may be on a disk that is not connected is not taken for removed."""
        folder = Path(location)
        with self._errors():
            if not folder.parent.is_dir():
                raise ArchiveError(
                    f"The files in {location} were not removed: there is no folder {folder.parent} here. Is its disk connected, or are "
                    f"they on another machine? If they are gone, make it, so that they can be forgotten: mkdir -m 700 {folder.parent}"
                )
            if folder.is_symlink() or not folder.is_dir():
                return
            _require_own_files(location, (path.name for path in folder.iterdir() if path.is_symlink() or path.name != MANIFEST))
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def found(self) -> list[str]:
        """As above; a folder that is not there has none."""
        with self._errors():
            folders = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
            return [
                str(folder)
                for folder in folders
                if not folder.is_symlink() and folder.is_dir() and is_archive(folder.name, (path.name for path in folder.iterdir()))
            ]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _unusable(self.address, error) from error


class ObjectArchives(ArchiveStore):
    """A bucket of an object store, or a part of it, through fsspec: `s3://bucket/part` needs the package s3fs, `lmskit[s3]`.

    Keys and the address of the server are read from where Amazon's tools read them. An object appears when all of it was sent.

    Parameters
    ----------
    address
        Of the bucket, or a part of it.
    work
        A folder of this machine for files on their way, which is made if it is missing.
    """

    def __init__(self, address: str, work: Path) -> None:
        super().__init__(address.rstrip("/"))
        self._work = work
        protocol = address.partition("://")[0]
        if protocol not in _OBJECT_STORES:
            raise ArchiveError(f"Archives cannot be kept in {protocol}://. Give a folder, or s3://BUCKET/PART.")
        import fsspec

        try:
            self._files, root = fsspec.core.url_to_fs(self.address, use_listings_cache=False, skip_instance_cache=protocol != "memory")
        except ImportError:
            raise ArchiveError(f"{address} needs a package that is not installed. To install it: pip install 'lmskit[s3]'") from None
        except Exception as error:
            raise self._unusable(error) from error
        self._root = str(root).rstrip("/")

    @contextmanager
    def new(self, name: str) -> Iterator[NewArchive]:
        """As above: all files are written on this machine, then sent, the manifest last."""
        with self._on_this_machine(name) as part:
            archive = NewArchive(part, f"{self.address}/{name}")
            yield archive
            if archive.manifest is None:
                return
            with self._errors():
                for file in sorted(part.iterdir()):
                    target = f"{self._root}/{name}/{file.name}"
                    self._files.put_file(str(file), target)
                    if int(self._files.info(target)["size"]) != file.stat().st_size:
                        raise ArchiveError(f"{self.address} does not have all of {file.name}. Nothing was changed; try again.")
                self._files.pipe_file(f"{self._root}/{name}/{MANIFEST}", archive.manifest)

    @contextmanager
    def fetched(self, location: str) -> Iterator[Path]:
        """As above: copies, which are deleted at the end."""
        name = location.rpartition("/")[2]
        with self._on_this_machine(name) as folder:
            with self._errors():
                for path in self._files.ls(f"{self._root}/{name}", detail=False):
                    target = folder / str(path).rpartition("/")[2]
                    self._files.get_file(str(path), str(target))
                    target.chmod(0o600)
            yield folder

    def remove(self, location: str) -> None:
        """As above."""
        inside = f"{self._root}/{location.rpartition('/')[2]}"
        with self._errors():
            if not self._files.exists(inside):
                return
            found = (str(path).rpartition("/")[2] for path in self._files.ls(inside, detail=False))
            _require_own_files(location, (name for name in found if name != MANIFEST))
            if self._files.exists(f"{inside}/{MANIFEST}"):
                self._files.rm_file(f"{inside}/{MANIFEST}")
            if self._files.exists(inside):
                self._files.rm(inside, recursive=True)

    def found(self) -> list[str]:
        """As above."""
        with self._errors():
            folders = self._files.ls(self._root, detail=False) if self._files.exists(self._root) else []
            names = sorted(name_of(str(folder)) for folder in folders)
            return [
                f"{self.address}/{name}"
                for name in names
                if _NAME.fullmatch(name)
                and is_archive(name, (name_of(str(path)) for path in self._files.ls(f"{self._root}/{name}", detail=False)))
            ]

    @contextmanager
    def _on_this_machine(self, name: str) -> Iterator[Path]:
        try:
            self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
            with unfinished(self._work, name) as part:
                yield part
        except OSError as error:
            raise _unusable(str(self._work), error) from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Each library has errors of its own."""
        try:
            yield
        except ArchiveError:
            raise
        except Exception as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> ArchiveError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return ArchiveError(
            f"Archives cannot be kept in {self.address}: {reason}. Nothing was changed. "
            "Check the bucket, the keys in the environment, and the network; then try again."
        )


def name_of(location: str) -> str:
    """Return the name of an archive.

    >>> name_of("s3://bucket/part/2013_B-20270301T013000000000Z")
    '2013_B-20270301T013000000000Z'
    """
    return location.replace("\\", "/").rstrip("/").rpartition("/")[2]


def is_archive(name: str, files: Iterable[str]) -> bool:
    """Return whether a folder is one of an archive, whole or not, by its name and the names of its files."""
    return _NAME.fullmatch(name) is not None and all(file == MANIFEST or file.endswith(_SUFFIX) for file in files)


def _require_own_files(location: str, names: Iterable[str]) -> None:
    """Refuse to remove anything but an archive: where archives are is in the database, whose administrators may write another folder."""
    if not is_archive(name_of(location), names):
        raise ArchiveError(
            f"{location} has other files than those of an archive. Nothing in it was removed; look there, and remove it by hand."
        )


def store_of(address: str, *, default: Path) -> ArchiveStore:
    """Return the store at an address: a folder, or a bucket; `default` is the folder that is made if it is missing."""
    if "://" in address:
        if address.startswith("s3://") and not address.removeprefix("s3://").strip("/ "):
            raise ArchiveError(f"{address} names no bucket. Nothing was changed; give s3://BUCKET/PART, or a folder.")
        return ObjectArchives(address, default)
    if not address.strip():
        raise ArchiveError("The name of the folder for archives is empty. Nothing was changed; give a folder, or s3://BUCKET/PART.")
    try:
        folder = Path(address).expanduser().absolute()
    except RuntimeError as error:
        raise ArchiveError(f"There is no home folder for {address}. Nothing was changed; give a folder, or s3://BUCKET/PART.") from error
    return FolderArchives(folder, make=folder == default)


def store_with(location: str, *, work: Path) -> ArchiveStore:
    """Return the store that an archive is in; `work` is a folder of this machine for files on their way."""
    return store_of(location.rpartition("/")[0] if "://" in location else str(Path(location).parent), default=work)


def checked_manifest(folder: Path, sha256: str) -> ArchiveManifest:
    """Read the manifest in a folder, and compare all files of the archive with it.

    Raises
    ------
    ArchiveError
        A file is missing, damaged or was changed, or the manifest is not the one with this SHA-256.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveError(f"The manifest in {folder} is not that of the archive: it was changed or damaged. Take another copy.")
        manifest = ArchiveManifest.model_validate_json(content)
        if manifest.format > FORMAT:
            raise ArchiveError(f"The archive in {folder} was written by a newer lmskit, {manifest.lmskit}. Install that one to read it.")
        for file in manifest.files.values():
            path = folder / file.file
            if path.stat().st_size != file.size or checksum_of(path) != file.sha256:
                raise ArchiveError(f"{file.file} in {folder} is not what was archived: it was changed or damaged. Take another copy.")
    except ValidationError as error:
        raise ArchiveError(f"The manifest in {folder} cannot be read: {error.errors()[0]['msg']}. Take another copy.") from error
    except FileNotFoundError as error:
        raise ArchiveError(f"{error.filename} is missing. Is its disk or file server connected? Otherwise take another copy.") from None
    except OSError as error:
        raise _unusable(str(folder), error) from error
    return manifest


def _unusable(address: str, error: OSError) -> ArchiveError:
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return ArchiveError(
            f"The archive cannot be written to {address}: {reason}. Nothing was changed. Free some space there, or name another folder "
            "with --to; then try again."
        )
    return ArchiveError(
        f"{address} cannot be used for archives by this account: {reason}. Nothing was changed. Give the account the right to it, or name "
        "another folder with --to."
    )
