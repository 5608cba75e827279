"""The stylesheet of lmskit's widgets, for the light and the dark theme of JupyterLab."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets

STYLESHEET = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
ROOT = "lmskit"
"""The class of a view to which the stylesheet applies."""


def style() -> widgets.HTML:
    """Return an invisible widget that contains the stylesheet; each view with the class `ROOT` holds one."""
    return widgets.HTML(f"<style>{STYLESHEET}</style>", layout=widgets.Layout(display="none"))


def heading(text: str) -> widgets.Label:
    """Return the heading of a part of a view."""
    label = widgets.Label(text, layout=widgets.Layout(width="auto", margin="10px 2px 2px"))
    label.add_class("lmskit-text")
    label.add_class("lmskit-heading")
    return label
