"""Files as materials: choose them, preview what each would become, correct week and title, and add them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
from pydantic import ValidationError

from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import GridField
from lmskit.forms.submission import DOUBLE_CLICK
from lmskit.limits import LARGEST_MATERIAL
from lmskit.rounding import count_text
from lmskit.schemas.material import AddMaterial
from lmskit.schemas.mistakes import mistakes
from lmskit.widgets import Grid, GridColumn, Message, Table, Upload

MOST_FILES = 200
"""Files that are chosen at once."""
ACCEPTED = ".pdf,.html,.htm,.md,.markdown,.txt,.pptx,.docx,.ipynb,.vtt,.srt"
ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
RESULTS = {ADDED: "new", CHANGED: "replaces its earlier version", UNCHANGED: "unchanged"}
"""How the preview calls what would become of a file; any other outcome is a refusal."""


@dataclass(frozen=True)
class FileOutcome:
    """What one file became, or would become.

    Attributes
    ----------
    path
        Of the upload.
    outcome
        `added`, `changed` or `unchanged`; otherwise it was refused.
    reason
        Why it was refused.
    week, title
        Of the material; a week that is None is the whole course.
    n_passages
        Passages that were found in it.
    findings
        What was not read or is doubtful.
    """

    path: Path
    outcome: str
    reason: str | None = None
    week: int | None = None
    title: str | None = None
    n_passages: int = 0
    findings: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether it became no material."""
        return self.outcome not in RESULTS


