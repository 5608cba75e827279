"""A Common Cartridge (`.imscc`): its course, its modules as teaching weeks, its assessments as quizzes, and its files and links.

Modules are placed as the sections of any course are (`described_course.placed`), and an assessment belongs to the week of its module.
Canvas adds its own form of a quiz, which has questions that the form of the profile lacks, and that one is read.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lmskit.errors import ImportFileError
from lmskit.importers.archive import opened
from lmskit.importers.cartridge.files import FILE, LINK, CartridgeFile, CartridgeFiles
from lmskit.importers.cartridge.manifest import MANIFEST, MOST_FILES, is_cartridge, manifest_at
from lmskit.importers.described_course import DescribedCourse, DescribedSection, placed
from lmskit.importers.question_banks.bank import Bank, validated
from lmskit.importers.question_banks.qti12 import drafts_of, is_version_1, title_of
from lmskit.importers.record import Position
from lmskit.importers.report import shortened
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import MAX_FILE, parsed
from lmskit.limits import LONGEST_EXTERNAL_ID, LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.archive import Folder
    from lmskit.importers.cartridge.manifest import CartridgeManifest, Resource
    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.record import PersonKey

FORMAT_NAME = "common-cartridge"
MODULES = f"{MANIFEST}: modules"
SETTINGS = "course_settings/course_settings.xml"
"""What Canvas says about the course."""
DISTINCT = re.compile(r"\w{0,40}[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
"""An identifier of one course alone. Others are the same in all cartridges of a system, or new in each of one course."""
QUIZ, BANK = "/assessment", "/question-bank"
"""How the kind of a resource with questions ends."""
OF_CANVAS = ".xml.qti"
"""How the names of files end in which Canvas has its own form of a quiz."""
NOT_IMPORTED: Mapping[str, str] = {
    "imsdt": "discussions",
    "imsbasiclti": "tools",
    "assignment": "assignments",
    "associatedcontent": "parts of other resources",
    "learning-application-resource": "parts of other resources",
}
"""What is not imported, by the beginning of the kind of a resource."""
LONGEST_NAME = LONGEST_TITLE - 10
"""Characters of the title of a quiz, so that a number fits behind it."""
MOST_NAMED = 10
"""What a note names at most."""


@dataclass(frozen=True, slots=True)
class CartridgeBank:
    """The questions of an assessment, a quiz in the week of its module, or of a question bank."""

    bank: Bank
    is_quiz: bool
    week: int | None = None


@dataclass(frozen=True, slots=True)
class Cartridge:
    """The whole of a cartridge that is imported."""

    name: str
    sha256: str
    described_course: DescribedCourse
    banks: tuple[CartridgeBank, ...]
    files: tuple[CartridgeFile, ...]
    """Pages, files and links, which are not read yet."""
    notes: tuple[str, ...]
    path: Path = field(repr=False, compare=False)
    format: str = FORMAT_NAME
    system: str = FORMAT_NAME

    def teachers(self) -> Iterator[PersonKey]:
        """Give out nobody: a cartridge has no people."""
        return iter(())


@dataclass(frozen=True, slots=True)
class CartridgeFormat:
    """The format of cartridges; like `formats.Format`, but opening it gives a `Cartridge`."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    open: Callable[[Path, ReadOptions], Cartridge]
    needs_course: ClassVar[bool] = False
    describes_course: ClassVar[bool] = True


