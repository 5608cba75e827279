"""The file of a backup: a ZIP file whose last 64 bytes are the SHA-256 of all others, written as ZIP's comment.

Any program for ZIP files opens it, so a backup can be used without lmskit: `unzip -p FILE database.dump | pg_restore …`.
Its parts are not compressed: the dump is already, and most files of materials are.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from pydantic import BaseModel, ValidationError

from lmskit.backups.manifest import DUMP, FORMAT, LOGINS, MANIFEST, MATERIALS, SHA256, BackupManifest, BackupPart
from lmskit.errors import BackupRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEAL = 64
"""Hexadecimal digits at the end of the file."""
BLOCK = 1 << 20
LARGEST_MANIFEST = 256 * BLOCK
"""Bytes; one of 100,000 materials has 20 million."""
_END = struct.Struct("<4s4H2LH")
"""ZIP's record at the end of a file, before the comment."""
_BEGINS = b"PK\x03\x04"
_END_BEGINS = b"PK\x05\x06"
_ONE_DAY = (1980, 1, 1, 0, 0, 0)
"""ZIP has no time zones; the manifest has the times."""


class _Sealed:
    """Passes on what is written, holds back the last 64 bytes, and writes the checksum of the others in their stead."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._held = b""

    def write(self, content: bytes) -> int:
        held = self._held + bytes(content)
        ready, self._held = held[:-SEAL], held[-SEAL:]
        self._digest.update(ready)
        self._file.write(ready)
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back but the seal."""

    def seal(self) -> None:
        self._file.write(self._digest.hexdigest().encode())


class ArchiveWriter:
    """Writes the parts of a backup, one after the other; `manifest.json` is the last."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: dict[str, BackupPart] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """Open a part of unknown size for writing."""
        entry = zipfile.ZipInfo(name, _ONE_DAY)
        entry.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._archive.open(entry, "w", force_zip64=True) as file:

            class Counted:
                def write(self, content: bytes) -> int:
                    nonlocal size
                    digest.update(content)
                    size += len(content)
                    return file.write(content)

            yield cast("IO[bytes]", Counted())
        self.parts[name] = BackupPart(size=size, sha256=digest.hexdigest())

    def add(self, name: str, content: bytes) -> None:
        """Write a part."""
        with self.part(name) as file:
            file.write(content)

    def finish(self, manifest: BackupManifest) -> None:
        """Write the manifest, which has the checksums of all other parts."""
        self.add(MANIFEST, manifest.model_dump_json(indent=1).encode())


@contextmanager
def new_archive(file: BinaryIO) -> Iterator[ArchiveWriter]:
    """Write an archive into a file that need not be seekable, and seal it at the end of the block."""
    sealed = _Sealed(file)
    with zipfile.ZipFile(cast("Any", sealed), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        yield ArchiveWriter(archive)
        archive.comment = b"0" * SEAL
    sealed.seal()


class BackupArchive:
    """A backup that is whole: its seal, its list of parts and its manifest were checked.

    Parameters
    ----------
    path
        The file, not encrypted.
    name
        What it is called in messages.

    Raises
    ------
    BackupRefusedError
        It is not a backup, was cut off, changed, is incomplete, or of a form that this lmskit does not know.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.sha256 = _checked_seal(path, name)
        try:
            with zipfile.ZipFile(path) as archive:
                listed = archive.infolist()
                content = archive.read(MANIFEST) if _size(listed, MANIFEST) <= LARGEST_MANIFEST else b""
        except (zipfile.BadZipFile, KeyError, NotImplementedError, OSError) as error:
            raise self._refused(f"has no manifest that can be read ({error})") from None
        self.manifest = self._manifest(content)
        self._require_parts(listed)

    def read(self, name: str) -> bytes:
        """Return a part, compared with the manifest."""
        with zipfile.ZipFile(self.path) as archive:
            content = archive.read(name)
        part = self.manifest.parts[name]
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise self._refused(f"has another {name} than its manifest says")
        return content

    def extract(self, name: str, target: BinaryIO) -> None:
        """Write a part into a file, compared with the manifest."""
        digest = hashlib.sha256()
        with zipfile.ZipFile(self.path) as archive, archive.open(name) as source:
            while block := source.read(BLOCK):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != self.manifest.parts[name].sha256:
            raise self._refused(f"has another {name} than its manifest says")

    @property
    def material_names(self) -> list[str]:
        """The names in the store of the files of materials."""
        return sorted(name.removeprefix(MATERIALS) for name in self.manifest.parts if name.startswith(MATERIALS))

    def _manifest(self, content: bytes) -> BackupManifest:
        try:
            version = _Form.model_validate_json(content).format
        except ValidationError:
            raise self._refused("has no manifest that can be read") from None
        if version != FORMAT:
            raise BackupRefusedError(
                f"{self.name} is of form {version}, and this lmskit reads form {FORMAT}: another version of lmskit made it. "
                "Install that version, or a newer one, then try again."
            )
        try:
            return BackupManifest.model_validate_json(content)
        except ValidationError as error:
            raise self._refused(f"has a manifest with a wrong {'.'.join(map(str, error.errors()[0]['loc']))}") from None

    def _require_parts(self, listed: list[zipfile.ZipInfo]) -> None:
        if LOGINS not in self.manifest.parts or LOGINS not in {entry.filename for entry in listed}:
            raise BackupRefusedError(
                f"{self.name} has no logins: nobody could sign in to what is restored from it. Use one that lmskit backup create made; "
                "a plain dump is restored by hand, as docs/operating.md says."
            )
        found = {entry.filename: entry.file_size for entry in listed}
        expected = {name: part.size for name, part in self.manifest.parts.items()}
        found.pop(MANIFEST, None)
        differing = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        differing += [name for name in expected if not _is_part(name)]
        if DUMP not in expected or len(listed) != len(expected) + 1 or differing:
            raise self._refused(f"does not have the parts that its manifest names ({', '.join(differing[:3]) or DUMP})")

    def _refused(self, what: str) -> BackupRefusedError:
        return BackupRefusedError(f"{self.name} {what}. It is damaged, or not a backup of lmskit: use another backup.")


