"""HTML: the main text below its headings. Scripts, forms, navigation and what the page hides are dropped; nothing is fetched or run."""

from __future__ import annotations

import re
from copy import deepcopy

import lxml.html
from lxml import etree

from lmskit.errors import MaterialFileError
from lmskit.limits import DEEPEST_MARKUP
from lmskit.materials.block import Block, BlockRole, one_line
from lmskit.materials.extraction.encoding import decoded
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.extraction.markup_text import blocks_of_tree
from lmskit.materials.extraction.page_markup import page_links

_NEVER_SHOWN = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "svg",
        "canvas",
        "audio",
        "video",
        "input",
        "select",
        "button",
        "textarea",
        "datalist",
        "dialog",
        "nav",
        "area",
        "map",
    ]
)
_AROUND_THE_TEXT = ["header", "footer", "aside"]
_HIDDEN_STYLE = re.compile(
    r"(?i)(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:!|;|$)|opacity\s*:\s*0(?:\.0*)?\s*(?:!|;|$))"
)
_HIDDEN_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "alert", "dialog"}
_WHOLE_PAGE = re.compile(r"(?i)<(html|body|head)[\s>]")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read_web_page(content: bytes, at: At) -> Extracted:
    """Read an HTML file."""
    at("the page")
    text, findings = decoded(content, is_html=True)
    text = _DECLARATION.sub("", text.replace("\x00", ""))
    is_whole = bool(_WHOLE_PAGE.search(text[:20_000]))
    root = _parsed(text)
    title, language, licence = _title(root), root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"), _licence(root)
    page = page_links(root)
    _drop_hidden(root)
    blocks = _main_blocks(root) if is_whole else blocks_of_tree(root)
    if not any(block.role is not BlockRole.HEADING for block in blocks):
        findings.append("There is no text on the page. If scripts write it, save the page from the browser, or as PDF.")
    return Extracted(blocks, title=title, language=language, licence=licence, findings=findings, page=page)


def blocks_of_fragment(text: str) -> list[Block]:
    """Return the blocks of a piece of HTML within another text; elements may be open or closed elsewhere."""
    if not text.strip():
        return []
    root = _parsed(text)
    _drop_hidden(root)
    return blocks_of_tree(root)


def _parsed(text: str) -> etree._Element:
    parser = lxml.html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = lxml.html.document_fromstring(text, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise MaterialFileError("it is not HTML. Save the page again.") from error
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST_MARKUP:
            raise MaterialFileError(f"its elements are nested more than {DEEPEST_MARKUP} deep. Save the page again, or as PDF.")
    return root


def _title(root: etree._Element) -> str | None:
    for path in (".//head/title", ".//title", ".//h1"):
        found = root.find(path)
        if found is not None and (title := one_line("".join(found.itertext()), 300)):
            return title
    return None


def _licence(root: etree._Element) -> str | None:
    for element in root.iter("a", "link"):
        if "license" in (element.get("rel") or "").lower().split():
            return one_line(element.get("href") or "".join(element.itertext()), 300) or None
    return None


def _drop_hidden(root: etree._Element) -> None:
    for element in list(root.iter()):
        if isinstance(element.tag, str) and _is_hidden(element) and element.getparent() is not None:
            _drop(element)


def _is_hidden(element: etree._Element) -> bool:
    return (
        element.tag in _NEVER_SHOWN
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or (element.get("role") or "").lower() in _HIDDEN_ROLES
        or bool(_HIDDEN_STYLE.search(element.get("style") or ""))
    )


def _drop(element: etree._Element) -> None:
    """Remove an element and keep the text after it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _main_blocks(root: etree._Element) -> list[Block]:
    """The blocks of what the page itself calls its main part; where it does not, of what trafilatura finds to be it."""
    marked = root.xpath("//main | //*[@role='main']") or root.xpath("//article")
    if len(marked) == 1:
        return _without_surroundings(marked[0])
    from trafilatura import bare_extraction

    found = bare_extraction(deepcopy(root), favor_recall=True, include_comments=False, include_tables=True, include_formatting=True)
    body = getattr(found, "body", None)
    blocks = blocks_of_tree(body) if body is not None else []
    return blocks or _without_surroundings(root)


def _without_surroundings(part: etree._Element) -> list[Block]:
    for element in list(part.iter(*_AROUND_THE_TEXT)):
        if element.find(".//h1") is None:
            _drop(element)
    body = part.find("body")
    if body is None and part.tag == "html":
        return []  # its head alone, whose title is not text of the page
    return blocks_of_tree(part if body is None else body)
