"""Reading advice as a list to hand to students: Markdown or CSV, with links, and without how many students missed what."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import TYPE_CHECKING

from lmskit.readable import as_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.read_models.advised_passage import AdvisedPassage, ReadingAdvice

_SIGNS = re.compile(
    r"[\\`*{}\[\]#|~@$]"  # anywhere; what is between two dollar signs would be a formula
    r"|(?<![^\W_])_|_(?![^\W_])"  # not within a word
    r"|:(?=//|[\w+-]{1,50}:)|(?<=www)\."  # an address, or a picture by its name
    r"|\A[-+]",  # an item of a list, or a line
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\A([0-9]{1,9})(?=[.)])")
"""What Markdown, or a forum that reads it, takes as more than a character within a line or at the beginning of an item."""
_IN_ADDRESS = str.maketrans({character: f"%{ord(character):02X}" for character in "()<>[]\\`\"'|*_~$"})
COLUMNS = ("week", "topic", "material", "where", "link", "file", "helps_with")


def reading_list_markdown(course: str, weeks: Iterable[ReadingAdvice]) -> str:
    """Write the advice for some weeks of a course as Markdown; no text of a material or quiz becomes markup.

    Weeks without a passage are left out.
    """
    lines = [f"# What to read again in {markdown_text(course)}"]
    for advice in weeks:
        if advice.passages:
            lines += ["", f"## Week {advice.week}: {markdown_text(advice.topic)}", ""]
            lines += [_item(passage) for passage in advice.passages]
    return "\n".join(lines) + "\n"


def reading_list_csv(weeks: Iterable[ReadingAdvice]) -> str:
    """Write the advice for some weeks of a course as CSV, a row for each passage; no cell is a formula to a spreadsheet."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for advice in weeks:
        for passage in advice.passages:
            file = "" if passage.link else passage.file_name or ""
            cells = (advice.topic, passage.title, passage.where, passage.link or "", file, _helps_with(passage))
            rows.writerow([advice.week, *(as_cell(" ".join(cell.split())) for cell in cells)])
    return written.getvalue()


def markdown_text(text: str) -> str:
    r"""Return a text on one line that Markdown shows as it is.

    >>> markdown_text("*<b>bold</b>* [x](javascript:alert(1))")
    '\\*&lt;b&gt;bold&lt;/b&gt;\\* \\[x\\](javascript:alert(1))'
    >>> markdown_text("SIM-PROG-2026B: Loops (part 1.2)!")
    'SIM-PROG-2026B: Loops (part 1.2)!'
    >>> markdown_text(r"$x^2$ costs 5 $, \(y\)")
    '\\$x^2\\$ costs 5 \\$, &#92;(y&#92;)'
    """
    return _NUMBERED.sub(r"\1\\", _SIGNS.sub(_shown, html.escape(" ".join(text.split()), quote=False)))


def _shown(sign: re.Match[str]) -> str:
    """A sign as Markdown shows it; before a bracket, two backslashes would begin a formula in JupyterLab."""
    return "&#92;" if sign[0] == "\\" else f"\\{sign[0]}"


def _item(passage: AdvisedPassage) -> str:
    title = markdown_text(passage.title)
    name = f"[{title}]({passage.link.translate(_IN_ADDRESS)})" if passage.link else title
    where = f", {markdown_text(passage.where)}" if passage.where else ""
    helps = f" – helps with {markdown_text(_helps_with(passage))}" if passage.questions else ""
    return f"* {name}{where}{helps}"


def _helps_with(passage: AdvisedPassage) -> str:
    return "; ".join(question.name for question in passage.questions)