class _Form(BaseModel):
    """The one field that the manifests of all forms have."""

    format: int


def _checked_seal(path: Path, name: str) -> str:
    """Return the checksum at the end of the file, which has to be that of all before it."""
    digest, size = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as file:
        if not _BEGINS.startswith(file.read(len(_BEGINS))):
            raise BackupRefusedError(
                f"{name} is not a backup of lmskit, or its beginning is damaged. Check the name of the file, or use another backup."
            )
        file.seek(max(size - _END.size - SEAL, 0))
        end = file.read(_END.size)
        if len(end) < _END.size or end[:4] != _END_BEGINS or _END.unpack(end)[-1] != SEAL:
            raise BackupRefusedError(
                f"{name} ends too early: it was cut off, such as by a full disk or a copy that was interrupted. "
                "Copy it again from where it was made, or use another backup."
            )
        file.seek(0)
        left = size - SEAL
        while left > 0:
            block = file.read(min(BLOCK, left))
            digest.update(block)
            left -= len(block)
        sealed_as = file.read(SEAL)
    found = digest.hexdigest()
    if found.encode() != sealed_as:
        raise BackupRefusedError(
            f"{name} was changed since it was written: its checksum is another one. A disk or a copy has damaged it. "
            "Copy it again from where it was made, or use another backup."
        )
    return found


def _size(listed: list[zipfile.ZipInfo], name: str) -> int:
    return next((entry.file_size for entry in listed if entry.filename == name), 0)


def _is_part(name: str) -> bool:
    """Whether a backup may have a part of this name, which is never a path out of it."""
    return name in {DUMP, LOGINS} or (name.startswith(MATERIALS) and re.match(SHA256, name.removeprefix(MATERIALS)) is not None)
