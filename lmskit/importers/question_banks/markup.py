"""From the markup of other systems to the plain text of questions.

Questions are stored as text, and are escaped wherever they are shown. So tags are removed: line breaks, list items and
table cells stay recognisable, `x<sup>2</sup>` becomes `x^2`, a picture becomes its description in brackets. What cannot
be written as text is listed in `PlainText.lost`. TeX formulas stay as they were typed.

The tags are found by expressions that read each character once, since the standard library's parser takes minutes for
100 KB of unclosed tags.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "main", "nav", "ol", "p", "pre", "section",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
INLINE = frozenset({
    "a", "abbr", "acronym", "audio", "b", "bdo", "big", "br", "cite", "code", "del", "dfn", "em", "embed", "font", "i", "iframe",
    "img", "input", "ins", "kbd", "li", "mark", "math", "object", "q", "s", "samp", "script", "small", "span", "strike", "strong",
    "style", "sub", "sup", "svg", "td", "th", "tt", "u", "var", "video",
})  # fmt: skip
LOST = {
    "img": "a picture",
    "audio": "a recording",
    "video": "a recording",
    "object": "an embedded object",
    "embed": "an embedded object",
    "iframe": "an embedded page",
    "svg": "a drawing",
    "canvas": "a drawing",
    "math": "the layout of a formula",
}
SILENT = frozenset({"script", "style", "iframe", "svg", "canvas", "template"})
"""Elements whose content is not text."""
MOST_RAISED = 10
"""Nested superscripts; those beyond are written like the last."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>")
_UNQUOTED_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)([^<>]*+)>")
_DECLARATION = re.compile(r"<[!?][^<>]*+>")
_ATTRIBUTE = re.compile(r"(?<![\w:-])([a-zA-Z][\w:-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>]++))")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_KNOWN_TAG = re.compile(rf"</?(?:{'|'.join(sorted(BLOCKS | INLINE))})(?=[\s/>])[^<>]*+>", re.IGNORECASE)


class PlainText(NamedTuple):
    """A text without markup, and what of the original it lacks."""

    text: str
    lost: tuple[str, ...] = ()


@dataclass
class _Raised:
    """A superscript, subscript or link whose end was not read yet."""

    tag: str
    start: int
    link: str


