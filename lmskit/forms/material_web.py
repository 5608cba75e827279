"""Materials from the web: a link, a video with its captions, or the pages of a site."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
from pydantic import ValidationError

from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import Field, row, small_text
from lmskit.forms.submission import DOUBLE_CLICK
from lmskit.limits import LARGEST_MATERIAL, MOST_CRAWL_DEPTH, MOST_CRAWL_PAGES
from lmskit.schemas.crawl import USUAL_DEPTH, USUAL_PAGES, CrawlRequest
from lmskit.schemas.material import AddMaterial
from lmskit.schemas.mistakes import mistakes
from lmskit.vocabulary import MaterialKind
from lmskit.widgets import Message, Table, Upload

WHOLE_COURSE = 0
"""Value of the option "whole course"; week numbers begin at 1."""
PAGE, LINK, VIDEO = "page", "link", "video"
_WAYS = [
    ("a page or file: fetch it and read its text", PAGE),
    ("a link only, without its text", LINK),
    ("a video, with or without captions", VIDEO),
]


class _WebForm:
    """Fields whose request is worked on in the background.

    A subclass makes its fields, and reads a request from them.
    """

    def __init__(
        self, button: str, fields: Mapping[str, Field], *, on_done: Callable[[], None], stop: str, clock: Callable[[], float]
    ) -> None:
        self.fields, self._on_done, self._clock = fields, on_done, clock
        self._ended = float("-inf")
        self.button = widgets.Button(description=button, button_style="primary", layout=widgets.Layout(width="auto"))
        self.work, self.message = BackgroundWork(stop), Message()
        self.refused = Table()
        self.refused.view.layout.display = "none"
        self.button.on_click(lambda _button: self._press())

    def offer_weeks(self, weeks: Sequence[tuple[str, int]], first: str) -> None:
        """Offer the weeks of the chosen course, after one option for all of it."""
        week = self.fields["week"].control
        week.options = [(first, WHOLE_COURSE), *weeks]
        week.value = WHOLE_COURSE

    def _work(self) -> Callable[[Task], tuple[str, Sequence[tuple[str, str]]]]:
        """Read the fields, and return the work, which returns a sentence, and the address and reason of what was refused."""
        raise NotImplementedError

    def _press(self) -> None:
        if self.work.running or self._clock() - self._ended < DOUBLE_CLICK:
            return
        for field in self.fields.values():
            field.clear_problem()
        self.message.clear()
        self.refused.view.layout.display = "none"
        try:
            work = self._work()
        except ValidationError as error:
            self._show_mistakes(mistakes(error))
            return
        self.button.disabled = True
        self.work.start(work, done=lambda done: self._show(*done), ended=self._enable, message=self.message)

    def _show_mistakes(self, found: Mapping[str, str]) -> None:
        sentences = []
        for name, sentence in found.items():
            field = self.fields.get(name)
            sentences.append(f"{field.label}: {field.show_problem('', sentence)}" if field is not None else sentence)
        self.message.bad(" ".join(dict.fromkeys(sentences)))

    def _show(self, sentence: str, refused: Sequence[tuple[str, str]]) -> None:
        if not refused:
            self.message.good(sentence)
        else:
            self.message.warn(f"{sentence} The reasons are below.")
            self.refused.view.layout.display = None
            reasons = [(address, reason[:1].upper() + reason[1:]) for address, reason in refused]
            self.refused.show(pd.DataFrame(reasons, columns=["Address", "Why it was not added"]))
        self._on_done()

    def _enable(self) -> None:
        self._ended = self._clock()
        self.button.disabled = False


class MaterialLink(_WebForm):
    """An address, with title and week: a page that is fetched, a link, or a video with the captions that its text is read from.

    Parameters
    ----------
    course
        Returns the code of the chosen course.
    on_link
        Adds the material; gets the captions of a video, and whether the page is to be fetched. Returns a sentence.
    on_done
        Called after it was added.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        course: Callable[[], str],
        on_link: Callable[[Task, AddMaterial, Path | None, bool], str],
        on_done: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._course, self._on_link = course, on_link
        self.url = widgets.Text(placeholder="https://")
        self.way = widgets.Dropdown(options=_WAYS)
        self.title = widgets.Text(placeholder="empty: that of the page or file")
        self.week = widgets.Dropdown()
        self.captions = Upload(accept=".vtt,.srt", most=LARGEST_MATERIAL)
        captions = Field("Captions (.vtt or .srt)", self.captions, hint="Hits of a search then open the video at their minute.")
        fields = {
            "url": Field("Address", self.url, width="3 1 380px"),
            "kind": Field("What it is", self.way, width="2 1 280px"),
            "title": Field("Title", self.title, width="2 1 280px"),
            "week": Field("Week", self.week, width="1 1 200px"),
            "captions": captions,
        }
        super().__init__("Add the link", fields, on_done=on_done, stop="Cancel", clock=clock)
        captions.view.layout.display = "none"
        lines = [row(fields["url"], fields["kind"]), row(fields["title"], fields["week"]), captions.view]
        parts = [*lines, widgets.HBox([self.button]), self.work.view, self.message.view]
        self.view = widgets.VBox(parts, layout=widgets.Layout(overflow="visible"))
        self.way.observe(lambda change: _show_if(captions, shown=change["new"] == VIDEO), names="value")

    def _work(self) -> Callable[[Task], tuple[str, Sequence[tuple[str, str]]]]:
        way = self.way.value
        captions = self.captions.path if way == VIDEO else None
        values: dict[str, Any] = {
            "course": self._course(),
            "url": self.url.value.strip(),
            "title": self.title.value.strip() or None,
            "week": self.week.value or None,
            "kind": MaterialKind.VIDEO if way == VIDEO else None,
            "file_name": captions.name if captions is not None else None,
        }
        request = AddMaterial.model_validate(values)
        return lambda task: (self._on_link(task, request, captions, way == PAGE), ())

    def _show(self, sentence: str, refused: Sequence[tuple[str, str]]) -> None:
        super()._show(sentence, refused)
        self.url.value = self.title.value = ""
        self.captions.forget()


