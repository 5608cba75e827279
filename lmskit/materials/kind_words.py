"""How kinds and lengths of materials are called on screens."""

from __future__ import annotations

from lmskit.materials.location import minute_and_second
from lmskit.rounding import count_text
from lmskit.vocabulary import MaterialKind

KIND_WORDS = {
    MaterialKind.PDF: "PDF",
    MaterialKind.PAGE: "web page",
    MaterialKind.VIDEO: "video",
    MaterialKind.PRESENTATION: "presentation",
    MaterialKind.DOCUMENT: "document",
    MaterialKind.NOTEBOOK: "notebook",
    MaterialKind.MARKDOWN: "Markdown",
    MaterialKind.TEXT: "text",
}


def length_text(kind: str, length: int | None) -> str:
    """Return the length of a material with what it is counted in; nothing where it has none.

    >>> length_text("pdf", 1), length_text("presentation", 12), length_text("video", 3725), length_text("text", None)
    ('1 page', '12 slides', '1:02:05', '')
    """
    if length is None:
        return ""
    if kind == MaterialKind.VIDEO:
        return minute_and_second(length)
    noun = {MaterialKind.PDF: "page", MaterialKind.PRESENTATION: "slide", MaterialKind.NOTEBOOK: "cell"}.get(MaterialKind(kind), "part")
    return count_text(length, noun)


def passages_text(n_passages: int, *, has_file: bool) -> str:
    """Return how many passages a material has, or that it is a link, whose text is not read.

    >>> passages_text(3, has_file=True), passages_text(0, has_file=False)
    ('3', 'link only')
    """
    return f"{n_passages:,}" if has_file or n_passages else "link only"
