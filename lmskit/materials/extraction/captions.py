"""Captions of a video (WebVTT and SubRip): what is said, with the second at which it is said."""

from __future__ import annotations

import html
import io
import re
from itertools import pairwise

from webvtt import WebVTT
from webvtt.errors import MalformedCaptionError, MalformedFileError

from lmskit.errors import MaterialFileError
from lmskit.materials.block import Block
from lmskit.materials.extraction.encoding import decoded
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.location import Location

LONGEST_VIDEO = 7 * 24 * 3600
"""Seconds; later captions are a mistake."""
_DRAWING = re.compile(r"\{\\[^}]{0,200}\}")
"""Positions in the style of SubStation, as `{\\an8}`."""
_PAUSE = 3.0
"""Seconds without speech from which a new paragraph begins."""


def read_vtt(content: bytes, at: At) -> Extracted:
    """Read a WebVTT file."""
    return _read(content, at, "vtt")


def read_srt(content: bytes, at: At) -> Extracted:
    """Read a SubRip file."""
    return _read(content, at, "srt")


def _read(content: bytes, at: At, kind: str) -> Extracted:
    at("the captions")
    text, findings = decoded(content)
    text = text.lstrip("\ufeff").replace("\x00", "")
    if kind == "srt":
        text = text.lstrip()
        text = text if text[:1].isdigit() and "-->" not in text.split("\n", 1)[0] else f"1\n{text}"
    try:
        captions = WebVTT.from_buffer(io.StringIO(text), format=kind).captions
    except (MalformedFileError, MalformedCaptionError, ValueError) as error:
        raise MaterialFileError(f"its captions cannot be read: {error}. Export them again as WebVTT or SubRip.") from error
    cues = [
        (_seconds(caption.start), _seconds(caption.end), _shown(caption.raw_text if kind == "srt" else caption.text))
        for caption in captions
    ]
    if not cues:
        raise MaterialFileError("it has no captions. Export them again as WebVTT or SubRip.")
    return _extracted(cues, findings)


def _seconds(timestamp: str) -> float:
    hours, minutes, seconds = timestamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _shown(text: str) -> str:
    text = html.unescape(_DRAWING.sub("", re.sub(r"</?[A-Za-z][^<>\n]{0,200}>", "", text)))
    return " ".join(text.split())


def _extracted(cues: list[tuple[float, float, str]], findings: list[str]) -> Extracted:
    late = sum(start > LONGEST_VIDEO for start, _, _ in cues)
    if late:
        findings.append(f"{late:,} captions are later than seven days, and were not read.")
    cues = [cue for cue in cues if cue[0] <= LONGEST_VIDEO]
    backwards = sum(second[0] < first[0] for first, second in pairwise(cues))
    if backwards:
        findings.append(f"{backwards:,} captions begin before the one above them; they were read in the order of their times.")
        cues = sorted(cues, key=lambda cue: cue[0])
    blocks: list[Block] = []
    said, end = "", 0.0
    for start, stop, text in cues:
        fresh = _without_repeated(said, text)
        if fresh:
            blocks.append(Block(fresh, Location(seconds=start), joint="\n\n" if blocks and start - end > _PAUSE else " "))
        said, end = text or said, max(end, min(stop, LONGEST_VIDEO))
    return Extracted(blocks, length=round(max([end, *(start for start, _, _ in cues)], default=0.0)), findings=findings)


def _without_repeated(before: str, text: str) -> str:
    """Return what a caption adds to the one before: captions that roll repeat the line above.

    >>> _without_repeated("we look at means", "we look at means and at medians")
    'and at medians'
    """
    if text == before:
        return ""
    return text[len(before) :].lstrip() if before and text.startswith(f"{before} ") else text
