"""What every view of lmskit holds unseen: the stylesheet for the light and the dark theme of JupyterLab, and what keeps keys for it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anywidget
import ipywidgets as widgets

HERE = Path(__file__).parent
STYLESHEET = (HERE / "style.css").read_text(encoding="utf-8")
ROOT = "lmskit"
"""The class of a view to which the stylesheet applies."""


class Keys(anywidget.AnyWidget):
    """Keeps keys that are pressed in a view from being shortcuts of the notebook, such as arrows in a drop-down."""

    _esm: ClassVar[str] = (HERE / "keys.js").read_text(encoding="utf-8")


def style() -> widgets.Box:
    """Return an invisible widget with the stylesheet; each view with the class `ROOT` holds one. It also keeps keys for the view."""
    return widgets.Box([widgets.HTML(f"<style>{STYLESHEET}</style>"), Keys()], layout=widgets.Layout(display="none"))


def heading(text: str) -> widgets.Label:
    """Return the heading of a part of a view."""
    label = widgets.Label(text, layout=widgets.Layout(width="auto", margin="10px 2px 2px"))
    label.add_class("lmskit-text")
    label.add_class("lmskit-heading")
    return label
