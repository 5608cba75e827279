"""The hits of a search on the screen: all of a hit is text of a file or a web page, so every piece of it is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as widgets
import pandas as pd

from lmskit.dashboards.dashboard import column, row
from lmskit.materials.kind_words import KIND_WORDS
from lmskit.read_models.material_link import is_web_address
from lmskit.read_models.passage_search import least_distinction
from lmskit.readable import bounded
from lmskit.widgets import Download

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmskit.read_models.passage_search import PassageHit, PassageSearch

STRONG, WEAK = "good match", "weak match"


class HitList:
    """Hits, the best first: with title, location, snippet, how well they match, and a link or the file.

    Parameters
    ----------
    file_of
        Returns the name and the content of the file of a hit without an address, when a person presses its button; None if it
        cannot, and has said why.
    """

    def __init__(self, file_of: Callable[[PassageHit], tuple[str, bytes] | None]) -> None:
        self._file_of = file_of
        self.view = column()
        self.view.add_class("lmskit-hits")

    def show(self, found: PassageSearch) -> None:
        """Show the hits of a search."""
        self.view.children = tuple(child for hit in found.hits for child in self._parts(hit, found))

    def clear(self) -> None:
        """Show no hit."""
        self.view.children = ()

    def _parts(self, hit: PassageHit, found: PassageSearch) -> list[widgets.Widget]:
        shown = widgets.HTML(hit_html(hit, found), layout=widgets.Layout(width="auto", overflow="visible"))
        below = (
            []
            if hit.link is not None or hit.file_name is None
            else [Download(f"Download {bounded(hit.file_name)}", lambda: self._file_of(hit))]
        )
        return [entry(shown, below)]


def entry(shown: widgets.Widget, below: Sequence[widgets.Widget]) -> widgets.Box:
    """Put an entry of a list above what belongs to it, and a line below both."""
    made = column(shown, *([row(*below, gap="4px")] if below else []))
    made.add_class("lmskit-entry")
    return made


def hit_html(hit: PassageHit, found: PassageSearch) -> str:
    """Write a hit as HTML; only tags of ours are tags in it."""
    title = html.escape(bounded(hit.title))
    address = html.escape(hit.link or "", quote=True)
    heading = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{title}</a>' if is_web_address(hit.link) else title
    location = html.escape(bounded(hit.location.within(hit.title)))
    where = f' <span class="where" dir="auto">{location}</span>' if location else ""
    snippet = "".join(f"<mark>{html.escape(text)}</mark>" if marked else html.escape(text) for text, marked in hit.snippet.pieces)
    language = f' lang="{html.escape(hit.language, quote=True)}"' if hit.language else ""
    share = round(100 * match_share(hit, found))
    words = match_words(hit, found)
    return (
        f'<div class="lmskit-hit"><p class="title"><span dir="auto">{heading}</span>{where}</p>'
        f'<p class="snippet" dir="auto"{language}>{snippet}</p>'
        f'<p class="about"><span class="match {"strong" if words == STRONG else "weak"}"><span style="width: {share}%"></span></span>'
        f"{words} · {html.escape(about_hit(hit))}</p>"
        f'<details><summary>Whole passage</summary><p dir="auto"{language}>{html.escape(hit.body)}</p></details></div>'
    )


def about_hit(hit: PassageHit) -> str:
    """Say of which course, week and kind the material of a hit is."""
    week = "whole course" if hit.week is None else f"week {hit.week}"
    notes = ["notes of the speaker"] if hit.is_notes else []
    return " · ".join([hit.course, week, KIND_WORDS[hit.kind], *([hit.language] if hit.language else []), *notes])


def match_words(hit: PassageHit, found: PassageSearch) -> str:
    """Say whether a hit stands out from the other passages."""
    return STRONG if hit in found.suitable else WEAK


def match_share(hit: PassageHit, found: PassageSearch) -> float:
    """How far a hit stands out, from 0 to 1: as a share of the best hit, or of what makes a good match where none is one."""
    best = max(max(hit.score for hit in found.hits) - found.typical, least_distinction(found.model))
    return min(max((hit.score - found.typical) / best, 0.0), 1.0)


def hits_table(found: PassageSearch) -> pd.DataFrame:
    """The hits as a table, without the columns that have nothing to say."""
    table = pd.DataFrame(
        {
            "Material": [hit.title for hit in found.hits],
            "Where": [hit.location.within(hit.title) for hit in found.hits],
            "Text": [str(hit.snippet) for hit in found.hits],
            "Match": [match_words(hit, found) for hit in found.hits],
            "Score": [hit.score for hit in found.hits],
            "Course": [hit.course for hit in found.hits],
            "Week": pd.array([hit.week for hit in found.hits], dtype="Int64"),
            "Kind": [KIND_WORDS[hit.kind] for hit in found.hits],
            "Language": [hit.language for hit in found.hits],
            "Link": [hit.link if is_web_address(hit.link) else None for hit in found.hits],
            "File": [None if is_web_address(hit.link) else hit.file_name for hit in found.hits],
        }
    )
    same = ["Course"] if len({hit.course for hit in found.hits}) == 1 else []
    return table.drop(columns=[*same, *(name for name in ("Link", "File") if table[name].isna().all())])
