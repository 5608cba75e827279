"""Drive JupyterLab, and record the requests and the errors of its page."""

import json
import re
import time
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page

PATIENCE = 60_000
"""Milliseconds that a step may take on a busy machine."""

OWN = re.compile(r"(?:https?|wss?)://127\.0\.0\.1(?::\d+)?/|data:|blob:|about:|file:")

# jupyter-server 2.21 answers 500 to a request for a kernel that is still starting on a slow machine; JupyterLab asks again.
HARMLESS = re.compile(r"status of 500 .*/api/kernels|WebSocket connection to 'ws://127\.0\.0\.1:\d+/api/kernels/.* failed")

RUN_ALL = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    await app.commands.execute('notebook:run-all-cells');
}"""

STUDENTS = "(document.querySelector('.lmskit-figure-box')?._fullData?.[1]?.y ?? [])"

CELL_OF_HEAT_MAP = """(box, [row, column]) => {
    const bounds = box.getBoundingClientRect();
    const { xaxis2: x, yaxis2: y } = box._fullLayout;
    return [bounds.left + x._offset + x.c2p(column), bounds.top + y._offset + y.c2p(row)];
}"""


class Window:
    """A page, with its errors and the requests to other machines, also those of its workers and of windows that it opens."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.foreign_requests: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.context.on("request", lambda request: self._record_request(request.url))
        page.on("websocket", lambda socket: self._record_request(socket.url))
        page.on("console", self._record_error)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _record_request(self, address: str) -> None:
        if not OWN.match(address):
            self.foreign_requests.append(address)

    def _record_error(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not HARMLESS.search(text):
            self.errors.append(text)


class Lab:
    """A notebook that is open in JupyterLab."""

    def __init__(self, window: Window, address: str, notebook: str) -> None:
        self.window, self.page = window, window.page
        self.server, self.token = address.split("/lab?token=")
        self._address = address.replace("/lab?", f"/lab/tree/{notebook}?") + "&reset"
        self.output = self.page.locator(".jp-OutputArea-output")

    def open(self) -> None:
        """Open the notebook and hide the file browser, as a reader would."""
        self.page.goto(self._address)
        self._until_shown()

    def reload(self) -> None:
        """Save, and reload the page."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.reload()
        self._until_shown()

    def saved(self, path: Path) -> str:
        """Save the notebook, and return the text of its file once it was written with outputs."""
        before = path.stat().st_mtime_ns
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        until = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < until:
            text = path.read_text(encoding="utf-8")
            with suppress(ValueError):  # it is being written
                if path.stat().st_mtime_ns > before and any(cell.get("outputs") for cell in json.loads(text)["cells"]):
                    return text
            self.page.wait_for_timeout(100)
        raise AssertionError("the notebook was not saved with its outputs")

    def run_all(self) -> None:
        """Run all cells and wait until they have run; a cell that fails is an error."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        failed = self.page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText pre .ansi-red-fg"
        )
        assert failed.count() == 0, failed.first.inner_text()

    def second_view(self) -> None:
        """Show the output of the cell that holds widgets a second time, in a panel beside the notebook."""
        self.page.evaluate("""async () => {
            const app = window.jupyterapp, content = app.shell.currentWidget.content;
            content.activeCellIndex = content.widgets.findIndex((cell) => cell.node.querySelector('.lmskit'));
            await app.commands.execute('notebook:create-output-view');
        }""")

    def figure(self, text: str) -> Locator:
        """The drawn figure with `text` in its title."""
        return self.page.locator(".lmskit-figure-box").filter(has=self.page.locator(f".gtitle:has-text({text!r})"))

    def students(self) -> list[str]:
        """The ids of the students in the heat map, from top to bottom."""
        ids: list[str] = self.page.evaluate(f"() => {STUDENTS}")
        return ids

    def wait_for_other_students(self, before: list[str]) -> None:
        """Wait until the heat map shows other students than before."""
        self.page.wait_for_function(f"(before) => ({STUDENTS}).join() !== before.join()", arg=before)

    def to_the_top(self) -> None:
        """Scroll to the top of the widgets."""
        self.page.evaluate("() => document.querySelector('.lmskit').scrollIntoView({ block: 'start' })")

    def click_cell(self, row: int, column: int) -> None:
        """Click a cell of the students' heat map, counted from 0."""
        self.click_point(self.figure("Mastery by student and week").first, CELL_OF_HEAT_MAP, [row, column])

    def click_point(self, figure: Locator, position: str, of_point: object) -> None:
        """Click a point of a figure, where the script `position` finds it, once it stands still: what is above may still be drawn."""
        figure.scroll_into_view_if_needed()
        before, now = None, figure.evaluate(position, of_point)
        for _ in range(40):
            if now is not None and now == before:
                x, y = now
                self.page.mouse.move(x - 2, y)
                self.page.mouse.move(x, y)
            self.page.wait_for_timeout(150)
            before, now = now, figure.evaluate(position, of_point)
            # plotly follows the pointer before it can be clicked
            if now is not None and now == before and figure.evaluate("(box) => Boolean(box._hoverdata?.length)"):
                break
        self.page.mouse.click(*now)

    def field(self, label: str) -> Locator:
        """The control under a label of a form."""
        return self.output.locator(f".widget-vbox:has(> .widget-label:text-is({label!r}))").first.locator("input, select, textarea").first

    def selected(self, description: str) -> str:
        """The selected option of a list with a description beside it; ipywidgets writes non-breaking spaces."""
        text: str = self.dropdown(description).evaluate("(list) => list.selectedOptions[0].textContent")
        return text.replace("\xa0", " ")

    def options(self, description: str) -> list[str]:
        """The options of a list with a description beside it."""
        return [text.replace("\xa0", " ") for text in self.dropdown(description).locator("option").all_text_contents()]

    def dropdown(self, description: str) -> Locator:
        """A dropdown list with a description beside it."""
        return self.output.locator(f".widget-dropdown:has(> label:text-is({description!r})) select").first

    def _until_shown(self) -> None:
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
