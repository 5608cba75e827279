"""A plotly figure in a notebook whose clicks reach Python, and which needs no network."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import anywidget
import traitlets

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Click: TypeAlias = dict[str, Any]
"""A click on a point: `x` and `y` as on the axes, `customdata` as the chart set it (or None), `curve` and `point` as indices in the
figure, and `n`, the number of the click."""

FOLDER = Path(__file__).parent


@functools.cache
def _plotlyjs() -> bytes:
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    return source.encode()


class ClickFigure(anywidget.AnyWidget):
    """A plotly figure that reports clicks to Python.

    plotly.js is sent to a page once, however many figures it shows, and again after a reload; a figure itself is a few
    kilobytes of JSON. (plotly's own FigureWidget carries all of plotly.js in each figure.)

    Parameters
    ----------
    figure
        The figure to show; `show` replaces it.
    on_click
        Called after each click on a point, also after a second click on the same point.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> seen = []
    >>> figure = ClickFigure(go.Figure(go.Bar(x=["a", "b"], y=[1, 2])), on_click=seen.append)
    >>> figure.clicked = {"n": 1, "curve": 0, "point": 1, "x": "b", "y": 2, "customdata": None}
    >>> seen[0]["x"]
    'b'
    """

    _esm: ClassVar[str] = (FOLDER / "click_figure.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (FOLDER / "click_figure.css").read_text(encoding="utf-8")

    spec = traitlets.Unicode('{"data": [], "layout": {}}').tag(sync=True)
    clicked = traitlets.Dict().tag(sync=True)
    reveals = traitlets.Int(0).tag(sync=True)
    revealed = traitlets.Int(0).tag(sync=True)

    def __init__(self, figure: Figure | None = None, *, on_click: Callable[[Click], None] | None = None) -> None:
        super().__init__()
        self.on_msg(self._answer)
        if figure is not None:
            self.show(figure)
        if on_click is not None:
            self.observe(lambda change: on_click(change["new"]) if change["new"] else None, names="clicked")

    def show(self, figure: Figure) -> None:
        """Replace the figure."""
        self.spec = figure.to_json()

    def reveal(self) -> None:
        """Scroll the page so that the figure is in view, as soon as it is drawn."""
        self.reveals += 1

    @property
    def shown(self) -> dict[str, Any]:
        """The figure as plotly.js gets it: `data` and `layout`."""
        shown: dict[str, Any] = json.loads(self.spec)
        return shown

    def _answer(self, _widget: object, content: dict[str, object], _buffers: object) -> None:
        if content.get("kind") == "plotly.js":
            self.send({"kind": "plotly.js"}, [_plotlyjs()])
