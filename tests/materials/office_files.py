"""Presentations, Word documents and notebooks, made with the libraries that read them, and changed part by part."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence

import docx
import pptx
from pptx.util import Inches


def presentation(slides: Sequence[tuple[str, Sequence[str]]], *, notes: dict[int, str] | None = None, hidden: Sequence[int] = ()) -> bytes:
    """Slides with a title and paragraphs; notes by the number of the slide."""
    made = pptx.Presentation()
    for number, (title, paragraphs) in enumerate(slides, start=1):
        slide = made.slides.add_slide(made.slide_layouts[1] if title else made.slide_layouts[6])
        if title:
            slide.shapes.title.text = title
            slide.placeholders[1].text = "\n".join(paragraphs)
        else:
            slide.shapes.add_textbox(Inches(1), Inches(1), Inches(5), Inches(2)).text_frame.text = "\n".join(paragraphs)
        if notes and number in notes:
            slide.notes_slide.notes_text_frame.text = notes[number]
        if number in hidden:
            slide.element.set("show", "0")
    return _saved(made.save)


def word_document(parts: Sequence[tuple[str, str]], *, title: str = "") -> bytes:
    """Paragraphs with their styles."""
    made = docx.Document()
    made.core_properties.title = title
    for style, text in parts:
        made.add_paragraph(text, style=style)
    return _saved(made.save)


def _saved(save: Callable[[io.BytesIO], None]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def changed(content: bytes, changes: dict[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """An archive with some parts replaced, changed or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            change = changes.get(name)
            after.writestr(name, before.read(name) if change is None else change(before.read(name)) if callable(change) else change)
        for name, change in changes.items():
            if name not in before.namelist():
                assert isinstance(change, bytes)
                after.writestr(name, change)
    return stream.getvalue()


def with_macros(content: bytes) -> bytes:
    """The same file as Office saves it when it contains macros."""
    types = {
        b"presentationml.presentation.main+xml": b"ms-powerpoint.presentation.macroEnabled.main+xml",
        b"wordprocessingml.document.main+xml": b"ms-word.document.macroEnabled.main+xml",
    }

    def enabled(content_types: bytes) -> bytes:
        for ordinary, macro in types.items():
            content_types = content_types.replace(b"application/vnd.openxmlformats-officedocument." + ordinary, b"application/vnd." + macro)
        return content_types

    folder = "ppt" if b"ppt/presentation.xml" in content else "word"
    return changed(content, {"[Content_Types].xml": enabled, f"{folder}/vbaProject.bin": b"\xd0\xcf\x11\xe0 made up"})


def notebook(cells: Sequence[tuple[str, str]], *, outputs: Sequence[dict[str, object]] = ()) -> bytes:
    """A notebook of cells with their kind; every code cell has the outputs."""
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [
            {"id": f"cell{number}", "cell_type": kind, "metadata": {}, "source": source}
            | ({"outputs": list(outputs), "execution_count": 1} if kind == "code" else {})
            for number, (kind, source) in enumerate(cells)
        ],
    }
    return json.dumps(made).encode()
