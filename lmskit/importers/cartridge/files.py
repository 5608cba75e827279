"""The files and links that a Common Cartridge has in its modules and beside them, which can become materials of the course.

Only the small files of links are read here, and no address is asked for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cartridge.manifest import MANIFEST
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import parsed
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lmskit.importers.archive import Folder
    from lmskit.importers.cartridge.manifest import CartridgeManifest

FILES = f"{MANIFEST}: files and links"
FILE, LINK = "webcontent", "imswl"
"""How the kinds of resources begin that are pages and files, and links."""
LARGEST_LINK = 64 * 1024
"""Bytes of the file of a link."""


@dataclass(frozen=True, slots=True)
class CartridgeFile:
    """A page or file of a cartridge, or a link; `refused` says what is wrong with the file of a link."""

    row: int
    """Of its resource in the manifest."""
    name: str
    """Of the file within the cartridge."""
    title: str
    """In the module, or in the file of a link; empty if there is none."""
    week: int | None
    """That of its module; None for the whole course."""
    is_link: bool = False
    url: str = ""
    refused: str = ""


class CartridgeFiles:
    """Gives out files and links of a cartridge, each once, and counts what is left out."""

    def __init__(self, folder: Folder, manifest: CartridgeManifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._there = {*folder, *folder.others}
        self.missing: list[str] = []
        """Names of files that the manifest has and the cartridge lacks."""
        self.n_for_teachers = 0
        """Files and links that students are not to see, such as solutions."""

    def found(self, week_of: Mapping[str, int | None]) -> Iterator[CartridgeFile]:
        """Give them out in the order of the modules, then those in none; `week_of` has the week of each resource of a module."""
        seen: set[str] = set()
        for resource in self._manifest.in_order():
            if not resource.kind.startswith((FILE, LINK)):
                continue
            for name in resource.files:
                if name in seen:
                    continue
                seen.add(name)
                if name not in self._there:
                    self.missing.append(name)
                elif resource.is_for_teachers:
                    self.n_for_teachers += 1
                else:
                    title = self._manifest.titles.get(resource.identifier, "") if name == resource.files[0] else ""
                    file = CartridgeFile(resource.row, name, title, week_of.get(resource.identifier))
                    yield self._link(file) if resource.kind.startswith(LINK) else file

    def _link(self, file: CartridgeFile) -> CartridgeFile:
        """Return a link with the address that its file names."""
        path = self._folder.get(file.name)
        if path is None or path.stat().st_size > LARGEST_LINK:
            return replace(file, is_link=True, refused=f"its file is not XML of at most {LARGEST_LINK // 1024} KiB")
        try:
            root = parsed(path).root
        except ImportFileError as error:
            return replace(file, is_link=True, refused=str(error).removeprefix(f"{path.name}, ").rstrip("."))
        address, title = root.child("url"), root.child("title")
        url = "" if address is None else address.get("href", "").strip()
        named = file.title or ("" if title is None else one_line(title.whole_text())[:LONGEST_TITLE].strip())
        return replace(file, is_link=True, title=named, url=url, refused="" if url else "its file names no address")
