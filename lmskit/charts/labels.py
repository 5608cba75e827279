"""Text inside figures: plotly reads some HTML, entities and formulas in every label, and names may hold any of them."""

from __future__ import annotations

import html
import unicodedata

ELLIPSIS = "…"


def plain(text: object, width: int | None = None) -> str:
    """Make any text a label that shows as it reads.

    Control characters, line breaks and characters that reverse the writing direction become blanks; HTML and ``$`` (a formula, where
    MathJax is loaded) are escaped.

    Parameters
    ----------
    text
        A name, a title, a topic.
    width
        At most so many characters, the last an ellipsis where text was cut.

    Examples
    --------
    >>> plain("<b>Ada</b> & co")
    '&lt;b&gt;Ada&lt;/b&gt; &amp; co'
    >>> plain("A very long name", width=7)
    'A very…'
    """
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} or _turns(character) else character for character in str(text)
    )
    line = " ".join(kept.split())
    if width is not None and len(line) > width:
        line = line[: width - 1].rstrip() + ELLIPSIS
    return html.escape(line).replace("$", "&#36;")


def _turns(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