class TextBuilder:
    """Collects text from the events of a document, for HTML and for the body of a QTI item."""

    def __init__(self, *, keep_lines: bool = False) -> None:
        self.lost: dict[str, None] = {}
        self._parts: list[str] = []
        self._last = "\n"
        self._spaces = re.compile(r"[ \t\f]+" if keep_lines else r"\s+")
        self._verbatim = 0
        self._silent: list[str] = []
        self._raised: list[_Raised] = []

    def data(self, text: str) -> None:
        """Add text."""
        if self._silent or not text:
            return
        if not self._verbatim:
            text = self._spaces.sub(" ", text)
            if self._last in {" ", "\n"}:
                text = text.lstrip(" ")
        self._put(text)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        if tag in LOST:
            self.lost[LOST[tag]] = None
        if tag in SILENT:
            self._silent.append(tag)
        if self._silent:
            return
        if tag == "br":
            self._put("\n")
        elif tag == "img":
            self._put(f"[picture: {described}]" if (described := " ".join(attributes.get("alt", "").split())) else "[picture]")
        elif tag == "li":
            self._line("- ")
        elif tag in {"td", "th"} and self._last != "\n":
            self._put(" | ")
        elif tag in BLOCKS:
            self._line()
            self._verbatim += tag == "pre"
        elif tag in {"sup", "sub", "a"} and len(self._raised) < MOST_RAISED:
            self._raised.append(_Raised(tag, len(self._parts), attributes.get("href", "").strip()))

    def end(self, tag: str) -> None:
        """End an element."""
        if self._silent:
            if self._silent[-1] == tag:
                self._silent.pop()
        elif tag in BLOCKS or tag == "li":
            self._line()
            self._verbatim = max(0, self._verbatim - (tag == "pre"))
        elif self._raised and self._raised[-1].tag == tag:
            self._close(self._raised.pop())

    def result(self) -> PlainText:
        """Return the whole text, without spaces at the ends of lines that are not verbatim, and without empty lines at its ends."""
        return PlainText("".join(self._parts).strip("\n").rstrip(), tuple(self.lost))

    def _close(self, raised: _Raised) -> None:
        inner = "".join(self._parts[raised.start :])
        if raised.tag != "a":
            content = inner.strip()
            if content:
                sign = "^" if raised.tag == "sup" else "_"
                self._parts[raised.start :] = [sign + (content if content.isalnum() else f"({content})")]
                self._last = ")"
        elif "@@PLUGINFILE@@" in raised.link:
            self.lost["a linked file"] = None
        elif raised.link.lower().startswith(("http://", "https://")) and raised.link not in inner:
            self._put(f" ({raised.link})")

    def _put(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not self._verbatim and "\n" in text:
            *lines, last = text.split("\n")
            if not lines[0].strip():
                self._trim()
            text = "\n".join([*(line.rstrip() for line in lines), last])
        if text:
            self._parts.append(text)
            self._last = text[-1]

    def _trim(self) -> None:
        """Remove the spaces at the end of what was put, which is not verbatim."""
        for number in range(len(self._parts) - 1, -1, -1):
            kept, ended, line = self._parts[number].rpartition("\n")
            self._parts[number] = kept + ended + line.rstrip()
            if self._parts[number]:
                break

    def _line(self, beginning: str = "") -> None:
        if self._last != "\n":
            self._put("\n")
        self._put(beginning)


def plain_text(markup: str, form: str) -> PlainText:
    r"""Return a text without its markup.

    Parameters
    ----------
    markup
        The text.
    form
        `html`; `moodle`, which is text that may have tags and whose line breaks count; or any other, such as
        `plain` and `markdown`, which stays as it is.

    Examples
    --------
    >>> plain_text("<p>Is x<sup>2</sup> &lt; 4?</p><ul><li>yes</li></ul>", "html").text
    'Is x^2 < 4?\n- yes'
    >>> plain_text("for i<n and n>0", "moodle").text
    'for i<n and n>0'
    >>> plain_text('See <img src="a.png" alt="a cat">', "html")
    PlainText(text='See [picture: a cat]', lost=('a picture',))
    """
    if form == "html":
        return _without_tags(markup, keep_lines=False)
    if form == "moodle":
        if _KNOWN_TAG.search(markup):
            return _without_tags(markup, keep_lines=True)
        return PlainText(_characters(markup).strip())
    return PlainText(markup.strip())


def _without_tags(markup: str, *, keep_lines: bool) -> PlainText:
    builder = TextBuilder(keep_lines=keep_lines)
    position, length = 0, len(markup)
    has_comments = True
    while position < length:
        tag_at = markup.find("<", position)
        if tag_at < 0:
            builder.data(_characters(markup[position:]))
            break
        builder.data(_characters(markup[position:tag_at]))
        if has_comments and markup.startswith("<!--", tag_at):
            end = markup.find("-->", tag_at)
            has_comments = end >= 0  # or else each further one would be looked for in vain as well
            position = end + 3 if has_comments else tag_at
            continue
        if found := _DECLARATION.match(markup, tag_at):
            position = found.end()
        elif found := _TAG.match(markup, tag_at) or _UNQUOTED_TAG.match(markup, tag_at):
            closing, name, inside = found.groups()
            if closing:
                builder.end(name.lower())
            else:
                builder.start(name.lower(), _attributes(inside))
                if inside.endswith("/") and name.lower() in SILENT:
                    builder.end(name.lower())
            position = found.end()
        else:
            builder.data("<")
            position = tag_at + 1
    return builder.result()


def _attributes(inside: str) -> dict[str, str]:
    return {name.lower(): _characters(double or single or bare) for name, double, single, bare in _ATTRIBUTE.findall(inside)}


def _characters(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity.group()), text).replace("\xa0", " ")
