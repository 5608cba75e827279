"""Pages, files and links of a Common Cartridge as materials of its course: read before the import begins, and written in its transaction.

A material that the course has already stays as it is, whatever week and title it has: an import adds materials and changes none, so that
an undo can take them back.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy import select

from lmskit.errors import AddressNotAllowedError, ImportFileError, MaterialExistsError, MaterialFileError
from lmskit.importers import advice
from lmskit.importers.archive import opened
from lmskit.importers.cartridge.files import FILES
from lmskit.importers.cartridge.manifest import MOST_FILES
from lmskit.importers.report import FileCounts, Outcome, Rejection, shortened
from lmskit.limits import LARGEST_CARTRIDGE_TEXT, MOST_CARTRIDGE_FILES
from lmskit.materials.folder import file_alone, reason_by_name
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import PreviewStore, checksum_of
from lmskit.models import Material
from lmskit.schemas.material import AddMaterial
from lmskit.schemas.mistakes import one_sentence
from lmskit.services.material import MaterialContent, add_material
from lmskit.services.material_folder import read_file
from lmskit.vocabulary import MaterialKind, Origin
from lmskit.web.address import WebAddress
from lmskit.web.guard import why_not_public

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.importers.archive import Folder
    from lmskit.importers.cartridge.files import CartridgeFile
    from lmskit.importers.cartridge.package import Cartridge
    from lmskit.materials.material_text import MaterialText
    from lmskit.materials.store import MaterialStore
    from lmskit.models import Course
    from lmskit.progress import Progress

OTHER_FILE = f"the course has another file of this name, which stays. {advice.OTHER_MATERIAL}"
TOO_MUCH = (
    f"the files before it have more than {LARGEST_CARTRIDGE_TEXT // 1024**2} million characters of text, the most that is read at once. "
    f"Add it {advice.MATERIAL}"
)
LOCAL_HOSTS = (".localhost", ".local", ".internal")
"""How hosts end that are names of this machine or of its network."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file with its text, or a link; `refused` says why it cannot be a material."""

    file: CartridgeFile
    path: Path | None = None
    checksum: str = ""
    text: MaterialText | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files and links of a cartridge, a note on those that are left out, and the store for the others."""

    files: tuple[ReadFile, ...]
    notes: tuple[str, ...]
    store: MaterialStore


@dataclass(frozen=True, slots=True)
class PutFiles:
    """The outcomes of files and links."""

    outcomes: list[Outcome] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def counts(self) -> FileCounts:
        """How many of them have each outcome."""
        states = Counter(outcome.state for outcome in self.outcomes)
        return FileCounts(FILES, len(self.outcomes), states["added"], 0, states["unchanged"], states["rejected"])


@contextmanager
def read_files(cartridge: Cartridge, store: MaterialStore | None, progress: Progress) -> Iterator[ReadFiles]:
    """Unpack the files of a cartridge that may be materials, read their texts, and remove them when the block ends.

    Without a store for them, all are left out.

    Raises
    ------
    ImportFileError
        It cannot be unpacked, or has too many files.
    """
    if store is None:
        yield ReadFiles((), (f"Files and links that are left out: {len(cartridge.files):,}.",) if cartridge.files else (), PreviewStore())
        return
    if len(cartridge.files) > MOST_CARTRIDGE_FILES:
        raise ImportFileError(f"{cartridge.name} has more than {MOST_CARTRIDGE_FILES:,} files and links, which is the most that is read.")
    reasons = {file.name: None if file.is_link else reason_by_name(PurePosixPath(file.name).name) for file in cartridge.files}
    taken = [file for file in cartridge.files if reasons[file.name] is None]
    others = Counter(reason for reason in reasons.values() if reason is not None)
    listed = "; ".join(f"{reason} ({count:,})" for reason, count in sorted(others.items()))
    notes = (f"Files that are not materials: {others.total():,}. {listed}.",) if others else ()
    wanted = {file.name for file in taken if not file.is_link}
    with opened(cartridge.path, names=wanted, most=MOST_FILES) as folder:
        yield ReadFiles(tuple(_read(folder, taken, progress)), notes, store)


def _read(folder: Folder, files: Sequence[CartridgeFile], progress: Progress) -> Iterator[ReadFile]:
    left = LARGEST_CARTRIDGE_TEXT
    with MaterialReader() as reader:
        for number, file in enumerate(files):
            progress("Reading materials", number, len(files))
            read = ReadFile(file, refused=file.refused) if file.is_link else _text_of(file, folder, reader)
            left -= sum(len(passage.body) for passage in read.text.passages) if read.text is not None else 0
            yield read if left >= 0 else ReadFile(file, refused=TOO_MUCH)
    progress("Reading materials", len(files), len(files))


def _text_of(file: CartridgeFile, folder: Folder, reader: MaterialReader) -> ReadFile:
    alone = file_alone(folder[file.name], name=file.name)
    if alone.refused is not None:
        return ReadFile(file, refused=alone.refused)
    try:
        content = read_file(alone, reader)
    except MaterialFileError as error:
        return ReadFile(file, refused=f"{error.where}: {error.reason}" if error.where else error.reason)
    return ReadFile(file, alone.path, checksum_of(content.content or b""), content.text)


def put_files(session: Session, course: Course, read: ReadFiles, *, dry_run: bool) -> PutFiles:
    """Add the files and links that a course does not have to its materials, and return the outcome of each."""
    put = PutFiles()
    store = PreviewStore() if dry_run else read.store
    columns = select(Material.id, Material.file_name, Material.url, Material.checksum).where(Material.course_id == course.id)
    stored = session.execute(columns).all()
    named = {name: (number, checksum) for number, name, _, checksum in stored if name is not None}
    linked = {url for _, _, url, _ in stored if url is not None}
    for each in read.files:
        refused, state = each.refused, "unchanged"
        try:
            request = _request(course, each) if not refused else None
        except (ValidationError, AddressNotAllowedError) as error:
            request, refused = None, error.reason if isinstance(error, AddressNotAllowedError) else one_sentence(error, lambda name: name)
        number, checksum = named.get(each.file.name, (None, None))
        if request is not None and not each.file.is_link and number is not None:
            refused = "" if checksum == each.checksum else OTHER_FILE.format(number)
        elif request is not None and request.url not in linked:
            try:
                added = add_material(session, store, request, _content(each))
            except MaterialExistsError as error:
                refused = str(error)
            else:
                state = "added"
                named |= {} if request.file_name is None else {request.file_name: (added.material_id, each.checksum)}
                linked |= set() if request.url is None else {request.url}
        _keep_outcome(put, course, each.file, "rejected" if refused else state, refused)
    return put


def _keep_outcome(put: PutFiles, course: Course, file: CartridgeFile, state: str, reason: str) -> None:
    put.outcomes.append(Outcome(FILES, file.row, None, state, f"{shortened(file.url or file.name)} · {course.code}", reason))
    if state == "rejected":
        put.rejections.append(Rejection(FILES, file.row, None, shortened(file.url or file.name), reason))


def _request(course: Course, each: ReadFile) -> AddMaterial:
    """Return the request that adds a file or a link; the week is that of its module, whatever week its text names.

    Raises
    ------
    ValidationError
        Its name or address cannot be stored.
    AddressNotAllowedError
        Its address is not one of the public web.
    """
    file = each.file
    of_link = {"url": file.url, "kind": MaterialKind.PAGE} if file.is_link else {"file_name": file.name}
    request = AddMaterial.model_validate(
        {
            "course": course.code,
            "week": file.week,
            "title": file.title or None,
            "origin": Origin.IMPORT,
            "whole_course": file.week is None,
            **of_link,
        }
    )
    if request.url is not None:
        _require_public(request.url)
    return request


def _require_public(url: str) -> None:
    """Require that an address does not name this machine or a private network; no host is looked up, and nothing is fetched."""
    address = WebAddress.parsed(url)
    is_local = address.number is None and f".{address.host}".endswith(LOCAL_HOSTS)
    what = "this machine or its network" if is_local else None if address.number is None else why_not_public(address.number)
    if what is not None:
        raise AddressNotAllowedError(str(address), f"its host is {what}, which others cannot reach")


def _content(each: ReadFile) -> MaterialContent:
    if each.path is None:
        return MaterialContent()
    content = each.path.read_bytes()
    if checksum_of(content) != each.checksum:
        raise ImportFileError(f"{each.file.name} has changed while it was read. Nothing was imported; import again.")
    return MaterialContent(content, each.text)