class _Needed:
    """The files that are read: those in XML."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower().endswith((".xml", OF_CANVAS))


def read(path: Path, options: ReadOptions) -> Cartridge:
    """Read a cartridge.

    Raises
    ------
    ImportFileError
        It cannot be read, or it has neither a module nor a question nor a file.
    """
    with opened(path, names=_Needed(), most=MOST_FILES) as folder:
        if MANIFEST not in folder:
            raise ImportFileError(f"{path.name} lacks {MANIFEST}. Import the whole .imscc file.")
        manifest = manifest_at(folder[MANIFEST])
        modules = [module for module in manifest.modules if module.title]
        described = [DescribedSection(Position(MODULES, module.row), nth, module.title) for nth, module in enumerate(modules, 1)]
        sections = placed(described, options.sections)
        reader = _Reader(folder, manifest)
        week_of = {
            identifier: sections.week_of.get(nth) for nth, module in reversed([*enumerate(modules, 1)]) for identifier in module.resources
        }
        banks = tuple(reader.banks(week_of))
        others = CartridgeFiles(folder, manifest)
        files = tuple(others.found(week_of))
        if not described and not banks and not files:
            raise ImportFileError(f"{path.name} has neither modules nor questions nor files. Export the whole course again.")
        title, code = manifest.title, _code(folder) if _is_distinct(manifest.identifier) else ""
        course = DescribedCourse(
            position=Position(MANIFEST, manifest.row),
            external_id=manifest.identifier if _is_distinct(manifest.identifier) else "",
            code=code or title,
            title=title or code,
            sections=sections,
        )
        return Cartridge(folder.name, reader.sha256, course, banks, files, (*reader.notes(), *_notes(others)), path)


def _notes(files: CartridgeFiles) -> Iterator[str]:
    """Give out which files and links are left out, and why."""
    if files.missing:
        yield f"Files that the cartridge lacks: {_listed(files.missing)}."
    if files.n_for_teachers:
        yield f"Files and links that are for teachers alone, and are left out: {files.n_for_teachers:,}."


def _is_distinct(identifier: str) -> bool:
    return DISTINCT.fullmatch(identifier.replace("-", "")) is not None and len(identifier) <= LONGEST_EXTERNAL_ID


def _code(folder: Folder) -> str:
    """Return the code of the course, which Canvas alone gives; empty if there is none."""
    code = parsed(folder[SETTINGS]).root.child("course_code") if SETTINGS in folder else None
    return "" if code is None else one_line(code.whole_text())


class _Reader:
    """Reads the questions of a cartridge, and counts what is left out."""

    def __init__(self, folder: Folder, manifest: CartridgeManifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._digest = hashlib.sha256(folder[MANIFEST].read_bytes())
        self._left = MAX_FILE
        self._without_questions: list[str] = []
        self._unreadable: list[str] = []
        self._missing_files: list[str] = []
        self._titles: Counter[str] = Counter()

    @property
    def sha256(self) -> str:
        """One digest of the manifest and all questions."""
        return self._digest.hexdigest()

    def banks(self, week_of: Mapping[str, int | None]) -> Iterator[CartridgeBank]:
        """Give out assessments in the order of the modules, then those in none, and then question banks.

        `week_of` has the week of each resource of a module.
        """
        for ending in (QUIZ, BANK):
            for resource in self._manifest.in_order():
                if resource.kind.endswith(ending) and (bank := self._bank(resource)):
                    yield CartridgeBank(bank, is_quiz=ending == QUIZ, week=week_of.get(resource.identifier))

    def _bank(self, resource: Resource) -> Bank | None:
        name = self._file_of(resource)
        if name is None:
            return None
        path = self._folder[name]
        self._left -= path.stat().st_size
        if self._left < 0:
            raise ImportFileError(
                f"{self._folder.name} has more than {MAX_FILE // 1024**2} MiB of questions, which is the most that is read."
            )
        try:
            file = parsed(path)
        except ImportFileError as error:
            self._unreadable.append(f"{name} ({str(error).removeprefix(f'{path.name}, ').rstrip('.')})")
            return None
        self._digest.update(f"{name}\0{file.sha256}\n".encode())
        drafts = list(drafts_of(file.root, name)) if is_version_1(file.root) else []
        title = (next((title_of(child) for child in file.root.below()), None) or resource.identifier)[:LONGEST_NAME]
        if not drafts:
            self._without_questions.append(title)
            return None
        self._titles[title] += 1
        given = title if self._titles[title] == 1 else f"{title} ({self._titles[title]})"
        found = validated(name, drafts)
        return Bank(FORMAT_NAME, given, file.sha256, found.questions, found.rejections, found.warnings, given_title=given)

    def _file_of(self, resource: Resource) -> str | None:
        """Return the file with the questions of a resource; None if the cartridge lacks it."""
        names = [name for each in self._manifest.with_needed(resource) for name in each.files if name in self._folder]
        own = [name for name in resource.files if name in self._folder]
        found = next((name for name in names if name.lower().endswith(OF_CANVAS)), None) or next(iter(own), None)
        if found is None:
            self._missing_files.append(next(iter(resource.files), resource.identifier))
        return found

    def notes(self) -> Iterator[str]:
        """Give out what is not imported, and why."""
        kinds = (each.kind for each in self._manifest.resources.values())
        others = Counter(_words_for(kind) for kind in kinds if not kind.endswith((QUIZ, BANK)) and not kind.startswith((FILE, LINK)))
        if others:
            yield f"Not imported: {', '.join(f'{words} ({count:,})' for words, count in sorted(others.items()))}."
        if self._manifest.missing:
            yield f"Items of modules that refer to nothing: {_listed(self._manifest.missing)}."
        if self._missing_files:
            yield f"Files with questions that the cartridge lacks: {_listed(self._missing_files)}."
        if self._unreadable:
            yield f"Files with questions that cannot be read: {_listed(self._unreadable)}."
        if self._without_questions:
            yield f"Assessments without questions: {_listed(self._without_questions)}."


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - MOST_NAMED:,} more" if len(texts) > MOST_NAMED else ""
    return f"{', '.join(map(shortened, texts[:MOST_NAMED]))}{more}"


def _words_for(kind: str) -> str:
    return next(
        (words for beginning, words in NOT_IMPORTED.items() if kind.startswith(beginning)), f"resources of the kind {shortened(kind)}"
    )


FORMAT = CartridgeFormat(FORMAT_NAME, "Common Cartridge", is_cartridge, read)
