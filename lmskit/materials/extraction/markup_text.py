"""From a tree of elements to blocks: of a web page, or of what trafilatura keeps of it."""

from __future__ import annotations

import re

from lxml import etree

from lmskit.materials.block import Block, BlockRole

_LINE_BREAK = "\x0b"
"""Stands for a line break, and the next for the border of two cells, until white space is collapsed."""
_NEXT_CELL = "\x0c"
_SPACE = re.compile(r"[^\S\x0b\x0c]+")
_AROUND_BREAK = re.compile(r" ?\x0b ?")
_AROUND_CELL = re.compile(r" ?\x0c ?")
_HEADING = re.compile(r"h([1-6])\Z")
_CODE = {"pre", "listing", "xmp", "plaintext"}
_ITEM = {"li", "item", "dt", "dd"}
_BREAK = {"br", "lb", "hr"}
_CELL = {"td", "th", "cell"}
_ROW = {"tr", "row"}
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "graphic",
        "hi",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "math",
        "mi",
        "mn",
        "mo",
        "mrow",
        "msub",
        "msup",
        "q",
        "ref",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)


def blocks_of_tree(root: etree._Element) -> list[Block]:
    """Return headings, paragraphs, list items, table rows and code below an element, in their order."""
    walker = _Walker()
    walker.walk(root)
    walker.flush()
    return walker.blocks


class _Walker:
    """Collects inline text until an element of block level begins or ends."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._joint = "\n\n"

    def flush(self) -> None:
        text = _AROUND_CELL.sub("\t", _AROUND_BREAK.sub("\n", _SPACE.sub(" ", "".join(self._text)))).strip()
        self._text = []
        if text:
            self.blocks.append(Block(text, joint=self._joint))
            self._joint = "\n\n"

    def walk(self, element: etree._Element) -> None:
        tag = element.tag
        if not isinstance(tag, str):
            return  # a comment or processing instruction; its tail is the parent's
        tag = tag.rpartition("}")[2].lower()
        if (level := _level(tag, element)) is not None:
            self._heading(element, level)
        elif tag in _CODE or (tag == "code" and "\n" in "".join(element.itertext()).strip()):
            self._code(element)
        elif tag in _BREAK:
            self._text.append(_LINE_BREAK)
        elif tag in _INLINE:
            self._content(element)
        elif tag in _CELL:
            self._content(element)
            self._text.append(_NEXT_CELL)
        else:
            self.flush()
            self._joint = "\n" if tag in _ITEM or tag in _ROW else self._joint
            self._content(element)
            self.flush()

    def _content(self, element: etree._Element) -> None:
        self._text.append(element.text or "")
        for child in element:
            self.walk(child)
            self._text.append(child.tail or "")

    def _heading(self, element: etree._Element, level: int) -> None:
        self.flush()
        text = " ".join("".join(element.itertext()).split())
        if text:
            self.blocks.append(Block(text, role=BlockRole.HEADING, level=level))

    def _code(self, element: etree._Element) -> None:
        self.flush()
        for line_break in element.iter("br", "lb"):
            line_break.tail = f"\n{line_break.tail or ''}"
        text = "".join(element.itertext()).strip("\n")
        if text.strip():
            self.blocks.append(Block(text, role=BlockRole.CODE))


def _level(tag: str, element: etree._Element) -> int | None:
    """The level of a heading: h1 to h6 of a web page, head of trafilatura; None if it is not a heading."""
    if tag == "head":
        tag = element.get("rend") or "h2"
    found = _HEADING.match(tag)
    return int(found[1]) if found else None
