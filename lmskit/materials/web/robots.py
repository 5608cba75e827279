"""A site's robots.txt, as RFC 9309 has it: what programs are asked not to fetch, and how long to wait between two pages.

Not `urllib.robotparser`, which knows no `*` and `$` in paths and takes the first rule that matches instead of the longest; and not protego,
which makes regular expressions of what a stranger wrote, some of which take hours to try on one address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

from lmskit.web.address import WebAddress, escaped

PRODUCT = "lmskit"
"""The name under which robots.txt can address lmskit."""
LARGEST_ROBOTS = 512 * 1024
"""Bytes that are read of a robots.txt, a little more than the 500 KiB of the RFC; what follows is ignored."""
_LONGEST_RULE = 2_000
_MOST_RULES = 10_000
_PRODUCT_TOKEN = re.compile(r"[A-Za-z_-]{1,100}|\*")
_DELAY = re.compile(r"\d{1,9}(\.\d{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    allows: bool

    def matches(self, target: str) -> bool:
        """Whether the pattern, in which `*` stands for anything and `$` at the end for the end, is the beginning of the target."""
        ends = self.pattern.endswith("$")
        first, *others = self.pattern.removesuffix("$").split("*")
        if not target.startswith(first):
            return False
        at = len(first)
        last = others.pop() if others and ends else None
        for part in others:
            at = target.find(part, at)
            if at < 0:
                return False
            at += len(part)
        if last is not None:
            return target.endswith(last) and len(target) - len(last) >= at
        return at == len(target) if ends else True


@dataclass(slots=True)
class _Group:
    products: list[str] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site asks of lmskit."""

    rules: tuple[_Rule, ...] = ()
    delay: float | None = None
    """Seconds between two pages; None if it does not say."""

    @classmethod
    def parsed(cls, text: str, product: str = PRODUCT) -> Self:
        r"""Read a robots.txt.

        Parameters
        ----------
        text
            Its content.
        product
            The product that asks. Groups for it are used together; where there are none, those for `*`.

        Examples
        --------
        >>> robots = Robots.parsed("User-agent: *\nDisallow: /a\nAllow: /a/b$\nDisallow: /*.pdf\nCrawl-delay: 2")
        >>> [robots.allows(WebAddress.parsed(f"http://x.org{path}")) for path in ("/a/c", "/a/b", "/a/b/", "/n.pdf?x", "/robots.txt")]
        [False, True, False, False, True]
        """
        groups = _groups(text)
        chosen = [group for group in groups if product.lower() in group.products] or [group for group in groups if "*" in group.products]
        delays = [group.delay for group in chosen if group.delay is not None]
        return cls(tuple(rule for group in chosen for rule in group.rules), max(delays, default=None))

    def allows(self, address: WebAddress) -> bool:
        """Whether the page may be fetched: the longest rule that matches decides, and of two equally long ones the one that allows."""
        if address.path == "/robots.txt":
            return True
        matching = [rule for rule in self.rules if rule.matches(address.target)]
        return max(matching, key=lambda rule: (len(rule.pattern), rule.allows)).allows if matching else True


def _groups(text: str) -> list[_Group]:
    groups: list[_Group] = []
    naming = False
    n_rules = 0
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            if not naming:
                groups.append(_Group())
            naming = True
            if found := _PRODUCT_TOKEN.match(value):
                groups[-1].products.append(found[0].lower())
        elif key in {"allow", "disallow"}:
            naming = False
            n_rules += 1
            if groups and value and n_rules <= _MOST_RULES:
                groups[-1].rules.append(_Rule(_pattern(value), allows=key == "allow"))
        elif key == "crawl-delay" and groups:
            naming = False
            if _DELAY.match(value):
                groups[-1].delay = max(float(value), groups[-1].delay or 0)
    return groups


def _pattern(value: str) -> str:
    """A path of a rule, escaped as an address is."""
    text = value[:_LONGEST_RULE]
    return escaped(text if text.startswith(("/", "*")) else f"/{text}", also="?")
