"""Markdown and plain text: headings, paragraphs and code; the front matter gives title, week, licence and language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import yaml
from markdown_it import MarkdownIt

from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.materials.block import NOWHERE, Block, BlockRole, one_line
from lmskit.materials.extraction.encoding import decoded
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.extraction.web_page import blocks_of_fragment
from lmskit.materials.location import Location

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.{0,65536}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_DIRECTIVE = re.compile(r"(?m)^[^\S\n]*(?::{3,}.*|\{[:%].*\}|\{\{.*\}\}|!!!.*)$\n?")
"""Lines that site generators read: fenced divisions, attributes and includes."""
_ATTRIBUTES = re.compile(r"\{[#.:][^{}]*\}$")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def read_markdown(content: bytes, at: At) -> Extracted:
    """Read a Markdown file."""
    at("the text")
    text, findings = decoded(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    facts, text = front_matter(text, findings)
    blocks = list(markdown_blocks(text))
    return Extracted(blocks, findings=findings, **known_facts(facts, findings))  # type: ignore[arg-type]


def read_plain_text(content: bytes, at: At) -> Extracted:
    """Read a text file: paragraphs are separated by blank lines."""
    at("the text")
    text, findings = decoded(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Extracted([Block(paragraph) for paragraph in _BLANK_LINES.split(text) if paragraph.strip()], findings=findings)


def front_matter(text: str, findings: list[str]) -> tuple[Mapping[object, object], str]:
    """Return what a file says about itself in YAML before its text, and the text."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    try:
        facts = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        findings.append("Its front matter is not valid YAML, and was not read.")
        facts = {}
    return (facts if isinstance(facts, dict) else {}), text[found.end() :]


def known_facts(facts: Mapping[object, object], findings: list[str]) -> dict[str, object]:
    """Return title, week, licence and language, where a file names them."""
    texts = {str(key).lower(): value for key, value in facts.items() if isinstance(value, str | int)}
    week = texts.get("week")
    number = int(week) if isinstance(week, int) or (isinstance(week, str) and week.isascii() and week.isdigit()) else None
    if week is not None and (number is None or not FIRST_WEEK <= number <= LAST_WEEK):
        findings.append(f"Its front matter has the week {str(week)[:20]!r}, which is not a number from {FIRST_WEEK} to {LAST_WEEK}.")
        number = None

    def text(*keys: str) -> str | None:
        return next((one_line(str(texts[key]), 300) for key in keys if key in texts), None) or None

    return {"title": text("title"), "week": number, "licence": text("licence", "license"), "language": text("language", "lang")}


def markdown_blocks(text: str, location: Location = NOWHERE) -> Iterator[Block]:
    """Give out the blocks of a Markdown text."""
    around: list[Token] = []
    row: list[str] = []
    for token in _parser().parse(text):
        if token.nesting > 0:
            around.append(token)
        elif token.nesting < 0:
            around.pop()
        if token.type == "inline" and around and around[-1].tag in {"td", "th"}:
            row.append(_shown(token))
        elif token.type == "tr_close":
            yield Block("\t".join(row), location, joint="\n")
            row = []
        elif token.type == "html_block":
            yield from (replace(block, location=location) for block in blocks_of_fragment(token.content))
        elif block := _block(token, around, location):
            yield block


def _block(token: Token, around: list[Token], location: Location) -> Block | None:
    if token.type in {"fence", "code_block"}:
        return Block(token.content.strip("\n"), location, BlockRole.CODE)
    if token.type != "inline":
        return None
    shown = _shown(token)
    if around and around[-1].type == "heading_open":
        return Block(_ATTRIBUTES.sub("", shown.rstrip()), location, BlockRole.HEADING, level=int(around[-1].tag[1]))
    in_item = any(outer.type == "list_item_open" for outer in around)
    return Block(_DIRECTIVE.sub("", shown), location, joint="\n" if in_item else "\n\n")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _shown(token: Token) -> str:
    """The text of a line without its markup; of a picture, what describes it."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type in {"text", "code_inline", "image"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
    return "".join(parts)
