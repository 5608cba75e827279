"""From an executed notebook to a page that opens anywhere, without a network and without scripts in its data."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from plotly.offline import get_plotlyjs

from lmskit.reporting.display import PLOTLY

PLOTLY_FILE = "plotly.min.js"
"""The file of plotly.js in the folder of the pages, one for all of them."""
NOTEBOOK_ONLY = "notebook-only"
"""Tag of a cell that is left out of the page."""
TEMPLATES = Path(str(files("lmskit.reporting").joinpath("templates")))


class _Figures(Preprocessor):
    """Turns the data of a figure into an empty box and a block of JSON, which no browser runs."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Convert the figures of a notebook, and leave out the cells for the person who runs it."""
        nb.cells = [cell for cell in nb.cells if NOTEBOOK_ONLY not in cell.metadata.get("tags", [])]
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if PLOTLY in data:
                    output["data"] = {"text/html": _figure(data[PLOTLY], str(data.get("text/plain", "Figure")))}
        return nb, resources


def page(notebook: NotebookNode, *, title: str) -> str:
    """Return the page of an executed notebook; the same notebook gives the same page."""
    script = _template("report.js")
    exporter = HTMLExporter(
        template_name="lmsreport",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    exporter.register_preprocessor(_Figures, enabled=True)
    look = {"title": title, "css": _template("report.css"), "plotly": PLOTLY_FILE, "script": script, "policy": policy(script)}
    body, _ = exporter.from_notebook_node(notebook, resources={"lmskit": look, "metadata": {"name": title}})
    return str(body)


def term_page(**content: object) -> str:
    """Return the page that lists a term's reports."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_template("term.html.j2"))
    return template.render(policy=policy(None), css=_template("report.css"), **content)


def policy(script: str | None) -> str:
    """Return the content security policy of a page: nothing from another address, and no script except ours, identified by its hash.

    Markup in a name is escaped; if it were not, the browser would still not run it.
    """
    ours = "'none'"
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        ours = f"'sha256-{digest}' 'self' file:"
    return (
        f"default-src 'none'; script-src {ours}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def plotly_script() -> bytes:
    """Return plotly.js, the library that draws the figures."""
    source: str = get_plotlyjs()
    return source.encode()


def _figure(spec: dict[str, Any], title: str) -> str:
    shown = json.dumps({"data": spec["data"], "layout": spec["layout"]}, sort_keys=True)
    for character in "<>&\u2028\u2029":
        shown = shown.replace(character, f"\\u{ord(character):04x}")
    height = int(spec["layout"].get("height") or 450)
    return (
        f'<figure class="chart" role="img" aria-label="{html.escape(title)}"><div style="min-height:{height}px"></div>'
        f'<script type="application/json">{shown}</script></figure>'
    )


@functools.cache
def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
