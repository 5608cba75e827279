"""QTI 2.1: items, each an XML file, alone or many in a folder or a zip archive.

Only the items are read. A test or a manifest beside them, which would say their order, and pictures are not; the report
says so. The items of a folder come in the order of the names of their files.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import is_archive, opened
from lmskit.importers.question_banks.bank import Bank, BankFormat, Draft, sort_out
from lmskit.importers.question_banks.qti_item import ITEM, draft_of
from lmskit.importers.xml_file import MAX_FILE, first_elements, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.archive import Folder
    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.xml_file import XmlElement

NAMESPACES = tuple(f"http://www.imsglobal.org/xsd/imsqti_v2p{version}" for version in (0, 1, 2))
MANIFEST = "imsmanifest.xml"
LOOKED_AT = 20
"""XML files of a folder that are looked at to tell whether it holds items."""


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read one item, or those in a folder or archive.

    Raises
    ------
    ImportFileError
        There is no such path, it cannot be read, or it holds no items.
    """
    if not path.is_dir() and not is_archive(path):
        file = parsed(path)
        if not _is_item(file.root):
            raise ImportFileError(f"{path.name} is no QTI 2 item: its outermost element is {file.root.local[:100]!r}, not {ITEM!r}.")
        found = sort_out(path.name, [draft_of(file.root, file.name)])
        return Bank(FORMAT.name, path.name, file.sha256, found.questions, found.rejections, found.warnings)
    with opened(path, names=()) as closed:
        names = [name for name in closed.others if name.lower().endswith(".xml")]
        left_out = len(closed.others) - len(names)
    with opened(path, names=names) as folder:
        return _bank(folder, left_out)


def is_qti(path: Path) -> bool:
    """Tell whether a path is an item of QTI 2, or a folder or archive with one."""
    if not path.is_dir() and not is_archive(path):
        return _begins_an_item(path)
    try:
        with opened(path, names=()) as closed:
            names = [name for name in closed.others if name.lower().endswith(".xml") and name != MANIFEST][:LOOKED_AT]
        with opened(path, names=names) as folder:
            return any(_begins_an_item(file) for file in folder.values())
    except ImportFileError:
        return False


def _bank(folder: Folder, left_out: int) -> Bank:
    if sum(file.stat().st_size for file in folder.values()) > MAX_FILE:
        raise ImportFileError(f"{folder.name} holds more than {MAX_FILE // 1024**2} MiB of XML, which is the most that is read.")
    digest = hashlib.sha256()
    passed: list[str] = []
    found = sort_out(folder.name, _drafts(folder, digest, passed))
    notes = ["The order of the items is that of the names of their files."]
    if passed:
        more = f" and {len(passed) - 5:,} more" if len(passed) > 5 else ""  # noqa: PLR2004 - names that a person reads
        notes.append(f"Not read, since they are no items: {', '.join(passed[:5])}{more}.")
    if left_out:
        notes.append(f"Files that are no XML, such as pictures, are not imported; there are {left_out:,}.")
    return Bank(FORMAT.name, folder.name, digest.hexdigest(), found.questions, found.rejections, found.warnings, tuple(notes))


def _drafts(folder: Folder, digest: hashlib._Hash, passed: list[str]) -> Iterator[Draft]:
    for name, path in folder.items():
        try:
            file = parsed(path)
        except ImportFileError as error:
            yield Draft(name, 1, reason=f"cannot be read: {str(error).removeprefix(f'{path.name}, ')}")
            continue
        digest.update(f"{name}\0{file.sha256}\n".encode())
        if _is_item(file.root):
            yield draft_of(file.root, name)
        else:
            passed.append(name)


def _begins_an_item(path: Path) -> bool:
    return any(_is_item(element) for element in first_elements(path))


def _is_item(element: XmlElement) -> bool:
    return element.local == ITEM and element.tag.startswith(tuple(f"{{{namespace}}}" for namespace in NAMESPACES))


FORMAT = BankFormat("qti", "QTI 2.1 items", is_qti, read)
