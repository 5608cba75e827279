"""What a web page says to programs: where it links, what its own address is, and whether it may be kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link as the page has it."""

    href: str
    """Relative, or whole."""
    text: str
    """On one line; may be empty."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The links of a page with what its head says about them."""

    base: str | None
    """The address that links are relative to, if it is not the page's own; it may be relative itself."""
    canonical: str | None
    """The page's address, of the several that lead to it, as it names it itself."""
    moved_to: str | None
    """Where the page sends its readers at once (`<meta http-equiv="refresh">`)."""
    links: tuple[PageLink, ...]
    """In the order of the page; without those that it asks not to follow."""
    robots: tuple[str, ...]
    """Words to programs in lower case, such as `noindex`."""
    asks_for_password: bool
    """Whether it has a field for a password."""
