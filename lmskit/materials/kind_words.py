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


def state_text(state: str, n_passages: int, *, has_file: bool) -> str:
    """Return the state of a material, or that it is a link, whose text is not read.

    >>> state_text("current", 3, has_file=True), state_text("current", 0, has_file=False), state_text("gone", 0, has_file=False)
    ('current', 'link only', 'gone')
    """
    return state if has_file or n_passages or state != "current" else "link only"
