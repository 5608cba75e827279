"""The links of an HTML page, and what it says to programs."""

from __future__ import annotations

import re

from lxml import etree

from lmskit.limits import LONGEST_URL
from lmskit.materials.block import one_line
from lmskit.materials.page_links import PageLink, PageLinks

_MOST_LINKS = 5_000
"""Links of a page that are followed; a page with more is a directory that no person reads."""
_LONGEST_TEXT = 300
_WORD = re.compile(r"[a-z-]{1,30}")
_AT_ONCE = 15
"""Seconds after which a page still sends its readers away at once; with more it reloads itself."""
_REFRESH = re.compile(r"(?i)(\d{1,5})(?:\.\d{0,9})?\s{0,9}[;,]?\s{0,9}(?:url\s{0,9}=\s{0,9})?[\"']?([^\"'\s]{1,2000})")


def page_links(root: etree._Element) -> PageLinks:
    """Return what a parsed page says to programs, before anything is removed from it."""
    links = [
        PageLink(href, one_line("".join(element.itertext()) or element.get("title") or "", _LONGEST_TEXT))
        for element in root.iter("a", "area")
        if (href := (element.get("href") or "").strip()) and len(href) <= LONGEST_URL and "nofollow" not in _words(element.get("rel"))
    ]
    metas = [((meta.get("name") or meta.get("http-equiv") or "").strip().lower(), meta.get("content") or "") for meta in root.iter("meta")]
    robots = {word for name, content in metas if name in {"robots", "lmskit"} for word in _words(content)}
    return PageLinks(
        base=_first(root, "base", None),
        canonical=_first(root, "link", "canonical"),
        moved_to=next((target for name, content in metas if name == "refresh" and (target := _target(content))), None),
        links=tuple(links[:_MOST_LINKS]),
        robots=tuple(sorted(robots)),
        asks_for_password=any((field.get("type") or "").strip().lower() == "password" for field in root.iter("input")),
    )


def _words(text: str | None) -> list[str]:
    return _WORD.findall((text or "").lower())


def _first(root: etree._Element, tag: str, rel: str | None) -> str | None:
    for element in root.iter(tag):
        href = (element.get("href") or "").strip()
        if href and len(href) <= LONGEST_URL and (rel is None or rel in _words(element.get("rel"))):
            return href
    return None


def _target(content: str) -> str | None:
    found = _REFRESH.match(content.strip())
    return found[2] if found and int(found[1]) <= _AT_ONCE else None