class MaterialCrawlForm(_WebForm):
    """The start of a crawl with its limits, and its progress.

    Parameters
    ----------
    course
        Returns the code of the chosen course.
    on_crawl
        Crawls; returns a sentence, and the address and reason of pages that were not added.
    on_done
        Called after it has ended or was stopped.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        course: Callable[[], str],
        on_crawl: Callable[[Task, CrawlRequest], tuple[str, Sequence[tuple[str, str]]]],
        on_done: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._course, self._on_crawl = course, on_crawl
        self.url = widgets.Text(placeholder="https://")
        self.depth = widgets.BoundedIntText(USUAL_DEPTH, min=0, max=MOST_CRAWL_DEPTH)
        self.pages = widgets.BoundedIntText(USUAL_PAGES, min=1, max=MOST_CRAWL_PAGES)
        self.week = widgets.Dropdown()
        self.section = widgets.Checkbox(
            value=True, description="Stay in the folder of this page", indent=False, layout=widgets.Layout(width="auto")
        )
        fields = {
            "url": Field("Page to start from", self.url, width="3 1 380px"),
            "week": Field("Week", self.week, width="2 1 220px"),
            "depth": Field("Depth", self.depth, hint="Links from the start to a page.", width="1 1 140px"),
            "pages": Field("Most pages", self.pages, hint="Also those that are not added.", width="1 1 140px"),
        }
        super().__init__("Crawl", fields, on_done=on_done, stop="Stop", clock=clock)
        note = widgets.Label(
            "Only this site is fetched, one page after the other with a pause between them, as its robots.txt allows. A crawl that was "
            "stopped goes on where it was when you crawl the same page again.",
            layout=widgets.Layout(width="auto"),
        )
        for css in ("lmskit-text", "lmskit-hint"):
            note.add_class(css)
        self.last = small_text("")
        lines = [note, row(fields["url"], fields["week"]), row(fields["depth"], fields["pages"]), self.section, self.last]
        parts = [*lines, widgets.HBox([self.button]), self.work.view, self.message.view, self.refused.view]
        self.view = widgets.VBox(parts, layout=widgets.Layout(overflow="visible"))

    def show_last(self, sentence: str) -> None:
        """Say how the last crawl of the course ended, which may have gone on after the page with its form was closed."""
        self.last.value = sentence
        self.last.layout.display = None if sentence else "none"

    def _work(self) -> Callable[[Task], tuple[str, Sequence[tuple[str, str]]]]:
        request = CrawlRequest.model_validate(
            {
                "course": self._course(),
                "url": self.url.value.strip(),
                "week": self.week.value or None,
                "depth": self.depth.value,
                "pages": self.pages.value,
                "section": self.section.value,
            }
        )
        return lambda task: self._on_crawl(task, request)


def _show_if(field: Field, *, shown: bool) -> None:
    field.view.layout.display = None if shown else "none"
