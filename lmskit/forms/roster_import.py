"""Importing a file: choose it, preview the result of every row, and only then import it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from pydantic import ValidationError

from lmskit.codes import find_code
from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import Field, named, row, small_text
from lmskit.forms.import_course import ImportCourse
from lmskit.forms.import_file import FileLook, RosterImportOptions
from lmskit.forms.import_mapping import ImportMapping
from lmskit.forms.import_question import ImportQuestion
from lmskit.forms.import_quizzes import ImportQuizzes
from lmskit.forms.import_reading import ImportReading, check
from lmskit.forms.import_result import ImportResult, cautions, differences
from lmskit.forms.submission import DOUBLE_CLICK
from lmskit.importers.report import ImportReport
from lmskit.limits import LAST_WEEK
from lmskit.schemas.file_import import ImportFile
from lmskit.schemas.mistakes import mistakes
from lmskit.widgets import ROOT, Disclosure, Message, SearchableDropdown, Upload, errors_shown, heading, style

CHANGED = "The file or an option has changed. Preview it again before you import it."
NOT_CHOSEN = ""
"""The value of the first option of a dropdown. It is not None, because a dropdown whose value is None shows no option."""
DETECTED = ("detected from the content", NOT_CHOSEN)
FROM_FILE = ("from the file", NOT_CHOSEN)


class RosterImport:
    """A file, its preview, and the button that imports it.

    Parameters
    ----------
    options
        See `RosterImportOptions`.
    look
        Says what the file of a request is.
    on_preview
        Returns the report of an import without importing anything.
    on_import
        Imports the file, if it is still the one of the preview; returns the report and a sentence about what followed.
    last
        A sentence about the newest import, which may have gone on after the page with its form was closed; empty if there is none.
    course
        The code of the course to begin with; by default none.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        options: RosterImportOptions,
        look: Callable[[ImportFile], FileLook],
        on_preview: Callable[[Task, ImportFile], ImportReport],
        on_import: Callable[[Task, ImportFile, ImportReport], tuple[ImportReport, str]],
        last: str = "",
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._titles = {name: title for title, name in options.formats}
        self._look, self._on_preview, self._on_import, self._clock = look, on_preview, on_import, clock
        self._previewed: tuple[ImportFile, ImportReport] | None = None
        self._is_refused = False
        self._source_key: str | None = None
        self._has_file = False
        self._ended = float("-inf")
        self.upload = Upload(on_file=self._uploaded)
        self.path = widgets.Text(placeholder="or the path of a file or folder on the machine that runs JupyterLab", continuous_update=False)
        self.path.layout.width = "auto"
        named(self.path, "Path of a file or folder")
        self.found = Message()
        self.format = widgets.Dropdown(options=[DETECTED, *options.formats])
        self.course = SearchableDropdown([FROM_FILE, *options.courses])
        if (chosen := find_code(course, (code for _, code in options.courses))) is not None:
            self.course.value = chosen
        self.lecturer = SearchableDropdown([FROM_FILE, *options.lecturers])
        self.term = SearchableDropdown([FROM_FILE, *options.terms])
        self.module = widgets.Text(placeholder="the code of the course", continuous_update=False)
        self.week = widgets.Dropdown(options=[("from the quiz title", 0), *((str(week), week) for week in range(1, LAST_WEEK + 1))])
        self.mapping, self.reading = ImportMapping(self._mapping_changed), ImportReading()
        self.quizzes, self.described = ImportQuizzes(self._discard_preview), ImportCourse(self._discard_preview)
        self.notify = check("Send new students a message that confirms their enrollment (they are pending until it is accepted)")
        self.withdraw_missing = check("Withdraw students who are enrolled but not in the file")
        self.remove_missing = check("Take back results at quizzes of the file whose students are not in the file any more")
        self.fields = {
            "path": Field("File", widgets.VBox([self.upload, self.path], layout=widgets.Layout(overflow="visible")), width="3 1 460px"),
            "format": Field("Format", self.format, width="1 1 220px"),
            "course": Field("Course", self.course, width="2 1 300px"),
            "lecturer": Field("Lecturer of new courses", self.lecturer),
            "term": Field("Term of new courses", self.term),
            "module": Field("Module code", self.module, width="1 1 150px"),
            "sections": self.described.sections,
            "week": Field("Week of new quizzes", self.week, width="1 1 150px"),
            "columns": Field("Columns", widgets.VBox()),
            "same_quizzes": Field("Quizzes", widgets.VBox()),
            "weeks": Field("Weeks of the quizzes", widgets.VBox()),
            **self.reading.fields,
        }
        of_new = row(*(self.fields[name] for name in ("lecturer", "term", "module", "week")))
        self.further = [
            Disclosure("More options, for values that are not in the file", of_new),
            Disclosure("How the file is read, where its content does not show it", self.reading.view),
        ]
        self.preview = widgets.Button(description="Preview", button_style="primary", tooltip="Show the result of every row; write nothing")
        self.confirm = widgets.Button(description="Import", button_style="success", disabled=True)
        self.question = ImportQuestion(self._number_typed)
        self.fields.update(self.question.fields)
        self.work, self.message, self.warning = BackgroundWork(), Message(), Message()
        self.result = ImportResult()
        self.view = widgets.VBox(
            [
                style(),
                heading("Import a file"),
                small_text(last),
                row(self.fields["path"]),
                self.found.view,
                row(self.fields["format"], self.fields["course"]),
                self.mapping.view,
                *(further.view for further in self.further),
                self.notify,
                self.withdraw_missing,
                self.remove_missing,
                widgets.HBox([self.preview, self.confirm]),
                self.work.view,
                self.message.view,
                self.warning.view,
                self.question.view,
                self.described.view,
                self.quizzes.view,
                self.result.view,
            ]
        )
        self.view.add_class(ROOT)
        of_database = (self.course, self.lecturer, self.term, self.module, self.week)
        boxes = (self.notify, self.withdraw_missing, self.remove_missing)
        self._controls = [self.path, self.format, *of_database, *self.reading.controls, *boxes]
        self._of_one_file: dict[str, widgets.DOMWidget] = {
            self.fields["format"].label: self.format,
            self.fields["module"].label: self.module,
            self.fields["week"].label: self.week,
            **self.reading.of_one_file,
            "Withdraw students": self.withdraw_missing,
            "Take back results": self.remove_missing,
        }
        of_files = {**self._of_one_file, **self.reading.of_source}
        self._of_files = {name: (control, control.value) for name, control in of_files.items()}
        self.path.observe(lambda _change: self._path_typed(), names="value")
        for control in self._controls:
            control.observe(lambda _change: self._discard_preview(), names="value")
        for control in (self.format, self.reading.delimiter, self.reading.all_students):
            control.observe(lambda _change: self._look_at_file(), names="value")
        for control in (self.course, self.reading.title):
            control.observe(lambda _change: self.quizzes.clear(), names="value")
        self.preview.on_click(lambda _button: self._preview())
        self.confirm.on_click(lambda _button: self._confirm())

    def _uploaded(self, _path: Path) -> None:
        """Use the uploaded file instead of a path that was typed before."""
        self.path.value = ""
        self._discard_preview()
        self._begin_file()

    def _path_typed(self) -> None:
        if self.path.value.strip():
            self.upload.forget()
            self._begin_file()
        elif self.upload.path is None:  # else the path gave way to an upload
            self._look_at_file()

    def _begin_file(self) -> None:
        """Look at another file; what was chosen for the content of the one before is cleared, and that is said."""
        chosen = [name for name, (control, first) in self._of_files.items() if self._has_file and control.value != first]
        for name in self._of_one_file.keys() & chosen:
            self._of_one_file[name].value = self._of_files[name][1]
        self._look_at_file(is_new=True)
        if cleared := [name for name in chosen if self._of_files[name][0].value == self._of_files[name][1]]:
            self.found.add(f"Cleared, since it was chosen for the file before: {', '.join(cleared)}.")

    def _look_at_file(self, *, is_new: bool = False) -> None:
        """Say what the file is, choose what was chosen for its source the last time, and offer its columns."""
        self.quizzes.clear()
        self.described.clear()
        look = self._described()
        if look is None:
            self.mapping.show(None, ())
            return
        if look.describes_course:
            self.further[0].is_open = True
        before, chosen = self._reading_request(), self.mapping.columns
        is_other_source = look.source_key != self._source_key or (is_new and look.source_key is None)
        had_file, self._has_file, self._source_key = self._has_file, True, look.source_key
        if is_other_source and (look.remembered is not None or had_file):
            choices = {} if look.remembered is None else look.remembered.choices
            chosen = dict(choices.get("columns", {}))
            self.mapping.show(None, ())
            self.reading.choose(choices)
            if (request := self._reading_request()) != before:
                before, look = request, self._described() or look
        self.mapping.show(look.columns, look.fields, chosen=chosen)
        if self._reading_request() != before:
            self._described()
        if self._is_refused or (self.mapping.columns and look.remembered is None):
            self.mapping.open()
        if not self._is_refused and look.remembered is not None:
            self.found.add(look.remembered.sentence())

    def _mapping_changed(self) -> None:
        self._discard_preview()
        if self._is_refused:
            self._described()

    def _described(self) -> FileLook | None:
        """Show what the file is; None if there is none, or if an option cannot be."""
        self.found.clear()
        self._is_refused = False
        look: FileLook | None = None
        with errors_shown(self.found), suppress(ValidationError):
            look = self._look(self._reading_request())
        if look is not None:
            self._is_refused = look.is_refused
            self.found.bad(look.sentence) if look.is_refused else self.found.neutral(look.sentence)
        return look

    def _discard_preview(self) -> None:
        """Discard the preview and what was said of it, because the file or an option has changed."""
        self._previewed = None
        self.confirm.disabled = True
        self.question.hide()
        self.warning.clear()
        for field in (*self.fields.values(), *self.quizzes.fields):
            field.clear_problem()
        if self.result.report is not None:
            self.result.clear()
            self.message.neutral(CHANGED)
        elif self.message.value != CHANGED:
            self.message.clear()

    def _file(self) -> dict[str, Any]:
        typed = self.path.value.strip()
        path = str(Path(typed).expanduser()) if typed else str(self.upload.path or "")
        return {"path": path, "format": self.format.value or None, "columns": self.mapping.columns}

    def _reading_request(self) -> ImportFile:
        """The file and how it is read; another option that cannot be does not stand in the way of looking at the file."""
        values = self.reading.values
        return ImportFile.model_validate({**self._file(), **{name: values[name] for name in ("delimiter", "all_students", "title")}})

    def _request(self) -> ImportFile:
        reading, quizzes = self.reading.values, self.quizzes.values
        return ImportFile.model_validate(
            {
                **self._file(),
                "course": self.course.value or None,
                "lecturer": self.lecturer.value or None,
                "term": self.term.value or None,
                "module": self.module.value.strip() or None,
                "sections": self.described.chosen,
                "week": self.week.value or None,
                **reading,
                **quizzes,
                "max_scores": {**reading["max_scores"], **quizzes["max_scores"]},
                "notify": self.notify.value,
                "withdraw_missing": self.withdraw_missing.value,
                "remove_missing": self.remove_missing.value,
            }
        )

    def _preview(self) -> None:
        if self._is_busy():
            return
        for field in (*self.fields.values(), *self.quizzes.fields):
            field.clear_problem()
        self.message.clear()
        try:
            request = self._request()
        except ValidationError as error:
            self._show_mistakes(mistakes(error))
            return
        self._discard_preview()
        self.message.clear()
        self._disable_controls()
        self.work.start(
            lambda task: self._on_preview(task, request),
            done=lambda report: self._show_preview(request, report),
            ended=self._enable_controls,
            message=self.message,
        )

    def _show_mistakes(self, found: Mapping[str, str]) -> None:
        """Show each mistake beside its field, and all of them together; a mistake about one quiz names the quiz."""
        if not self.path.value.strip() and self.upload.path is None:
            found = {name: sentence for name, sentence in found.items() if name != "path"}
            found["path"] = "Choose a file, or type the path of one."
        sentences = []
        for position, sentence in found.items():
            name, _, title = position.partition(".")
            if name == "sections":
                sentences.append(self.described.point_out(title, sentence))
                continue
            field = self.quizzes.field(name, title) or self.fields[name]
            field.problem = field.problem or sentence
            sentences.append(": ".join(filter(None, (field.label, title, sentence))))
        self.message.bad(" ".join(sentences))

    def _show_preview(self, request: ImportFile, report: ImportReport) -> None:
        self._previewed = (request, report)
        self.quizzes.show(report.quizzes, week=request.week)
        self.described.show(report)
        self.result.show(report, title="Preview: nothing is written yet")
        title, total = self._titles.get(report.format, report.format), report.total
        is_nothing = total.rows_in > 0 and total.rejected == total.rows_in
        further = "No row of it can be imported as it is." if is_nothing else "If the preview is right, press Import."
        self.message.neutral(f"{report.name} was read as {title}. {further}")
        warnings = cautions(report)
        self.warning.warn(warnings) if warnings else self.warning.clear()
        self.question.ask(report)

    def _may_import(self) -> bool:
        """Whether there is a preview, and the numbers of students that it asks for are typed."""
        return self._previewed is not None and self.question.is_answered(self._previewed[1])

    def _number_typed(self) -> None:
        """Allow the import as soon as the number is right."""
        self.confirm.disabled = not self._may_import() or self.work.running

    def _confirm(self) -> None:
        if self._previewed is None or not self._may_import() or self._is_busy():
            return
        request, preview = self._previewed
        checks = {"withdraw_at_most": preview.withdrawal, "remove_at_most": preview.removal}
        request = request.model_copy(update={name: check.count for name, check in checks.items() if check is not None})
        self._previewed = None  # one preview, one import
        self._disable_controls()
        self.work.start(
            lambda task: self._on_import(task, request, preview),
            done=lambda done: self._show_import(preview, *done),
            ended=self._enable_controls,
            message=self.message,
        )

    def _show_import(self, preview: ImportReport, report: ImportReport, sentence: str) -> None:
        self.warning.clear()
        self.question.hide()
        self.quizzes.clear()
        self.described.show(report)
        self.result.show(report, title="Imported")
        total = report.total
        counts = f"{total.added:,} added, {total.changed:,} changed, {total.unchanged:,} unchanged, {total.rejected:,} rejected"
        self.message.good(f"{report.name} was imported: {counts}. {sentence}".strip())
        if different := differences(preview, report):
            self.warning.warn(f"The database has changed since the preview, so the result differs: {'; '.join(different)}.")

    def _is_busy(self) -> bool:
        return self.work.running or self._clock() - self._ended < DOUBLE_CLICK

    def _disable_controls(self) -> None:
        self.mapping.disable(disabled=True)
        self.quizzes.disable(disabled=True)
        self.described.disable(disabled=True)
        self.question.disable(disabled=True)
        for control in (*self._controls, self.preview, self.confirm, self.upload):
            control.disabled = True

    def _enable_controls(self) -> None:
        self._ended = self._clock()
        self.mapping.disable(disabled=False)
        self.quizzes.disable(disabled=False)
        self.described.disable(disabled=False)
        self.question.disable(disabled=False)
        for control in (*self._controls, self.preview, self.upload):
            control.disabled = False
        self.confirm.disabled = not self._may_import()
