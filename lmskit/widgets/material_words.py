"""How kinds of materials are called on screens."""

from __future__ import annotations

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
