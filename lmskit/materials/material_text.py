"""What was read from the file of a material."""

from __future__ import annotations

from dataclasses import dataclass

from lmskit.materials.kinds import DocumentKind
from lmskit.materials.page_links import PageLinks
from lmskit.materials.passages import Passage


@dataclass(frozen=True, slots=True)
class MaterialText:
    """The text of a material, with what the file says about itself."""

    kind: DocumentKind
    title: str
    """From the file: its metadata, or its first heading, or its name."""
    language: str | None
    """Of most of its text, as ISO 639-1; None if it could not be detected."""
    length: int | None
    """In pages, slides, cells or seconds, as `kind.counted` says; None for kinds without."""
    passages: tuple[Passage, ...]
    findings: tuple[str, ...] = ()
    """Sentences about what was not read, or is doubtful."""
    licence: str | None = None
    """As the file names it."""
    week: int | None = None
    """The teaching week that a Markdown file or notebook names."""
    page: PageLinks | None = None
    """Of a web page only: its links, and what it says to programs."""
    names_title: bool = True
    """Whether the title stands in the file, and was not taken from its name."""
    names_language: bool = False
    """Whether the file names its language, which otherwise is detected."""
