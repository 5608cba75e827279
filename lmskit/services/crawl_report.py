"""Result of a crawl for materials."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CrawlReport:
    """Result of a crawl, or of its last run."""

    resumed: bool = False
    """Whether it went on with what an earlier run had left."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    folded: int = 0
    """Addresses that lead to a page that another one has led to."""
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Address of pages behind which there is nothing any more, and what is kept of them."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Address and reason of pages that did not become materials in this run."""
    waiting: int = 0
    """Addresses that were found and not fetched, within the depth."""
    stopped: str | None = None
    """Why it stopped before its end; None if it did not."""

    @property
    def sentence(self) -> str:
        """The counts in one sentence."""
        counts = [f"{self.added:,} added", f"{self.changed:,} changed", f"{self.unchanged:,} unchanged"]
        others = {
            "gone": len(self.gone),
            "the same as others": self.folded,
            "not added": len(self.refused),
            "not fetched yet": self.waiting,
        }
        return ", ".join([*counts, *(f"{number:,} {what}" for what, number in others.items() if number)]) + "."
