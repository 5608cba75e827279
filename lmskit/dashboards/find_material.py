"""The lecturer's search in the materials of courses, for the page, slide or minute that explains something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from lmskit.dashboards.dashboard import ALL_WEEKS, TABLES, Dashboard, Filling, column, dropdown, row, week_options
from lmskit.dashboards.hit_list import HitList, hits_table
from lmskit.dashboards.material_file import file_of_material
from lmskit.db import Opener, access, snapshot
from lmskit.errors import EmbedderError
from lmskit.limits import LAST_WEEK
from lmskit.materials.kind_words import KIND_WORDS
from lmskit.materials.vectors.choice import chosen_embedder
from lmskit.queries.course import syllabus
from lmskit.queries.material_choices import MaterialChoices, material_choices
from lmskit.queries.material_search import PassageFilter
from lmskit.queries.page import MAX_PAGE
from lmskit.read_models.passage_search import (
    BY_WORDS_ALONE,
    PassageHit,
    PassageSearch,
    embedder_in_use,
    prepared_search,
    search_passages,
)
from lmskit.rounding import count_text
from lmskit.widgets import Message, Table, errors_shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from lmskit.read_models.course_list import CourseList
    from lmskit.vocabulary import MaterialKind

HITS = "Hits"
ALL_COURSES = ""
"""Value of the option "all courses"; codes have at least one character."""
MOST_COURSES = 25
"""Courses up to which all can be searched together."""
ANY = ""
NUMBERS = (10, 25, 50)
"""How many hits can be shown."""
HOW_TO_BEGIN = "Type what a passage should explain, as words or as a question, and press Enter."
NOTHING_STANDS_OUT = "None of these passages stands out from the others, so there may be nothing about it in these materials."


class FindMaterialDashboard(Dashboard):
    """Choose a course, type a text, and see the passages of its materials that explain it best, each with a link.

    Parameters
    ----------
    course
        Code of the first course; by default the newest one that has students.
    search
        What to search for at once; by default nothing.
    open_session
        Opens a session to read in; by default a snapshot of the signed-in person.
    """

    def __init__(self, course: str = "", search: str = "", *, open_session: Opener = snapshot) -> None:
        super().__init__(open_session)
        self.result: PassageSearch | None = None
        self.choices: MaterialChoices | None = None
        self._filling = Filling()
        self._codes: tuple[str, ...] = ()
        self.mode.options = [HITS, TABLES]
        self.mode.tooltips = ["Show the hits with their text", "Show the same as a table"]
        self.search = widgets.Text(
            value=search,
            placeholder="such as: why does the loop never end?",
            continuous_update=False,  # a value arrives with Enter
            layout=widgets.Layout(width="auto", flex="1 1 420px", max_width="900px"),
        )
        self.button = widgets.Button(description="Search", icon="search", button_style="primary", layout=widgets.Layout(width="110px"))
        self.week = dropdown("Week", flex="1 1 200px", max_width="360px", label_width="44px")
        self.kind = dropdown("Kind", flex="0 1 190px", label_width="36px")
        self.language = dropdown("Language", flex="0 1 190px", label_width="66px")
        self.number = dropdown("Show", flex="0 1 150px", label_width="40px")
        for control in (self.week, self.kind, self.language):
            control.layout.min_width = "120px"  # long options do not widen the list
        self.number.options = [(f"{number} hits", number) for number in NUMBERS]
        self.number.value = NUMBERS[0]
        self.found, self.caveat = Message(), Message()
        self.hits, self.table = HitList(self._file_of), Table()
        self._results = column()
        self._lay_out(
            [
                row(self.search, self.button, align="center"),
                row(self.week, self.kind, self.language, self.number, gap="2px 14px", align="center"),
                self.found.view,
                self.caveat.view,
                self._results,
            ]
        )
        self.search.observe(lambda _change: self._search(), names="value")
        self.button.on_click(lambda _button: self._search())
        for control in (self.week, self.kind, self.language, self.number):
            control.observe(lambda _change: self._filter_chosen(), names="value")
        self._start(course)

    @property
    def courses(self) -> tuple[str, ...]:
        """Codes of the courses that are searched."""
        return self._codes if self.course.value == ALL_COURSES else (self.course.value,)

    def _course_options(self, found: CourseList) -> list[tuple[str, str]]:
        self._codes = tuple(found.labels)
        every = [(f"all {len(self._codes)} courses", ALL_COURSES)] if 1 < len(self._codes) <= MOST_COURSES else []
        return [*super()._course_options(found), *every]

    def _read_course(self) -> None:
        self._clear()
        self.choices = None
        with errors_shown(self.message), self._filling:
            with self._open_session() as session:
                self.choices = choices = material_choices(session, self.courses)
                weeks: list[tuple[str, int]] = (
                    [("all weeks", ALL_WEEKS), *((f"week {week}", week) for week in range(1, LAST_WEEK + 1))]
                    if self.course.value == ALL_COURSES
                    else week_options(syllabus(session, self.course.value, limit=MAX_PAGE))
                )
            _offer(self.week, weeks)
            _offer(self.kind, [("all kinds", ANY), *((KIND_WORDS[kind], kind) for kind in choices.kinds)])
            _offer(self.language, [("all languages", ANY), *((language, language) for language in choices.languages)])
            materials, passages = count_text(choices.n_materials, "material"), count_text(choices.n_passages, "passage")
            self.about.value = f"{materials} with {passages}. {_note_on_vectors()}".strip()
            self._show_body(shown=True)
            if not choices.n_passages:
                self.found.neutral(self._nothing_to_search(choices))
            elif self.search.value.strip():
                self._search()
            else:
                self.found.neutral(HOW_TO_BEGIN)

    def _nothing_to_search(self, choices: MaterialChoices) -> str:
        where = "These courses have" if self.course.value == ALL_COURSES else f"{self.course.value} has"
        what = "no text to search in: its materials are links, or no text was found in them" if choices.n_materials else "no materials yet"
        return f"{where} {what}. Materials are added in admin/materials, which lecturers can open for their own courses."

    def _filter_chosen(self) -> None:
        if not self._filling and self.search.value.strip():
            self._search()

    def _search(self) -> None:
        """Search, and show the hits or why there is none."""
        if self.course.value is None or self.choices is None:
            return
        self._clear()
        if not self.choices.n_passages:
            self.found.neutral(self._nothing_to_search(self.choices))
            return
        self.button.disabled = True
        try:
            with errors_shown(self.found):
                self.found.neutral("Searching …")
                self.result = self._results_of(self.search.value)
                self.found.clear()
                self._draw()
        finally:
            self.button.disabled = False

    def _results_of(self, text: str) -> PassageSearch:
        kind: MaterialKind | None = self.kind.value or None
        only = PassageFilter(week=self.week.value or None, kind=kind, language=self.language.value or None)
        with self._open_session() as session:
            embedder = embedder_in_use(session, access().settings)
        without = None
        try:
            prepared = prepared_search(text, embedder)
        except EmbedderError as error:  # a model server may be down; words can still be compared
            prepared, without = prepared_search(text, None), f"{BY_WORDS_ALONE}. {error}"
        with self._open_session() as session:
            result = search_passages(session, self.courses, prepared, limit=self.number.value, only=only)
        if caveat := without or result.caveat:
            self.caveat.warn(caveat)
        return result

    def _draw(self) -> None:
        found = self.result
        if found is None:
            return
        if not found.hits:
            self._results.children = ()
            self.found.neutral(self._no_hit())
            return
        if found.suitable:
            self.found.clear()
        else:
            self.found.warn(NOTHING_STANDS_OUT)
        if self.as_tables:
            self.table.show(hits_table(found))
            self._results.children = (self.table.view,)
        else:
            self.hits.show(found)
            self._results.children = (self.hits.view,)

    def _no_hit(self) -> str:
        where = "these courses" if self.course.value == ALL_COURSES else str(self.course.value)
        chosen = [
            f"{name} {value}"
            for name, value, is_chosen in (
                ("week", self.week.value, self.week.value != ALL_WEEKS),
                ("the kind", KIND_WORDS.get(self.kind.value, ""), self.kind.value != ANY),
                ("the language", self.language.value, self.language.value != ANY),
            )
            if is_chosen
        ]
        among = f" in {', '.join(chosen)}" if chosen else ""
        others = "Search in all weeks, kinds and languages, or with other words." if chosen else "Try other words."
        if '"' in self.search.value:
            others = f"Words in quotation marks are found as they stand; without quotation marks, similar passages are found too. {others}"
        return f"No passage of {where}{among} has anything to do with it. {others}"

    def _clear(self) -> None:
        self.result = None
        self._results.children = ()
        self.hits.clear()
        for message in (self.found, self.caveat, self.message):
            message.clear()

    def _file_of(self, hit: PassageHit) -> tuple[str, bytes] | None:
        return file_of_material(self._open_session, hit.material_id, hit.file_name, hit.title, self.found)


def _note_on_vectors() -> str:
    """What a person should know about the model before typing: that texts leave the machine, or that it is not the usual one."""
    try:
        return chosen_embedder(access().settings).note or ""
    except EmbedderError as error:
        return str(error)


def _offer(choice: widgets.Dropdown, options: Sequence[tuple[str, Hashable]]) -> None:
    """Offer other options, and choose the first one, all, unless the chosen one is among them."""
    before = choice.value
    choice.options = options
    choice.value = before if before in [value for _, value in options] else options[0][1]
