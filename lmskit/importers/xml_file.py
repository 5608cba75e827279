"""An XML file from elsewhere: without document type, entities and references to other files, and of limited size.

A document type is refused as a whole, since entities and references, which it could contain, are refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

MAX_FILE = 64 * 1024**2
"""Bytes of the largest file that is read."""
MAX_STREAMED = 4 * 1024**3
"""Bytes of the largest file that is read piece by piece."""
MAX_TEXT = 16 * 1024**2
"""Characters of the texts and attributes that are kept at a time, without those that are dropped."""
MAX_ELEMENTS = 500_000
"""Elements that are kept at a time."""
MAX_DEPTH = 100
MAX_TAG = 1024**2
"""Bytes of one tag or comment, which the parser keeps until it ends."""
CHUNK = 64 * 1024
ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "windows-1252", "cp1252"})
HEAD = 256 * 1024
"""Bytes in which the first elements are searched to detect the format of a file."""


class XmlElement(Element):
    """An element with the line on which it begins."""

    __slots__ = ("line",)

    line: int

    @property
    def local(self) -> str:
        """Its name without its namespace."""
        return self.tag.rpartition("}")[2]

    def below(self, *names: str) -> Iterator[XmlElement]:
        """Give out its children of these names in any namespace; all children if no names are given."""
        for child in self:
            if isinstance(child, XmlElement) and (not names or child.tag in names or (child.tag[0] == "{" and child.local in names)):
                yield child

    def everywhere(self, *names: str) -> Iterator[XmlElement]:
        """Give out all elements of these names in it, in the order in which they begin."""
        for element in self.iter():
            if isinstance(element, XmlElement) and element.local in names:
                yield element

    def child(self, *path: str) -> XmlElement | None:
        """Return a descendant by the names on the way to it, each time the first child of this name; None if there is no such child."""
        found = self
        for name in path:
            for child in found:
                if child.tag == name or (child.tag[0] == "{" and cast("XmlElement", child).local == name):
                    found = cast("XmlElement", child)
                    break
            else:
                return None
        return found

    def whole_text(self) -> str:
        """All text in it."""
        return "".join(self.itertext())


@dataclass(frozen=True, slots=True)
class XmlFile:
    """A file that was read to its end."""

    name: str
    sha256: str
    root: XmlElement


def parsed(path: Path, *, drop: Collection[str] = ()) -> XmlFile:
    """Read an XML file.

    Parameters
    ----------
    path
        The file.
    drop
        Names of elements whose text is not needed, such as embedded pictures; they are in the result without it.

    Raises
    ------
    ImportFileError
        There is no such file, it is too large, it is not XML, or it has content that is refused.
    """
    target = _Target(path.name, drop)
    digest = hashlib.sha256()
    for chunk in _fed(path, target):
        digest.update(chunk)
    root = target.finished()
    return XmlFile(path.name, digest.hexdigest(), root)


def first_elements(path: Path, count: int = 1) -> list[XmlElement]:
    """Return the first elements of a file in the order in which they begin; empty if it is not XML, or would be refused."""
    target = _Target(path.name, (), stop_after=count)
    try:
        for _ in _fed(path, target, most=HEAD):
            if len(target.begun) >= count:
                break
    except ImportFileError:
        pass
    return target.begun[:count]


def streamed(path: Path, *names: str, drop: Collection[str] = ()) -> Iterator[tuple[XmlElement, tuple[XmlElement, ...]]]:
    """Give out the elements of these names one by one, and forget each afterwards, so that a long file takes no more memory.

    With an element come those around it, the root first: they have what stands in the file before it, and is not of these names.
    An element within another one that is given out is part of that one.

    Parameters
    ----------
    path
        The file.
    names
        Names of the elements.
    drop
        As for `parsed`.

    Raises
    ------
    ImportFileError
        As `parsed` does, once the line in the file is reached.
    """
    target = _Pieces(path.name, drop, names)
    for _ in _fed(path, target, largest=MAX_STREAMED):
        yield from target.taken()
    target.finished()


class _Target:
    """Builds the tree, and stops when a limit is reached."""

    def __init__(self, name: str, drop: Collection[str], *, stop_after: int = 0) -> None:
        self.name = name
        self.begun: list[XmlElement] = []
        self.parser = XMLParser(target=self, forbid_dtd=True)
        self.parser.parser.XmlDeclHandler = self._declared
        self._tree = TreeBuilder(element_factory=XmlElement)
        self._begin = cast("Callable[[str, dict[str, str]], XmlElement]", self._tree.start)
        self._end = cast("Callable[[str], XmlElement]", self._tree.end)
        self._expat = self.parser.parser
        self._drop = drop
        self._dropping = 0
        self._stop_after = stop_after
        self._depth = self._elements = self._text = 0
        self._root: XmlElement | None = None
        self._newest: XmlElement

    @property
    def line(self) -> int:
        return int(self._expat.CurrentLineNumber)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise self._refusal(f"elements are nested more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise self._refusal(f"there are more than {MAX_ELEMENTS:,} elements")
        if attributes:
            self._count(sum(len(name) + len(value) for name, value in attributes.items()))
        element = self._newest = self._begin(tag, attributes)
        element.line = self._expat.CurrentLineNumber
        if len(self.begun) < self._stop_after:
            self.begun.append(element)
        if self._dropping or (self._drop and element.local in self._drop):
            self._dropping += 1

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._dropping:
            self._dropping -= 1
        self._root = self._end(tag)

    def data(self, text: str) -> None:
        if not self._dropping:
            self._count(len(text))
            self._tree.data(text)

    def close(self) -> XmlElement:
        return cast("XmlElement", self._tree.close())

    def finished(self) -> XmlElement:
        assert self._root is not None  # noqa: S101 - the parser refuses a document without root
        return self._root

    def _count(self, characters: int) -> None:
        self._text += characters
        if self._text > MAX_TEXT:
            raise self._refusal(f"it has more than {MAX_TEXT // 1024**2} MiB of text")

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise self._refusal(f"it declares the encoding {encoding[:40]!r}, which is not read. Save it as UTF-8", line=1)

    def _refusal(self, reason: str, *, line: int | None = None) -> ImportFileError:
        return ImportFileError(f"{self.name}, row {line or self.line}: {reason}.")


class _Pieces(_Target):
    """Gives out elements as soon as they are complete, and forgets them."""

    def __init__(self, name: str, drop: Collection[str], names: Collection[str]) -> None:
        super().__init__(name, drop)
        self._names = names
        self._around: list[XmlElement] = []
        self._within = 0
        self._before = (0, 0)
        self._complete: list[tuple[XmlElement, tuple[XmlElement, ...]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        before = (self._elements, self._text)
        super().start(tag, attributes)
        if self._within:
            self._within += 1
        elif self._newest.local in self._names:
            self._before, self._within = before, 1
        else:
            self._around.append(self._newest)

    def end(self, tag: str) -> None:
        super().end(tag)
        if not self._within:
            self._around.pop()
            return
        self._within -= 1
        if not self._within and self._root is not None:
            self._complete.append((self._root, tuple(self._around)))
            self._elements, self._text = self._before
            if self._around:
                del self._around[-1][-1]

    def taken(self) -> list[tuple[XmlElement, tuple[XmlElement, ...]]]:
        """Return what is complete, and forget it."""
        complete, self._complete = self._complete, []
        return complete


def _fed(path: Path, target: _Target, *, most: int | None = None, largest: int | None = None) -> Iterator[bytes]:
    """Feed a file, or its beginning, to its parser, and give out each piece that was read."""
    name = path.name
    try:
        if not path.is_file():
            raise ImportFileError(f"There is no file {path}. Check the path.")
        with path.open("rb") as stream:
            yield from _pieces(name, stream, target, most or MAX_STREAMED, largest or MAX_FILE)
        if most is None:
            target.parser.close()
    except OSError as error:
        raise ImportFileError(f"{name} cannot be read: {error.strerror or error}.") from error
    except DefusedXmlException as error:
        raise ImportFileError(
            f"{name}, row {target.line}: it has a document type or entities, which are not read. Remove its <!DOCTYPE … >."
        ) from error
    except ParseError as error:
        raise ImportFileError(f"{name}, row {error.position[0]}: it is not well-formed XML: {str(error).partition(':')[0]}.") from error
    except (ValueError, LookupError) as error:  # an encoding that the parser does not know
        raise ImportFileError(f"{name}: its encoding is not one that is read. Save it as UTF-8.") from error


def _pieces(name: str, stream: IO[bytes], target: _Target, most: int, largest: int) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > largest:
            raise ImportFileError(f"{name} is larger than {largest // 1024**2:,} MiB, which is the most that is read. Import it in parts.")
        target.parser.feed(chunk)
        if size - max(0, target.parser.parser.CurrentByteIndex) > MAX_TAG:
            raise ImportFileError(f"{name}, row {target.line}: a tag or comment is longer than {MAX_TAG // 1024**2} MiB.")
        yield chunk
        if size >= most:
            return
    if size == 0:
        raise ImportFileError(f"{name} is empty. Get it again from the system it comes from.")