class MaterialFiles:
    """Files, the preview of each, and the button that adds them.

    Parameters
    ----------
    course
        Returns the code of the chosen course.
    on_preview
        Returns what would become of files, without writing anything.
    on_add
        Adds files with the weeks and titles of their requests; returns the result of each and a sentence about what followed.
    on_added
        Called after files were added.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        course: Callable[[], str],
        on_preview: Callable[[Task, str, Sequence[Path]], Sequence[FileOutcome]],
        on_add: Callable[[Task, Sequence[tuple[Path, AddMaterial]]], tuple[Sequence[FileOutcome], str]],
        on_added: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._course, self._on_preview, self._on_add, self._on_added, self._clock = course, on_preview, on_add, on_added, clock
        self._files: list[Path] = []
        self._weeks: list[int] | None = None
        self._ended = float("-inf")
        self.upload = Upload(accept=ACCEPTED, most=LARGEST_MATERIAL, most_files=MOST_FILES, on_end=self._preview)
        limits = widgets.Label(
            f"Up to {MOST_FILES} files at once, each up to {LARGEST_MATERIAL // 1024**2} MB: PDF, HTML, Markdown, text, "
            "PowerPoint (.pptx), Word (.docx), Jupyter notebooks, captions (.vtt, .srt). You see a preview before anything is added.",
            layout=widgets.Layout(width="auto"),
        )
        for css in ("lmskit-text", "lmskit-hint"):
            limits.add_class(css)
        grid = Grid(
            [
                GridColumn("file", "File", "shown", "2fr"),
                GridColumn("result", "Result", "shown", "1.2fr"),
                GridColumn("week", "Week", "number", "80px", placeholder="all"),
                GridColumn("title", "Title", "text", "3fr"),
                GridColumn("about", "Notes", "shown", "2fr"),
                GridColumn("index", "", "hidden"),
            ],
            noun="file",
            most=MOST_FILES,
            fixed=True,
        )
        self.rows = GridField("Preview: nothing is written yet", grid, hint="An empty week means: for the whole course.")
        self.refused = Table()
        self.add = widgets.Button(description="Add the files", button_style="success", layout=widgets.Layout(width="auto"))
        self.work, self.message, self.warning = BackgroundWork("Stop"), Message(), Message()
        parts = [limits, self.upload, self.work.view, self.rows.view, widgets.HBox([self.add]), self.message.view, self.warning.view]
        self.view = widgets.VBox([*parts, self.refused.view], layout=widgets.Layout(overflow="visible"))
        self.add.on_click(lambda _button: self._press())
        self._show_preview(())

    def offer_weeks(self, weeks: Sequence[tuple[str, int]]) -> None:
        """Take these weeks of the chosen course as those that a file may have, each as label and number."""
        self._weeks = sorted(number for _, number in weeks)

    def discard(self) -> None:
        """Discard the preview, for instance because another course was chosen."""
        if self.work.running:
            return
        self._show_preview(())
        for message in (self.message, self.warning):
            message.clear()
        if self._files:
            self._files = []
            self.message.neutral("The course has changed. Choose the files again.")

    def _preview(self) -> None:
        """Read the chosen files."""
        refused = [FileOutcome(Path(name), "refused", reason) for name, reason in self.upload.refusals]
        self._files = list(self.upload.files)
        self._show_preview(refused)
        self.message.clear()
        if not self._files:
            return
        course, files = self._course(), tuple(self._files)
        self._disable()
        self.work.start(
            lambda task: self._on_preview(task, course, files),
            done=lambda outcomes: self._show_preview([*outcomes, *refused]),
            ended=self._enable,
            message=self.message,
        )

    def _show_preview(self, outcomes: Sequence[FileOutcome]) -> None:
        taken = [outcome for outcome in outcomes if not outcome.is_refused]
        self.rows.clear_problem()
        self.rows.grid.rows = [self._row(outcome) for outcome in taken]
        shown = None if taken else "none"
        self.rows.view.layout.display = self.add.layout.display = shown
        self.add.description = f"Add {count_text(len(taken), 'file')}"
        self._show_refused(outcomes)
        if taken:
            same = sum(outcome.outcome == UNCHANGED for outcome in taken)
            unchanged = f" {count_text(same, 'file')} will stay as before." if same else ""
            self.message.neutral(f"Check weeks and titles, remove what you do not want, and press {self.add.description}.{unchanged}")

    def _row(self, outcome: FileOutcome) -> dict[str, Any]:
        notes = [count_text(outcome.n_passages, "passage"), *outcome.findings]
        return {
            "file": outcome.path.name,
            "result": RESULTS[outcome.outcome],
            "week": "" if outcome.week is None else str(outcome.week),
            "title": outcome.title or "",
            "about": "; ".join(notes),
            "index": str(self._files.index(outcome.path)) if outcome.path in self._files else "",
        }

    def _show_refused(self, outcomes: Sequence[FileOutcome]) -> None:
        refused = [outcome for outcome in outcomes if outcome.is_refused]
        self.refused.view.layout.display = None if refused else "none"
        self.refused.show(
            pd.DataFrame(
                {"File": [outcome.path.name for outcome in refused], "Why it is not added": [outcome.reason or "" for outcome in refused]}
            )
        )
        if refused:
            self.warning.warn(f"{count_text(len(refused), 'file')} will not be added; the reasons are below.")
        else:
            self.warning.clear()

    def _press(self) -> None:
        if self.work.running or self.add.disabled or self._clock() - self._ended < DOUBLE_CLICK:
            return
        self.rows.clear_problem()
        self.message.clear()
        requests = self._requests()
        if requests is None:
            return
        if not requests:
            self.message.bad("There is no file to add. Choose files first.")
            return
        self._disable()
        self.work.start(
            lambda task: self._on_add(task, requests), done=lambda done: self._show_added(*done), ended=self._enable, message=self.message
        )

    def _requests(self) -> list[tuple[Path, AddMaterial]] | None:
        """The file of each row with its request; None if a row has a mistake, which is shown."""
        course = self._course()
        requests: list[tuple[Path, AddMaterial]] = []
        problems: list[str] = []
        rows = [(position, row) for position, row in enumerate(self.rows.grid.rows) if not self.rows.grid.is_blank(row)]
        self.rows.entry_rows = [position for position, _ in rows]
        for entry, (_, row) in enumerate(rows):
            path = self._files[int(row["index"])] if row["index"].isdecimal() and int(row["index"]) < len(self._files) else None
            if path is None:
                continue
            try:
                values = {"course": course, "file_name": path.name, "week": row["week"].strip() or None, "title": row["title"]}
                request = AddMaterial.model_validate(values)
                requests.append((path, request))
                if (mistake := self._week_mistake(request)) is not None:
                    problems.append(self.rows.show_problem(f"{entry}.week", mistake))
            except ValidationError as error:
                problems += [self.rows.show_problem(f"{entry}.{name}", sentence) for name, sentence in mistakes(error).items()]
        if problems:
            self.message.bad(f"Files: {' '.join(problems)}")
            return None
        return requests

    def _week_mistake(self, request: AddMaterial) -> str | None:
        """Say which weeks the course has if it lacks the one of a request."""
        if self._weeks is None or request.week is None or request.week in self._weeks:
            return None
        if not self._weeks:
            return f"{request.course} has no weeks yet. Leave the week empty."
        first, last = self._weeks[0], self._weeks[-1]
        together = len(self._weeks) == last - first + 1
        known = (f"{first} to {last}" if last > first else f"{first}") if together else ", ".join(map(str, self._weeks))
        return f"{request.course} has no week {request.week}. Its weeks: {known}. Choose one of them, or leave the week empty."

    def _show_added(self, outcomes: Sequence[FileOutcome], sentence: str) -> None:
        """Show the result of each file, and why others were refused; the preview is empty then."""
        counts = {outcome: sum(made.outcome == outcome for made in outcomes) for outcome in RESULTS}
        kept = [made for made in outcomes if made.is_refused]
        self._files = []
        self._show_preview(())
        self.upload.forget()
        self._show_refused(kept)
        if kept:
            self.warning.warn(
                f"{count_text(len(kept), 'file')} {'was' if len(kept) == 1 else 'were'} not added; the reasons are below. "
                f"Correct {'it, and choose it' if len(kept) == 1 else 'them, and choose them'} again."
            )
        counted = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items())
        self.message.good(f"{count_text(len(outcomes) - len(kept), 'file')}: {counted}. {sentence}".strip())
        self._on_added()

    def _disable(self) -> None:
        self.add.disabled = self.upload.disabled = True

    def _enable(self) -> None:
        self._ended = self._clock()
        self.add.disabled = self.upload.disabled = False
