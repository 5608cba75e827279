"""QTI: items of version 2 or 3, each an XML file, or quizzes of version 1.2, as Canvas exports them.

They are alone, or several in a folder or a zip archive. Of a content package of QTI 2 or 3 the manifest gives the order of
the items; without one they are in the order of the names of their files. A test beside them and pictures are not read, as a
note says. A package with several quizzes is refused, since a bank becomes one quiz.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lmskit.errors import ImportFileError
from lmskit.importers.archive import MAX_ENTRIES, is_archive, opened
from lmskit.importers.cartridge.manifest import is_cartridge
from lmskit.importers.question_banks.bank import MAX_QUESTIONS, Bank, BankFormat, Draft, validated
from lmskit.importers.question_banks.qti12 import drafts_of, is_version_1, title_of
from lmskit.importers.question_banks.qti_item import ITEM, draft_of, is_item, named_as_in_version_2
from lmskit.importers.report import shortened
from lmskit.importers.xml_file import MAX_FILE, first_elements, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.archive import Folder
    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.xml_file import XmlElement

MANIFEST = "imsmanifest.xml"
ENDINGS = (".xml", ".xml.qti")
"""Of files with items; in a package of a whole course Canvas gives its own form of a quiz the second."""
OF_COMMON_CARTRIDGE = "assessment_qti.xml"
"""In a package of a whole course, the form of a quiz for other systems, which lacks some of its questions."""
DETECTED_FILES = 20
"""XML files of a folder that are read at most to detect whether it has items."""
NAMED_FILES = 5
"""Files that a note or a refusal names at most."""
MOST_FILES = MAX_QUESTIONS + MAX_ENTRIES
"""Files of a package: each item is one."""


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read one item or quiz, or those in a folder or archive.

    Raises
    ------
    ImportFileError
        There is no such path, it cannot be read, it has no items, or it has several quizzes.
    """
    if not path.is_dir() and not is_archive(path):
        file = parsed(path)
        if not _has_items(file.root):
            raise ImportFileError(
                f"{path.name} is not a QTI item or quiz: its outermost element is {file.root.local[:100]!r}, "
                f"not {ITEM!r}, 'qti-assessment-item' or 'questestinterop'."
            )
        bank = validated(path.name, _drafts_of(file.root, file.name)).bank(path.name, file.sha256, FORMAT)
        return replace(bank, given_title=_title_at(path) or "")
    with opened(path, names=(), most=MOST_FILES) as closed:
        names = _names_of_items(closed)
        other_files = sum(not name.lower().endswith(ENDINGS) for name in closed.others)
    with opened(path, names=names, most=MOST_FILES) as folder:
        return _bank(folder, other_files)


def is_qti(path: Path) -> bool:
    """Return whether a path is an item or a quiz of QTI, or a folder or archive with one that is not a package of a whole course."""
    if not path.is_dir() and not is_archive(path):
        return _begins_with_items(path)
    try:
        with opened(path, names=(), most=MOST_FILES) as closed:
            names = [name for name in _names_of_items(closed) if name != MANIFEST][:DETECTED_FILES]
        with opened(path, names=names, most=MOST_FILES) as folder:
            has_items = any(_begins_with_items(file) for file in folder.values())
    except ImportFileError:
        return False
    return has_items and not is_cartridge(path)


def _names_of_items(folder: Folder) -> list[str]:
    """Return the names of the files that may have items; of two forms of the same quizzes, those of Canvas's own."""
    names = [name for name in folder.others if name.lower().endswith(ENDINGS)]
    if any(name.lower().endswith(ENDINGS[1]) for name in names):
        names = [name for name in names if not name.endswith(OF_COMMON_CARTRIDGE)]
    return names


def _bank(folder: Folder, other_files: int) -> Bank:
    if sum(file.stat().st_size for file in folder.values()) > MAX_FILE:
        raise ImportFileError(f"{folder.name} has more than {MAX_FILE // 1024**2} MiB of XML, which is the most that is read.")
    quizzes = {name: title for name, file in folder.items() if (title := _title_at(file)) is not None}
    if len(quizzes) > 1:
        named = ", ".join(f"{shortened(title)!r} in {name}" for name, title in list(quizzes.items())[:NAMED_FILES])
        raise ImportFileError(
            f"{folder.name} has {len(quizzes):,} quizzes, such as {named}, and a bank becomes one quiz. "
            "Unpack it, and import each of these files by itself."
        )
    digest = hashlib.sha256()
    not_items: list[str] = []
    listed = _listed(folder)
    files = {name: folder[name] for name in dict.fromkeys((*listed, *folder))}
    found = validated(folder.name, _drafts(files, digest, not_items))
    notes = [] if quizzes or listed else ["The items are in the order of the names of their files."]
    if not_items:
        more = f" and {len(not_items) - NAMED_FILES:,} more" if len(not_items) > NAMED_FILES else ""
        notes.append(f"Not read, since they are not items: {', '.join(not_items[:NAMED_FILES])}{more}.")
    if other_files:
        notes.append(f"Files that are not XML, such as pictures, are not imported; there are {other_files:,}.")
    bank = found.bank(folder.name, digest.hexdigest(), FORMAT, notes)
    return replace(bank, given_title=next(iter(quizzes.values()), ""))


def _listed(folder: Folder) -> list[str]:
    """Return the files of a package in the order in which its manifest lists them; none if it lists none, or cannot be read."""
    try:
        root = parsed(folder[MANIFEST]).root
    except (KeyError, ImportFileError):
        return []
    hrefs = (resource.get("href", "") for resource in root.everywhere("resource"))
    return [name for href in hrefs if (name := str(PurePosixPath(unquote(href)))) in folder]


def _drafts(folder: Mapping[str, Path], digest: hashlib._Hash, not_items: list[str]) -> Iterator[Draft]:
    for name, path in folder.items():
        try:
            file = parsed(path)
        except ImportFileError as error:
            yield Draft(name, 1, reason=f"cannot be read: {str(error).removeprefix(f'{path.name}, ')}")
            continue
        digest.update(f"{name}\0{file.sha256}\n".encode())
        if _has_items(file.root):
            yield from _drafts_of(file.root, name)
        else:
            not_items.append(name)


def _drafts_of(root: XmlElement, file: str) -> Iterator[Draft]:
    """Give out the items of a file of any version."""
    if is_version_1(root):
        yield from drafts_of(root, file)
    else:
        yield draft_of(named_as_in_version_2(root), file)


def _has_items(element: XmlElement) -> bool:
    return is_item(element) or is_version_1(element)


def _begins_with_items(path: Path) -> bool:
    return any(_has_items(element) for element in first_elements(path))


def _title_at(path: Path) -> str | None:
    """Return the title of the quiz in a file of version 1.2; None if the file is not one quiz."""
    begun = first_elements(path, 2)
    return title_of(begun[1]) if len(begun) > 1 and is_version_1(begun[0]) else None


FORMAT = BankFormat("qti", "QTI 1.2, 2 and 3: items or a quiz", is_qti, read)
