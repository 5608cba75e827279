"""The manifest of a Common Cartridge: its modules in their order, and its resources with their files.

What refers to something that is not there is counted and left out. A name of a file is only looked up among the files of the cartridge,
so that none leads out of it, and resources that depend on each other in a circle are each looked at once.

Source of the format: *Common Cartridge Profile: Implementation* of IMS Global, versions 1.0 to 1.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lmskit.errors import ImportFileError
from lmskit.importers.archive import is_archive, opened
from lmskit.importers.report import shortened
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import first_elements, parsed
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.xml_file import XmlElement

MANIFEST = "imsmanifest.xml"
MOST_FILES = 50_000
SCHEMA = "common cartridge"
"""Part of the name of the schema of a cartridge, also of a thin one."""
TEACHERS = frozenset({"instructor", "mentor"})
"""The roles of those who teach, among the roles that a resource may be for."""
HEAD = 12
"""Elements of a manifest among which its schema is searched."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its kind as the profile names it, its files, and the resources that it depends on."""

    row: int
    identifier: str
    kind: str
    files: tuple[str, ...]
    needs: tuple[str, ...]
    is_for_teachers: bool
    """Whether the manifest says whom it is for, and students are not among them."""


@dataclass(frozen=True, slots=True)
class CartridgeModule:
    """A module of the course with the resources in it, in their order; the module of what is in none has no title."""

    row: int
    title: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CartridgeManifest:
    """What a manifest says; `missing` are the resources that items refer to and that do not exist."""

    row: int
    identifier: str
    title: str
    """Of the course; empty if it has none."""
    modules: tuple[CartridgeModule, ...]
    resources: Mapping[str, Resource]
    missing: tuple[str, ...]
    titles: Mapping[str, str]
    """What the first item of each resource calls it."""

    def in_order(self) -> Iterator[Resource]:
        """Give out all resources: those of the modules in their order, then those in none."""
        of_modules = (identifier for module in self.modules for identifier in module.resources)
        for identifier in dict.fromkeys((*of_modules, *self.resources)):
            yield self.resources[identifier]

    def with_needed(self, resource: Resource) -> Iterator[Resource]:
        """Give out a resource and those that it names as needed, each once.

        What these need in turn is left out: it holds no questions, and a forged manifest could name all of its resources for each.
        """
        yield resource
        for identifier in dict.fromkeys(resource.needs):
            if identifier in self.resources and identifier != resource.identifier:
                yield self.resources[identifier]


def is_cartridge(path: Path) -> bool:
    """Return whether a folder or archive has the manifest of a Common Cartridge."""
    if not path.is_dir() and not is_archive(path):
        return False
    try:
        with opened(path, names={MANIFEST}, most=MOST_FILES) as folder:
            return MANIFEST in folder and _is_of_cartridge(folder[MANIFEST])
    except ImportFileError:
        return False


def _is_of_cartridge(path: Path) -> bool:
    return any(element.local == "schema" and SCHEMA in element.whole_text().casefold() for element in first_elements(path, HEAD))


def manifest_at(path: Path) -> CartridgeManifest:
    """Read a manifest.

    Raises
    ------
    ImportFileError
        It is not the manifest of a Common Cartridge, it cannot be read, or two of its resources have the same identifier.
    """
    root = parsed(path).root
    if root.local != "manifest" or not _is_of_cartridge(path):
        raise ImportFileError(f"{MANIFEST} is not that of a Common Cartridge. Is it the right file?")
    resources: dict[str, Resource] = {}
    for element in root.everywhere("resource"):
        resource = _resource(element)
        if resource.identifier in resources:
            raise ImportFileError(
                f"{MANIFEST}, row {element.line}: it has the resource {shortened(resource.identifier)} twice. Export the course again."
            )
        resources[resource.identifier] = resource
    missing: dict[str, None] = {}
    modules = tuple(_modules(root, resources, missing))
    title = root.child("metadata", "lom", "general", "title")
    return CartridgeManifest(
        row=root.line,
        identifier=root.get("identifier", "").strip(),
        title="" if title is None else one_line(title.whole_text())[:LONGEST_TITLE].strip(),
        modules=modules,
        resources=resources,
        missing=tuple(missing),
        titles=_titles(root),
    )


def _resource(element: XmlElement) -> Resource:
    files = [element.get("href", ""), *(file.get("href", "") for file in element.below("file"))]
    needs = (each.get("identifierref", "").strip() for each in element.below("dependency"))
    educational = element.child("metadata", "lom", "educational")
    of_roles = () if educational is None else educational.everywhere("intendedEndUserRole")
    roles = {value.whole_text().strip().casefold() for role in of_roles for value in role.below("value")}
    return Resource(
        element.line,
        element.get("identifier", "").strip(),
        element.get("type", "").strip().casefold(),
        tuple(dict.fromkeys(unquote(file.strip()) for file in files if file.strip())),
        tuple(needs),
        is_for_teachers=bool(roles) and roles <= TEACHERS,
    )


def _modules(root: XmlElement, resources: Mapping[str, Resource], missing: dict[str, None]) -> Iterator[CartridgeModule]:
    """Give out the modules: the items with items in them below the one item that is the root, or else below the organization."""
    organization = root.child("organizations", "organization")
    if organization is None:
        return
    top = list(organization.below("item"))
    if len(top) == 1 and not top[0].get("identifierref"):
        top = list(top[0].below("item"))
    alone: list[XmlElement] = []
    for item in top:
        if item.get("identifierref"):
            alone.append(item)
        else:
            yield CartridgeModule(item.line, _title(item), tuple(_referred([item], resources, missing)))
    if alone:
        yield CartridgeModule(alone[0].line, "", tuple(_referred(alone, resources, missing)))


def _title(item: XmlElement) -> str:
    title = item.child("title")
    return "" if title is None else one_line(title.whole_text())


def _titles(root: XmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in root.everywhere("item"):
        if identifier := item.get("identifierref", "").strip():
            found.setdefault(identifier, _title(item)[:LONGEST_TITLE].strip())
    return found


def _referred(items: list[XmlElement], resources: Mapping[str, Resource], missing: dict[str, None]) -> Iterator[str]:
    """Give out the resources that items refer to, and keep in `missing` those that do not exist."""
    for item in items:
        for element in item.everywhere("item"):
            identifier = element.get("identifierref", "").strip()
            if identifier in resources:
                yield identifier
            elif identifier:
                missing[identifier] = None
