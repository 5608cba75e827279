"""The materials of a course: see them, add files, links and sites, fetch again what has changed, and remove."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import Field, row
from lmskit.forms.material_details import MaterialDetailsForm
from lmskit.forms.material_files import FileOutcome, MaterialFiles
from lmskit.forms.material_web import MaterialCrawlForm, MaterialLink
from lmskit.forms.submission import DOUBLE_CLICK, Submission
from lmskit.materials.kind_words import KIND_WORDS, length_text, state_text
from lmskit.rounding import count_text
from lmskit.schemas.crawl import CrawlRequest
from lmskit.schemas.material import AddMaterial, ChangeMaterial, RemoveMaterials
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, Table, course_dropdown, errors_shown, heading, style

_NAMED = 5
"""Materials that the question before a removal names."""
NO_COURSES = "There are no courses that you can see yet. An administrator creates courses in admin/course_setup."


@dataclass(frozen=True)
class MaterialWork:
    """What the screen does with materials; each is called with the code of a course or with a request.

    Attributes
    ----------
    read
        Returns a page of the materials of a course, as `lmskit.listings.MATERIALS` has them, and how many there are.
    weeks
        Returns the weeks of a course, each as label and number.
    last_crawl
        Returns a sentence about the last crawl of a course; empty if there was none.
    preview, add
        See `MaterialFiles`.
    link, crawl
        See `MaterialLink` and `MaterialCrawlForm`.
    refresh
        Fetches again what has changed on the web; returns a sentence.
    change
        Changes title, week or licence of a material; returns a sentence.
    remove
        Removes materials; returns a sentence.
    """

    read: Callable[[str, int, int], tuple[pd.DataFrame, int]]
    weeks: Callable[[str], Sequence[tuple[str, int]]]
    last_crawl: Callable[[str], str]
    preview: Callable[[Task, str, Sequence[Path]], Sequence[FileOutcome]]
    add: Callable[[Task, Sequence[tuple[Path, AddMaterial]]], tuple[Sequence[FileOutcome], str]]
    link: Callable[[Task, AddMaterial, Path | None, bool], str]
    crawl: Callable[[Task, CrawlRequest], tuple[str, Sequence[tuple[str, str]]]]
    refresh: Callable[[Task, str], str]
    change: Callable[[ChangeMaterial], str]
    remove: Callable[[RemoveMaterials], str]


class MaterialScreen:
    """The list of materials of a course, and the forms that change it.

    Parameters
    ----------
    work
        See `MaterialWork`.
    courses
        Offered as label and code.
    course
        Code of the course to begin with.
    about_vectors
        A sentence about the model that compares meanings, and whether texts leave the machine.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        work: MaterialWork,
        *,
        courses: Sequence[tuple[str, str]],
        course: str = "",
        about_vectors: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work, self._clock = work, clock
        self._ended = float("-inf")
        self._titles: dict[int, str] = {}
        self.course = course_dropdown(courses, course)
        self.message, self._read_message = Message(), Message()
        self.table, self.pager = Table(nothing="This course has no materials yet. Add some below."), Pager(self.refresh, noun="materials")
        self.chosen = widgets.SelectMultiple(rows=6)
        chosen = Field("Materials of this page of the list", self.chosen, hint="Several: hold Ctrl or Shift.")
        self.removal = Submission(
            "Remove",
            fields={"materials": chosen},
            read=lambda: RemoveMaterials.model_validate({"materials": self.chosen.value}),
            confirm=self._question,
            on_submit=self._remove,
            clock=clock,
        )
        self.removal.button.button_style = "danger"
        self.chosen.observe(lambda _change: self.removal.withdraw_question(), names="value")
        self.fetch_again = widgets.Button(
            description="Fetch again what has changed",
            tooltip="Asks the web for each page of this course; files that were uploaded stay as they are",
            layout=widgets.Layout(width="auto"),
        )
        self.fetching = BackgroundWork("Stop")
        code: Callable[[], str] = lambda: str(self.course.value or "")  # noqa: E731 - shared by three forms
        self.files = MaterialFiles(course=code, on_preview=work.preview, on_add=work.add, on_added=self.refresh, clock=clock)
        self.link = MaterialLink(course=code, on_link=work.link, on_done=self.refresh, clock=clock)
        self.crawl = MaterialCrawlForm(course=code, on_crawl=work.crawl, on_done=self.refresh, clock=clock)
        self.details = MaterialDetailsForm(on_change=self._change, clock=clock)
        vectors = widgets.Label(about_vectors, layout=widgets.Layout(width="auto"))
        for css in ("lmskit-text", "lmskit-hint"):
            vectors.add_class(css)
        self.about_vectors = vectors
        tabs = widgets.Tab(
            [self.files.view, self.link.view, self.crawl.view],
            titles=("Files", "A link or a video", "A web site"),
            layout=widgets.Layout(overflow="visible"),
        )
        self.view = widgets.VBox(
            [
                style(),
                heading("Materials of a course"),
                row(Field("Course", self.course, width="1 1 100%")),
                self._read_message.view,
                self.pager.view,
                self.table.view,
                widgets.HBox([self.fetch_again, self.fetching.view], layout=widgets.Layout(overflow="visible")),
                self.message.view,
                heading("Add materials"),
                vectors,
                tabs,
                heading("Change a material"),
                self.details.view,
                heading("Remove materials"),
                row(chosen),
                self.removal.view,
            ]
        )
        self.view.add_class(ROOT)
        self.course.observe(lambda _change: self._choose_course(), names="value")
        self.fetch_again.on_click(lambda _button: self._fetch_again())
        if courses:
            self._choose_course()
        else:
            self._read_message.bad(NO_COURSES)
            for button in (self.fetch_again, self.removal.button, self.details.submission.button, self.link.button, self.crawl.button):
                button.disabled = True
            self.files.upload.disabled = True

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self._read_message):
            page, total = self._work.read(self.course.value, PAGE_SIZE, self.pager.offset)
            if page.empty and self.pager.offset:  # all of the last page were removed
                self.pager.first()
                page, total = self._work.read(self.course.value, PAGE_SIZE, 0)
            self._read_message.clear()
            self.removal.withdraw_question()
            materials = page.to_dict("records")
            self._titles = {int(material["material_id"]): str(material["title"]) for material in materials}
            self.chosen.options = [(_label(material), int(material["material_id"])) for material in materials]
            self.details.offer(materials, _label)
            self.table.show(material_table(page))
            self.pager.show(total=total)

    def _choose_course(self) -> None:
        self.pager.first()
        self.table.clear()
        self._titles, self.chosen.value = {}, ()  # a page cannot show what is selected among fewer options
        self.chosen.options = ()
        self.details.offer((), _label)
        self.message.clear()
        self.removal.message.clear()
        self.details.submission.message.clear()
        self.files.discard()
        self.crawl.show_last("")
        with errors_shown(self._read_message):
            weeks = self._work.weeks(self.course.value)
            self.files.offer_weeks(weeks)
            self.details.offer_weeks(weeks)
            self.link.offer_weeks(weeks, "for the whole course")
            self.crawl.offer_weeks(weeks, "as each page says, or the whole course")
            self.crawl.show_last(self._work.last_crawl(self.course.value))
        self.refresh()

    def _question(self, request: RemoveMaterials) -> str:
        """Ask whether to remove materials, the first of which are named."""
        named = [f"“{self._titles[number]}”" for number in request.materials[:_NAMED] if number in self._titles]
        further = len(request.materials) - len(named)
        more = [f"{further} more"] if further else []
        return (
            f"Remove {count_text(len(request.materials), 'material')} of {self.course.value}, {', '.join([*named, *more])}, with text and "
            f"file, and with what was decided about {'its' if len(request.materials) == 1 else 'their'} passages?"
        )

    def _change(self, request: ChangeMaterial) -> str:
        sentence = self._work.change(request)
        self.refresh()
        return sentence

    def _remove(self, request: RemoveMaterials) -> str:
        sentence = self._work.remove(request)
        self.refresh()
        return sentence

    def _fetch_again(self) -> None:
        if self.fetching.running or self._clock() - self._ended < DOUBLE_CLICK:
            return
        self.fetch_again.disabled = True
        course = str(self.course.value)
        self.fetching.start(
            lambda task: self._work.refresh(task, course), done=self._show_fetched, ended=self._fetched, message=self.message
        )

    def _show_fetched(self, sentence: str) -> None:
        self.message.good(sentence)
        self.refresh()

    def _fetched(self) -> None:
        self._ended = self._clock()
        self.fetch_again.disabled = False


def material_table(page: pd.DataFrame) -> pd.DataFrame:
    """The materials as the screen lists them."""
    materials = page.to_dict("records")
    table = pd.DataFrame(
        {
            "Week": [_week(material) for material in materials],
            "Kind": [KIND_WORDS[material["kind"]] for material in materials],
            "Title": [material["title"] for material in materials],
            "Length": [_length(material) for material in materials],
            "Passages": [int(material["n_passages"]) for material in materials],
            "Language": [material["language"] for material in materials],
            "State": [_state(material) for material in materials],
            "File or address": [_origin(material) for material in materials],
            "Notes": [" ".join(material["findings"]) for material in materials],
        }
    )
    return table.drop(columns=[name for name in ("Length", "Notes") if not any(table[name])])


def _label(material: Mapping[Hashable, Any]) -> str:
    return f"{_week(material)} · {material['title']} · {_origin(material)}"


def _week(material: Mapping[Hashable, Any]) -> str:
    return "all" if pd.isna(material["week_number"]) else f"{material['week_number']}"


def _length(material: Mapping[Hashable, Any]) -> str:
    length = material["length"]
    return "" if pd.isna(length) else length_text(str(material["kind"]), int(length))


def _state(material: Mapping[Hashable, Any]) -> str:
    return state_text(str(material["state"]), int(material["n_passages"]), has_file=not pd.isna(material["size"]))


def _origin(material: Mapping[Hashable, Any]) -> str:
    known = [str(material[name]) for name in ("file_name", "url") if not pd.isna(material[name])]
    return known[0] if known else ""
